import { rangeError, typeError } from '../errors.js';
import { CHUNK, piecesOf, Reader, type Source } from './reader.js';
import { ENCRYPTED, readDirectory, type Fail, type Listed } from './zip-directory.js';
import { LOCAL, LOCAL_BYTES } from './zip-format.js';
import { zlib } from './zlib.js';

// Archives of entries that are stored or deflated, with the 64-bit sizes that NumPy and PyTorch write. An archive is read
// from its directory at the end. Nothing in it is trusted: entries lie within the file, none in another's place, each has
// the name and the checksum that the directory states, and unpacks to the size that it states. Names are names: no file is
// ever written by them.

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

const DEFLATED = 8;
/** No deflated byte makes more. */
const MAX_RATIO = 1032;
/** What deflated entries may unpack to, in all, unless the caller says otherwise. */
const MAX_UNPACKED = 2 ** 32;

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
