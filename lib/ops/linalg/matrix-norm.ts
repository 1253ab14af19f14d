import { isFloat } from '../../dtype.js';
import { describe, rangeError, shapeError, typeError } from '../../errors.js';
import { formatShape, normalizeDim, normalizeDims } from '../../shape.js';
import type { Tensor } from '../../tensor.js';
import { readArgs, type Rest } from '../arguments.js';
import { reshape, sum } from '../broadcast.js';
import { abs, div, eq, mul, ne, where } from '../pointwise.js';
import { scalar } from '../primitive.js';
import { amax, amin } from '../reduce.js';
import { permute, select, unsqueeze } from '../shape.js';
import { vectorNorm as normOver } from '../vector-norm.js';
import { batchOf, checkMatrices, checkSquare, counts } from './matrices.js';
import { readNorm, type NormOptions } from './norm.js';
import { inverseOf } from './solve.js';
import { singularValues } from './svd.js';

/** A norm of matrices: `'fro'` that of the elements, `'nuc'` and ±2 of the singular values, ±1 and ±∞ of sums. */
export type MatrixOrd = 'fro' | 'nuc' | number;
const NUMBERS = [1, -1, 2, -2, Infinity, -Infinity];

function checkOrd(op: string, ord: unknown): asserts ord is MatrixOrd {
  if (ord !== 'fro' && ord !== 'nuc' && !NUMBERS.includes(ord as number))
    rangeError(op, `ord: expected 'fro', 'nuc', 1, -1, 2, -2, Infinity or -Infinity, got ${describe(ord)}`);
}

export function readPair(op: string, x: Tensor, dim: unknown): [number, number] {
  if (x.ndim < 2) shapeError(op, `expected at least two dimensions, got ${formatShape(x.shape)}`);
  if (!Array.isArray(dim) || dim.length !== 2)
    typeError(op, `dim: expected two dimensions, got ${describe(dim)}`);
  const [rows, columns] = dim.map((d) => normalizeDim(op, d, x.ndim));
  if (rows === columns) rangeError(op, `dim: expected two dimensions, got [${dim.join(', ')}]`);
  return [rows, columns];
}

export function matrixNormOver(
  op: string,
  x: Tensor,
  ord: unknown,
  [rows, columns]: readonly [number, number],
  keepdim: boolean,
): Tensor {
  checkOrd(op, ord);
  if (ord === 'fro') return normOver(x, 2, [rows, columns].sort(), keepdim);
  const rest = x.shape.map((_, dim) => dim).filter((dim) => dim !== rows && dim !== columns);
  const matrices = permute(x, [...rest, rows, columns]);
  const over = (values: Tensor, isLeast: boolean): Tensor => {
    if (values.shape[values.ndim - 1] === 0)
      rangeError(op, `ord ${ord} has no value over nothing: shape ${formatShape(x.shape)}`);
    return isLeast ? amin(values, -1) : amax(values, -1);
  };
  let y: Tensor;
  if (ord === 'nuc') y = sum(singularValues(op, matrices), -1);
  else if (Math.abs(ord) === 2) y = over(singularValues(op, matrices), ord < 0);
  else y = over(sum(abs(matrices), Math.abs(ord) === 1 ? -2 : -1), ord < 0);
  if (!keepdim) return y;
  const kept = x.shape.map((size, dim) => (dim === rows || dim === columns ? 1 : size));
  return reshape(y, kept);
}

/** @inline */
type Pair = readonly [number, number];
type MatrixNormArgs = Rest<[ord: MatrixOrd, dim: Pair, keepdim: boolean], NormOptions<MatrixOrd, Pair>>;

/**
 * The norm of matrices, which lie in the dimensions `dim` (default the last two). `ord`: `'fro'` (default) the root of the
 * sum of squares; `'nuc'` the sum of singular values; 2 and -2 the largest and the smallest of them; 1 and -1 the largest and
 * smallest sum of sizes in a column, ±Infinity in a row.
 * Gradients: those of what it is made of; sums that are the largest together share it.
 * Arguments: `ord`, `dim`, `keepdim`, by position or by name; `dtype` by name.
 * @throws RangeError for another norm, and for the largest of nothing.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.matrix_norm.html
 */
export function matrixNorm(input: Tensor, ...rest: MatrixNormArgs): Tensor {
  const op = 'linalg.matrixNorm';
  const { x, ord = 'fro', dim = [-2, -1], keepdim } = readNorm(op, input, rest);
  return matrixNormOver(op, x, ord, readPair(op, x, dim), keepdim);
}

/** @inline */
type Dims = number | readonly number[] | null;
type NormArgs = Rest<
  [ord: MatrixOrd | null, dim: Dims, keepdim: boolean],
  NormOptions<MatrixOrd | null, Dims>
>;

/**
 * The norm of vectors or of matrices. Without `ord`: of all elements, or along `dim`, the root of the sum of squares. With
 * `ord` and one dimension: {@link vectorNorm}; with two: {@link matrixNorm}; without `dim`, `ord` takes a tensor of one or
 * two dimensions.
 * Gradients: as there.
 * Arguments: `ord`, `dim`, `keepdim`, by position or by name; `dtype` by name.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.norm.html
 */
export function norm(input: Tensor, ...rest: NormArgs): Tensor {
  const op = 'linalg.norm';
  const { x, ord = null, dim = null, keepdim } = readNorm(op, input, rest);
  const list = typeof dim === 'number' ? [dim] : dim;
  const isAll = list === null || (Array.isArray(list) && list.length === 0);
  if (ord === null) return normOver(x, 2, normalizeDims(op, list, x.ndim), keepdim);
  if (isAll && x.ndim > 2)
    shapeError(op, `ord without dim takes at most two dimensions, got ${formatShape(x.shape)}`);
  const dims = isAll ? x.shape.map((_, i) => i) : list;
  if (Array.isArray(dims) && dims.length === 2)
    return matrixNormOver(op, x, ord, readPair(op, x, dims), keepdim);
  if (typeof ord !== 'number')
    rangeError(op, `ord: ${describe(ord)} takes matrices, got dim ${describe(dim)}`);
  const over = normalizeDims(op, dims, x.ndim);
  if ((ord < 0 || ord === Infinity) && over.some((d) => x.shape[d] === 0))
    rangeError(op, `ord ${ord} has no value over nothing: shape ${formatShape(x.shape)}`);
  return normOver(x, ord, over, keepdim);
}

/**
 * How much the solution of a system can change with it: the norm of A times that of its inverse, ∞ for singular matrices.
 * With 2 (default) or -2 the ratio of the largest and the smallest singular value, or its reciprocal, for matrices of any
 * shape. Shapes: (…, m, n) → (…).
 * Gradients: those of what it is made of.
 * Arguments: `p` (a norm as of {@link matrixNorm}), by position or by name.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.cond.html
 */
export function cond(
  A: Tensor,
  ...rest: Rest<[p: MatrixOrd | null], { readonly p?: MatrixOrd | null }>
): Tensor {
  const op = 'linalg.cond';
  const p = readArgs<{ readonly p?: MatrixOrd | null }>(op, rest, ['p']).p ?? 2;
  checkOrd(op, p);
  checkMatrices(op, A);
  if (!isFloat(A.dtype)) typeError(op, `expected float32 or float64, got ${A.dtype}`);
  if (p === 2 || p === -2) {
    const S = singularValues(op, A);
    if (S.shape[S.ndim - 1] === 0) rangeError(op, `no singular values: shape ${formatShape(A.shape)}`);
    const [most, least] = [select(S, -1, 0), select(S, -1, -1)];
    return p === 2 ? div(most, least) : div(least, most);
  }
  checkSquare(op, A);
  const info = counts(A);
  const inverse = inverseOf(op, A, info);
  const good = eq(reshape(info, batchOf(A)), 0);
  const safe = where(unsqueeze(unsqueeze(good, -1), -1), inverse, scalar(0, A.dtype));
  const dims = [A.ndim - 2, A.ndim - 1] as const;
  if (A.size === 0 && A.shape[A.ndim - 1] === 0) return sum(sum(A, -1), -1);
  const found = mul(matrixNormOver(op, A, p, dims, false), matrixNormOver(op, safe, p, dims, false));
  return where(ne(found, found), scalar(Infinity, A.dtype), where(good, found, scalar(Infinity, A.dtype)));
}
