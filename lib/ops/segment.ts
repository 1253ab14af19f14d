import { isFloat } from '../dtype.js';
import { checkBoolean, rangeError, shapeError, typeError } from '../errors.js';
import { noGrad } from '../grad-mode.js';
import { formatShape, normalizeDim, type Shape } from '../shape.js';
import { checkTensor, type Tensor } from '../tensor.js';
import { checkNumber, checkOneOf, readArgs, type Rest } from './arguments.js';
import { expand, reshape } from './broadcast.js';
import { full } from './create.js';
import { arange } from './ranges.js';
import { diff } from './differences.js';
import { scatterReduce } from './indexing-reduce.js';
import { toIndex } from './indexing-place.js';
import { div, maximum } from './pointwise.js';
import { cumsum } from './scan.js';
import { searchsorted } from './search.js';
import { narrow } from './shape.js';

/** What {@link segmentReduce} takes. */
export interface SegmentReduceOptions {
  readonly reduce?: 'max' | 'mean' | 'min' | 'sum' | 'prod';
  /** How long the segments are, int32; its last dimension is the axis. */
  readonly lengths?: Tensor | null;
  /** Where they begin, and where the last one ends. In place of lengths. */
  readonly offsets?: Tensor | null;
  /** The dimension that is cut into segments: those before it have lengths of their own. Default 0. */
  readonly axis?: number;
  /** Whether to take it on trust that the lengths add up. Default false. */
  readonly unsafe?: boolean;
  /** What each segment begins with. Default what changes nothing. */
  readonly initial?: number | null;
}

const NEUTRAL = { max: -Infinity, min: Infinity, sum: 0, mean: 0, prod: 1 };
const KERNEL = { max: 'amax', min: 'amin', sum: 'sum', mean: 'sum', prod: 'prod' } as const;

/**
 * One number of each segment of a dimension: its largest or smallest element, mean, sum or product. A mean over nothing is
 * NaN, or `initial`.
 * Gradients: those of the reductions; shared by equal extrema.
 * @throws RangeError when the lengths do not add up to the size of the dimension.
 * @see https://pytorch.org/docs/stable/generated/torch.segment_reduce.html
 */
export function segmentReduce(
  data: Tensor,
  ...rest: Rest<[reduce: 'max' | 'mean' | 'min' | 'sum' | 'prod'], SegmentReduceOptions>
): Tensor {
  const op = 'segmentReduce';
  checkTensor(op, data);
  const names = ['lengths', 'offsets', 'axis', 'unsafe', 'initial'] as const;
  const options = readArgs<SegmentReduceOptions>(op, rest, ['reduce'], names);
  const { reduce, offsets = null, axis = 0, unsafe = false, initial = null } = options;
  checkOneOf(op, 'reduce', reduce, ['max', 'mean', 'min', 'sum', 'prod']);
  if (!isFloat(data.dtype)) typeError(op, `expected float32 or float64, got ${data.dtype}`);
  checkBoolean(op, 'unsafe', unsafe);
  if (initial !== null) checkNumber(op, 'initial', initial);
  const given = options.lengths ?? offsets;
  if (given === null) typeError(op, 'expected lengths or offsets');
  const at = normalizeDim(op, axis, data.ndim);
  const index = toIndex(op, given);
  const lengths = noGrad(() => (options.lengths ? index : diff(index)));
  if (lengths.ndim !== at + 1 || lengths.shape.some((size, d) => d < at && size !== data.shape[d]))
    shapeError(
      op,
      `expected lengths for dim ${at} of shape ${formatShape(data.shape)}, got ${formatShape(given.shape)}`,
    );
  if (!unsafe && options.lengths) checkLengths(lengths, data.shape[at]);

  const count = lengths.shape[at];
  const spread = (x: Tensor, size: number): Tensor => {
    const shape = data.shape.with(at, size);
    return expand(reshape(x, [...x.shape, ...(data.shape.slice(at + 1).map(() => 1) as Shape)]), shape);
  };
  // What lies behind the last segment comes into one that is dropped.
  const places = noGrad(() => {
    const begins = options.lengths ? 0 : narrow(index, at, 0, 1);
    const ends = cumsum(lengths, at).add(begins);
    const positions = expand(arange(data.shape[at]), lengths.shape.with(at, data.shape[at]));
    return searchsorted(ends, positions, { right: true });
  });
  const start = full(data.shape.with(at, count + 1), initial ?? NEUTRAL[reduce], { dtype: data.dtype });
  const all = scatterReduce(start, at, spread(places, data.shape[at]), data, KERNEL[reduce]);
  const y = narrow(all, at, 0, count);
  if (reduce !== 'mean') return y;
  const divisor = noGrad(() => (initial === null ? lengths : maximum(lengths, 1)).to(data.dtype));
  return div(y, spread(divisor, count));
}

function checkLengths(lengths: Tensor, size: number): void {
  const values = [...lengths.toArray()];
  const count = lengths.shape[lengths.ndim - 1];
  for (let row = 0; row * count < values.length; row++) {
    const part = values.slice(row * count, (row + 1) * count);
    const total = part.reduce((a, b) => a + b, 0);
    if (total !== size || part.some((n) => n < 0))
      rangeError('segmentReduce', `lengths: expected segments that add up to ${size}, got ${total}`);
  }
}
