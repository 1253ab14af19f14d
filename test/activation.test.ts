import test from 'ava';
import {
  functional as F,
  grad,
  manualSeed,
  ones,
  softmax,
  tensor,
  zeros,
  type Tensor,
} from '../lib/index.js';
import { BACKENDS, onBackend } from './support/check.js';

// Activations at corners, as PyTorch 1.13 has them, and those that draw random numbers. All else: cases/activation.ts.

type Numbers = readonly number[];
const { NaN: nan, Infinity: inf } = { NaN, Infinity };
const CORNERS = [-inf, -3, -1, -0.5, 0, 0.5, 1, 3, 6, inf];

/** Gradients of the activations at {@link CORNERS}. */
const SLOPES: readonly [(x: Tensor) => Tensor, Numbers][] = [
  [F.relu6, [0, 0, 0, 0, 0, 1, 1, 1, 0, 0]],
  [F.leakyRelu, [0.01, 0.01, 0.01, 0.01, 0.01, 1, 1, 1, 1, 1]],
  [(x) => F.elu(x, 2), [0, 0.099574, 0.735759, 1.213061, 2, 1, 1, 1, 1, 1]],
  [(x) => F.celu(x, 2), [0, 0.22313, 0.606531, 0.778801, 1, 1, 1, 1, 1, 1]],
  [F.hardtanh, [0, 0, 0, 1, 1, 1, 0, 0, 0, 0]],
  [F.hardsigmoid, [0, 0, 0.166667, 0.166667, 0.166667, 0.166667, 0.166667, 0, 0, 0]],
  [F.hardswish, [0, -0.5, 0.166667, 0.333333, 0.5, 0.666667, 0.833333, 1.5, 1, 1]],
  [F.hardshrink, [1, 1, 1, 0, 0, 0, 1, 1, 1, 1]],
  [F.softshrink, [1, 1, 1, 0, 0, 0, 1, 1, 1, 1]],
  [(x) => F.threshold(x, 0.5, 7), [0, 0, 0, 0, 0, 0, 1, 1, 1, 1]],
  [F.softplus, [0, 0.047426, 0.268941, 0.377541, 0.5, 0.622459, 0.731059, 0.952574, 0.997527, 1]],
  [F.logSigmoid, [1, 0.952574, 0.731059, 0.622459, 0.5, 0.377541, 0.268941, 0.047426, 0.002473, 0]],
  [(x) => F.prelu(x, tensor([0.25])), [0.25, 0.25, 0.25, 0.25, 0.25, 1, 1, 1, 1, 1]],
];

for (const backend of BACKENDS)
  for (const dtype of ['float32', 'float64'] as const)
    test(`slopes at corners, ${dtype}, on ${backend}`, (t) => {
      onBackend(backend, () => {
        for (const [f, slopes] of SLOPES) {
          const x = tensor(CORNERS, { dtype, requiresGrad: true });
          const [g] = grad(f(x).sum(), x);
          const got = Array.from(g.toArray(), (v) => Number(v.toFixed(6)) + 0);
          t.deepEqual(got, [...slopes], f.toString());
        }
        const x = tensor([nan], { dtype });
        for (const [f] of SLOPES) t.deepEqual(f(x).tolist(), [nan], f.toString());
      });
    });

test('rrelu draws a slope for each element in training', (t) => {
  manualSeed(1);
  const x = ones([1000]).neg().requiresGrad_();
  const y = F.rrelu(x, 0.2, 0.6, true);
  const slopes = y.neg().toArray();
  t.true(slopes.every((s) => s >= 0.2 && s <= 0.6));
  t.true(new Set(slopes).size > 900);
  t.true(Math.abs(y.mean().item() + 0.4) < 0.02);
  t.deepEqual(
    grad(y.sum(), x)[0]
      .toArray()
      .map((g) => Math.fround(g)),
    slopes,
  );
  t.deepEqual(F.rrelu(ones([3]), { training: true }).tolist(), [1, 1, 1]);
});

test('gumbelSoftmax draws classes by their probabilities', (t) => {
  manualSeed(2);
  const logits = tensor([0, 1, 2]).log().expand([4000, 3]); // 0, 1/3, 2/3
  const hard = F.gumbelSoftmax(logits, { hard: true });
  t.true(hard.toArray().every((v) => v === 0 || v === 1));
  t.deepEqual(hard.sum(1).toArray(), ones([4000]).toArray());
  const [none, one, two] = hard.mean(0).toArray();
  t.is(none, 0);
  t.true(Math.abs(one - 1 / 3) < 0.03);
  t.true(Math.abs(two - 2 / 3) < 0.03);

  // The same numbers, soft and hard: the gradient is the one of the soft sample.
  const gradients = [false, true].map((isHard) => {
    manualSeed(3);
    const x = zeros([5, 4], { dtype: 'float64', requiresGrad: true });
    const y = F.gumbelSoftmax(x, 0.5, isHard, 1e-10, 0);
    t.true(Math.abs(y.sum().item() - 4) < 1e-12);
    return grad(
      y
        .mul(tensor([1, 2, 3, 4], { dtype: 'float64' }))
        .square()
        .sum(),
      x,
    )[0];
  });
  t.not(gradients[0].toArray()[0], 0);
  manualSeed(3);
  const soft = F.gumbelSoftmax(zeros([5, 4], { dtype: 'float64' }), { tau: 0.5, dim: 0 });
  const again = softmax(soft.log(), 0);
  t.true(again.sub(soft).abs().max().item() < 1e-12);
});
