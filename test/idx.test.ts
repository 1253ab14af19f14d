import { constants } from 'node:buffer';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import { type IdxArray, parseIdx, readIdx } from '../lib/data/idx.js';

let folder: string;
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mgp-idx-'));
});
test.after.always(() => rm(folder, { recursive: true }));

let files = 0;
async function file(bytes: Uint8Array): Promise<string> {
  const path = join(folder, `${files++}`);
  await writeFile(path, bytes);
  return path;
}

/** Bytes from hexadecimal, as a hex dump shows them. */
const hex = (dump: string): Uint8Array => Uint8Array.from(Buffer.from(dump.replaceAll(' ', ''), 'hex'));

/** Every element type, with its limits: what the bytes are, and what they mean. */
const TYPES: [title: string, dump: string, shape: number[], data: IdxArray['data']][] = [
  ['uint8', '00000801 00000003  00 7f ff', [3], Uint8Array.of(0, 127, 255)],
  ['int8', '00000901 00000003  00 7f ff', [3], Int8Array.of(0, 127, -1)],
  ['int16', '00000b01 00000003  0102 7fff 8000', [3], Int16Array.of(258, 32767, -32768)],
  ['int32', '00000c01 00000002  01020304 ffffffff', [2], Int32Array.of(16909060, -1)],
  ['float32', '00000d01 00000003  3f800000 c0200000 ff800000', [3], Float32Array.of(1, -2.5, -Infinity)],
  ['float64', '00000e01 00000002  3ff0000000000000 c004000000000000', [2], Float64Array.of(1, -2.5)],
  ['two dimensions', '00000802 00000002 00000003  010203 040506', [2, 3], Uint8Array.of(1, 2, 3, 4, 5, 6)],
  ['no dimensions', '00000800  05', [], Uint8Array.of(5)],
  ['nothing', '00000802 00000000 ffffffff', [0, 4294967295], Uint8Array.of()],
];

for (const [title, dump, shape, data] of TYPES)
  test(`reads ${title}`, async (t) => {
    const bytes = hex(dump);
    t.deepEqual(parseIdx(bytes, 'x'), { shape, data });
    const plain = await file(bytes);
    t.deepEqual(await readIdx(plain), { shape, data });
    t.deepEqual(await readIdx(pathToFileURL(plain)), { shape, data });
    t.deepEqual(await readIdx(await file(gzipSync(bytes))), { shape, data });
    // At an odd place in a larger buffer.
    const moved = new Uint8Array(bytes.length + 9);
    moved.set(bytes, 3);
    t.deepEqual(parseIdx(moved.subarray(3, 3 + bytes.length), 'x'), { shape, data });
  });

/** Wrong files, and what is said about each after `[readIdx] <name>: at byte `. */
const WRONG: [title: string, dump: string, error: 'TypeError' | 'RangeError', message: string][] = [
  ['empty', '', 'TypeError', '0: expected magic 00 00 <type> <dimensions>, got the end of the file'],
  ['three bytes', '00 00 08', 'TypeError', '0: expected magic 00 00 <type> <dimensions>, got 00 00 08'],
  ['a PNG', '89504e47 0d0a1a0a', 'TypeError', '0: expected magic 00 00 <type> <dimensions>, got 89 50 4e 47'],
  [
    'little-endian',
    '01 08 00 00',
    'TypeError',
    '0: expected magic 00 00 <type> <dimensions>, got 01 08 00 00',
  ],
  ['type 07', '00 00 07 01', 'TypeError', '2: expected a type code of 08, 09, 0b, 0c, 0d, 0e, got 07'],
  ['type 0a', '00 00 0a 01', 'TypeError', '2: expected a type code of 08, 09, 0b, 0c, 0d, 0e, got 0a'],
  ['255 dimensions', '00 00 08 ff', 'RangeError', '3: expected at most 32 dimensions, got 255'],
  ['no sizes', '00000801', 'RangeError', '4: expected 1 size of 4 bytes, got the end of the file'],
  [
    'half a size',
    '00000803 00000001 0000',
    'RangeError',
    '10: expected 3 sizes of 4 bytes, got the end of the file',
  ],
  [
    'truncated',
    '00000801 00000003  01 02',
    'RangeError',
    '10: expected 11 bytes, for (3,) elements of 1 byte, got the end of the file',
  ],
  [
    'half an element',
    '00000b01 00000002  0102 03',
    'RangeError',
    '11: expected 12 bytes, for (2,) elements of 2 bytes, got the end of the file',
  ],
  [
    'trailing bytes',
    '00000801 00000001  01 02',
    'RangeError',
    '9: expected the end of the file, got more bytes',
  ],
  [
    'bytes after nothing',
    '00000801 00000000  01',
    'RangeError',
    '8: expected the end of the file, got more bytes',
  ],
  [
    'more than memory',
    '00000801 ffffffff  01',
    'RangeError',
    '9: expected 4294967303 bytes, for (4294967295,) elements of 1 byte, got the end of the file',
  ],
  [
    'sizes whose product is 0 modulo 2^32, 2^53 and 2^64',
    '00000e04 80000000 80000000 80000000 80000000',
    'RangeError',
    '20: expected 170141183460469231731687303715884105748 bytes, ' +
      'for (2147483648, 2147483648, 2147483648, 2147483648) elements of 8 bytes, got the end of the file',
  ],
];

for (const [title, dump, name, message] of WRONG)
  test(`refuses: ${title}`, async (t) => {
    const bytes = hex(dump);
    t.throws(() => parseIdx(bytes, 'train-images'), {
      name,
      message: `[readIdx] train-images: at byte ${message}`,
    });
    const path = await file(bytes);
    await t.throwsAsync(readIdx(path), { name, message: `[readIdx] ${path}: at byte ${message}` });
  });

test('refuses the wrong kind of IDX file where the caller knows better', async (t) => {
  const labels = hex('00000801 00000001  05');
  const message = 'expected magic 00 00 08 03, got 00 00 08 01';
  t.throws(() => parseIdx(labels, 'x', 0x0803), {
    name: 'TypeError',
    message: `[readIdx] x: at byte 0: ${message}`,
  });
  const path = await file(gzipSync(labels));
  await t.throwsAsync(readIdx(path, { magic: 0x0803 }), {
    name: 'TypeError',
    message: `[readIdx] ${path} (unpacked): at byte 0: ${message}`,
  });
});

test('compares the digest of the unpacked file', async (t) => {
  const bytes = hex('00000801 00000001  05');
  const md5 = '75e517bea266c378444662e37b2e8b92';
  for (const path of [await file(bytes), await file(gzipSync(bytes))]) {
    await t.notThrowsAsync(readIdx(path, { md5 }));
    await t.throwsAsync(readIdx(path, { md5: '0'.repeat(32) }), {
      name: 'TypeError',
      message: /: expected the file with MD5 digest 0{32}, got 75e517bea266c378444662e37b2e8b92$/,
    });
  }
});

const packed = gzipSync(hex('00000801 00000003  01 02 03'));
const flipped = (at: number): Uint8Array => packed.map((byte, i) => (i === at ? byte ^ 1 : byte));

/** Wrong gzip files, and what is said about each after `[readIdx] <name> (unpacked): `. */
const WRONG_GZIP: [title: string, bytes: Uint8Array, error: 'TypeError' | 'RangeError', message: string][] = [
  [
    'only a magic',
    packed.subarray(0, 2),
    'TypeError',
    'expected valid gzip data, got "unexpected end of file"',
  ],
  [
    'cut in the data',
    packed.subarray(0, 15),
    'TypeError',
    'expected valid gzip data, got "unexpected end of file"',
  ],
  [
    'cut at the end',
    packed.subarray(0, -1),
    'TypeError',
    'expected valid gzip data, got "unexpected end of file"',
  ],
  ['method', flipped(2), 'TypeError', 'expected valid gzip data, got "unknown compression method"'],
  [
    'checksum',
    flipped(packed.length - 8),
    'TypeError',
    'expected valid gzip data, got "incorrect data check"',
  ],
  [
    'length',
    flipped(packed.length - 1),
    'TypeError',
    'expected valid gzip data, got "incorrect length check"',
  ],
  [
    'followed by something else',
    Buffer.concat([packed, Buffer.from('more')]),
    'TypeError',
    'expected valid gzip data, got "incorrect header check"',
  ],
  [
    'nothing inside',
    gzipSync(''),
    'TypeError',
    'at byte 0: expected magic 00 00 <type> <dimensions>, got the end of the file',
  ],
  [
    'a text inside',
    gzipSync('hello'),
    'TypeError',
    'at byte 0: expected magic 00 00 <type> <dimensions>, got 68 65 6c 6c',
  ],
  [
    'truncated inside',
    gzipSync(hex('00000801 00000003  01')),
    'RangeError',
    'at byte 9: expected 11 bytes, for (3,) elements of 1 byte, got the end of the file',
  ],
  [
    'a promise of more than memory',
    gzipSync(Buffer.concat([hex('00000802 ffffffff ffffffff'), Buffer.alloc(2000)])),
    'RangeError',
    `at byte 4: expected at most ${constants.MAX_LENGTH} bytes, as much as a buffer can hold, got 18446744065119617037`,
  ],
  [
    'a bomb: 64 MB where 3 bytes are promised',
    gzipSync(Buffer.concat([hex('00000801 00000003'), Buffer.alloc(2 ** 26)])),
    'RangeError',
    'at byte 11: expected the end of the file, got more bytes',
  ],
  [
    'two packed files in one',
    Buffer.concat([packed, packed]),
    'RangeError',
    'at byte 11: expected the end of the file, got more bytes',
  ],
];

for (const [title, bytes, name, message] of WRONG_GZIP)
  test(`refuses gzip: ${title}`, async (t) => {
    const path = await file(bytes);
    await t.throwsAsync(readIdx(path), { name, message: `[readIdx] ${path} (unpacked): ${message}` });
  });

test('wrong arguments', async (t) => {
  const nowhere = join(folder, 'nowhere');
  await t.throwsAsync(readIdx(nowhere), {
    name: 'Error',
    message: `[readIdx] ${nowhere}: cannot be read: ENOENT: no such file or directory, open '${nowhere}'`,
  });
  await t.throwsAsync(readIdx(folder), { name: 'Error', message: /: cannot be read: EISDIR: / });
  const path = '[readIdx] path: expected a string or a file: URL, got';
  await t.throwsAsync(readIdx(5 as never), { name: 'TypeError', message: `${path} 5` });
  await t.throwsAsync(readIdx(new URL('https://host/x')), {
    name: 'TypeError',
    message: `${path} https://host/x`,
  });
  const bytes = '[readIdx] bytes: expected a Uint8Array, got';
  t.throws(() => parseIdx('x' as never, 'x'), { name: 'TypeError', message: `${bytes} "x"` });
  t.throws(() => parseIdx([0] as never, 'x'), { name: 'TypeError', message: `${bytes} an array of 1` });
});
