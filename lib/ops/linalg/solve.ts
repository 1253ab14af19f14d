import { backend } from '../../backend/select.js';
import { checkBoolean, rangeError, shapeError } from '../../errors.js';
import { formatShape, sameShape } from '../../shape.js';
import { checkTensor, empty, type Tensor } from '../../tensor.js';
import { readArgs, type Rest } from '../arguments.js';
import { reshape } from '../broadcast.js';
import { matmul } from '../matmul.js';
import { neg } from '../pointwise.js';
import { checkOptions, recording, track } from '../primitive.js';
import { squeeze, unsqueeze } from '../shape.js';
import { tril, triu } from '../shape-diagonal.js';
import {
  batchOf,
  checkEach,
  checkMatrices,
  checkSame,
  checkSquare,
  counts,
  flat,
  flatVectors,
  identity,
  once,
  room,
  sizes,
  T,
  together,
} from './matrices.js';

const SINGULAR = 'is singular';

/** What `lu` makes of matrices (…, m, n): factors of the same shape, and pivots (…, min(m, n)). Outside of the graph. */
export interface Factors {
  readonly LU: Tensor;
  readonly pivots: Tensor;
}

/** @param info where to note which matrices are singular; without, the number returned names the first */
export function factorize(A: Tensor, info: Tensor | null): Factors & { readonly bad: number } {
  const [m, n] = sizes(A);
  const LU = room(batchOf(A), A.dtype, m, n);
  const pivots = room(batchOf(A), 'int32', Math.min(m, n));
  const bad = backend.lu(flat(A), flat(LU), flatVectors(pivots), info);
  return { LU, pivots, bad };
}

/** A⁻¹·B, or Aᵀ⁻¹·B, by the factors of A. Outside of the graph. */
export function solveFactors(op: string, { LU, pivots }: Factors, B: Tensor, transposed = false): Tensor {
  const X = room(batchOf(B), B.dtype, ...sizes(B));
  const where = flatVectors(pivots);
  const bad = backend.luSolve(flat(LU), where, flat(B), flat(X), transposed);
  if (bad >= 0)
    rangeError(op, `pivots: element ${bad} is not one of the ${sizes(B)[0]} rows, counted from 1`);
  return X;
}

/** A⁻¹·B for matrices with one batch. Gradients: `Aᵀ⁻¹·g` for B, and `-(Aᵀ⁻¹·g)·Xᵀ` for A. */
function solveMatrices(op: string, A: Tensor, B: Tensor, info: Tensor | null): Tensor {
  const factors = factorize(A, info);
  checkEach(op, factors.bad, A, SINGULAR);
  const X = solveFactors(op, factors, B);
  return track(op, X, [A, B], [A, X], (g) => {
    const forB = once(() =>
      recording([g, A]) ? solveMatrices(op, T(A), g, null) : solveFactors(op, factors, g, true),
    );
    return [() => neg(matmul(forB(), T(X))), forB];
  });
}

/** Whether `B` is a vector, or a batch of them, next to the matrices `A`. */
const isVector = (A: Tensor, B: Tensor): boolean =>
  B.ndim === 1 || (A.ndim - 1 === B.ndim && sameShape(A.shape.slice(0, -1), B.shape));

/** @inline */
interface SolveOptions {
  /** Whether A stands left of X; else X·A = B is solved. Default true. */
  readonly left?: boolean;
}

/**
 * A solution, and which matrices were singular.
 * @inline
 */
interface Solved {
  readonly result: Tensor;
  readonly info: Tensor;
}

/** Solves, under the name of an op. */
export function solveAs(op: string, A: Tensor, B: Tensor, options: SolveOptions, withInfo: boolean): Solved {
  checkSquare(op, A);
  checkTensor(op, B, 'B');
  checkSame(op, 'B', B, A);
  checkOptions(op, options, ['left']);
  const { left = true } = options;
  checkBoolean(op, 'left', left);
  const vector = isVector(A, B);
  if (vector && !left) shapeError(op, `left: expected true for vectors, got B ${formatShape(B.shape)}`);
  const columns = vector ? unsqueeze(B, -1) : B;
  if (columns.ndim < 2) shapeError(op, `B: expected at least one dimension, got ${formatShape(B.shape)}`);
  const n = sizes(A)[0];
  if (sizes(columns)[left ? 0 : 1] !== n)
    shapeError(op, `A ${formatShape(A.shape)} and B ${formatShape(B.shape)} do not fit`);
  const [a, b] = together(op, left ? A : T(A), left ? columns : T(columns));
  const info = withInfo ? counts(a) : null;
  const X = solveMatrices(op, a, b, info);
  const result = vector ? squeeze(X, -1) : left ? X : T(X);
  return { result, info: info ? reshape(info, batchOf(a)) : zeroInfo(batchOf(a)) };
}

/**
 * The solution X of A·X = B. Shapes: A (…, n, n), B (…, n, k), or (n,) and (…, n) for vectors; batches broadcast.
 * Gradients: `Aᵀ⁻¹·g` for B, and `-(Aᵀ⁻¹·g)·Xᵀ` for A.
 * Arguments: `left` (default true; else X·A = B), by name.
 * @throws RangeError for a singular matrix; ShapeError when shapes do not fit.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.solve.html
 */
export function solve(A: Tensor, B: Tensor, options: SolveOptions = {}): Tensor {
  return solveAs('linalg.solve', A, B, options, false).result;
}

/**
 * {@link solve} that throws for no matrix: `info` (int32) is 0 for each that is not singular, else a position on its
 * diagonal, from 1. What is in `result` for a singular one is not finite.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.solve_ex.html
 */
export function solveEx(
  A: Tensor,
  B: Tensor,
  options: SolveOptions & { readonly checkErrors?: boolean } = {},
): Solved {
  checkOptions('linalg.solveEx', options, ['left', 'checkErrors']);
  const { checkErrors = false, ...rest } = options;
  checkBoolean('linalg.solveEx', 'checkErrors', checkErrors);
  return solveAs('linalg.solveEx', A, B, rest, !checkErrors);
}

/** The info of matrices that are all good. */
const zeroInfo = (batch: readonly number[]): Tensor => empty(batch, 'int32', true);

/** A⁻¹. @param info where to note which matrices are singular; without, one is an error */
export function inverseOf(op: string, A: Tensor, info: Tensor | null): Tensor {
  checkSquare(op, A);
  const factors = factorize(A, info);
  checkEach(op, factors.bad, A, SINGULAR);
  const X = solveFactors(op, factors, identity(batchOf(A), sizes(A)[0], A.dtype));
  return track(op, X, [A], [X], (g) => [() => neg(matmul(T(X), matmul(g, T(X))))]);
}

/**
 * The inverse of square matrices. Shapes: (…, n, n) → (…, n, n).
 * Gradient: `-Yᵀ·g·Yᵀ`, with Y the inverse.
 * @throws RangeError for a singular matrix; ShapeError when matrices are not square.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.inv.html
 */
export const inv = (A: Tensor): Tensor => inverseOf('linalg.inv', A, null);

/** {@link inv}. @see https://pytorch.org/docs/stable/generated/torch.inverse.html */
export const inverse = (input: Tensor): Tensor => inverseOf('inverse', input, null);

/** @inline */
interface CheckErrors {
  /** Whether a matrix that cannot be dealt with is an error after all. Default false. */
  readonly checkErrors?: boolean;
}

/** Reads `checkErrors`, by name. */
export function readCheckErrors(op: string, options: CheckErrors): boolean {
  checkOptions(op, options, ['checkErrors']);
  const { checkErrors = false } = options;
  checkBoolean(op, 'checkErrors', checkErrors);
  return checkErrors;
}

/**
 * {@link inv} that throws for no matrix: `info` (int32) is 0 for each that is not singular, else a position on its
 * diagonal, from 1. What is in `inverse` for a singular one is not finite.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.inv_ex.html
 */
export function invEx(A: Tensor, options: CheckErrors = {}): { inverse: Tensor; info: Tensor } {
  const op = 'linalg.invEx';
  const checkErrors = readCheckErrors(op, options);
  checkSquare(op, A);
  if (checkErrors) return { inverse: inverseOf(op, A, null), info: zeroInfo(batchOf(A)) };
  const info = counts(A);
  return { inverse: inverseOf(op, A, info), info: reshape(info, batchOf(A)) };
}

/** How a triangular system is meant. */
interface Triangle {
  readonly upper: boolean;
  readonly unit: boolean;
}

/** A⁻¹·B for one triangle of matrices A, with one batch. Gradients: `Aᵀ⁻¹·g` for B; for A the same triangle of `-(Aᵀ⁻¹·g)·Xᵀ`. */
export function solveTriangle(op: string, A: Tensor, B: Tensor, triangle: Triangle): Tensor {
  const X = room(batchOf(B), B.dtype, ...sizes(B));
  // A transposed view is read as what it is a view of.
  const isTurned = !A.isContiguous && T(A).isContiguous;
  backend.triangularSolve(flat(isTurned ? T(A) : A), flat(B), flat(X), {
    upper: triangle.upper !== isTurned,
    transposed: isTurned,
    unit: triangle.unit,
  });
  return track(op, X, [A, B], [A, X], (g) => {
    const forB = once(() => solveTriangle(op, T(A), g, { ...triangle, upper: !triangle.upper }));
    const skip = triangle.unit ? 1 : 0;
    return [
      () => {
        const whole = neg(matmul(forB(), T(X)));
        return triangle.upper ? triu(whole, skip) : tril(whole, -skip);
      },
      forB,
    ];
  });
}

/** X·A = B for one triangle of A. */
export const solveTriangleRight = (op: string, A: Tensor, B: Tensor, triangle: Triangle): Tensor =>
  T(solveTriangle(op, T(A), T(B), { ...triangle, upper: !triangle.upper }));

/** What {@link solveTriangular} takes by name. */
export interface SolveTriangularOptions extends SolveOptions {
  /** Whether the upper triangle of A is read, or the lower one. */
  readonly upper: boolean;
  /** Whether the diagonal of A is taken to be ones. Default false. */
  readonly unitriangular?: boolean;
}

/**
 * The solution X of A·X = B (or X·A = B) with A triangular: the other triangle is not read. A 0 on the diagonal gives
 * infinities. Shapes: A (…, n, n), B (…, n, k); batches broadcast.
 * Gradients: `Aᵀ⁻¹·g` for B, and the triangle of `-(Aᵀ⁻¹·g)·Xᵀ` for A.
 * Arguments: `upper` (needed), `left` (default true), `unitriangular` (default false), by name.
 * @throws ShapeError when shapes do not fit.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.solve_triangular.html
 */
export function solveTriangular(A: Tensor, B: Tensor, options: SolveTriangularOptions): Tensor {
  const op = 'linalg.solveTriangular';
  checkOptions(op, options ?? {}, ['upper', 'left', 'unitriangular']);
  const { upper: isUpper, left = true, unitriangular = false } = options ?? {};
  for (const [name, value] of Object.entries({ upper: isUpper, left, unitriangular }))
    checkBoolean(op, name, value);
  return triangular(op, A, B, { upper: isUpper, unit: unitriangular }, left);
}

function triangular(op: string, A: Tensor, B: Tensor, triangle: Triangle, left: boolean): Tensor {
  checkSquare(op, A);
  checkMatrices(op, B, 'B');
  checkSame(op, 'B', B, A);
  if (sizes(B)[left ? 0 : 1] !== sizes(A)[0])
    shapeError(op, `A ${formatShape(A.shape)} and B ${formatShape(B.shape)} do not fit`);
  const [a, b] = together(op, A, B);
  return left ? solveTriangle(op, a, b, triangle) : solveTriangleRight(op, a, b, triangle);
}

/** @inline */
interface TriangularSolveOptions {
  readonly upper?: boolean;
  readonly transpose?: boolean;
  readonly unitriangular?: boolean;
}

/**
 * {@link solveTriangular} as it was called before: A·X = input, or Aᵀ·X = input. The second result is A.
 * Arguments: `upper` (default true), `transpose` (default false), `unitriangular` (default false), by position or by name.
 * @see https://pytorch.org/docs/stable/generated/torch.triangular_solve.html
 */
export function triangularSolve(
  input: Tensor,
  A: Tensor,
  ...rest: Rest<[upper: boolean, transpose: boolean, unitriangular: boolean], TriangularSolveOptions>
): { solution: Tensor; clonedCoefficient: Tensor } {
  const op = 'triangularSolve';
  const options = readArgs<TriangularSolveOptions>(op, rest, ['upper', 'transpose', 'unitriangular']);
  const { upper: isUpper = true, transpose = false, unitriangular = false } = options;
  for (const [name, value] of Object.entries({ upper: isUpper, transpose, unitriangular }))
    checkBoolean(op, name, value);
  checkSquare(op, A);
  const triangle = { upper: isUpper !== transpose, unit: unitriangular };
  return { solution: triangular(op, transpose ? T(A) : A, input, triangle, true), clonedCoefficient: A };
}
