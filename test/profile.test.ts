import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import {
  compile,
  conv2d,
  crossEntropy,
  fit,
  functional,
  getBackend,
  nn,
  ones,
  optim,
  Profile,
  profile,
  rand,
  randint,
  randn,
  recordFunction,
  setBackend,
  tensor,
  type ProfileRow,
  type Tensor,
} from '../lib/index.js';

const find = ({ rows }: Profile, name: string): ProfileRow | undefined =>
  rows.find((row) => row.name === name);

const backends = (['native', 'reference'] as const).filter((name) => {
  try {
    setBackend(name);
    return true;
  } catch {
    return false;
  }
});
const chosen = process.env.MGP_BACKEND === 'reference' ? 'reference' : backends[0];
test.beforeEach(() => setBackend(chosen));

for (const name of backends)
  test.serial(`calls, bytes and operations are counted: ${name}`, (t) => {
    setBackend(name);
    const [a, b] = [rand([30, 40]), rand([40, 50])];
    const x = rand([2, 4, 9, 9]);
    const weight = rand([6, 2, 3, 3]);
    const p = profile(() => {
      const product = a.matmul(b).add(a.matmul(b)).exp();
      conv2d(x, weight, { groups: 2 });
      return product.sum().item();
    });
    t.is(typeof p.result, 'number');
    t.like(find(p, 'matmul'), {
      calls: 2,
      flops: 2 * 2 * 30 * 40 * 50,
      bytes: 2 * 4 * (30 * 40 + 40 * 50 + 30 * 50),
      kind: 'kernel',
    });
    t.like(find(p, 'add'), { calls: 1, flops: 1500, bytes: 4 * 4500 });
    t.like(find(p, 'exp'), { calls: 1, flops: 1500, bytes: 4 * 3000 });
    t.like(find(p, 'reduce sum'), { calls: 1, flops: 1500, bytes: 4 * 1501 });
    t.like(find(p, 'conv2d'), { calls: 1, flops: 2 * (2 * 6 * 7 * 7) * (2 * 9) });
    const rest = find(p, 'JavaScript between kernels');
    const kernels = p.rows.filter(({ kind }) => kind === 'kernel');
    t.true(rest !== undefined && rest.seconds >= 0);
    const total = kernels.reduce((sum, { seconds }) => sum + seconds, 0) + (rest?.seconds ?? 0);
    t.true(Math.abs(total - p.seconds) < 1e-9);
    t.true(kernels.every(({ seconds, share }) => seconds >= 0 && share >= 0 && share <= 1));
    t.is(getBackend(), name);
  });

test.serial('the way back, and the optimizer, have rows of their own', (t) => {
  const model = new nn.Sequential(new nn.Linear(20, 30), new nn.ReLU(), new nn.Linear(30, 4));
  const optimizer = new optim.Adam(model.parameters());
  const [x, y] = [randn([16, 20]), randint(4, [16])];
  const step = (): void => {
    optimizer.zeroGrad();
    recordFunction('loss', () => crossEntropy(model.forward(x), y)).backward();
    optimizer.step();
  };
  const p = profile(step);
  t.is(find(p, 'matmul')?.calls, 2);
  // Of the first layer, the gradient of its weight only.
  t.is(find(p, 'matmul (backward)')?.calls, 3);
  t.is(find(p, 'adam')?.calls, 4);
  t.like(find(p, 'backward'), { kind: 'span', calls: 1 });
  t.like(find(p, 'loss'), { kind: 'span', calls: 1 });
  t.deepEqual(p.events.find(({ name }) => name === 'matmul')?.within, ['loss']);
  const table = p.table();
  t.regex(table, /^op +calls +time +share +each +bytes +GB\/s +GFLOP\/s\n-+\n/);
  t.regex(table, /matmul \(backward\) +3 /);
  t.regex(table, / in all$/);
  t.is(String(p), table);
});

test.serial('attention counts its two products, there and back', (t) => {
  const [q, k, v] = [rand([2, 3, 5, 8]), rand([2, 3, 7, 8]), rand([2, 3, 7, 4])].map((x) =>
    x.requiresGrad_(),
  );
  const p = profile(() => functional.scaledDotProductAttention(q, k, v).sum().backward());
  const flops = 6 * 5 * 7 * (2 * (8 + 4) + 5);
  const there = find(p, 'attention');
  if (there !== undefined) t.is(there.flops, flops);
  else t.true((find(p, 'matmul')?.flops ?? 0) > 0);
  t.true(p.rows.some(({ name }) => name.endsWith('(backward)')));
});

test.serial('a recorded step is one call', (t) => {
  const weight = rand([8, 8]);
  const step = compile((x: Tensor) => x.matmul(weight).tanh());
  const x = rand([4, 8]);
  const eager = step(x);
  const p = profile(() => step(x));
  t.deepEqual(p.result.tolist(), eager.tolist());
  t.is(find(p, 'compiled step')?.calls, chosen === 'native' ? 1 : undefined);
});

test.serial('a promise is waited for', async (t) => {
  const pending = profile(async () => {
    const x = ones([3]).add(1);
    await recordFunction('waiting', () => new Promise<void>((resolve) => setTimeout(resolve, 20)));
    return x.mul(2);
  });
  t.throws(() => profile(() => 1), { message: '[profile] a profile is under way: one at a time' });
  const p = await pending;
  t.deepEqual(p.result.tolist(), [4, 4, 4]);
  t.is(find(p, 'mul')?.calls, 1);
  t.deepEqual(p.events.find(({ name }) => name === 'mul')?.within, []);
  t.true((find(p, 'waiting')?.seconds ?? 0) > 0.01);
});

test.serial('parts that wait at the same time each have their own kernels', async (t) => {
  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const p = await profile(async () => {
    const first = recordFunction('first', async () => {
      await wait(5);
      ones([4]).add(1);
    });
    const second = recordFunction('second', async () => {
      ones([4]).mul(2);
      await wait(30);
      recordFunction('inner', () => ones([4]).sub(2));
    });
    await Promise.all([first, second]);
    ones([4]).exp();
  });
  const within = Object.fromEntries(p.events.map((event) => [event.name, event.within.join(' / ')]));
  t.like(within, {
    ...{ first: '', second: '', inner: 'second' },
    ...{ add: 'first', mul: 'second', sub: 'second / inner', exp: '' },
  });
  const { traceEvents } = p.chromeTrace() as { traceEvents: { name: string; tid: number }[] };
  const line = Object.fromEntries(traceEvents.map(({ name, tid }) => [name, tid]));
  t.not(line.first, line.second);
  t.deepEqual([line.add, line.mul, line.sub], [line.first, line.second, line.second]);
});

test.serial('a training is waited for', async (t) => {
  const model = new nn.Linear(3, 1);
  const optimizer = new optim.SGD(model.parameters(), 0.1);
  const data = [[randn([8, 3]), randn([8, 1])]] as [Tensor, Tensor][];
  const p = await profile(() =>
    fit(model, { data, loss: functional.mseLoss, optimizer, epochs: 3, progress: false }),
  );
  t.is(p.result.steps, 3);
  t.is(find(p, 'backward')?.calls, 3);
});

test.serial('errors pass, and leave nothing switched on', async (t) => {
  const before = getBackend();
  t.throws(() => profile(() => tensor([1, 2]).matmul(tensor([1, 2, 3]))), { message: /^\[matmul\]/ });
  await t.throwsAsync(
    profile(async () => {
      await Promise.resolve();
      throw new Error('later');
    }),
    { message: 'later' },
  );
  t.throws(() => profile(() => recordFunction('part', () => tensor([1]).reshape([2]) as unknown)), {
    message: /^\[reshape\]/,
  });
  t.is(getBackend(), before);
  const p = profile(() => ones([2]).add(1));
  t.is(find(p, 'add')?.calls, 1);
  t.is(
    recordFunction('outside', () => 3),
    3,
  );
  t.throws(() => void profile(3 as never), {
    instanceOf: TypeError,
    message: '[profile] fn: expected a function, got 3',
  });
  t.throws(() => recordFunction(3 as never, () => 1), {
    message: '[recordFunction] name: expected a string, got 3',
  });
  t.throws(() => void recordFunction('x', 3 as never), {
    message: '[recordFunction] fn: expected a function, got 3',
  });
});

test.serial('the trace is what chrome://tracing reads: events that lie within each other', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'mgp-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  const x = randn([50, 50]).requiresGrad_();
  const p = profile(() =>
    recordFunction('outer', () => {
      recordFunction('inner', () => x.exp());
      x.mul(x).sum().backward();
    }),
  );
  const path = join(dir, 'trace.json');
  await p.exportChromeTrace(path);
  interface Event {
    name: string;
    ph: string;
    ts: number;
    dur: number;
    pid: number;
    tid: number;
    args: { within?: string };
  }
  const { traceEvents: events } = JSON.parse(await readFile(path, 'utf8')) as { traceEvents: Event[] };
  t.true(events.length > 5);
  const named = (name: string): Event => events.find((event) => event.name === name) as Event;
  for (const { ph, ts, dur, pid } of events) t.true(ph === 'X' && ts >= 0 && dur >= 0 && pid === process.pid);
  const lies = (a: Event, b: Event): boolean => a.ts >= b.ts && a.ts + a.dur <= b.ts + b.dur + 1e-6;
  t.true(lies(named('inner'), named('outer')) && lies(named('exp'), named('inner')));
  t.true(lies(named('backward'), named('outer')));
  t.is(named('exp').args.within, 'outer / inner');
  // On one thread, two events are apart or one lies in the other.
  for (const a of events)
    for (const b of events)
      t.true(lies(a, b) || lies(b, a) || a.ts + a.dur <= b.ts + 1e-6 || b.ts + b.dur <= a.ts + 1e-6);
});

test.serial('an empty profile has a table, too', (t) => {
  const p = profile(() => 7);
  t.is(p.result, 7);
  t.deepEqual(p.events, []);
  t.true(p instanceof Profile);
  t.regex(p.table(), /JavaScript between kernels/);
});
