import { noGrad } from '../grad-mode.js';
import type { Tensor } from '../tensor.js';
import { lt, maximum, where } from './pointwise.js';
import { track } from './primitive.js';

/** `max(x, least)`, whose gradient is `g` at the corner too, as that of PyTorch's clamp. */
export const atLeast = (x: Tensor, least: number): Tensor => where(lt(x, least), least, x);

/** `max(x, least)` whose gradient passes everywhere. */
export function raised(x: Tensor, least: number): Tensor {
  const y = noGrad(() => maximum(x, least));
  return track('clamp', y, [x], [], (g) => [() => g]);
}
