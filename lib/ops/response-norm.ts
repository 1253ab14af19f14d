import { rangeError, shapeError } from '../errors.js';
import { formatShape, normalizeDims, sameShape, type Shape } from '../shape.js';
import { checkTensor, empty, type Tensor } from '../tensor.js';
import { checkInteger, checkNumber, readArgs, readSettings, type Rest } from './arguments.js';
import { atLeast } from './bounds.js';
import { checkAffine, checkFinite, checkFloat, readNormalizedShape } from './normalization.js';
import { add, div, mul, pow, reciprocal, sqrt, square } from './pointwise.js';
import { toFloat } from './primitive.js';
import { mean } from './reduce.js';
import { cat, narrow } from './shape.js';
import { vectorNorm } from './vector-norm.js';

/** What {@link rmsNorm} takes by name. */
export interface RmsNormOptions {
  /** What the normalized is multiplied with, in the shape that is normalized. Default none. */
  readonly weight?: Tensor | null;
  /** Added to the mean of the squares. Default: the distance from 1 to the next number of the dtype. */
  readonly eps?: number | null;
}

const EPSILON = { float32: 2 ** -23, float64: Number.EPSILON };

/**
 * `x / √(mean(x²) + eps) · weight`, with the mean over the last dimensions, whose sizes are `normalizedShape` (a number
 * for one dimension).
 * Shapes: x (…, ...normalizedShape), weight normalizedShape → that of x.
 * Gradients, with r the root, y = x/r and h = g·weight: x `(h - y·mean(h·y))/r`; weight `Σ g·y` over the other dimensions.
 * @throws ShapeError when x does not end in `normalizedShape`; TypeError when dtypes differ.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.rms_norm.html
 */
export function rmsNorm(
  x: Tensor,
  normalizedShape: number | Shape,
  ...rest: Rest<[weight: Tensor | null, eps: number | null], RmsNormOptions>
): Tensor {
  const op = 'rmsNorm';
  checkFloat(op, x);
  const shape = readNormalizedShape(op, normalizedShape);
  const { weight = null, eps: given } = readArgs<RmsNormOptions>(op, rest, ['weight', 'eps']);
  const eps = given ?? EPSILON[x.dtype as 'float32'];
  checkFinite(op, 'eps', eps);
  const lead = x.ndim - shape.length;
  if (lead < 0 || !sameShape(x.shape.slice(lead), shape))
    shapeError(op, `input of shape ${formatShape(x.shape)} does not end in ${formatShape(shape)}`);
  if (weight !== null) checkAffine(op, 'weight', weight, shape, x);
  const dims = shape.map((_, i) => lead + i);
  const y = mul(x, reciprocal(sqrt(add(mean(square(x), dims, true), eps))));
  return weight === null ? y : mul(y, weight);
}

/** What {@link localResponseNorm} takes by name. */
export interface LocalResponseNormOptions {
  /** What the mean of the squares is multiplied with. Default 1e-4. */
  readonly alpha?: number;
  /** The power of the divisor. Default 0.75. */
  readonly beta?: number;
  /** Added before the power. Default 1. */
  readonly k?: number;
}

/** The arguments of {@link localResponseNorm}. */
export const readResponse = (op: string, rest: readonly unknown[]): Required<LocalResponseNormOptions> =>
  readSettings(op, rest, { alpha: 1e-4, beta: 0.75, k: 1 });

/**
 * `x / (k + alpha·m)^beta`, with m the mean of the squares of `size` neighbouring channels, those beyond the edges being 0.
 * Shapes: (N, C, L, …) → the same.
 * Gradient: that of the quotient.
 * @throws ShapeError when there are fewer than three dimensions.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.local_response_norm.html
 */
export function localResponseNorm(
  input: Tensor,
  size: number,
  ...rest: Rest<[alpha: number, beta: number, k: number], LocalResponseNormOptions>
): Tensor {
  const op = 'localResponseNorm';
  checkTensor(op, input);
  checkInteger(op, 'size', size, 1);
  const { alpha, beta, k } = readResponse(op, rest);
  if (input.ndim < 3) shapeError(op, `expected (N, C, L, …), got ${formatShape(input.shape)}`);
  const x = toFloat(input);
  const [count, channels, ...sizes] = x.shape;
  const edge = (width: number): Tensor => empty([count, width, ...sizes], x.dtype, true);
  const squares = cat([edge(Math.floor(size / 2)), square(x), edge(Math.floor((size - 1) / 2))], 1);
  let total = narrow(squares, 1, 0, channels);
  for (let i = 1; i < size; i++) total = add(total, narrow(squares, 1, i, channels));
  return div(x, pow(add(mul(total, alpha / size), k), beta));
}

/** What {@link normalize} takes by name. */
export interface NormalizeOptions {
  /** The power of the norm. Default 2. */
  readonly p?: number;
  /** The dimension along which vectors lie, or several. Default 1. */
  readonly dim?: number | readonly number[];
  /** The least length a vector is divided by. Default 1e-12. */
  readonly eps?: number;
}

/**
 * Vectors along `dim` divided by their p-norms: `x / max(‖x‖ₚ, eps)`.
 * Gradient: `(g - y·Σ g·y)/‖x‖` for p = 2 and y the result.
 * @throws RangeError when there is no such dimension.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.normalize.html
 */
export function normalize(
  input: Tensor,
  ...rest: Rest<[p: number, dim: number | readonly number[], eps: number], NormalizeOptions>
): Tensor {
  const op = 'normalize';
  checkTensor(op, input);
  const { p = 2, dim = 1, eps = 1e-12 } = readArgs<NormalizeOptions>(op, rest, ['p', 'dim', 'eps']);
  checkNumber(op, 'p', p);
  checkNumber(op, 'eps', eps);
  if (Number.isNaN(p)) rangeError(op, 'p: expected a number, got NaN');
  const x = toFloat(input);
  const dims = normalizeDims(op, dim, x.ndim);
  return div(x, atLeast(vectorNorm(x, p, dims, true), eps));
}
