import { rangeError, shapeError, typeError, describe } from '../errors.js';
import { checkShape, formatShape, normalizeDim, normalizeDims, type Shape } from '../shape.js';
import { backend } from '../backend/select.js';
import { promote } from '../dtype.js';
import { checkTensor, empty, Tensor, viewOf } from '../tensor.js';
import { readAll, readArgs, type Args, type Rest } from './arguments.js';
import { reshape } from './broadcast.js';
import { cast, track } from './primitive.js';

/** The options of ops along one dimension. */
export interface DimOption {
  /** Default 0; negative ones count from the end. */
  readonly dim?: number;
}

/** The options of ops along several dimensions. */
export interface DimsOption {
  /** Negative ones count from the end. */
  readonly dims: readonly number[];
}

/** Arguments of {@link slice}, by name. */
export interface SliceOptions extends DimOption {
  /** Default: the first element. */
  readonly start?: number | null;
  /** The element after the last. Default: all that there are. */
  readonly end?: number | null;
  /** Default 1. */
  readonly step?: number | null;
}

/** Arguments of {@link narrow}, by name. */
export interface NarrowOptions {
  readonly dim: number;
  readonly start: number | Tensor;
  readonly length: number;
}

/** Arguments of {@link select}, by name. */
export interface SelectOptions {
  readonly dim: number;
  readonly index: number;
}

/**
 * The same memory with dimensions in another order.
 * Gradient: `g` permuted back.
 * @see https://pytorch.org/docs/stable/generated/torch.permute.html
 */
export function permute(x: Tensor, ...args: Args<[dims: readonly number[]], DimsOption>): Tensor {
  checkTensor('permute', x);
  const [dims] = readAll<[readonly number[]]>('permute', args, ['dims']);
  if (!Array.isArray(dims)) typeError('permute', `dims: expected an array, got ${describe(dims)}`);
  const order = dims.map((dim: unknown) => normalizeDim('permute', dim, x.ndim));
  if (order.length !== x.ndim || new Set(order).size !== x.ndim)
    shapeError('permute', `dims: expected each of the ${x.ndim} dimensions once, got [${dims.join(', ')}]`);
  const y = viewOf(
    x,
    order.map((dim) => x.shape[dim]),
    order.map((dim) => x.strides[dim]),
  );
  return track('permute', y, [x], [], (g) => {
    const back = new Array<number>(order.length);
    order.forEach((from, to) => (back[from] = to));
    return [() => permute(g, back)];
  });
}

/**
 * The same memory with two dimensions swapped.
 * Gradient: `g` with the same two swapped.
 * @see https://pytorch.org/docs/stable/generated/torch.transpose.html
 */
export function transpose(
  x: Tensor,
  ...args: Args<[dim0: number, dim1: number], { readonly dim0: number; readonly dim1: number }>
): Tensor {
  checkTensor('transpose', x);
  const [dim0, dim1] = readAll<[number, number]>('transpose', args, ['dim0', 'dim1']);
  const a = normalizeDim('transpose', dim0, x.ndim);
  const b = normalizeDim('transpose', dim1, x.ndim);
  if (a === b) return x;
  const shape = [...x.shape];
  const strides = [...x.strides];
  [shape[a], shape[b]] = [shape[b], shape[a]];
  [strides[a], strides[b]] = [strides[b], strides[a]];
  return track('transpose', viewOf(x, shape, strides), [x], [], (g) => [() => transpose(g, a, b)]);
}

/** NumPy's name for {@link transpose}. */
export const swapaxes = transpose;
/** PyTorch's second name for {@link transpose}. */
export const swapdims = transpose;

/**
 * `x` without its dimensions of size 1, or without those of them that are named: an empty list names none.
 * Gradient: `g` in the shape of `x`.
 * @see https://pytorch.org/docs/stable/generated/torch.squeeze.html
 */
export function squeeze(
  x: Tensor,
  ...rest: Rest<[dim: number | readonly number[]], { readonly dim?: number | readonly number[] }>
): Tensor {
  checkTensor('squeeze', x);
  const [dim] = readAll<[number | readonly number[] | undefined]>('squeeze', rest, ['dim']);
  if (Array.isArray(dim) && dim.length === 0) return x;
  const dims = normalizeDims('squeeze', dim, x.ndim);
  return reshape(
    x,
    x.shape.filter((size, i) => size !== 1 || !dims.includes(i)),
  );
}

/**
 * `x` with a dimension of size 1 put in at `dim`.
 * Gradient: `g` without it.
 * @see https://pytorch.org/docs/stable/generated/torch.unsqueeze.html
 */
export function unsqueeze(x: Tensor, ...args: Args<[dim: number], { readonly dim: number }>): Tensor {
  checkTensor('unsqueeze', x);
  const [dim] = readAll<[number]>('unsqueeze', args, ['dim']);
  const at = normalizeDim('unsqueeze', dim, x.ndim + 1);
  const shape = [...x.shape.slice(0, at), 1, ...x.shape.slice(at)];
  checkShape('unsqueeze', shape);
  return reshape(x, shape);
}

/**
 * The dimensions from `startDim` to `endDim` as one.
 * Gradient: `g` in the shape of `x`.
 * @see https://pytorch.org/docs/stable/generated/torch.flatten.html
 */
export function flatten(
  x: Tensor,
  ...rest: Rest<[startDim: number, endDim: number], { readonly startDim?: number; readonly endDim?: number }>
): Tensor {
  checkTensor('flatten', x);
  const [startDim = 0, endDim = -1] = readAll<[number?, number?]>('flatten', rest, ['startDim', 'endDim']);
  if (x.ndim === 0) return reshape(x, [1]);
  const start = normalizeDim('flatten', startDim, x.ndim);
  const end = normalizeDim('flatten', endDim, x.ndim);
  if (start > end) rangeError('flatten', `startDim ${startDim} comes after endDim ${endDim}`);
  const run = x.shape.slice(start, end + 1).reduce((a, b) => a * b, 1);
  return reshape(x, [...x.shape.slice(0, start), run, ...x.shape.slice(end + 1)]);
}

/**
 * Elements `start` up to, not including, `end` of a dimension, every `step`-th: a view. As in Python, negative bounds
 * count from the end and bounds outside are cut.
 * Gradient: `g` in the place it was taken from, 0 elsewhere.
 * @throws RangeError when `step` is below 1.
 */
export function slice(
  x: Tensor,
  ...rest: Rest<[dim: number, start: number | null, end: number | null, step: number], SliceOptions>
): Tensor {
  checkTensor('slice', x);
  const [dim = 0, start, end, step = 1] = readAll<
    [number?, (number | null)?, (number | null)?, (number | null)?]
  >('slice', rest, ['dim', 'start', 'end', 'step']);
  const at = dimOf('slice', x, dim);
  return sliceView('slice', x, at, rangeOf('slice', x.shape[at], start, end, step));
}

/** Elements of a dimension, evenly apart. */
export interface Range {
  readonly start: number;
  readonly length: number;
  readonly step: number;
}

/** The elements of a dimension of some size from `start` up to `end`: negative bounds count from the end. */
export function rangeOf(op: string, size: number, start: unknown, end: unknown, step: unknown): Range {
  const bound = (value: unknown, otherwise: number): number => {
    if (value === undefined || value === null) return otherwise;
    if (!Number.isInteger(value)) typeError(op, `bounds: expected whole numbers, got ${describe(value)}`);
    const at = value as number;
    return Math.min(Math.max(at < 0 ? at + size : at, 0), size);
  };
  const apart = step ?? 1;
  if (!Number.isInteger(apart) || (apart as number) < 1)
    rangeError(op, `step: expected a whole number from 1, got ${describe(apart)}`);
  const from = bound(start, 0);
  const length = Math.max(0, Math.ceil((bound(end, size) - from) / (apart as number)));
  return { start: from, length, step: apart as number };
}

/**
 * `length` elements of a dimension from `start` on: a view.
 * Gradient: as {@link slice}.
 * @throws RangeError when they are not all there.
 * @see https://pytorch.org/docs/stable/generated/torch.narrow.html
 */
export function narrow(
  x: Tensor,
  ...args: Args<[dim: number, start: number | Tensor, length: number], NarrowOptions>
): Tensor {
  checkTensor('narrow', x);
  const [dim, first, length] = readAll<[number, number | Tensor, number]>('narrow', args, [
    'dim',
    'start',
    'length',
  ]);
  const at = dimOf('narrow', x, dim);
  const start = first instanceof Tensor ? first.item() : first;
  const size = x.shape[at];
  if (!Number.isInteger(start) || !Number.isInteger(length))
    typeError(
      'narrow',
      `start and length: expected whole numbers, got ${describe(start)} and ${describe(length)}`,
    );
  const from = start < 0 ? start + size : start;
  if (from < 0 || length < 0 || from + length > size)
    rangeError('narrow', `elements ${start} to ${start + length} of dim ${dim}, which has ${size}`);
  return sliceView('narrow', x, at, { start: from, length, step: 1 });
}

/** The elements of a dimension that a range names, as a view. */
export function sliceView(op: string, x: Tensor, dim: number, range: Range): Tensor {
  const place = (whole: Tensor): Tensor => sliceView(op, whole, dim, range);
  return track(op, viewOfRange(x, dim, range), [x], [], (g) => [() => embed(g, x.shape, place)]);
}

/** {@link sliceView}, outside the graph. */
export function viewOfRange(x: Tensor, dim: number, { start, length, step }: Range): Tensor {
  const shape = x.shape.map((size, i) => (i === dim ? length : size));
  const strides = x.strides.map((stride, i) => (i === dim ? stride * step : stride));
  return viewOf(x, shape, strides, length > 0 ? x.offset + start * x.strides[dim] : x.offset);
}

/**
 * Element `index` of a dimension, without that dimension: a view.
 * Gradient: `g` in the place it was taken from, 0 elsewhere.
 * @throws RangeError when there is no such element.
 * @see https://pytorch.org/docs/stable/generated/torch.select.html
 */
export function select(x: Tensor, ...args: Args<[dim: number, index: number], SelectOptions>): Tensor {
  checkTensor('select', x);
  const [dim, index] = readAll<[number, number]>('select', args, ['dim', 'index']);
  const at = dimOf('select', x, dim);
  const size = x.shape[at];
  if (!Number.isInteger(index)) typeError('select', `index: expected a whole number, got ${describe(index)}`);
  if (index < -size || index >= size) rangeError('select', `index ${index} of dim ${dim}, which has ${size}`);
  const y = viewOfElement(x, at, index < 0 ? index + size : index);
  return track('select', y, [x], [], (g) => [() => embed(g, x.shape, (whole) => select(whole, at, index))]);
}

/** {@link select}, outside the graph. */
export function viewOfElement(x: Tensor, dim: number, index: number): Tensor {
  const drop = (list: readonly number[]): number[] => list.filter((_, i) => i !== dim);
  return viewOf(x, drop(x.shape), drop(x.strides), x.offset + index * x.strides[dim]);
}

/** A dimension of `x`, which has some. */
export function dimOf(op: string, x: Tensor, dim: number): number {
  if (x.ndim === 0) shapeError(op, 'a 0-d tensor has no dimensions to choose from');
  return normalizeDim(op, dim, x.ndim);
}

/**
 * Zeros of `shape` with `part` in the place that `place` shows: the reverse of taking a view.
 * Gradient: the same place of `g`.
 */
export function embed(part: Tensor, shape: Shape, place: (whole: Tensor) => Tensor): Tensor {
  const out = empty(shape, part.dtype, true);
  backend.copy(part, place(out));
  return track('embed', out, [part], [], (g) => [() => place(g)]);
}

/**
 * Tensors one after the other along a dimension; all other sizes are the same.
 * Gradients: each its part of `g`.
 * @throws ShapeError when sizes differ.
 * @see https://pytorch.org/docs/stable/generated/torch.cat.html
 */
export function cat(tensors: readonly Tensor[], ...rest: Rest<[dim: number], DimOption>): Tensor {
  checkTensors('cat', tensors);
  const { dim = 0 } = readArgs<DimOption>('cat', rest, ['dim']);
  const first = tensors[0];
  const at = dimOf('cat', first, dim);
  for (const x of tensors)
    if (x.ndim !== first.ndim || x.shape.some((size, i) => i !== at && size !== first.shape[i]))
      shapeError(
        'cat',
        `sizes but dim ${at} must agree: ${formatShape(first.shape)} and ${formatShape(x.shape)}`,
      );
  const dtype = tensors.map((x) => x.dtype).reduce(promote);
  const parts = tensors.map((x) => cast(x, dtype));
  const total = parts.reduce((sum, x) => sum + x.shape[at], 0);
  const out = empty(
    first.shape.map((size, i) => (i === at ? total : size)),
    dtype,
  );
  const starts: number[] = [];
  let start = 0;
  for (const x of parts) {
    backend.copy(x, viewOf(out, x.shape, out.strides, start * out.strides[at]));
    starts.push(start);
    start += x.shape[at];
  }
  return track('cat', out, parts, [], (g) =>
    parts.map((x, i) => () => narrow(g, at, starts[i], x.shape[at])),
  );
}

/** PyTorch's second name for {@link cat}. @see https://pytorch.org/docs/stable/generated/torch.concat.html */
export const concat = cat;
/** NumPy's name for {@link cat}. */
export const concatenate = cat;

/**
 * Tensors of one shape along a new dimension.
 * Gradients: each its slice of `g`.
 * @throws ShapeError when shapes differ.
 * @see https://pytorch.org/docs/stable/generated/torch.stack.html
 */
export function stack(tensors: readonly Tensor[], ...rest: Rest<[dim: number], DimOption>): Tensor {
  checkTensors('stack', tensors);
  const { dim = 0 } = readArgs<DimOption>('stack', rest, ['dim']);
  const first = tensors[0];
  for (const x of tensors)
    if (formatShape(x.shape) !== formatShape(first.shape))
      shapeError('stack', `shapes must be the same: ${formatShape(first.shape)} and ${formatShape(x.shape)}`);
  const at = normalizeDim('stack', dim, first.ndim + 1);
  return cat(
    tensors.map((x) => unsqueeze(x, at)),
    at,
  );
}

/** Throws unless the value is a list of tensors, one at least. */
export function checkTensors(op: string, tensors: unknown): asserts tensors is readonly Tensor[] {
  if (!Array.isArray(tensors) || tensors.length === 0)
    typeError(op, `expected a list of at least one tensor, got ${describe(tensors)}`);
  // Not forEach: it leaves holes out.
  for (const [i, x] of tensors.entries()) checkTensor(op, x, `tensors[${i}]`);
}
