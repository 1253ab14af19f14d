import { describe, rangeError, typeError } from '../errors.js';
import { checkOptions } from '../ops/primitive.js';
import { checkTensor, empty, type Tensor } from '../tensor.js';
import { writeFileAtomic } from './atomic.js';
import { bytesOf, checkKind, decode, dtypeOf, encode, KIND_OF, type Kind } from './elements.js';
import { CHUNK, openSource, type Source } from './reader.js';
import {
  checkEntries,
  failWith,
  headerLength,
  MAX_HEADER,
  OP,
  readHeader,
  WORD,
  type SafetensorsDType,
  type SafetensorsEntry,
} from './safetensors-header.js';

export type { SafetensorsDType, SafetensorsEntry } from './safetensors-header.js';

// A safetensors file is the length of its header (8 bytes, little-endian), the header, and the data. The header is JSON:
// for each name a dtype, a shape, and where its bytes begin and end, counted from the first after the header. Data is
// little-endian and row-major, without gaps. Nothing in it is ever executed.
// See https://huggingface.co/docs/safetensors

/** What a file holds: tensors by name, metadata, and the dtypes that the tensors have in the file. */
export interface Safetensors {
  readonly tensors: Record<string, Tensor>;
  readonly metadata: Record<string, string>;
  /** Passed to {@link saveFile}, these give the same bytes again. */
  readonly dtypes: Record<string, SafetensorsDType>;
}

/** Options of {@link saveFile}. */
export interface SaveOptions {
  /** The dtypes to write tensors with, by name. Default: their own. */
  readonly dtypes?: Readonly<Record<string, SafetensorsDType>>;
}

/**
 * Writes tensors into a safetensors file, which PyTorch, NumPy, JAX and many others read. The file is replaced as a
 * whole, or left as it was; what it holds are the values at the time of the call.
 * @param metadata strings by name, kept in the header. Default: none.
 * @param options `dtypes`: the dtypes to write tensors with, such as `{ weight: 'BF16' }`. Floats are rounded to the nearest.
 * @throws TypeError for what is no tensor, dtype or string; RangeError for a value that does not fit into its dtype
 * @see https://huggingface.co/docs/safetensors
 */
export async function saveFile(
  tensors: Readonly<Record<string, Tensor>>,
  path: string,
  metadata: Readonly<Record<string, string>> = {},
  options: SaveOptions = {},
): Promise<void> {
  await writeFileAtomic(path, serialize(tensors, metadata, options));
}

/**
 * Reads a safetensors file: a new tensor for each in it. A dtype that tensors do not have becomes one that holds its values:
 * F16, BF16 and all of F8, F6 and F4 become float32; I8, I16, U16, U32, I64 and U64 become int32.
 * @throws TypeError, RangeError naming the file and what is wrong with it, such as an I64 that does not fit into int32.
 */
export async function loadFile(path: string): Promise<Safetensors> {
  const file = await openFile(path);
  try {
    const tensors: [string, Tensor][] = [];
    for (const name of file.entries.keys()) tensors.push([name, await file.tensor(name)]);
    return { tensors: Object.fromEntries(tensors), metadata: file.metadata, dtypes: dtypesOf(file.entries) };
  } finally {
    await file.close();
  }
}

/**
 * Opens a safetensors file to read single tensors: only its header is read, and checked, until then.
 * @throws TypeError, RangeError naming the file and what is wrong with its header.
 */
export async function openFile(path: string): Promise<SafetensorsFile> {
  const source = await openSource(path);
  try {
    const { size } = source;
    const fail = failWith(path);
    const word = new Uint8Array(WORD);
    if (size < WORD) fail(`expected at least ${WORD} bytes, got ${size}`);
    await source.read(word, 0, fail);
    const header = new Uint8Array(headerLength(word, size, path));
    await source.read(header, WORD, fail);
    const start = WORD + header.length;
    const { entries, metadata } = readHeader(header, path);
    return new SafetensorsFile(path, checkEntries(entries, size - start, path), metadata, source, start);
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** A safetensors file that is open: {@link openFile} makes it. */
export class SafetensorsFile {
  readonly #source: Source;
  readonly #start: number;

  /** @internal */
  constructor(
    readonly path: string,
    /** What is in the file, by name, in the order of the bytes. */
    readonly entries: ReadonlyMap<string, SafetensorsEntry>,
    readonly metadata: Record<string, string>,
    source: Source,
    start: number,
  ) {
    this.#source = source;
    this.#start = start;
  }

  /**
   * Reads one tensor, a new one each time.
   * @throws RangeError when the file has none of this name, or a value does not fit.
   */
  async tensor(name: string): Promise<Tensor> {
    const entry = this.entries.get(name);
    if (entry === undefined) return rangeError(OP, `${this.path}: there is no ${describe(name)}`);
    const fail = failWith(`${this.path}: ${name}`);
    const { dtype, shape, start, end } = entry;
    const x = empty(shape, dtypeOf(dtype));
    const { array } = x.storage;
    const width = bytesOf(dtype);
    const chunk = new Uint8Array(Math.min(CHUNK, end - start));
    for (let at = start; at < end; at += chunk.length) {
      const bytes = chunk.subarray(0, Math.min(chunk.length, end - at));
      await this.#source.read(bytes, this.#start + at, fail);
      decode(dtype, bytes, array.subarray((at - start) / width), fail);
    }
    return x;
  }

  /** Closes the file. Tensors that were read stay. */
  async close(): Promise<void> {
    await this.#source.close();
  }
}

const dtypesOf = (entries: ReadonlyMap<string, SafetensorsEntry>): Record<string, SafetensorsDType> =>
  Object.fromEntries([...entries].map(([name, { dtype }]) => [name, dtype]));

/** The bytes of a safetensors file, in parts. */
export function serialize(
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
  options: SaveOptions = {},
): Uint8Array[] {
  checkOptions(OP, options, ['dtypes']);
  const { dtypes = {} } = options;
  for (const [name, kind] of Object.entries(dtypes)) {
    checkKind(OP, `dtypes: ${name}`, kind);
    if (!Object.hasOwn(tensors, name)) rangeError(OP, `dtypes: there is no tensor ${describe(name)}`);
  }
  for (const [name, note] of Object.entries(metadata) as [string, unknown][])
    if (typeof note !== 'string')
      typeError(OP, `metadata: ${name}: expected a string, got ${describe(note)}`);
  // Wide elements first, as the format's own library writes them: then each is aligned to its size.
  const entries = Object.entries(tensors).map(([name, x]): [string, Tensor, Kind] => {
    checkTensor(OP, x, name);
    return [name, x, Object.hasOwn(dtypes, name) ? dtypes[name] : KIND_OF[x.dtype]];
  });
  entries.sort(([, , a], [, , b]) => bytesOf(b) - bytesOf(a));
  const header = new Map<string, unknown>();
  if (Object.keys(metadata).length > 0) header.set('__metadata__', metadata);
  const data: Uint8Array[] = [];
  let end = 0;
  for (const [name, x, kind] of entries) {
    if (name === '__metadata__')
      typeError(OP, `a tensor cannot have the name ${name}: the format keeps it for notes`);
    const start = end;
    end += x.size * bytesOf(kind);
    header.set(name, { dtype: kind, shape: x.shape, data_offsets: [start, end] });
    data.push(encode(OP, name, x.toArray(), x.dtype, kind));
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const length = Math.ceil(json.length / WORD) * WORD;
  if (length > MAX_HEADER)
    rangeError(OP, `the header would take ${length} bytes: the format has ${MAX_HEADER} at most`);
  const head = Buffer.alloc(WORD + length, ' ');
  head.writeBigUInt64LE(BigInt(length));
  json.copy(head, WORD);
  return [head, ...data];
}

/**
 * The tensors in the bytes of a safetensors file. Every size is checked before it is used.
 * @param file what to call it in errors
 */
export function deserialize(bytes: Uint8Array, file = 'the file'): Safetensors {
  if (bytes.length < WORD) failWith(file)(`expected at least ${WORD} bytes, got ${bytes.length}`);
  const length = headerLength(bytes, bytes.length, file);
  const data = bytes.subarray(WORD + length);
  const header = readHeader(bytes.subarray(WORD, WORD + length), file);
  const entries = checkEntries(header.entries, data.length, file);
  const tensors = [...entries].map(([name, { dtype, shape, start, end }]): [string, Tensor] => {
    const x = empty(shape, dtypeOf(dtype));
    decode(
      dtype,
      data.subarray(start, end),
      x.storage.array.subarray(0, x.size),
      failWith(`${file}: ${name}`),
    );
    return [name, x];
  });
  return { tensors: Object.fromEntries(tensors), metadata: header.metadata, dtypes: dtypesOf(entries) };
}
