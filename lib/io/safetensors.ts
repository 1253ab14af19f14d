import { readFile } from 'node:fs/promises';
import { itemSize, type DType } from '../dtype.js';
import { describe, rangeError, typeError } from '../errors.js';
import { formatShape, MAX_DIMS, sizeOf, type Shape } from '../shape.js';
import { checkTensor, empty, type Tensor } from '../tensor.js';
import { writeFileAtomic } from './atomic.js';

// A safetensors file is the length of its header (8 bytes, little-endian), the header, and the data. The header is JSON:
// for each name a dtype, a shape, and where its bytes begin and end, counted from the first after the header. Data is
// little-endian and row-major, without gaps. Nothing in it is ever executed.
// See https://huggingface.co/docs/safetensors

const OP = 'safetensors';

/** The names of the format for the dtypes that are here. */
const NAMES: Record<DType, string> = {
  bool: 'BOOL',
  uint8: 'U8',
  int32: 'I32',
  float32: 'F32',
  float64: 'F64',
};
const DTYPE_OF = new Map(Object.entries(NAMES).map(([dtype, name]) => [name, dtype as DType]));

/** The format's own limit for the header. */
const MAX_HEADER = 100_000_000;

/** The header begins after its length. Data is aligned to as many bytes, so that files can be mapped. */
const WORD = 8;

/** What a file holds: tensors by name, and notes. */
export interface Safetensors {
  readonly tensors: Record<string, Tensor>;
  readonly metadata: Record<string, string>;
}

interface Entry {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly start: number;
  readonly end: number;
}

/**
 * Writes tensors into a safetensors file, which PyTorch, NumPy, JAX and many others read. The file is replaced as a
 * whole, or left as it was.
 * @param metadata notes, texts by name
 */
export async function saveFile(
  tensors: Readonly<Record<string, Tensor>>,
  path: string,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  await writeFileAtomic(path, serialize(tensors, metadata));
}

/**
 * Reads a safetensors file: a new tensor for each in it.
 * @throws TypeError, RangeError naming the file and what is wrong with it.
 */
export async function loadFile(path: string): Promise<Safetensors> {
  return deserialize(await readFile(path), path);
}

/** The bytes of a safetensors file, in parts. */
export function serialize(
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] {
  // Wide elements first, as the format's own library writes them: then each is aligned to its size.
  const entries = Object.entries(tensors);
  for (const [name, x] of entries) checkTensor(OP, x, name);
  entries.sort(([, a], [, b]) => itemSize(b.dtype) - itemSize(a.dtype));
  const header = new Map<string, unknown>();
  if (Object.keys(metadata).length > 0) header.set('__metadata__', metadata);
  const data: Uint8Array[] = [];
  let end = 0;
  for (const [name, x] of entries) {
    if (name === '__metadata__')
      typeError(OP, `a tensor cannot have the name ${name}: the format keeps it for notes`);
    const start = end;
    end += x.size * itemSize(x.dtype);
    header.set(name, { dtype: NAMES[x.dtype], shape: x.shape, data_offsets: [start, end] });
    const { buffer, byteOffset, byteLength } = x.toArray();
    data.push(new Uint8Array(buffer, byteOffset, byteLength));
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const length = Math.ceil(json.length / WORD) * WORD;
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
  const fail = (message: string): never => rangeError(OP, `${file}: ${message}`);
  if (bytes.length < WORD) fail(`expected at least ${WORD} bytes, got ${bytes.length}`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > MAX_HEADER || WORD + length > bytes.length)
    fail(`expected a header within ${bytes.length} bytes, got one of ${length}`);
  const data = bytes.subarray(WORD + length);
  const { entries, metadata } = readHeader(bytes.subarray(WORD, WORD + length), file);

  const tensors: [string, Tensor][] = [];
  let at = 0;
  for (const [name, { dtype, shape, start, end }] of entries.sort(
    ([, a], [, b]) => a.start - b.start || a.end - b.end,
  )) {
    const expected = sizeOf(shape) * itemSize(dtype);
    if (start !== at || end - start !== expected || end > data.length)
      fail(
        `${name}: expected ${expected} bytes from byte ${at} of ${data.length}, for ${dtype} ${formatShape(shape)}, ` +
          `got data_offsets [${start}, ${end}]`,
      );
    const x = empty(shape, dtype);
    const { buffer, byteOffset } = x.storage.array;
    new Uint8Array(buffer, byteOffset, expected).set(data.subarray(start, end));
    tensors.push([name, x]);
    at = end;
  }
  if (at !== data.length) fail(`expected ${at} bytes of data, got ${data.length}`);
  return { tensors: Object.fromEntries(tensors), metadata };
}

function readHeader(
  bytes: Uint8Array,
  file: string,
): { entries: [string, Entry][]; metadata: Record<string, string> } {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new TypeError(`[${OP}] ${file}: the header is not JSON: ${(cause as Error).message}`, { cause });
  }
  if (!isObject(header)) typeError(OP, `${file}: the header: expected an object, got ${describe(header)}`);
  const { __metadata__: metadata = {}, ...rest } = header;
  if (!isObject(metadata) || !Object.values(metadata).every((note) => typeof note === 'string'))
    typeError(OP, `${file}: __metadata__: expected an object of texts`);
  const entries = Object.entries(rest).map(([name, entry]): [string, Entry] => [
    name,
    readEntry(name, entry, file),
  ]);
  return { entries, metadata: metadata as Record<string, string> };
}

function readEntry(name: string, entry: unknown, file: string): Entry {
  const fail = (message: string): never => typeError(OP, `${file}: ${name}: ${message}`);
  if (!isObject(entry)) return fail(`expected an object, got ${describe(entry)}`);
  const { dtype: code, shape, data_offsets: offsets } = entry;
  const dtype = DTYPE_OF.get(String(code));
  if (dtype === undefined)
    return fail(`dtype: expected one of ${[...DTYPE_OF.keys()].join(', ')}, got ${describe(code)}`);
  if (!isCounts(shape) || shape.length > MAX_DIMS)
    return fail(`shape: expected at most ${MAX_DIMS} whole numbers, got ${JSON.stringify(shape)}`);
  if (!isCounts(offsets) || offsets.length !== 2)
    return fail(`data_offsets: expected two whole numbers, got ${JSON.stringify(offsets)}`);
  return { dtype, shape, start: offsets[0], end: offsets[1] };
}

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((count) => Number.isSafeInteger(count) && count >= 0);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
