import { constants } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, rangeError, typeError } from '../errors.js';
import { formatShape, MAX_DIMS } from '../shape.js';

/**
 * The elements of an IDX file, in the typed array of its type code.
 * @inline
 */
export type IdxData = Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;

/** What an IDX file holds: an array in row-major order. */
export interface IdxArray {
  shape: number[];
  data: IdxData;
}

/**
 * What a file has to be, for a caller who knows.
 * @inline
 */
export interface IdxExpectation {
  /** The first four bytes as a number: 0x0803 are unsigned bytes in 3 dimensions. */
  magic?: number;
  /** The MD5 digest of the unpacked file, in lower case hexadecimal. */
  md5?: string;
}

interface Header {
  /** The type code, a key of {@link TYPES}. */
  type: number;
  shape: number[];
  /** Where the elements begin. */
  start: number;
  /** Where the file must end. A bigint: nothing is checked yet, and 32 sizes of 4 bytes go a long way. */
  end: bigint;
}

/** Per type code, the bytes of an element and how `count` of them, big-endian, become a typed array. */
const TYPES: Record<number, { bytes: number; read: (view: DataView, count: number) => IdxData }> = {
  0x08: { bytes: 1, read: (view, n) => new Uint8Array(view.buffer, view.byteOffset, n) },
  0x09: { bytes: 1, read: (view, n) => new Int8Array(view.buffer, view.byteOffset, n) },
  0x0b: { bytes: 2, read: (view, n) => fill(new Int16Array(n), (i) => view.getInt16(i * 2)) },
  0x0c: { bytes: 4, read: (view, n) => fill(new Int32Array(n), (i) => view.getInt32(i * 4)) },
  0x0d: { bytes: 4, read: (view, n) => fill(new Float32Array(n), (i) => view.getFloat32(i * 4)) },
  0x0e: { bytes: 8, read: (view, n) => fill(new Float64Array(n), (i) => view.getFloat64(i * 8)) },
};

function fill<T extends IdxData>(array: T, element: (i: number) => number): T {
  for (let i = 0; i < array.length; i++) array[i] = element(i);
  return array;
}

/** No header is longer: four bytes, and a size for each of 255 dimensions. */
const MAX_HEADER = 4 + 4 * 255;

const OP = 'readIdx';

/**
 * Reads an IDX file, the format of MNIST, plain or packed with gzip (told by its content, not by its name).
 *
 * What is wrong with a file is a `TypeError` (not this format) or a `RangeError` (wrong sizes) that names the file
 * and the byte; a file that cannot be read is an `Error` with the system's reason. Memory is taken for what the file
 * holds, never for what it merely claims to hold.
 *
 * @see https://yann.lecun.com/exdb/mnist/
 */
export async function readIdx(path: string | URL, expected: IdxExpectation = {}): Promise<IdxArray> {
  let name = pathOf(path);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(name);
  } catch (cause) {
    throw new Error(`[${OP}] ${name}: cannot be read: ${(cause as Error).message}`, { cause });
  }
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    name += ' (unpacked)';
    bytes = await unpack(bytes, name, expected.magic);
  }
  const array = parseIdx(bytes, name, expected.magic);
  if (expected.md5 !== undefined) {
    const { createHash } = await import('node:crypto'); // Milliseconds, for those who need it.
    const md5 = createHash('md5').update(bytes).digest('hex');
    if (md5 !== expected.md5)
      typeError(OP, `${name}: expected the file with MD5 digest ${expected.md5}, got ${md5}`);
  }
  return array;
}

/**
 * The array in the bytes of an IDX file that is not packed. Elements of one byte are a view on `bytes`, all others a
 * copy in the byte order of this machine.
 * @param name What to call the file in errors.
 * @param magic The only first four bytes to accept, as a number.
 */
export function parseIdx(bytes: Uint8Array, name: string, magic?: number): IdxArray {
  if (!(bytes instanceof Uint8Array)) typeError(OP, `bytes: expected a Uint8Array, got ${describe(bytes)}`);
  const { type, shape, start, end } = parseHeader(bytes, name, magic);
  const { bytes: size, read } = TYPES[type];
  if (end > bytes.length) {
    const elements = `${formatShape(shape)} elements of ${size} byte${size === 1 ? '' : 's'}`;
    fail(name, bytes.length, `expected ${end} bytes, for ${elements}, got the end of the file`);
  }
  if (end < bytes.length) fail(name, Number(end), 'expected the end of the file, got more bytes');
  const count = (bytes.length - start) / size;
  return { shape, data: read(new DataView(bytes.buffer, bytes.byteOffset + start), count) };
}

/** The header: 00 00, the type code, the number of dimensions, and the size of each as 4 bytes, big-endian. */
function parseHeader(bytes: Uint8Array, name: string, magic?: number): Header {
  const first = hex(bytes.subarray(0, 4));
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0 || !isMagic(bytes, magic)) {
    const wanted = magic === undefined ? '00 00 <type> <dimensions>' : hex(bigEndian(magic));
    typeError(OP, `${name}: at byte 0: expected magic ${wanted}, got ${first || 'the end of the file'}`);
  }
  const [, , type, ndim] = bytes;
  if (!(type in TYPES)) {
    const codes = hex(Object.keys(TYPES).map(Number)).replaceAll(' ', ', ');
    typeError(OP, `${name}: at byte 2: expected a type code of ${codes}, got ${hex([type])}`);
  }
  if (ndim > MAX_DIMS) fail(name, 3, `expected at most ${MAX_DIMS} dimensions, got ${ndim}`);
  const start = 4 + 4 * ndim;
  if (bytes.length < start)
    fail(
      name,
      bytes.length,
      `expected ${ndim} size${ndim === 1 ? '' : 's'} of 4 bytes, got the end of the file`,
    );

  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const shape = Array.from({ length: ndim }, (_, i) => view.getUint32(4 + 4 * i));
  const count = shape.reduce((product, size) => product * BigInt(size), 1n);
  return { type, shape, start, end: BigInt(start) + count * BigInt(TYPES[type].bytes) };
}

const isMagic = (bytes: Uint8Array, magic?: number): boolean =>
  magic === undefined || bigEndian(magic).every((byte, i) => byte === bytes[i]);

const bigEndian = (word: number): number[] => [24, 16, 8, 0].map((shift) => (word >>> shift) & 0xff);

const hex = (bytes: ArrayLike<number>): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');

/** Unpacks gzip data, but hardly further than to the end that the IDX header inside promises. */
async function unpack(packed: Uint8Array, name: string, magic?: number): Promise<Uint8Array> {
  const { createGunzip } = await import('node:zlib');
  const gunzip = createGunzip({ chunkSize: 1 << 20 });
  gunzip.end(packed);
  const pieces: Uint8Array[] = [];
  let length = 0;
  let end: bigint | undefined;
  try {
    for await (const piece of gunzip as AsyncIterable<Uint8Array>) {
      pieces.push(piece);
      length += piece.length;
      // A shorter piece is all there is, and nothing to be afraid of.
      if (end === undefined && length >= MAX_HEADER) {
        end = parseHeader(Buffer.concat(pieces), name, magic).end;
        if (end > constants.MAX_LENGTH)
          fail(
            name,
            4,
            `expected at most ${constants.MAX_LENGTH} bytes, as much as a buffer can hold, got ${end}`,
          );
      }
      if (end !== undefined && length > end) break;
    }
  } catch (error) {
    if (!isZlibError(error)) throw error;
    typeError(OP, `${name}: expected valid gzip data, got "${error.message}"`);
  }
  return Buffer.concat(pieces);
}

const isZlibError = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');

function pathOf(path: unknown): string {
  if (typeof path === 'string') return path;
  if (path instanceof URL && path.protocol === 'file:') return fileURLToPath(path);
  const got = path instanceof URL ? path.href : describe(path);
  typeError(OP, `path: expected a string or a file: URL, got ${got}`);
}

function fail(name: string, at: number, message: string): never {
  rangeError(OP, `${name}: at byte ${at}: ${message}`);
}
