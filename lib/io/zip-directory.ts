import { rangeError, typeError } from '../errors.js';
import type { Source } from './reader.js';
import {
  CENTRAL,
  CENTRAL_BYTES,
  END,
  END64,
  END64_BYTES,
  END_BYTES,
  LOCATOR64,
  LOCATOR64_BYTES,
} from './zip-format.js';

// The directory of an archive: it lies at the end, behind the entries, and is found from the last bytes of the file.

/** What the directory says of an entry. */
export interface Listed {
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

const MAX_COMMENT = 0xffff;
/** Bits of the flags that say that an entry, or the directory, is encrypted. */
export const ENCRYPTED = 0x0001 | 0x0040 | 0x2000;
/** A directory is read as a whole: more than this is no archive of arrays. */
const MAX_DIRECTORY = 2 ** 28;

/** An end of an error: what is wrong, after the name of the file. */
export type Fail = (message: string) => never;

/** What the directory at the end says. */
export async function readDirectory(op: string, source: Source, file: string): Promise<Directory> {
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
