import test from 'ava';
import { functional as F, grad, manualSeed, nn, ones, randn, ShapeError, type Tensor } from '../lib/index.js';
import { BACKENDS, onBackend } from './support/check.js';
import { testWrongCalls } from './support/wrong-calls.js';

// The ops that drop: what is random about them, and what is not.

type Drop = (x: Tensor, p: number, training: boolean) => Tensor;

const WHOLE_CHANNELS: readonly [Drop, shape: number[], places: number][] = [
  [F.dropout1d, [40, 50, 3], 2000],
  [F.dropout1d, [1000, 4], 1000],
  [F.dropout2d, [40, 50, 2, 2], 2000],
  [F.dropout2d, [40, 50, 3], 2000],
  [F.dropout3d, [30, 40, 1, 2, 2], 1200],
  [F.dropout3d, [1500, 2, 2, 1], 1500],
  [F.featureAlphaDropout, [40, 50, 3], 2000],
];

for (const backend of BACKENDS)
  test(`channels are dropped as a whole, with the probability they should, on ${backend}`, (t) => {
    onBackend(backend, () => {
      for (const [drop, shape, places] of WHOLE_CHANNELS) {
        manualSeed(4);
        const y = drop(ones(shape), 0.3, true);
        const rows = y.reshape(places, -1);
        const title = `${drop.name} of ${shape.join()}`;
        t.true(
          rows
            .sub(rows.narrow(1, 0, 1))
            .abs()
            .max()
            .item() === 0,
          title,
        );
        const dropped = rows.lt(0.5).to('float32').mean().item();
        t.true(Math.abs(dropped - 0.3) < 0.05, `${title}: ${dropped}`);
        t.is(new Set(y.toArray()).size, 2, title);
      }
    });
  });

test('alphaDropout keeps mean 0 and variance 1', (t) => {
  manualSeed(5);
  const x = randn([200, 500], { requiresGrad: true });
  for (const drop of [F.alphaDropout, F.featureAlphaDropout]) {
    const y = drop(x, 0.4, true);
    t.true(Math.abs(y.mean().item()) < 0.02, drop.name);
    t.true(Math.abs(y.square().mean().item() - 1) < 0.02, drop.name);
    const [g] = grad(y.sum(), x);
    t.is(new Set(g.toArray()).size, 2, drop.name);
  }
  t.deepEqual(F.alphaDropout(ones([3]), 1, true).tolist(), [0, 0, 0]);
});

test('outside of training nothing is dropped, and its default is PyTorch’s', (t) => {
  const x = ones([2, 3, 4]);
  for (const drop of [F.dropout, F.dropout1d, F.dropout2d]) {
    t.is(drop(x, { training: false }), x);
    t.is(drop(x, { p: 0 }), x);
    t.not(drop(x), x);
  }
  for (const drop of [F.alphaDropout, F.featureAlphaDropout]) t.is(drop(x, 0.5), x);
});

test('modules drop in training only', (t) => {
  const cases: [nn.Module, number[], string][] = [
    [new nn.Dropout1d(0.2), [2, 3, 4], 'Dropout1d(p=0.2)'],
    [new nn.Dropout2d({ p: 0.3 }), [2, 3, 4, 4], 'Dropout2d(p=0.3)'],
    [new nn.Dropout3d(), [2, 3, 2, 2, 2], 'Dropout3d(p=0.5)'],
    [new nn.AlphaDropout(0.4), [2, 3], 'AlphaDropout(p=0.4)'],
    [new nn.FeatureAlphaDropout(), [2, 3, 4], 'FeatureAlphaDropout(p=0.5)'],
  ];
  for (const [module, shape, text] of cases) {
    const x = ones(shape);
    t.is(module.toString(), text);
    t.not(module.forward(x), x);
    t.is(module.eval().forward(x), x);
  }
});

// prettier-ignore
testWrongCalls([
  [() => F.dropout(ones([2]), 2), RangeError, '[dropout] p: expected a number from 0 to 1, got 2'],
  [() => F.dropout(ones([2]), ...([0.5, 1] as unknown as [number])), TypeError, '[dropout] training: expected true or false, got 1'],
  [() => F.dropout(ones([2]), { q: 0.5 } as never), TypeError, "[dropout] options: unknown option 'q'; there is p, training"],
  [() => F.dropout2d(ones([2, 2])), ShapeError, '[dropout2d] expected 3 or 4 dimensions, got (2, 2)'],
  [() => F.featureAlphaDropout(ones([2])), ShapeError, '[featureAlphaDropout] expected (N, C, …), got (2,)'],
  [() => new nn.Dropout2d(-1), RangeError, '[Dropout2d] p: expected a number from 0 to 1, got -1'],
]);
