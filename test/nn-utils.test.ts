import test from 'ava';
import {
  grad,
  gradcheck,
  manualSeed,
  nn,
  noGrad,
  ones,
  randn,
  ShapeError,
  tensor,
  zeros,
  type Tensor,
} from '../lib/index.js';
import { testWrongCalls } from './support/wrong-calls.js';

// nn.init and nn.utils.

const { init, utils } = nn;
const f64 = { dtype: 'float64' } as const;

/** Mean, standard deviation and bounds. */
function statistics(x: Tensor): { mean: number; std: number; min: number; max: number } {
  const values = [...x.toArray()];
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const std = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
  return {
    mean,
    std,
    min: values.reduce((a, b) => Math.min(a, b)),
    max: values.reduce((a, b) => Math.max(a, b)),
  };
}

test('the distributions of init have the moments and bounds that PyTorch documents', (t) => {
  manualSeed(1);
  const shape = [200, 100, 3];
  const [fanIn, fanOut] = [300, 600];
  const third = 1 / Math.sqrt(3);
  // prettier-ignore
  const rows: [fill: (x: Tensor) => Tensor, mean: number, std: number, bound?: number][] = [
    [(x) => init.uniform_(x), 0.5, third / 2],
    [(x) => init.uniform_(x, -3, { b: 1 }), -1, 2 * third],
    [(x) => init.normal_(x, 2, 0.5), 2, 0.5],
    [(x) => init.normal_(x, { std: 3 }), 0, 3],
    [(x) => init.constant_(x, 0.3), 0.3, 0],
    [(x) => init.ones_(x), 1, 0],
    [(x) => init.zeros_(x), 0, 0],
    [(x) => init.xavierUniform_(x), 0, Math.sqrt(2 / (fanIn + fanOut)), Math.sqrt(6 / (fanIn + fanOut))],
    [(x) => init.xavierNormal_(x, 2), 0, 2 * Math.sqrt(2 / (fanIn + fanOut))],
    [(x) => init.kaimingUniform_(x), 0, Math.sqrt(2 / fanIn), Math.sqrt(6 / fanIn)],
    [(x) => init.kaimingUniform_(x, { a: Math.sqrt(5) }), 0, Math.sqrt(1 / 3 / fanIn), 1 / Math.sqrt(fanIn)],
    [(x) => init.kaimingNormal_(x, 0, 'fan_out', 'relu'), 0, Math.sqrt(2 / fanOut)],
    [(x) => init.kaimingNormal_(x, { mode: 'fanOut', nonlinearity: 'linear' }), 0, Math.sqrt(1 / fanOut)],
    [(x) => init.truncNormal_(x), 0, 0.8796, 2],
    [(x) => init.truncNormal_(x, 1, 2, -100, 100), 1, 2],
    [(x) => init.truncNormal_(x, { a: 4, b: 5 }), 4.2168, 0.1957, 5],
  ];
  for (const [fill, mean, std, bound] of rows)
    for (const dtype of ['float32', 'float64'] as const) {
      const x = new nn.Parameter(zeros(shape, { dtype }));
      t.is(fill(x), x);
      const found = statistics(x);
      t.true(Math.abs(found.mean - mean) < 0.01 + 0.02 * std, `${String(fill)}: mean ${found.mean}`);
      t.true(
        Math.abs(found.std - std) < 0.01 * Math.max(std, 1e-6) + 1e-7,
        `${String(fill)}: std ${found.std}`,
      );
      if (bound !== undefined)
        t.true(found.max <= bound && found.max > bound * 0.98, `${String(fill)}: ${found.max}`);
    }
});

test('the same seed gives the same numbers, also where memory is strided', (t) => {
  const draw = (x: Tensor): unknown => {
    manualSeed(7);
    return init.uniform_(x).tolist();
  };
  t.deepEqual(draw(zeros([2, 3])), draw(zeros([3, 2]).T));
});

test('eye, dirac, orthogonal, sparse, gains and fans', (t) => {
  t.deepEqual(init.eye_(zeros([2, 3])).tolist(), [[1, 0, 0], [0, 1, 0]]); // prettier-ignore
  const x = randn([1, 2, 5]);
  t.deepEqual(new nn.Sequential().forward(x).tolist(), x.tolist());
  // As torch.nn.init.dirac_ puts them.
  const dirac = init.dirac_(ones([4, 2, 3]), 2);
  const places = [...dirac.toArray()].flatMap((value, at) => (value === 1 ? [at] : []));
  t.deepEqual(places, [1, 10, 13, 22]);
  for (const shape of [
    [3, 5],
    [5, 3],
    [4, 4],
    [3, 2, 2],
  ]) {
    const m = init.orthogonal_(zeros(shape, f64), { gain: 2 }).reshape([shape[0], -1]);
    const [a, b] = m.shape[0] <= m.shape[1] ? [m, m.T] : [m.T, m];
    const product = a.matmul(b).tolist() as number[][];
    product.forEach((row, i) =>
      row.forEach((value, j) => t.true(Math.abs(value - (i === j ? 4 : 0)) < 1e-12, shape.join())),
    );
  }
  const sparse = init.sparse_(zeros([10, 4]), 0.35, 1).T.tolist() as number[][];
  for (const column of sparse) t.is(column.filter((value) => value === 0).length, 4);
  t.deepEqual(
    (['linear', 'conv2d', 'conv_transpose1d', 'sigmoid', 'tanh', 'relu', 'selu', 'leakyRelu'] as const).map(
      (name) => init.calculateGain(name),
    ),
    [1, 1, 1, 1, 5 / 3, Math.SQRT2, 0.75, Math.sqrt(2 / 1.0001)],
  );
  t.is(init.calculateGain('leaky_relu', 1), 1);
  t.deepEqual(init.calculateFanInAndFanOut(zeros([2, 3, 4])), [12, 8]);
});

const withGrads = (...grads: number[][]): nn.Parameter[] =>
  grads.map((values) => {
    const p = new nn.Parameter(zeros([values.length], f64));
    p.grad = tensor(values, f64);
    return p;
  });

test('clipGradNorm', (t) => {
  const params = withGrads([3, 0], [4]);
  params.push(new nn.Parameter(zeros([1])));
  t.is(utils.clipGradNorm(params, 1).item(), 5);
  const clipped = params.slice(0, 2).map((p) => p.grad!.tolist() as number[]);
  t.true(Math.abs(clipped[0][0] - 3 / (5 + 1e-6)) < 1e-15);
  t.true(Math.abs(clipped[1][0] - 4 / (5 + 1e-6)) < 1e-15);
  t.is(utils.clipGradNorm_(withGrads([3, -4]), 10).item(), 5);
  t.is(utils.clipGradNorm(withGrads([3, -4]), 1, Infinity).item(), 4);
  t.is(utils.clipGradNorm(withGrads([3, -4]), 1, { normType: 1 }).item(), 7);
  t.true(Math.abs(utils.clipGradNorm(withGrads([3], [-4]), 1, 3).item() - Math.cbrt(91)) < 1e-14);
  const [small] = withGrads([0.3, 0.4]);
  utils.clipGradNorm(small, 1);
  t.deepEqual(small.grad!.tolist(), [0.3, 0.4], 'what is small enough stays as it is');
  t.is(utils.clipGradNorm([], 1).item(), 0);
  t.true(Number.isNaN(utils.clipGradNorm(withGrads([NaN]), 1).item()));
  t.throws(() => utils.clipGradNorm(withGrads([NaN]), 1, { errorIfNonfinite: true }), {
    message: '[clipGradNorm] the norm of the gradients is NaN, and cannot be scaled',
  });
});

test('clipGradValue, parametersToVector and vectorToParameters', (t) => {
  const params = withGrads([3, -0.5], [-4]);
  utils.clipGradValue(params, 1);
  t.deepEqual(
    params.map((p) => p.grad!.tolist()),
    [[1, -0.5], [-1]],
  );
  const net = new nn.Linear(2, 1);
  const vector = utils.parametersToVector(net.parameters());
  t.deepEqual(vector.shape, [3]);
  t.deepEqual(grad(vector.square().sum(), net.weight)[0].tolist(), net.weight.mul(2).tolist());
  utils.vectorToParameters(tensor([1, 2, 3]), net.parameters());
  t.deepEqual([net.weight.tolist(), net.bias!.tolist()], [[[1, 2]], [3]]);
});

test('weightNorm learns length and direction apart, under the names of PyTorch', (t) => {
  const net = utils.weightNorm(new nn.Linear(3, 2, f64));
  const before = net.weight.tolist();
  t.deepEqual(Object.keys(net.stateDict()), ['bias', 'weight_g', 'weight_v']);
  t.deepEqual(net.getParameter('weight_g').shape, [2, 1]);
  const x = randn([4, 3], f64);
  t.true(
    gradcheck(
      (g, v) => {
        const params = net as unknown as { weight_g: Tensor; weight_v: Tensor };
        [params.weight_g, params.weight_v] = [g, v];
        return net.forward(x);
      },
      [randn([2, 1], f64).requiresGrad_(), randn([2, 3], f64).requiresGrad_()],
    ),
  );
  const other = utils.weightNorm(new nn.Conv2d(2, 3, 2), { dim: null });
  t.deepEqual(other.getParameter('weight_g').shape, []);
  other
    .forward(ones([1, 2, 3, 3]))
    .sum()
    .backward();
  t.not(other.getParameter('weight_v').grad, null);

  const fresh = utils.weightNorm(new nn.Linear(2, 2));
  noGrad(() => fresh.getParameter('weight_g').mul_(2));
  const y = fresh.forward(ones([1, 2])).tolist();
  utils.removeWeightNorm(fresh);
  t.deepEqual(Object.keys(fresh.stateDict()), ['weight', 'bias']);
  const again = fresh.forward(ones([1, 2])).tolist() as number[][];
  (y as number[][])[0].forEach((value, i) => t.true(Math.abs(value - again[0][i]) < 1e-6));
  t.is((before as unknown[]).length, 2);
});

test('spectralNorm brings the largest singular value to 1', (t) => {
  manualSeed(3);
  const net = new nn.Linear(3, 2, f64);
  noGrad(() => net.weight.copy_(tensor([[3, 0, 0], [0, 1, 0]], f64))); // prettier-ignore
  utils.spectralNorm(net, { nPowerIterations: 20 });
  t.deepEqual(Object.keys(net.stateDict()), ['bias', 'weight_orig', 'weight_u', 'weight_v']);
  const x = randn([4, 3], f64);
  net.forward(x);
  const w = net.weight.tolist() as number[][];
  t.true(Math.abs(w[0][0] - 1) < 1e-12 && Math.abs(w[1][1] - 1 / 3) < 1e-12);
  net.eval();
  const u = net.getBuffer('weight_u').tolist();
  net.forward(x).sum().backward();
  t.deepEqual(net.getBuffer('weight_u').tolist(), u, 'no step outside training');
  t.deepEqual(net.getParameter('weight_orig').grad!.shape, [2, 3]);
  t.true(
    gradcheck(
      (original) => {
        (net as unknown as { weight_orig: Tensor }).weight_orig = original;
        return net.forward(x);
      },
      tensor([[3, 0, 0], [0, 1, 0]], f64).requiresGrad_(), // prettier-ignore
    ),
  );
  const other = utils.spectralNorm(new nn.Conv2d(2, 3, 2));
  utils.removeSpectralNorm(other);
  t.deepEqual(Object.keys(other.stateDict()), ['weight', 'bias']);
  t.deepEqual(other.weight.shape, [3, 2, 2, 2]);
});

// prettier-ignore
testWrongCalls([
  [() => init.uniform_(5 as never), TypeError, '[uniform_] tensor: expected a tensor, got 5'],
  [() => init.uniform_(zeros([1]), 2, 1), RangeError, '[uniform_] expected a ≤ b, got 2 and 1'],
  [() => init.normal_(zeros([1]), { sigma: 1 } as never), TypeError, "[normal_] options: unknown option 'sigma'; there is mean, std"],
  [() => init.eye_(zeros([1])), ShapeError, '[eye_] expected a matrix, got (1,)'],
  [() => init.xavierUniform_(zeros([1])), ShapeError, '[init] fans: expected at least two dimensions, got (1,)'],
  [() => init.kaimingNormal_(zeros([1, 1]), 0, 'fan' as never), RangeError, "[kaimingNormal_] mode: expected 'fanIn' or 'fanOut' or 'fan_in' or 'fan_out', got \"fan\""],
  [() => init.calculateGain('gelu' as never), RangeError, '[calculateGain] nonlinearity: expected linear, conv1d to convTranspose3d, sigmoid, tanh, relu, leakyRelu or selu, got "gelu"'],
  [() => init.dirac_(zeros([3, 2, 1]), 2), RangeError, '[dirac_] groups: expected a divisor of 3, got 2'],
  [() => utils.clipGradNorm(5 as never, 1), TypeError, '[clipGradNorm] parameters: expected parameters in a list or an iterator, got 5'],
  [() => utils.clipGradNorm([], 'a' as never), TypeError, '[clipGradNorm] maxNorm: expected a number, got "a"'],
  [() => utils.vectorToParameters(ones([2]), [ones([1])]), ShapeError, '[vectorToParameters] vec: expected shape (1,), got (2,)'],
  [() => utils.weightNorm(new nn.ReLU()), RangeError, '[weightNorm] ReLU has no parameter "weight"'],
  [() => utils.removeWeightNorm(new nn.Linear(1, 1)), RangeError, '[removeWeightNorm] Linear has no weightNorm of "weight"'],
  [() => utils.removeSpectralNorm(new nn.Linear(1, 1)), RangeError, '[removeSpectralNorm] Linear has no spectralNorm of "weight"'],
]);
