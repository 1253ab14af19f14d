import { inflateSync } from 'node:zlib';
import { readMessage } from './protobuf.js';

// Reads what TensorBoard reads: independent of what writes it.

/** What a field is: repeated ones are lists. */
type Kind =
  | 'double'
  | 'float'
  | 'int'
  | 'bool'
  | 'text'
  | 'bytes'
  | 'doubles'
  | 'floats'
  | Schema
  | [Schema]
  | ['text'];
// eslint-disable-next-line @typescript-eslint/consistent-indexed-object-style -- an alias could not name itself
interface Schema {
  readonly [field: number]: readonly [name: string, kind: Kind];
}

const DIM: Schema = { 1: ['size', 'int'] };
const SHAPE: Schema = { 2: ['dims', [DIM]] };
const TENSOR: Schema = {
  1: ['dtype', 'int'],
  2: ['shape', SHAPE],
  5: ['floats', 'floats'],
  6: ['doubles', 'doubles'],
  8: ['texts', ['text']],
};
const VALUE: Schema = { 2: ['number', 'double'], 3: ['text', 'text'], 4: ['bool', 'bool'] };
const LIST: Schema = { 1: ['values', [VALUE]] };
const HPARAM: Schema = { 1: ['name', 'text'], 4: ['type', 'int'], 5: ['domain', LIST] };
const METRIC: Schema = { 1: ['name', { 2: ['tag', 'text'] }] };
const HPARAMS: Schema = {
  1: ['version', 'int'],
  2: ['experiment', { 4: ['hparams', [HPARAM]], 5: ['metrics', [METRIC]] }],
  3: ['start', { 1: ['hparams', [{ 1: ['key', 'text'], 2: ['value', VALUE] }]] }],
  4: ['end', { 1: ['status', 'int'] }],
};
const METADATA: Schema = { 1: ['plugin', { 1: ['name', 'text'], 2: ['content', 'bytes'] }] };
const HISTOGRAM: Schema = {
  1: ['min', 'double'],
  2: ['max', 'double'],
  3: ['count', 'double'],
  4: ['sum', 'double'],
  5: ['squares', 'double'],
  6: ['limits', 'doubles'],
  7: ['counts', 'doubles'],
};
const IMAGE: Schema = {
  1: ['height', 'int'],
  2: ['width', 'int'],
  3: ['colorspace', 'int'],
  4: ['file', 'bytes'],
};
const SUMMARY_VALUE: Schema = {
  1: ['tag', 'text'],
  2: ['simple', 'float'],
  4: ['image', IMAGE],
  5: ['histogram', HISTOGRAM],
  8: ['tensor', TENSOR],
  9: ['metadata', METADATA],
};
const EVENT: Schema = {
  1: ['time', 'double'],
  2: ['step', 'int'],
  3: ['version', 'text'],
  4: ['graph', 'bytes'],
  5: ['summary', { 1: ['values', [SUMMARY_VALUE]] }],
  7: ['session', { 1: ['status', 'int'] }],
  8: ['run', { 1: ['tag', 'text'], 2: ['metadata', 'bytes'] }],
  10: ['source', { 1: ['writer', 'text'] }],
};
const ATTRIBUTE: Schema = {
  1: ['list', { 7: ['shapes', [SHAPE]] }],
  2: ['text', 'text'],
  6: ['type', 'int'],
};
const NODE: Schema = {
  1: ['name', 'text'],
  2: ['op', 'text'],
  3: ['inputs', ['text']],
  5: ['attributes', [{ 1: ['key', 'text'], 2: ['value', ATTRIBUTE] }]],
};
const GRAPH: Schema = { 1: ['nodes', [NODE]], 4: ['versions', { 1: ['producer', 'int'] }] };

/** A message as an object. Fields that are not there are not there; those of another number are an error. */
type Decoded = Record<string, unknown>;

function decode(bytes: Uint8Array, schema: Schema): Decoded {
  const out: Decoded = {};
  for (const [field, values] of readMessage(bytes)) {
    if (!(field in schema)) throw new Error(`there is no field ${field} in ${JSON.stringify(schema)}`);
    const [name, kind] = schema[field];
    const read = values.map((value) => decodeValue(value, Array.isArray(kind) ? kind[0] : kind));
    if (!Array.isArray(kind) && read.length > 1) throw new Error(`${name} is there ${read.length} times`);
    out[name] = Array.isArray(kind) ? read : read[0];
  }
  return out;
}

function decodeValue(value: bigint | Buffer, kind: Exclude<Kind, unknown[]>): unknown {
  if (kind === 'int') return Number(BigInt.asIntN(64, value as bigint));
  if (kind === 'bool') return value === 1n;
  const bytes = value as Buffer;
  if (kind === 'double') return bytes.readDoubleLE();
  if (kind === 'float') return bytes.readFloatLE();
  if (kind === 'text') return bytes.toString();
  if (kind === 'bytes') return bytes;
  if (kind === 'doubles')
    return Array.from({ length: bytes.length / 8 }, (_, i) => bytes.readDoubleLE(8 * i));
  if (kind === 'floats') return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
  return decode(bytes, kind);
}

/** An event. Pictures are there as pixels, what plugins are told as what it means. */
export interface Event {
  readonly time: number;
  readonly step?: number;
  readonly version?: string;
  readonly graph?: { nodes: GraphNode[] };
  readonly summary?: { values: SummaryValue[] };
  readonly [name: string]: unknown;
}

export interface SummaryValue {
  readonly tag: string;
  readonly simple?: number;
  readonly histogram?: { limits: number[]; counts: number[]; [name: string]: unknown };
  readonly [name: string]: unknown;
}

export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly inputs?: string[];
  readonly attributes?: { key: string; value: { text?: string; type?: number; list?: unknown } }[];
}

/** The events of a file. Throws where a checksum is wrong, or it is cut short. */
export function readEvents(bytes: Buffer): Event[] {
  const events: Event[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = Number(bytes.readBigUInt64LE(at));
    checkCrc(bytes.subarray(at, at + 8), bytes.readUInt32LE(at + 8));
    const content = bytes.subarray(at + 12, at + 12 + length);
    checkCrc(content, bytes.readUInt32LE(at + 12 + length));
    events.push(eventOf(content));
    at += length + 16;
  }
  return events;
}

function eventOf(content: Buffer): Event {
  const event = decode(content, EVENT);
  if (event.graph !== undefined) event.graph = decode(event.graph as Buffer, GRAPH);
  const summary = event.summary as { values: Decoded[] } | undefined;
  for (const value of summary?.values ?? []) {
    const { image, metadata } = value as { image?: Decoded; metadata?: { plugin: Decoded } };
    if (image !== undefined) value.image = { ...image, file: readPng(image.file as Buffer) };
    if (metadata?.plugin.name === 'hparams')
      value.metadata = { hparams: sorted(decode(metadata.plugin.content as Buffer, HPARAMS)) };
    // All defaults is the same as nothing.
    else if (metadata !== undefined) value.metadata = { plugin: metadata.plugin.name };
  }
  return event as unknown as Event;
}

/** Maps come in any order. */
function sorted(hparams: Decoded): Decoded {
  const start = hparams.start as { hparams: { key: string }[] } | undefined;
  start?.hparams.sort((a, b) => (a.key < b.key ? -1 : 1));
  return hparams;
}

/** CRC-32C bit by bit, and the mask that records have. */
function checkCrc(bytes: Buffer, expected: number): void {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  crc = ~crc >>> 0;
  const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  if (masked !== expected) throw new Error(`checksum: expected ${expected}, got ${masked}`);
}

/** The pixels of a PNG file of 8 bits a channel. */
export function readPng(file: Buffer): { width: number; height: number; channels: number; pixels: number[] } {
  if (file.subarray(0, 8).toString('latin1') !== '\x89PNG\r\n\x1a\n') throw new Error('no PNG file');
  const chunks: [string, Buffer][] = [];
  for (let at = 8; at < file.length;) {
    const length = file.readUInt32BE(at);
    chunks.push([file.toString('latin1', at + 4, at + 8), file.subarray(at + 8, at + 8 + length)]);
    at += length + 12;
  }
  const [, header] = chunks[0];
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const channels = { 0: 1, 2: 3, 6: 4 }[header[9]];
  if (channels === undefined || header[8] !== 8) throw new Error('a PNG file of another kind');
  const data = inflateSync(Buffer.concat(chunks.filter(([type]) => type === 'IDAT').map(([, part]) => part)));
  const stride = width * channels;
  const pixels = new Uint8Array(stride * height);
  const at = (x: number, y: number): number => (x < 0 || y < 0 ? 0 : pixels[y * stride + x]);
  for (let y = 0; y < height; y++) {
    const filter = data[y * (stride + 1)];
    for (let x = 0; x < stride; x++) {
      const [left, up, both] = [
        at(x - channels, y),
        at(x, y - 1),
        at(x - channels, x < channels ? -1 : y - 1),
      ];
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, both)][filter];
      pixels[y * stride + x] = data[y * (stride + 1) + 1 + x] + guess;
    }
  }
  return { width, height, channels, pixels: [...pixels] };
}

function paeth(a: number, b: number, c: number): number {
  const guess = a + b - c;
  const [pa, pb, pc] = [a, b, c].map((value) => Math.abs(guess - value));
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}
