import { backend } from '../../backend/select.js';
import type { Tensor } from '../../tensor.js';
import { checkOneOf, readArgs, type Rest } from '../arguments.js';
import { matmul } from '../matmul.js';
import { div, mul, sub, where } from '../pointwise.js';
import { recording, scalar, track } from '../primitive.js';
import { unsqueeze } from '../shape.js';
import {
  batchOf,
  checkEach,
  checkSquare,
  flat,
  flatVectors,
  onDiagonal,
  room,
  sizes,
  T,
} from './matrices.js';
import { NOT_FOUND } from './svd.js';

/** Eigenvalues, and the eigenvectors as columns. */
export interface Eigen {
  readonly eigenvalues: Tensor;
  readonly eigenvectors: Tensor;
}

/** @inline */
type UPLO = 'L' | 'U';
type UploRest = Rest<[UPLO: UPLO], { readonly UPLO?: UPLO }>;

function readUplo(op: string, A: unknown, rest: readonly unknown[]): Tensor {
  const { UPLO = 'L' } = readArgs<{ readonly UPLO?: UPLO }>(op, rest, ['UPLO']);
  checkOneOf(op, 'UPLO', UPLO, ['L', 'U']);
  checkSquare(op, A);
  return UPLO === 'U' ? T(A) : A;
}

/** The decomposition of symmetric matrices, of which the lower triangle is read. */
export function decompose(op: string, A: Tensor): Eigen {
  const values = room(batchOf(A), A.dtype, sizes(A)[0]);
  const vectors = room(batchOf(A), A.dtype, ...sizes(A));
  checkEach(op, backend.eigh(flat(A), flatVectors(values), flat(vectors)), A, NOT_FOUND);
  if (!recording([A])) return { eigenvalues: values, eigenvectors: vectors };
  const saved = [values, vectors];
  const L: Tensor = track(op, values, [A], saved, (g) => [() => matmul(mul(V, unsqueeze(g, -2)), T(V))]);
  const V: Tensor = track(op, vectors, [A], saved, (g) => [
    () => {
      const X = matmul(T(V), g);
      const E = sub(unsqueeze(L, -2), unsqueeze(L, -1));
      const safe = where(onDiagonal(sizes(A)[0]), scalar(1, A.dtype), E);
      return matmul(V, matmul(div(mul(sub(X, T(X)), 0.5), safe), T(V)));
    },
  ]);
  return { eigenvalues: L, eigenvectors: V };
}

/** The eigenvalues alone: with vectors only where gradients need them. */
export function valuesOf(op: string, A: Tensor): Tensor {
  if (recording([A])) return decompose(op, A).eigenvalues;
  const values = room(batchOf(A), A.dtype, sizes(A)[0]);
  checkEach(op, backend.eigh(flat(A), flatVectors(values), null), A, NOT_FOUND);
  return values;
}

/**
 * V·diag(L)·Vᵀ = A for symmetric matrices, of which one triangle is read: eigenvalues L, ascending, and eigenvectors of
 * length 1, the columns of V, whose signs are free. Shapes: (…, n, n) → (…, n), (…, n, n).
 * Gradient, with Eᵢⱼ = Lⱼ - Lᵢ: `V·(diag(gL) + skew(Vᵀ·gV)/2E)·Vᵀ`, which is symmetric. It is finite only where eigenvalues
 * differ, unless they alone are used.
 * Arguments: `UPLO` (`'L'`, the default, or `'U'`: the triangle that is read), by position or by name.
 * @throws RangeError for a matrix that is not finite.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.eigh.html
 */
export const eigh = (A: Tensor, ...rest: UploRest): Eigen =>
  decompose('linalg.eigh', readUplo('linalg.eigh', A, rest));

/**
 * The eigenvalues of symmetric matrices, ascending. Shapes: (…, n, n) → (…, n).
 * Gradient: `V·diag(g)·Vᵀ`.
 * Arguments: `UPLO` (`'L'`, the default, or `'U'`: the triangle that is read), by position or by name.
 * @throws RangeError for a matrix that is not finite.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.eigvalsh.html
 */
export const eigvalsh = (A: Tensor, ...rest: UploRest): Tensor =>
  valuesOf('linalg.eigvalsh', readUplo('linalg.eigvalsh', A, rest));
