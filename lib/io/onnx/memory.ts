import type { Background } from '../../trace.js';
import { contiguousStrides } from '../../shape.js';
import type { Tensor } from '../../tensor.js';
import type { Builder, Value } from './builder.js';
import { constantOf } from './constants.js';
import { gatherFrom, scatterInto, scatterSlicesInto } from './gathered.js';
import { endOf, reachesNoFurther, refineAll, roundedUp, sameLayout } from './layouts.js';
import { boxOf, levelsOf, orderOf, type Box, type Layout } from './levels.js';
import type { View } from './merge.js';
import { insert, isWhole, joined, laidOut, padded, type Part } from './parts.js';
import { constant } from './proto.js';
import { exampleOf, fixed, ONE, productOf, type Size } from './sizes.js';
import { cut, inMemoryOrder, type Piece } from './views.js';

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

  /** Says that slices were written to places of a tensor whose elements overlap in memory. */
  writeSlices(view: View, index: Value, src: Value, reduction: string): void {
    const { builder } = this;
    const [piece, ...others] = this.#pieces.get(view.memory) ?? [];
    const levels = piece === undefined || others.length > 0 ? null : levelsOf(piece);
    const isWhole = levels !== null && piece.offset.fixed === 0 && piece.offset.batch === 0;
    const changed = isWhole
      ? scatterSlicesInto(builder, inMemoryOrder(builder, piece), view, index, src, reduction)
      : null;
    if (levels === null || changed === null)
      return builder.fail('parts of a tensor are written at places that ONNX has no operation for');
    const shape = levels.map(({ size }) => size);
    const strides = levels.map(({ stride }) => stride);
    this.#pieces.set(view.memory, [
      { value: builder.reshape(changed, shape), shape, strides, offset: piece.offset },
    ]);
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
