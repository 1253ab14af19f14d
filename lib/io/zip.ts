import { rangeError, typeError } from '../errors.js';

// What is needed of zip: reading and writing files of entries that are stored or deflated, with the 64-bit sizes that NumPy
// and PyTorch write. An archive is read from its directory at the end. Nothing in it is trusted: entries lie within the
// file, none in another's place, each unpacks to the size it states, and has the checksum it states.

/** One entry, as the directory has it. */
interface Entry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly start: number;
}

const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
const DEFLATED = 8;
/** No deflated byte makes more. */
const MAX_RATIO = 1032;

/**
 * The entries of an archive by name; each is unpacked when it is asked for.
 * @throws TypeError, RangeError naming the file and what is wrong with it
 */
export async function readZip(
  op: string,
  bytes: Uint8Array,
  file: string,
): Promise<Map<string, () => Uint8Array>> {
  const { crc32, inflateRawSync } = await import('node:zlib');
  const fail = (message: string): never => rangeError(op, `${file}: ${message}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = directory(op, view, file);
  const out = new Map<string, () => Uint8Array>();
  let end = 0;
  for (const { name, method, crc, packed, size, start } of entries.toSorted((a, b) => a.start - b.start)) {
    if (start < end || start + LOCAL_BYTES > bytes.length) fail(`${name}: lies outside of its place`);
    if (view.getUint32(start, true) !== LOCAL) fail(`${name}: expected an entry at byte ${start}`);
    const from = start + LOCAL_BYTES + view.getUint16(start + 26, true) + view.getUint16(start + 28, true);
    end = from + packed;
    if (end > bytes.length) fail(`${name}: expected ${packed} bytes from byte ${from} of ${bytes.length}`);
    if (method !== 0 && method !== DEFLATED) typeError(op, `${file}: ${name}: packed by method ${method}`);
    if (method === 0 ? size !== packed : size > packed * MAX_RATIO)
      fail(`${name}: ${packed} bytes cannot become ${size}`);
    if (out.has(name)) typeError(op, `${file}: ${name} is there twice`);
    const content = bytes.subarray(from, end);
    out.set(name, () => {
      let data = content;
      if (method === DEFLATED) {
        try {
          data = inflateRawSync(content, { maxOutputLength: Math.max(size, 1) });
        } catch (cause) {
          throw new RangeError(`[${op}] ${file}: ${name}: ${(cause as Error).message}`, { cause });
        }
      }
      if (data.length !== size) fail(`${name}: expected ${size} bytes, got ${data.length}`);
      if (crc32(data) !== crc) fail(`${name}: its checksum is another: the file is damaged`);
      return data;
    });
  }
  return out;
}

/** What the directory at the end says. */
function directory(op: string, view: DataView, file: string): Entry[] {
  const fail = (message: string): never => rangeError(op, `${file}: ${message}`);
  const length = view.byteLength;
  let end = length - END_BYTES;
  const first = Math.max(0, end - 0xffff);
  while (end >= first && view.getUint32(end, true) !== END) end--;
  if (end < first) typeError(op, `${file}: not a zip file, or cut short`);
  let count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if (end >= 20 && view.getUint32(end - 20, true) === LOCATOR64) {
    const end64 = Number(view.getBigUint64(end - 12, true));
    if (end64 + 56 > length || view.getUint32(end64, true) !== END64)
      fail('its directory is not where it should be');
    count = Number(view.getBigUint64(end64 + 32, true));
    at = Number(view.getBigUint64(end64 + 48, true));
  }
  const entries: Entry[] = [];
  const decoder = new TextDecoder();
  for (let i = 0; i < count; i++) {
    if (at + CENTRAL_BYTES > end || view.getUint32(at, true) !== CENTRAL)
      fail(`its directory ends after ${i} of ${count} entries`);
    if ((view.getUint16(at + 8, true) & 1) !== 0) typeError(op, `${file}: entries are encrypted`);
    const [nameLength, extraLength, noteLength] = [28, 30, 32].map((k) => view.getUint16(at + k, true));
    const extra = at + CENTRAL_BYTES + nameLength;
    const next = extra + extraLength + noteLength;
    if (next > end) fail(`its directory ends after ${i} of ${count} entries`);
    const name = decoder.decode(
      new Uint8Array(view.buffer, view.byteOffset + at + CENTRAL_BYTES, nameLength),
    );
    const sizes = [24, 20, 42].map((k) => view.getUint32(at + k, true));
    const [size, packed, start] = widen(view, sizes, extra, extra + extraLength);
    entries.push({
      name,
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packed,
      size,
      start,
    });
    at = next;
  }
  return entries;
}

/** Sizes that do not fit into 32 bits stand in a field of their own, in this order. */
function widen(view: DataView, sizes: number[], from: number, to: number): number[] {
  for (let at = from; at + 4 <= to;) {
    const [id, length] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
    let field = at + 4;
    at = field + length;
    if (id !== 1) continue;
    return sizes.map((size) => {
      if (size !== 0xffffffff || field + 8 > Math.min(at, to)) return size;
      field += 8;
      return Number(view.getBigUint64(field - 8, true));
    });
  }
  return sizes;
}
