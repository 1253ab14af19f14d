import { checkDType, isFloat, type DType } from '../dtype.js';
import { checkBoolean, describe, rangeError, shapeError, typeError } from '../errors.js';
import { formatShape, normalizeDims } from '../shape.js';
import { checkTensor, type Tensor } from '../tensor.js';
import { readArgs, type Rest } from './arguments.js';
import { matrixNormOver, readPair } from './linalg/matrix-norm.js';
import { sub } from './pointwise.js';
import { cast, toFloat } from './primitive.js';
import type { Dims } from './reduce-args.js';
import { vectorNorm } from './vector-norm.js';

/** What {@link norm} takes. */
export interface OldNormOptions {
  /** Default `'fro'`. */
  readonly p?: number | 'fro' | 'nuc' | null;
  /** Default all. */
  readonly dim?: Dims;
  /** Whether reduced dimensions stay, with size 1. Default false. */
  readonly keepdim?: boolean;
  /** What the input is converted to first. Default none. */
  readonly dtype?: DType | null;
}

/**
 * The norm `(Σ |x|ᵖ)^(1/p)` of all elements, or over `dim`, however many: 0 counts what is not 0, ±Infinity is the largest
 * and the smallest |x|, `'fro'` the same as 2. `'nuc'` is the sum of the singular values of matrices, in two dimensions.
 * {@link linalg.vectorNorm} and {@link linalg.matrixNorm} are clearer about which is meant.
 * Gradient: as there; a norm of 0 has none.
 * @throws TypeError for integers; RangeError for the largest of nothing.
 * @see https://pytorch.org/docs/stable/generated/torch.norm.html
 */
export function norm(
  input: Tensor,
  ...rest: Rest<
    [p: number | 'fro' | 'nuc' | null, dim: Dims, keepdim: boolean, dtype: DType | null],
    OldNormOptions
  >
): Tensor {
  checkTensor('norm', input);
  const names = ['p', 'dim', 'keepdim', 'dtype'] as const;
  const options = readArgs<OldNormOptions>('norm', rest, names);
  const { dim = null, keepdim = false, dtype = null } = options;
  const p = options.p ?? 'fro';
  checkBoolean('norm', 'keepdim', keepdim);
  if (dtype !== null) checkDType('norm', dtype);
  const to = dtype ?? input.dtype;
  if (!isFloat(to)) typeError('norm', `expected float32 or float64, got ${to}`);
  const x = cast(input, to);
  if (p === 'nuc') {
    if (dim === null && x.ndim !== 2)
      shapeError('norm', `'nuc' without dim: expected a matrix, got shape ${formatShape(x.shape)}`);
    return matrixNormOver('norm', x, 'nuc', readPair('norm', x, dim ?? [0, 1]), keepdim);
  }
  const order = p === 'fro' ? 2 : p;
  if (typeof order !== 'number')
    rangeError('norm', `p: expected a number, 'fro' or 'nuc', got ${describe(p)}`);
  const dims = normalizeDims('norm', Array.isArray(dim) && dim.length === 0 ? null : dim, x.ndim);
  if ((order < 0 || order === Infinity) && dims.some((d) => x.shape[d] === 0))
    rangeError('norm', `p ${order} has no value over nothing: shape ${formatShape(x.shape)}`);
  return vectorNorm(x, order, dims, keepdim);
}

/**
 * {@link norm} of the difference `input - other`, which broadcast.
 * Gradients: that of the norm, for `other` its negative.
 * @see https://pytorch.org/docs/stable/generated/torch.dist.html
 */
export function dist(
  input: Tensor,
  other: Tensor,
  ...rest: Rest<[p: number], { readonly p?: number }>
): Tensor {
  checkTensor('dist', input);
  checkTensor('dist', other, 'other');
  const { p = 2 } = readArgs<{ readonly p?: number }>('dist', rest, ['p']);
  return norm(sub(toFloat(input), toFloat(other)), p);
}
