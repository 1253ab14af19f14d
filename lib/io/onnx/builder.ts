import type { Place } from '../../trace.js';
import { fail } from './fail.js';
import {
  constant,
  ELEMENT_TYPES,
  type Attributes,
  type Constant,
  type ElementType,
  type GraphNode,
} from './proto.js';
import { fixed, isOne, sameSizes, type Position, type Size } from './sizes.js';

/** A value of the graph. */
export interface Value {
  readonly name: string;
  readonly dtype: ElementType;
  readonly shape: readonly Size[];
}

/** Constants up to this many elements are written once however often they occur. */
const SHORT = 64;

/** A graph that is being written. */
export class Builder {
  readonly nodes: GraphNode[] = [];
  readonly constants = new Map<string, Constant>();
  /** Where in the model the nodes to come belong. */
  place: Place = { path: '', name: '' };
  /** The operation that is being written, for errors. */
  doing = '';
  /** Where the size of the batch is found. */
  batch: { readonly input: string; readonly dim: number } | null = null;
  readonly #made = new Map<string, readonly string[]>();
  readonly #shared = new Map<string, Value>();
  /** What reshaped and transposed values were made from. */
  readonly #sources = new Map<string, { readonly from: Value; readonly order: readonly number[] | null }>();
  #count = 0;

  constructor(readonly opset: number) {}

  fail(message: string): never {
    return fail(this.place, this.doing, message);
  }

  /** A node with several results; the same node is not written twice. Inputs that are left out are null. */
  several(
    op: string,
    inputs: readonly (Value | null)[],
    attributes: Attributes,
    count: number,
  ): readonly string[] {
    const names = inputs.map((input) => input?.name ?? '');
    while (names.at(-1) === '') names.pop();
    const key = JSON.stringify([op, names, attributes, count]);
    const before = this.#made.get(key);
    if (before !== undefined) return before;
    const { path } = this.place;
    const id = `${path === '' ? '' : `${path.replaceAll('.', '/')}/`}${op}_${this.#count++}`;
    const outputs = Array.from({ length: count }, (_, i) => (i === 0 ? id : `${id}_${i}`));
    this.nodes.push({ name: `node_${id}`, op, inputs: names, outputs, attributes });
    this.#made.set(key, outputs);
    return outputs;
  }

  /** A node with one result, of this shape, and of the dtype of the first input unless another is given. */
  node(
    op: string,
    inputs: readonly (Value | null)[],
    shape: readonly Size[],
    attributes: Attributes = {},
    dtype: ElementType = (inputs[0] as Value).dtype,
  ): Value {
    return { name: this.several(op, inputs, attributes, 1)[0], dtype, shape };
  }

  /** A constant; the name is made up unless one is given. */
  constant(value: Constant, name?: string): Value {
    const shape = value.shape.map(fixed);
    const isShort = name === undefined && value.values.length <= SHORT;
    const key = isShort
      ? `${value.dtype} ${value.shape.join()}: ${[...value.values].map(String).join()}`
      : '';
    const before = isShort ? this.#shared.get(key) : undefined;
    if (before !== undefined) return before;
    const made: Value = { name: name ?? `constant_${this.constants.size}`, dtype: value.dtype, shape };
    this.constants.set(made.name, value);
    if (isShort) this.#shared.set(key, made);
    return made;
  }

  /** A vector of whole numbers, as shapes and axes are. */
  ints(values: readonly number[]): Value {
    return this.constant(constant('int64', [values.length], values));
  }

  /** A number, to broadcast. */
  scalar(dtype: ElementType, value: number): Value {
    return this.constant(constant(dtype, [], [value]));
  }

  /** The size of the batch, as a vector of one number. */
  #batchSize(): Value {
    if (this.batch === null) return this.fail('the size of the batch is not known');
    const { input, dim } = this.batch;
    const x: Value = { name: input, dtype: 'float32', shape: [] };
    return this.node('Shape', [x], [fixed(1)], { start: dim, end: dim + 1 }, 'int64');
  }

  /** Positions as a vector. */
  positions(positions: readonly Position[]): Value {
    if (positions.every(({ batch }) => batch === 0)) return this.ints(positions.map((each) => each.fixed));
    const parts = positions.map(({ fixed: start, batch }) => {
      if (batch === 0) return this.ints([start]);
      const n = this.#batchSize();
      const multiple = batch === 1 ? n : this.node('Mul', [n, this.ints([batch])], [fixed(1)]);
      return start === 0 ? multiple : this.node('Add', [multiple, this.ints([start])], [fixed(1)]);
    });
    return parts.length === 1 ? parts[0] : this.node('Concat', parts, [fixed(parts.length)], { axis: 0 });
  }

  /** Sizes as a vector. */
  sizes(sizes: readonly Size[]): Value {
    return this.positions(
      sizes.map(({ times, isBatch }) => ({ fixed: isBatch ? 0 : times, batch: isBatch ? times : 0 })),
    );
  }

  reshape(x: Value, shape: readonly Size[]): Value {
    if (sameSizes(x.shape, shape)) return x;
    const source = this.#sources.get(x.name);
    if (source?.order === null) return this.reshape(source.from, shape);
    const batches = shape.filter((size) => size.isBatch).length;
    const target =
      batches <= 1 ? this.ints(shape.map((size) => (size.isBatch ? -1 : size.times))) : this.sizes(shape);
    const y = this.node('Reshape', [x, target], shape);
    this.#sources.set(y.name, { from: x, order: null });
    return y;
  }

  transpose(x: Value, order: readonly number[]): Value {
    if (order.every((dim, i) => dim === i)) return x;
    const shape = order.map((dim) => x.shape[dim]);
    // Only dimensions of one element move: their order in memory stays.
    const moving = order.filter((dim) => !isOne(x.shape[dim]));
    if (moving.every((dim, i) => i === 0 || dim > moving[i - 1])) return this.reshape(x, shape);
    const source = this.#sources.get(x.name);
    if (source !== undefined && source.order !== null) {
      const before = source.order;
      return this.transpose(
        source.from,
        order.map((dim) => before[dim]),
      );
    }
    const y = this.node('Transpose', [x], shape, { perm: order });
    this.#sources.set(y.name, { from: x, order });
    return y;
  }

  /** Repeats what has one element, as broadcasting does. */
  expand(x: Value, shape: readonly Size[]): Value {
    if (sameSizes(x.shape, shape)) return x;
    return this.node('Expand', [x, this.sizes(shape)], shape);
  }

  /** A part along some dimensions. */
  slice(
    x: Value,
    parts: readonly { readonly dim: number; readonly start: Position; readonly size: Size }[],
  ): Value {
    if (parts.length === 0) return x;
    const shape = [...x.shape];
    for (const { dim, size } of parts) shape[dim] = size;
    const ends = parts.map(({ start, size }) => ({
      fixed: start.fixed + (size.isBatch ? 0 : size.times),
      batch: start.batch + (size.isBatch ? size.times : 0),
    }));
    const starts = this.positions(parts.map(({ start }) => start));
    return this.node(
      'Slice',
      [x, starts, this.positions(ends), this.ints(parts.map(({ dim }) => dim))],
      shape,
    );
  }

  concat(parts: readonly Value[], axis: number, size: Size): Value {
    if (parts.length === 1) return parts[0];
    const shape = [...parts[0].shape];
    shape[axis] = size;
    return this.node('Concat', parts, shape, { axis });
  }

  cast(x: Value, dtype: ElementType): Value {
    if (x.dtype === dtype) return x;
    return this.node('Cast', [x], x.shape, { to: ELEMENT_TYPES[dtype] }, dtype);
  }

  /** A pointwise node of values that broadcast. */
  pointwise(op: string, inputs: readonly Value[], dtype?: ElementType, attributes: Attributes = {}): Value {
    return this.node(op, inputs, broadcast(inputs.map((x) => x.shape)), attributes, dtype);
  }

  /** `op` of a value and a number. */
  withNumber(op: string, x: Value, value: number): Value {
    return this.pointwise(op, [x, this.scalar(x.dtype, value)]);
  }

  /** Sums and the like over some dimensions, which stay with one element. */
  reduce(op: string, x: Value, dims: readonly number[]): Value {
    const shape = x.shape.map((size, dim) => (dims.includes(dim) ? fixed(1) : size));
    return this.node(op, [x, this.ints(dims)], shape, { keepdims: 1 });
  }
}

/** The shape in which values meet. */
export function broadcast(shapes: readonly (readonly Size[])[]): Size[] {
  const ndim = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: ndim }, (_, dim) => {
    const sizes = shapes.flatMap((shape) => shape[shape.length - ndim + dim] ?? []);
    return sizes.find((size) => !isOne(size)) ?? fixed(1);
  });
}
