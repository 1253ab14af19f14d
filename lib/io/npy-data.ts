import { rangeError } from '../errors.js';
import { formatShape, sizeOf } from '../shape.js';
import { empty, emptyOrdered, type Tensor } from '../tensor.js';
import { bytesOf, decode, dtypeOf, encode, KIND_OF, swapBytes } from './elements.js';
import {
  kindOf,
  NPY_DTYPES,
  readHeader,
  readLength,
  readStart,
  START_BYTES,
  writeHeader,
  type NpyDType,
  type NpyHeader,
} from './npy-header.js';
import { CHUNK, type Reader } from './reader.js';

// What files of single arrays and archives of them have in common.

/** The bytes of a tensor as an `.npy` file. `name`: what errors call it. */
export function npyParts(
  op: string,
  name: string,
  x: Tensor,
  dtype: NpyDType = dtypeFor(x),
): [Uint8Array, Uint8Array] {
  return [writeHeader(dtype, x.shape), encode(op, name, x.toArray(), x.dtype, kindOf(dtype), dtype)];
}

/** What NumPy calls the dtype of a tensor. */
const dtypeFor = (x: Tensor): NpyDType =>
  NPY_DTYPES.find((dtype) => kindOf(dtype) === KIND_OF[x.dtype]) as NpyDType;

/**
 * Reads magic word, version and header, and checks that the data which follows has the size that it should have.
 * @param size of all of the file
 */
export async function readHead(
  op: string,
  reader: Reader,
  size: number,
  file: string,
): Promise<{ header: NpyHeader; start: number }> {
  const word = new Uint8Array(START_BYTES);
  const width = readStart(op, word.subarray(0, await reader.fill(word)), file);
  const count = new Uint8Array(width);
  await reader.fill(count);
  const from = START_BYTES + width;
  const text = new Uint8Array(readLength(op, count, Math.max(size - from, 0), file));
  await reader.fill(text);
  const header = readHeader(op, text, word[6], file);
  const start = from + text.length;
  checkSize(op, header, size - start, file);
  return { header, start };
}

/** Reads the elements: a new tensor. */
export async function readData(op: string, reader: Reader, header: NpyHeader, file: string): Promise<Tensor> {
  const x = emptyOf(header);
  const total = dataBytes(header);
  const chunk = new Uint8Array(Math.min(CHUNK, total));
  for (let at = 0; at < total; at += chunk.length) {
    const bytes = chunk.subarray(0, Math.min(chunk.length, total - at));
    const count = await reader.fill(bytes);
    if (count < bytes.length) failWith(op, file)(`expected ${total} bytes of data, got ${at + count}`);
    place(op, header, bytes, x, at, file);
  }
  return x;
}

/** Puts bytes of a file, which may be turned around, where they belong. */
export function place(
  op: string,
  header: NpyHeader,
  bytes: Uint8Array,
  x: Tensor,
  at: number,
  file: string,
): void {
  const kind = kindOf(header.dtype);
  const width = bytesOf(kind);
  if (header.bigEndian) swapBytes(bytes, width);
  const out = x.storage.array.subarray(at / width, (at + bytes.length) / width);
  decode(kind, bytes, out, failWith(op, file), header.dtype);
}

/** A new tensor whose memory has the elements in the order of the file. */
export function emptyOf({ dtype, shape, fortranOrder }: NpyHeader): Tensor {
  const order = shape.map((_, dim) => dim);
  return fortranOrder
    ? emptyOrdered(shape, order, dtypeOf(kindOf(dtype)))
    : empty(shape, dtypeOf(kindOf(dtype)));
}

/** How many bytes the elements take in the file. */
export const dataBytes = ({ dtype, shape }: NpyHeader): number => sizeOf(shape) * bytesOf(kindOf(dtype));

/** Throws unless as many bytes are there as the elements take. */
export function checkSize(op: string, header: NpyHeader, size: number, file: string): void {
  const expected = dataBytes(header);
  if (expected !== size)
    failWith(
      op,
      file,
    )(`expected ${expected} bytes of data, for ${header.dtype} ${formatShape(header.shape)}, got ${size}`);
}

/** Throws what is wrong with a file. */
export const failWith =
  (op: string, file: string) =>
  (message: string): never =>
    rangeError(op, `${file}: ${message}`);
