import { viewOf, type Tensor } from '../../tensor.js';
import { reshape } from '../broadcast.js';
import { arange } from '../create.js';
import { eq, le, where } from '../pointwise.js';
import { scalar, track } from '../primitive.js';
import { embed, unsqueeze } from '../shape.js';

// Parts of matrices, the last two dimensions of a tensor. Zeros are put in, not multiplied: what lies there may be NaN.

const columns = (n: number): Tensor => arange(n);
const rows = (n: number): Tensor => reshape(arange(n), [n, 1]);

/** What lies on and below the diagonal that is `shift` columns right of the main one, and zeros. */
export const lower = (x: Tensor, shift = 0): Tensor => {
  const [m, n] = x.shape.slice(-2);
  return where(le(columns(n), reshape(arange(shift, m + shift), [m, 1])), x, scalar(0, x.dtype));
};

/** What lies on and above the diagonal that is `shift` columns right of the main one, and zeros. */
export const upper = (x: Tensor, shift = 0): Tensor => {
  const [m, n] = x.shape.slice(-2);
  return where(le(reshape(arange(shift, m + shift), [m, 1]), columns(n)), x, scalar(0, x.dtype));
};

/** Ones on the diagonal, as booleans. */
export const onDiagonal = (m: number, n = m): Tensor => eq(rows(m), columns(n));

/** Matrices with `values` (…, n) on the diagonal → (…, n, n). */
export const diagonalMatrix = (values: Tensor): Tensor =>
  where(onDiagonal(values.shape[values.ndim - 1]), unsqueeze(values, -1), scalar(0, values.dtype));

/**
 * The diagonal along two dimensions, which become one at the end, as a view.
 * Gradient: `g` on the diagonal of zeros.
 */
export function diagonalOf(x: Tensor, dim1 = x.ndim - 2, dim2 = x.ndim - 1, offset = 0): Tensor {
  const keep = <T>(list: readonly T[]): T[] => list.filter((_, dim) => dim !== dim1 && dim !== dim2);
  const [m, n] = [x.shape[dim1], x.shape[dim2]];
  const length = Math.max(0, Math.min(m + Math.min(offset, 0), n - Math.max(offset, 0)));
  const start = length === 0 ? 0 : offset > 0 ? offset * x.strides[dim2] : -offset * x.strides[dim1];
  const y = viewOf(
    x,
    [...keep(x.shape), length],
    [...keep(x.strides), x.strides[dim1] + x.strides[dim2]],
    x.offset + start,
  );
  const place = (whole: Tensor): Tensor => diagonalOf(whole, dim1, dim2, offset);
  return track('diagonal', y, [x], [], (g) => [() => embed(g, x.shape, place)]);
}
