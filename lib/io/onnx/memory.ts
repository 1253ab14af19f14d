import type { Background } from '../../trace.js';
import { contiguousStrides } from '../../shape.js';
import type { Tensor } from '../../tensor.js';
import type { Builder, Value } from './builder.js';
import { constantOf } from './constants.js';
import { gatherFrom, scatterInto } from './gathered.js';
import { boxOf, levelsOf, orderOf, refine, type Box, type Layout, type Level } from './levels.js';
import type { View } from './merge.js';
import { constant } from './proto.js';
import { exampleOf, fixed, isOne, ONE, product, productOf, samePosition, sameSize, sameSizes, type Size } from './sizes.js'; // prettier-ignore

/** A value, and where in memory its elements lie. */
interface Piece extends Layout {
  readonly value: Value;
}

/** What lies in the memory that kernels read and write, as values of the graph. */
export class Memory {
  readonly #pieces = new Map<number, Piece[]>();
  readonly #backgrounds = new Map<number, Background>();
  readonly #states = new Map<string, Piece>();

  /** @param states parameters and buffers by the names that they are written under */
  constructor(
    readonly builder: Builder,
    readonly states: ReadonlyMap<string, Tensor>,
  ) {}

  /** What was in memory before a kernel writes to it for the first time. */
  addBackground(memory: number, background: Background): void {
    this.#backgrounds.set(memory, background);
  }

  /** A tensor as a value of its shape. */
  read(view: View): Value {
    return this.builder.expand(this.readLoosely(view), view.shape);
  }

  /** The same with one element where elements repeat: to broadcast. */
  readLoosely(view: View): Value {
    const { builder } = this;
    if (view.shape.some((size) => size.times === 0)) builder.fail('tensors without elements');
    if (view.values !== null) return constantOf(builder, view, view.values);
    if (view.state !== null) return this.#viewed(this.#state(view.state), view);
    const pieces = this.#pieces.get(view.memory) ?? [];
    const same = pieces.findLast((piece) => sameLayout(piece, view));
    if (same !== undefined && same === pieces.at(-1)) return same.value;
    if (pieces.length === 1 && !this.#backgrounds.has(view.memory)) return this.#viewed(pieces[0], view);
    if (pieces.length === 1 && reachesNoFurther(view, pieces[0])) return this.#viewed(pieces[0], view);
    if (pieces.length === 0) return builder.fail('a tensor comes from nowhere');
    const whole = this.#compose(view, pieces);
    this.#pieces.set(view.memory, [whole]);
    this.#backgrounds.delete(view.memory);
    return this.#viewed(whole, view);
  }

  /** A parameter or buffer of the model. */
  parameter(x: Tensor): Value {
    for (const [name, state] of this.states) if (state === x) return this.#state(name).value;
    return this.builder.constant({ dtype: x.dtype, shape: x.shape, values: x.toArray() });
  }

  /** Says what a tensor holds from now on. */
  write(view: View, value: Value): void {
    const { shape, strides, offset, dtype } = view;
    const piece: Piece = {
      value: this.builder.reshape(this.builder.cast(value, dtype), shape),
      shape,
      strides,
      offset,
    };
    const others = (this.#pieces.get(view.memory) ?? []).filter((other) => !sameLayout(other, piece));
    this.#pieces.set(view.memory, [...others, piece]);
  }

  #state(name: string): Piece {
    const before = this.#states.get(name);
    if (before !== undefined) return before;
    const x = this.states.get(name) as Tensor;
    const { dtype, shape, offset, size, isContiguous } = x;
    const values = isContiguous ? x.storage.array.subarray(offset, offset + size) : x.toArray();
    const value = this.builder.constant({ dtype, shape, values }, name);
    const strides = (isContiguous ? contiguousStrides(shape) : x.strides).map(fixed);
    const piece = { value, shape: value.shape, strides, offset: { fixed: offset, batch: 0 } };
    this.#states.set(name, piece);
    return piece;
  }

  /** A view of a piece, with one element where elements repeat. */
  #viewed(piece: Piece, view: View): Value {
    const { builder } = this;
    if (sameLayout(piece, view)) return piece.value;
    const base = levelsOf(piece);
    const offset = {
      fixed: view.offset.fixed - piece.offset.fixed,
      batch: view.offset.batch - piece.offset.batch,
    };
    const target: Layout = { shape: view.shape, strides: view.strides, offset };
    if (base !== null) {
      const levels = refineAll(base, [target]);
      const box = levels && boxOf(levels, target);
      if (levels !== null && box !== null) return cut(builder, piece, levels, box, target);
      const gathered = gatherFrom(builder, inMemoryOrder(builder, piece), target);
      if (gathered !== null) return gathered;
    }
    return builder.fail('a view of a tensor that ONNX has no operation for');
  }

  /** One value for what several kernels have written. */
  #compose(view: View, pieces: readonly Piece[]): Piece {
    const { builder } = this;
    const end = [...pieces, view].map(endOf).reduce((a, b) => (exampleOf(a) > exampleOf(b) ? a : b));
    const total = roundedUp(end, [...pieces, view]);
    const levels = refineAll([{ size: total, stride: ONE }], [...pieces, view]);
    const boxes = levels && pieces.map((piece) => boxOf(levels, piece));
    if (levels === null || boxes?.includes(null)) return this.#scattered(view, pieces, total);
    // In the order of the view's dimensions: it is a tensor that was written in parts.
    const seen = boxOf(levels, view)?.groups.flat() ?? [];
    const order = [...levels.keys()].filter((level) => !seen.includes(level)).concat(seen);
    const sorted = order.map((level) => levels[level]);
    const shape = sorted.map(({ size }) => size);
    const parts = pieces.map((piece, i) => {
      const box = boxes?.[i] as Box;
      return laidOut(builder, piece, {
        groups: box.groups.map((group) => group.map((level) => order.indexOf(level))),
        starts: order.map((level) => box.starts[level]),
        sizes: order.map((level) => box.sizes[level]),
      });
    });
    const strides = sorted.map(({ stride }) => stride);
    const value = joined(builder, parts, shape) ?? this.#inserted(view, parts, { shape, strides });
    return { value, shape, strides, offset: { fixed: 0, batch: 0 } };
  }

  /** What was in memory of some size: a number, or elements that differ. */
  #before(view: View, total: Size): { filling: number; values: Value | null } {
    const { builder } = this;
    // Memory may be longer than what is used of it.
    const values = this.#backgrounds.get(view.memory)?.values.subarray(0, exampleOf(total));
    const filling = values?.[0] ?? 0;
    if (values === undefined || values.every((value) => Object.is(value, filling)))
      return { filling, values: null };
    if (total.isBatch) return builder.fail('a constant that depends on the batch is written to');
    return { filling, values: builder.constant({ dtype: view.dtype, shape: [total.times], values }) };
  }

  /** Elements put one by one into what was there before. */
  #scattered(view: View, pieces: readonly Piece[], total: Size): Piece {
    const { builder } = this;
    const { filling, values } = this.#before(view, total);
    let value = values ?? builder.expand(builder.constant(constant(view.dtype, [1], [filling])), [total]);
    for (const piece of pieces)
      value =
        scatterInto(builder, value, piece) ??
        builder.fail('a part of a tensor is written that ONNX has no operation for');
    return {
      value: builder.reshape(value, [total]),
      shape: [total],
      strides: [ONE],
      offset: { fixed: 0, batch: 0 },
    };
  }

  /** Parts put one after the other into what was there before. */
  #inserted(view: View, parts: readonly Part[], { shape, strides }: Omit<Layout, 'offset'>): Value {
    const { builder } = this;
    const total = productOf(shape);
    if (total === null) return builder.fail('a tensor has the batch in two dimensions');
    const { filling, values } = this.#before(view, total);
    let whole: Value | null = null;
    if (values !== null) {
      const layout = { shape, strides, offset: { fixed: 0, batch: 0 } };
      const memory = { value: values, shape: [total], strides: [ONE], offset: layout.offset };
      const levels = orderOf(layout).map((dim) => ({ size: shape[dim], stride: strides[dim] }));
      whole = cut(builder, memory, levels, boxOf(levels, layout) as Box, layout);
    }
    for (const part of parts) {
      if (whole === null && isWhole(part.box, shape)) whole = part.value;
      else if (whole === null) whole = padded(builder, part, shape, filling);
      else whole = insert(builder, whole, part, 0);
    }
    return whole as Value;
  }
}

/** What a kernel has written, as a box of levels. */
interface Part {
  readonly box: Box;
  readonly value: Value;
}

function sameLayout(a: Layout, b: Layout): boolean {
  return (
    sameSizes(a.shape, b.shape) &&
    samePosition(a.offset, b.offset) &&
    a.strides.every((stride, dim) => isOne(a.shape[dim]) || sameSize(stride, b.strides[dim]))
  );
}

/** Before which element a layout ends, counted from the beginning of memory. */
function endOf({ shape, strides, offset }: Layout): Size {
  let [fixedEnd, batchEnd] = [offset.fixed + 1, offset.batch];
  for (const [dim, size] of shape.entries()) {
    const last = strides[dim].times * size.times;
    if (isOne(size)) continue;
    if (size.isBatch || strides[dim].isBatch) batchEnd += last;
    else fixedEnd += last;
    if (strides[dim].isBatch && !size.isBatch) batchEnd -= strides[dim].times;
    else fixedEnd -= strides[dim].times;
    if (strides[dim].isBatch && size.isBatch) fixedEnd = Infinity;
  }
  if (batchEnd === 0) return fixed(fixedEnd);
  // An end within the last row of a batch counts as the end of that row.
  return { times: batchEnd, isBatch: true };
}

/** The end of memory that is made of whole steps of the largest stride. */
function roundedUp(end: Size, layouts: readonly Layout[]): Size {
  if (end.isBatch) return end;
  const strides = layouts.flatMap(({ shape, strides: all }) =>
    all.filter((_, dim) => !isOne(shape[dim])).map(({ times }) => times),
  );
  const largest = Math.max(1, ...strides);
  return fixed(Math.ceil(end.times / largest) * largest);
}

/** Whether a view lies within what a dense piece fills. */
const reachesNoFurther = (view: View, piece: Piece): boolean =>
  levelsOf(piece) !== null &&
  view.offset.fixed >= piece.offset.fixed &&
  view.offset.batch >= piece.offset.batch &&
  exampleOf(endOf(view)) <= exampleOf(endOf(piece));

/** Levels split at all strides of the layouts. */
function refineAll(levels: readonly Level[], layouts: readonly Layout[]): Level[] | null {
  const strides = layouts.flatMap(({ shape, strides: all }) =>
    all.filter((stride, dim) => !isOne(shape[dim]) && exampleOf(stride) > 0),
  );
  strides.sort((a, b) => exampleOf(b) - exampleOf(a));
  return strides.reduce<Level[] | null>((all, stride) => all && refine(all, stride), [...levels]);
}

/** The value of a dense piece without dimensions of one element, the others in the order of memory. */
function inMemoryOrder(builder: Builder, piece: Piece): Value {
  const order = orderOf(piece);
  const ones = piece.shape.map((_, dim) => dim).filter((dim) => !order.includes(dim));
  const sorted = builder.transpose(piece.value, [...ones, ...order]);
  return builder.reshape(
    sorted,
    order.map((dim) => piece.shape[dim]),
  );
}

/** The levels that each dimension of a dense piece is made of, in the order of its dimensions. */
function levelsByDim(piece: Piece, levels: readonly Level[]): number[] {
  const runs = new Map<number, number[]>();
  let level = 0;
  for (const dim of orderOf(piece)) {
    const run: number[] = [];
    for (let size = ONE; !sameSize(size, piece.shape[dim]); level++) {
      run.push(level);
      size = product(size, levels[level].size) as Size;
    }
    runs.set(dim, run);
  }
  return piece.shape.flatMap((_, dim) => runs.get(dim) ?? []);
}

/** A box of a dense piece, with the dimensions of the view. */
function cut(builder: Builder, piece: Piece, levels: readonly Level[], box: Box, view: Layout): Value {
  const order = levelsByDim(piece, levels);
  const split = builder.reshape(
    piece.value,
    order.map((level) => levels[level].size),
  );
  const parts = order.flatMap((level, dim) =>
    sameSize(levels[level].size, box.sizes[level])
      ? []
      : [{ dim, start: box.starts[level], size: box.sizes[level] }],
  );
  const part = builder.slice(split, parts);
  const seen = box.groups.flat();
  const others = order.filter((level) => !seen.includes(level));
  const sorted = builder.transpose(
    part,
    [...others, ...seen].map((level) => order.indexOf(level)),
  );
  const shape = view.shape.map((size, dim) => (exampleOf(view.strides[dim]) === 0 ? ONE : size));
  return builder.reshape(sorted, shape);
}

/** The value of a piece with a dimension for each level, of which it fills a box. */
function laidOut(builder: Builder, piece: Piece, box: Box): Part {
  const groups = box.groups.map((levels) => levels.map((level) => box.sizes[level]));
  const split = builder.reshape(piece.value, groups.flat());
  const order = box.groups.flat();
  const sorted = builder.transpose(
    split,
    order.map((_, i) => i).sort((a, b) => order[a] - order[b]),
  );
  return { box, value: builder.reshape(sorted, box.sizes) };
}

const isWhole = (box: Box, shape: readonly Size[]): boolean => sameSizes(box.sizes, shape);

/** Parts that lie side by side along one level and leave nothing out; null where that is not so. */
function joined(builder: Builder, parts: readonly Part[], shape: readonly Size[]): Value | null {
  const dims = shape.map((_, dim) => dim);
  const partial = dims.filter((dim) => parts.some(({ box }) => !sameSize(box.sizes[dim], shape[dim])));
  if (partial.length !== 1) return null;
  const [dim] = partial;
  const startOf = ({ box }: Part): number =>
    box.starts[dim].fixed + exampleOf({ times: box.starts[dim].batch, isBatch: true });
  const sorted = [...parts].sort((a, b) => startOf(a) - startOf(b));
  let at = 0;
  for (const part of sorted) {
    if (startOf(part) !== at) return null;
    at += exampleOf(part.box.sizes[dim]);
  }
  if (at !== exampleOf(shape[dim])) return null;
  return builder.concat(
    sorted.map(({ value }) => value),
    dim,
    shape[dim],
  );
}

/** A part in a shape that is filled with a number. */
function padded(builder: Builder, { box, value }: Part, shape: readonly Size[], filling: number): Value {
  const before = box.starts;
  const after = shape.map((size, dim) => ({
    fixed:
      (size.isBatch ? 0 : size.times) -
      before[dim].fixed -
      (box.sizes[dim].isBatch ? 0 : box.sizes[dim].times),
    batch:
      (size.isBatch ? size.times : 0) -
      before[dim].batch -
      (box.sizes[dim].isBatch ? box.sizes[dim].times : 0),
  }));
  const pads = builder.positions([...before, ...after]);
  return builder.node('Pad', [value, pads, builder.scalar(value.dtype, filling)], shape);
}

/** Puts a part into a value of the whole, from level `dim` on. */
function insert(builder: Builder, whole: Value, part: Part, from: number): Value {
  const { box } = part;
  const dim = box.sizes.findIndex((size, i) => i >= from && !sameSize(size, whole.shape[i]));
  if (dim < 0) return part.value;
  const [size, start, length] = [whole.shape[dim], box.starts[dim], box.sizes[dim]];
  const end = {
    fixed: start.fixed + (length.isBatch ? 0 : length.times),
    batch: start.batch + (length.isBatch ? length.times : 0),
  };
  if (size.isBatch || start.batch !== 0 || end.batch !== 0)
    return builder.fail('a part of the batch is written to');
  const zero = { fixed: 0, batch: 0 };
  const middle = insert(builder, builder.slice(whole, [{ dim, start, size: length }]), part, dim + 1);
  const left =
    start.fixed > 0 ? [builder.slice(whole, [{ dim, start: zero, size: fixed(start.fixed) }])] : [];
  const rest = size.times - end.fixed;
  const right = rest > 0 ? [builder.slice(whole, [{ dim, start: end, size: fixed(rest) }])] : [];
  return builder.concat([...left, middle, ...right], dim, size);
}
