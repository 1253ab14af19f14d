import { checkBoolean, shapeError, typeError } from '../../errors.js';
import { noGrad } from '../../grad-mode.js';
import { formatShape, sameShape } from '../../shape.js';
import { checkTensor, empty, type Tensor } from '../../tensor.js';
import { readArgs, type Rest } from '../arguments.js';
import { expand, reshape } from '../broadcast.js';
import { arange } from '../ranges.js';
import { matmul } from '../matmul.js';
import { add } from '../pointwise.js';
import { checkOptions, recording, track } from '../primitive.js';
import { cat, narrow } from '../shape.js';
import { tril, triu } from '../shape-diagonal.js';
import {
  batchOf,
  checkEach,
  checkMatrices,
  checkSame,
  checkSquare,
  counts,
  identity,
  sizes,
  T,
  together,
} from './matrices.js';
import {
  factorize,
  readCheckErrors,
  solveFactors,
  solveTriangle,
  solveTriangleRight,
  type Factors,
} from './solve.js';

/** L and U in one, and pivots (int32), counted from 1. */
export interface LuFactors {
  readonly LU: Tensor;
  readonly pivots: Tensor;
}

/** P with P·L·U = A: (…, m, m). Outside of the graph. */
function permutation(op: string, LU: Tensor, pivots: Tensor): Tensor {
  const [m] = sizes(LU);
  const batch = pivots.shape.slice(0, -1);
  const k = pivots.shape[pivots.ndim - 1];
  const rest = expand(arange(k + 1, m + 1, { dtype: 'int32' }), [...batch, m - k]);
  const one = identity(batch, m, LU.dtype);
  const all = m > k ? noGrad(() => cat([pivots, rest], -1)) : pivots;
  // With the identity for L and for U, the system is P itself.
  return solveFactors(op, { LU: one, pivots: all }, one, true);
}

/** The factors of matrices; gradients as {@link luFactor} says. */
function factorsOf(op: string, A: Tensor, info: Tensor | null): LuFactors {
  checkMatrices(op, A);
  const { bad, ...factors } = factorize(A, info);
  checkEach(op, bad, A, 'is singular');
  if (!recording([A])) return factors;
  const [m, n] = sizes(A);
  const k = Math.min(m, n);
  const rows = matmul(T(permutation(op, factors.LU, factors.pivots)), A);
  // The square in the corner; what is beside or below it follows from that by triangular systems.
  const corner = factored(op, narrow(narrow(rows, -2, 0, k), -1, 0, k), factors);
  if (m < n) {
    const beside = solveTriangle(op, corner, narrow(rows, -1, k, n - k), { upper: false, unit: true });
    return { ...factors, LU: cat([corner, beside], -1) };
  }
  if (m > n) {
    const below = solveTriangleRight(op, corner, narrow(rows, -2, k, m - k), { upper: true, unit: false });
    return { ...factors, LU: cat([corner, below], -2) };
  }
  return { ...factors, LU: corner };
}

/**
 * The factors of square matrices that need no exchange of rows, as they are known already.
 * Gradient: `L⁻ᵀ·(strictly lower(Lᵀ·gL) + upper(gU·Uᵀ))·U⁻ᵀ`.
 */
function factored(op: string, A: Tensor, { LU }: Factors): Tensor {
  const k = sizes(A)[0];
  const known = noGrad(() => add(narrow(narrow(LU, -2, 0, k), -1, 0, k), 0));
  const out: Tensor = track(op, known, [A], [known], (g) => [
    () => {
      const L = add(tril(out, -1), identity(batchOf(A), k, A.dtype));
      const middle = add(tril(matmul(T(L), tril(g, -1)), -1), triu(matmul(triu(g), T(triu(out)))));
      const right = solveTriangleRight(op, T(out), middle, { upper: false, unit: false });
      return solveTriangle(op, T(out), right, { upper: true, unit: true });
    },
  ]);
  return out;
}

function checkPivot(op: string, pivot: unknown): void {
  checkBoolean(op, 'pivot', pivot);
  if (!pivot) typeError(op, 'pivot: expected true; factors without exchange of rows are not computed');
}

/**
 * The factors of matrices, P·L·U = A, by partial pivoting: `LU` holds U, and L below its diagonal without its ones;
 * `pivots` (int32) which row each row was exchanged with, in order, counted from 1.
 * Shapes: (…, m, n) → (…, m, n), (…, min(m, n)).
 * Gradient: `P·L⁻ᵀ·(strictly lower(Lᵀ·gL) + upper(gU·Uᵀ))·U⁻ᵀ` where m = n, and what follows from it elsewhere.
 * @throws RangeError for a singular matrix.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.lu_factor.html
 */
export function luFactor(A: Tensor, options: { readonly pivot?: boolean } = {}): LuFactors {
  checkOptions('linalg.luFactor', options, ['pivot']);
  checkPivot('linalg.luFactor', options.pivot ?? true);
  return factorsOf('linalg.luFactor', A, null);
}

/**
 * {@link luFactor} that throws for no matrix: `info` (int32) is 0 for each that is not singular, else a position on its
 * diagonal, from 1.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.lu_factor_ex.html
 */
export function luFactorEx(
  A: Tensor,
  options: { readonly pivot?: boolean; readonly checkErrors?: boolean } = {},
): LuFactors & { readonly info: Tensor } {
  const op = 'linalg.luFactorEx';
  checkOptions(op, options, ['pivot', 'checkErrors']);
  const { pivot = true, ...rest } = options;
  checkPivot(op, pivot);
  const checkErrors = readCheckErrors(op, rest);
  checkMatrices(op, A);
  if (checkErrors) return { ...factorsOf(op, A, null), info: empty(batchOf(A), 'int32', true) };
  const info = counts(A);
  return { ...factorsOf(op, A, info), info: reshape(info, batchOf(A)) };
}

/** The three factors of matrices. */
export interface PLU {
  readonly P: Tensor;
  readonly L: Tensor;
  readonly U: Tensor;
}

function unpack(op: string, LU: Tensor, pivots: Tensor): PLU {
  const [m, n] = sizes(LU);
  const k = Math.min(m, n);
  const below = tril(narrow(LU, -1, 0, k), -1);
  const L = add(below, identity(batchOf(LU), m, LU.dtype, k));
  return { P: permutation(op, LU, pivots), L, U: triu(narrow(LU, -2, 0, k)) };
}

/**
 * P·L·U = A: a permutation, ones and what is below them, and an upper triangle.
 * Shapes: (…, m, n) → (…, m, m), (…, m, k), (…, k, n), with k the lesser of m and n.
 * Gradient: as {@link luFactor}.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.lu.html
 */
export function lu(A: Tensor, options: { readonly pivot?: boolean } = {}): PLU {
  const op = 'linalg.lu';
  checkOptions(op, options, ['pivot']);
  checkPivot(op, options.pivot ?? true);
  checkMatrices(op, A);
  const { LU, pivots } = factorsOf(op, A, counts(A));
  return unpack(op, LU, pivots);
}

/** `luFactor` as it was called before; singular matrices are none of its concern. @see https://pytorch.org/docs/stable/generated/torch.lu.html */
export function oldLu(
  input: Tensor,
  ...rest: Rest<
    [pivot: boolean, getInfos: boolean],
    { readonly pivot?: boolean; readonly getInfos?: boolean }
  >
): LuFactors | (LuFactors & { readonly info: Tensor }) {
  const { pivot = true, getInfos = false } = readArgs<{ pivot?: boolean; getInfos?: boolean }>('lu', rest, [
    'pivot',
    'getInfos',
  ]);
  checkPivot('lu', pivot);
  checkBoolean('lu', 'getInfos', getInfos);
  checkMatrices('lu', input);
  const info = counts(input);
  const factors = factorsOf('lu', input, info);
  return getInfos ? { ...factors, info: reshape(info, batchOf(input)) } : factors;
}

/** @inline */
interface UnpackOptions {
  readonly unpackData?: boolean;
  readonly unpackPivots?: boolean;
}

/**
 * P, L and U from what {@link luFactor} gives. What is not wanted is a tensor without elements.
 * Gradient: the triangles of `gL` and `gU`, put together.
 * Arguments: `unpackData` (default true), `unpackPivots` (default true), by position or by name.
 * @see https://pytorch.org/docs/stable/generated/torch.lu_unpack.html
 */
export function luUnpack(
  LUData: Tensor,
  LUPivots: Tensor,
  ...rest: Rest<[unpackData: boolean, unpackPivots: boolean], UnpackOptions>
): PLU {
  const op = 'luUnpack';
  const { unpackData = true, unpackPivots = true } = readArgs<UnpackOptions>(op, rest, [
    'unpackData',
    'unpackPivots',
  ]);
  checkBoolean(op, 'unpackData', unpackData);
  checkBoolean(op, 'unpackPivots', unpackPivots);
  checkMatrices(op, LUData, 'LUData');
  checkPivots(op, LUData, LUPivots, 'LUPivots');
  const { P, L, U } = unpack(op, LUData, LUPivots);
  const none = (): Tensor => empty([0], LUData.dtype);
  return { P: unpackPivots ? P : none(), L: unpackData ? L : none(), U: unpackData ? U : none() };
}

function checkPivots(op: string, LU: Tensor, pivots: unknown, name: string): asserts pivots is Tensor {
  checkTensor(op, pivots, name);
  if (pivots.dtype !== 'int32') typeError(op, `${name}: expected an int32 tensor, got ${pivots.dtype}`);
  const shape = [...batchOf(LU), Math.min(...sizes(LU))];
  if (!sameShape(pivots.shape, shape))
    shapeError(op, `${name}: expected ${formatShape(shape)}, got ${formatShape(pivots.shape)}`);
}

/** @inline */
interface LuSolveOptions {
  readonly left?: boolean;
  readonly adjoint?: boolean;
}

/**
 * The solution X of A·X = B by the factors of A. Shapes: LU (…, n, n), pivots (…, n), B (…, n, k); batches broadcast.
 * Gradients: those of the triangular systems it is.
 * Arguments: `left` (default true; else X·A = B), `adjoint` (default false; else Aᵀ stands for A), by name.
 * @throws ShapeError when shapes do not fit; RangeError for pivots that are no rows.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.lu_solve.html
 */
export function luSolve(LU: Tensor, pivots: Tensor, B: Tensor, options: LuSolveOptions = {}): Tensor {
  const op = 'linalg.luSolve';
  checkOptions(op, options, ['left', 'adjoint']);
  const { left = true, adjoint = false } = options;
  checkBoolean(op, 'left', left);
  checkBoolean(op, 'adjoint', adjoint);
  return left ? byFactors(op, LU, pivots, B, adjoint) : T(byFactors(op, LU, pivots, T(B), !adjoint));
}

/** {@link luSolve} with its arguments in another order. @see https://pytorch.org/docs/stable/generated/torch.lu_solve.html */
export const oldLuSolve = (b: Tensor, LUData: Tensor, LUPivots: Tensor): Tensor =>
  byFactors('luSolve', LUData, LUPivots, b, false);

function byFactors(op: string, LU: Tensor, pivots: Tensor, B: Tensor, transposed: boolean): Tensor {
  checkSquare(op, LU, 'LU');
  checkPivots(op, LU, pivots, 'pivots');
  checkMatrices(op, B, 'B');
  checkSame(op, 'B', B, LU);
  const n = sizes(LU)[0];
  if (sizes(B)[0] !== n)
    shapeError(op, `LU ${formatShape(LU.shape)} and B ${formatShape(B.shape)} do not fit`);
  const [a, b] = together(op, LU, B);
  const rows = expand(pivots, [...batchOf(a), n]);
  if (!recording([a, b])) return solveFactors(op, { LU: a, pivots: rows }, b, transposed);
  const P = permutation(op, a, rows);
  const [L, U] = [
    { upper: false, unit: true },
    { upper: true, unit: false },
  ];
  if (!transposed) return solveTriangle(op, a, solveTriangle(op, a, matmul(T(P), b), L), U);
  const turned = solveTriangle(op, T(a), b, { ...U, upper: false });
  return matmul(P, solveTriangle(op, T(a), turned, { ...L, upper: true }));
}
