import { noGrad } from '../grad-mode.js';
import type { Tensor } from '../tensor.js';
import { abs, add, lt, mul, where } from './pointwise.js';

/** `Σ cₖ·uᵏ`, of at least two coefficients. */
export function series(u: Tensor, coefficients: readonly number[]): Tensor {
  const n = coefficients.length;
  let sum = add(mul(u, coefficients[n - 1]), coefficients[n - 2]);
  for (let k = n - 3; k >= 0; k--) sum = add(mul(sum, u), coefficients[k]);
  return sum;
}

/**
 * `near(x)` where `|x|` is below a bound, `far(x)` elsewhere: for formulas that lose their digits, or divide by zero, close
 * to 0. Neither meets the numbers of the other, and so neither do their derivatives.
 */
export function nearZero(
  x: Tensor,
  bound: number,
  near: (x: Tensor) => Tensor,
  far: (x: Tensor) => Tensor,
): Tensor {
  const isNear = noGrad(() => lt(abs(x), bound));
  return where(isNear, near(where(isNear, x, 0)), far(where(isNear, bound, x)));
}
