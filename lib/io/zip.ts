import { rangeError, typeError } from '../errors.js';
import { CHUNK, piecesOf, Reader, type Source } from './reader.js';
import { zlib } from './zlib.js';

// Archives of entries that are stored or deflated, with the 64-bit sizes that NumPy and PyTorch write. An archive is read
// from its directory at the end. Nothing in it is trusted: entries lie within the file, none in another's place, each has
// the name and the checksum that the directory states, and unpacks to the size that it states. Names are names: no file is
// ever written by them.
// See https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT

/** An entry of an archive. */
export interface ZipEntry {
  readonly name: string;
  /** Bytes when it is unpacked. */
  readonly size: number;
  /** Its bytes, from the first to the last. Size and checksum are right where the end is reached without an error. */
  reader(): Reader;
  /** All of its bytes. */
  bytes(): Promise<Uint8Array>;
}

/** What the directory says of an entry. */
interface Listed {
  readonly name: string;
  readonly rawName: Uint8Array;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly start: number;
}

interface Directory {
  readonly entries: Listed[];
  /** Where it begins in the file: entries lie before it. */
  readonly start: number;
}

const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const END64_BYTES = 56;
const LOCATOR64_BYTES = 20;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
const MAX_COMMENT = 0xffff;
const DEFLATED = 8;
/** Bits of the flags that say that an entry, or the directory, is encrypted. */
const ENCRYPTED = 0x0001 | 0x0040 | 0x2000;
/** No deflated byte makes more. */
const MAX_RATIO = 1032;
/** A directory is read as a whole: more than this is no archive of arrays. */
const MAX_DIRECTORY = 2 ** 28;

/** What deflated entries may unpack to, in all, unless the caller says otherwise. */
export const MAX_UNPACKED = 2 ** 32;

/** An end of an error: what is wrong, after the name of the file. */
type Fail = (message: string) => never;

/**
 * The entries of an archive by name, in the order of the directory; each is read and unpacked when it is asked for.
 * @param file what to call it in errors
 * @throws TypeError, RangeError naming the file and what is wrong with it
 */
export async function readZip(
  op: string,
  source: Source,
  file: string,
  maxUnpacked = MAX_UNPACKED,
): Promise<Map<string, ZipEntry>> {
  const { entries, start: end } = await readDirectory(op, source, file);
  const out = new Map<string, ZipEntry>();
  let unpacked = 0;
  const starts = entries.map(({ start }) => start).sort((a, b) => a - b);
  for (const entry of entries) {
    const { name, rawName, method, packed, size, start } = entry;
    const fail: Fail = (message) => rangeError(op, `${file}: ${name}: ${message}`);
    if (out.has(name)) typeError(op, `${file}: ${name} is there twice`);
    if (method !== 0 && method !== DEFLATED)
      typeError(op, `${file}: ${name}: expected method 0 (stored) or 8 (deflated), got ${method}`);
    if (method === 0 ? size !== packed : size > packed * MAX_RATIO)
      fail(`${packed} bytes cannot become ${size}`);
    if (method === DEFLATED) unpacked += size;
    if (unpacked > maxUnpacked)
      rangeError(op, `${file}: its entries unpack to more than ${maxUnpacked} bytes, the limit`);
    // What follows begins where the entry must have ended.
    const limit = starts[firstAbove(starts, start)] ?? end;
    if (
      start + LOCAL_BYTES + rawName.length + packed > limit ||
      starts[firstAbove(starts, start) - 2] === start
    )
      fail(`expected its ${packed} bytes between ${start} and ${limit}`);
    out.set(name, entryOf(source, entry, limit, fail));
  }
  return out;
}

/** The index of the first number above another, in a sorted list. */
function firstAbove(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

function entryOf(source: Source, entry: Listed, limit: number, fail: Fail): ZipEntry {
  const { name, size } = entry;
  const reader = (): Reader => new Reader(contentOf(source, entry, limit, fail));
  const bytes = async (): Promise<Uint8Array> => {
    const out = new Uint8Array(size);
    const content = reader();
    await content.fill(out);
    await content.drain();
    return out;
  };
  return { name, size, reader, bytes };
}

/** What an entry unpacks to, a piece at a time. */
async function* contentOf(
  source: Source,
  entry: Listed,
  limit: number,
  fail: Fail,
): AsyncGenerator<Uint8Array> {
  const { crc32 } = await zlib();
  const from = await readLocal(source, entry, fail);
  const to = from + entry.packed;
  if (to > limit) fail(`expected its ${entry.packed} bytes between ${from} and ${limit}`);
  let [size, crc] = [0, 0];
  const raw = piecesOf(source, from, to, fail);
  for await (const piece of entry.method === 0 ? raw : inflated(raw, entry, fail)) {
    size += piece.length;
    if (size > entry.size) fail(`expected ${entry.size} bytes, got more`);
    crc = crc32(piece, crc);
    yield piece;
  }
  if (size !== entry.size) fail(`expected ${entry.size} bytes, got ${size}`);
  if (crc !== entry.crc) fail('its checksum is another: the file is damaged');
}

async function* inflated(
  raw: AsyncGenerator<Uint8Array>,
  { packed, size }: Listed,
  fail: Fail,
): AsyncGenerator<Uint8Array> {
  const { createInflateRaw, Readable } = await zlib();
  const inflate = createInflateRaw({ chunkSize: Math.min(Math.max(size, 2 ** 10), CHUNK / 16) });
  const input = Readable.from(raw, { objectMode: false });
  input.on('error', (error) => inflate.destroy(error));
  input.pipe(inflate);
  try {
    for await (const piece of inflate) yield piece as Uint8Array;
    if (inflate.bytesWritten !== packed)
      fail(`expected ${packed} deflated bytes, got ${inflate.bytesWritten}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code?.startsWith('Z_') !== true) throw error;
    fail(`what is deflated is damaged: ${(error as Error).message}`);
  } finally {
    input.destroy();
    inflate.destroy();
  }
}

/** Checks what stands before an entry, and says where its bytes begin. */
async function readLocal(source: Source, entry: Listed, fail: Fail): Promise<number> {
  const { start, rawName, method } = entry;
  const head = new Uint8Array(LOCAL_BYTES + rawName.length);
  await source.read(head, start, fail);
  const view = new DataView(head.buffer);
  if (view.getUint32(0, true) !== LOCAL) fail(`expected an entry at byte ${start}`);
  if ((view.getUint16(6, true) & ENCRYPTED) !== 0) fail('is encrypted');
  const nameLength = view.getUint16(26, true);
  if (
    view.getUint16(8, true) !== method ||
    nameLength !== rawName.length ||
    !rawName.every((byte, i) => byte === head[LOCAL_BYTES + i])
  )
    fail('the directory has another name or method for it than the entry itself');
  return start + LOCAL_BYTES + nameLength + view.getUint16(28, true);
}

/** What the directory at the end says. */
async function readDirectory(op: string, source: Source, file: string): Promise<Directory> {
  const fail: Fail = (message) => rangeError(op, `${file}: ${message}`);
  const { count, size, start, prefix } = await findDirectory(op, source, file, fail);
  if (size > MAX_DIRECTORY) fail(`its directory takes ${size} bytes: the limit is ${MAX_DIRECTORY}`);
  const bytes = new Uint8Array(size);
  await source.read(bytes, start, fail);
  const view = new DataView(bytes.buffer);
  const entries: Listed[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    const short: Fail = () => fail(`its directory ends after ${i} of ${count} entries`);
    if (at + CENTRAL_BYTES > size || view.getUint32(at, true) !== CENTRAL) short('');
    const [nameLength, extraLength, noteLength] = [28, 30, 32].map((k) => view.getUint16(at + k, true));
    const extra = at + CENTRAL_BYTES + nameLength;
    const next = extra + extraLength + noteLength;
    if (next > size) short('');
    const rawName = bytes.subarray(at + CENTRAL_BYTES, extra);
    const name = nameOf(rawName);
    if ((view.getUint16(at + 8, true) & ENCRYPTED) !== 0) typeError(op, `${file}: ${name}: is encrypted`);
    const sizes = [24, 20, 42].map((k) => view.getUint32(at + k, true));
    const [unpacked, packed, offset] = widen(view, sizes, extra, extra + extraLength, () =>
      fail(`${name}: its 64-bit sizes are missing`),
    );
    const [method, crc] = [view.getUint16(at + 10, true), view.getUint32(at + 16, true)];
    entries.push({ name, rawName, method, crc, packed, size: unpacked, start: prefix + offset });
    at = next;
  }
  if (at !== size) fail(`its directory has ${size - at} bytes after ${count} entries`);
  return { entries, start };
}

/** Where the directory is. `prefix`: how many bytes stand before the archive, which does not count them. */
async function findDirectory(
  op: string,
  source: Source,
  file: string,
  fail: Fail,
): Promise<{ count: number; size: number; start: number; prefix: number }> {
  const length = Math.min(source.size, END_BYTES + MAX_COMMENT);
  const tail = new Uint8Array(length);
  await source.read(tail, source.size - length, fail);
  const view = new DataView(tail.buffer);
  // A comment may come after it, up to the end.
  const isEnd = (at: number): boolean =>
    view.getUint32(at, true) === END && at + END_BYTES + view.getUint16(at + 20, true) === length;
  let at = length - END_BYTES;
  while (at >= 0 && !isEnd(at)) at--;
  if (at < 0) typeError(op, `${file}: not a zip file, or cut short`);
  if (view.getUint16(at + 4, true) % 0xffff !== 0) fail('is a part of an archive in several files');
  let end = source.size - length + at;
  let [count, size, offset] = [
    view.getUint16(at + 10, true),
    view.getUint32(at + 12, true),
    view.getUint32(at + 16, true),
  ];
  if (view.getUint16(at + 8, true) !== count) fail('its two counts of entries differ');
  const wide = await readEnd64(source, end, fail);
  if (wide !== undefined) {
    const differs = (narrow: number, value: number, all: number): boolean =>
      narrow !== all && narrow !== value;
    if (
      differs(count, wide.count, 0xffff) ||
      differs(size, wide.size, 0xffffffff) ||
      differs(offset, wide.offset, 0xffffffff)
    )
      fail('the two ends of its directory differ');
    ({ count, size, offset, end } = wide);
  }
  const start = end - size;
  if (start < offset || (count === 0 && start > 0)) fail('its directory is not where it should be');
  return { count, size, start, prefix: start - offset };
}

/** The end of an archive with 64-bit sizes; undefined where it has none. */
async function readEnd64(
  source: Source,
  end: number,
  fail: Fail,
): Promise<{ count: number; size: number; offset: number; end: number } | undefined> {
  if (end < LOCATOR64_BYTES + END64_BYTES) return undefined;
  const locator = new DataView(new ArrayBuffer(LOCATOR64_BYTES));
  await source.read(new Uint8Array(locator.buffer), end - LOCATOR64_BYTES, fail);
  if (locator.getUint32(0, true) !== LOCATOR64) return undefined;
  // Where it says that the record is, unless something stands before the archive: then right before.
  const last = end - LOCATOR64_BYTES - END64_BYTES;
  const record = new DataView(new ArrayBuffer(END64_BYTES));
  for (const at of new Set([Number(locator.getBigUint64(8, true)), last])) {
    if (at > last) continue;
    await source.read(new Uint8Array(record.buffer), at, fail);
    if (record.getUint32(0, true) !== END64) continue;
    const [count, size, offset] = [32, 40, 48].map((k) => Number(record.getBigUint64(k, true)));
    return { count, size, offset, end: at };
  }
  return fail('its directory is not where it should be');
}

/** Sizes that do not fit into 32 bits stand in a field of their own, in this order. */
function widen(
  view: DataView,
  sizes: readonly number[],
  from: number,
  to: number,
  fail: () => never,
): number[] {
  if (!sizes.includes(0xffffffff)) return [...sizes];
  for (let at = from; at + 4 <= to;) {
    const [id, length] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
    let field = at + 4;
    at = field + length;
    if (id !== 1) continue;
    return sizes.map((size) => {
      if (size !== 0xffffffff) return size;
      if (field + 8 > Math.min(at, to)) return fail();
      field += 8;
      return Number(view.getBigUint64(field - 8, true));
    });
  }
  return fail();
}

/** The upper half of code page 437, which names are in that are not UTF-8. */
const CP437 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐' +
  '└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';

/** A name: UTF-8, which many write without saying so, or else what zip had before. */
function nameOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return Array.from(bytes, (byte) => (byte < 128 ? String.fromCharCode(byte) : CP437[byte - 128])).join('');
  }
}
