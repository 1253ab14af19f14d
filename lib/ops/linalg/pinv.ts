import { checkBoolean, describe, rangeError, shapeError, typeError } from '../../errors.js';
import { noGrad } from '../../grad-mode.js';
import { formatShape, sameShape } from '../../shape.js';
import { empty, Tensor } from '../../tensor.js';
import { checkOneOf, readArgs, type Rest } from '../arguments.js';
import { sum } from '../broadcast.js';
import { matmul } from '../matmul.js';
import { abs, add, div, gt, maximum, mul, neg, square, sub, where } from '../pointwise.js';
import { cast, scalar, track } from '../primitive.js';
import { amax } from '../reduce.js';
import { squeeze, unsqueeze } from '../shape.js';
import { decompose, valuesOf } from './eigh.js';
import { batchOf, checkMatrices, checkSame, checkSquare, sizes, T, together } from './matrices.js';
import { reducedSvd, scaleColumns, singularValues } from './svd.js';

/**
 * A bound for singular values: one number, or one for each matrix.
 * @inline
 */
type Bound = number | Tensor;

interface Tolerance {
  readonly atol?: Bound | null;
  readonly rtol?: Bound | null;
}

/** What counts as 0 next to the largest of `values` (…, k): max(atol, rtol·largest), as (…, 1). */
function threshold(op: string, values: Tensor, A: Tensor, { atol = null, rtol = null }: Tolerance): Tensor {
  const read = (name: string, bound: unknown, otherwise: number): Tensor => {
    if (bound === null) return scalar(otherwise, A.dtype);
    if (typeof bound === 'number') return scalar(bound, A.dtype);
    if (!(bound instanceof Tensor))
      typeError(op, `${name}: expected a number or a tensor, got ${describe(bound)}`);
    return unsqueeze(cast(bound, A.dtype), -1);
  };
  const epsilon = A.dtype === 'float64' ? 2 ** -52 : 2 ** -23;
  const usual = atol === null || atol === 0 ? epsilon * Math.max(...sizes(A)) : 0;
  // With a tensor of absolute bounds, those that are 0 leave the usual relative one in place.
  const absolute = read('atol', atol, 0);
  const relative =
    rtol === null && atol instanceof Tensor
      ? where(gt(absolute, 0), scalar(0, A.dtype), scalar(epsilon * Math.max(...sizes(A)), A.dtype))
      : read('rtol', rtol, usual);
  return maximum(absolute, mul(relative, amax(values, -1, true)));
}

/** @inline */
interface RankOptions extends Tolerance {
  /** What counts as 0, absolutely. */
  readonly tol?: Bound | null;
  /** Whether matrices are symmetric: then eigenvalues are taken. Default false. */
  readonly hermitian?: boolean;
}

/**
 * How many singular values of each matrix count: those above max(atol, rtol·largest). Shapes: (…, m, n) → (…), int32.
 * Arguments: `tol` (absolute), `hermitian` (default false), by position or by name; `atol` (default 0), `rtol` (default
 * max(m, n) times the precision of the dtype, or 0 when `atol` is given), by name. Bounds are numbers, or tensors of one for
 * each matrix.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.matrix_rank.html
 */
export function matrixRank(
  A: Tensor,
  ...rest: Rest<[tol: Bound | null, hermitian: boolean], RankOptions>
): Tensor {
  const op = 'linalg.matrixRank';
  const options = readArgs<RankOptions>(op, rest, ['tol', 'hermitian'], ['atol', 'rtol']);
  const { tol = null, hermitian = false, atol = null, rtol = null } = options;
  checkBoolean(op, 'hermitian', hermitian);
  if (hermitian) checkSquare(op, A);
  else checkMatrices(op, A);
  return noGrad(() => {
    if (Math.min(...sizes(A)) === 0) return empty(batchOf(A), 'int32', true);
    const values = hermitian ? abs(valuesOf(op, A)) : singularValues(op, A);
    const bounds = tol === null ? { atol, rtol } : { atol: tol, rtol: 0 };
    return sum(gt(values, threshold(op, values, A, bounds)), -1);
  });
}

/** @inline */
interface PinvOptions extends Tolerance {
  readonly rcond?: Bound | null;
  readonly hermitian?: boolean;
}

/**
 * The pseudoinverse: V·diag(1/s)·Uᵀ, of those singular values that count, above max(atol, rtol·largest).
 * Shapes: (…, m, n) → (…, n, m).
 * Gradient, with P the result: `-PᵀgPᵀ + (1 - A·P)·gᵀ·P·Pᵀ + Pᵀ·P·gᵀ·(1 - P·A)`.
 * Arguments: `rcond` (another name of rtol), `hermitian` (default false: whether matrices are symmetric), by position or by
 * name; `atol` (default 0), `rtol` (default max(m, n) times the precision of the dtype, or 0 when `atol` is given), by name.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.pinv.html
 */
export function pinv(
  A: Tensor,
  ...rest: Rest<[rcond: Bound | null, hermitian: boolean], PinvOptions>
): Tensor {
  const op = 'linalg.pinv';
  const options = readArgs<PinvOptions>(op, rest, ['rcond', 'hermitian'], ['atol', 'rtol']);
  const { rcond = null, hermitian = false, atol = null, rtol = rcond } = options;
  checkBoolean(op, 'hermitian', hermitian);
  return pseudoinverse(op, A, { atol, rtol }, hermitian);
}

/** {@link pinv} with a bound relative to the largest: `rcond` (default 1e-15). @see https://pytorch.org/docs/stable/generated/torch.pinverse.html */
export function pinverse(input: Tensor, ...rest: Rest<[rcond: number], { readonly rcond?: number }>): Tensor {
  const { rcond = 1e-15 } = readArgs<{ readonly rcond?: number }>('pinverse', rest, ['rcond']);
  return pseudoinverse('pinverse', input, { rtol: rcond }, false);
}

function pseudoinverse(op: string, A: Tensor, tolerance: Tolerance, hermitian: boolean): Tensor {
  if (hermitian) checkSquare(op, A);
  else checkMatrices(op, A);
  const [m, n] = sizes(A);
  const P = noGrad(() => {
    if (Math.min(m, n) === 0) return empty([...batchOf(A), n, m], A.dtype, true);
    const [zero, one] = [scalar(0, A.dtype), scalar(1, A.dtype)];
    const inverted = (values: Tensor, sizes: Tensor): Tensor => {
      const counts = gt(sizes, threshold(op, sizes, A, tolerance));
      return where(counts, div(one, where(counts, values, one)), zero);
    };
    if (hermitian) {
      const { eigenvalues, eigenvectors } = decompose(op, A);
      return matmul(scaleColumns(eigenvectors, inverted(eigenvalues, abs(eigenvalues))), T(eigenvectors));
    }
    const { U, S, Vh } = reducedSvd(op, A);
    return matmul(scaleColumns(T(Vh), inverted(S, S)), T(U));
  });
  const result: Tensor = track(op, P, [A], [A, P], (g) => [() => slope(A, result, g)]);
  return result;
}

/** In an order that multiplies small matrices first. */
function slope(A: Tensor, P: Tensor, g: Tensor): Tensor {
  const [m, n] = sizes(A);
  const [Pt, gt] = [T(P), T(g)];
  const first = neg(matmul(Pt, matmul(g, Pt)));
  const X = m <= n ? matmul(matmul(gt, P), Pt) : matmul(gt, matmul(P, Pt));
  const Y = m <= n ? matmul(Pt, matmul(P, gt)) : matmul(matmul(Pt, P), gt);
  const second = sub(X, matmul(A, matmul(P, X)));
  const third = sub(Y, matmul(matmul(Y, P), A));
  return add(first, add(second, third));
}

const DRIVERS = ['gelsy', 'gels', 'gelsd', 'gelss'] as const;

/** What {@link lstsq} takes by name. */
export interface LstsqOptions {
  readonly rcond?: number | null;
  readonly driver?: (typeof DRIVERS)[number] | null;
}

/** What {@link lstsq} gives. */
export interface Lstsq {
  readonly solution: Tensor;
  readonly residuals: Tensor;
  readonly rank: Tensor;
  readonly singularValues: Tensor;
}

/**
 * The X that comes nearest to A·X = B, and is the shortest of those: the pseudoinverse of A times B, by the singular
 * values that count, above rcond·largest. Shapes: A (…, m, n), B (…, m, k), or (…, m) for vectors; batches broadcast →
 * `solution` (…, n, k), `residuals` (…, k): the sums of squares of what is missing, when m > n and the rank is n, else no
 * elements; `rank` (…); `singularValues` (…, min(m, n)).
 * Gradients of `solution`: those of the pseudoinverse and of the product. The others have none, as in PyTorch.
 * Arguments: `rcond` (default max(m, n) times the precision of the dtype), by position or by name; `driver` by name, as in
 * PyTorch: `'gels'` takes the rank for full and gives none, and only `'gelsd'` and `'gelss'` give singular values.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.lstsq.html
 */
export function lstsq(A: Tensor, B: Tensor, ...rest: Rest<[rcond: number | null], LstsqOptions>): Lstsq {
  const op = 'linalg.lstsq';
  const options = readArgs<LstsqOptions>(op, rest, ['rcond'], ['driver']);
  const { rcond = null } = options;
  const driver = options.driver ?? 'gelsy';
  checkOneOf(op, 'driver', driver, DRIVERS);
  checkMatrices(op, A);
  if (!(B instanceof Tensor)) typeError(op, `B: expected a tensor, got ${describe(B)}`);
  checkSame(op, 'B', B, A);
  const vector = A.ndim - 1 === B.ndim && sameShape(A.shape.slice(0, -1), B.shape);
  const columns = vector ? unsqueeze(B, -1) : B;
  if (columns.ndim < 2 || sizes(columns)[0] !== sizes(A)[0])
    shapeError(op, `A ${formatShape(A.shape)} and B ${formatShape(B.shape)} do not fit`);
  if (rcond !== null && !(rcond >= 0))
    rangeError(op, `rcond: expected a number from 0, got ${describe(rcond)}`);
  const [a, b] = together(op, A, columns);
  const [m, n] = sizes(a);
  const bounds = { rtol: driver === 'gels' ? null : rcond };
  const X = matmul(pseudoinverse(op, a, bounds, false), b);
  const values = noGrad(() => singularValues(op, a));
  const rank = noGrad(() =>
    Math.min(m, n) === 0
      ? empty(batchOf(a), 'int32', true)
      : sum(gt(values, threshold(op, values, a, bounds)), -1),
  );
  const none = (): Tensor => empty([0], A.dtype);
  const isSvd = driver === 'gelsd' || driver === 'gelss';
  const isFull = m > n && driver !== 'gelsy' && (!isSvd || rank.toArray().every((r) => r === n));
  const missing = isFull ? noGrad(() => sum(square(sub(matmul(a, X), b)), -2)) : none();
  return {
    solution: vector ? squeeze(X, -1) : X,
    residuals: missing,
    rank: driver === 'gels' ? empty([0], 'int32') : rank,
    singularValues: isSvd ? values : none(),
  };
}
