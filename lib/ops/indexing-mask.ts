import { checkFits } from '../dtype.js';
import { checkBoolean, rangeError, shapeError, typeError } from '../errors.js';
import { broadcastShapes, formatShape, sizeOf } from '../shape.js';
import { checkTensor, empty, type Tensor } from '../tensor.js';
import { checkInteger, readArgs, readAll, type Args, type Rest } from './arguments.js';
import { expand, reshape } from './broadcast.js';
import { tensor } from './create.js';
import { checkDTypes, slicesAt, toIndex, elementsAt } from './indexing-place.js';
import { where as choose } from './pointwise.js';
import type { TensorLike } from './primitive.js';
import { narrow } from './shape.js';

// Elements by whether they are 0, or by a mask. How many there are is in the values, so that these read them.

/** Where elements that are not 0 lie, in row-major order. */
function positionsOf(x: Tensor): Int32Array {
  const values = x.toArray();
  const positions = new Int32Array(values.length);
  let count = 0;
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) positions[count++] = i;
  return positions.subarray(0, count);
}

/** Options of {@link nonzero}. */
export interface NonzeroOptions {
  /** Whether to give a tensor for each dimension, instead of one with a row for each element. Default false. */
  readonly asTuple?: boolean;
}

/**
 * Where the elements lie that are not 0, in row-major order: (count, ndim), int32; or with `asTuple` a vector for each
 * dimension, which `at` takes. No gradient.
 * @see https://pytorch.org/docs/stable/generated/torch.nonzero.html
 */
export function nonzero(x: Tensor, options: { readonly asTuple: true }): Tensor[];
export function nonzero(x: Tensor, options?: { readonly asTuple?: false }): Tensor;
export function nonzero(x: Tensor, options?: NonzeroOptions): Tensor | Tensor[];
export function nonzero(x: Tensor, ...rest: readonly unknown[]): Tensor | Tensor[] {
  checkTensor('nonzero', x);
  const { asTuple = false } = readArgs<NonzeroOptions>('nonzero', rest, [], ['asTuple']);
  checkBoolean('nonzero', 'asTuple', asTuple);
  if (asTuple) return nonzeroOf(x.ndim === 0 ? reshape(x, [1]) : x);
  const columns = nonzeroOf(x);
  const count = columns.length === 0 ? positionsOf(x).length : columns[0].size;
  const out = new Int32Array(count * x.ndim);
  columns.forEach((column, dim) => {
    column.toArray().forEach((at, row) => (out[row * x.ndim + dim] = at));
  });
  return reshape(tensor(out), [count, x.ndim]);
}

/** For each dimension, where the elements lie that are not 0. */
export function nonzeroOf(x: Tensor): Tensor[] {
  const positions = positionsOf(x);
  let inner = 1;
  return x.shape
    .map((_, i) => x.ndim - 1 - i)
    .map((dim) => {
      const [step, size] = [inner, x.shape[dim]];
      inner *= size;
      return tensor(positions.map((at) => Math.floor(at / step) % size));
    })
    .reverse();
}

/** {@link nonzero}, as (count, ndim). @see https://pytorch.org/docs/stable/generated/torch.argwhere.html */
export function argwhere(x: Tensor): Tensor {
  checkTensor('argwhere', x);
  return nonzero(x);
}

/**
 * `a` where `condition` holds, else `b`; all three broadcast. With the condition alone: where it holds, a vector for each
 * dimension.
 * Gradients: `g` where the side was taken, else 0.
 * @throws TypeError when `condition` is not a bool tensor.
 * @see https://pytorch.org/docs/stable/generated/torch.where.html
 */
export function where(condition: Tensor): Tensor[];
export function where(condition: Tensor, first: TensorLike, second: TensorLike): Tensor;
export function where(condition: Tensor, ...sides: [] | [TensorLike, TensorLike]): Tensor | Tensor[] {
  if (sides.length > 0) return choose(condition, ...(sides as [TensorLike, TensorLike]));
  checkTensor('where', condition, 'condition');
  return nonzero(condition, { asTuple: true });
}

/** Throws unless a mask is one. */
function checkMask(op: string, mask: unknown): asserts mask is Tensor {
  checkTensor(op, mask, 'mask');
  if (mask.dtype !== 'bool') typeError(op, `mask: expected a bool tensor, got ${mask.dtype}`);
}

/**
 * The elements where `mask` holds, in one dimension; the two broadcast.
 * Gradient: `g` where they were taken from, 0 elsewhere.
 * @throws TypeError when the mask is not bool.
 * @see https://pytorch.org/docs/stable/generated/torch.masked_select.html
 */
export function maskedSelect(x: Tensor, ...args: Args<[mask: Tensor], { readonly mask: Tensor }>): Tensor {
  checkTensor('maskedSelect', x);
  const [mask] = readAll<[Tensor]>('maskedSelect', args, ['mask']);
  checkMask('maskedSelect', mask);
  const shape = broadcastShapes('maskedSelect', x.shape, mask.shape);
  const whole = reshape(expand(x, shape), [sizeOf(shape)]);
  const positions = tensor(positionsOf(expand(mask, shape)));
  return slicesAt('maskedSelect', whole.shape, 0, positions).pick(whole);
}

/** Arguments of {@link maskedScatter}, by name. */
export interface MaskedScatterOptions {
  readonly mask: Tensor;
  readonly source: Tensor;
}

/**
 * A copy of `x` with the elements of `source`, in row-major order, put where `mask` holds; `x` and the mask broadcast.
 * Gradients: `g`, 0 where something was put; for each element that was put, `g` where it lies.
 * @throws RangeError when `source` has too few elements; TypeError when the mask is not bool.
 * @see https://pytorch.org/docs/stable/generated/torch.Tensor.masked_scatter_.html
 */
export function maskedScatter(
  x: Tensor,
  ...args: Args<[mask: Tensor, source: Tensor], MaskedScatterOptions>
): Tensor {
  checkTensor('maskedScatter', x);
  const [mask, source] = readAll<[Tensor, Tensor]>('maskedScatter', args, ['mask', 'source']);
  checkMask('maskedScatter', mask);
  checkTensor('maskedScatter', source, 'source');
  checkDTypes('maskedScatter', x.dtype, source);
  const shape = broadcastShapes('maskedScatter', x.shape, mask.shape);
  const positions = tensor(positionsOf(expand(mask, shape)));
  if (source.size < positions.size)
    rangeError(
      'maskedScatter',
      `source: expected at least ${positions.size} elements, as the mask has, got ${source.size}`,
    );
  const whole = reshape(expand(x, shape), [sizeOf(shape)]);
  const used = narrow(reshape(source, [source.size]), 0, 0, positions.size);
  return reshape(slicesAt('maskedScatter', whole.shape, 0, positions).set(whole, used), shape);
}

/** Arguments of {@link oneHot}, by name. */
export interface OneHotOptions {
  /** How many classes there are. Default -1: one more than the largest. */
  readonly numClasses?: number;
}

/**
 * For each class index a vector of zeros with a 1 at that place: (…) → (…, numClasses), int32. No gradient.
 * @throws RangeError for an index outside the classes.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.one_hot.html
 */
export function oneHot(x: Tensor, ...rest: Rest<[numClasses: number], OneHotOptions>): Tensor {
  const index = toIndex('oneHot', x);
  const { numClasses = -1 } = readArgs<OneHotOptions>('oneHot', rest, ['numClasses']);
  checkInteger('oneHot', 'numClasses', numClasses, -1);
  if (numClasses === 0) rangeError('oneHot', 'numClasses: expected a whole number from 1, got 0');
  if (numClasses === -1 && index.size === 0)
    shapeError('oneHot', `numClasses: no index of shape ${formatShape(index.shape)} says how many there are`);
  const classes =
    numClasses === -1 ? [...index.toArray()].reduce((a, b) => Math.max(a, b), 0) + 1 : numClasses;
  checkFits('oneHot', 'int32', classes);
  const out = empty([...index.shape, classes], 'int32', true);
  const place = elementsAt('oneHot', out.shape, index.ndim, reshape(index, [...index.shape, 1]));
  place.change('set', out, place.filled(1, 'int32'));
  return out;
}
