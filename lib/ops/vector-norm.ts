import { noGrad } from '../grad-mode.js';
import { reducedShape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { reshape, sum } from './broadcast.js';
import { abs, div, eq, mul, ne, pow, sign, sqrt, square, where } from './pointwise.js';
import { zerosLike } from './create.js';
import { cast, track } from './primitive.js';
import { amax, amin } from './reduce.js';

/**
 * `(Σ |x|ᵖ)^(1/p)` over `dims`, with the limits of that: the largest and the smallest size for ±∞, the number of elements
 * other than 0 for 0.
 * Over no dimensions it is |x|.
 * Gradient: `g·sign(x)·(|x|/norm)ᵖ⁻¹`, 0 for a norm of 0; for ±∞ to the extrema, evenly; for 0 none.
 * @param ties for ±∞: whether extrema `share` the gradient evenly, or `each` gets all of it
 */
export function vectorNorm(
  x: Tensor,
  p: number,
  dims: readonly number[],
  keepdim = false,
  ties: 'share' | 'each' = 'share',
): Tensor {
  if (dims.length === 0 && p !== 0) return abs(x);
  const kept = noGrad(() => normOf(x, p, dims));
  const saved = p === 0 ? [] : p === 1 ? [x] : [x, kept];
  const y = track('norm', kept, [x], saved, (g) => [() => normGrad(g, x, y, p, dims, ties)]);
  return keepdim ? y : reshape(y, reducedShape(x.shape, dims, false));
}

function normOf(x: Tensor, p: number, dims: readonly number[]): Tensor {
  const over = (values: Tensor): Tensor => (dims.length === 0 ? values : sum(values, dims, true));
  if (p === 0) return over(cast(ne(x, 0), x.dtype));
  if (p === 1) return over(abs(x));
  if (p === 2) return sqrt(over(square(x)));
  if (p > 0 && dims.some((dim) => x.shape[dim] === 0)) return over(x);
  if (p === Infinity) return amax(abs(x), dims, true);
  if (p === -Infinity) return amin(abs(x), dims, true);
  return pow(over(pow(abs(x), p)), 1 / p);
}

function normGrad(
  g: Tensor,
  x: Tensor,
  norm: Tensor,
  p: number,
  dims: readonly number[],
  ties: 'share' | 'each',
): Tensor {
  if (p === 0) return zerosLike(x);
  if (p === 1) return mul(g, sign(x));
  if (!Number.isFinite(p)) {
    const extreme = cast(eq(abs(x), norm), x.dtype);
    const share = ties === 'each' ? extreme : div(extreme, sum(extreme, dims, true));
    return mul(mul(sign(x), share), g);
  }
  const none = eq(norm, 0);
  const scale = where(none, 0, div(g, where(none, 1, p === 2 ? norm : pow(norm, p - 1))));
  if (p === 2) return mul(x, scale);
  if (p > 2) return mul(mul(x, pow(abs(x), p - 2)), scale);
  // Below 2 the power of 0 has poles in its derivatives.
  const zero = eq(x, 0);
  return mul(where(zero, 0, mul(sign(x), pow(abs(where(zero, 1, x)), p - 1))), scale);
}
