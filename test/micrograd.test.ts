import test from 'ava';
import { manualSeed, matmul, noGrad, rand, randn, relu, tensor, zeros, type Tensor } from '../lib/index.js';

// micrograd's own checks (test/test_engine.py), with the values that PyTorch gives in float64, and its demo.
// https://github.com/karpathy/micrograd

const value = (x: number): Tensor => tensor(x, { dtype: 'float64', requiresGrad: true });
const near = (a: number | undefined, b: number): boolean =>
  a !== undefined && Math.abs(a - b) <= 1e-12 * Math.abs(b);

test('test_sanity_check', (t) => {
  const x = value(-4);
  const z = x.mul(2).add(2).add(x);
  const q = z.relu().add(z.mul(x));
  const h = z.mul(z).relu();
  const y = h.add(q).add(q.mul(x));
  y.backward();
  t.is(y.item(), -20);
  t.is(x.grad?.item(), 46);
});

test('test_more_ops', (t) => {
  const [a, b] = [value(-4), value(2)];
  let c = a.add(b);
  let d = a.mul(b).add(b.pow(3));
  c = c.add(c.add(1));
  c = c.add(tensor(1, { dtype: 'float64' }).add(c).add(a.neg()));
  d = d.add(d.mul(2).add(b.add(a).relu()));
  d = d.add(d.mul(3).add(b.sub(a).relu()));
  const e = c.sub(d);
  const f = e.pow(2);
  let g = f.div(2);
  g = g.add(tensor(10, { dtype: 'float64' }).div(f));
  g.backward();
  t.true(near(g.item(), 24.70408163265306));
  t.true(near(a.grad?.item(), 138.83381924198252));
  t.true(near(b.grad?.item(), 645.5772594752186));
});

test("the lecture's neuron", (t) => {
  const [x1, x2, w1, w2, b] = [2, 0, -3, 1, 6.881373587019543].map(value);
  const o = x1.mul(w1).add(x2.mul(w2)).add(b).tanh();
  o.backward();
  t.true(near(o.item(), Math.SQRT1_2));
  [-1.5, 0.5, 1, 0].forEach((g, i) =>
    t.true(Math.abs(([x1, x2, w1, w2][i].grad?.item() ?? NaN) - g) < 1e-12),
  );
});

test('the demo: two moons, a network of 2-16-16-1, a max-margin loss', (t) => {
  manualSeed(1337);
  const [x, y] = moons(100);
  const layer = (inputs: number, outputs: number): [Tensor, Tensor] => [
    rand([inputs, outputs]).mul(2).sub(1).requiresGrad_(),
    zeros([outputs], { requiresGrad: true }),
  ];
  const layers = [layer(2, 16), layer(16, 16), layer(16, 1)];
  const forward = (input: Tensor): Tensor =>
    layers.reduce((h, [w, b], i) => {
      const z = matmul(h, w).add(b);
      return i < 2 ? relu(z) : z.reshape(-1);
    }, input);
  const parameters = layers.flat();

  let [loss, accuracy] = [NaN, NaN];
  for (let k = 0; k < 100; k++) {
    const scores = forward(x);
    const losses = relu(y.neg().mul(scores).add(1));
    const penalty = parameters.map((p) => p.square().sum()).reduce((a, b) => a.add(b));
    const total = losses.mean().add(penalty.mul(1e-4));
    [loss, accuracy] = [total.item(), scores.mul(y).gt(0).to('float32').mean().item()];
    for (const p of parameters) p.grad = null;
    total.backward();
    const rate = 1 - (0.9 * k) / 100;
    noGrad(() => {
      for (const p of parameters) if (p.grad) p.sub_(p.grad.mul(rate));
    });
  }
  t.true(accuracy >= 0.99, `accuracy ${accuracy}`);
  t.true(loss < 0.05, `loss ${loss}`);
});

/** Two half circles that reach into each other, with some noise, as scikit-learn's make_moons; labels -1 and 1. */
function moons(n: number): [Tensor, Tensor] {
  const half = n / 2;
  const angle = (i: number): number => (Math.PI * i) / (half - 1);
  const outer = Array.from({ length: half }, (_, i) => [Math.cos(angle(i)), Math.sin(angle(i))]);
  const inner = Array.from({ length: half }, (_, i) => [1 - Math.cos(angle(i)), 0.5 - Math.sin(angle(i))]);
  const labels = Array.from({ length: n }, (_, i) => (i < half ? -1 : 1));
  return [tensor([...outer, ...inner]).add(randn([n, 2]).mul(0.1)), tensor(labels)];
}
