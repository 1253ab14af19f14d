import type { DType, TypedArray } from '../dtype.js';
import { describe } from '../errors.js';
import { fromArray } from '../ops/create.js';
import type { Shape } from '../shape.js';
import { Tensor } from '../tensor.js';

/** A tensor on its way between threads. */
class Parcel {
  // Structured cloning forgets the class: this tells it from other objects.
  readonly isTensor = 'mgp-node';
  constructor(
    readonly dtype: DType,
    readonly shape: Shape,
    readonly values: TypedArray,
  ) {}
}

interface Stateful {
  stateDict(): unknown;
}

/** A value with its tensors packed, and their memory, which is moved rather than copied. */
export function pack(value: unknown, transfer: ArrayBuffer[]): unknown {
  if (value instanceof Tensor) {
    const values = value.toArray();
    transfer.push(values.buffer as ArrayBuffer);
    return new Parcel(value.dtype, value.shape, values);
  }
  // Structured cloning would make an object without methods of it, and without its tensors.
  if (typeof (value as Partial<Stateful> | null | undefined)?.stateDict === 'function')
    throw new TypeError(`${describe(value)} cannot go to another thread: send its stateDict()`);
  return mapItems(value, (item) => pack(item, transfer));
}

export function unpack(value: unknown): unknown {
  if (isParcel(value)) return fromArray(value.values, value.shape, { dtype: value.dtype });
  return mapItems(value, unpack);
}

const isParcel = (value: unknown): value is Parcel =>
  typeof value === 'object' && value !== null && (value as Partial<Parcel>).isTensor === 'mgp-node';

function mapItems(value: unknown, change: (item: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(change);
  if (value instanceof Map) return new Map([...value].map(([name, item]) => [name, change(item)]));
  if (value instanceof Set) return new Set([...value].map(change));
  if (typeof value !== 'object' || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, change(item)]));
}
