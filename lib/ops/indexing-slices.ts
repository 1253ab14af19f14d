import { checkFits } from '../dtype.js';
import { shapeError } from '../errors.js';
import { formatShape, normalizeDim } from '../shape.js';
import { checkTensor, Tensor } from '../tensor.js';
import { checkNumber, readAll, readArgs, type Args, type Rest } from './arguments.js';
import { expand, reshape } from './broadcast.js';
import { atLeast1d, slicesAt, toIndex, type Place } from './indexing-place.js';
import { mul } from './pointwise.js';
import { cast, scalar } from './primitive.js';

// Whole slices along one dimension: picked, added to, replaced. Single elements: indexing.ts.

/** Arguments of {@link indexSelect}, by name. */
export interface IndexSelectOptions {
  readonly dim: number;
  readonly index: Tensor;
}

/**
 * The slices of `x` along `dim` that `index` (int32, 1-D) names, in its order.
 * Gradient: {@link indexAdd} of `g` into zeros.
 * @throws RangeError when an index is out of range.
 * @see https://pytorch.org/docs/stable/generated/torch.index_select.html
 */
export function indexSelect(
  x: Tensor,
  ...args: Args<[dim: number, index: Tensor], IndexSelectOptions>
): Tensor {
  checkTensor('indexSelect', x);
  const [dim, index] = readAll<[number, Tensor]>('indexSelect', args, ['dim', 'index']);
  const where = atLeast1d(toIndex('indexSelect', index));
  const at = normalizeDim('indexSelect', dim, x.ndim);
  if (x.ndim === 0) return reshape(indexSelect(atLeast1d(x), 0, where), []);
  return slicesAt('indexSelect', x.shape, at, where).pick(x);
}

/** The place of `op` along a dimension of `x`, both as 1-d when they have none. */
export function readSlices(
  op: string,
  x: Tensor,
  dim: number,
  index: Tensor,
): { place: Place; whole: Tensor; back: (y: Tensor) => Tensor } {
  checkTensor(op, x);
  const where = atLeast1d(toIndex(op, index));
  const at = normalizeDim(op, dim, x.ndim);
  const whole = atLeast1d(x);
  return { place: slicesAt(op, whole.shape, at, where), whole, back: (y) => reshape(y, x.shape) };
}

/** The slices that come to `op`, checked. */
function readSource(op: string, source: unknown): Tensor {
  checkTensor(op, source, 'src');
  return atLeast1d(source);
}

/** Arguments of {@link indexCopy}, by name. */
export interface IndexCopyOptions extends IndexSelectOptions {
  readonly source: Tensor;
}
/** Arguments of {@link indexAdd}, by name. */
export interface IndexAddOptions extends IndexCopyOptions {
  /** What the slices are multiplied by. Default 1. */
  readonly alpha?: number;
}

/**
 * A copy of `x` with slices of `source`, times `alpha`, added to those along `dim` that `index` names.
 * Gradients: `g`; {@link indexSelect} of `g`, times `alpha`.
 * @throws RangeError when an index is out of range.
 * @see https://pytorch.org/docs/stable/generated/torch.Tensor.index_add_.html
 */
export function indexAdd(
  x: Tensor,
  ...args:
    | [dim: number, index: Tensor, source: Tensor, ...Rest<[], Pick<IndexAddOptions, 'alpha'>>]
    | [IndexAddOptions]
): Tensor {
  const {
    dim,
    index,
    source,
    alpha = 1,
  } = readArgs<IndexAddOptions>('indexAdd', args, ['dim', 'index', 'source'], ['alpha']);
  checkTensor('indexAdd', x);
  const src = readSource('indexAdd', source);
  const { place, whole, back } = readSlices('indexAdd', x, dim as number, index as Tensor);
  const used = place.fit(src, x.dtype);
  checkNumber('indexAdd', 'alpha', alpha);
  checkFits('indexAdd', x.dtype, alpha);
  return back(place.add(whole, alpha === 1 ? used : mul(used, scalar(alpha, x.dtype))));
}

/**
 * A copy of `x` with slices of `source` in the place of those along `dim` that `index` names. Where several come to one
 * place, the last stays.
 * Gradients: `g`, 0 where something was put; `g` at the place of each slice that stayed, 0 for the others.
 * @throws RangeError when an index is out of range.
 * @see https://pytorch.org/docs/stable/generated/torch.Tensor.index_copy_.html
 */
export function indexCopy(
  x: Tensor,
  ...args: Args<[dim: number, index: Tensor, source: Tensor], IndexCopyOptions>
): Tensor {
  const [dim, index, source] = readAll<[number, Tensor, Tensor]>('indexCopy', args, [
    'dim',
    'index',
    'source',
  ]);
  const src = readSource('indexCopy', source);
  const { place, whole, back } = readSlices('indexCopy', x, dim, index);
  return back(place.set(whole, place.fit(src, x.dtype)));
}

/** Arguments of {@link indexFill}, by name. */
export interface IndexFillOptions extends IndexSelectOptions {
  readonly value: number | Tensor;
}

/**
 * A copy of `x` with one value in the slices along `dim` that `index` names.
 * Gradients: `g`, 0 where the value was put; the sum of `g` there.
 * @throws RangeError when an index is out of range; ShapeError for a value with dimensions.
 * @see https://pytorch.org/docs/stable/generated/torch.Tensor.index_fill_.html
 */
export function indexFill(
  x: Tensor,
  ...args: Args<[dim: number, index: Tensor, value: number | Tensor], IndexFillOptions>
): Tensor {
  const [dim, index, value] = readAll<[number, Tensor, number | Tensor]>('indexFill', args, [
    'dim',
    'index',
    'value',
  ]);
  const { place, whole, back } = readSlices('indexFill', x, dim, index);
  if (!(value instanceof Tensor)) {
    checkNumber('indexFill', 'value', value);
    checkFits('indexFill', x.dtype, value);
    return back(place.set(whole, place.filled(value, x.dtype)));
  }
  if (value.ndim > 0)
    shapeError('indexFill', `value: expected a number or a 0-d tensor, got ${formatShape(value.shape)}`);
  return back(place.set(whole, expand(cast(value, x.dtype), place.filled(0, x.dtype).shape)));
}
