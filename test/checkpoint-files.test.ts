import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { io, nn, optim, randn, tensor, train, type Tensor } from '../lib/index.js';

const dir = await mkdtemp(join(tmpdir(), 'mgp-'));
test.after.always(() => rm(dir, { recursive: true, force: true }));

const bitsOf = (x: unknown): number[] => [...new Uint8Array((x as Tensor).toArray().slice().buffer)];

test('a state comes back as it was, in a file that others can read', async (t) => {
  const path = join(dir, 'all.safetensors');
  const x = tensor([NaN, -0, 1e-45, Infinity]);
  const state = {
    model: { '0.weight': x, '0.bias': tensor([1, 2], { dtype: 'float64' }) },
    '7': tensor([true, false]),
    list: [tensor(3, { dtype: 'int32' }), [null, 'text', false]],
    numbers: { nan: NaN, minusZero: -0, low: -Infinity, big: 2 ** 53 + 2, third: 1 / 3 },
    $tensor: { $number: '$', $$: 1 },
    empty: {},
    model2: { '0': { weight: tensor([5]) } },
  };
  await train.saveCheckpoint(path, { ...state, missing: undefined });
  const back = await train.loadCheckpoint<typeof state>(path);
  t.deepEqual(Object.keys(back).sort(), Object.keys(state).sort());
  t.deepEqual(bitsOf(back.model['0.weight']), bitsOf(x));
  t.is(back.model['0.bias'].dtype, 'float64');
  t.deepEqual(back['7'].tolist(), [true, false]);
  t.deepEqual([(back.list[0] as Tensor).item(), back.list[1]], [3, [null, 'text', false]]);
  t.deepEqual(back.numbers, state.numbers);
  t.true(Object.is(back.numbers.minusZero, -0));
  t.deepEqual(back.$tensor, state.$tensor);
  t.deepEqual(back.empty, {});
  t.is(back.model2['0'].weight.item(), 5);
  const { tensors } = await io.safetensors.loadFile(path);
  t.deepEqual(Object.keys(tensors).sort(), [
    ...['list.0', 'model.0.bias', 'model.0.weight', 'model2.0.weight', 'tensor.7'],
  ]);
});

test('two ways that read alike are two tensors', async (t) => {
  const path = join(dir, 'alike.safetensors');
  await train.saveCheckpoint(path, { a: { 'b.c': tensor(1), b: { c: tensor(2) } } });
  const { a } = await train.loadCheckpoint<{ a: { 'b.c': Tensor; b: { c: Tensor } } }>(path);
  t.deepEqual([a['b.c'].item(), a.b.c.item()], [1, 2]);
});

test('states of models and optimizers go in as they are', async (t) => {
  const path = join(dir, 'model.safetensors');
  const model = new nn.Linear(3, 2);
  const optimizer = new optim.Adam(model.parameters());
  model
    .forward(randn([4, 3]))
    .sum()
    .backward();
  optimizer.step();
  await train.saveCheckpoint(path, { model: model.stateDict(), optimizer: optimizer.stateDict() });
  const state = await train.loadCheckpoint<{ model: nn.StateDict; optimizer: optim.OptimizerStateDict }>(
    path,
  );
  const other = new nn.Linear(3, 2);
  other.loadStateDict(state.model);
  t.deepEqual(bitsOf(other.weight), bitsOf(model.weight));
  const again = new optim.Adam(other.parameters());
  again.loadStateDict(state.optimizer);
  t.deepEqual(bitsOf(again.stateDict().state[0].expAvg), bitsOf(optimizer.stateDict().state[0].expAvg));
});

test('what it holds are the values at the time of the call', async (t) => {
  const path = join(dir, 'then.safetensors');
  const x = tensor([1, 2]);
  const saving = train.saveCheckpoint(path, { x });
  x.fill_(7);
  await saving;
  t.deepEqual((await train.loadCheckpoint<{ x: Tensor }>(path)).x.tolist(), [1, 2]);
});

test('every bit that is flipped, and every cut, is found', async (t) => {
  const path = join(dir, 'damaged.safetensors');
  await train.saveCheckpoint(path, { x: randn([3]), epoch: 12, note: 'text' });
  const good = await readFile(path);
  const isFound = async (bytes: Uint8Array, name: string): Promise<void> => {
    await writeFile(path, bytes);
    const error = await t.throwsAsync(train.loadCheckpoint(path), undefined, name);
    t.true(error.message.includes(path), error.message);
  };
  for (let bit = 0; bit < 8 * good.length; bit += 3) {
    const bad = Buffer.from(good);
    bad[bit >> 3] ^= 1 << (bit & 7);
    await isFound(bad, `bit ${bit}`);
  }
  for (let length = 0; length < good.length; length += 5)
    await isFound(good.subarray(0, length), `cut to ${length}`);
  await isFound(Buffer.concat([good, Buffer.alloc(8)]), 'longer');
  await writeFile(path, good);
  await t.notThrowsAsync(train.loadCheckpoint(path));
});

test('wrong states and files get errors that name them', async (t) => {
  const path = join(dir, 'wrong.safetensors');
  await train.saveCheckpoint(path, { good: 1 });
  const wrong: [object, string][] = [
    [null as never, '[saveCheckpoint] state: expected an object, got null'],
    [tensor(1), '[saveCheckpoint] state: expected an object, got a Tensor'],
    [{ a: { b: new Map() } }, '[saveCheckpoint] a.b: expected tensors and plain values, got a Map'],
    [{ a: [1, () => 1] }, '[saveCheckpoint] a.1: expected tensors and plain values, got a function'],
    [{ a: 3n }, '[saveCheckpoint] a: expected tensors and plain values, got 3n'],
    [{ a: new Float32Array(2) }, '[saveCheckpoint] a: expected tensors and plain values, got a Float32Array'],
  ];
  for (const [state, message] of wrong)
    await t.throwsAsync(train.saveCheckpoint(path, state), { instanceOf: TypeError, message });
  t.deepEqual(await train.loadCheckpoint(path), { good: 1 });
  await t.throwsAsync(train.loadCheckpoint(join(dir, 'none')), { code: 'ENOENT' });
  const other = join(dir, 'other.safetensors');
  await io.safetensors.saveFile({ x: tensor([1]) }, other);
  await t.throwsAsync(train.loadCheckpoint(other), {
    message: `[loadCheckpoint] ${other}: expected a checkpoint, got another file, or one that is damaged`,
  });
});
