import { checkBoolean, rangeError, shapeError } from '../errors.js';
import { noGrad } from '../grad-mode.js';
import { formatShape } from '../shape.js';
import { checkTensor, empty, Tensor } from '../tensor.js';
import { checkOneOf, readArgs, type Rest } from './arguments.js';
import { reshape } from './broadcast.js';
import { full } from './create.js';
import { gather } from './indexing.js';
import { logicalOr } from './logic.js';
import { add, eq, le, logicalNot, lt, minimum, ne, where } from './pointwise.js';
import { cast, commonDType, scalar } from './primitive.js';
import { sort } from './sort.js';

// Where numbers belong in a sorted list.

/**
 * How many elements of each row of `sorted` (…, n) come before each of `values` (…, m): those that are smaller, or not
 * larger. All are sought at once: `left` elements from `count` on may still come before, of which half are decided on.
 */
function countBefore(sorted: Tensor, values: Tensor, isRight: boolean): Tensor {
  return noGrad(() => {
    const n = sorted.shape[sorted.ndim - 1];
    let count = empty(values.shape, 'int32', true);
    if (n === 0 || values.size === 0) return count;
    const isNone = ne(values, values);
    for (let left = n; left > 0;) {
      const half = Math.max(1, Math.floor(left / 2));
      const last = gather(sorted, -1, add(count, half - 1));
      const isBefore = logicalOr(isRight ? le(last, values) : lt(last, values), isNone);
      count = where(isBefore, add(count, half), count);
      left -= half;
    }
    return count;
  });
}

/** What {@link searchsorted} takes by name. */
export interface SearchsortedOptions {
  /** Whether a value goes behind equal elements. Default false. */
  readonly right?: boolean;
  /** The same in words. */
  readonly side?: 'left' | 'right' | null;
  /** The positions of the elements in ascending order, for a sequence that is not sorted: what `argsort` gives. */
  readonly sorter?: Tensor | null;
  /** The result is int32 in any case. */
  readonly outInt32?: boolean;
}

const asTensor = (op: string, x: Tensor | number, like: Tensor): Tensor => {
  if (typeof x === 'number') return scalar(x, like.dtype === 'float32' ? 'float32' : 'float64');
  checkTensor(op, x, 'values');
  return x;
};

/**
 * At what positions in a sorted sequence values would have to go in, so that it stays sorted: before equal elements, or
 * with `right` behind them. The sequence has one dimension, or the leading dimensions of `values`; then each of its rows is
 * searched for those of `values`. int32, in the shape of `values`. NaN belongs at the end. No gradient.
 * @throws ShapeError when the leading dimensions differ.
 * @see https://pytorch.org/docs/stable/generated/torch.searchsorted.html
 */
export function searchsorted(
  sortedSequence: Tensor,
  values: Tensor | number,
  ...rest: Rest<[], SearchsortedOptions>
): Tensor {
  const op = 'searchsorted';
  const options = readArgs<SearchsortedOptions>(op, rest, [], ['right', 'side', 'sorter', 'outInt32']);
  const { right = false, side = null, sorter = null, outInt32 = false } = options;
  checkTensor(op, sortedSequence, 'sortedSequence');
  checkBoolean(op, 'right', right);
  checkBoolean(op, 'outInt32', outInt32);
  if (side !== null) checkOneOf(op, 'side', side, ['left', 'right']);
  if (side === 'left' && right) rangeError(op, "side and right: expected the same, got 'left' and true");
  if (sorter !== null) checkTensor(op, sorter, 'sorter');
  if (sorter !== null && sorter.shape.join() !== sortedSequence.shape.join())
    shapeError(op, `sorter: expected ${formatShape(sortedSequence.shape)}, got ${formatShape(sorter.shape)}`);
  const sorted = sorter === null ? sortedSequence : noGrad(() => gather(sortedSequence, -1, sorter));
  return search(op, sorted, asTensor(op, values, sorted), right || side === 'right');
}

function search(op: string, sorted: Tensor, values: Tensor, isRight: boolean): Tensor {
  if (sorted.ndim === 0) shapeError(op, 'expected a sequence of at least one dimension, got a 0-d one');
  if (sorted.ndim === 1)
    return reshape(countBefore(sorted, reshape(values, [values.size]), isRight), values.shape);
  if (
    sorted.ndim !== values.ndim ||
    sorted.shape.some((n, i) => i < sorted.ndim - 1 && n !== values.shape[i])
  )
    shapeError(
      op,
      `expected the same shape but for the last dimension, got ${formatShape(sorted.shape)} and ${formatShape(values.shape)}`,
    );
  return countBefore(sorted, values, isRight);
}

/** What {@link bucketize} takes by name. */
export type BucketizeOptions = Pick<SearchsortedOptions, 'right' | 'outInt32'>;

/**
 * Between which boundaries values lie: the number of boundaries below each, or with `right`, of those that are not above
 * it. The boundaries are sorted, in one dimension. int32, in the shape of the values. No gradient.
 * @throws ShapeError for boundaries of another number of dimensions.
 * @see https://pytorch.org/docs/stable/generated/torch.bucketize.html
 */
export function bucketize(
  x: Tensor | number,
  boundaries: Tensor,
  ...rest: Rest<[], BucketizeOptions>
): Tensor {
  const { right = false, outInt32 = false } = readArgs<BucketizeOptions>(
    'bucketize',
    rest,
    [],
    ['right', 'outInt32'],
  );
  checkTensor('bucketize', boundaries, 'boundaries');
  checkBoolean('bucketize', 'right', right);
  checkBoolean('bucketize', 'outInt32', outInt32);
  if (boundaries.ndim !== 1)
    shapeError('bucketize', `boundaries: expected one dimension, got ${formatShape(boundaries.shape)}`);
  return search('bucketize', boundaries, asTensor('bucketize', x, boundaries), right);
}

/** What {@link isin} takes by name. */
export interface IsinOptions {
  /** That no element comes twice makes no difference here. */
  readonly assumeUnique?: boolean;
  /** Whether to ask which are not there. Default false. */
  readonly invert?: boolean;
}

/**
 * Which elements are among some others: bool, in the shape of the elements. NaN is nowhere. No gradient.
 * @see https://pytorch.org/docs/stable/generated/torch.isin.html
 */
export function isin(
  elements: Tensor | number,
  testElements: Tensor | number,
  ...rest: Rest<[], IsinOptions>
): Tensor {
  const names = ['assumeUnique', 'invert'] as const;
  const { assumeUnique = false, invert = false } = readArgs<IsinOptions>('isin', rest, [], names);
  checkBoolean('isin', 'assumeUnique', assumeUnique);
  checkBoolean('isin', 'invert', invert);
  if (!(elements instanceof Tensor)) checkTensor('isin', testElements, 'one of both');
  const values = asTensor('isin', elements, testElements as Tensor);
  const others = asTensor('isin', testElements, values);
  return noGrad(() => {
    const dtype = commonDType(values, others);
    const flat = reshape(cast(values, dtype), [values.size]);
    const sorted = sort(cast(reshape(others, [others.size]), dtype)).values;
    if (sorted.size === 0) return full(values.shape, invert, { dtype: 'bool' });
    const at = minimum(countBefore(sorted, flat, false), sorted.size - 1);
    const found = reshape(eq(gather(sorted, 0, at), flat), values.shape);
    return invert ? logicalNot(found) : found;
  });
}
