import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { io, nn, optim, tensor, type Tensor } from '../lib/index.js';
import { Global, unpickle } from '../lib/io/pickle.js';
import { fixture, inFolder, zipOf } from './support/files.js';

/** In both of its formats. */
for (const file of ['dtypes.pt', 'dtypes-legacy.pt'])
  test(`every dtype of a file of torch.save, also strided and empty: ${file}`, async (t) => {
    const state = await io.torch.loadStateDict(fixture(file));
    const twelve = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
    t.deepEqual([...state.f32.toArray()], twelve);
    t.deepEqual(state.transposed.shape, [4, 3]);
    t.deepEqual([...state.transposed.toArray()], [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]);
    t.deepEqual(state.part.tolist(), [2, 5, 8]);
    t.is(state.part.storage, state.f32.storage, 'what shared memory shares it');
    t.deepEqual(state.f64.tolist(), [0.1, -2.5]);
    t.deepEqual(state.f16.tolist(), [0.0999755859375, 65504, Infinity]);
    t.deepEqual(state.bf16.tolist(), [0.10009765625, -3.00405527047391e38].map(Math.fround));
    t.deepEqual(
      [state.i64.item(), state.i32.item(), state.i16.item(), state.i8.item()],
      [7, -(2 ** 31), -5, -5],
    );
    t.deepEqual([state.u8.dtype, state.bool.dtype, state.i64.dtype], ['uint8', 'bool', 'int32']);
    t.deepEqual(state.bool.tolist(), [true, false]);
    t.deepEqual(state.empty.shape, [0, 3]);
    t.is(state.parameter.item(), 1.5);
  });

test('dtypes of PyTorch 2, and tensors with attributes', async (t) => {
  for (const file of ['narrow.pt', 'narrow-legacy.pt']) {
    const state = await io.torch.loadStateDict(fixture(file));
    t.deepEqual([state.u16.tolist(), state.u16.dtype], [[1, 65535], 'int32']);
    t.deepEqual(state.u32.tolist(), [[1], [2 ** 31 - 1]]);
    t.deepEqual([state.f8.tolist(), state.f8.dtype], [[-448, 1], 'float32']);
    t.deepEqual([state.tensor.tolist(), state.parameter.tolist()], [[1, 1], [1, 1]]); // prettier-ignore
  }
});

test('files of before PyTorch 1.6: what is damaged is an error', async (t) => {
  const state = await io.torch.loadStateDict(fixture('legacy.pt'));
  const model = new nn.Sequential(new nn.Linear(3, 2), new nn.BatchNorm1d(2));
  model.loadStateDict(state);
  t.deepEqual(
    Object.values(state).map((x) => x.tolist()),
    Object.values(await io.torch.loadStateDict(fixture('state-dict.pt'))).map((x) => x.tolist()),
  );
  const whole = await readFile(fixture('legacy.pt'));
  const change = (from: string, to: string): Buffer =>
    Buffer.from(whole.toString('latin1').replace(from, to), 'latin1');
  const wrong: [Buffer, RegExp][] = [
    [Buffer.from('\x80\x02}q\x00.', 'latin1'), /a pickle, but not of torch\.save/],
    [change('M\xe9\x03.', 'M\xea\x03.'), /expected version 1001 of the format, got 1002/],
    [change('FloatStorage', 'EvilsStorage'), /torch\.EvilsStorage: tensors of this kind are not here/],
    [change('collections\nOrderedDict', 'posix\nsystem'), /posix\.system: expected tensors and containers only; it is not run/],
    [change('cpuq\x07K\x06', 'cpuq\x07J\xff\xff\xff\x7f'), /the file has \d+ bytes/],
    [whole.subarray(0, 100), /the pickle ends early/],
    [whole.subarray(0, -1), /the file ends early/],
    [Buffer.concat([whole, Buffer.from('x')]), /expected 1128 bytes, got 1129/],
  ]; // prettier-ignore
  await inFolder(async (folder) => {
    const path = join(folder, 'x.pt');
    for (const [bytes, message] of wrong) {
      await writeFile(path, bytes);
      await t.throwsAsync(io.torch.load(path), { message });
    }
  });
});

interface Training {
  readonly params: Tensor[];
  readonly optimizer: optim.TorchOptimizerStateDict;
  readonly steps: readonly { readonly grads: Tensor[]; readonly params: Tensor[] }[];
  readonly after: Tensor;
}

test('optimizers of PyTorch go on as they would have gone on there', async (t) => {
  const all = await io.torch.load<Record<string, Training>>(fixture('optimizers.pt'));
  const far = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().item();
  for (const name of ['Adam', 'AdamW', 'SGD', 'RMSprop'] as const) {
    const { params, optimizer, steps } = all[name];
    const own = params.map((x) => new nn.Parameter(x));
    const mine = new optim[name]([{ params: own.slice(0, 1) }, { params: own.slice(1) }], { lr: 1 });
    mine.loadStateDict(optimizer);
    t.is(mine.paramGroups[1].lr, 0.002, name);
    for (const { grads, params: wanted } of steps) {
      grads.forEach((grad, i) => (own[i].grad = grad));
      mine.step();
      wanted.forEach((x, i) => t.true(far(own[i], x) < 1e-6, name));
    }
  }
  const { params, optimizer, after } = all.LBFGS;
  const own = new nn.Parameter(params[0]);
  const mine = new optim.LBFGS([own]);
  mine.loadStateDict(optimizer);
  mine.step(() => {
    mine.zeroGrad();
    const loss = own.pow(4).sum();
    loss.backward();
    return loss;
  });
  t.true(far(own, after) < 1e-6);
});

test('what an optimizer of PyTorch has and one here has not is an error', (t) => {
  const load = (state: unknown) => () => {
    new optim.Adam([new nn.Parameter(tensor([1]))]).loadStateDict(state as optim.TorchOptimizerStateDict);
  };
  const group = { params: [0], lr: 0.1, foreach: null, fused: true, some_day: false };
  t.notThrows(load({ state: new Map(), param_groups: [group] }));
  t.throws(load({ state: {}, param_groups: [{ ...group, some_day: 1 }] }), {
    message: "[Adam] loadStateDict: group 0 has an unknown option 'someDay'",
  });
  t.throws(load({ state: {}, param_groups: [{ ...group, decoupled_weight_decay: true }] }), {
    message: "[Adam] loadStateDict: group 0 has an unknown option 'decoupledWeightDecay'",
  });
  t.throws(load({ state: {}, param_groups: null }), { message: /expected a list of param_groups, got null/ });
  t.throws(load({ state: null, param_groups: [group] }), { message: /expected a dict as state, got null/ });
  t.throws(load({ state: { 0: 1 }, param_groups: [group] }), { message: /a dict as state\[0\], got 1/ });
  t.throws(load({ state: {}, param_groups: [1] }), { message: /expected a dict as group 0, got 1/ });
});

test('a checkpoint: its model into a module, its optimizer as it is', async (t) => {
  const path = fixture('checkpoint.pt');
  const model = new nn.Sequential(new nn.Linear(3, 2), new nn.BatchNorm1d(2));
  model.loadStateDict(await io.torch.loadStateDict(path, 'model'));
  t.is(model.stateDict()['1.num_batches_tracked'].item(), 1);
  const all = await io.torch.load<{
    epoch: number;
    note: null;
    optimizer: { state: Map<number, object> };
  }>(path);
  t.is(all.epoch, 3);
  t.is(all.note, null);
  const moments = all.optimizer.state.get(0) as { exp_avg: Tensor };
  t.deepEqual(moments.exp_avg.shape, [2, 3]);
  await t.throwsAsync(io.torch.loadStateDict(path), {
    message: /epoch: expected a tensor|model: expected a tensor/,
  });
});

test('whatever is no tensor or container is an error that names it', async (t) => {
  await t.throwsAsync(io.torch.load(fixture('whole-model.pt')), {
    instanceOf: TypeError,
    message: /torch\.nn\.modules\.container\.Sequential/,
  });
  await t.throwsAsync(io.torch.load(fixture('make.py')), { message: /not a zip file/ });
});

test('a pickle runs nothing', (t) => {
  const read = (text: string): unknown =>
    unpickle('p', Buffer.from(text, 'latin1'), 'f', { calls: {}, persistent: () => null });
  t.throws(() => read('\x80\x02cos\nsystem\nX\x02\x00\x00\x00ls\x85R.'), {
    message: /os\.system: .* not run/,
  });
  t.throws(() => read('\x80\x02cconstructor\n__proto__\n)R.'), { instanceOf: TypeError });
  t.true(read('cos\nsystem\n.') instanceof Global);
  for (const text of [
    '',
    '.',
    'R',
    '(',
    'X\xff\xff\xff\xff',
    'h\x00.',
    't',
    's',
    'u',
    'a',
    '))a.',
    '\xff',
    'U\x01\xff.',
    'c',
    'NNb.',
  ])
    t.throws(() => read(text), { message: /^\[p\] f: / }, JSON.stringify(text));
});

/** What is in a file of torch.save with this pickle, and a storage of one byte. */
const loadPickle = async (pickle: string): Promise<unknown> => {
  let read: unknown;
  await inFolder(async (folder) => {
    const path = join(folder, 'x.pt');
    await writeFile(path, await zipOf({ 'x/data.pkl': Buffer.from(pickle, 'latin1'), 'x/data/0': 'a' }));
    read = await io.torch.load(path);
  });
  return read;
};

test('pickles that would take all memory or stack are errors', async (t) => {
  t.deepEqual(await loadPickle(`\x80\x02${']'.repeat(100)}${'a'.repeat(99)}.`), nested(100));
  await t.throwsAsync(loadPickle(`\x80\x02${']'.repeat(100_000)}${'a'.repeat(99_999)}.`), {
    instanceOf: TypeError,
    message: /containers in containers, deeper than 200/,
  });
  const tensor = (size: string): string =>
    '\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nByteStorage\nX\x01\x00\x00\x000' +
    `X\x03\x00\x00\x00cpuK\x01tQK\x00${size}\x85K\x00\x85tR.`;
  t.deepEqual(((await loadPickle(tensor('K\x03'))) as Tensor).tolist(), [97, 97, 97]);
  await t.throwsAsync(loadPickle(tensor('\x8a\x06\xff\xff\xff\xff\xff\x7f')), {
    instanceOf: RangeError,
    message: /a tensor of shape \(140737488355327,\): more elements than memory can hold/,
  });
});

test('pickles of more than any state has are errors, before they take all memory', async (t) => {
  for (const one of [']', '}', ')'])
    await t.throwsAsync(loadPickle(`\x80\x02${one.repeat(2 ** 21 + 1)}.`), {
      instanceOf: RangeError,
      message: /more than 2097152 containers, the limit$/,
    });
  await t.throwsAsync(loadPickle(`\x80\x02${'N0'.repeat(2 ** 23)}.`), {
    instanceOf: RangeError,
    message: /more than 16777216 opcodes, the limit$/,
  });
  await inFolder(async (folder) => {
    const path = join(folder, 'x.pt');
    // Deflated, this is short.
    const order = { 'x/data.pkl': '\x80\x02N.', 'x/byteorder': Buffer.alloc(2 ** 20) };
    await writeFile(path, await zipOf(order, { compressed: true }));
    await t.throwsAsync(io.torch.load(path), {
      message: /x\/byteorder: expected at most 16 bytes, got 1048576/,
    });
  });
});

const nested = (depth: number): unknown => (depth === 1 ? [] : [nested(depth - 1)]);

test('damaged files are errors', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'mgp-'));
  try {
    const whole = await readFile(fixture('dtypes.pt'));
    const path = join(folder, 'damaged.pt');
    for (let i = 0; i < 200; i++) {
      const bytes = Buffer.from(whole);
      if (i % 2 === 0) bytes[(i * 7919) % bytes.length] ^= 1 << (i % 8);
      const length = i % 2 === 0 ? bytes.length : (i * 7919) % bytes.length;
      await writeFile(path, bytes.subarray(0, length));
      try {
        await io.torch.load(path);
      } catch (error) {
        t.true(error instanceof Error && error.message.startsWith('[torch.load] '), String(error));
      }
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  t.pass();
});
