import { checkBoolean, describe, rangeError, typeError } from '../errors.js';
import { checkOptions } from '../ops/primitive.js';
import type { Shape } from '../shape.js';
import { checkTensor, Tensor } from '../tensor.js';
import { writeFileAtomic } from './atomic.js';
import { npyParts, readData, readHead } from './npy-data.js';
import { checkNpyDType, type NpyDType } from './npy-header.js';
import { openSource, sourceOf, type Source } from './reader.js';
import { writeZip, type ZipContent } from './zip-writer.js';
import { readZip, type ZipEntry } from './zip.js';

// An .npz file is a zip archive of .npy files, `name.npy` for each name. Entries may be called anything: names are keys, and
// nothing is ever written by them.

const OP = 'npz';
const SUFFIX = '.npy';

/** Tensors by name, or a list of them, which gets NumPy's names: `arr_0`, `arr_1`, and on. */
export type NpzTensors = Readonly<Record<string, Tensor>> | readonly Tensor[];

/** Options of {@link save}. */
export interface NpzSaveOptions {
  /** Whether entries are deflated, as `numpy.savez_compressed` does. Default: false. */
  readonly compressed?: boolean;
  /** The dtypes to write arrays with, by name. Default: the tensors' own. */
  readonly dtypes?: Readonly<Record<string, NpyDType>>;
}

/** Options of {@link load}. */
export interface NpzLoadOptions {
  /** What deflated arrays may unpack to, in all: small files can become very large arrays. Default: 4 GiB. */
  readonly maxBytes?: number;
}

/** What an array of a file is. */
export interface NpzEntry {
  readonly dtype: NpyDType;
  readonly shape: Shape;
}

/**
 * Writes tensors into an `.npz` file, as `numpy.savez` does. The file is replaced as a whole, or left as it was; what it
 * holds are the values at the time of the call.
 * @param path the path of the file; unlike NumPy, nothing is appended to it
 * @param tensors by name, or a list of them, which are called `arr_0`, `arr_1`, and on
 * @param options `compressed`: whether to deflate, as `numpy.savez_compressed` does (default false); `dtypes`: the dtypes to
 *   write arrays with, such as `{ weight: 'float16' }`. Floats are rounded to the nearest.
 * @throws TypeError for what is no tensor or dtype; RangeError for a value that does not fit into its dtype
 * @see https://numpy.org/doc/stable/reference/generated/numpy.savez.html
 */
export async function save(path: string, tensors: NpzTensors, options: NpzSaveOptions = {}): Promise<void> {
  await writeFileAtomic(path, serialize(tensors, options));
}

/**
 * Reads an `.npz` file: a new tensor for each array in it, by name. Dtypes become what `io.npy.load` makes of them.
 * @param options `maxBytes`: what deflated arrays may unpack to, in all. Default: 4 GiB.
 * @throws TypeError, RangeError naming the file, the array and what is wrong with it.
 * @see https://numpy.org/doc/stable/reference/generated/numpy.load.html
 */
export async function load(path: string, options: NpzLoadOptions = {}): Promise<Record<string, Tensor>> {
  return readAll(await openFile(path, options));
}

/**
 * Opens an `.npz` file to read single arrays: only their headers are read, and checked, until then.
 * @throws TypeError, RangeError naming the file and what is wrong with it.
 */
export async function openFile(path: string, options: NpzLoadOptions = {}): Promise<NpzFile> {
  const maxBytes = readOptions(options);
  return openNpz(await openSource(path), path, maxBytes);
}

/** An `.npz` file that is open: {@link openFile} makes it. */
export class NpzFile {
  readonly #parts: ReadonlyMap<string, ZipEntry>;
  readonly #source: Source;

  /** @internal */
  constructor(
    readonly path: string,
    /** What is in the file, by name, in the order of the file. */
    readonly entries: ReadonlyMap<string, NpzEntry>,
    parts: ReadonlyMap<string, ZipEntry>,
    source: Source,
  ) {
    this.#parts = parts;
    this.#source = source;
  }

  /**
   * Reads one array: a new tensor each time.
   * @throws RangeError when the file has none of this name, or a value does not fit.
   */
  async tensor(name: string): Promise<Tensor> {
    const entry = this.#parts.get(name);
    if (entry === undefined) return rangeError(OP, `${this.path}: there is no ${describe(name)}`);
    const file = `${this.path}: ${name}`;
    const reader = entry.reader();
    try {
      const { header } = await readHead(OP, reader, entry.size, file);
      const x = await readData(OP, reader, header, file);
      await reader.drain();
      return x;
    } finally {
      await reader.close();
    }
  }

  /** Closes the file. Tensors that were read stay. */
  async close(): Promise<void> {
    await this.#source.close();
  }
}

/** The bytes of an `.npz` file, a piece at a time, as they are made. */
export function serialize(tensors: NpzTensors, options: NpzSaveOptions = {}): AsyncGenerator<Uint8Array> {
  checkOptions(OP, options, ['compressed', 'dtypes']);
  const { compressed = false, dtypes = {} } = options;
  checkBoolean(OP, 'compressed', compressed);
  if (typeof tensors !== 'object' || tensors === null || tensors instanceof Tensor)
    typeError(OP, `tensors: expected an object or a list of tensors, got ${describe(tensors)}`);
  const named = Object.entries(tensors).map(([name, x]: [string, unknown]): [string, Tensor] => {
    const called = Array.isArray(tensors) ? `arr_${name}` : name;
    checkTensor(OP, x, called);
    return [called, x];
  });
  const names = new Set(named.map(([name]) => name));
  for (const [name, dtype] of Object.entries(dtypes)) {
    checkNpyDType(OP, `dtypes: ${name}`, dtype);
    if (!names.has(name)) rangeError(OP, `dtypes: there is no tensor ${describe(name)}`);
  }
  const contents = named.map(([name, x]): ZipContent => {
    const dtype = Object.hasOwn(dtypes, name) ? dtypes[name] : undefined;
    return { name: `${name}${SUFFIX}`, parts: npyParts(OP, name, x, dtype) };
  });
  return writeZip(OP, contents, { compressed });
}

/**
 * The tensors in the bytes of an `.npz` file, by name.
 * @param file what to call it in errors
 * @param options `maxBytes`: what deflated arrays may unpack to, in all. Default: 4 GiB.
 */
export async function deserialize(
  bytes: Uint8Array,
  file = 'the file',
  options: NpzLoadOptions = {},
): Promise<Record<string, Tensor>> {
  return readAll(await openNpz(sourceOf(bytes), file, readOptions(options)));
}

async function readAll(file: NpzFile): Promise<Record<string, Tensor>> {
  try {
    const tensors: [string, Tensor][] = [];
    for (const name of file.entries.keys()) tensors.push([name, await file.tensor(name)]);
    return Object.fromEntries(tensors);
  } finally {
    await file.close();
  }
}

function readOptions(options: NpzLoadOptions): number | undefined {
  checkOptions(OP, options, ['maxBytes']);
  const { maxBytes } = options as { maxBytes?: unknown };
  if (maxBytes !== undefined && !(typeof maxBytes === 'number' && maxBytes >= 0))
    typeError(OP, `maxBytes: expected a number of bytes, got ${describe(maxBytes)}`);
  return maxBytes;
}

async function openNpz(source: Source, file: string, maxBytes: number | undefined): Promise<NpzFile> {
  try {
    const entries = new Map<string, NpzEntry>();
    const parts = new Map<string, ZipEntry>();
    for (const entry of (await readZip(OP, source, file, maxBytes)).values()) {
      const name = entry.name.endsWith(SUFFIX) ? entry.name.slice(0, -SUFFIX.length) : entry.name;
      if (parts.has(name)) typeError(OP, `${file}: ${name} is there twice`);
      const reader = entry.reader();
      try {
        const { header } = await readHead(OP, reader, entry.size, `${file}: ${name}`);
        entries.set(name, { dtype: header.dtype, shape: header.shape });
      } finally {
        await reader.close();
      }
      parts.set(name, entry);
    }
    return new NpzFile(file, entries, parts, source);
  } catch (error) {
    await source.close();
    throw error;
  }
}
