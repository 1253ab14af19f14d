import test from 'ava';
import {
  conv2d,
  crossEntropy,
  getNumThreads,
  grad,
  manualSeed,
  noGrad,
  optim,
  randint,
  randn,
  setNumThreads,
  type Tensor,
} from '../lib/index.js';
import { CNN } from '../lib/models/cnn.js';
import { ROWS } from './cases.js';
import { BACKENDS, differs, onBackend, poison, sameBits, snapshot } from './support/check.js';
import { contract } from './support/contract.js';
import { Call } from './support/row.js';

const note = contract(test, 'backends');

// float32 has kernels of its own, and large sizes have paths of their own, where finite differences do not reach: there
// gradients are held against float64, and backends against each other.

/** The gradients of all results of a call, by all inputs that can have one. */
function gradients(
  call: Call,
  dtype: 'float32' | 'float64',
  backend: 'native' | 'reference',
): (Tensor | null)[] {
  return onBackend(backend, () => {
    const inputs = call
      .make('float32', 'mixed')
      .map((x) => (x.dtype === 'float32' ? x.to(dtype).detach() : x));
    const leaves = inputs.filter((x) => x.dtype === dtype);
    for (const leaf of leaves) leaf.requiresGrad = true;
    const outputs = call.run(inputs).filter((y) => y.requiresGrad);
    poison(1);
    const first = grad(
      outputs.map((y) => y.square().sum()),
      leaves,
      { createGraph: true, allowUnused: true },
    );
    const second = first.flatMap((g) => (g?.requiresGrad ? [g.square().sum()] : []));
    poison(1);
    return [...first, ...(second.length > 0 ? grad(second, leaves, { allowUnused: true }) : [])];
  });
}

for (const row of ROWS.filter((one) => one.differentiable))
  test(`${row.op}: derivatives in float32 are those in float64`, (t) => {
    for (const call of row.calls.map((args) => new Call(row, args))) {
      if (!call.inputs.some((input) => input.kind === 'number')) continue;
      const expected = gradients(call, 'float64', 'reference');
      for (const backend of BACKENDS)
        gradients(call, 'float32', backend).forEach((g, i) => {
          const want = expected[i];
          t.is(g === null, want === null, call.title);
          if (!g || !want) return;
          // Of large terms that cancel, the rounding stays.
          const largest = Math.max(0, ...want.toArray().map(Math.abs).filter(Number.isFinite));
          const tolerance = Math.max(2e-4, 2 ** -21 * largest);
          t.is(differs(g, snapshot(want), tolerance), '', `${call.title} on ${backend}, gradient ${i}`);
        });
    }
    if (t.passed) note(row.op, 'float32 derivatives');
  });

/** Losses and parameters of the post's CNN over a few steps. */
function train(dtype: 'float32' | 'float64', batch: number): Tensor[] {
  manualSeed(5);
  const model = new CNN();
  const images = randn([batch, 1, 28, 28]);
  const labels = randint(10, [batch]);
  const adam = new optim.Adam(model.parameters(), { lr: 0.003 });
  const losses: Tensor[] = [];
  for (let i = 0; i < 5; i++) {
    adam.zeroGrad();
    const loss = crossEntropy(model.forward(images).to(dtype), labels);
    loss.backward();
    adam.step();
    losses.push(loss.detach());
  }
  return [...losses, ...[...model.parameters()].map((p) => p.detach().clone())];
}

test('five steps of the CNN are the same on every backend, but for rounding', (t) => {
  const [first, ...others] = BACKENDS.map((backend) => onBackend(backend, () => train('float32', 9)));
  for (const other of others)
    other.forEach((x, i) => t.is(differs(x, snapshot(first[i]), 5e-4), '', `tensor ${i}`));
  t.true(first[4].item() < first[0].item());
});

for (const backend of BACKENDS)
  test(`the same seed gives the same bits, run after run, on ${backend}`, (t) => {
    onBackend(backend, () => {
      const threads = getNumThreads();
      for (const count of [1, 2]) {
        setNumThreads(count);
        const [a, b] = [train('float32', 16), train('float32', 16)];
        a.forEach((x, i) => t.true(sameBits(x, b[i]), `tensor ${i} with ${count} threads`));
      }
      setNumThreads(threads);
    });
  });

test('an infinite pixel of a deep convolution spreads as far as the window, on every backend alike', (t) => {
  const kinds = BACKENDS.map((backend) =>
    onBackend(backend, () => {
      manualSeed(7);
      const x = randn([8, 16, 6, 7]);
      noGrad(() => x.indexPut_([3, 5, 2, 4], Infinity));
      x.requiresGrad = true;
      const weight = randn([16, 16, 3, 3]);
      const y = conv2d(x, weight, null, { padding: 1 });
      const g = randn(y.shape);
      noGrad(() => g.indexPut_([1, 2, 0, 0], NaN));
      const [dx] = grad(y, x, { gradOutputs: g });
      return [y, dx].map((z) => z.toArray().filter((v) => !Number.isFinite(v)).length);
    }),
  );
  t.deepEqual(kinds[0], [16 * 9, 16 * 4]);
  for (const other of kinds) t.deepEqual(other, kinds[0]);
});
