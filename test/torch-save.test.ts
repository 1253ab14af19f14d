import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { arange, io, nn, tensor, zeros, type Tensor } from '../lib/index.js';

const dir = await mkdtemp(join(tmpdir(), 'mgp-'));
test.after.always(() => rm(dir, { recursive: true, force: true }));

const base = arange(12, { dtype: 'float64' });
const VALUE = {
  f32: tensor([
    [NaN, -0, 1e-45],
    [Infinity, 0.1, -3e38],
  ]),
  f64: base,
  transposed: base.reshape([3, 4]).t(),
  part: base.narrow(0, 2, 5),
  i32: tensor([-(2 ** 31), 2 ** 31 - 1], { dtype: 'int32' }),
  u8: tensor([0, 255], { dtype: 'uint8' }),
  bool: tensor([true, false]),
  scalar: tensor(7),
  empty: zeros([0, 3]),
  expanded: tensor([[1], [2]]).expand([2, 3]),
  nested: {
    list: [1, -1, 2 ** 31, -(2 ** 40), 2n ** 70n, -(2n ** 63n), 255, 128, -128, -129, 0],
    text: 'ö\n\0"',
  },
  floats: [0.1, -0, NaN, -Infinity, 1e300],
  flags: [true, false, null],
  map: new Map<number, string>([
    [1, 'one'],
    [2, 'two'],
  ]),
  nothing: [{}, []],
};

const bitsOf = (x: Tensor): number[] => [...new Uint8Array(x.toArray().slice().buffer)];

function same(t: ExecutionContext, back: typeof VALUE): void {
  for (const [name, value] of Object.entries(VALUE) as [keyof typeof VALUE, unknown][]) {
    const other = back[name] as unknown;
    if (!(value instanceof Object) || !('storage' in value)) continue;
    t.deepEqual(bitsOf(other as Tensor), bitsOf(value as Tensor), name);
    t.deepEqual((other as Tensor).shape, (value as Tensor).shape, name);
    t.is((other as Tensor).dtype, (value as Tensor).dtype, name);
  }
  t.is(back.part.storage, back.f64.storage, 'what shares memory shares it');
  t.is(back.transposed.storage, back.f64.storage);
  t.deepEqual(back.nested, VALUE.nested as never);
  t.deepEqual(back.floats, VALUE.floats);
  t.deepEqual(back.flags, VALUE.flags);
  t.deepEqual(back.map, VALUE.map);
  t.deepEqual(back.nothing, VALUE.nothing);
}

test('what is saved comes back as it was', async (t) => {
  const path = join(dir, 'all.pt');
  await io.torch.save(VALUE, path);
  same(t, (await io.torch.load(path)) as unknown as typeof VALUE);
});

test('what it holds are the values at the time of the call', async (t) => {
  const path = join(dir, 'then.pt');
  const x = tensor([1, 2]);
  const saving = io.torch.save({ x }, path);
  x.fill_(7);
  await saving;
  t.deepEqual((await io.torch.loadStateDict(path)).x.tolist(), [1, 2]);
});

test('what cannot be saved is an error that names it, and leaves the file as it was', async (t) => {
  const path = join(dir, 'kept.pt');
  await io.torch.save({ x: 1 }, path);
  const around: Record<string, unknown> = { deep: [] };
  (around.deep as unknown[]).push(around);
  const wrong: [unknown, string][] = [
    [
      { a: { b: new Date() } },
      '[torch.save] the value.a.b: expected tensors, strings, numbers and containers of them, got a Date',
    ],
    [
      undefined,
      '[torch.save] the value: expected tensors, strings, numbers and containers of them, got undefined',
    ],
    [
      [() => 1],
      '[torch.save] the value[0]: expected tensors, strings, numbers and containers of them, got a function',
    ],
    [new Map([[[1], 2]]), '[torch.save] the value: expected strings and numbers as keys, got an array of 1'],
    [around, '[torch.save] the value.deep[0]: it contains itself'],
  ];
  for (const [value, message] of wrong) await t.throwsAsync(io.torch.save(value as never, path), { message });
  t.deepEqual(await io.torch.load(path), { x: 1 });
  t.false((await readdir(dir)).some((name) => name.includes('kept') && name.endsWith('.tmp')));
});

const python = [process.env.MGP_TORCH_PYTHON, 'python3', '/usr/bin/python3'].find(
  (name) => name !== undefined && spawnSync(name, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0,
);

const AGAIN = `
import sys, torch, inspect
options = {"weights_only": True} if "weights_only" in inspect.signature(torch.load).parameters else {}
# That of PyTorch 1.13 knows no floats.
value = torch.load(sys.argv[1], **({} if torch.__version__.startswith("1.") else options))
assert value["f64"].dtype == torch.float64 and value["part"].data_ptr() == value["f64"].data_ptr() + 16
assert value["nested"]["list"] == [1, -1, 2**31, -2**40, 2**70, -2**63, 255, 128, -128, -129, 0], value["nested"]
assert value["nested"]["text"] == "ö\\n\\0\\"" and value["flags"] == [True, False, None] and value["map"] == {1: "one", 2: "two"}
assert str(value["floats"]) == "[0.1, -0.0, nan, -inf, 1e+300]", value["floats"]
torch.save(value, sys.argv[2])
model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
model.load_state_dict(torch.load(sys.argv[3], **options))
print(model.eval()(torch.ones(1, 3)).tolist())
`;

(python === undefined ? test.skip : test)(
  'PyTorch itself reads it, and what it writes of it is the same',
  async (t) => {
    const paths = ['ours.pt', 'theirs.pt', 'model.pt'].map((name) => join(dir, name));
    const model = new nn.Sequential(new nn.Linear(3, 2), new nn.BatchNorm1d(2));
    await io.torch.save(VALUE, paths[0]);
    await io.torch.save(model.stateDict(), paths[2]);
    await writeFile(join(dir, 'again.py'), AGAIN);
    const { stdout, stderr } = spawnSync(python ?? '', [join(dir, 'again.py'), ...paths], {
      encoding: 'utf8',
    });
    t.is(stderr, '');
    same(t, (await io.torch.load(paths[1])) as unknown as typeof VALUE);
    model.eval();
    const theirs = JSON.parse(stdout) as number[][];
    const ours = model.forward(tensor([[1, 1, 1]])).tolist() as number[][];
    t.true(theirs[0].every((value, i) => Math.abs(value - ours[0][i]) < 1e-6));
  },
);
