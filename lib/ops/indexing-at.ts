import type { ScatterOp } from '../backend/contract.js';
import { backend } from '../backend/select.js';
import { checkFits } from '../dtype.js';
import { checkBoolean, describe, shapeError, typeError } from '../errors.js';
import { noGrad } from '../grad-mode.js';
import { commonShape, formatShape, sameShape } from '../shape.js';
import { checkTensor, empty, Tensor, viewOf } from '../tensor.js';
import { readAll, readArgs, type Args, type Rest } from './arguments.js';
import { expand, reshape } from './broadcast.js';
import { arange } from './ranges.js';
import {
  offsetsIn,
  placeOf,
  regionOf,
  regionShape,
  wrapped,
  type Index,
  type Indices,
  type Region,
} from './indexing-parse.js';
import { checkDTypes, copy, slicesAt } from './indexing-place.js';
import { checkWritable } from './inplace.js';
import { eq, where } from './pointwise.js';
import { scalar, track } from './primitive.js';
import { permute } from './shape.js';

// Reading and writing by an index of any kind.

/**
 * What an index names, as Python's brackets do: `x.at(0)`, `x.at(':', '1:3')`, `x.at('...', [0, 2])`, `x.at(mask)`. Entries
 * are numbers, ranges, `'...'`, `null`, tensors or arrays of positions, and masks; see {@link Index}. An array is always one
 * entry: `x.at([0, 2])` is two rows, `x.at(0, 2)` one element.
 *
 * Numbers, ranges and new dimensions give a view. Positions and masks give a copy: several of them broadcast together, and
 * their dimensions come in the place of those they are for, or first where these are not neighbours; numbers have dropped
 * theirs before, as in PyTorch.
 * Gradient: `g` in the places it was taken from, their sum where it was taken more than once, 0 elsewhere.
 * @throws RangeError for a position out of range; ShapeError for more entries than dimensions, and for a mask that does not
 *   fit; TypeError for what is no index.
 * @see https://pytorch.org/docs/stable/tensor_view.html and https://numpy.org/doc/stable/user/basics.indexing.html
 */
export function at(x: Tensor, ...indices: Index[]): Tensor {
  checkTensor('at', x);
  const region = regionOf('at', x, indices);
  return readRegion('at', x, region);
}

function readRegion(op: string, x: Tensor, region: Region): Tensor {
  const view = region.view(x);
  const { dims, positions } = region;
  if (dims.length === 0) return view;
  const rest = view.shape.filter((_, dim) => !dims.includes(dim));
  if (dims.length === 1) {
    // No other order of dimensions: slices are copied as they lie.
    const flat = reshape(positions[0], [positions[0].size]);
    const picked = slicesAt(op, view.shape, dims[0], flat).pick(view);
    return reshape(picked, rest.toSpliced(dims[0], 0, ...positions[0].shape));
  }
  return inPlace(pick(op, view, region), region);
}

/** (positions…, rest…) with the positions where they belong. */
function inPlace(y: Tensor, { dims, positions }: Region): Tensor {
  const [first, count] = [placeOf(dims), positions[0].ndim];
  if (first === 0) return y;
  const order = y.shape.map((_, dim) => dim);
  return permute(y, order.slice(count).toSpliced(first, 0, ...order.slice(0, count)));
}

/** The same back. */
function inFront(y: Tensor, { dims, positions }: Region): Tensor {
  const [first, count] = [placeOf(dims), positions[0].ndim];
  if (first === 0) return y;
  const order = y.shape.map((_, dim) => dim);
  return permute(y, [...order.splice(first, count), ...order]);
}

/** `x` as (places…, rest…): the memory of the dimensions that are gone through by positions as one. */
function spread(x: Tensor, { dims }: Region, span: number): Tensor {
  const drop = (list: readonly number[]): number[] => list.filter((_, dim) => !dims.includes(dim));
  return viewOf(x, [span, ...drop(x.shape)], [1, ...drop(x.strides)]);
}

/**
 * What lies at the positions, as (positions…, rest…).
 * Gradient: `g` added to zeros there.
 */
function pick(op: string, x: Tensor, region: Region): Tensor {
  const { offsets, span } = offsetsIn(op, x, region);
  const from = spread(x, region, span);
  const out = empty([offsets.size, ...from.shape.slice(1)], x.dtype);
  backend.indexSelect(from, 0, offsets, out);
  const y = reshape(out, [...region.positions[0].shape, ...from.shape.slice(1)]);
  return track(op, y, [x], region.positions, (g) => [
    () => putInto(op, empty(x.shape, g.dtype, true), { ...region, view: (z) => z }, g, 'add'),
  ]);
}

/** Changes what lies in a region in place. `src` has its shape, with the positions in front. */
function change(op: string, x: Tensor, region: Region, src: Tensor, how: 'add' | 'set'): void {
  const view = region.view(x);
  if (region.dims.length === 0) {
    if (how === 'add') backend.binary('add', view, src, view);
    else backend.copy(src, view);
    return;
  }
  const { offsets, span } = offsetsIn(op, view, region);
  const to = spread(view, region, span);
  const flat = reshape(src, [offsets.size, ...to.shape.slice(1)]);
  backend.scatterSlices(how satisfies ScatterOp, to, 0, offsets, flat);
}

/**
 * A copy of `x` with `src` in a region, or added there.
 * Gradients: `g`, with zeros there if it was put; what lies there, but 0 for what did not stay.
 */
function putInto(op: string, x: Tensor, region: Region, src: Tensor, how: 'add' | 'set'): Tensor {
  const out = copy(x);
  noGrad(() => change(op, out, region, src, how));
  return track(op, out, [x, src], region.positions, (g) => [
    () => (how === 'add' ? g : putInto(op, g, region, expand(scalar(0, g.dtype), src.shape), 'set')),
    () => {
      const there = region.dims.length === 0 ? region.view(g) : pick(op, region.view(g), region);
      return how === 'add' || region.dims.length === 0
        ? there
        : where(stayed(op, region), there, scalar(0, g.dtype));
    },
  ]);
}

/** Which positions are not named again by a later one, for every element of what they name. */
function stayed(op: string, region: Region): Tensor {
  const { shape, dims, positions } = region;
  const numbers = reshape(arange(positions[0].size), positions[0].shape);
  const places = dims.map((dim) => shape[dim]);
  const flat: Region = { view: (x) => x, shape: places, dims: dims.map((_, i) => i), positions };
  const last = empty(places, 'int32', true);
  change(op, last, flat, numbers, 'set');
  return reshape(eq(pick(op, last, flat), numbers), [
    ...positions[0].shape,
    ...new Array<number>(shape.length - dims.length).fill(1),
  ]);
}

/** A number or a tensor for a region: broadcast to it, with the positions in front. */
function valuesFor(op: string, x: Tensor, region: Region, values: Tensor | number | boolean): Tensor {
  const shape = regionShape(region);
  let src: Tensor;
  if (values instanceof Tensor) {
    checkDTypes(op, x.dtype, values);
    src = values;
  } else {
    if (typeof values !== 'number' && typeof values !== 'boolean')
      typeError(op, `values: expected a tensor or a number, got ${describe(values)}`);
    checkFits(op, x.dtype, Number(values));
    src = scalar(x.dtype === 'bool' ? Boolean(values) : values, x.dtype);
  }
  // Leading dimensions of size 1 are no matter, as in PyTorch.
  let extra = 0;
  while (src.ndim - extra > shape.length && src.shape[extra] === 1) extra++;
  if (extra > 0) src = reshape(src, src.shape.slice(extra));
  const common = commonShape(src.shape, shape);
  if (common === null || !sameShape(common, shape))
    shapeError(op, `values of shape ${formatShape(src.shape)} do not broadcast to ${formatShape(shape)}`);
  const whole = expand(src, shape);
  return region.dims.length === 0 ? whole : inFront(whole, region);
}

/** Arguments of {@link indexPut} and {@link indexPut_}, by name. */
export interface IndexPutOptions {
  readonly indices: Indices;
  readonly values: Tensor | number | boolean;
  /** Whether the values are added to what is there, once for each time that a place is named. Default false. */
  readonly accumulate?: boolean;
}
/** @inline */
type Putting =
  | [
      indices: Indices,
      values: Tensor | number | boolean,
      ...Rest<[accumulate: boolean], Pick<IndexPutOptions, 'accumulate'>>,
    ]
  | [options: IndexPutOptions];

function readPutting(
  op: string,
  x: Tensor,
  args: readonly unknown[],
): { region: Region; src: Tensor; how: 'add' | 'set' } {
  checkTensor(op, x);
  const {
    indices,
    values,
    accumulate = false,
  } = readArgs<IndexPutOptions>(op, args, ['indices', 'values', 'accumulate']);
  if (!Array.isArray(indices)) typeError(op, `indices: expected a list of indices, got ${describe(indices)}`);
  checkBoolean(op, 'accumulate', accumulate);
  const region = regionOf(op, x, indices as Indices);
  const src = valuesFor(op, x, region, values as Tensor | number);
  return { region, src, how: accumulate ? 'add' : 'set' };
}

/**
 * A copy of `x` with `values` where the list of indices, as for {@link at}, names them; they broadcast. Where a place is named
 * several times the last value stays, or with `accumulate` all are added.
 * Gradients: `g`, with zeros there unless they accumulate; `g` there, but 0 for values that did not stay.
 * @throws as {@link at}; ShapeError when the values do not broadcast.
 * @see https://pytorch.org/docs/stable/generated/torch.Tensor.index_put_.html
 */
export function indexPut(x: Tensor, ...args: Putting): Tensor {
  const { region, src, how } = readPutting('indexPut', x, args);
  return putInto('indexPut', x, region, src, how);
}

/**
 * {@link indexPut} in place, outside the graph: `x.indexPut_(['1:', [0, 2]], 5)` is Python's `x[1:, [0, 2]] = 5`.
 * @throws as {@link indexPut}; Error when `x` or the values require grad outside of `noGrad`.
 */
export function indexPut_(x: Tensor, ...args: Putting): Tensor {
  const { region, src, how } = readPutting('indexPut_', x, args);
  checkWritable('indexPut_', x, src);
  const own = src.storage === x.storage ? copy(src) : src;
  noGrad(() => change('indexPut_', x, region, own, how));
  x.storage.version++;
  return x;
}

/** {@link indexPut_}, by a name that says what it does next to {@link at}. */
export const setAt_ = indexPut_;

/**
 * The elements at positions in `x` as if it lay in one dimension, in the shape of `index` (int32); negative ones count from
 * the end.
 * Gradient: `g` added to where it was taken from.
 * @throws RangeError for a position out of range.
 * @see https://pytorch.org/docs/stable/generated/torch.take.html
 */
export function take(x: Tensor, ...args: Args<[index: Tensor], { readonly index: Tensor }>): Tensor {
  checkTensor('take', x);
  const [index] = readAll<[Tensor]>('take', args, ['index']);
  checkTensor('take', index, 'index');
  const positions = reshape(wrapped('take', index, x.size, null), [index.size]);
  return reshape(slicesAt('take', [x.size], 0, positions).pick(reshape(x, [x.size])), index.shape);
}

/** Arguments of {@link put}, by name. */
export interface PutOptions {
  readonly index: Tensor;
  readonly source: Tensor;
  /** Whether elements are added to what is there. Default false. */
  readonly accumulate?: boolean;
}

/**
 * A copy of `x` with the elements of `source` at positions in `x` as if it lay in one dimension. Where a place is named several
 * times the last stays, or with `accumulate` all are added.
 * Gradients: `g`, with zeros there unless they accumulate; `g` there, but 0 for elements that did not stay.
 * @throws RangeError for a position out of range; ShapeError unless there are as many elements as positions.
 * @see https://pytorch.org/docs/stable/generated/torch.Tensor.put_.html
 */
export function put(
  x: Tensor,
  ...args:
    | [index: Tensor, source: Tensor, ...Rest<[accumulate: boolean], Pick<PutOptions, 'accumulate'>>]
    | [options: PutOptions]
): Tensor {
  checkTensor('put', x);
  const {
    index,
    source,
    accumulate = false,
  } = readArgs<PutOptions>('put', args, ['index', 'source', 'accumulate']);
  checkTensor('put', index, 'index');
  checkTensor('put', source, 'source');
  checkBoolean('put', 'accumulate', accumulate);
  if (source.size !== index.size)
    shapeError('put', `source: expected ${index.size} elements, one for each index, got ${source.size}`);
  const positions = reshape(wrapped('put', index, x.size, null), [index.size]);
  const place = slicesAt('put', [x.size], 0, positions);
  const src = place.fit(reshape(source, [index.size]), x.dtype);
  const flat = reshape(x, [x.size]);
  return reshape(accumulate ? place.add(flat, src) : place.set(flat, src), x.shape);
}
