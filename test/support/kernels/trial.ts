import type { Backend, Operand } from '../../../lib/backend/contract.js';
import { arrayOf, itemSize, type DType } from '../../../lib/dtype.js';
import { formatShape, isContiguous, sizeOf, type Shape } from '../../../lib/shape.js';
import { borrow, type Storage } from '../../../lib/storage.js';
import type { Random } from './random-values.js';

/** One call of one kernel: on what, how, and what must come out. */
export interface Trial<Operands extends Record<string, Operand | null> = Record<string, Operand | null>> {
  /** What the operands do not show: options, axes. */
  readonly options?: unknown;
  /** Inputs and outputs by name. Operands with one storage share it in every run. */
  readonly operands: Operands;
  readonly run: (kernels: Backend, operands: Operands) => unknown;
  /** What the call returns; nothing when not given. From 0 on it names a bad index, and results are free. */
  readonly returns?: number;
  /** By the name of the operand it is written to. An operand without an expectation must stay as it is. */
  readonly expected: { readonly [name in keyof Operands]?: Expectation };
}

/** The elements of a result in row-major order, and how exactly they must be met. */
export interface Expectation {
  readonly values: ArrayLike<number>;
  /**
   * How large the terms are that each element was computed from: the error may be a tiny part of it.
   * Not given: the result is exact, to the last bit.
   */
  readonly scale?: ArrayLike<number>;
  /** Whether -0 must not come out as 0. */
  readonly signOfZero?: boolean;
}

/** A row of the table: cases for one kernel, drawn at random. */
export interface Row {
  readonly title: string;
  readonly draw: (random: Random) => Trial;
}

/** For the compiler: operands keep their names. For the table: they are forgotten. */
export const trial = <Operands extends Record<string, Operand | null>>(it: Trial<Operands>): Trial =>
  it as unknown as Trial;

/** Where the elements of an operand lie, in row-major order. Written with no other thought than to be right. */
export function positions({
  offset,
  shape,
  strides,
}: Pick<Operand, 'offset' | 'shape' | 'strides'>): number[] {
  let list = [offset];
  shape.forEach((size, dim) => {
    const longer = new Array<number>(list.length * size);
    for (let k = 0, n = 0; k < list.length; k++)
      for (let i = 0; i < size; i++) longer[n++] = list[k] + i * strides[dim];
    list = longer;
  });
  return list;
}

/** The elements of an operand, in row-major order. */
export const read = (x: Operand): number[] => positions(x).map((at) => x.storage.array[at]);

/** The elements of an operand broadcast to `shape`, in row-major order. */
export function readAs(x: Operand, shape: Shape): number[] {
  const lead = shape.length - x.shape.length;
  const strides = shape.map((_, dim) =>
    dim < lead || x.shape[dim - lead] === 1 ? 0 : x.strides[dim - lead],
  );
  return positions({ offset: x.offset, shape, strides }).map((at) => x.storage.array[at]);
}

export type Layout = 'contiguous' | 'strided' | 'expanded';

/**
 * An operand in memory of its own, somewhere in the middle: whatever lies before, after and between its elements
 * must survive. `strided`: dimensions in any order in memory, in steps, some backwards. `expanded`: some stand still.
 */
export function operand(
  random: Random,
  dtype: DType,
  shape: Shape,
  layout: Layout,
  values: () => number,
): Operand {
  const strides = new Array<number>(shape.length).fill(0);
  let span = 1;
  const order = shape.map((_, dim) => dim).reverse();
  for (const dim of layout === 'contiguous' ? order : random.shuffle(order)) {
    if (layout === 'expanded' && random.chance(0.4)) continue;
    const step = layout === 'contiguous' ? 1 : random.pick([1, 1, 2, 3]);
    strides[dim] = span * step * (layout !== 'contiguous' && random.chance(0.3) ? -1 : 1);
    span *= Math.max(1, shape[dim]) * step;
    // A dimension of one element may have any stride.
    if (shape[dim] === 1) strides[dim] = random.integer(-9, 9);
  }
  return place(random, dtype, shape, strides, values);
}

/** An operand of the given strides, in memory of its own. */
export function place(
  random: Random,
  dtype: DType,
  shape: Shape,
  strides: readonly number[],
  values: () => number,
): Operand {
  const reach = (sign: number): number =>
    shape.reduce((sum, size, dim) => sum + Math.max(0, sign * strides[dim]) * Math.max(0, size - 1), 0);
  const offset = random.integer(1, 9) + reach(-1);
  const length = offset + reach(1) + random.integer(2, 9);
  const Buffer = random.chance(0.15) ? SharedArrayBuffer : ArrayBuffer;
  const storage = borrow(new Buffer(length * itemSize(dtype)), dtype);
  for (let i = 0; i < length; i++) storage.array[i] = values();
  return view(storage, offset, shape, strides);
}

export function view(storage: Storage, offset: number, shape: Shape, strides: readonly number[]): Operand {
  const operand = { storage, dtype: storage.dtype, offset, shape, strides };
  return { ...operand, size: sizeOf(shape), isContiguous: isContiguous(shape, strides) };
}

/** The same operands in other memory. */
function clone<Operands extends Record<string, Operand | null>>(operands: Operands): Operands {
  const copies = new Map<Storage, Storage>();
  const copyOf = (storage: Storage): Storage => {
    const copy = copies.get(storage) ?? borrow(storage.array.buffer.slice(0), storage.dtype);
    copies.set(storage, copy);
    return copy;
  };
  return Object.fromEntries(
    Object.entries(operands).map(([name, x]) => [name, x && { ...x, storage: copyOf(x.storage) }]),
  ) as Operands;
}

const bytesOf = (storage: Storage): Uint8Array => new Uint8Array(storage.array.buffer);

const EPSILON: Record<DType, number> = { bool: 0, uint8: 0, int32: 0, float32: 2e-6, float64: 1e-12 };
const SMALLEST: Record<DType, number> = {
  bool: 0,
  uint8: 0,
  int32: 0,
  float32: 2 ** -149,
  float64: 2 ** -1074,
};
const LARGEST: Record<DType, number> = {
  bool: 1,
  uint8: 255,
  int32: 2 ** 31 - 1,
  float32: (2 - 2 ** -23) * 2 ** 127,
  float64: Number.MAX_VALUE,
};

/** Whether `actual` is `expected` up to an error that is small compared to `scale`. */
function isClose(
  actual: number,
  expected: number,
  dtype: DType,
  scale: number | undefined,
  sign: boolean,
): boolean {
  if (actual === expected) return !sign || Object.is(actual, expected);
  if (Number.isNaN(actual) || Number.isNaN(expected)) return Number.isNaN(actual) && Number.isNaN(expected);
  if (scale === undefined || Number.isNaN(scale)) return false;
  // The last number before infinity may be missed, as any other.
  const clamp = (x: number): number => Math.max(-LARGEST[dtype], Math.min(LARGEST[dtype], x));
  const tolerance = EPSILON[dtype] * Math.max(clamp(scale), Math.abs(clamp(expected))) + 16 * SMALLEST[dtype];
  return Math.abs(clamp(actual) - clamp(expected)) <= tolerance;
}

/** What went wrong, or nothing. */
type Complaint = string | undefined;

/** Runs a trial on one backend. Returns the operands as they are afterwards, or a complaint. */
export function attempt(it: Trial, kernels: Backend): { after: Trial['operands']; complaint: Complaint } {
  const after = clone(it.operands);
  const returned = it.run(kernels, after);
  const complaint =
    returned !== it.returns
      ? `returned ${String(returned)}, expected ${it.returns}`
      : (untouched(it, after) ?? ((it.returns ?? -1) >= 0 ? undefined : met(it, after)));
  return { after, complaint };
}

/** Whether the results in `after` are as expected. */
function met(it: Trial, after: Trial['operands']): Complaint {
  for (const [name, expectation] of Object.entries(it.expected)) {
    const complaint = expectation && compare(name, read(after[name]!), expectation, after[name]!.dtype);
    if (complaint) return complaint;
  }
  return undefined;
}

function compare(name: string, actual: ArrayLike<number>, expectation: Expectation, dtype: DType): Complaint {
  const { values, scale, signOfZero = false } = expectation;
  if (actual.length !== values.length)
    return `${name} has ${actual.length} elements, expected ${values.length}`;
  const Array = arrayOf(dtype);
  const expected = new Array(values.length);
  for (let i = 0; i < values.length; i++) expected[i] = values[i];
  for (let i = 0; i < expected.length; i++)
    if (!isClose(actual[i], expected[i], dtype, scale?.[i], signOfZero)) {
      const terms = scale === undefined ? 'exactly' : `for terms of ${scale[i]}`;
      return `${name}[${i}] is ${text(actual[i])}, expected ${text(expected[i])} ${terms}`;
    }
  return undefined;
}

const text = (x: number): string => (Object.is(x, -0) ? '-0' : String(x));

/** Whether everything but the results is as it was, to the bit: inputs, and all that lies around and between. */
function untouched(it: Trial, after: Trial['operands']): Complaint {
  for (const [name, x] of Object.entries(it.operands)) {
    if (x === null) continue;
    const [before, now] = [bytesOf(x.storage), bytesOf(after[name]!.storage)];
    const width = itemSize(x.dtype);
    const free = new Uint8Array(before.length);
    for (const [other, y] of Object.entries(it.operands))
      if (y?.storage === x.storage && it.expected[other])
        for (const at of positions(y)) free.fill(1, at * width, (at + 1) * width);
    for (let i = 0; i < before.length; i++)
      if (before[i] !== now[i] && free[i] === 0)
        return `${name}: element ${Math.floor(i / width)} of the storage is not its to change, but was`;
  }
  return undefined;
}

/** Runs a trial on two backends: each must meet the expectation, and the second must agree with the first. */
export function attemptTwins(it: Trial, first: Backend, second: Backend): Complaint {
  const one = attempt(it, first);
  if (one.complaint) return `${first.name}: ${one.complaint}`;
  const two = attempt(it, second);
  if (two.complaint) return `${second.name}: ${two.complaint}`;
  if ((it.returns ?? -1) >= 0) return undefined;
  for (const [name, expectation] of Object.entries(it.expected)) {
    if (!expectation) continue;
    const twin = { ...expectation, values: read(one.after[name]!) };
    const complaint = compare(name, read(two.after[name]!), twin, two.after[name]!.dtype);
    if (complaint) return `${second.name} against ${first.name}: ${complaint}`;
  }
  return undefined;
}

/** A trial in words, enough to see what is special about it. */
export function describeTrial(it: Trial): string {
  const operands = Object.entries(it.operands).map(([name, x]) => {
    if (x === null) return `${name}: null`;
    const shared = x.storage.handle instanceof ArrayBuffer ? '' : ', shared';
    const same = Object.entries(it.operands).find(([, y]) => y?.storage === x.storage)![0];
    const alias = same === name ? '' : `, in the memory of ${same}`;
    return `${name}: ${x.dtype} ${formatShape(x.shape)} strides ${formatShape(x.strides)} offset ${x.offset}${shared}${alias}`;
  });
  return [...operands, `options: ${JSON.stringify(it.options ?? {})}`].join('\n  ');
}
