import type { Builder, Value } from './builder.js';
import type { Layout } from './levels.js';
import { constant } from './proto.js';
import { exampleOf, fixed, isOne, ONE, productOf, quotient, type Size } from './sizes.js';

/** A tensor whose elements are looked up one by one, in each row of the batch, if there is one. */
export interface Lookup {
  /** The dimension of the tensor that is the batch, or -1. */
  readonly across: number;
  /** How many rows memory has, and how long each is. */
  readonly rows: Size;
  readonly length: Size;
  /** The sizes of all dimensions but the batch, and where in the row the elements lie, in row-major order. */
  readonly sizes: readonly Size[];
  readonly addresses: readonly number[];
}

/** How the elements of a tensor are found in memory of some size; null where they are not in rows of the batch. */
function lookUp(total: Size, { shape, strides, offset }: Layout): Lookup | null {
  const shown = shape.map((size, dim) => (exampleOf(strides[dim]) === 0 ? ONE : size));
  const across = shown.findIndex((size) => size.isBatch);
  const others = shown.map((_, dim) => dim).filter((dim) => dim !== across);
  if (offset.batch !== 0 || others.some((dim) => !isOne(shown[dim]) && strides[dim].isBatch)) return null;
  const length = across < 0 ? total : strides[across];
  const rows = quotient(total, length);
  if (length.isBatch || rows?.times !== (across < 0 ? 1 : shown[across].times)) return null;
  const sizes = others.map((dim) => shown[dim]);
  const addresses = addressesOf(
    sizes,
    others.map((dim) => strides[dim].times),
    offset.fixed,
  );
  if (addresses.some((at) => at < 0 || at >= length.times)) return null;
  return { across, rows, length, sizes, addresses };
}

/** Where the elements of a view lie, in row-major order. */
const addressesOf = (shape: readonly Size[], strides: readonly number[], offset: number): number[] =>
  shape.reduce<number[]>(
    (all, { times }, dim) =>
      all.flatMap((at) => Array.from({ length: times }, (_, i) => at + (times === 1 ? 0 : i * strides[dim]))),
    [offset],
  );

/**
 * A view that is no box of levels, such as a diagonal, or one backwards. Null where that does not go.
 * @param x what fills memory, its dimensions in the order of memory
 */
export function gatherFrom(builder: Builder, x: Value, view: Layout): Value | null {
  const batch = x.shape.findIndex((size) => size.isBatch);
  // The batch is brought in front, and the view with it.
  const moved = batch > 0 ? batchFirst(x.shape, batch, view) : view;
  const order = [...x.shape.keys()];
  if (batch > 0) order.unshift(...order.splice(batch, 1));
  const total = productOf(x.shape);
  const lookup = total && moved && lookUp(total, moved);
  if (lookup === null) return null;
  const { across, rows, length, sizes, addresses } = lookup;
  const table = builder.reshape(builder.transpose(x, order), [rows, length]);
  const shape = sizes.map(({ times }) => times);
  const at = builder.constant(constant('int64', shape, addresses));
  const y = builder.node('Gather', [table, at], [rows, ...sizes], { axis: 1 });
  if (across < 0) return builder.reshape(y, sizes);
  const places = [...sizes.keys()].map((i) => i + 1);
  places.splice(across, 0, 0);
  return builder.transpose(y, places);
}

/** Where a view lies when the batch, which is not outermost in memory, comes before all else; null where that is not clear. */
function batchFirst(shape: readonly Size[], batch: number, view: Layout): Layout | null {
  const [before, after] = [productOf(shape.slice(0, batch)), productOf(shape.slice(batch + 1))];
  if (before === null || after === null) return null;
  const inner = after.times;
  // What lies before the batch is as far apart as all of the batch is long: from now on, as what lies after it.
  const outer = shape[batch].times * inner;
  const isInner = (stride: Size): boolean => !stride.isBatch;
  const strides = view.strides.map((stride, dim): Size | null => {
    if (view.shape[dim].isBatch)
      return stride.times === inner && isInner(stride) ? fixed(before.times * inner) : null;
    if (isInner(stride)) return stride;
    return stride.times % outer === 0 ? fixed((stride.times / outer) * inner) : null;
  });
  if (strides.includes(null) || view.offset.batch % outer !== 0) return null;
  // Steps within what lies after the batch must not lead out of it.
  let [least, most] = [view.offset.fixed, view.offset.fixed];
  for (const [dim, stride] of view.strides.entries()) {
    if (view.shape[dim].isBatch || !isInner(stride)) continue;
    const reach = (view.shape[dim].times - 1) * stride.times;
    least += Math.min(0, reach);
    most += Math.max(0, reach);
  }
  if (least < 0 || most >= inner) return null;
  const offset = { fixed: view.offset.fixed + (view.offset.batch / outer) * inner, batch: 0 };
  return { shape: view.shape, strides: strides as Size[], offset };
}

/** Memory, in rows of the batch, after a tensor has been written to it that is no box of levels. */
export function scatterInto(
  builder: Builder,
  whole: Value,
  piece: Layout & { readonly value: Value },
): Value | null {
  const total = productOf(whole.shape);
  const lookup = total && lookUp(total, piece);
  // What is written twice would have two values.
  if (lookup === null || new Set(lookup.addresses).size < lookup.addresses.length) return null;
  const { across, rows, length, addresses } = lookup;
  const order = [...piece.shape.keys()].filter((dim) => dim !== across);
  const sorted = builder.transpose(piece.value, across < 0 ? order : [across, ...order]);
  const shape = [rows, fixed(addresses.length)];
  const at = builder.expand(builder.constant(constant('int64', [1, addresses.length], addresses)), shape);
  const inputs = [builder.reshape(whole, [rows, length]), at, builder.reshape(sorted, shape)];
  return builder.node('ScatterElements', inputs, [rows, length], { axis: 1 });
}

/**
 * Memory, in rows of the batch, after slices have been written to it at places of a tensor's first dimension, whose elements
 * may lie anywhere. Null where that does not go.
 * @param view the tensor that is written to
 * @param index the places, in one dimension
 * @param src the slices: (places, …rest of the view)
 */
export function scatterSlicesInto(
  builder: Builder,
  whole: Value,
  view: Layout,
  index: Value,
  src: Value,
  reduction: string,
): Value | null {
  const [, ...rest] = view.shape;
  const total = productOf(whole.shape);
  const lookup = total && lookUp(total, { ...view, shape: [ONE, ...rest] });
  const [step, [places]] = [view.strides[0], index.shape];
  if (lookup === null || step.isBatch || places.isBatch) return null;
  const { across, rows, length, addresses } = lookup;
  const steps = builder.withNumber('Mul', builder.cast(index, 'int64'), step.times);
  const inner = builder.constant(constant('int64', [1, addresses.length], addresses));
  const at = builder.pointwise('Add', [builder.reshape(steps, [places, ONE]), inner]);
  const shape = [rows, fixed(places.times * addresses.length)];
  const order = [...view.shape.keys()].filter((dim) => dim !== across);
  const sorted = builder.transpose(src, across < 0 ? order : [across, ...order]);
  const inputs = [
    builder.reshape(whole, [rows, length]),
    builder.expand(builder.reshape(at, [ONE, shape[1]]), shape),
    builder.reshape(sorted, shape),
  ];
  return builder.node('ScatterElements', inputs, [rows, length], { axis: 1, reduction });
}

/** Whether an element of memory is there twice in a tensor, as in windows that overlap. */
export function overlaps(view: Layout): boolean {
  const dims = [...view.shape.keys()].filter((dim) => !isOne(view.shape[dim]));
  dims.sort((a, b) => exampleOf(view.strides[a]) - exampleOf(view.strides[b]));
  let reach = 0;
  for (const dim of dims) {
    if (exampleOf(view.strides[dim]) <= reach) return true;
    reach += (exampleOf(view.shape[dim]) - 1) * exampleOf(view.strides[dim]);
  }
  return false;
}
