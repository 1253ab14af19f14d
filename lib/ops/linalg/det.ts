import { noGrad } from '../../grad-mode.js';
import type { Tensor } from '../../tensor.js';
import { sum } from '../broadcast.js';
import { zerosLike } from '../create.js';
import { arange } from '../ranges.js';
import { matmul } from '../matmul.js';
import { abs, add, div, eq, log, lt, mul, ne, sign, where } from '../pointwise.js';
import { recording, scalar, track } from '../primitive.js';
import { narrow, squeeze, transpose, unsqueeze } from '../shape.js';
import { diagEmbed, triu } from '../shape-diagonal.js';
import { batchOf, checkSquare, counts, diagonalsOf, identity, onDiagonal, sizes, T } from './matrices.js';
import { factorize, inverseOf, solveFactors, type Factors } from './solve.js';
import { reducedSvd, scaleColumns } from './svd.js';

/** The product along the last dimension, by halves: it has a gradient where factors are 0, too. */
function product(x: Tensor): Tensor {
  const n = x.shape[x.ndim - 1];
  if (n === 0) return add(sum(x, -1), 1);
  if (n === 1) return squeeze(x, -1);
  const half = Math.floor(n / 2);
  const pairs = mul(narrow(x, -1, 0, half), narrow(x, -1, half, half));
  const whole = product(pairs);
  return n % 2 === 0 ? whole : mul(whole, squeeze(narrow(x, -1, n - 1, 1), -1));
}

/** The diagonal of U, and -1 for every exchange of rows. Outside of the graph. */
function partsOf({ LU, pivots }: Factors): { diagonal: Tensor; signs: Tensor } {
  const diagonal = diagonalsOf(LU);
  const n = diagonal.shape[diagonal.ndim - 1];
  const isExchange = ne(pivots, arange(1, n + 1, { dtype: 'int32' }));
  return { diagonal, signs: where(isExchange, scalar(-1, LU.dtype), scalar(1, LU.dtype)) };
}

/**
 * The determinants of square matrices. Shapes: (…, n, n) → (…).
 * Gradient: `g` times the cofactors, which are `det(A)·A⁻ᵀ`, and exist for singular matrices too.
 * @throws ShapeError when matrices are not square.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.det.html
 */
export const det = (A: Tensor): Tensor => determinant('linalg.det', A);

/** {@link det}. @see https://pytorch.org/docs/stable/generated/torch.det.html */
export const oldDet = (input: Tensor): Tensor => determinant('det', input);

function determinant(op: string, A: Tensor): Tensor {
  checkSquare(op, A);
  const factors = noGrad(() => factorize(A, counts(A)));
  const y = noGrad(() => {
    const { diagonal, signs } = partsOf(factors);
    return product(mul(diagonal, signs));
  });
  return track(op, y, [A], [A], (g) => [
    () => mul(unsqueeze(unsqueeze(g, -1), -1), recording([A]) ? cofactors(A) : cofactorsBy(factors)),
  ]);
}

/** det(A)·A⁻ᵀ by the factors of A. A 0 on the diagonal of U is made so small that it makes no difference. */
function cofactorsBy({ LU, pivots }: Factors): Tensor {
  const n = sizes(LU)[0];
  const tiny = scalar(LU.dtype === 'float64' ? 2 ** -52 : 2 ** -23, LU.dtype);
  const isZero = eq(diagonalsOf(LU), 0);
  const raised = where(isZero, tiny, diagonalsOf(LU));
  const nonsingular = where(onDiagonal(n), diagEmbed(raised), LU);
  const { signs } = partsOf({ LU, pivots });
  const d = product(mul(raised, signs));
  const one = identity(batchOf(LU), n, LU.dtype);
  const inverse = solveFactors('linalg.det', { LU: nonsingular, pivots }, one, true);
  return mul(unsqueeze(unsqueeze(d, -1), -1), inverse);
}

/**
 * The cofactors of A, with a gradient. With A = U·diag(s)·Vᵀ and c = det U·det V they are c·U·diag(Π_{k≠i} sₖ)·Vᵀ; nothing is
 * divided by a determinant. Their own derivative, too, is made of products of singular values, less two:
 * pᵢⱼ = Π_{k≠i,j} sₖ. With G = Uᵀ·g·V, it is c·U·M·Vᵀ, where Mⱼⱼ = Σ_{i≠j} pᵢⱼ·Gᵢᵢ and Mⱼᵢ = -pᵢⱼ·Gᵢⱼ.
 */
function cofactors(A: Tensor): Tensor {
  const known = noGrad(() => {
    const parts = reducedSvd('linalg.det', A);
    return mul(orientation(parts.U, parts.Vh), matmul(scaleColumns(parts.U, lessOne(parts.S)), parts.Vh));
  });
  return track('linalg.det', known, [A], [A], (g) => [
    () => {
      const { U, S, Vh } = reducedSvd('linalg.det', A);
      const p = lessTwo(S);
      const G = matmul(matmul(T(U), g), T(Vh));
      const onIt = onDiagonal(sizes(A)[0]);
      const diagonal = squeeze(matmul(p, unsqueeze(diagonalsOf(G), -1)), -1);
      const M = where(onIt, diagEmbed(diagonal), mul(T(mul(p, G)), -1));
      return mul(orientation(U, Vh), matmul(matmul(U, M), Vh));
    },
  ]);
}

/** det U·det V, 1 or -1: (…, 1, 1). */
function orientation(U: Tensor, Vh: Tensor): Tensor {
  const signOf = (x: Tensor): Tensor =>
    noGrad(() => {
      const { diagonal, signs } = partsOf(factorize(x, counts(x)));
      return sign(product(mul(sign(diagonal), signs)));
    });
  return unsqueeze(unsqueeze(mul(signOf(U), signOf(Vh)), -1), -1);
}

/** least / s: at most 1, as s descends; 1 where both are 0, since then another factor is 0 or this one is left out. */
function ratio(least: Tensor, s: Tensor): Tensor {
  const none = eq(s, 0);
  const one = scalar(1, s.dtype);
  return where(none, one, div(least, where(none, one, s)));
}

/** The product of all but one, for each. */
function lessOne(s: Tensor): Tensor {
  const n = s.shape[s.ndim - 1];
  if (n === 0) return s;
  const last = narrow(s, -1, n - 1, 1);
  return mul(unsqueeze(product(narrow(s, -1, 0, n - 1)), -1), ratio(last, s));
}

/** The product of all but two, for each pair; 0 on the diagonal. */
function lessTwo(s: Tensor): Tensor {
  const n = s.shape[s.ndim - 1];
  if (n < 2) return mul(mul(unsqueeze(s, -1), unsqueeze(s, -2)), 0);
  const rest = unsqueeze(unsqueeze(product(narrow(s, -1, 0, n - 2)), -1), -1);
  const first = unsqueeze(ratio(narrow(s, -1, n - 2, 1), s), -1);
  const second = unsqueeze(ratio(narrow(s, -1, n - 1, 1), s), -2);
  // For i < j; the last but one stands for i, the last for j.
  const above = triu(mul(rest, mul(first, second)), 1);
  return add(above, transpose(above, -2, -1));
}

/** The sign of a determinant, and the logarithm of its size. */
export interface SignAndLog {
  readonly sign: Tensor;
  readonly logabsdet: Tensor;
}

function signAndLog(op: string, A: Tensor): SignAndLog {
  checkSquare(op, A);
  return noGrad(() => {
    const { diagonal, signs } = partsOf(factorize(A, counts(A)));
    return {
      sign: product(mul(sign(diagonal), signs)),
      logabsdet: sum(log(abs(diagonal)), -1),
    };
  });
}

/** ln |det A|. Gradient: `g·A⁻ᵀ`. */
function logSize(op: string, A: Tensor, known: Tensor): Tensor {
  return track(op, known, [A], [A], (g) => [
    () => mul(unsqueeze(unsqueeze(g, -1), -1), T(inverseOf(op, A, counts(A)))),
  ]);
}

/**
 * The signs of determinants (0 for singular matrices), and the logarithms of their sizes: they neither overflow nor
 * underflow. Shapes: (…, n, n) → (…), (…).
 * Gradient: `g·A⁻ᵀ` of the logarithm; none of the sign.
 * @throws ShapeError when matrices are not square.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.slogdet.html
 */
export const slogdet = (A: Tensor): SignAndLog => slogdetAs('linalg.slogdet', A);

/** {@link slogdet}. @see https://pytorch.org/docs/stable/generated/torch.slogdet.html */
export const oldSlogdet = (input: Tensor): SignAndLog => slogdetAs('slogdet', input);

function slogdetAs(op: string, A: Tensor): SignAndLog {
  const known = signAndLog(op, A);
  const none = track(op, known.sign, [A], [], () => [() => zerosLike(A)]);
  return { sign: none, logabsdet: logSize(op, A, known.logabsdet) };
}

/**
 * The logarithms of determinants: NaN where they are negative, -∞ where they are 0. Shapes: (…, n, n) → (…).
 * Gradient: `g·A⁻ᵀ`.
 * @see https://pytorch.org/docs/stable/generated/torch.logdet.html
 */
export function logdet(input: Tensor): Tensor {
  const known = signAndLog('logdet', input);
  const y = where(lt(known.sign, 0), scalar(NaN, input.dtype), known.logabsdet);
  return logSize('logdet', input, y);
}
