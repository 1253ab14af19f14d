import { isFloat } from '../dtype.js';
import { checkBoolean, rangeError, shapeError, typeError } from '../errors.js';
import { noGrad } from '../grad-mode.js';
import { formatShape, sameShape } from '../shape.js';
import { checkTensor, empty, type Tensor } from '../tensor.js';
import { checkInteger, checkNumber, readArgs, type Rest } from './arguments.js';
import { reshape, sum } from './broadcast.js';
import { linspace } from './ranges.js';
import { trunc } from './elementary.js';
import { toIndex } from './indexing-place.js';
import { indexAdd } from './indexing-slices.js';
import { logicalAnd } from './logic.js';
import { add, div, eq, ge, le, mul, sub, where } from './pointwise.js';
import { cast } from './primitive.js';
import { narrow } from './shape.js';
import { searchsorted } from './search.js';

// How many elements there are of each kind.

/** What {@link bincount} takes. */
export interface BincountOptions {
  /** What each element counts. Default 1. */
  readonly weights?: Tensor | null;
  /** The least size of the result. Default 0. */
  readonly minlength?: number;
}

/**
 * How many elements of a vector of whole numbers are 0, 1, 2, … up to the largest, in int32; or the sums of their weights,
 * in float64 unless they are float32.
 * Gradient for the weights: `g` of each element's place.
 * @throws RangeError for negative elements; ShapeError for anything but one dimension.
 * @see https://pytorch.org/docs/stable/generated/torch.bincount.html
 */
export function bincount(
  x: Tensor,
  ...rest: Rest<[weights: Tensor | null, minlength: number], BincountOptions>
): Tensor {
  const names = ['weights', 'minlength'] as const;
  const { weights = null, minlength = 0 } = readArgs<BincountOptions>('bincount', rest, names);
  const index = toIndex('bincount', x);
  checkInteger('bincount', 'minlength', minlength, 0);
  if (index.ndim !== 1) shapeError('bincount', `expected one dimension, got shape ${formatShape(x.shape)}`);
  if (weights !== null) checkTensor('bincount', weights, 'weights');
  if (weights !== null && !sameShape(weights.shape, x.shape))
    shapeError(
      'bincount',
      `weights: expected shape ${formatShape(x.shape)}, got ${formatShape(weights.shape)}`,
    );
  let most = -1;
  for (const value of index.toArray()) {
    if (value < 0) rangeError('bincount', `expected no negative numbers, got ${value}`);
    if (value > most) most = value;
  }
  const src = weights === null ? ones(index) : isFloat(weights.dtype) ? weights : cast(weights, 'float64');
  return indexAdd(empty([Math.max(most + 1, minlength)], src.dtype, true), 0, index, src);
}

const ones = (like: Tensor, dtype: Tensor['dtype'] = 'int32'): Tensor =>
  add(empty(like.shape, dtype, true), 1);

/** The ends of a range, or of the elements when they are the same; `apart` at both sides when these are, too. */
function readRange(op: string, x: Tensor, min: number, max: number, apart: number): [number, number] {
  let [low, high] = [min, max];
  if (low === high && x.size > 0) {
    [low, high] = [Infinity, -Infinity];
    for (const value of x.toArray()) {
      if (!Number.isFinite(value)) rangeError(op, `expected numbers between min and max, got ${value}`);
      [low, high] = [Math.min(low, value), Math.max(high, value)];
    }
  }
  if (!Number.isFinite(low) || !Number.isFinite(high) || low > high)
    rangeError(op, `expected a range from min to max, got ${low} to ${high}`);
  return low === high ? [low - apart, high + apart] : [low, high];
}

/** What {@link histc} takes. */
export interface HistcOptions {
  /** Default 100. */
  readonly bins?: number;
  /** Default 0. Where `min` and `max` are the same, the smallest and the largest element take their place. */
  readonly min?: number;
  /** Default 0. */
  readonly max?: number;
}

/**
 * How many elements fall into each of so many bins of the same width between `min` and `max`, in the dtype of `x`. An element
 * between two bins belongs to the upper one, the largest to the last; others, and NaN, do not count. No gradient.
 * @throws RangeError for infinite ends, or the wrong way round; TypeError for integers.
 * @see https://pytorch.org/docs/stable/generated/torch.histc.html
 */
export function histc(
  x: Tensor,
  ...rest: Rest<[bins: number, min: number, max: number], HistcOptions>
): Tensor {
  checkTensor('histc', x);
  const names = ['bins', 'min', 'max'] as const;
  const { bins = 100, min = 0, max = 0 } = readArgs<HistcOptions>('histc', rest, names);
  checkInteger('histc', 'bins', bins, 1);
  checkNumber('histc', 'min', min);
  checkNumber('histc', 'max', max);
  if (!isFloat(x.dtype)) typeError('histc', `expected float32 or float64, got ${x.dtype}`);
  const [low, high] = readRange('histc', x, min, max, 1);
  return noGrad(() => {
    const flat = reshape(x, [x.size]);
    const isIn = logicalAnd(ge(flat, low), le(flat, high));
    const place = trunc(div(mul(sub(where(isIn, flat, low), low), bins), high - low));
    return counted(place, isIn, ones(flat, x.dtype), bins);
  });
}

/** The sums of weights by bins; what comes to the end of the last one is in it. */
function counted(place: Tensor, isIn: Tensor, weights: Tensor, bins: number): Tensor {
  const index = cast(where(eq(place, bins), bins - 1, place), 'int32');
  return indexAdd(empty([bins], weights.dtype, true), 0, index, where(isIn, weights, 0));
}

/** What {@link histogram} takes by name. */
export interface HistogramOptions {
  /** How many bins, or their edges in ascending order, one more than bins. */
  readonly bins?: number | Tensor;
  /** From where to where bins of the same width lie. Default: from the smallest element to the largest. */
  readonly range?: readonly number[] | null;
  /** What each element counts, in the shape of `x`. Default 1. */
  readonly weight?: Tensor | null;
  /** Whether to divide by the sum and by the widths, so that the area is 1. Default false. */
  readonly density?: boolean;
}

/**
 * How many elements fall into each of some bins, and the edges of the bins. An element at an edge belongs to the upper bin,
 * at the last one to the last; others, and NaN, do not count. No gradient.
 * @throws RangeError for infinite ends, or the wrong way round; TypeError for integers.
 * @see https://pytorch.org/docs/stable/generated/torch.histogram.html
 */
export function histogram(
  x: Tensor,
  ...rest: Rest<[bins: number | Tensor], HistogramOptions>
): { readonly hist: Tensor; readonly binEdges: Tensor } {
  const op = 'histogram';
  const options = readArgs<HistogramOptions>(op, rest, ['bins'], ['range', 'weight', 'density']);
  const { bins, range = null, weight = null, density = false } = options;
  checkTensor(op, x);
  checkBoolean(op, 'density', density);
  if (!isFloat(x.dtype)) typeError(op, `expected float32 or float64, got ${x.dtype}`);
  if (weight !== null) checkTensor(op, weight, 'weight');
  if (weight !== null && (!sameShape(weight.shape, x.shape) || weight.dtype !== x.dtype))
    shapeError(op, `weight: expected shape ${formatShape(x.shape)} and dtype ${x.dtype} as the input`);
  return noGrad(() => {
    const binEdges = edges(x, bins, range);
    const n = binEdges.size - 1;
    const flat = reshape(x, [x.size]);
    const isIn = logicalAnd(ge(flat, narrow(binEdges, 0, 0, 1)), le(flat, narrow(binEdges, 0, n, 1)));
    const place = sub(
      searchsorted(binEdges, where(isIn, flat, narrow(binEdges, 0, 0, 1)), { right: true }),
      1,
    );
    const weights = weight === null ? ones(flat, x.dtype) : reshape(weight, [x.size]);
    const hist = counted(place, isIn, weights, n);
    if (!density) return { hist, binEdges };
    const widths = sub(narrow(binEdges, 0, 1, n), narrow(binEdges, 0, 0, n));
    return { hist: div(div(hist, sum(hist)), widths), binEdges };
  });
}

function edges(x: Tensor, bins: unknown, range: readonly number[] | null): Tensor {
  const op = 'histogram';
  if (typeof bins === 'object') {
    checkTensor(op, bins, 'bins');
    if (bins.ndim !== 1 || bins.size < 2 || bins.dtype !== x.dtype)
      shapeError(op, `bins: expected at least two edges in ${x.dtype}, got ${formatShape(bins.shape)}`);
    if (range !== null) typeError(op, 'range: bins are given by their edges already');
    return bins;
  }
  checkInteger(op, 'bins', bins, 1);
  const [min, max] = range ?? [0, 0];
  checkNumber(op, 'range', min);
  checkNumber(op, 'range', max);
  const [low, high] = readRange(op, x, min, max, 0.5);
  return linspace(low, high, bins + 1, { dtype: x.dtype });
}
