import { execFileSync, spawnSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { arange, io, nn, rand, tensor, zeros, type Tensor } from '../lib/index.js';
import { fixture, inFolder, unzip, zipOf } from './support/files.js';

/** An .npy file of a header and data, as given. */
const npyOf = (header: string, data: string | Uint8Array = '', version = 1): Uint8Array => {
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  length.writeUIntLE(Buffer.byteLength(header), 0, length.length);
  const start = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]);
  return Buffer.concat([start, length, Buffer.from(header), Buffer.from(data)]);
};

const headerOf = (descr: string, shape: string, order = 'False'): string =>
  `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }\n`;

const bytesOf = (parts: Uint8Array[]): Uint8Array => Buffer.concat(parts);

const same = (t: ExecutionContext, a: Tensor, b: Tensor, name = '') => {
  t.is(a.dtype, b.dtype, name);
  t.deepEqual(a.shape, b.shape, name);
  t.true(Buffer.from(a.toArray().buffer).equals(Buffer.from(b.toArray().buffer)), name);
};

for (const archive of ['plain.npz', 'compressed.npz'])
  test(`every array that NumPy wrote comes back byte for byte: ${archive}`, async (t) => {
    const path = fixture(`npy/${archive}`);
    const files = await unzip(await readFile(path));
    const read = await io.npz.load(path);
    const file = await io.npz.openFile(path);
    t.deepEqual(
      Object.keys(files),
      Object.keys(read).map((name) => `${name}.npy`),
    );
    for (const [name, x] of Object.entries(read)) {
      const { dtype, shape } = file.entries.get(name) ?? {};
      t.deepEqual(x.shape, shape, name);
      const theirs = files[`${name}.npy`];
      t.deepEqual(Buffer.concat(io.npy.serialize(x, { dtype })), theirs, name);
      same(t, io.npy.deserialize(theirs), x, name);
      same(t, await file.tensor(name), x, name);
    }
    await file.close();
    const dtypes = Object.fromEntries([...file.entries].map(([name, { dtype }]) => [name, dtype]));
    const again: Uint8Array[] = [];
    for await (const part of io.npz.serialize(read, { dtypes, compressed: true })) again.push(part);
    t.deepEqual(await unzip(Buffer.concat(again)), files);
  });

test('values and dtypes are what NumPy has', async (t) => {
  const x = await io.npz.load(fixture('npy/plain.npz'));
  t.deepEqual(x.bool.tolist(), [[true], [false], [true]]);
  t.deepEqual(x.int8.tolist(), [-128, 0, 127]);
  t.deepEqual(x.int64.tolist(), [
    [-(2 ** 31), -1],
    [0, 2 ** 31 - 1],
  ]);
  t.deepEqual(x.uint16.tolist(), [0, 65535]);
  t.deepEqual(
    ['bool', 'int8', 'int64', 'uint8', 'uint32', 'float16', 'float32', 'float64'].map((k) => x[k].dtype),
    ['bool', 'int32', 'int32', 'uint8', 'int32', 'float32', 'float32', 'float64'],
  );
  t.deepEqual(
    [...x.float16.toArray().subarray(0, 10)],
    [0, -0, 2 ** -24, -(2 ** -24), 1023 * 2 ** -24, 2 ** -14, 1, 65504, Infinity, -Infinity],
  );
  t.deepEqual(
    [...x.float64.toArray()],
    [0, -0, 5e-324, 0.1, Number.MAX_VALUE, Infinity, -Infinity, NaN, NaN],
  );
  t.is(x.scalar.item(), 7.5);
  t.deepEqual(x['ünï/../code'].shape, [2, 3, 4]);
  const list = await io.npz.load(fixture('npy/list.npz'));
  t.deepEqual([list.arr_0.tolist(), list.arr_1.item()], [[0, 1, 2], 1]);
});

test('either order of bytes and of elements', async (t) => {
  const read = await io.npz.load(fixture('npy/orders.npz'));
  t.is(Object.keys(read).length, 40);
  for (const [name, x] of Object.entries(read)) {
    t.deepEqual(x.shape, [2, 3, 4], name);
    t.deepEqual(
      [...x.toArray()],
      Array.from({ length: 24 }, (_, i) => i),
      name,
    );
    t.is(x.isContiguous, name.startsWith('C'), name);
    same(t, x.add(0), x, name);
  }
});

test('versions 1.0, 2.0 and 3.0', async (t) => {
  for (const archive of ['versions.npz', 'descriptors.npz', 'zip64.npz'])
    for (const x of Object.values(await io.npz.load(fixture(`npy/${archive}`))))
      same(t, x, arange(6, { dtype: 'int32' }).reshape(2, 3));
  t.deepEqual(io.npy.deserialize(npyOf(headerOf("u'<f4'", '(0L, 2L)'), '', 2)).shape, [0, 2], 'of Python 2');
});

test('what is no array of numbers is refused by name', async (t) => {
  const files = await unzip(await readFile(fixture('npy/refused.npz')));
  const messages: Record<string, RegExp> = {
    objects: /dtype '\|O': Python objects, which are pickles, are not read/,
    structure: /dtype \[\('a', '<f4'\), \('bé', '<i4', \(2,\)\)\]: structures are not here/,
    texts: /dtype '<U3': texts are not here/,
    bytes: /dtype '\|S3': texts are not here/,
    complex: /dtype '<c8': complex numbers are not here/,
    dates: /dtype '<M8\[ns\]': dates are not here/,
    spans: /dtype '<m8\[D\]': spans of time are not here/,
    void: /dtype '\|V2': structures and plain bytes are not here/,
    'long double': /dtype '<f16': expected one of bool, int8, int16/,
    large: /2147483648 does not fit into int32, which int64 becomes/,
  };
  t.deepEqual(Object.keys(files).sort(), Object.keys(messages).map((name) => `${name}.npy`).sort()); // prettier-ignore
  for (const [name, message] of Object.entries(messages)) {
    const error = t.throws(() => io.npy.deserialize(files[`${name}.npy`], 'f'), { message });
    t.true(error?.message.startsWith('[npy] f: '));
    const archive = await zipOf({ [`${name}.npy`]: files[`${name}.npy`] });
    const inArchive = await t.throwsAsync(io.npz.deserialize(archive, 'f'), { message });
    t.true(inArchive?.message.startsWith(`[npz] f: ${name}: `), inArchive?.message);
  }
});

const F4 = "'<f4'";
const wrong: [string, Uint8Array, RegExp][] = [
  ['nothing', new Uint8Array(0), /not an \.npy file, or cut short/],
  ['another file', Buffer.from('PK\x03\x04 and so on'), /not an \.npy file/],
  ['a version to come', npyOf(headerOf(F4, '()'), 'abcd', 4), /expected version 1\.0, 2\.0 or 3\.0 .* got 4\.0/],
  ['nothing after the version', npyOf('').subarray(0, 8), /the header: expected a value at 0, got the end/],
  ['a length without a header', npyOf('', '', 2).fill(255, 8), /expected a header within 0 bytes, got one of 4294967295/],
  ['a header cut short', npyOf(headerOf(F4, '(2,)')).subarray(0, 40), /expected a header within 30 bytes, got one of \d+/],
  ['a header too long', npyOf(headerOf(F4, '()') + ' '.repeat(2 ** 20), 'abcd', 2), /within 1048576 bytes, got one of/],
  ['a header that is none', npyOf('hello'), /the header: expected a value at 0, got "hello"/],
  ['a list', npyOf('[1, 2]'), /the header: expected a dict/],
  ['a call', npyOf(headerOf("__import__('os')", '()')), /expected a value at 10, got "__import__/],
  ['an expression', npyOf(headerOf(F4, '(2*3,)'), ''), /expected ',' or '\)' at|expected a value at/],
  ['something after it', npyOf(`${headerOf(F4, '()')}1`), /expected the end at \d+, got "1"/],
  ['a key too few', npyOf("{'descr': '<f4', 'shape': ()}"), /expected descr, fortran_order and shape, got descr, shape/],
  ['a key too many', npyOf("{'descr': '<f4', 'fortran_order': False, 'shape': (), 'x': 1}"), /got descr, fortran_order, shape, x/],
  ['a key twice', npyOf("{'descr': '<f4', 'shape': (), 'descr': '<f8'}"), /expected every key once/],
  ['an order that is none', npyOf(headerOf(F4, '()', '1')), /fortran_order: expected True or False, got 1/],
  ['a shape that is a list', npyOf(headerOf(F4, '[2]')), /shape: expected a tuple of at most 32 sizes, got \[2\]/],
  ['a shape that is a number', npyOf(headerOf(F4, '(2)')), /shape: expected a tuple .* got 2/],
  ['a negative size', npyOf(headerOf(F4, '(-1,)')), /shape: expected a tuple .* got \(-1,\)/],
  ['a size with a point', npyOf(headerOf(F4, '(2.0,)')), /expected a value at|expected ','/],
  ['a size that is True', npyOf(headerOf(F4, '(True,)')), /shape: expected a tuple .* got \(True,\)/],
  ['a huge size', npyOf(headerOf(F4, '(99999999999999999999,)')), /shape: expected a tuple .* got \(1\d+,\)/],
  ['sizes that overflow', npyOf(headerOf(F4, '(4294967296, 4294967296, 4294967296)')), /expected [\d.e+]+ bytes of data, .* got 0/],
  ['sizes beyond all numbers', npyOf(headerOf(F4, `(${'9007199254740991, '.repeat(31)}0)`)), /shape: \(9007199254740991, .* is too large/],
  ['more dimensions than there are', npyOf(headerOf(F4, `(${'1, '.repeat(33)})`), 'abcd'), /at most 32 sizes, got \(1, 1/],
  ['a terabyte that is not there', npyOf(headerOf(F4, '(274877906944,)'), 'abcd'), /expected 1099511627776 bytes of data, for float32 \(274877906944,\), got 4/],
  ['data cut short', npyOf(headerOf(F4, '(2,)'), '1234567'), /expected 8 bytes of data, for float32 \(2,\), got 7/],
  ['more data', npyOf(headerOf(F4, '(2,)'), '123456789'), /expected 8 bytes of data, .* got 9/],
  ['a dtype that is a number', npyOf(headerOf('4', '()')), /dtype 4: expected one of bool, int8/],
  ['a dtype that is none', npyOf(headerOf("'<f3'", '()'), 'abc'), /dtype '<f3': expected one of bool/],
  ['a dtype of some length', npyOf(headerOf(`'${'x'.repeat(9999)}'`, '()')), /dtype 'x{199}…: expected one of/],
  ['a bool of 2', npyOf(headerOf("'|b1'", '(1,)'), '\x02'), /expected bytes of 0 and 1 for bool, got 2/],
  ['depth', npyOf('('.repeat(60_000)), /the header: expected less depth at 17/],
  ['dicts in dicts', npyOf('{1:'.repeat(1000)), /expected less depth/],
  ['a text without an end', npyOf(`{'descr': '${'\\x41'.repeat(10_000)}`), /expected a value at 10/],
  ['an escape of no character', npyOf("{'\\U00110000': 1}"), /an escape, not \\U00110000/],
  ['text that is not UTF-8', npyOf(headerOf(F4, '()'), 'abcd', 3).fill(0xff, 14, 16), /the header: .*(encoded|invalid)/i],
]; // prettier-ignore

for (const [title, bytes, message] of wrong)
  test(`wrong: ${title}`, async (t) => {
    const error = t.throws(() => io.npy.deserialize(bytes, 'f'), { message });
    t.true(error instanceof TypeError || error instanceof RangeError);
    t.true(error?.message.startsWith('[npy] f: '), error?.message);
    await inFolder(async (folder) => {
      const path = join(folder, 'x.npy');
      await writeFile(path, bytes);
      const inFile = await t.throwsAsync(io.npy.load(path), { message });
      t.is(inFile?.message, error?.message.replace('f: ', `${path}: `));
    });
    await t.throwsAsync(io.npz.deserialize(await zipOf({ x: bytes }), 'f'), { message });
  });

test('a header may be written in other ways', (t) => {
  const data = new Uint8Array(Float32Array.of(1, 2).buffer);
  for (const header of [
    '{"shape":(2,),"fortran_order":False,"descr":"<f4"}',
    " {\n'descr' : 'f4' ,'fortran_order':True,\t'shape':( 2 , ) } \n",
    "{'descr': '=f4', 'fortran_order': False, 'shape': (+2,)}",
    "{'d\\x65scr': '\\u003cf\\U00000034', 'fortran_order': False, 'shape': ((2),)}",
  ])
    t.deepEqual(io.npy.deserialize(npyOf(header, data)).tolist(), [1, 2], header);
  t.is(io.npy.deserialize(npyOf(headerOf("'?'", '()'), '\x01')).item(), 1);
});

test('what tensors have comes back as it was, and others read it as it is', async (t) => {
  await inFolder(async (folder) => {
    for (const [name, x] of Object.entries({
      float32: rand([2, 3]),
      float64: rand([3], { dtype: 'float64' }),
      int32: tensor([-1, 2 ** 31 - 1], { dtype: 'int32' }),
      uint8: arange(5, { dtype: 'uint8' }),
      bool: tensor([[true], [false]]),
      transposed: arange(6).reshape(2, 3).T,
      scalar: tensor(3.5),
      empty: zeros([0, 4]),
      large: rand([1100, 1000]),
    })) {
      const path = join(folder, `${name}.npy`);
      await io.npy.save(path, x);
      const bytes = await readFile(path);
      t.is(bytes.indexOf('\n') % 64, 63, 'data is aligned');
      same(t, await io.npy.load(path), x, name);
    }
    t.is((await readdir(folder)).length, 9, 'no temporary file is left');
  });
});

test('an archive by names, or of a list', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'a.npz');
    const [a, b] = [new nn.Linear(3, 2), new nn.Linear(3, 2)];
    for (const compressed of [false, true]) {
      await io.npz.save(path, a.stateDict(), { compressed });
      b.loadStateDict(await io.npz.load(path));
      same(t, b.weight, a.weight);
    }
    await io.npz.save(path, [tensor([1, 2], { dtype: 'int32' }), zeros([1000, 1000])], {
      compressed: true,
      dtypes: { arr_0: 'uint64' },
    });
    const file = await io.npz.openFile(path);
    t.deepEqual([...file.entries], [
      ['arr_0', { dtype: 'uint64', shape: [2] }],
      ['arr_1', { dtype: 'float32', shape: [1000, 1000] }],
    ]); // prettier-ignore
    t.is((await file.tensor('arr_0')).dtype, 'int32');
    await t.throwsAsync(file.tensor('arr_2'), { message: `[npz] ${path}: there is no "arr_2"` });
    await file.close();
    await t.throwsAsync(io.npz.load(path, { maxBytes: 4_000_000 }), {
      instanceOf: RangeError,
      message: /unpack to more than 4000000 bytes, the limit/,
    });
    await io.npz.save(path, {});
    t.deepEqual(await io.npz.load(path), {});
    t.deepEqual(await readdir(folder), ['a.npz'], 'no temporary file is left');
  });
});

test('values are those of the time of the call', async (t) => {
  await inFolder(async (folder) => {
    const x = zeros([3]);
    const saved = [io.npy.save(join(folder, 'x'), x), io.npz.save(join(folder, 'z'), { x })];
    x.fill_(7);
    await Promise.all(saved);
    t.deepEqual((await io.npy.load(join(folder, 'x'))).tolist(), [0, 0, 0]);
    t.deepEqual((await io.npz.load(join(folder, 'z'))).x.tolist(), [0, 0, 0]);
  });
});

test('names of an archive are keys and nothing else', async (t) => {
  const x = bytesOf(io.npy.serialize(tensor([1])));
  const read = await io.npz.deserialize(
    await zipOf({ '../../a.npy': x, '/b': x, '__proto__.npy': x, '.npy': x }),
  );
  t.deepEqual(Object.keys(read), ['../../a', '/b', '__proto__', '']);
  t.true(Object.hasOwn(read, '__proto__'));
  await t.throwsAsync(io.npz.deserialize(await zipOf({ a: x, 'a.npy': x }), 'f'), {
    message: /^\[npz\] f: a is there twice/,
  });
  await t.throwsAsync(io.npz.deserialize(await zipOf({ 'a.npy': x, 'README.md': 'text' }), 'f'), {
    message: '[npz] f: README.md: not an .npy file, or cut short',
  });
});

test('rows of a file that is not read as a whole', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'x.npy');
    const x = arange(24, { dtype: 'int32' }).reshape(4, 3, 2);
    await io.npy.save(path, x, { dtype: 'int16' });
    const file = await io.npy.openFile(path);
    t.deepEqual([file.dtype, file.shape, file.fortranOrder], ['int16', [4, 3, 2], false]);
    same(t, await file.rows(1, 3), x.slice(0, 1, 3));
    same(t, await file.rows(4, 4), zeros([0, 3, 2], { dtype: 'int32' }));
    same(t, await file.tensor(), x);
    for (const [start, end] of [
      [-1, 2],
      [2, 1],
      [0, 5],
      [0.5, 2],
      [NaN, 2],
    ])
      // prettier-ignore
      await t.throwsAsync(file.rows(start, end), { instanceOf: RangeError, message: /expected rows within 0 and 4/ });
    await file.close();
    await writeFile(path, npyOf(headerOf("'|u1'", '(2, 2)', 'True'), '\0\x01\x02\x03'));
    const columns = await io.npy.openFile(path);
    t.deepEqual((await columns.tensor()).tolist(), [[0, 2], [1, 3]]); // prettier-ignore
    await t.throwsAsync(columns.rows(0, 1), {
      instanceOf: TypeError,
      message: /rows of an array in Fortran's order/,
    });
    await columns.close();
  });
});

test('calls that are wrong', async (t) => {
  const x = tensor([1.5]);
  t.throws(() => io.npy.serialize([1] as never), { instanceOf: TypeError, message: '[npy] x: expected a tensor, got an array of 1' });
  t.throws(() => io.npy.serialize(x, { dtype: 'F16' as never }), { message: /\[npy\] dtype: expected one of bool, .* got "F16"/ });
  t.throws(() => io.npy.serialize(x, { kind: 1 } as never), { message: /unknown option 'kind'/ });
  t.throws(() => io.npy.serialize(x, { dtype: 'int8' }), { instanceOf: TypeError, message: /x: expected whole numbers for int8, got float32/ });
  t.throws(() => io.npy.serialize(tensor([1e6]), { dtype: 'float16' }), { message: '[npy] x: 1000000 does not fit into float16' });
  t.throws(() => io.npz.serialize({ a: 1 as never }), { message: '[npz] a: expected a tensor, got 1' });
  t.throws(() => io.npz.serialize([x, null as never]), { message: '[npz] arr_1: expected a tensor, got null' });
  t.throws(() => io.npz.serialize(x as never), { message: /tensors: expected an object or a list of tensors, got a Tensor/ });
  t.throws(() => io.npz.serialize({ x }, { compressed: 1 as never }), { message: /compressed: expected true or false/ });
  t.throws(() => io.npz.serialize({ x }, { dtypes: { y: 'int8' } }), { message: '[npz] dtypes: there is no tensor "y"' });
  t.throws(() => io.npz.serialize({ x }, { dtypes: { x: 'int128' as never } }), { message: /dtypes: x: expected one of/ });
  await t.throwsAsync(io.npz.deserialize(new Uint8Array(0), 'f', { maxBytes: '1' as never }), { message: /maxBytes: expected a number/ });
  await t.throwsAsync(io.npy.load('/no/such.npy'), { code: 'ENOENT' });
  await t.throwsAsync(io.npy.save('/no/such.npy', x), { code: 'ENOENT' });
}); // prettier-ignore

const python = [process.env.MGP_NUMPY_PYTHON, 'python3', '/usr/bin/python3'].find(
  (path) => path !== undefined && spawnSync(path, ['-c', 'import numpy'], { stdio: 'ignore' }).status === 0,
);
const AGAIN = `
import sys, numpy as np
with np.load(sys.argv[1]) as file:
    arrays = {name: file[name] for name in file}
np.savez(sys.argv[2], **arrays)
np.savez_compressed(sys.argv[3], **arrays)
for name in ["float64", "empty", "scalar"]:
    np.save(f"{sys.argv[4]}/{name}.npy", arrays[name])
`;

// Files that NumPy wrote are in test/fixtures for where it is not.
(python === undefined ? test.skip : test)(
  'there and back through the NumPy of this machine, bit for bit',
  async (t) => {
    await inFolder(async (folder) => {
      const path = (name: string): string => join(folder, name);
      const file = await io.npz.openFile(fixture('npy/plain.npz'));
      const dtypes = Object.fromEntries([...file.entries].map(([name, { dtype }]) => [name, dtype]));
      await file.close();
      const tensors = await io.npz.load(fixture('npy/plain.npz'));
      for (const compressed of [false, true]) {
        await io.npz.save(path('ours.npz'), tensors, { dtypes, compressed });
        execFileSync(python ?? '', ['-c', AGAIN, path('ours.npz'), path('a.npz'), path('b.npz'), folder]);
        const ours = await unzip(await readFile(path('ours.npz')));
        t.deepEqual(await unzip(await readFile(path('a.npz'))), ours);
        t.deepEqual(await unzip(await readFile(path('b.npz'))), ours);
        for (const name of ['float64', 'empty', 'scalar']) {
          t.deepEqual(await readFile(path(`${name}.npy`)), ours[`${name}.npy`]);
          same(t, await io.npy.load(path(`${name}.npy`)), tensors[name], name);
        }
      }
    });
  },
);
