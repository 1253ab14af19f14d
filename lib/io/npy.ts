import { rangeError, typeError } from '../errors.js';
import { checkOptions } from '../ops/primitive.js';
import { sizeOf, type Shape } from '../shape.js';
import { checkTensor, type Tensor } from '../tensor.js';
import { writeFileAtomic } from './atomic.js';
import { bytesOf } from './elements.js';
import { checkSize, dataBytes, emptyOf, failWith, npyParts, place, readData, readHead } from './npy-data.js';
import {
  checkNpyDType,
  kindOf,
  readHeader,
  readLength,
  readStart,
  START_BYTES,
  type NpyDType,
  type NpyHeader,
} from './npy-header.js';
import { openSource, piecesOf, Reader, type Source } from './reader.js';

export type { NpyDType } from './npy-header.js';

const OP = 'npy';

/** Options of {@link save}. */
export interface NpySaveOptions {
  /** The dtype to write with. Default: the tensor's own. */
  readonly dtype?: NpyDType;
}

/**
 * Writes a tensor into an `.npy` file, byte for byte as `numpy.save` writes an array in row-major order. The file is replaced as
 * a whole, or left as it was; what it holds are the values at the time of the call.
 * @param path the path of the file; unlike NumPy, nothing is appended to it
 * @param options `dtype`: the dtype to write with, such as `'float16'`. Floats are rounded to the nearest.
 * @throws TypeError for what is no tensor or dtype; RangeError for a value that does not fit into the dtype
 * @see https://numpy.org/doc/stable/reference/generated/numpy.save.html
 */
export async function save(path: string, x: Tensor, options: NpySaveOptions = {}): Promise<void> {
  await writeFileAtomic(path, serialize(x, options));
}

/**
 * Reads an `.npy` file: versions 1.0 to 3.0 of the format, in either byte order, in C or Fortran order. A dtype that tensors do
 * not have becomes one that holds its values: float16 becomes float32; int8, int16, uint16, uint32, int64 and uint64 become
 * int32.
 * @throws TypeError for what is no array of numbers, such as Python objects, texts or complex numbers; RangeError for wrong
 *   sizes, and for an int64 that does not fit into int32.
 * @see https://numpy.org/doc/stable/reference/generated/numpy.load.html
 */
export async function load(path: string): Promise<Tensor> {
  const file = await openFile(path);
  try {
    return await file.tensor();
  } finally {
    await file.close();
  }
}

/**
 * Opens an `.npy` file to read a part of it, for one that is larger than memory: only its header is read, and checked, until
 * then.
 * @throws TypeError, RangeError naming the file and what is wrong with its header.
 */
export async function openFile(path: string): Promise<NpyFile> {
  const source = await openSource(path);
  try {
    const reader = new Reader(piecesOf(source, 0, source.size, failWith(OP, path)));
    const { header, start } = await readHead(OP, reader, source.size, path);
    return new NpyFile(path, header, source, start);
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** An `.npy` file that is open: {@link openFile} makes it. */
export class NpyFile {
  readonly #header: NpyHeader;
  readonly #source: Source;
  readonly #start: number;

  /** @internal */
  constructor(
    readonly path: string,
    header: NpyHeader,
    source: Source,
    start: number,
  ) {
    this.#header = header;
    this.#source = source;
    this.#start = start;
  }

  /** What NumPy calls the dtype of the file. */
  get dtype(): NpyDType {
    return this.#header.dtype;
  }

  /** How large the array is. */
  get shape(): Shape {
    return this.#header.shape;
  }

  /** Whether the first dimension is the innermost in the file, instead of the last. */
  get fortranOrder(): boolean {
    return this.#header.fortranOrder;
  }

  /** Reads all of it: a new tensor each time. */
  async tensor(): Promise<Tensor> {
    return this.#read(this.#header, 0);
  }

  /**
   * Reads the rows from `start` up to `end`, as `x.at('start:end')` has them: a new tensor each time.
   * @throws RangeError for rows that are not there; TypeError where the file has Fortran's order, in which rows are spread
   *   over all of it.
   */
  async rows(start: number, end: number): Promise<Tensor> {
    const { dtype, shape, fortranOrder } = this.#header;
    const [count, ...rest] = shape;
    if (shape.length === 0) typeError(OP, `${this.path}: an array without dimensions has no rows`);
    if (fortranOrder && shape.length > 1)
      typeError(
        OP,
        `${this.path}: rows of an array in Fortran's order are no part of the file; read all of it`,
      );
    if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || start > end || end > count)
      rangeError(OP, `${this.path}: expected rows within 0 and ${count}, got ${start} to ${end}`);
    const before = start * sizeOf(rest) * bytesOf(kindOf(dtype));
    return this.#read({ ...this.#header, shape: [end - start, ...rest] }, before);
  }

  async #read(header: NpyHeader, before: number): Promise<Tensor> {
    const start = this.#start + before;
    const pieces = piecesOf(this.#source, start, start + dataBytes(header), failWith(OP, this.path));
    return readData(OP, new Reader(pieces), header, this.path);
  }

  /** Closes the file. Tensors that were read stay. */
  async close(): Promise<void> {
    await this.#source.close();
  }
}

/** The bytes of an `.npy` file, in parts. */
export function serialize(x: Tensor, options: NpySaveOptions = {}): Uint8Array[] {
  checkTensor(OP, x, 'x');
  checkOptions(OP, options, ['dtype']);
  const { dtype } = options;
  if (dtype !== undefined) checkNpyDType(OP, 'dtype', dtype);
  return npyParts(OP, 'x', x, dtype);
}

/**
 * The tensor in the bytes of an `.npy` file. Every size is checked before it is used.
 * @param file what to call it in errors
 */
export function deserialize(bytes: Uint8Array, file = 'the file'): Tensor {
  const width = readStart(OP, bytes.subarray(0, START_BYTES), file);
  const from = START_BYTES + width;
  const length = readLength(OP, bytes.subarray(START_BYTES, from), Math.max(bytes.length - from, 0), file);
  const start = from + length;
  const header = readHeader(OP, bytes.subarray(from, start), bytes[6], file);
  checkSize(OP, header, bytes.length - start, file);
  const x = emptyOf(header);
  // Bytes are turned around in place, and those that came stay as they are.
  place(OP, header, header.bigEndian ? bytes.slice(start) : bytes.subarray(start), x, 0, file);
  return x;
}
