import { noGrad } from '../grad-mode.js';
import type { Tensor } from '../tensor.js';
import { zeros } from './create.js';
import { trackAll } from './primitive.js';
import { cat, narrow, select, stack } from './shape.js';

// Views that take a tensor apart, whose gradients are put together once: apart, each would be a whole tensor of zeros around
// its part, and all of them would be added up.

/** Gradients of parts, with zeros where none has arrived. */
const complete = (
  grads: readonly (Tensor | null)[],
  parts: readonly Pick<Tensor, 'shape' | 'dtype'>[],
): Tensor[] => parts.map(({ shape, dtype }, i) => grads[i] ?? zeros(shape, { dtype }));

const shapesOf = (parts: readonly Tensor[]): Pick<Tensor, 'shape' | 'dtype'>[] =>
  parts.map(({ shape, dtype }) => ({ shape, dtype }));

/** `count` equal parts along a dimension, which stays. */
export function pieces(x: Tensor, count: number, dim: number): Tensor[] {
  const length = (x.shape.at(dim) as number) / count;
  const parts = noGrad(() => Array.from({ length: count }, (_, i) => narrow(x, dim, i * length, length)));
  const shapes = shapesOf(parts);
  return trackAll('chunk', parts, [x], [], (grads) => [() => cat(complete(grads, shapes), dim)]);
}

/** All parts along the first dimension, without it. */
export function steps(x: Tensor): Tensor[] {
  const parts = noGrad(() => Array.from({ length: x.shape[0] }, (_, i) => select(x, 0, i)));
  const shapes = shapesOf(parts);
  return trackAll('unbind', parts, [x], [], (grads) => [() => stack(complete(grads, shapes))]);
}
