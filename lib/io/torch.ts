import { describe, rangeError, typeError } from '../errors.js';
import { fitsMemory, formatShape, MAX_DIMS, sizeOf } from '../shape.js';
import { empty, Tensor, viewOf } from '../tensor.js';
import { bytesOf, decode, dtypeOf, swapBytes, type Kind } from './elements.js';
import { Global, unpickle } from './pickle.js';
import { CHUNK, openSource, type Source } from './reader.js';
import { readZip, type ZipEntry } from './zip.js';

export { save, serialize } from './torch-save.js';

// A file of torch.save is a zip archive: a pickle, data.pkl, and the bytes of each storage, data/0 and on. Of the pickle only
// tensors and containers are built; nothing in it is executed.

const OP = 'torch.load';

/** Deeper than any state is. */
const MAX_DEPTH = 200;

const STORAGES: Readonly<Record<string, Kind>> = {
  'torch.BoolStorage': 'BOOL',
  'torch.ByteStorage': 'U8',
  'torch.CharStorage': 'I8',
  'torch.ShortStorage': 'I16',
  'torch.IntStorage': 'I32',
  'torch.LongStorage': 'I64',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.FloatStorage': 'F32',
  'torch.DoubleStorage': 'F64',
};

/** What is in a file of `torch.save`: dicts are objects where all keys are texts, and maps where they are not. */
export type TorchValue =
  | Tensor
  | string
  | number
  | bigint
  | boolean
  | null
  | TorchValue[]
  | { [name: string]: TorchValue }
  | Map<TorchValue, TorchValue>;

/**
 * Reads a `.pt` or `.pth` file of PyTorch 1.6 and later, without executing anything in it. float16 and bfloat16 become
 * float32; int8, int16 and int64 become int32. Tensors that shared memory share it here.
 * @throws TypeError for anything but tensors, containers, texts and numbers, by its name; RangeError for wrong sizes, and
 *   for an int64 that does not fit into int32.
 * @see https://pytorch.org/docs/stable/generated/torch.load.html
 */
export async function load(path: string): Promise<TorchValue> {
  const source = await openSource(path);
  try {
    return await read(source, path);
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
  const first = new Uint8Array(Math.min(1, source.size));
  await source.read(first, 0, (message) => rangeError(OP, `${path}: ${message}`));
  if (first[0] === 0x80)
    typeError(OP, `${path}: the format of PyTorch before 1.6; load it there and torch.save it again`);
  const entries = await readZip(OP, source, path);
  const pickle = [...entries.keys()].find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickle === undefined) return typeError(OP, `${path}: a zip file without a data.pkl: not of torch.save`);
  const folder = pickle.slice(0, -'data.pkl'.length);
  const order = await entries.get(`${folder}byteorder`)?.bytes();
  const isBig = Buffer.from(order ?? []).toString() === 'big';
  const storages = new Map<string, StoredNumbers>();

  const storageOf = (id: unknown): Tensor => {
    const [word, type, key, , count] = Array.isArray(id) ? (id as unknown[]) : [];
    if (word !== 'storage' || !(type instanceof Global) || typeof key !== 'string')
      return typeError(OP, `${path}: expected a storage, got ${describe(id)}`);
    const kind = Object.hasOwn(STORAGES, type.name) ? STORAGES[type.name] : undefined;
    if (kind === undefined) return typeError(OP, `${path}: ${type.name}: tensors of this kind are not here`);
    const name = `${kind} ${key}`;
    const known = storages.get(name);
    if (known !== undefined) return known.storage;
    const entry = entries.get(`${folder}data/${key}`);
    if (entry === undefined || !isCount(count) || entry.size !== count * bytesOf(kind))
      return rangeError(
        OP,
        `${path}: storage ${key}: expected ${String(count)} of ${kind}, got ${entry?.size ?? 'no'} bytes`,
      );
    const storage = empty([count], dtypeOf(kind));
    storages.set(name, { kind, storage, entry });
    return storage;
  };

  const rebuild = ([storage, offset, size, stride]: readonly unknown[]): Tensor => {
    if (!(storage instanceof Tensor) || !isCount(offset) || !isCounts(size) || !isCounts(stride))
      return typeError(OP, `${path}: a tensor without storage, offset, size and stride`);
    if (size.length > MAX_DIMS || size.length !== stride.length)
      rangeError(OP, `${path}: a tensor of ${size.length} sizes and ${stride.length} strides`);
    if (!fitsMemory(size))
      rangeError(OP, `${path}: a tensor of shape ${formatShape(size)}: more elements than memory can hold`);
    const last = size.reduce((sum, n, i) => sum + (n - 1) * stride[i], offset);
    if (sizeOf(size) === 0) return empty(size, storage.dtype);
    if (last >= storage.size)
      rangeError(OP, `${path}: a tensor reaches element ${last} of a storage of ${storage.size}`);
    return viewOf(storage, size, stride, storage.offset + offset);
  };

  const value = unpickle(OP, (await entries.get(pickle)?.bytes()) ?? new Uint8Array(), path, {
    persistent: storageOf,
    calls: {
      'torch._utils._rebuild_tensor_v2': rebuild,
      'torch._utils._rebuild_parameter': ([data]) => data,
      'collections.OrderedDict': ([items]) => pairs(items, path),
      'torch.Size': ([sizes]) => sizes,
    },
  });
  const out = plain(value, path, new Map());
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

/** What an OrderedDict is made of. */
function pairs(items: unknown, path: string): Map<unknown, unknown> {
  const out = new Map<unknown, unknown>();
  if (items === undefined) return out;
  for (const pair of Array.isArray(items) ? (items as unknown[]) : [null]) {
    if (!Array.isArray(pair) || pair.length !== 2)
      typeError(OP, `${path}: an OrderedDict of what are no pairs`);
    out.set(...(pair as [unknown, unknown]));
  }
  return out;
}

/** Maps of texts as objects, all the way down; anything that is no value is an error. */
function plain(value: unknown, path: string, done: Map<unknown, TorchValue>, depth = 0): TorchValue {
  if (depth > MAX_DEPTH) typeError(OP, `${path}: containers in containers, deeper than ${MAX_DEPTH}`);
  if (
    value === null ||
    value instanceof Tensor ||
    ['string', 'number', 'bigint', 'boolean'].includes(typeof value)
  )
    return value as TorchValue;
  const known = done.get(value);
  if (known !== undefined) return known;
  if (Array.isArray(value)) {
    const out: TorchValue[] = [];
    done.set(value, out);
    for (const item of value as unknown[]) out.push(plain(item, path, done, depth + 1));
    return out;
  }
  if (value instanceof Map) {
    const named = [...value.keys()].every((name) => typeof name === 'string');
    const out = named ? {} : new Map<TorchValue, TorchValue>();
    done.set(value, out);
    for (const [name, item] of value as Map<unknown, unknown>) {
      const content = plain(item, path, done, depth + 1);
      if (out instanceof Map) out.set(plain(name, path, done, depth + 1), content);
      else
        Object.defineProperty(out, name as string, {
          value: content,
          enumerable: true,
          writable: true,
          configurable: true,
        });
    }
    return out;
  }
  return typeError(
    OP,
    `${path}: ${value instanceof Global ? value.name : describe(value)}: no tensor or container`,
  );
}

const isRecord = (value: unknown): value is Record<string, TorchValue> =>
  typeof value === 'object' &&
  value !== null &&
  !(value instanceof Tensor) &&
  !(value instanceof Map) &&
  !Array.isArray(value);

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && (value as unknown[]).every(isCount);
