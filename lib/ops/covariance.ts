import { isFloat } from '../dtype.js';
import { rangeError, shapeError, typeError } from '../errors.js';
import { formatShape } from '../shape.js';
import { checkTensor, type Tensor } from '../tensor.js';
import { checkInteger, readArgs, type Rest } from './arguments.js';
import { reshape, sum } from './broadcast.js';
import { clamp } from './arithmetic.js';
import { matmul } from './matmul.js';
import { div, maximum, mul, sqrt, sub } from './pointwise.js';
import { toFloat } from './primitive.js';
import { squeeze, transpose } from './shape.js';
import { diagonal } from './shape-diagonal.js';

/** What {@link cov} takes by name. */
export interface CovOptions {
  /** What is taken off the number of observations. Default 1. */
  readonly correction?: number;
  /** How often each observation is counted: whole numbers. Default once. */
  readonly fweights?: Tensor | null;
  /** How much each observation weighs. Default all the same. */
  readonly aweights?: Tensor | null;
}

function checkWeights(name: string, weights: Tensor | null, count: number): Tensor | null {
  if (weights === null) return null;
  checkTensor('cov', weights, name);
  if (isFloat(weights.dtype) === (name === 'fweights'))
    typeError(
      'cov',
      `${name}: expected ${name === 'fweights' ? 'integers' : 'floats'}, got ${weights.dtype}`,
    );
  if (weights.ndim > 1 || weights.size !== count)
    shapeError('cov', `${name}: expected ${count} weights, got shape ${formatShape(weights.shape)}`);
  if (weights.toArray().some((w) => w < 0)) rangeError('cov', `${name}: expected no negative weights`);
  return reshape(weights, [count]);
}

/**
 * The covariances of the rows of a matrix, each a variable with its observations: (m, n) → (m, m), without dimensions of
 * size 1; of a vector, its variance. With weights, a weighted mean of the products of deviations from weighted means.
 * Gradient: that of the product of the deviations with themselves.
 * @throws ShapeError for more than two dimensions; RangeError for negative weights.
 * @see https://pytorch.org/docs/stable/generated/torch.cov.html
 */
export function cov(input: Tensor, ...rest: Rest<[], CovOptions>): Tensor {
  checkTensor('cov', input);
  const names = ['correction', 'fweights', 'aweights'] as const;
  const options = readArgs<CovOptions>('cov', rest, [], names);
  const { correction = 1 } = options;
  checkInteger('cov', 'correction', correction);
  return covariances('cov', input, correction, options.fweights ?? null, options.aweights ?? null);
}

function covariances(
  op: string,
  input: Tensor,
  correction: number,
  fweights: Tensor | null,
  aweights: Tensor | null,
): Tensor {
  if (input.ndim > 2) shapeError(op, `expected at most two dimensions, got ${formatShape(input.shape)}`);
  if (input.dtype === 'bool') typeError(op, 'expected numbers, got a bool tensor');
  const x = toFloat(input.ndim === 2 ? input : reshape(input, [1, input.size]));
  const n = x.shape[1];
  const [f, a] = [checkWeights('fweights', fweights, n), checkWeights('aweights', aweights, n)];
  const w = f === null ? a : a === null ? f.to(x.dtype) : mul(f, a);
  if (w === null) {
    const deviations = sub(x, div(sum(x, 1, true), n));
    const products = matmul(deviations, transpose(deviations, 0, 1));
    return squeeze(div(products, Math.max(0, n - correction)));
  }
  const total = sum(w);
  const deviations = sub(x, div(sum(mul(x, w), 1, true), total));
  const lost = a === null || correction === 0 ? correction : div(mul(sum(mul(w, a)), correction), total);
  const products = matmul(mul(deviations, w), transpose(deviations, 0, 1));
  return squeeze(div(products, maximum(sub(total, lost), 0)));
}

/**
 * The correlations of the rows of a matrix, each a variable: their covariances over the roots of their variances.
 * (m, n) → (m, m), without dimensions of size 1; of a vector, 1.
 * Gradient: that of what it is made of.
 * @throws ShapeError for more than two dimensions.
 * @see https://pytorch.org/docs/stable/generated/torch.corrcoef.html
 */
export function corrcoef(x: Tensor): Tensor {
  checkTensor('corrcoef', x);
  const c = covariances('corrcoef', x, 1, null, null);
  if (c.ndim === 0) return div(c, c);
  const deviation = sqrt(diagonal(c));
  const m = deviation.size;
  return clamp(div(div(c, reshape(deviation, [m, 1])), reshape(deviation, [1, m])), -1, 1);
}
