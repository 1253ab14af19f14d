import { backend } from '../../backend/select.js';
import { checkBoolean, shapeError } from '../../errors.js';
import { formatShape, sameShape } from '../../shape.js';
import { checkTensor, empty, type Tensor } from '../../tensor.js';
import { checkOneOf, readArgs, type Rest } from '../arguments.js';
import { matmul } from '../matmul.js';
import { add, mul, neg, sub, where } from '../pointwise.js';
import { zerosLike } from '../create.js';
import { recording, scalar, track } from '../primitive.js';
import { cat, narrow, unsqueeze } from '../shape.js';
import { tril, triu } from '../shape-diagonal.js';
import {
  batchOf,
  checkMatrices,
  checkSame,
  flat,
  flatVectors,
  identity,
  onDiagonal,
  room,
  sizes,
  T,
  together,
} from './matrices.js';
import { solveTriangleRight } from './solve.js';

/** An orthogonal and an upper triangular factor. */
export interface QR {
  readonly Q: Tensor;
  readonly R: Tensor;
}

const MODES = ['reduced', 'complete', 'r'] as const;
type Mode = (typeof MODES)[number];

/** Reflectors below a triangle, and their factors. Outside of the graph. */
function reflectors(A: Tensor): { a: Tensor; tau: Tensor } {
  const [m, n] = sizes(A);
  const a = room(batchOf(A), A.dtype, m, n);
  const tau = room(batchOf(A), A.dtype, Math.min(m, n));
  backend.householder(flat(A), flat(a), flatVectors(tau));
  return { a, tau };
}

/** The first columns of the product of reflections. Outside of the graph. */
function product(a: Tensor, tau: Tensor): Tensor {
  const Q = room(batchOf(a), a.dtype, ...sizes(a));
  backend.householderProduct(flat(a), flatVectors(tau), flat(Q));
  return Q;
}

/** Q of a number of columns, and R with as many rows, outside of the graph. */
function factors(A: Tensor, columns: number): QR {
  const { a, tau } = reflectors(A);
  const [m, n] = sizes(A);
  const k = Math.min(m, n);
  const kept = narrow(a, -1, 0, k);
  const wider = columns > k ? cat([kept, empty([...batchOf(A), m, columns - k], A.dtype, true)], -1) : kept;
  return { Q: product(wider, tau), R: triu(narrow(a, -2, 0, columns)) };
}

/**
 * The factors of matrices with at least as many rows as columns.
 * Gradient: `(gQ + Q·s(upper(gR·Rᵀ - Qᵀ·gQ)))·R⁻ᵀ`, with s(X) = X + Xᵀ - diagonal(X).
 */
function tall(op: string, A: Tensor): QR {
  const known = factors(A, sizes(A)[1]);
  const back = (first: Tensor | null, second: Tensor): Tensor => {
    const X = triu(second);
    const both = matmul(Q, add(X, T(triu(X, 1))));
    return solveTriangleRight(op, T(R), first ? add(first, both) : both, { upper: false, unit: false });
  };
  const saved = [known.Q, known.R];
  const Q: Tensor = track(op, known.Q, [A], saved, (g) => [() => back(g, neg(matmul(T(Q), g)))]);
  const R: Tensor = track(op, known.R, [A], saved, (g) => [() => back(null, matmul(g, T(R)))]);
  return { Q, R };
}

function factorize(op: string, A: Tensor, mode: Mode): QR {
  checkMatrices(op, A);
  const [m, n] = sizes(A);
  const k = Math.min(m, n);
  const columns = mode === 'complete' ? m : k;
  if (!recording([A])) {
    const { Q, R } = factors(A, columns);
    return { Q: mode === 'r' ? empty([0], A.dtype) : Q, R };
  }
  if (mode === 'r') shapeError(op, "mode: the gradient needs Q, which 'r' does not compute; take 'reduced'");
  if (columns > k)
    shapeError(op, `mode: Q of ${formatShape(A.shape)} has no gradient when complete; take 'reduced'`);
  if (m >= n) return tall(op, A);
  const { Q, R } = tall(op, narrow(A, -1, 0, m));
  return { Q, R: cat([R, matmul(T(Q), narrow(A, -1, m, n - m))], -1) };
}

/**
 * Q·R = A, with perpendicular columns of length 1 in Q, and an upper triangle R. The diagonal of R has the signs that
 * LAPACK gives it. `mode`: `'reduced'` (default) Q (…, m, k), R (…, k, n), with k the lesser of m and n; `'complete'`
 * Q (…, m, m), R (…, m, n); `'r'` R alone, and Q without elements.
 * Gradient: `(gQ + Q·s(upper(gR·Rᵀ - Qᵀ·gQ)))·R⁻ᵀ`, with s(X) = X + Xᵀ - diagonal(X), for m ≥ n; for m < n that of the
 * first m columns, and `R₂ = Qᵀ·A₂` for the others.
 * Arguments: `mode`, by position or by name.
 * @throws ShapeError when a gradient is wanted where there is none: `'r'`, and `'complete'` with m > n.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.qr.html
 */
export function qr(A: Tensor, ...rest: Rest<[mode: Mode], { readonly mode?: Mode }>): QR {
  const op = 'linalg.qr';
  const { mode = 'reduced' } = readArgs<{ readonly mode?: Mode }>(op, rest, ['mode']);
  checkOneOf(op, 'mode', mode, MODES);
  return factorize(op, A, mode);
}

/**
 * `linalg.qr` in the mode `'reduced'`, or without `some` (default true) `'complete'`.
 * @see https://pytorch.org/docs/stable/generated/torch.qr.html
 */
export function oldQr(input: Tensor, ...rest: Rest<[some: boolean], { readonly some?: boolean }>): QR {
  const { some = true } = readArgs<{ readonly some?: boolean }>('qr', rest, ['some']);
  checkBoolean('qr', 'some', some);
  return factorize('qr', input, some ? 'reduced' : 'complete');
}

/**
 * R, and below its diagonal the reflectors whose product is Q, and their factors τ, as LAPACK has them. No gradient.
 * @see https://pytorch.org/docs/stable/generated/torch.geqrf.html
 */
export function geqrf(input: Tensor): { a: Tensor; tau: Tensor } {
  checkMatrices('geqrf', input, 'input');
  return reflectors(input);
}

function checkReflectors(op: string, A: unknown, tau: unknown): asserts A is Tensor {
  checkMatrices(op, A);
  checkTensor(op, tau, 'tau');
  checkSame(op, 'tau', tau, A);
  const k = tau.ndim === 0 ? -1 : tau.shape[tau.ndim - 1];
  if (k < 0 || k > Math.min(...sizes(A)) || !sameShape(tau.shape.slice(0, -1), batchOf(A)))
    shapeError(op, `A ${formatShape(A.shape)} and tau ${formatShape(tau.shape)} do not fit`);
}

/** Reflector `j`: column j of A below the diagonal, and a 1 on it. */
function reflector(A: Tensor, j: number): Tensor {
  const [m, n] = sizes(A);
  const one = where(narrow(onDiagonal(m, n), 1, j, 1), scalar(1, A.dtype), scalar(0, A.dtype));
  return add(narrow(tril(A, -1), -1, j, 1), one);
}

/** X - τ·v·(vᵀ·X), one reflection after the other, in ops that have gradients. */
function reflect(A: Tensor, tau: Tensor, X: Tensor, order: readonly number[]): Tensor {
  return order.reduce((x, j) => {
    const v = reflector(A, j);
    return sub(x, mul(unsqueeze(narrow(tau, -1, j, 1), -1), matmul(v, matmul(T(v), x))));
  }, X);
}

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/**
 * The first n columns of the product of the reflections `1 - τ·v·vᵀ`, whose v lie below the diagonal of A, after a 1
 * that is not stored. Shapes: A (…, m, n), tau (…, k), k ≤ n ≤ m → (…, m, n).
 * Gradient: those of the reflections, one after the other.
 * @throws ShapeError when shapes do not fit.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.householder_product.html
 */
export const householderProduct = (A: Tensor, tau: Tensor): Tensor =>
  productOf('linalg.householderProduct', A, tau);

/** {@link householderProduct}. @see https://pytorch.org/docs/stable/generated/torch.orgqr.html */
export const orgqr = (input: Tensor, tau: Tensor): Tensor => productOf('orgqr', input, tau);

function productOf(op: string, A: Tensor, tau: Tensor): Tensor {
  checkReflectors(op, A, tau);
  const [m, n] = sizes(A);
  if (m < n) shapeError(op, `A: expected at least as many rows as columns, got ${formatShape(A.shape)}`);
  if (!recording([A, tau])) return product(A, tau);
  // Without reflections nothing depends on A; its gradient is 0 and not missing.
  if (tau.size === 0)
    return track(op, product(A, tau), [A, tau], [], () => [() => zerosLike(A), () => zerosLike(tau)]);
  return reflect(A, tau, identity(batchOf(A), m, A.dtype, n), upTo(tau.shape[tau.ndim - 1]).reverse());
}

/** @inline */
interface OrmqrOptions {
  readonly left?: boolean;
  readonly transpose?: boolean;
}

/**
 * The product of `other` with Q, all of it, given by its reflectors: Q·other, or other·Q without `left`, and Qᵀ with
 * `transpose`. Shapes: input (…, m, k), tau (…, k), other (…, m, n) or (…, n, m).
 * Gradients: those of the reflections, one after the other.
 * Arguments: `left` (default true), `transpose` (default false), by position or by name.
 * @throws ShapeError when shapes do not fit.
 * @see https://pytorch.org/docs/stable/generated/torch.ormqr.html
 */
export function ormqr(
  input: Tensor,
  tau: Tensor,
  other: Tensor,
  ...rest: Rest<[left: boolean, transpose: boolean], OrmqrOptions>
): Tensor {
  const op = 'ormqr';
  const { left = true, transpose = false } = readArgs<OrmqrOptions>(op, rest, ['left', 'transpose']);
  checkBoolean(op, 'left', left);
  checkBoolean(op, 'transpose', transpose);
  checkReflectors(op, input, tau);
  checkMatrices(op, other, 'other');
  checkSame(op, 'other', other, input);
  const columns = left ? other : T(other);
  if (sizes(columns)[0] !== sizes(input)[0])
    shapeError(op, `input ${formatShape(input.shape)} and other ${formatShape(other.shape)} do not fit`);
  const [a, x] = together(op, input, columns);
  // Q is H₁⋯H_k; from the left, its last factor comes first.
  const order = upTo(tau.shape[tau.ndim - 1]);
  const result = reflect(a, tau, x, left !== transpose ? order.reverse() : order);
  return left ? result : T(result);
}
