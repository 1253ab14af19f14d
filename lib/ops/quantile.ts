import { isFloat } from '../dtype.js';
import { checkBoolean, rangeError, shapeError, typeError } from '../errors.js';
import { noGrad } from '../grad-mode.js';
import { formatShape, normalizeDim } from '../shape.js';
import { checkTensor, type Tensor } from '../tensor.js';
import { checkNumber, checkOneOf, readArgs, type Rest } from './arguments.js';
import { lerp } from './arithmetic.js';
import { reshape, sum } from './broadcast.js';
import { ceil, floor, round } from './elementary.js';
import { gather } from './indexing.js';
import { eq, maximum, mul, sub, where } from './pointwise.js';
import { cast, scalar } from './primitive.js';
import { movedim } from './shape-view.js';
import { sort } from './sort.js';

const INTERPOLATIONS = ['linear', 'lower', 'higher', 'midpoint', 'nearest'] as const;

/** What {@link quantile} takes. */
export interface QuantileOptions {
  /** From 0 to 1: a number, or a tensor of up to one dimension and the dtype of the input. */
  readonly q?: number | Tensor;
  /** Default all, as if they were one. */
  readonly dim?: number | null;
  /** Whether the reduced dimension stays, with size 1. Default false. */
  readonly keepdim?: boolean;
  /** What is taken where `q` falls between two elements. Default `'linear'`: what lies between them in proportion. */
  readonly interpolation?: (typeof INTERPOLATIONS)[number];
}
type QuantileRest = Rest<[q: number | Tensor, dim: number | null, keepdim: boolean], QuantileOptions>;

function readQ(op: string, q: unknown, x: Tensor): Tensor {
  if (typeof q === 'number') {
    if (!(q >= 0 && q <= 1)) rangeError(op, `q: expected a number from 0 to 1, got ${q}`);
    return scalar(q, x.dtype);
  }
  checkTensor(op, q, 'q');
  if (q.ndim > 1) shapeError(op, `q: expected at most one dimension, got shape ${formatShape(q.shape)}`);
  if (q.dtype !== x.dtype) typeError(op, `q: expected ${x.dtype}, as the input, got ${q.dtype}`);
  const wrong = q.toArray().find((one) => !(one >= 0 && one <= 1));
  if (wrong !== undefined) rangeError(op, `q: expected numbers from 0 to 1, got ${wrong}`);
  return q;
}

/** The place of each quantile among sorted rows (…, n), as fractions: (…, k). That of a row with NaN is the last. */
function ranks(sorted: Tensor, q: Tensor, skipsNaN: boolean): Tensor {
  const last = sorted.shape[sorted.ndim - 1] - 1;
  const numbers = noGrad(() => cast(sum(eq(sorted, sorted), -1, true), sorted.dtype));
  if (skipsNaN) return mul(q, maximum(sub(numbers, 1), 0));
  return where(eq(numbers, last + 1), mul(q, last), last);
}

function quantiles(op: string, x: Tensor, rest: readonly unknown[], skipsNaN: boolean): Tensor {
  checkTensor(op, x);
  const names = ['q', 'dim', 'keepdim'] as const;
  const options = readArgs<QuantileOptions>(op, rest, names, ['interpolation']);
  const { dim = null, keepdim = false, interpolation = 'linear' } = options;
  if (!isFloat(x.dtype)) typeError(op, `expected float32 or float64, got ${x.dtype}`);
  if (typeof options.q !== 'object') checkNumber(op, 'q', options.q);
  const q = readQ(op, options.q, x);
  checkBoolean(op, 'keepdim', keepdim);
  checkOneOf(op, 'interpolation', interpolation, INTERPOLATIONS);
  const at = dim === null ? 0 : normalizeDim(op, dim, x.ndim);
  const rows = dim === null || x.ndim === 0 ? reshape(x, [x.size]) : movedim(x, at, -1);
  if (rows.shape[rows.ndim - 1] === 0)
    shapeError(op, `nothing to choose from: shape ${formatShape(x.shape)}`);
  const sorted = sort(rows).values;
  const found = pick(sorted, ranks(sorted, reshape(q, [q.size]), skipsNaN), interpolation);
  const kept = dim === null ? x.shape.map(() => 1) : x.ndim === 0 ? [] : x.shape.with(at, 1);
  const shape = keepdim ? kept : dim === null || x.ndim === 0 ? [] : x.shape.toSpliced(at, 1);
  return q.ndim === 0 ? reshape(found, shape) : reshape(movedim(found, -1, 0), [q.size, ...shape]);
}

/** What lies at places among sorted rows. */
function pick(
  sorted: Tensor,
  given: Tensor,
  interpolation: NonNullable<QuantileOptions['interpolation']>,
): Tensor {
  const atRank = (rank: Tensor): Tensor => gather(sorted, -1, cast(rank.detach(), 'int32'));
  if (interpolation === 'lower') return atRank(floor(given));
  if (interpolation === 'higher') return atRank(ceil(given));
  if (interpolation === 'nearest') return atRank(round(given));
  const below = noGrad(() => floor(given));
  const weight = interpolation === 'midpoint' ? 0.5 : sub(given, below);
  return lerp(atRank(below), atRank(ceil(given)), weight);
}

/**
 * The element below which a share `q` of all elements, or of those along `dim`, lies: NaN if one is. With a vector of
 * shares there is a first dimension for them.
 * Gradients: `g` in proportion to the elements that it lies between; for `q`, `g·(n - 1)` times their difference
 * (`'linear'`).
 * @throws RangeError for a share outside [0, 1]; ShapeError for the quantile of nothing; TypeError for integers.
 * @see https://pytorch.org/docs/stable/generated/torch.quantile.html
 */
export const quantile = (x: Tensor, ...rest: QuantileRest): Tensor => quantiles('quantile', x, rest, false);

/**
 * {@link quantile} of what is not NaN; NaN where all are.
 * @see https://pytorch.org/docs/stable/generated/torch.nanquantile.html
 */
export const nanquantile = (x: Tensor, ...rest: QuantileRest): Tensor =>
  quantiles('nanquantile', x, rest, true);
