import { execFileSync, spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { sourceOf } from '../lib/io/reader.js';
import { readZip } from '../lib/io/zip.js';
import { fixture, inFolder, unzip, zipOf } from './support/files.js';

const TEXT = 'a text that is not short, a text that is not short, a text that is not short';

/** Where the directory has its first entry, or the one after `skip` others. */
const central = (bytes: Buffer, skip = 0): number => {
  let at = bytes.indexOf('PK\x01\x02', 0, 'latin1');
  for (; skip > 0; skip--) at = bytes.indexOf('PK\x01\x02', at + 1, 'latin1');
  return at;
};

const endOf = (bytes: Buffer): number => bytes.lastIndexOf('PK\x05\x06', undefined, 'latin1');

/** A copy with something changed. */
const changed = (bytes: Buffer, change: (copy: Buffer) => void): Buffer => {
  const copy = Buffer.from(bytes);
  change(copy);
  return copy;
};

const refuses = async (t: ExecutionContext, bytes: Buffer, message: RegExp, maxUnpacked?: number) => {
  const error = await t.throwsAsync(unzip(bytes, maxUnpacked), { message });
  t.true(error instanceof TypeError || error instanceof RangeError);
  t.regex(error.message, /^\[z\] f: /);
};

for (const compressed of [false, true])
  test(`an archive comes back, ${compressed ? 'deflated' : 'stored'}`, async (t) => {
    const contents = { a: TEXT, empty: '', ünï: '\0\x01', '../../b': 'b', '/etc/c': 'c', __proto__: 'x' };
    const bytes = await zipOf(contents, { compressed });
    t.deepEqual(
      Object.entries(await unzip(bytes)).map(([name, content]) => [name, content.toString()]),
      Object.entries(contents),
    );
    t.deepEqual(await zipOf(contents, { compressed }), bytes, 'the same content makes the same bytes');
    t.is(bytes.includes(TEXT), !compressed);
  });

test('an archive without entries', async (t) => {
  const bytes = await zipOf({});
  t.is(bytes.length, 22);
  t.deepEqual(await unzip(bytes), {});
});

test('large contents, in pieces', async (t) => {
  const content = Buffer.alloc(9_000_001);
  for (let i = 0; i < content.length; i += 7) content[i] = i * 31;
  for (const compressed of [false, true]) {
    const bytes = await zipOf({ content }, { compressed });
    t.is(bytes.length < content.length, compressed);
    t.true((await unzip(bytes)).content.equals(content));
  }
});

for (const compressed of [false, true])
  test(`sizes of 64 bits, ${compressed ? 'deflated' : 'stored'}`, async (t) => {
    const contents = { a: TEXT, b: '', c: TEXT.slice(1) };
    const bytes = await zipOf(contents, { compressed, limit: 10 });
    t.true(bytes.includes('PK\x06\x06', 0, 'latin1'));
    const read = await unzip(bytes);
    t.deepEqual([read.a, read.b, read.c].map(String), Object.values(contents));
    const end64 = bytes.indexOf('PK\x06\x06', 0, 'latin1');
    await refuses(
      t,
      changed(bytes, (copy) => copy.writeUInt8(7, end64)),
      /directory is not where/,
    );
    await refuses(
      t,
      changed(bytes, (copy) => copy.writeUInt32LE(0x20002, endOf(copy) + 8)),
      /two ends of its directory differ/,
    );
    await refuses(
      t,
      changed(bytes, (copy) => copy.writeUInt16LE(7, central(copy) + 46 + 1)),
      /a: its 64-bit sizes are missing/,
    );
    await refuses(
      t,
      changed(bytes, (copy) => copy.writeUInt16LE(8, central(copy) + 46 + 1 + 2)),
      /a: its 64-bit sizes are missing|directory ends/,
    );
    await refuses(
      t,
      changed(bytes, (copy) => copy.fill(255, end64 + 48, end64 + 56)),
      /directory is not where/,
    );
    await refuses(
      t,
      changed(bytes, (copy) => copy.fill(255, end64 + 40, end64 + 48)),
      /directory is not where/,
    );
  });

test("archives of Python's: 64-bit sizes, sizes after the entries", async (t) => {
  const [plain, ...others] = await Promise.all(
    ['versions.npz', 'zip64.npz', 'descriptors.npz'].map(async (name) =>
      unzip(await readFile(fixture(`npy/${name}`))),
    ),
  );
  t.deepEqual(Object.keys(plain), ['1.0.npy', '2.0.npy', '3.0.npy']);
  for (const other of others) t.deepEqual(other, plain);
});

test('a comment at the end, and bytes before the archive', async (t) => {
  for (const limit of [10, undefined]) {
    const bytes = await zipOf({ a: TEXT, b: '' }, { limit });
    // A comment that looks like an end itself.
    const comment = Buffer.concat([Buffer.from('PK\x05\x06'), Buffer.alloc(30, 1)]);
    const noted = changed(bytes, (copy) => copy.writeUInt16LE(comment.length, copy.length - 2));
    for (const whole of [
      Buffer.concat([noted, comment]),
      Buffer.concat([Buffer.from('#!/bin/sh\nexec python3 "$0"\n'), bytes]),
      Buffer.concat([Buffer.alloc(70_000, 'PK\x05\x06'), noted, comment]),
    ])
      t.is((await unzip(whole)).a.toString(), TEXT);
    await refuses(t, Buffer.concat([bytes, Buffer.alloc(1)]), /not a zip file, or cut short/);
  }
});

test('names that are not UTF-8', async (t) => {
  const bytes = await zipOf({ abc: '' });
  const name = Buffer.from([0x81, 0x62, 0xff]);
  for (const at of [30, central(bytes) + 46]) name.copy(bytes, at);
  t.deepEqual(Object.keys(await unzip(bytes)), ['üb\u00a0']);
});

test('names that zip cannot hold', async (t) => {
  await t.throwsAsync(zipOf({ ['a'.repeat(65_536)]: '' }), { message: /65536 bytes: zip has 65535 at most/ });
  await t.throwsAsync(zipOf({ 'a\0b': '' }), { message: /cannot have a NUL/ });
  t.is(Object.keys(await unzip(await zipOf({ ['a'.repeat(65_535)]: '' })))[0].length, 65_535);
});

test('cut short anywhere', async (t) => {
  const bytes = await zipOf({ a: TEXT, b: TEXT }, { compressed: true });
  for (let length = 0; length < bytes.length; length++)
    await refuses(t, bytes.subarray(0, length), /not a zip file, or cut short/);
  for (let length = 1; length < bytes.length; length += 3) {
    const at = (length * 31) % (bytes.length - length);
    await t.throwsAsync(unzip(Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)])));
  }
});

test('damaged or hostile archives', async (t) => {
  const stored = await zipOf({ first: TEXT, other: TEXT });
  const deflated = await zipOf({ first: TEXT, other: TEXT }, { compressed: true });
  for (const bytes of [stored, deflated]) {
    const method = bytes.readUInt16LE(8);
    const first = central(bytes);
    const other = central(bytes, 1);
    const set = (message: RegExp, ...places: [at: number, value: number, bytes?: number][]) =>
      refuses(
        t,
        changed(bytes, (copy) => places.forEach(([at, value, n = 4]) => copy.writeUIntLE(value, at, n))),
        message,
      );
    await set(/first: expected method 0 \(stored\) or 8 \(deflated\), got 12/, [first + 10, 12, 2]);
    await set(/first: the directory has another name or method/, [8, 8 - method, 2]);
    await set(/first: the directory has another name or method/, [30, 0x20, 1]);
    await set(/first: is encrypted/, [first + 8, 1, 2]);
    await set(/first: is encrypted/, [6, 0x41, 2]);
    await set(/first: its checksum is another: the file is damaged/, [first + 16, 1]);
    await set(/other: expected an entry at byte/, [bytes.readUInt32LE(other + 42), 0]);
    await set(/other is there twice|first is there twice/, [other + 46, 0x73726966], [other + 50, 0x74, 1]);
    await set(/first: expected its .* bytes between 0 and/, [other + 42, 0]);
    await set(/other: expected its .* bytes between/, [other + 42, bytes.readUInt32LE(other + 42) + 9]);
    await set(/other: expected its .* bytes between/, [other + 42, 0xfffffff0]);
    await set(/first: expected its \d+ bytes between \d+ and \d+/, [28, 0xffff, 2]);
    await set(/other: expected its \d+ bytes between \d+ and/, [bytes.readUInt32LE(other + 42) + 28, 9, 2]);
    await set(/is a part of an archive in several files/, [endOf(bytes) + 4, 1, 2]);
    await set(/directory ends after 2 of 3 entries/, [endOf(bytes) + 8, 3, 2], [endOf(bytes) + 10, 3, 2]);
    await set(/directory has \d+ bytes after 1 entries/, [endOf(bytes) + 8, 1, 2], [endOf(bytes) + 10, 1, 2]);
    await set(/two counts of entries differ/, [endOf(bytes) + 10, 1, 2]);
    await set(
      /directory is not where it should be/,
      [endOf(bytes) + 8, 0],
      [endOf(bytes) + 12, 0],
      [endOf(bytes) + 16, 0],
    );
    await set(/directory is not where it should be/, [endOf(bytes) + 16, 0xfffffff0]);
    await set(/directory ends after|directory is not where/, [endOf(bytes) + 12, 0xfffffff0]);
    await set(/directory ends after 0 of 2 entries/, [first + 30, 0xffff, 2]);
  }
});

test('an entry within another is refused: the same bytes would be unpacked many times', async (t) => {
  const inner = await zipOf({ inner: TEXT });
  const bytes = await zipOf({ outer: inner });
  // The directory lists the entry within, too.
  const listed = Buffer.from(inner.subarray(central(inner), endOf(inner)));
  listed.writeUInt32LE(30 + 'outer'.length, 42);
  const [start, end] = [central(bytes, 1), endOf(bytes)];
  const whole = Buffer.concat([bytes.subarray(0, end), listed, bytes.subarray(end)]);
  whole.writeUInt32LE(0x20002, endOf(whole) + 8);
  whole.writeUInt32LE(end - start + listed.length, endOf(whole) + 12);
  await refuses(t, whole, /outer: expected its \d+ bytes between 0 and 35/);
});

test('entries that unpack to more than they state, or than is allowed', async (t) => {
  const zeros = Buffer.alloc(1_000_000);
  const bytes = await zipOf({ zeros }, { compressed: true });
  t.true(bytes.length < 1200);
  const sized = (size: number): Buffer =>
    changed(bytes, (copy) => copy.writeUInt32LE(size, central(copy) + 24));
  await refuses(t, sized(1000), /zeros: expected 1000 bytes, got more/);
  await refuses(t, sized(0), /zeros: expected 0 bytes, got more/);
  await refuses(t, sized(1_000_001), /zeros: expected 1000001 bytes, got 1000000/);
  await refuses(t, sized(2 ** 31), /zeros: \d+ bytes cannot become 2147483648/);
  await refuses(t, bytes, /its entries unpack to more than 999999 bytes, the limit/, 999_999);
  t.is((await unzip(bytes, 1_000_000)).zeros.length, 1_000_000);
  const two = await zipOf({ a: zeros, b: zeros }, { compressed: true });
  await refuses(t, two, /unpack to more than 1999999 bytes/, 1_999_999);
  const stored = await zipOf({ a: TEXT });
  t.is((await unzip(stored, 0)).a.toString(), TEXT, 'what is stored is no larger than the file');
  await refuses(
    t,
    changed(stored, (copy) => copy.writeUInt32LE(9, central(copy) + 24)),
    /a: \d+ bytes cannot become 9/,
  );
});

test('what is deflated is damaged, or followed by something', async (t) => {
  const packed = deflateRawSync(TEXT);
  const whole = await zipOf({ a: packed });
  const asDeflated = (packedSize: number): Buffer =>
    changed(whole, (copy) => {
      for (const at of [8, central(copy) + 10]) copy.writeUInt16LE(8, at);
      copy.writeUInt32LE(packedSize, central(copy) + 20);
      copy.writeUInt32LE(TEXT.length, central(copy) + 24);
    });
  await refuses(t, asDeflated(packed.length), /a: its checksum is another/);
  await refuses(t, asDeflated(packed.length - 3), /a: what is deflated is damaged: unexpected end of file/);
  await refuses(
    t,
    changed(asDeflated(packed.length), (copy) => copy.fill(0xff, 31, 40)),
    /a: what is deflated is damaged/,
  );
  const longer = await zipOf({ a: Buffer.concat([packed, Buffer.alloc(5)]) });
  for (const at of [8, central(longer) + 10]) longer.writeUInt16LE(8, at);
  longer.writeUInt32LE(TEXT.length, central(longer) + 24);
  await refuses(t, longer, /a: expected \d+ deflated bytes, got \d+/);
});

test('a reader that is closed early, and one that is read on', async (t) => {
  const bytes = await zipOf({ a: Buffer.alloc(3_000_000, 7) }, { compressed: true });
  const entry = (await readZip('z', sourceOf(bytes), 'f')).get('a');
  for (let i = 0; i < 20; i++) {
    const reader = entry?.reader();
    t.is(await reader?.fill(new Uint8Array(10)), 10);
    await reader?.close();
  }
  const reader = entry?.reader();
  await reader?.fill(new Uint8Array(10));
  t.is(await reader?.drain(), 2_999_990);
});

const hasPython = spawnSync('python3', ['-c', 'import zipfile'], { stdio: 'ignore' }).status === 0;
const READ = `
import json, sys, zipfile
file = zipfile.ZipFile(sys.argv[1])
assert file.testzip() is None
print(json.dumps({name: file.read(name).decode() for name in file.namelist()}))
`;

// Where there is no Python, our own reader is the only one.
(hasPython ? test : test.skip)('Python reads what is written', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'a.zip');
    const contents = { a: TEXT, 'ünï/../b': '', c: TEXT };
    for (const compressed of [false, true])
      for (const limit of [undefined, 10]) {
        await writeFile(path, await zipOf(contents, { compressed, limit }));
        t.deepEqual(JSON.parse(execFileSync('python3', ['-c', READ, path], { encoding: 'utf8' })), contents);
      }
    const many = Object.fromEntries(Array.from({ length: 66_000 }, (_, i) => [String(i), '']));
    await writeFile(path, await zipOf(many));
    t.is((await readZip('z', sourceOf(await readFile(path)), 'f')).size, 66_000);
    const count = 'import sys, zipfile; print(len(zipfile.ZipFile(sys.argv[1]).namelist()))';
    t.is(execFileSync('python3', ['-c', count, path], { encoding: 'utf8' }), '66000\n');
  });
});
