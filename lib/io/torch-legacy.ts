import { describe, rangeError, typeError } from '../errors.js';
import { empty, type Tensor } from '../tensor.js';
import { bytesOf, decode, dtypeOf, swapBytes, type Kind } from './elements.js';
import { MAX_PICKLE, PickleEnd, unpickleAt, type Known } from './pickle.js';
import { CHUNK, type Source } from './reader.js';
import { knownValues, plain, type TorchValue } from './torch-values.js';

// What torch.save wrote before PyTorch 1.6, and writes when it is told to: five pickles one after the other, a number that says
// what this is, a version, the machine, the value, and the names of the storages; then for each of these how many numbers it has,
// and their bytes.

const OP = 'torch.load';

const MAGIC = 0x1950a86a20f9469cfc6cn;
const VERSION = 1001;

/** How much is read at first to find the pickles in. */
const FIRST = 2 ** 16;

interface StoredNumbers {
  readonly kind: Kind;
  readonly storage: Tensor;
}

/** What the pickles of a file say. */
interface Head {
  readonly value: TorchValue;
  readonly storages: ReadonlyMap<string, StoredNumbers>;
  readonly isBig: boolean;
  /** The storages, in the order of their bytes. */
  readonly keys: readonly string[];
  /** Where they begin. */
  readonly end: number;
}

/** Reads such a file. */
export async function readLegacy(source: Source, path: string): Promise<TorchValue> {
  const { value, storages, isBig, keys, end } = await findHead(source, path);
  let at = end;
  for (const key of keys) at = await fillStorage(source, path, key, storages.get(key), isBig, at);
  if (at !== source.size) rangeError(OP, `${path}: expected ${at} bytes, got ${source.size}`);
  return value;
}

/** How long pickles are is known where they end. */
async function findHead(source: Source, path: string): Promise<Head> {
  const fail = (message: string): never => rangeError(OP, `${path}: ${message}`);
  const most = Math.min(source.size, MAX_PICKLE);
  for (let length = Math.min(FIRST, most); ; length = Math.min(4 * length, most)) {
    const bytes = new Uint8Array(length);
    await source.read(bytes, 0, fail);
    try {
      return readHead(bytes, path, source.size);
    } catch (error) {
      if (!(error instanceof PickleEnd) || length === most) throw error;
    }
  }
}

function readHead(bytes: Uint8Array, path: string, size: number): Head {
  let end = 0;
  const next = (known: Known): unknown => {
    const read = unpickleAt(OP, bytes, end, path, known);
    ({ end } = read);
    return read.value;
  };
  const nothing: Known = {
    calls: {},
    persistent: (id) => typeError(OP, `${path}: expected no storage here, got ${describe(id)}`),
  };
  if (next(nothing) !== MAGIC) typeError(OP, `${path}: a pickle, but not of torch.save`);
  const version = next(nothing);
  if (version !== VERSION)
    typeError(OP, `${path}: expected version ${VERSION} of the format, got ${describe(version)}`);
  const machine = next(nothing);
  if (!(machine instanceof Map)) typeError(OP, `${path}: expected a dict, got ${describe(machine)}`);

  const storages = new Map<string, StoredNumbers>();
  let total = 0;
  const read = next(
    knownValues(path, (kind, key, count) => {
      const known = storages.get(key);
      if (known !== undefined) {
        if (known.kind !== kind || known.storage.size !== count)
          rangeError(OP, `${path}: storage ${key} is there twice, and not the same`);
        return known.storage;
      }
      total += count * bytesOf(kind);
      if (!Number.isInteger(count) || total > size)
        rangeError(OP, `${path}: storage ${key}: ${count} of ${kind}: the file has ${size} bytes`);
      const storage = empty([count], dtypeOf(kind));
      storages.set(key, { kind, storage });
      return storage;
    }),
  );
  const value = plain(read, path);
  const keys = next(nothing);
  if (!isTexts(keys) || keys.length !== storages.size || new Set(keys).size !== keys.length)
    return typeError(OP, `${path}: expected the names of ${storages.size} storages, got ${describe(keys)}`);
  return { value, storages, isBig: machine.get('little_endian') === false, keys, end };
}

/** Reads the numbers of a storage from a position on; gives where they end. */
async function fillStorage(
  source: Source,
  path: string,
  key: string,
  stored: StoredNumbers | undefined,
  isBig: boolean,
  position: number,
): Promise<number> {
  const fail = (message: string): never => rangeError(OP, `${path}: storage ${key}: ${message}`);
  if (stored === undefined) return fail('no tensor is on it');
  const { kind, storage } = stored;
  const width = bytesOf(kind);
  const word = new Uint8Array(8);
  if (position + 8 + storage.size * width > source.size) fail('the file ends early');
  await source.read(word, position, fail);
  const count = new DataView(word.buffer).getBigInt64(0, !isBig);
  // Where a storage has no type of its own, bytes are counted.
  if (count !== BigInt(storage.size) && count !== BigInt(storage.size * width))
    fail(`expected ${storage.size} of ${kind}, got ${count}`);
  const { array } = storage.storage;
  const [start, end] = [position + 8, position + 8 + storage.size * width];
  const chunk = new Uint8Array(Math.min(CHUNK, end - start));
  for (let at = start; at < end; at += chunk.length) {
    const bytes = chunk.subarray(0, Math.min(chunk.length, end - at));
    await source.read(bytes, at, fail);
    if (isBig) swapBytes(bytes, width);
    decode(kind, bytes, array.subarray((at - start) / width, (at - start + bytes.length) / width), fail);
  }
  return end;
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');
