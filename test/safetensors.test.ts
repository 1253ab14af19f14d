import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { arange, nn, rand, tensor, zeros, type Tensor } from '../lib/index.js';
import { checkWritable, writeFileAtomic } from '../lib/io/atomic.js';
import { bytesOf, encode, KIND_NAMES } from '../lib/io/elements.js';
import {
  deserialize,
  loadFile,
  openFile,
  saveFile,
  serialize,
  type SafetensorsDType,
} from '../lib/io/safetensors.js';
import { inFolder } from './support/files.js';

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

/** A file of one tensor with these bytes. */
const oneOf = (dtype: string, count: number, data: Uint8Array): Uint8Array => {
  const bytes = fileOf({ x: { dtype, shape: [count], data_offsets: [0, data.length] } }, data.length);
  bytes.set(data, bytes.length - data.length);
  return bytes;
};

/** The file again, from what was read of it. */
const again = (bytes: Uint8Array): Uint8Array => {
  const { tensors, metadata, dtypes } = deserialize(bytes);
  return new Uint8Array(Buffer.concat(serialize(tensors, metadata, { dtypes })));
};

for (const [kind, length] of [
  ['F16', 2 * 2 ** 16],
  ['BF16', 2 * 2 ** 16],
  ['F8_E5M2', 256],
  ['F8_E4M3', 256],
  ['F8_E5M2FNUZ', 256],
  ['F8_E4M3FNUZ', 256],
  ['F8_E8M0', 256],
  ['F6_E2M3', 192],
  ['F6_E3M2', 192],
  ['F4', 256],
  ['I8', 256],
  ['I16', 2 * 2 ** 16],
  ['U16', 2 * 2 ** 16],
] as const)
  test(`every ${kind} there is comes back bit for bit`, (t) => {
    const data =
      length > 256
        ? new Uint8Array(Uint16Array.from({ length: length / 2 }, (_, i) => i).buffer)
        : Uint8Array.from({ length }, (_, i) => i);
    t.deepEqual(again(oneOf(kind, data.length / bytesOf(kind), data)).subarray(-data.length), data);
  });

test('small floats have the values that the standards give them', (t) => {
  const read = (dtype: string, width: number, ...codes: number[]): number[] => {
    const data = Buffer.alloc(codes.length * width);
    codes.forEach((code, i) => data.writeUIntLE(code, i * width, width));
    return [...deserialize(oneOf(dtype, codes.length, data)).tensors.x.toArray()];
  };
  t.deepEqual(read('F16', 2, 0x3c00, 0x7bff, 0x0001, 0xfc00, 0x8000, 0x7e00), [
    1,
    65504,
    2 ** -24,
    -Infinity,
    -0,
    NaN,
  ]);
  t.deepEqual(read('BF16', 2, 0x3f80, 0xc040, 0x0001), [1, -3, 2 ** -133]);
  t.deepEqual(read('F8_E4M3', 1, 0x38, 0x7e, 0x01, 0x7f), [1, 448, 2 ** -9, NaN]);
  t.deepEqual(read('F8_E5M2', 1, 0x3c, 0x7b, 0x01, 0x7c), [1, 57344, 2 ** -16, Infinity]);
  t.deepEqual(read('F8_E4M3FNUZ', 1, 0x40, 0x7f, 0x01, 0xff, 0x80), [1, 240, 2 ** -10, -240, NaN]);
  t.deepEqual(read('F8_E5M2FNUZ', 1, 0x40, 0x7f, 0x01, 0xff, 0x80), [1, 57344, 2 ** -17, -57344, NaN]);
  t.deepEqual(read('F8_E8M0', 1, 0x7f, 0xfe, 0, 0x80, 0xff), [1, 2 ** 127, 2 ** -127, 2, NaN]);
});

test('floats of less than a byte, the lowest bits first', (t) => {
  const read = (kind: 'F4' | 'F6_E2M3' | 'F6_E3M2', ...data: number[]): number[] => [
    ...deserialize(oneOf(kind, data.length / bytesOf(kind), Uint8Array.from(data))).tensors.x.toArray(),
  ];
  t.deepEqual(read('F4', 0x10, 0x32, 0x54, 0x76, 0xf8), [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0, -6]);
  // 0b001000, 0b011111, 0b100001, 0b111111, from the lowest bit on.
  const codes = 0b001000 | (0b011111 << 6) | (0b100001 << 12) | (0b111111 << 18);
  const bytes = [codes & 255, (codes >> 8) & 255, codes >>> 16];
  t.deepEqual(read('F6_E2M3', ...bytes), [1, 7.5, -0.125, -7.5]);
  t.deepEqual(read('F6_E3M2', ...bytes), [0.5, 28, -0.0625, -28]);
  t.throws(() => serialize({ x: zeros([3]) }, {}, { dtypes: { x: 'F4' } }), {
    instanceOf: RangeError,
    message: '[safetensors] x: 3 numbers of F4 do not fill whole bytes',
  });
  t.throws(() => deserialize(oneOf('F6_E2M3', 3, new Uint8Array(2)), 'f'), {
    message: /x: expected 2\.25 bytes/,
  });
  t.throws(() => deserialize(oneOf('C64', 1, new Uint8Array(8)), 'f'), {
    message: '[safetensors] f: x: C64: complex numbers are not here',
  });
});

test('floats are rounded to the nearest, ties to even, and never to an infinity', (t) => {
  const write = (value: number, dtype: SafetensorsDType, from: 'float32' | 'float64') => {
    const bytes = serialize({ x: tensor([value], { dtype: from }) }, {}, { dtypes: { x: dtype } });
    return deserialize(Buffer.concat(bytes)).tensors.x.item();
  };
  t.is(write(1 + 2 ** -11, 'F16', 'float32'), 1);
  t.is(write(1 + 3 * 2 ** -11, 'F16', 'float32'), 1 + 2 ** -9);
  t.is(write(1 + 2 ** -11 + 2 ** -40, 'F16', 'float64'), 1 + 2 ** -10, 'rounded once');
  t.is(write(65519, 'F16', 'float32'), 65504);
  t.is(write(2 ** -25, 'F16', 'float32'), 0);
  t.is(write(-0, 'BF16', 'float64'), -0);
  t.is(write(460, 'F8_E4M3', 'float32'), 448);
  t.is(write(-1e-9, 'F8_E4M3FNUZ', 'float32'), 0, 'there is no negative zero');
  t.is(write(1.49, 'F8_E8M0', 'float32'), 1);
  t.is(write(1.5, 'F8_E8M0', 'float64'), 2, 'as PyTorch rounds');
  for (const [value, dtype] of [
    [65520, 'F16'],
    [3.4e38, 'BF16'],
    [500, 'F8_E4M3'],
    [Infinity, 'F8_E4M3'],
    [1e300, 'F32'],
    [0, 'F8_E8M0'],
    [-1, 'F8_E8M0'],
    [2e38 * 1.3, 'F8_E8M0'],
    [300, 'F8_E4M3FNUZ'],
    [Infinity, 'F8_E5M2FNUZ'],
  ] as const)
    t.throws(() => write(value, dtype, 'float64'), {
      instanceOf: RangeError,
      message: `[safetensors] x: ${value} does not fit into ${dtype}`,
    });
});

test('wide integers are read as far as they fit, and others are errors', (t) => {
  const wide = new Uint8Array(BigInt64Array.from([-(2n ** 31n), 2n ** 31n - 1n]).buffer);
  const read = deserialize(oneOf('I64', 2, wide));
  t.is(read.tensors.x.dtype, 'int32');
  t.deepEqual(read.tensors.x.tolist(), [-(2 ** 31), 2 ** 31 - 1]);
  t.deepEqual(again(oneOf('I64', 2, wide)).subarray(-16), wide);
  for (const [kind, data] of [
    ['I64', BigInt64Array.of(2n ** 31n)],
    ['U64', BigUint64Array.of(2n ** 64n - 1n)],
    ['U32', Uint32Array.of(2 ** 31)],
  ] as const)
    t.throws(() => deserialize(oneOf(kind, 1, new Uint8Array(data.buffer)), 'f'), {
      instanceOf: RangeError,
      message: new RegExp(`f: x: ${data[0]} does not fit into int32, which ${kind} becomes`),
    });
  t.throws(() => serialize({ x: tensor([-1], { dtype: 'int32' }) }, {}, { dtypes: { x: 'U64' } }), {
    message: '[safetensors] x: -1 does not fit into U64',
  });
  t.throws(() => serialize({ x: tensor([1.5]) }, {}, { dtypes: { x: 'I8' } }), { instanceOf: TypeError });
  t.throws(() => serialize({}, {}, { dtypes: { x: 'I8' } }), { message: /there is no tensor "x"/ });
  t.throws(() => deserialize(oneOf('BOOL', 1, Uint8Array.of(7)), 'f'), {
    message: /0 and 1 for BOOL, got 7/,
  });
});

test("a file of Python's safetensors comes back bit for bit", async (t) => {
  const path = new URL('fixtures/torch.safetensors', import.meta.url).pathname;
  const { tensors, metadata, dtypes } = await loadFile(path);
  t.deepEqual(metadata, { format: 'pt' });
  t.is(tensors.f32.toArray()[2], 2 ** -149);
  t.deepEqual(tensors.i64.tolist(), [-(2 ** 31), 2 ** 31 - 1]);
  t.deepEqual(tensors.empty.shape, [0, 3]);
  await inFolder(async (folder) => {
    const copy = join(folder, 'copy.safetensors');
    await saveFile(tensors, copy, metadata, { dtypes });
    const [a, b] = [await readFile(path), await readFile(copy)];
    const [theirs, ours] = [a, b].map((bytes) => {
      const length = Number(bytes.readBigUInt64LE());
      const header = JSON.parse(bytes.subarray(8, 8 + length).toString()) as Record<
        string,
        { data_offsets?: [number, number] }
      >;
      return Object.entries(header)
        .map(([name, { data_offsets: at = [0, 0], ...rest }]) => ({
          name,
          ...rest,
          bytes: bytes.subarray(8 + length + at[0], 8 + length + at[1]).toString('hex'),
        }))
        .toSorted((x, y) => (x.name < y.name ? -1 : 1));
    });
    t.deepEqual(ours, theirs);
  });
});

const python = [process.env.MGP_SAFETENSORS_PYTHON, 'python3', '/usr/bin/python3'].find(
  (path) =>
    path !== undefined && spawnSync(path, ['-c', 'import safetensors'], { stdio: 'ignore' }).status === 0,
);
const READ = `
import json, sys, safetensors
with open(sys.argv[1], "rb") as file:
    tensors = safetensors.deserialize(file.read())
print(json.dumps([[name, x["dtype"], x["shape"], bytes(x["data"]).hex()] for name, x in tensors]))
`;

// Files that Python wrote are in test/fixtures for where it is not.
(python === undefined ? test.skip : test)(
  "Python's safetensors reads every dtype that is written",
  async (t) => {
    const x = tensor([1, 2, 4, 0.5, 1, 2, 4, 0.5]);
    const whole = tensor([0, 1, 2, 3, 4, 5, 6, 127], { dtype: 'int32' });
    const tensors: Record<string, Tensor> = {};
    const dtypes: Record<string, SafetensorsDType> = {};
    for (const kind of KIND_NAMES) {
      tensors[kind] = kind === 'BOOL' ? whole.gt(3) : /^[IU]/.test(kind) ? whole : x;
      dtypes[kind] = kind;
    }
    await inFolder(async (folder) => {
      const path = join(folder, 'all.safetensors');
      await saveFile(tensors, path, { note: 'seven' }, { dtypes });
      const read = JSON.parse(execFileSync(python ?? '', ['-c', READ, path], { encoding: 'utf8' })) as [
        name: SafetensorsDType,
        dtype: string,
        shape: number[],
        data: string,
      ][];
      t.deepEqual(read.map(([name]) => name).sort(), [...KIND_NAMES].sort());
      for (const [name, dtype, shape, data] of read) {
        t.deepEqual([dtype, shape], [name, [8]]);
        t.is(
          data,
          Buffer.from(encode('t', name, tensors[name].toArray(), tensors[name].dtype, name)).toString('hex'),
        );
      }
    });
  },
);

test('single tensors are read from an open file', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'two.safetensors');
    await saveFile({ a: arange(3), b: rand([2500, 1000]) }, path, {}, { dtypes: { b: 'F16' } });
    const file = await openFile(path);
    t.deepEqual([...file.entries.keys()].toSorted(), ['a', 'b']);
    t.deepEqual((await file.tensor('a')).tolist(), [0, 1, 2]);
    t.deepEqual((await file.tensor('b')).toArray(), (await loadFile(path)).tensors.b.toArray());
    await t.throwsAsync(file.tensor('c'), { message: `[safetensors] ${path}: there is no "c"` });
    await file.close();
    await truncate(path, 100);
    await t.throwsAsync(loadFile(path), { instanceOf: RangeError });
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
  [
    'lists in lists',
    fileOf('['.repeat(2 ** 20), 0),
    /the header: expected entries in one object, got lists in lists/,
  ],
  [
    'more objects than text',
    fileOf(`{${Array.from({ length: 9999 }, (_, i) => `"${i}":{}`).join()}}`, 0),
    /got lists in lists, or too many/,
  ],
  ['brackets in names', fileOf({ '[[[["[[[[': 3 }, 0), /expected an object, got 3/],
  [
    'a name twice',
    fileOf(`{"x":${JSON.stringify(entry)},"\\u0078":${JSON.stringify(entry)}}`, 8),
    /has "x" twice/,
  ],
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
    'too large a size beside a 0',
    fileOf({ x: { ...entry, shape: [2 ** 50, 2 ** 50, 0], data_offsets: [0, 0] } }, 0),
    /x: shape: .* is too large/,
  ],
  [
    'notes that are no texts',
    fileOf({ __metadata__: { a: 1 } }, 0),
    /__metadata__: expected an object of strings/,
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
