import { isFloat } from '../dtype.js';
import { rangeError, shapeError, typeError } from '../errors.js';
import { formatShape, normalizeDim } from '../shape.js';
import { checkTensor, type Tensor } from '../tensor.js';
import { checkNumber, readArgs, type Args } from './arguments.js';
import { add, div, gt, mul, where } from './pointwise.js';
import { vectorNorm } from './vector-norm.js';

/** What {@link renorm} takes. */
export interface RenormOptions {
  readonly p: number;
  readonly dim: number;
  readonly maxnorm: number;
}

/**
 * `x` with those slices along `dim` made shorter whose `p`-norm is larger than `maxnorm`: times `maxnorm / (norm + 1e-7)`.
 * Gradient: that of the product and of the norm.
 * @throws RangeError when p is not positive, or maxnorm negative; ShapeError for fewer than two dimensions.
 * @see https://pytorch.org/docs/stable/generated/torch.renorm.html
 */
export function renorm(
  x: Tensor,
  ...args: Args<[p: number, dim: number, maxnorm: number], RenormOptions>
): Tensor {
  checkTensor('renorm', x);
  const { p, dim, maxnorm } = readArgs<RenormOptions>('renorm', args, ['p', 'dim', 'maxnorm']);
  if (!isFloat(x.dtype)) typeError('renorm', `expected float32 or float64, got ${x.dtype}`);
  checkNumber('renorm', 'p', p);
  checkNumber('renorm', 'maxnorm', maxnorm);
  if (!(p > 0)) rangeError('renorm', `p: expected a positive number, got ${p}`);
  if (!(maxnorm >= 0)) rangeError('renorm', `maxnorm: expected a number from 0, got ${maxnorm}`);
  if (x.ndim < 2) shapeError('renorm', `expected at least two dimensions, got ${formatShape(x.shape)}`);
  const at = normalizeDim('renorm', dim, x.ndim);
  const others = x.shape.map((_, d) => d).filter((d) => d !== at);
  const length = vectorNorm(x, p, others, true);
  return mul(x, where(gt(length, maxnorm), div(maxnorm, add(length, 1e-7)), 1));
}
