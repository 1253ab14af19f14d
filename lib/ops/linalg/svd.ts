import { backend } from '../../backend/select.js';
import { checkBoolean } from '../../errors.js';
import { checkTensor, type Tensor } from '../../tensor.js';
import { readArgs, type Rest } from '../arguments.js';
import { matmul } from '../matmul.js';
import { add, div, mul, sub, where } from '../pointwise.js';
import { checkOptions, recording, scalar, track } from '../primitive.js';
import { narrow, unsqueeze } from '../shape.js';
import {
  batchOf,
  checkEach,
  checkMatrices,
  flat,
  flatVectors,
  identity,
  onDiagonal,
  room,
  sizes,
  T,
} from './matrices.js';

/** Singular vectors and values. */
export interface SVD {
  readonly U: Tensor;
  readonly S: Tensor;
  readonly Vh: Tensor;
}

/** What is wrong with a matrix whose singular values or eigenvalues a kernel did not find. */
export const NOT_FOUND =
  'has no values that could be found: it is not finite, or the iteration did not converge';

function compute(op: string, A: Tensor, vectors: 'none' | 'reduced' | 'all'): SVD {
  checkMatrices(op, A);
  const [m, n] = sizes(A);
  const k = Math.min(m, n);
  const batch = batchOf(A);
  const S = room(batch, A.dtype, k);
  const isAll = vectors === 'all';
  if (k === 0) {
    // Any vectors will do.
    const columns = isAll ? m : 0;
    const rows = isAll ? n : 0;
    return { U: identity(batch, m, A.dtype, columns), S, Vh: identity(batch, rows, A.dtype, n) };
  }
  const U = room(batch, A.dtype, m, isAll ? m : k);
  const Vh = room(batch, A.dtype, isAll ? n : k, n);
  const has = vectors !== 'none';
  const bad = backend.svd(flat(A), has ? flat(U) : null, flatVectors(S), has ? flat(Vh) : null);
  checkEach(op, bad, A, NOT_FOUND);
  return { U, S, Vh };
}

/** X - Xᵀ. */
const skew = (X: Tensor): Tensor => sub(X, T(X));
const row = (s: Tensor): Tensor => unsqueeze(s, -2);
const column = (s: Tensor): Tensor => unsqueeze(s, -1);

/** Sⱼ² - Sᵢ² off the diagonal, and 1 on it. */
function differences(S: Tensor): Tensor {
  const E = mul(sub(row(S), column(S)), add(row(S), column(S)));
  return where(onDiagonal(S.shape[S.ndim - 1]), scalar(1, S.dtype), E);
}

/**
 * The decomposition of matrices into what has gradients. Each result knows its own share of the gradient:
 * - S: `U·diag(g)·Vᵀ`;
 * - U: `(U·(skew(Uᵀg)/E)·S + (1 - U·Uᵀ)·g/S)·Vᵀ`, and for Vᵀ the mirror image, with Eᵢⱼ = Sⱼ² - Sᵢ².
 */
function decompose(op: string, A: Tensor, vectors: 'reduced' | 'all'): SVD {
  const known = compute(op, A, vectors);
  if (!recording([A])) return known;
  const [m, n] = sizes(A);
  const k = Math.min(m, n);
  const saved = [known.U, known.S, known.Vh];
  const left = (): Tensor => narrow(U, -1, 0, k);
  const right = (): Tensor => narrow(Vh, -2, 0, k);
  const S: Tensor = track(op, known.S, [A], saved, (g) => [() => matmul(mul(left(), row(g)), right())]);
  const U: Tensor = track(op, known.U, [A], saved, (whole) => [
    () => {
      const [u, g] = [left(), narrow(whole, -1, 0, k)];
      const inside = matmul(T(u), g);
      let forU = matmul(u, mul(div(skew(inside), differences(S)), row(S)));
      if (m > k) forU = add(forU, div(sub(g, matmul(u, inside)), row(S)));
      return matmul(forU, right());
    },
  ]);
  const Vh: Tensor = track(op, known.Vh, [A], saved, (whole) => [
    () => {
      const [vh, g] = [right(), narrow(whole, -2, 0, k)];
      const inside = matmul(vh, T(g));
      let forV = matmul(mul(column(S), div(skew(inside), differences(S))), vh);
      if (n > k) forV = add(forV, div(sub(g, matmul(matmul(g, T(vh)), vh)), column(S)));
      return matmul(left(), forV);
    },
  ]);
  return { U, S, Vh };
}

/** Singular values, and vectors as many, for other ops. */
export const reducedSvd = (op: string, A: Tensor): SVD => decompose(op, A, 'reduced');

/** Singular values alone: with vectors only where gradients need them. */
export const singularValues = (op: string, A: Tensor): Tensor =>
  recording([A]) ? decompose(op, A, 'reduced').S : compute(op, A, 'none').S;

/**
 * U·diag(S)·Vh = A: perpendicular columns of length 1 in U and rows in Vh, singular values in S, descending.
 * Shapes: (…, m, n) → U (…, m, m), S (…, k), Vh (…, n, n), with k the lesser of m and n; without `fullMatrices` U (…, m, k)
 * and Vh (…, k, n). The sign of each pair of vectors is free, and so are all vectors beyond k: no gradient goes to those.
 * Gradient, with Eᵢⱼ = Sⱼ² - Sᵢ² (1 on the diagonal) and skew(X) = X - Xᵀ:
 * `U·((skew(Uᵀ·gU)/E)·S + S·(skew(Vᵀ·gV)/E) + diag(gS))·Vᵀ`, and what lies outside of those vectors, divided by S. It is
 * finite only where singular values differ, unless they alone are used.
 * Arguments: `fullMatrices` (default true), by position or by name.
 * @throws RangeError for a matrix that is not finite.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.svd.html
 */
export function svd(
  A: Tensor,
  ...rest: Rest<[fullMatrices: boolean], { readonly fullMatrices?: boolean; readonly driver?: string | null }>
): SVD {
  const op = 'linalg.svd';
  const { fullMatrices = true } = readArgs<{ fullMatrices?: boolean; driver?: string | null }>(
    op,
    rest,
    ['fullMatrices'],
    ['driver'],
  );
  checkBoolean(op, 'fullMatrices', fullMatrices);
  return decompose(op, A, fullMatrices ? 'all' : 'reduced');
}

/**
 * The singular values of matrices, descending. Shapes: (…, m, n) → (…, k), with k the lesser of m and n.
 * Gradient: `U·diag(g)·Vᵀ`.
 * @throws RangeError for a matrix that is not finite.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.svdvals.html
 */
export function svdvals(A: Tensor, options: { readonly driver?: string | null } = {}): Tensor {
  checkOptions('linalg.svdvals', options, ['driver']);
  checkTensor('linalg.svdvals', A);
  return singularValues('linalg.svdvals', A);
}

/** @inline */
interface OldSvdOptions {
  readonly some?: boolean;
  readonly computeUv?: boolean;
}

/**
 * {@link svd} as it was called before, with V itself. Without `computeUv` U and V are zeros.
 * Arguments: `some` (default true: as many vectors as values), `computeUv` (default true), by position or by name.
 * @see https://pytorch.org/docs/stable/generated/torch.svd.html
 */
export function oldSvd(
  input: Tensor,
  ...rest: Rest<[some: boolean, computeUv: boolean], OldSvdOptions>
): { U: Tensor; S: Tensor; V: Tensor } {
  const op = 'svd';
  const { some = true, computeUv = true } = readArgs<OldSvdOptions>(op, rest, ['some', 'computeUv']);
  checkBoolean(op, 'some', some);
  checkBoolean(op, 'computeUv', computeUv);
  if (computeUv) {
    const { U, S, Vh } = decompose(op, input, some ? 'reduced' : 'all');
    return { U, S, V: T(Vh) };
  }
  const S = singularValues(op, input);
  const [m, n] = sizes(input);
  const none = (size: number): Tensor => mul(identity(batchOf(input), size, input.dtype), 0);
  return { U: none(m), S, V: none(n) };
}

/** `vectors · diag(values)`. */
export const scaleColumns = (vectors: Tensor, values: Tensor): Tensor => mul(vectors, row(values));
