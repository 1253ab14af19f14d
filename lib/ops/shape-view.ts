import { describe, shapeError, typeError } from '../errors.js';
import {
  broadcastShapes,
  checkShape,
  formatShape,
  normalizeDim,
  sameShape,
  sizeOf,
  type Shape,
} from '../shape.js';
import { checkTensor, Tensor } from '../tensor.js';
import { readAll, readSizes, type Args, type Sizes } from './arguments.js';
import { clone, expandTo, reshape, unbroadcast, view } from './broadcast.js';
import { checkTensors, dimOf, narrow, permute, transpose, type NarrowOptions } from './shape.js';

// Shapes by other names, and by those of other tensors.

/**
 * A dimension as several, whose product is its size; one may be -1 and is worked out.
 * Gradient: `g` in the shape of `x`.
 * @throws ShapeError when the product is another.
 * @see https://pytorch.org/docs/stable/generated/torch.unflatten.html
 */
export function unflatten(
  x: Tensor,
  ...args: Args<[dim: number, sizes: Shape], { readonly dim: number; readonly sizes: Shape }>
): Tensor {
  checkTensor('unflatten', x);
  const [dim, sizes] = readAll<[number, Shape]>('unflatten', args, ['dim', 'sizes']);
  const at = dimOf('unflatten', x, dim);
  if (!Array.isArray(sizes) || sizes.length === 0)
    typeError('unflatten', `sizes: expected a list of sizes, got ${describe(sizes)}`);
  const list = sizes as Shape;
  const known = sizeOf(list.filter((size) => size !== -1));
  const to = list.map((size) => (size === -1 && known > 0 ? x.shape[at] / known : size));
  if (to.every((size) => Number.isInteger(size) && size >= 0) && sizeOf(to) === x.shape[at])
    return reshape(x, [...x.shape.slice(0, at), ...to, ...x.shape.slice(at + 1)]);
  checkShape('unflatten', list.filter((size) => size !== -1)); // prettier-ignore
  shapeError('unflatten', `dim ${dim} of size ${x.shape[at]} is not ${formatShape(list)}`);
}

/** All elements in one dimension. Gradient: `g` in the shape of `x`. */
export function ravel(x: Tensor): Tensor {
  checkTensor('ravel', x);
  return reshape(x, [x.size]);
}

/** @inline */
type Moved = number | readonly number[];

/**
 * The same memory with the dimensions `source` at the places `destination`, the others in their order.
 * Gradient: `g` moved back.
 * @see https://pytorch.org/docs/stable/generated/torch.movedim.html
 */
export function movedim(
  x: Tensor,
  ...args: Args<[source: Moved, destination: Moved], { readonly source: Moved; readonly destination: Moved }>
): Tensor {
  checkTensor('movedim', x);
  const [source, destination] = readAll<[Moved, Moved]>('movedim', args, ['source', 'destination']);
  const read = (name: string, dims: Moved): number[] => {
    const list = [dims].flat().map((dim) => normalizeDim('movedim', dim, x.ndim));
    if (new Set(list).size !== list.length)
      shapeError('movedim', `${name}: expected each dimension once, got [${list.join(', ')}]`);
    return list;
  };
  const [from, to] = [read('source', source), read('destination', destination)];
  if (from.length !== to.length)
    shapeError('movedim', `expected as many destinations as sources, got ${to.length} and ${from.length}`);
  if (x.ndim === 0) return x;
  const rest = x.shape.map((_, dim) => dim).filter((dim) => !from.includes(dim));
  const order = x.shape.map((_, dim) => {
    const moved = to.indexOf(dim);
    return moved < 0 ? (rest.shift() as number) : from[moved];
  });
  return permute(x, order);
}

/** NumPy's name for {@link movedim}. */
export const moveaxis = movedim;

/**
 * A matrix transposed; a vector and a number as they are.
 * @throws ShapeError above two dimensions.
 * @see https://pytorch.org/docs/stable/generated/torch.t.html
 */
export function t(x: Tensor): Tensor {
  checkTensor('t', x);
  if (x.ndim > 2) shapeError('t', `expected at most 2 dimensions, got shape ${formatShape(x.shape)}`);
  return x.ndim < 2 ? x : transpose(x, 0, 1);
}

/** The last two dimensions swapped. @see https://pytorch.org/docs/stable/generated/torch.adjoint.html */
export function adjoint(x: Tensor): Tensor {
  checkTensor('adjoint', x);
  if (x.ndim === 0) return x;
  if (x.ndim === 1) shapeError('adjoint', 'expected a matrix or a batch of them, got a vector');
  return transpose(x, -2, -1);
}

/** @inline */
type Other = [other: Tensor] | [options: { readonly other: Tensor }];
/** The tensor whose shape is asked for. */
function readOther(op: string, x: Tensor, args: readonly unknown[]): Tensor {
  checkTensor(op, x);
  const [other] = readAll<[Tensor]>(op, args, ['other']);
  checkTensor(op, other, 'other');
  return other;
}

/** `x` in the shape of `other`: see `expand`. */
export function expandAs(x: Tensor, ...args: Other): Tensor {
  return expandTo('expandAs', x, readOther('expandAs', x, args).shape);
}

/** `x` in the shape of `other`: see `reshape`. */
export function reshapeAs(x: Tensor, ...args: Other): Tensor {
  return reshape(x, readOther('reshapeAs', x, args).shape);
}

/** `x` in the shape of `other`: see `view`. */
export function viewAs(x: Tensor, ...args: Other): Tensor {
  return view(x, readOther('viewAs', x, args).shape);
}

/**
 * `x` repeated to a shape without a copy, as `expand` does.
 * Gradient: the sum over what was repeated.
 * @throws ShapeError when `x` does not broadcast to the shape.
 * @see https://pytorch.org/docs/stable/generated/torch.broadcast_to.html
 */
export function broadcastTo(x: Tensor, ...shape: Sizes<'shape'>): Tensor {
  checkTensor('broadcastTo', x);
  return expandTo('broadcastTo', x, readSizes('broadcastTo', shape, 'shape'));
}

/**
 * Tensors expanded to the shape that all of them broadcast to.
 * Gradients: sums over what was repeated.
 * @throws ShapeError when there is no such shape.
 * @see https://pytorch.org/docs/stable/generated/torch.broadcast_tensors.html
 */
export function broadcastTensors(...tensors: Tensor[] | [readonly Tensor[]]): Tensor[] {
  const list = tensorsOf('broadcastTensors', tensors);
  const shape = list.map((x) => x.shape).reduce((a, b) => broadcastShapes('broadcastTensors', a, b));
  return list.map((x) => expandTo('broadcastTensors', x, shape));
}

/** Tensors that came one by one or in a list. */
export function tensorsOf(op: string, tensors: readonly unknown[]): readonly Tensor[] {
  const list = tensors.length === 1 && !(tensors[0] instanceof Tensor) ? tensors[0] : tensors;
  checkTensors(op, list);
  return list;
}

/**
 * The sum over the dimensions that were repeated if `size` was expanded to the shape of `x`.
 * Gradient: `g` expanded.
 * @throws ShapeError when `size` does not broadcast to that shape.
 * @see https://pytorch.org/docs/stable/generated/torch.Tensor.sum_to_size.html
 */
export function sumToSize(x: Tensor, ...size: Sizes<'size'>): Tensor {
  checkTensor('sumToSize', x);
  const to = readSizes('sumToSize', size, 'size');
  checkShape('sumToSize', to);
  if (to.length > x.ndim || !sameShape(broadcastShapes('sumToSize', x.shape, to), x.shape))
    shapeError('sumToSize', `shape ${formatShape(to)} does not broadcast to ${formatShape(x.shape)}`);
  return unbroadcast(x, to);
}

/** @inline */
interface AtLeast {
  (x: Tensor): Tensor;
  (tensors: readonly Tensor[]): Tensor[];
  (...tensors: Tensor[]): Tensor[];
}

/** An op that gives each of its tensors more dimensions. */
function atLeast(op: string, shapeFor: (shape: Shape) => Shape): AtLeast {
  const one = (x: Tensor): Tensor => reshape(x, shapeFor(x.shape));
  return ((...args: unknown[]): Tensor | Tensor[] => {
    if (args.length === 1 && args[0] instanceof Tensor) return one(args[0]);
    return tensorsOf(op, args).map(one);
  }) as AtLeast;
}

/**
 * A tensor, or each of several, with at least one dimension.
 * @see https://pytorch.org/docs/stable/generated/torch.atleast_1d.html
 */
export const atleast1d = atLeast('atleast1d', (shape) => (shape.length === 0 ? [1] : shape));

/**
 * A tensor, or each of several, with at least two dimensions: (n) becomes (1, n).
 * @see https://pytorch.org/docs/stable/generated/torch.atleast_2d.html
 */
export const atleast2d = atLeast('atleast2d', (shape) =>
  shape.length < 2 ? [...[1, 1].slice(shape.length), ...shape] : shape,
);

/**
 * A tensor, or each of several, with at least three dimensions: (n) becomes (1, n, 1), (m, n) becomes (m, n, 1).
 * @see https://pytorch.org/docs/stable/generated/torch.atleast_3d.html
 */
export const atleast3d = atLeast('atleast3d', (shape) =>
  shape.length === 0
    ? [1, 1, 1]
    : shape.length === 1
      ? [1, ...shape, 1]
      : shape.length === 2
        ? [...shape, 1]
        : shape,
);

/** A copy of what {@link narrow} gives. Gradient: as there. */
export function narrowCopy(
  x: Tensor,
  ...args: Args<[dim: number, start: number | Tensor, length: number], NarrowOptions>
): Tensor {
  checkTensor('narrowCopy', x);
  return clone(narrow(x, ...args));
}
