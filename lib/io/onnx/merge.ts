import type { DType, TypedArray } from '../../dtype.js';
import type { Background, Call, Place, Seen } from '../../trace.js';
import { formatShape } from '../../shape.js';
import { fail } from './fail.js';
import { BATCHES, fixed, positionFrom, sizeFrom, type Position, type Size } from './sizes.js';

/** A tensor that a kernel was called with, whatever the size of the batch. */
export interface View {
  readonly memory: number;
  readonly dtype: DType;
  readonly shape: readonly Size[];
  /** Those of dimensions of one element say nothing. */
  readonly strides: readonly Size[];
  readonly offset: Position;
  /** The elements with either batch, of constants. */
  readonly values: readonly [TypedArray, TypedArray] | null;
  readonly state: string | null;
}

/** A call, whatever the size of the batch. */
export interface Step {
  readonly op: string;
  readonly args: readonly unknown[];
  readonly backgrounds: ReadonlyMap<number, Background>;
  readonly place: Place;
}

/** What two runs with batches of different sizes have in common. */
export function mergeCalls(a: readonly Call[], b: readonly Call[]): Step[] {
  const steps = a.map((call, i): Step => {
    const { op, place, backgrounds } = call;
    if (i >= b.length || b[i].op !== op) differs(place, op);
    const args = call.args.map((arg, k) => mergeArgument(arg, b[i].args[k], place, op));
    return { op, args, backgrounds, place };
  });
  if (b.length > a.length) differs(b[a.length].place, b[a.length].op);
  return steps;
}

function differs(place: Place, op: string): never {
  fail(
    place,
    op,
    'the model computes something else when the batch has another size: export it with dynamicBatch: false',
  );
}

function mergeArgument(a: unknown, b: unknown, place: Place, op: string): unknown {
  if (isSeen(a) && isSeen(b)) return mergeSeen(a, b, place, op);
  if (Array.isArray(a) && Array.isArray(b) && a.length === b.length)
    return a.map((item, i) => mergeArgument(item, b[i], place, op));
  if (Object.is(a, b)) return a;
  if (isPlain(a) && isPlain(b))
    return Object.fromEntries(
      Object.entries(a).map(([name, value]) => [name, mergeArgument(value, b[name], place, op)]),
    );
  fail(
    place,
    op,
    `a number depends on the size of the batch (${String(a)}, then ${String(b)}): export with dynamicBatch: false`,
  );
}

/** One tensor of two runs. */
export function mergeSeen(a: Seen, b: Seen, place: Place, op: string): View {
  const follows = (one: number, other: number): Size =>
    sizeFrom(one, other) ??
    fail(
      place,
      op,
      `shapes ${formatShape(a.shape)} and ${formatShape(b.shape)}, with batches of ${BATCHES.join(' and ')}: only sizes that ` +
        'are multiples of the batch can follow it; export with dynamicBatch: false',
    );
  if (a.memory !== b.memory || a.shape.length !== b.shape.length || a.dtype !== b.dtype) differs(place, op);
  const shape = a.shape.map((size, dim) => follows(size, b.shape[dim]));
  return {
    memory: a.memory,
    dtype: a.dtype,
    shape,
    strides: a.strides.map((stride, dim) =>
      a.shape[dim] === 1 && b.shape[dim] === 1 ? fixed(0) : follows(stride, b.strides[dim]),
    ),
    offset: positionFrom(a.offset, b.offset),
    values: a.values && b.values && [a.values, b.values],
    state: a.state,
  };
}

const isSeen = (value: unknown): value is Seen =>
  typeof value === 'object' && value !== null && 'memory' in value && 'strides' in value;

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
