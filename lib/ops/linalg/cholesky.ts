import { backend } from '../../backend/select.js';
import { checkBoolean, shapeError } from '../../errors.js';
import { noGrad } from '../../grad-mode.js';
import { formatShape } from '../../shape.js';
import { empty, type Tensor } from '../../tensor.js';
import { readArgs, type Rest } from '../arguments.js';
import { reshape } from '../broadcast.js';
import { matmul } from '../matmul.js';
import { add, mul, neg } from '../pointwise.js';
import { checkOptions, track } from '../primitive.js';
import { tril } from '../shape-diagonal.js';
import {
  batchOf,
  checkEach,
  checkMatrices,
  checkSame,
  checkSquare,
  counts,
  flat,
  identity,
  once,
  room,
  sizes,
  T,
  together,
} from './matrices.js';
import { readCheckErrors, solveTriangle, solveTriangleRight } from './solve.js';

/** @inline */
interface UpperOption {
  /** Whether the upper triangle is meant. Default false. */
  readonly upper?: boolean;
}

/** L with L·Lᵀ = A, or with `upper` U with Uᵀ·U = A. */
function factor(op: string, A: Tensor, isUpper: boolean, info: Tensor | null): Tensor {
  checkBoolean(op, 'upper', isUpper);
  checkSquare(op, A);
  const L = lowerFactor(op, isUpper ? T(A) : A, info);
  return isUpper ? T(L) : L;
}

function lowerFactor(op: string, A: Tensor, info: Tensor | null): Tensor {
  const out = room(batchOf(A), A.dtype, ...sizes(A));
  checkEach(op, backend.cholesky(flat(A), flat(out), info), A, 'is not positive-definite');
  const L: Tensor = track(op, out, [A], [out], (g) => [
    () => {
      // L⁻ᵀ·φ·L⁻¹ with φ the lower triangle of Lᵀ·g and its mirror image: a symmetric change has a symmetric gradient.
      const below = tril(matmul(T(L), tril(g)));
      const mirrored = mul(add(below, T(tril(below, -1))), 0.5);
      const left = solveTriangle(op, T(L), mirrored, { upper: true, unit: false });
      return solveTriangleRight(op, L, left, { upper: false, unit: false });
    },
  ]);
  return L;
}

/**
 * The lower triangular L with L·Lᵀ = A, for symmetric positive-definite matrices, of which one triangle is read. With
 * `upper`, its transpose. Shapes: (…, n, n) → (…, n, n).
 * Gradient: `L⁻ᵀ·φ·L⁻¹`, with φ half of the lower triangle of `Lᵀ·g` and of its mirror image.
 * Arguments: `upper` (default false), by name.
 * @throws RangeError for a matrix that is not positive-definite.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.cholesky.html
 */
export function cholesky(A: Tensor, options: UpperOption = {}): Tensor {
  checkOptions('linalg.cholesky', options, ['upper']);
  return factor('linalg.cholesky', A, options.upper ?? false, null);
}

/**
 * {@link cholesky} that throws for no matrix: `info` (int32) is 0 for each that is positive-definite, else the order of its
 * first leading minor that is not positive; what is in `L` for such a matrix is NaN.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.cholesky_ex.html
 */
export function choleskyEx(
  A: Tensor,
  options: UpperOption & { readonly checkErrors?: boolean } = {},
): { L: Tensor; info: Tensor } {
  const op = 'linalg.choleskyEx';
  checkOptions(op, options, ['upper', 'checkErrors']);
  const { upper = false, ...rest } = options;
  const checkErrors = readCheckErrors(op, rest);
  checkSquare(op, A);
  if (checkErrors) return { L: factor(op, A, upper, null), info: empty(batchOf(A), 'int32', true) };
  const info = counts(A);
  return { L: factor(op, A, upper, info), info: reshape(info, batchOf(A)) };
}

const readUpper = (op: string, rest: readonly unknown[]): boolean => {
  const { upper = false } = readArgs<UpperOption>(op, rest, ['upper']);
  checkBoolean(op, 'upper', upper);
  return upper;
};

type UpperRest = Rest<[upper: boolean], UpperOption>;

/** `linalg.cholesky`, with `upper` by position too. @see https://pytorch.org/docs/stable/generated/torch.cholesky.html */
export const oldCholesky = (input: Tensor, ...rest: UpperRest): Tensor =>
  factor('cholesky', input, readUpper('cholesky', rest), null);

/**
 * The solution X of A·X = B by the factor L with L·Lᵀ = A (or, with `upper`, its transpose).
 * Shapes: B (…, n, k), L (…, n, n); batches broadcast.
 * Gradients: `A⁻¹·g` for B; for L those of `(L·Lᵀ)⁻¹·B`, as if all of L were read: `-(G·Xᵀ + X·Gᵀ)·L`, with G that of B.
 * Arguments: `upper` (default false), by position or by name.
 * @throws ShapeError when shapes do not fit.
 * @see https://pytorch.org/docs/stable/generated/torch.cholesky_solve.html
 */
export function choleskySolve(B: Tensor, L: Tensor, ...rest: UpperRest): Tensor {
  const op = 'choleskySolve';
  const isUpper = readUpper(op, rest);
  checkSquare(op, L, 'L');
  checkMatrices(op, B, 'B');
  checkSame(op, 'B', B, L);
  if (sizes(B)[0] !== sizes(L)[0])
    shapeError(op, `B ${formatShape(B.shape)} and L ${formatShape(L.shape)} do not fit`);
  const [factors, b] = together(op, L, B);
  return solveBoth(op, isUpper ? T(factors) : factors, b);
}

/** (L·Lᵀ)⁻¹·B, by two triangular systems. */
function solveBoth(op: string, L: Tensor, B: Tensor): Tensor {
  const known = noGrad(() => {
    const first = solveTriangle(op, L, B, { upper: false, unit: false });
    return solveTriangle(op, T(L), first, { upper: true, unit: false });
  });
  const X: Tensor = track(op, known, [L, B], [L, known], (g) => {
    const forB = once(() => solveBoth(op, L, g));
    return [
      () => {
        const outer = matmul(forB(), T(X));
        return neg(matmul(add(outer, T(outer)), L));
      },
      forB,
    ];
  });
  return X;
}

/**
 * The inverse of A by its factor L with L·Lᵀ = A (or, with `upper`, its transpose).
 * Gradient: as {@link choleskySolve}.
 * Arguments: `upper` (default false), by position or by name.
 * @see https://pytorch.org/docs/stable/generated/torch.cholesky_inverse.html
 */
export function choleskyInverse(L: Tensor, ...rest: UpperRest): Tensor {
  const op = 'choleskyInverse';
  const isUpper = readUpper(op, rest);
  checkSquare(op, L, 'L');
  return solveBoth(op, isUpper ? T(L) : L, identity(batchOf(L), sizes(L)[0], L.dtype));
}
