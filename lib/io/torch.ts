import { describe, rangeError, typeError } from '../errors.js';
import { empty, Tensor } from '../tensor.js';
import { bytesOf, decode, dtypeOf, swapBytes, type Kind } from './elements.js';
import { MAX_PICKLE, unpickle } from './pickle.js';
import { CHUNK, openSource, type Source } from './reader.js';
import { readLegacy } from './torch-legacy.js';
import { knownValues, plain, type TorchValue } from './torch-values.js';
import { readZip, type ZipEntry } from './zip.js';

export { save, serialize } from './torch-save.js';
export type { TorchValue } from './torch-values.js';

// A file of torch.save is a zip archive: a pickle, data.pkl, and the bytes of each storage, data/0 and on. Of the pickle only
// tensors and containers are built; nothing in it is executed.

const OP = 'torch.load';

/** `little` or `big`. */
const MAX_WORD = 16;

/**
 * Reads a `.pt` or `.pth` file of PyTorch, without executing anything in it. float16, bfloat16 and float8 become float32; int8,
 * int16, int64 and the unsigned ones but uint8 become int32. Tensors that shared memory share it here. Files of before PyTorch 1.6
 * are read, too.
 *
 * ```ts
 * const { model: weights } = await io.torch.load<{ model: nn.StateDict }>('checkpoint.pt');
 * ```
 * @throws TypeError for anything but tensors, containers, texts and numbers, by its name; RangeError for wrong sizes, and
 *   for an int64 that does not fit into int32, and for more than two million containers.
 * @see https://pytorch.org/docs/stable/generated/torch.load.html
 */
export async function load<Value = TorchValue>(path: string): Promise<Value> {
  const source = await openSource(path);
  try {
    const first = new Uint8Array(Math.min(1, source.size));
    await source.read(first, 0, (message) => rangeError(OP, `${path}: ${message}`));
    // Where a pickle begins.
    return (await (first[0] === 0x80 ? readLegacy(source, path) : read(source, path))) as Value;
  } finally {
    await source.close();
  }
}

/** A storage of a file: the tensors of the pickle are made on it, and its numbers are read when all of it is right. */
interface StoredNumbers {
  readonly kind: Kind;
  readonly storage: Tensor;
  readonly entry: ZipEntry;
}

async function read(source: Source, path: string): Promise<TorchValue> {
  const entries = await readZip(OP, source, path);
  const pickle = [...entries.keys()].find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickle === undefined) return typeError(OP, `${path}: a zip file without a data.pkl: not of torch.save`);
  const folder = pickle.slice(0, -'data.pkl'.length);
  /** All of a short entry: what is deflated says itself how long it is. */
  const bytesOfEntry = async (name: string, most: number): Promise<Uint8Array> => {
    const entry = entries.get(name);
    if (entry !== undefined && entry.size > most)
      rangeError(OP, `${path}: ${name}: expected at most ${most} bytes, got ${entry.size}`);
    return (await entry?.bytes()) ?? new Uint8Array();
  };
  const order = await bytesOfEntry(`${folder}byteorder`, MAX_WORD);
  const isBig = Buffer.from(order).toString() === 'big';
  const storages = new Map<string, StoredNumbers>();

  const storageOf = (kind: Kind, key: string, count: number): Tensor => {
    const name = `${kind} ${key}`;
    const known = storages.get(name);
    if (known !== undefined) return known.storage;
    const entry = entries.get(`${folder}data/${key}`);
    if (entry === undefined || !Number.isInteger(count) || entry.size !== count * bytesOf(kind))
      return rangeError(
        OP,
        `${path}: storage ${key}: expected ${count} of ${kind}, got ${entry?.size ?? 'no'} bytes`,
      );
    const storage = empty([count], dtypeOf(kind));
    storages.set(name, { kind, storage, entry });
    return storage;
  };

  const bytes = await bytesOfEntry(pickle, MAX_PICKLE);
  const out = plain(unpickle(OP, bytes, path, knownValues(path, storageOf)), path);
  for (const stored of storages.values()) await fillStorage(stored, isBig, path);
  return out;
}

async function fillStorage(
  { kind, storage, entry }: StoredNumbers,
  isBig: boolean,
  path: string,
): Promise<void> {
  const width = bytesOf(kind);
  const { array } = storage.storage;
  const reader = entry.reader();
  try {
    const chunk = new Uint8Array(Math.min(CHUNK, entry.size));
    for (let at = 0; at < entry.size;) {
      const bytes = chunk.subarray(0, await reader.fill(chunk.subarray(0, entry.size - at)));
      if (isBig) swapBytes(bytes, width);
      decode(kind, bytes, array.subarray(at / width, (at + bytes.length) / width), (message) =>
        rangeError(OP, `${path}: storage ${entry.name}: ${message}`),
      );
      at += bytes.length;
    }
    await reader.drain();
  } finally {
    await reader.close();
  }
}

/**
 * Reads a state dict, for `loadStateDict` of a module: {@link load}, and an error when a value is no tensor.
 * @param key where in the file the state dict is, such as 'model'. Default: it is the file.
 */
export async function loadStateDict(path: string, key?: string): Promise<Record<string, Tensor>> {
  const all = await load(path);
  const state = key === undefined ? all : isRecord(all) && Object.hasOwn(all, key) ? all[key] : undefined;
  if (!isRecord(state))
    return typeError(OP, `${path}: ${key ?? 'the file'}: expected a dict of tensors, got ${describe(state)}`);
  for (const [name, value] of Object.entries(state))
    if (!(value instanceof Tensor))
      typeError(OP, `${path}: ${name}: expected a tensor, got ${describe(value)}`);
  return state as Record<string, Tensor>;
}

const isRecord = (value: unknown): value is Record<string, TorchValue> =>
  typeof value === 'object' &&
  value !== null &&
  !(value instanceof Tensor) &&
  !(value instanceof Map) &&
  !Array.isArray(value);
