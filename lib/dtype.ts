import { describe, rangeError, typeError } from './errors.js';

/** The type of a tensor's elements. A `bool` takes one byte, 0 or 1. */
export type DType = 'bool' | 'uint8' | 'int32' | 'float32' | 'float64';

/** Element types. The order is the order of promotion, and the index is the code that native kernels read. */
export const DTYPES = ['bool', 'uint8', 'int32', 'float32', 'float64'] as const satisfies readonly DType[];

/** The dtypes that carry gradients. */
export type FloatDType = 'float32' | 'float64';

/** What JavaScript sees of a storage. */
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint8Array;

interface TypedArrayConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): TypedArray;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): TypedArray;
}

const ARRAYS: Record<DType, TypedArrayConstructor> = {
  bool: Uint8Array,
  uint8: Uint8Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
};

const CODES: Record<DType, number> = { bool: 0, uint8: 1, int32: 2, float32: 3, float64: 4 };

const ITEM_SIZES: Record<DType, number> = { bool: 1, uint8: 1, int32: 4, float32: 4, float64: 8 };

/** The typed array class that holds elements of a dtype. */
export const arrayOf = (dtype: DType): TypedArrayConstructor => ARRAYS[dtype];

/** The code that native kernels know a dtype by: its index in {@link DTYPES}. */
export const dtypeCode = (dtype: DType): number => CODES[dtype];

/** Bytes an element takes. */
export const itemSize = (dtype: DType): number => ITEM_SIZES[dtype];

/** Whether a dtype is float32 or float64, and so can carry a gradient. */
export const isFloat = (dtype: DType): dtype is FloatDType => dtype === 'float32' || dtype === 'float64';

/** The dtype that two tensors meet in: the later of the two in {@link DTYPES}. */
export const promote = (a: DType, b: DType): DType => (CODES[a] >= CODES[b] ? a : b);

/**
 * The dtype that a tensor and a plain number or boolean meet in. A scalar never widens a dtype within its kind:
 * it only lifts booleans to integers, and integers to float32 when it is not a whole number.
 */
export function promoteScalar(dtype: DType, scalar: number | boolean): DType {
  if (typeof scalar === 'boolean' || isFloat(dtype)) return dtype;
  if (!Number.isInteger(scalar)) return 'float32';
  return dtype === 'bool' ? 'int32' : dtype;
}

/** What integers hold. Everything fits into a float, if only as an infinity, and into a bool, as "not 0". */
const RANGES: Partial<Record<DType, readonly [number, number]>> = {
  uint8: [0, 255],
  int32: [-(2 ** 31), 2 ** 31 - 1],
};

/** Whether a number, cut to a whole one where the dtype has no others, is an element of it. */
export function fits(dtype: DType, value: number): boolean {
  const range = RANGES[dtype];
  if (range === undefined) return true;
  const whole = Math.trunc(value);
  return whole >= range[0] && whole <= range[1];
}

/** Throws when a number does not fit into a dtype: it would wrap around in silence. */
export function checkFits(op: string, dtype: DType, value: number): void {
  if (!fits(dtype, value)) rangeError(op, `${value} does not fit into ${dtype}`);
}

/** The dtype whose elements a typed array holds, or undefined where there is none. */
export function dtypeOfArray(array: unknown): Exclude<DType, 'bool'> | undefined {
  if (array instanceof Float32Array) return 'float32';
  if (array instanceof Float64Array) return 'float64';
  if (array instanceof Int32Array) return 'int32';
  if (array instanceof Uint8Array) return 'uint8';
  return undefined;
}

/** Throws unless the value names a dtype. */
export function checkDType(op: string, dtype: unknown): asserts dtype is DType {
  if (typeof dtype !== 'string' || !(DTYPES as readonly string[]).includes(dtype))
    typeError(op, `dtype: expected one of ${DTYPES.join(', ')}, got ${describe(dtype)}`);
}
