import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { arange, nn, rand, tensor, zeros } from '../lib/index.js';
import { checkWritable, writeFileAtomic } from '../lib/io/atomic.js';
import { deserialize, loadFile, saveFile, serialize } from '../lib/io/safetensors.js';

const inFolder = async (use: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'mgp-'));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
};

/** A file with this header and as many bytes of data. */
const fileOf = (header: unknown, bytes: number): Uint8Array => {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(bytes)]);
};

test('a file is what the format says, byte for byte', (t) => {
  const parts = serialize({ b: tensor([true, false]), a: tensor([[1, 2]]) }, { format: 'pt' });
  const bytes = Buffer.concat(parts);
  const json =
    '{"__metadata__":{"format":"pt"},' +
    '"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},' +
    '"b":{"dtype":"BOOL","shape":[2],"data_offsets":[8,10]}}';
  const length = Math.ceil(json.length / 8) * 8;
  t.is(bytes.readBigUInt64LE(), BigInt(length));
  t.is(bytes.subarray(8, 8 + length).toString(), json.padEnd(length));
  t.deepEqual([...bytes.subarray(8 + length)], [0, 0, 128, 63, 0, 0, 0, 64, 1, 0]);
});

test('all dtypes and shapes come back as they were', async (t) => {
  await inFolder(async (folder) => {
    const tensors = {
      float32: rand([2, 3]),
      float64: rand([3], { dtype: 'float64' }),
      int32: tensor([-1, 2 ** 31 - 1], { dtype: 'int32' }),
      uint8: arange(5, { dtype: 'uint8' }),
      bool: tensor([[true], [false]]),
      transposed: arange(6).reshape(2, 3).T,
      scalar: tensor(3.5),
      empty: zeros([0, 4]),
      'ünï "quoted"': tensor([1]),
    };
    const path = join(folder, 'all.safetensors');
    await saveFile(tensors, path, { note: 'seven' });
    const read = await loadFile(path);
    t.deepEqual(read.metadata, { note: 'seven' });
    t.deepEqual(Object.keys(read.tensors).toSorted(), Object.keys(tensors).toSorted());
    for (const [name, x] of Object.entries(tensors)) {
      const y = read.tensors[name];
      t.is(y.dtype, x.dtype, name);
      t.deepEqual(y.shape, x.shape, name);
      t.deepEqual(y.toArray(), x.toArray(), name);
    }
    t.deepEqual(await readdir(folder), ['all.safetensors'], 'no temporary file is left');
  });
});

test('a state dict goes through a file into another model', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'linear.safetensors');
    const [a, b] = [new nn.Linear(3, 2), new nn.Linear(3, 2)];
    await saveFile(a.stateDict(), path);
    b.loadStateDict((await loadFile(path)).tensors);
    t.deepEqual(b.weight.toArray(), a.weight.toArray());
    t.deepEqual(b.bias?.toArray(), a.bias?.toArray());
  });
});

const entry = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };

const damaged: [string, Uint8Array, RegExp][] = [
  ['nothing', new Uint8Array(0), /expected at least 8 bytes, got 0/],
  [
    'a length without a header',
    fileOf('', 0).fill(255),
    /expected a header within 8 bytes, got one of 18446744073709552000/,
  ],
  [
    'a header cut short',
    fileOf({ x: entry }, 8).subarray(0, 20),
    /expected a header within 20 bytes, got one of 54/,
  ],
  ['no JSON', fileOf('{oops', 0), /the header is not JSON/],
  ['no object', fileOf([1], 0), /the header: expected an object, got an array of 1/],
  ['a tensor that is none', fileOf({ x: 3 }, 0), /f: x: expected an object, got 3/],
  [
    'another dtype',
    fileOf({ x: { ...entry, dtype: 'F8' } }, 8),
    /x: dtype: expected one of BOOL, U8, .* got "F8"/,
  ],
  [
    'a negative size',
    fileOf({ x: { ...entry, shape: [-2] } }, 8),
    /x: shape: expected .* whole numbers, got \[-2\]/,
  ],
  ['no shape', fileOf({ x: { dtype: 'F32' } }, 8), /x: shape: .* got undefined/],
  ['three offsets', fileOf({ x: { ...entry, data_offsets: [0, 4, 8] } }, 8), /data_offsets: expected two/],
  ['data cut short', fileOf({ x: entry }, 7), /x: expected 8 bytes from byte 0 of 7, for float32 \(2,\)/],
  ['more data', fileOf({ x: entry }, 9), /expected 8 bytes of data, got 9/],
  ['a gap', fileOf({ x: { ...entry, data_offsets: [4, 12] } }, 12), /got data_offsets \[4, 12\]/],
  ['two in one place', fileOf({ x: entry, y: entry }, 8), /y: expected 8 bytes from byte 8 of 8/],
  ['a wrong size', fileOf({ x: { ...entry, shape: [3] } }, 8), /x: expected 12 bytes/],
  [
    'too large a size',
    fileOf({ x: { ...entry, shape: [2 ** 50, 2 ** 50] } }, 8),
    /x: expected [\d.e+]+ bytes/,
  ],
  [
    'notes that are no texts',
    fileOf({ __metadata__: { a: 1 } }, 0),
    /__metadata__: expected an object of texts/,
  ],
];

for (const [title, bytes, message] of damaged)
  test(`damaged: ${title}`, (t) => {
    const error = t.throws(() => deserialize(bytes, 'f'));
    t.regex(error?.message ?? '', message);
    t.true(error?.message.startsWith('[safetensors] f: '));
  });

test('a file is replaced as a whole, through links, or not at all', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'file');
    const link = join(folder, 'link');
    await writeFile(path, 'old');
    await symlink(path, link);
    await checkWritable(link);
    t.is(await readFile(path, 'utf8'), 'old', 'a check changes nothing');
    await writeFileAtomic(link, ['new ', Buffer.from('content')]);
    t.is(await readFile(path, 'utf8'), 'new content');
    await mkdir(join(folder, 'folder'));
    for (const wrong of [join(folder, 'folder'), join(folder, 'missing', 'file'), join(path, 'file')]) {
      await t.throwsAsync(checkWritable(wrong));
      await t.throwsAsync(writeFileAtomic(wrong, ['x']));
    }
    await writeFileAtomic('/dev/null', ['gone']);
    t.deepEqual((await readdir(folder)).toSorted(), ['file', 'folder', 'link']);
  });
});
