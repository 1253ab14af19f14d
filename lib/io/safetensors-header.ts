import { describe, rangeError, typeError } from '../errors.js';
import { fitsMemory, formatShape, MAX_DIMS, sizeOf, type Shape } from '../shape.js';
import { bytesOf, dtypeOf, isKind, isSame, KIND_NAMES, type Kind } from './elements.js';
import { isModest, repeatedKey } from './json.js';

// The header of a safetensors file, which nothing is believed of before it has been checked.

export const OP = 'safetensors';

/** The format's own limit for the header. */
export const MAX_HEADER = 100_000_000;

/** The header begins after its length. Data is aligned to as many bytes, so that files can be mapped. */
export const WORD = 8;

/** What safetensors calls the dtype of a tensor in a file. */
export type SafetensorsDType = Kind;

/** Where a tensor lies in a file, and what it is there. */
export interface SafetensorsEntry {
  readonly dtype: SafetensorsDType;
  readonly shape: Shape;
  /** Its bytes, counted from the first after the header. */
  readonly start: number;
  readonly end: number;
}

/** What reports an error in a file: `[safetensors] file: message`. */
export const failWith =
  (file: string) =>
  (message: string): never =>
    rangeError(OP, `${file}: ${message}`);

/** How long the header is, as the first bytes say. */
export function headerLength(bytes: Uint8Array, size: number, file: string): number {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > MAX_HEADER || WORD + length > size)
    failWith(file)(`expected a header within ${Math.min(size, MAX_HEADER)} bytes, got one of ${length}`);
  return length;
}

/** The entries in the order of their bytes, which must be those of the data: each once, none left. */
export function checkEntries(
  entries: [string, SafetensorsEntry][],
  length: number,
  file: string,
): Map<string, SafetensorsEntry> {
  const fail = failWith(file);
  let at = 0;
  entries.sort(([, a], [, b]) => a.start - b.start || a.end - b.end);
  for (const [name, { dtype, shape, start, end }] of entries) {
    const expected = sizeOf(shape) * bytesOf(dtype);
    if (start !== at || end - start !== expected || end > length)
      fail(
        `${name}: expected ${expected} bytes from byte ${at} of ${length}, for ${isSame(dtype) ? dtypeOf(dtype) : dtype} ` +
          `${formatShape(shape)}, got data_offsets [${start}, ${end}]`,
      );
    at = end;
  }
  if (at !== length) fail(`expected ${at} bytes of data, got ${length}`);
  return new Map(entries);
}

export function readHeader(
  bytes: Uint8Array,
  file: string,
): { entries: [string, SafetensorsEntry][]; metadata: Record<string, string> } {
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    // An entry is an object with two lists, and takes fifty characters.
    header = isModest(text, 3, 12) ? JSON.parse(text) : undefined;
  } catch (cause) {
    throw new TypeError(`[${OP}] ${file}: the header is not JSON: ${(cause as Error).message}`, { cause });
  }
  if (header === undefined)
    typeError(OP, `${file}: the header: expected entries in one object, got lists in lists, or too many`);
  if (!isObject(header)) typeError(OP, `${file}: the header: expected an object, got ${describe(header)}`);
  const repeated = repeatedKey(text);
  if (repeated !== undefined) typeError(OP, `${file}: the header has ${describe(repeated)} twice`);
  const { __metadata__: metadata = {}, ...rest } = header;
  if (!isObject(metadata) || !Object.values(metadata).every((note) => typeof note === 'string'))
    typeError(OP, `${file}: __metadata__: expected an object of strings`);
  const entries = Object.entries(rest).map(([name, entry]): [string, SafetensorsEntry] => [
    name,
    readEntry(name, entry, file),
  ]);
  return { entries, metadata: metadata as Record<string, string> };
}

function readEntry(name: string, entry: unknown, file: string): SafetensorsEntry {
  const fail = (message: string): never => typeError(OP, `${file}: ${name}: ${message}`);
  if (!isObject(entry)) return fail(`expected an object, got ${describe(entry)}`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (dtype === 'C64') fail('C64: complex numbers are not here');
  if (!isKind(dtype)) return fail(`dtype: expected one of ${KIND_NAMES.join(', ')}, got ${describe(dtype)}`);
  if (!isCounts(shape) || shape.length > MAX_DIMS)
    return fail(`shape: expected at most ${MAX_DIMS} whole numbers, got ${JSON.stringify(shape)}`);
  if (sizeOf(shape) === 0 && !fitsMemory(shape)) return fail(`shape: ${formatShape(shape)} is too large`);
  if (!isCounts(offsets) || offsets.length !== 2)
    return fail(`data_offsets: expected two whole numbers, got ${JSON.stringify(offsets)}`);
  return { dtype, shape, start: offsets[0], end: offsets[1] };
}

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((count) => Number.isSafeInteger(count) && count >= 0);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
