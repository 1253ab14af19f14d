import type { DType, TypedArray } from '../dtype.js';
import { describe, rangeError, typeError } from '../errors.js';
import { bitsOf, codeOf, isSmall, tableOf } from './small-floats.js';

// Files know more kinds of numbers than tensors do. What a tensor has, is copied byte by byte; the others are read into the
// smallest dtype here that holds all of their values, or, for wide integers, into int32 as far as the values fit.

/** The dtype that a kind of number in a file is read into, and how many bytes it takes there, if only a part of one. */
const KINDS = {
  BOOL: { dtype: 'bool', bytes: 1 },
  U8: { dtype: 'uint8', bytes: 1 },
  I8: { dtype: 'int32', bytes: 1 },
  I16: { dtype: 'int32', bytes: 2 },
  U16: { dtype: 'int32', bytes: 2 },
  I32: { dtype: 'int32', bytes: 4 },
  U32: { dtype: 'int32', bytes: 4 },
  I64: { dtype: 'int32', bytes: 8 },
  U64: { dtype: 'int32', bytes: 8 },
  F4: { dtype: 'float32', bytes: 0.5 },
  F6_E2M3: { dtype: 'float32', bytes: 0.75 },
  F6_E3M2: { dtype: 'float32', bytes: 0.75 },
  F8_E4M3: { dtype: 'float32', bytes: 1 },
  F8_E5M2: { dtype: 'float32', bytes: 1 },
  F8_E4M3FNUZ: { dtype: 'float32', bytes: 1 },
  F8_E5M2FNUZ: { dtype: 'float32', bytes: 1 },
  F8_E8M0: { dtype: 'float32', bytes: 1 },
  F16: { dtype: 'float32', bytes: 2 },
  BF16: { dtype: 'float32', bytes: 2 },
  F32: { dtype: 'float32', bytes: 4 },
  F64: { dtype: 'float64', bytes: 8 },
} as const satisfies Record<string, { dtype: DType; bytes: number }>;

/**
 * Kinds of numbers in files, by the names that safetensors has for them.
 * @inline
 */
export type Kind = keyof typeof KINDS;

/** The names of all kinds. */
export const KIND_NAMES = Object.keys(KINDS) as readonly Kind[];

/** The kind of the same bytes, for each dtype. */
export const KIND_OF: Readonly<Record<DType, Kind>> = {
  bool: 'BOOL',
  uint8: 'U8',
  int32: 'I32',
  float32: 'F32',
  float64: 'F64',
};

/** The dtype that a kind is read into. */
export const dtypeOf = (kind: Kind): DType => KINDS[kind].dtype;

/** Bytes an element of a kind takes. */
export const bytesOf = (kind: Kind): number => KINDS[kind].bytes;

/** Whether a value is the name of a kind. */
export const isKind = (value: unknown): value is Kind =>
  typeof value === 'string' && Object.hasOwn(KINDS, value);

/** Whether the bytes of a kind are those of its dtype. */
export const isSame = (kind: Kind): boolean => KIND_OF[dtypeOf(kind)] === kind;

/** Turns the bytes of each element around, in place: from big-endian to little-endian, or back. */
export function swapBytes(bytes: Uint8Array, width: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (width === 2) buffer.swap16();
  else if (width === 4) buffer.swap32();
  else if (width === 8) buffer.swap64();
}

/**
 * Reads little-endian numbers of a kind into an array of its dtype, from its beginning.
 * @param fail what to do about a value that does not fit
 * @param called what errors call the kind
 */
export function decode(
  kind: Kind,
  bytes: Uint8Array,
  out: TypedArray,
  fail: (message: string) => never,
  called: string = kind,
): void {
  if (isSmall(kind)) {
    const table = tableOf(kind);
    const codes = codesOf(bytes, bitsOf(kind));
    const to = new Uint32Array(out.buffer, out.byteOffset, out.length);
    for (let i = 0; i < codes.length; i++) to[i] = table[codes[i]];
    return;
  }
  if (kind === 'BOOL') {
    const at = bytes.findIndex((byte) => byte > 1);
    if (at !== -1) fail(`expected bytes of 0 and 1 for ${called}, got ${bytes[at]}`);
  }
  if (isSame(kind)) {
    new Uint8Array(out.buffer, out.byteOffset, bytes.length).set(bytes);
    return;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = KINDS[kind].bytes;
  for (let i = 0, at = 0; at < bytes.length; i++, at += width) {
    const value = readInteger(kind, view, at);
    if (Number(value) !== (Number(value) | 0))
      fail(`${value} does not fit into int32, which ${called} becomes`);
    out[i] = Number(value);
  }
}

function readInteger(kind: Kind, view: DataView, at: number): number | bigint {
  if (kind === 'I8') return view.getInt8(at);
  if (kind === 'I16') return view.getInt16(at, true);
  if (kind === 'U16') return view.getUint16(at, true);
  if (kind === 'U32') return view.getUint32(at, true);
  return kind === 'I64' ? view.getBigInt64(at, true) : view.getBigUint64(at, true);
}

/** The bytes as numbers of so many bits, those of the lowest bits first. */
function codesOf(bytes: Uint8Array, bits: number): Uint8Array | Uint16Array {
  if (bits === 8) return bytes;
  if (bits === 16) {
    // These must begin at an even address.
    const { buffer, byteOffset, length } = bytes.byteOffset % 2 === 0 ? bytes : new Uint8Array(bytes);
    return new Uint16Array(buffer, byteOffset, length / 2);
  }
  const codes = new Uint8Array((bytes.length * 8) / bits);
  for (let i = 0, at = 0; i < codes.length; i++, at += bits) {
    const byte = at >> 3;
    codes[i] = ((bytes[byte] | (bytes[byte + 1] << 8)) >> (at & 7)) & (2 ** bits - 1);
  }
  return codes;
}

/** Puts a code of so many bits in its place, among zeros. */
function putCode(bytes: Uint8Array, i: number, code: number, bits: number): void {
  const [byte, shift] = [(i * bits) >> 3, (i * bits) & 7];
  bytes[byte] |= code << shift;
  if (shift + bits > 8) bytes[byte + 1] |= code >> (8 - shift);
}

/** What whole numbers of a kind hold. */
const RANGES: Partial<Record<Kind, readonly [number, number]>> = {
  BOOL: [0, 1],
  U8: [0, 2 ** 8 - 1],
  I8: [-(2 ** 7), 2 ** 7 - 1],
  I16: [-(2 ** 15), 2 ** 15 - 1],
  U16: [0, 2 ** 16 - 1],
  I32: [-(2 ** 31), 2 ** 31 - 1],
  U32: [0, 2 ** 32 - 1],
  I64: [-(2 ** 63), 2 ** 63],
  U64: [0, 2 ** 64],
};

/**
 * The elements of an array as little-endian numbers of a kind. Floats are rounded to the nearest, ties to even.
 * @param called what errors call the kind
 * @throws RangeError where a number does not fit, and TypeError for floats that are to be whole numbers.
 */
export function encode(
  op: string,
  name: string,
  array: TypedArray,
  dtype: DType,
  kind: Kind,
  called: string = kind,
): Uint8Array {
  if (KIND_OF[dtype] === kind) return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  const isFloating = dtype === 'float32' || dtype === 'float64';
  const range = RANGES[kind];
  const { bytes: width } = KINDS[kind];
  const bytes = new Uint8Array(array.length * width);
  const view = new DataView(bytes.buffer);
  if (range !== undefined && isFloating)
    typeError(op, `${name}: expected whole numbers for ${called}, got ${dtype}`);
  if (!Number.isInteger(array.length * width))
    rangeError(op, `${name}: ${array.length} numbers of ${called} do not fill whole bytes`);
  const bits = dtype === 'float32' ? new Uint32Array(array.buffer, array.byteOffset, array.length) : null;
  for (let i = 0; i < array.length; i++) {
    const value = array[i];
    const fits =
      range === undefined
        ? write(bytes, view, i, value, kind, bits?.[i])
        : value >= range[0] && value <= range[1];
    if (!fits) rangeError(op, `${name}: ${value} does not fit into ${called}`);
    if (range !== undefined) writeInteger(view, i * width, value, width);
  }
  return bytes;
}

function writeInteger(view: DataView, at: number, value: number, width: number): void {
  if (width === 8) view.setBigInt64(at, BigInt(value), true);
  else if (width === 4) view.setInt32(at, value, true);
  else if (width === 2) view.setInt16(at, value, true);
  else view.setInt8(at, value);
}

/** Writes a float, and says whether it fits. */
function write(
  bytes: Uint8Array,
  view: DataView,
  i: number,
  value: number,
  kind: Kind,
  bits: number | undefined,
): boolean {
  if (isSmall(kind)) {
    const code = codeOf(kind, value, bits);
    if (code === null) return false;
    if (bitsOf(kind) === 16) view.setUint16(2 * i, code, true);
    else putCode(bytes, i, code, bitsOf(kind));
    return true;
  }
  if (kind === 'F64') view.setFloat64(8 * i, value, true);
  else view.setFloat32(4 * i, value, true);
  return kind === 'F64' || !Number.isFinite(value) || Number.isFinite(Math.fround(value));
}

/** Throws unless a value is the name of a kind. */
export function checkKind(op: string, name: string, value: unknown): asserts value is Kind {
  if (!isKind(value))
    typeError(op, `${name}: expected one of ${KIND_NAMES.join(', ')}, got ${describe(value)}`);
}
