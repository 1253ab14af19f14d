import { describe, rangeError, typeError } from '../errors.js';
import { fitsMemory, formatShape, MAX_DIMS, sizeOf } from '../shape.js';
import { empty, Tensor, viewOf } from '../tensor.js';
import { bytesOf, type Kind } from './elements.js';
import { Global, type Known } from './pickle.js';

// What the pickles of torch.save name: storages, tensors on them, and containers.

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

/** Storages of bytes: tensors on them say themselves what their numbers are. */
const UNTYPED = 'torch.storage.UntypedStorage';
const DTYPES: Readonly<Record<string, Kind>> = {
  'torch.uint16': 'U16',
  'torch.uint32': 'U32',
  'torch.uint64': 'U64',
  'torch.float8_e4m3fn': 'F8_E4M3',
  'torch.float8_e5m2': 'F8_E5M2',
  'torch.float8_e4m3fnuz': 'F8_E4M3FNUZ',
  'torch.float8_e5m2fnuz': 'F8_E5M2FNUZ',
  'torch.float8_e8m0fnu': 'F8_E8M0',
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

/** A storage of bytes. */
class Bytes {
  constructor(
    readonly key: string,
    readonly count: number,
  ) {}
}

/** What makes a storage, or gives the one of this key that is there: of `count` numbers of a kind. */
type StorageOf = (kind: Kind, key: string, count: number) => Tensor;

/** What the pickle of a file may name and call. */
export function knownValues(path: string, storageOf: StorageOf): Known {
  const stored = (id: unknown): Tensor | Bytes => {
    const [word, type, key, , count, view] = Array.isArray(id) ? (id as unknown[]) : [];
    if (word !== 'storage' || !(type instanceof Global) || typeof key !== 'string' || !isCount(count))
      return typeError(OP, `${path}: expected a storage, got ${describe(id)}`);
    if (type.name === UNTYPED) return new Bytes(key, count);
    const storage = storageOf(kindOf(STORAGES, type, path), key, count);
    if (view === undefined || view === null) return storage;
    // A part of a storage, as PyTorch named it before 0.4.
    const [, start, size] = Array.isArray(view) ? (view as unknown[]) : [];
    if (!isCount(start) || !isCount(size) || start + size > count)
      return rangeError(OP, `${path}: storage ${key}: expected a part of ${count} elements`);
    return viewOf(storage, [size], [1], start);
  };
  const typed = (bytes: unknown, dtype: unknown): unknown => {
    if (!(bytes instanceof Bytes) || !(dtype instanceof Global)) return bytes;
    const kind = kindOf(DTYPES, dtype, path);
    return storageOf(kind, bytes.key, bytes.count / bytesOf(kind));
  };
  const calls: Known['calls'] = {
    'torch._utils._rebuild_tensor': (args) => rebuild(args, path),
    'torch._utils._rebuild_tensor_v2': (args) => rebuild(args, path),
    'torch._utils._rebuild_tensor_v3': ([storage, ...args]) =>
      rebuild([typed(storage, args[5]), ...args], path),
    'torch._utils._rebuild_parameter': ([data]) => data,
    'torch._utils._rebuild_parameter_with_state': ([data]) => data,
    'collections.OrderedDict': ([items]) => pairs(items, path),
    'torch.Size': ([sizes]) => sizes,
    // Tensors with attributes, which are left out.
    'torch._tensor._rebuild_from_type_v2': ([make, type, args]) => {
      const [name, typeName] = [make, type].map((each) => (each instanceof Global ? each.name : ''));
      if (
        !Array.isArray(args) ||
        !TENSORS.has(typeName) ||
        !name.startsWith('torch._utils.') ||
        !Object.hasOwn(calls, name)
      )
        return typeError(OP, `${path}: ${name} of ${typeName}: expected tensors; it is not run`);
      return calls[name](args);
    },
  };
  return { persistent: stored, calls };
}

const TENSORS: ReadonlySet<string> = new Set([
  'torch.Tensor',
  'torch._tensor.Tensor',
  'torch.nn.parameter.Parameter',
]);

function kindOf(kinds: Readonly<Record<string, Kind>>, { name }: Global, path: string): Kind {
  if (!Object.hasOwn(kinds, name)) typeError(OP, `${path}: ${name}: tensors of this kind are not here`);
  return kinds[name];
}

function rebuild([storage, offset, size, stride]: readonly unknown[], path: string): Tensor {
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

/** What a pickle gave: maps of texts as objects, all the way down. Anything that is no value is an error. */
export function plain(
  value: unknown,
  path: string,
  done = new Map<unknown, TorchValue>(),
  depth = 0,
): TorchValue {
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
  const name = value instanceof Global ? value.name : value instanceof Bytes ? UNTYPED : describe(value);
  return typeError(OP, `${path}: ${name}: no tensor or container`);
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && (value as unknown[]).every(isCount);
