import { describe, typeError } from '../errors.js';
import { fitsMemory, MAX_DIMS, type Shape } from '../shape.js';
import { bytesOf, type Kind } from './elements.js';
import { parseLiteral, type Literal } from './python-literal.js';

// An .npy file is a magic word, a version, the length of the header, the header and the data. The header is a literal of
// Python's: a dict of the dtype, the order of the elements, and the shape. It is read by a parser of literals, and never run.
// See https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

/** What NumPy calls the dtype of an array in a file. */
export type NpyDType =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'float16'
  | 'float32'
  | 'float64';

/** How NumPy writes each dtype, and the kind of number that it is. */
const DTYPES: Readonly<Record<NpyDType, { readonly descr: string; readonly kind: Kind }>> = {
  bool: { descr: '|b1', kind: 'BOOL' },
  int8: { descr: '|i1', kind: 'I8' },
  int16: { descr: '<i2', kind: 'I16' },
  int32: { descr: '<i4', kind: 'I32' },
  int64: { descr: '<i8', kind: 'I64' },
  uint8: { descr: '|u1', kind: 'U8' },
  uint16: { descr: '<u2', kind: 'U16' },
  uint32: { descr: '<u4', kind: 'U32' },
  uint64: { descr: '<u8', kind: 'U64' },
  float16: { descr: '<f2', kind: 'F16' },
  float32: { descr: '<f4', kind: 'F32' },
  float64: { descr: '<f8', kind: 'F64' },
};

/** The dtypes that are read and written. */
export const NPY_DTYPES = Object.keys(DTYPES) as readonly NpyDType[];

/** The kind of number that a dtype of NumPy's is. */
export const kindOf = (dtype: NpyDType): Kind => DTYPES[dtype].kind;

/** What a header says. */
export interface NpyHeader {
  readonly dtype: NpyDType;
  readonly shape: Shape;
  /** Whether the first dimension is the innermost, as in Fortran, instead of the last. */
  readonly fortranOrder: boolean;
  readonly bigEndian: boolean;
}

/** `\x93NUMPY` */
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** Magic word and version. */
export const START_BYTES = 8;
/** Headers of the dtypes above take some hundred bytes. */
const MAX_HEADER = 2 ** 20;
const ALIGNMENT = 64;
/** NumPy leaves place for an outermost dimension of as many digits, so that files can grow. */
const GROWTH_DIGITS = 21;

/** The header of an array in row-major order, byte for byte as NumPy writes it. */
export function writeHeader(dtype: NpyDType, shape: Shape): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const dict = `{'descr': '${DTYPES[dtype].descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const room = shape.length === 0 ? 0 : GROWTH_DIGITS - String(shape[0]).length;
  const text = dict + ' '.repeat(room);
  // Version 1.0: no shape that a tensor can have needs more than its 65,535 bytes. One byte is for the end of the line.
  const before = START_BYTES + 2 + text.length + 1;
  const length = text.length + 1 + ALIGNMENT - (before % ALIGNMENT);
  const bytes = Buffer.alloc(START_BYTES + 2 + length, ' ');
  bytes.set([...MAGIC, 1, 0]);
  bytes.writeUInt16LE(length, START_BYTES);
  bytes.write(text, START_BYTES + 2, 'latin1');
  bytes[bytes.length - 1] = 10;
  return bytes;
}

/**
 * How many bytes the length of the header takes, as the first bytes of a file say.
 * @throws TypeError where it is no .npy file
 */
export function readStart(op: string, start: Uint8Array, file: string): number {
  if (start.length < START_BYTES || MAGIC.some((byte, i) => start[i] !== byte))
    return typeError(op, `${file}: not an .npy file, or cut short`);
  const [major, minor] = start.subarray(MAGIC.length);
  if (major < 1 || major > 3 || minor !== 0)
    return typeError(op, `${file}: expected version 1.0, 2.0 or 3.0 of the format, got ${major}.${minor}`);
  return major === 1 ? 2 : 4;
}

/** How long the header is. `size`: how many bytes come after the length itself. */
export function readLength(op: string, bytes: Uint8Array, size: number, file: string): number {
  const length = bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
  const most = Math.min(size, MAX_HEADER);
  if (length > most) typeError(op, `${file}: expected a header within ${most} bytes, got one of ${length}`);
  return length;
}

/**
 * What the text of a header says.
 * @throws TypeError naming what is not as it should be
 */
export function readHeader(op: string, bytes: Uint8Array, major: number, file: string): NpyHeader {
  let header: Literal;
  try {
    const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    header = parseLiteral(major === 3 ? utf8.decode(bytes) : Buffer.from(bytes).toString('latin1'));
  } catch (cause) {
    throw new TypeError(`[${op}] ${file}: the header: ${(cause as Error).message}`, { cause });
  }
  const fail = (message: string): never => typeError(op, `${file}: ${message}`);
  if (!(header instanceof Map)) return fail('the header: expected a dict');
  const keys = [...header.keys()].map(String).sort().join(', ');
  if (keys !== 'descr, fortran_order, shape')
    fail(`the header: expected descr, fortran_order and shape, got ${keys}`);
  const [descr, fortranOrder, shape] = ['descr', 'fortran_order', 'shape'].map((key) => header.get(key));
  if (typeof fortranOrder !== 'boolean')
    return fail(`fortran_order: expected True or False, got ${show(fortranOrder)}`);
  if (!isShape(shape) || shape.length > MAX_DIMS)
    return fail(`shape: expected a tuple of at most ${MAX_DIMS} sizes, got ${show(shape)}`);
  if (shape.includes(0) && !fitsMemory(shape)) return fail(`shape: ${show(shape)} is too large`);
  return { ...readDescr(descr, fail), shape, fortranOrder };
}

const DESCR = /^([<>|=]?)([a-zA-Z?])(\d*)(\[\w+\])?$/;

/** What is no number, by the letter that it has. */
const OTHERS: Readonly<Record<string, string>> = {
  O: 'Python objects, which are pickles, are not read',
  c: 'complex numbers are not here',
  S: 'texts are not here',
  a: 'texts are not here',
  U: 'texts are not here',
  M: 'dates are not here',
  m: 'spans of time are not here',
  V: 'structures and plain bytes are not here',
};

function readDescr(
  descr: Literal | undefined,
  fail: (message: string) => never,
): Pick<NpyHeader, 'dtype' | 'bigEndian'> {
  if (Array.isArray(descr)) return fail(`dtype ${show(descr)}: structures are not here`);
  const [, order, letter, width] = (typeof descr === 'string' ? DESCR.exec(descr) : null) ?? [];
  const plain = letter === '?' ? 'b1' : `${letter}${width}`;
  const dtype = NPY_DTYPES.find((name) => DTYPES[name].descr.slice(1) === plain);
  if (dtype !== undefined) return { dtype, bigEndian: order === '>' && bytesOf(kindOf(dtype)) > 1 };
  const why =
    letter !== undefined && Object.hasOwn(OTHERS, letter)
      ? OTHERS[letter]
      : `expected one of ${NPY_DTYPES.join(', ')}`;
  return fail(`dtype ${show(descr)}: ${why}`);
}

const isShape = (value: unknown): value is Shape =>
  Array.isArray(value) &&
  Object.isFrozen(value) &&
  value.every((size) => Number.isSafeInteger(size) && (size as number) >= 0);

/** A literal as Python has it, cut short. */
function show(value: Literal | undefined): string {
  const text = write(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function write(value: Literal | undefined): string {
  if (typeof value === 'string') return `'${value}'`;
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (value === null) return 'None';
  if (value instanceof Map) return `{${[...value].map(([k, v]) => `${write(k)}: ${write(v)}`).join(', ')}}`;
  if (typeof value !== 'object') return describe(value);
  const list = value.map(write).join(', ');
  return Object.isFrozen(value) ? `(${list}${value.length === 1 ? ',' : ''})` : `[${list}]`;
}

/** Throws unless a value is the name of a dtype. */
export function checkNpyDType(op: string, name: string, value: unknown): asserts value is NpyDType {
  if (typeof value !== 'string' || !Object.hasOwn(DTYPES, value))
    typeError(op, `${name}: expected one of ${NPY_DTYPES.join(', ')}, got ${describe(value)}`);
}
