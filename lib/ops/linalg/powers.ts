import { describe, rangeError, shapeError, typeError } from '../../errors.js';
import { noGrad } from '../../grad-mode.js';
import { formatShape, normalizeDim } from '../../shape.js';
import { checkTensor, empty, type Tensor } from '../../tensor.js';
import { checkInteger, readArgs, type Rest } from '../arguments.js';
import { reshape, sum } from '../broadcast.js';
import { zeros } from '../create.js';
import { matmul, matmulAs } from '../matmul.js';
import { abs, add, mul } from '../pointwise.js';
import { cast, checkOptions, track } from '../primitive.js';
import { amax } from '../reduce.js';
import { cat, narrow, permute, unsqueeze } from '../shape.js';
import { diagonalOf } from '../shape-diagonal.js';
import { batchOf, checkSquare, identity, sizes, T } from './matrices.js';
import { chain } from './products.js';
import { inverseOf, solveAs } from './solve.js';

/**
 * A multiplied by itself n times; with n < 0 the inverse, -n times. Shapes: (…, k, k) → (…, k, k).
 * Gradients: those of the products, as many as n has digits in base two.
 * @throws RangeError for a singular matrix when n < 0, TypeError when n is not a whole number.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.matrix_power.html
 */
export const matrixPower = (A: Tensor, n: number): Tensor => power('linalg.matrixPower', A, n);

/** {@link matrixPower}. @see https://pytorch.org/docs/stable/generated/torch.matrix_power.html */
export const oldMatrixPower = (input: Tensor, n: number): Tensor => power('matrixPower', input, n);

function power(op: string, A: Tensor, n: number): Tensor {
  checkSquare(op, A);
  checkInteger(op, 'n', n);
  // Not the identity itself: A has a gradient, which is 0.
  if (n === 0) return add(mul(noNumber(A), 0), identity(batchOf(A), sizes(A)[0], A.dtype));
  let base = n < 0 ? inverseOf(op, A, null) : A;
  let result: Tensor | null = null;
  for (let rest = Math.abs(n); ; base = matmul(base, base)) {
    if (rest % 2 === 1) result = result === null ? base : matmul(result, base);
    rest = Math.floor(rest / 2);
    if (rest === 0) return result ?? base;
  }
}

/** Zeros that come from `x`, whatever is in it. */
const noNumber = (x: Tensor): Tensor =>
  track('matrixPower', empty(x.shape, x.dtype, true), [x], [], (g) => [() => mul(g, 0)]);

/** How large a matrix may be (its 1-norm) for a polynomial of degree 18 to be exact to the last digit in float64. */
const THETA = 1.09;
/** 1/k! for k up to 18. */
const FACTORS = Array.from({ length: 19 }, (_, k) => {
  let product = 1;
  for (let i = 2; i <= k; i++) product *= i;
  return 1 / product;
});

/**
 * The exponential of matrices, Σ Aᵏ/k!. Shapes: (…, n, n) → (…, n, n).
 * Computed from A divided by a power of two, by Taylor's polynomial, and squared as often. Reads how large A is: not for
 * `compile`.
 * Gradient: the upper right quarter of the exponential of [[Aᵀ, g], [0, Aᵀ]].
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.matrix_exp.html
 */
export const matrixExp = (A: Tensor): Tensor => exponential('linalg.matrixExp', A);

/** {@link matrixExp}. @see https://pytorch.org/docs/stable/generated/torch.matrix_exp.html */
export const oldMatrixExp = (input: Tensor): Tensor => exponential('matrixExp', input);

function exponential(op: string, A: Tensor): Tensor {
  checkSquare(op, A);
  const y = noGrad(() => taylor(A));
  return track(op, y, [A], [A], (g) => [
    () => {
      const n = sizes(A)[0];
      const zero = empty(A.shape, A.dtype, true);
      const block = cat([cat([T(A), g], -1), cat([zero, T(A)], -1)], -2);
      return narrow(narrow(exponential(op, block), -2, 0, n), -1, n, n);
    },
  ]);
}

function taylor(A: Tensor): Tensor {
  const one = identity(batchOf(A), sizes(A)[0], A.dtype);
  if (A.size === 0) return add(A, 0);
  const size = amax(sum(abs(A), -2)).item();
  const halvings = Number.isFinite(size) ? Math.max(0, Math.ceil(Math.log2(size / THETA))) : 0;
  const X = mul(A, 2 ** -halvings);
  // Horner's rule in X³: three coefficients at a time (Paterson, Stockmeyer).
  const X2 = matmul(X, X);
  const X3 = matmul(X2, X);
  const terms = (k: number): Tensor =>
    add(add(mul(one, FACTORS[k]), mul(X, FACTORS[k + 1])), mul(X2, FACTORS[k + 2]));
  let y = add(terms(15), mul(X3, FACTORS[18]));
  for (let k = 12; k >= 0; k -= 3) y = add(terms(k), matmul(X3, y));
  for (let i = 0; i < halvings; i++) y = matmul(y, y);
  return y;
}

/**
 * The product of matrices, in the order that takes the fewest multiplications. The first may be a row, and the last a
 * column: vectors, whose dimension the result then lacks.
 * Gradients: as {@link matmul}.
 * @throws TypeError for fewer than two tensors; ShapeError when they do not fit together.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.multi_dot.html
 */
export function multiDot(tensors: readonly Tensor[]): Tensor {
  const op = 'linalg.multiDot';
  if (!Array.isArray(tensors) || tensors.length < 2)
    typeError(op, `expected a list of at least two tensors, got ${describe(tensors)}`);
  const list = tensors as readonly Tensor[];
  list.forEach((x, i) => {
    checkTensor(op, x, `tensors[${i}]`);
    const isEnd = i === 0 || i === list.length - 1;
    if (x.ndim !== 2 && !(isEnd && x.ndim === 1))
      shapeError(
        op,
        `tensors[${i}]: expected a matrix${isEnd ? ' or a vector' : ''}, got ${formatShape(x.shape)}`,
      );
  });
  const [first, last] = [list[0], list[list.length - 1]];
  const matrices = list.map((x, i) => (x.ndim === 2 ? x : unsqueeze(x, i === 0 ? 0 : 1)));
  const y = chain(op, matrices);
  const shape = y.shape.filter((_, dim) => (dim === 0 ? first : last).ndim === 2);
  return reshape(y, shape);
}

/** @inline */
interface VanderOptions {
  readonly N?: number | null;
}

/**
 * The powers of every element, from 0 on. Shapes: (…, n) → (…, n, N).
 * Gradients: those of the products.
 * Arguments: `N` (default n), by name.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.vander.html
 */
export function vander(input: Tensor, options: VanderOptions = {}): Tensor {
  const op = 'linalg.vander';
  checkTensor(op, input);
  checkOptions(op, options, ['N']);
  const x = input.ndim === 0 ? reshape(input, [1]) : input;
  const count = options.N ?? x.shape[x.ndim - 1];
  if (!Number.isInteger(count) || count < 2)
    rangeError(op, `N: expected a whole number from 2, got ${describe(options.N ?? count)}`);
  const column =
    x.dtype === 'bool' || x.dtype === 'uint8' ? unsqueeze(cast(x, 'int32'), -1) : unsqueeze(x, -1);
  const powers = [add(zeros(column.shape, { dtype: column.dtype }), 1), column];
  while (powers.length < count) powers.push(mul(powers[powers.length - 1], column));
  return cat(powers, -1);
}

/**
 * The inverse of `tensordot(A, ·, A.ndim - ind)`: A as a matrix from its last dimensions to its first `ind` ones.
 * Shapes: (…a, …b) → (…b, …a), where the sizes of a and of b have one product.
 * Gradient: as {@link inv}.
 * Arguments: `ind` (default 2), by position or by name.
 * @throws ShapeError when the products differ; RangeError for a singular one.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.tensorinv.html
 */
export function tensorinv(A: Tensor, ...rest: Rest<[ind: number], { readonly ind?: number }>): Tensor {
  const op = 'linalg.tensorinv';
  const { ind = 2 } = readArgs<{ readonly ind?: number }>(op, rest, ['ind']);
  checkTensor(op, A, 'A');
  checkInteger(op, 'ind', ind, 1);
  const [left, right] = [A.shape.slice(0, ind), A.shape.slice(ind)];
  const [m, n] = [left, right].map((part) => part.reduce((product, size) => product * size, 1));
  if (m !== n)
    shapeError(
      op,
      `the first ${ind} dimensions of ${formatShape(A.shape)} have ${m} elements, the others ${n}`,
    );
  return reshape(inverseOf(op, reshape(A, [m, n]), null), [...right, ...left]);
}

/** @inline */
interface TensorsolveOptions {
  readonly dims?: readonly number[] | null;
}

/**
 * The X with `tensordot(A, X, X.ndim) = B`. Shapes: A (…b, …x) with as many elements in b as in x, B (…b) → (…x).
 * Gradient: as {@link solve}.
 * Arguments: `dims` (dimensions of A that are moved to its end before), by position or by name.
 * @throws ShapeError when sizes do not fit; RangeError for a singular one.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.tensorsolve.html
 */
export function tensorsolve(
  A: Tensor,
  B: Tensor,
  ...rest: Rest<[dims: readonly number[] | null], TensorsolveOptions>
): Tensor {
  const op = 'linalg.tensorsolve';
  const { dims = null } = readArgs<TensorsolveOptions>(op, rest, ['dims']);
  checkTensor(op, A, 'A');
  checkTensor(op, B, 'B');
  const moved = (dims ?? []).map((dim) => normalizeDim(op, dim, A.ndim));
  const order = A.shape.map((_, dim) => dim).filter((dim) => !moved.includes(dim));
  const a = permute(A, [...order, ...moved]);
  const shape = a.shape.slice(B.ndim);
  const n = shape.reduce((product, size) => product * size, 1);
  if (n !== B.size || n * n !== A.size)
    shapeError(op, `A ${formatShape(A.shape)} and B ${formatShape(B.shape)} do not fit`);
  return reshape(solveAs(op, reshape(a, [n, n]), reshape(B, [n]), {}, false).result, shape);
}

/**
 * The dot products of vectors along a dimension. Shapes broadcast, and `dim` is dropped.
 * Gradients: `g·y`, `g·x`.
 * Arguments: `dim` (default -1), by name.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.vecdot.html
 */
export function vecdot(x: Tensor, y: Tensor, options: { readonly dim?: number } = {}): Tensor {
  const op = 'linalg.vecdot';
  checkTensor(op, x, 'x');
  checkTensor(op, y, 'y');
  checkOptions(op, options, ['dim']);
  const products = mul(x, y);
  return sum(products, normalizeDim(op, options.dim ?? -1, products.ndim));
}

/** @inline */
interface DiagonalOptions {
  readonly offset?: number;
  readonly dim1?: number;
  readonly dim2?: number;
}

/**
 * The diagonals of matrices, as a view; they become the last dimension.
 * Gradient: `g` on the diagonal of zeros.
 * Arguments: `offset` (default 0; above 0 to the right), `dim1` (default -2), `dim2` (default -1), by name.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.diagonal.html
 */
export function diagonal(A: Tensor, options: DiagonalOptions = {}): Tensor {
  const op = 'linalg.diagonal';
  checkTensor(op, A, 'A');
  checkOptions(op, options, ['offset', 'dim1', 'dim2']);
  const { offset = 0, dim1 = -2, dim2 = -1 } = options;
  checkInteger(op, 'offset', offset);
  if (A.ndim < 2) shapeError(op, `A: expected at least two dimensions, got ${formatShape(A.shape)}`);
  const [first, second] = [dim1, dim2].map((dim) => normalizeDim(op, dim, A.ndim));
  if (first === second) rangeError(op, `dim1 and dim2: expected two dimensions, got ${dim1} and ${dim2}`);
  return diagonalOf(op, A, [offset, first, second]);
}

/** {@link matmul} as `linalg` has it. @see https://pytorch.org/docs/stable/generated/torch.linalg.matmul.html */
export const linalgMatmul = (input: Tensor, other: Tensor): Tensor => matmulAs('linalg.matmul', input, other);
