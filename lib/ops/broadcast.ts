import { backend } from '../backend/select.js';
import { isFloat } from '../dtype.js';
import { shapeError } from '../errors.js';
import {
  broadcastStrides,
  checkShape,
  contiguousStrides,
  formatShape,
  normalizeDims,
  reducedShape,
  sameShape,
  sizeOf,
  type Shape,
} from '../shape.js';
import { checkTensor, empty, emptyInOrder, viewOf, type Tensor } from '../tensor.js';
import { readAll, readSizes, type Args, type Sizes } from './arguments.js';
import { cast, track } from './primitive.js';
import { readReduce, type ReduceRest } from './reduce-args.js';

// The ops that broadcasting itself is made of. `sum` and `expand` are each other's gradient.

/**
 * The sum over `dim` (one, several, or all when not given).
 * Booleans and uint8 are counted in int32. Over nothing the sum is 0.
 * Gradient: `g` expanded to the shape of `x`.
 * @see https://pytorch.org/docs/stable/generated/torch.sum.html
 */
export function sum(input: Tensor, ...rest: ReduceRest): Tensor {
  checkTensor('sum', input);
  const { dim, keepdim, dtype } = readReduce('sum', rest);
  const x = dtype === undefined ? input : cast(input, dtype);
  return sumDims(x, normalizeDims('sum', dim, x.ndim), keepdim);
}

function sumDims(input: Tensor, dims: readonly number[], keepdim: boolean): Tensor {
  const x = isFloat(input.dtype) ? input : cast(input, 'int32');
  const out = empty(reducedShape(x.shape, dims, keepdim), x.dtype);
  if (dims.length === 0) backend.copy(x, out);
  else backend.reduce('sum', x, dims, out);
  return track('sum', out, [x], [], (g) => [
    () => expand(reshape(g, reducedShape(x.shape, dims, true)), x.shape),
  ]);
}

/**
 * `x` repeated to `shape` without a copy: sizes of 1 and missing leading dimensions are stretched. -1 keeps a size.
 * Gradient: the sum over what was repeated.
 * @throws ShapeError when `x` does not broadcast to `shape`.
 * @see https://pytorch.org/docs/stable/generated/torch.Tensor.expand.html
 */
export function expand(x: Tensor, ...args: Args<[size: Shape], { readonly size: Shape }>): Tensor {
  checkTensor('expand', x);
  const [size] = readAll<[Shape]>('expand', args, ['size']);
  return expandTo('expand', x, size);
}

/** {@link expand}, with the name of the op that it is for. */
export function expandTo(op: string, x: Tensor, shape: Shape): Tensor {
  const to = Array.isArray(shape)
    ? shape.map((size: number, i) => (size === -1 ? (x.shape[i - (shape.length - x.ndim)] ?? -1) : size))
    : shape;
  checkShape(op, to);
  if (sameShape(x.shape, to)) return x;
  const lead = to.length - x.ndim;
  if (lead < 0 || x.shape.some((size, i) => size !== 1 && size !== to[lead + i]))
    notBroadcast(op, x.shape, to);
  const y = viewOf(x, to, broadcastStrides(x.shape, x.strides, to));
  return track(op, y, [x], [], (g) => [() => unbroadcast(g, x.shape)]);
}

function notBroadcast(op: string, shape: Shape, to: Shape): never {
  shapeError(op, `shape ${formatShape(shape)} does not broadcast to ${formatShape(to)}`);
}

/**
 * Undoes broadcasting in a gradient: sums over the leading dimensions that were added and the sizes of 1 that were
 * stretched, so that what comes back has `shape`.
 * @throws ShapeError when `shape` does not broadcast to the shape of `grad`.
 */
export function unbroadcast(grad: Tensor, shape: Shape): Tensor {
  checkTensor('unbroadcast', grad, 'grad');
  if (grad.shape === shape) return grad;
  checkShape('unbroadcast', shape);
  if (sameShape(grad.shape, shape)) return grad;
  const lead = grad.ndim - shape.length;
  const dims: number[] = [];
  for (let i = 0; i < grad.ndim; i++) {
    if (i >= lead && shape[i - lead] === grad.shape[i]) continue;
    if (i >= lead && shape[i - lead] !== 1) notBroadcast('unbroadcast', shape, grad.shape);
    dims.push(i);
  }
  if (lead < 0) notBroadcast('unbroadcast', shape, grad.shape);
  return reshape(sumDims(grad, dims, true), shape);
}

/**
 * The same elements in row-major order with another shape: a view where the strides allow it, else a copy. One size
 * may be -1 and is worked out.
 * Gradient: `g` reshaped back.
 * @throws ShapeError when the number of elements differs.
 * @see https://pytorch.org/docs/stable/generated/torch.reshape.html
 */
export function reshape(x: Tensor, ...args: Args<[shape: Shape], { readonly shape: Shape }>): Tensor {
  checkTensor('reshape', x);
  const [shape] = readAll<[Shape]>('reshape', args, ['shape']);
  const to = inferShape('reshape', x, shape);
  if (sameShape(x.shape, to)) return x;
  const strides = x.isContiguous ? contiguousStrides(to) : viewStrides(x, to);
  const y = strides ? viewOf(x, to, strides) : viewOf(copyOf(x), to, contiguousStrides(to), 0);
  return track('reshape', y, [x], [], (g) => [() => reshape(g, x.shape)]);
}

/**
 * A view of the same memory with another shape. One size may be -1 and is worked out.
 * Gradient: `g` reshaped back.
 * @throws ShapeError when the number of elements differs; Error where only a copy could have that shape: that is
 *   {@link reshape}.
 * @see https://pytorch.org/docs/stable/generated/torch.Tensor.view.html
 */
export function view(x: Tensor, ...size: Sizes<'size'>): Tensor {
  checkTensor('view', x);
  const to = inferShape('view', x, readSizes('view', size, 'size'));
  const strides = x.isContiguous ? contiguousStrides(to) : viewStrides(x, to);
  if (strides === null)
    throw new Error(
      `[view] shape ${formatShape(x.shape)} with strides ${formatShape(x.strides)} cannot be seen as ${formatShape(to)}; ` +
        'reshape copies where it has to',
    );
  return track('view', viewOf(x, to, strides), [x], [], (g) => [() => reshape(g, x.shape)]);
}

function inferShape(op: string, x: Tensor, shape: Shape): Shape {
  const unknown = Array.isArray(shape) ? shape.indexOf(-1) : -1;
  // A copy: what the caller does with the array afterwards must not change the tensor.
  let to = Array.isArray(shape) ? [...(shape as Shape)] : shape;
  if (unknown >= 0) {
    const rest = shape.map((size, i) => (i === unknown ? 1 : size));
    checkShape(op, rest);
    const known = sizeOf(rest);
    if (known === 0 || x.size % known !== 0)
      shapeError(op, `cannot infer -1: shape ${formatShape(x.shape)} into ${formatShape(shape)}`);
    to = shape.map((size, i) => (i === unknown ? x.size / known : size));
  }
  checkShape(op, to);
  if (sizeOf(to) !== x.size)
    shapeError(
      op,
      `shape ${formatShape(x.shape)} has ${x.size} elements, ${formatShape(shape)} has ${sizeOf(to)}`,
    );
  return to;
}

/** Strides that show the elements of `x` in the shape `to` without moving them, or null where there are none. */
function viewStrides(x: Tensor, to: Shape): number[] | null {
  if (x.size === 0) return contiguousStrides(to);
  const strides = new Array<number>(to.length).fill(1);
  // Dimensions of `x` that lie one in the other form runs; each run, from the right, must be filled exactly by
  // dimensions of `to`. Sizes of 1 are no obstacle anywhere.
  const dims = x.shape.map((_, dim) => dim).filter((dim) => x.shape[dim] !== 1);
  let at = to.length - 1;
  for (let last = dims.length - 1; last >= 0;) {
    let stride = x.strides[dims[last]];
    let run = x.shape[dims[last]];
    let first = last;
    while (first > 0 && x.strides[dims[first - 1]] === x.strides[dims[first]] * x.shape[dims[first]])
      run *= x.shape[dims[--first]];
    let filled = 1;
    for (; at >= 0 && filled < run; at--) {
      strides[at] = stride;
      filled *= to[at];
      stride *= to[at];
    }
    if (filled !== run) return null;
    last = first - 1;
  }
  return strides;
}

/** The elements of `x` in a new contiguous tensor, outside the graph. */
function copyOf(x: Tensor): Tensor {
  const y = empty(x.shape, x.dtype);
  backend.copy(x, y);
  return y;
}

/**
 * `g` with its elements in the order of those of `x` in memory, so that a kernel walks both alike. Outside the graph.
 */
export function likewise(g: Tensor, x: Tensor): Tensor {
  if (sameShape(g.strides, x.strides)) return g;
  const out = emptyInOrder(x, g.shape, g.dtype);
  if (sameShape(g.strides, out.strides)) return g;
  backend.copy(g, out);
  return out;
}

/**
 * `x` itself when its elements lie in row-major order without gaps, else a copy whose elements do.
 * Gradient: `g`.
 */
export function contiguous(x: Tensor): Tensor {
  checkTensor('contiguous', x);
  return x.isContiguous ? x : clone(x);
}

/**
 * A contiguous copy of `x`, part of the graph.
 * Gradient: `g`.
 * @see https://pytorch.org/docs/stable/generated/torch.clone.html
 */
export function clone(x: Tensor): Tensor {
  checkTensor('clone', x);
  return track('clone', copyOf(x), [x], [], (g) => [() => g]);
}
