import { describe, rangeError } from '../errors.js';
import { CHUNK } from './reader.js';
import {
  CENTRAL,
  CENTRAL_BYTES,
  END,
  END64,
  END64_BYTES,
  END_BYTES,
  LOCAL,
  LOCAL_BYTES,
  LOCATOR64,
  LOCATOR64_BYTES,
} from './zip-format.js';
import { zlib } from './zlib.js';

// Writes archives that all zip tools read: entries stored or deflated, sizes of 64 bits only where they are needed, and no
// times, so that the same content makes the same bytes.

/** An entry to write. */
export interface ZipContent {
  readonly name: string;
  /** Its bytes, in parts. */
  readonly parts: readonly Uint8Array[];
}

/** How {@link writeZip} writes. */
export interface ZipOptions {
  readonly compressed?: boolean;
  /** What is above this is written with 64 bits. */
  readonly limit?: number;
}

const PLAIN_VERSION = 20;
const WIDE_VERSION = 45;
const WIDE = 0xffffffff;
const MAX_COUNT = 0xffff;
const MAX_NAME = 0xffff;
const UTF8_NAME = 0x0800;
/** The first day that zip knows: 1980-01-01. */
const DATE = 0x21;
/** Unix: a regular file that its owner reads and writes. */
const ATTRIBUTES = 0o600 << 16;
const UNIX = 3 << 8;

/** What both the entry and the directory say. */
interface Written {
  readonly name: Buffer;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly start: number;
}

/**
 * The bytes of an archive, a piece at a time: what an entry packs to is in memory until the next.
 * @throws RangeError for a name that zip cannot hold
 */
export async function* writeZip(
  op: string,
  contents: Iterable<ZipContent>,
  { compressed = false, limit = WIDE - 1 }: ZipOptions = {},
): AsyncGenerator<Uint8Array> {
  const entries: Written[] = [];
  let at = 0;
  for (const { name: text, parts } of contents) {
    const name = Buffer.from(text);
    if (name.length > MAX_NAME) rangeError(op, `a name of ${name.length} bytes: zip has ${MAX_NAME} at most`);
    // Others take it for the end of the name.
    if (text.includes('\0')) rangeError(op, `${describe(text)}: a name cannot have a NUL in it`);
    const flags = name.length === text.length ? 0 : UTF8_NAME;
    const [size, crc] = await measure(parts);
    const content = compressed ? await deflate(parts, size) : parts;
    const packed = content.reduce((sum, part) => sum + part.length, 0);
    const entry = { name, flags, method: compressed ? 8 : 0, crc, packed, size, start: at };
    entries.push(entry);
    const head = localHeader(entry, limit);
    yield head;
    yield* content;
    at += head.length + packed;
  }
  const start = at;
  for (const entry of entries) {
    const head = centralHeader(entry, limit);
    yield head;
    at += head.length;
  }
  yield endOf(entries.length, at - start, start, limit);
}

/** The parts in pieces that take some milliseconds; the event loop has a turn between them. */
async function* slices(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    for (let at = 0; at < part.length; at += CHUNK) {
      yield part.subarray(at, at + CHUNK);
      if (at + CHUNK < part.length) await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

async function measure(parts: readonly Uint8Array[]): Promise<[size: number, crc: number]> {
  const { crc32 } = await zlib();
  let [size, crc] = [0, 0];
  for await (const slice of slices(parts)) {
    size += slice.length;
    crc = crc32(slice, crc);
  }
  return [size, crc];
}

async function deflate(parts: readonly Uint8Array[], size: number): Promise<Uint8Array[]> {
  const { createDeflateRaw, Readable } = await zlib();
  const packer = createDeflateRaw({ chunkSize: Math.min(Math.max(size, 2 ** 10), CHUNK / 16) });
  Readable.from(slices(parts), { objectMode: false }).pipe(packer);
  const out: Uint8Array[] = [];
  for await (const piece of packer) out.push(piece as Uint8Array);
  return out;
}

/** The field of the sizes that are too wide for their places, and those places. */
function widen(
  sizes: readonly number[],
  limit: number,
): { extra: Buffer; version: number; narrow: number[] } {
  const wide = sizes.filter((size) => size > limit);
  const extra = Buffer.alloc(wide.length === 0 ? 0 : 4 + 8 * wide.length);
  if (wide.length > 0) {
    extra.writeUInt16LE(1, 0);
    extra.writeUInt16LE(8 * wide.length, 2);
    wide.forEach((size, i) => extra.writeBigUInt64LE(BigInt(size), 4 + 8 * i));
  }
  const version = wide.length === 0 ? PLAIN_VERSION : WIDE_VERSION;
  return { extra, version, narrow: sizes.map((size) => (size > limit ? WIDE : size)) };
}

function localHeader(entry: Written, limit: number): Buffer {
  const { name, flags, method, crc, size, packed } = entry;
  // Before an entry both sizes are wide, or none.
  const { extra, version, narrow } = widen([size, packed], Math.max(size, packed) > limit ? -1 : limit);
  const head = Buffer.alloc(LOCAL_BYTES);
  head.writeUInt32LE(LOCAL, 0);
  head.writeUInt16LE(version, 4);
  head.writeUInt16LE(flags, 6);
  head.writeUInt16LE(method, 8);
  head.writeUInt16LE(DATE, 12);
  head.writeUInt32LE(crc, 14);
  head.writeUInt32LE(narrow[1], 18);
  head.writeUInt32LE(narrow[0], 22);
  head.writeUInt16LE(name.length, 26);
  head.writeUInt16LE(extra.length, 28);
  return Buffer.concat([head, name, extra]);
}

function centralHeader(entry: Written, limit: number): Buffer {
  const { name, flags, method, crc, size, packed, start } = entry;
  const { extra, version, narrow } = widen([size, packed, start], limit);
  const head = Buffer.alloc(CENTRAL_BYTES);
  head.writeUInt32LE(CENTRAL, 0);
  head.writeUInt16LE(UNIX | version, 4);
  head.writeUInt16LE(version, 6);
  head.writeUInt16LE(flags, 8);
  head.writeUInt16LE(method, 10);
  head.writeUInt16LE(DATE, 14);
  head.writeUInt32LE(crc, 16);
  head.writeUInt32LE(narrow[1], 20);
  head.writeUInt32LE(narrow[0], 24);
  head.writeUInt16LE(name.length, 28);
  head.writeUInt16LE(extra.length, 30);
  head.writeUInt32LE(ATTRIBUTES, 38);
  head.writeUInt32LE(narrow[2], 42);
  return Buffer.concat([head, name, extra]);
}

/** What stands at the end: how many entries, and where their directory is. */
function endOf(count: number, size: number, start: number, limit: number): Buffer {
  const wide = count >= MAX_COUNT || size > limit || start > limit;
  const end = Buffer.alloc(END_BYTES);
  end.writeUInt32LE(END, 0);
  end.writeUInt16LE(wide ? MAX_COUNT : count, 8);
  end.writeUInt16LE(wide ? MAX_COUNT : count, 10);
  end.writeUInt32LE(wide ? WIDE : size, 12);
  end.writeUInt32LE(wide ? WIDE : start, 16);
  if (!wide) return end;
  const end64 = Buffer.alloc(END64_BYTES);
  end64.writeUInt32LE(END64, 0);
  end64.writeBigUInt64LE(44n, 4);
  end64.writeUInt16LE(UNIX | WIDE_VERSION, 12);
  end64.writeUInt16LE(WIDE_VERSION, 14);
  [count, count, size, start].forEach((value, i) => end64.writeBigUInt64LE(BigInt(value), 24 + 8 * i));
  const locator = Buffer.alloc(LOCATOR64_BYTES);
  locator.writeUInt32LE(LOCATOR64, 0);
  locator.writeBigUInt64LE(BigInt(start + size), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([end64, locator, end]);
}
