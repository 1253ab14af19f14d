import test from 'ava';
import {
  backward,
  cat,
  enableGrad,
  grad,
  isGradEnabled,
  matmul,
  noGrad,
  stack,
  tensor,
  type Tensor,
} from '../lib/index.js';

const leaf = (values: Parameters<typeof tensor>[0]): Tensor =>
  tensor(values, { dtype: 'float64', requiresGrad: true });
const values = (x: Tensor | null): unknown => x?.tolist() ?? null;

test('backward fills grad of the leaves, and of no other tensor', (t) => {
  const [a, b] = [leaf([1, 2]), leaf([3, 4])];
  const c = a.mul(b);
  const loss = c.sum();
  loss.backward();
  t.deepEqual(values(a.grad), [3, 4]);
  t.deepEqual(values(b.grad), [1, 2]);
  t.is(c.grad, null);
  t.is(loss.grad, null);
  t.is(a.grad?.dtype, 'float64');
  t.false(a.grad?.requiresGrad);
});

test('backward adds to grad, pass after pass', (t) => {
  const a = leaf([1, 2]);
  for (let i = 0; i < 3; i++) a.square().sum().backward();
  t.deepEqual(values(a.grad), [6, 12]);
  a.grad = null;
  a.sum().backward();
  t.deepEqual(values(a.grad), [1, 1]);
});

test('a gradient to start from is given for anything but a single number', (t) => {
  const a = leaf([[1, 2], [3, 4]]); // prettier-ignore
  a.mul(2).backward(tensor([[1, 10], [100, 1000]], { dtype: 'float64' })); // prettier-ignore
  t.deepEqual(values(a.grad), [[2, 20], [200, 2000]]); // prettier-ignore
  const b = leaf([[7]]);
  b.square().backward();
  t.deepEqual(values(b.grad), [[14]]);
  const c = leaf(3);
  c.backward();
  t.is(values(c.grad), 1, 'of a leaf itself');
});

test('a diamond: gradients meet, and are added before they go on', (t) => {
  const a = leaf([2, 3]);
  const b = a.mul(3);
  const loss = b.mul(b).add(b.tanh()).add(a).sum();
  loss.backward();
  const expected = [2, 3].map((x) => 18 * x + 3 * (1 - Math.tanh(3 * x) ** 2) + 1);
  (values(a.grad) as number[]).forEach((g, i) => t.true(Math.abs(g - expected[i]) < 1e-12));
});

test('a tensor used twice by one op', (t) => {
  const a = leaf([2, 3]);
  cat([a, a.mul(a), a])
    .sum()
    .backward();
  t.deepEqual(values(a.grad), [6, 8]);
  const m = leaf([[1, 2], [3, 4]]); // prettier-ignore
  matmul(m, m).sum().backward();
  t.deepEqual(values(m.grad), [[7, 11], [9, 13]]); // prettier-ignore
});

test('a chain of 100,000 ops', (t) => {
  const a = leaf([1, 2]);
  let x = a;
  for (let i = 0; i < 100_000; i++) x = i % 2 === 0 ? x.add(1) : x.neg();
  x.sum().backward();
  t.deepEqual(values(a.grad), [1, 1]);
  let y = a;
  for (let i = 0; i < 100_000; i++) y = y.add(0.5);
  t.deepEqual(values(grad(y.sum(), a, { createGraph: true })[0]), [1, 1]);
});

test('100,000 parents of one op', (t) => {
  const a = leaf(2);
  const all = Array.from({ length: 100_000 }, () => a);
  stack(all).sum().backward();
  t.is(values(a.grad), 100_000);
});

test('a leaf that requires grad only after the forward gets none', (t) => {
  const frozen = tensor([1, 2]);
  const x = tensor([3, 4], { requiresGrad: true });
  const before = frozen.mul(x);
  frozen.requiresGrad = true;
  before.sum().backward(null, { retainGraph: true });
  t.is(frozen.grad, null);
  t.deepEqual(x.grad?.tolist(), [1, 2]);
  t.throws(() => grad(before.sum(), frozen), { message: /^\[grad\] inputs\[0\] was not used/ });
  frozen.mul(x).add(before).sum().backward();
  t.deepEqual(frozen.grad?.tolist(), [3, 4], 'only where it did at the time');
  t.deepEqual(x.grad?.tolist(), [3, 6]);
});

test('a leaf that required grad at the forward gets one, though it was frozen in between', (t) => {
  const x = tensor([3, 4], { requiresGrad: true });
  const y = x.square().sum();
  x.requiresGrad = false;
  x.mul(2);
  x.requiresGrad = true;
  y.backward();
  t.deepEqual(x.grad?.tolist(), [6, 8]);
});

test('detach and noGrad cut the graph, detach on the same memory', (t) => {
  const a = leaf([1, 2]);
  const d = a.detach();
  t.false(d.requiresGrad);
  t.is(d.storage, a.storage);
  a.mul(a.detach()).sum().backward();
  t.deepEqual(values(a.grad), [1, 2]);
  const c = noGrad(() => {
    t.false(isGradEnabled());
    t.true(enableGrad(() => a.mul(2)).requiresGrad);
    return a.mul(2);
  });
  t.true(isGradEnabled());
  t.false(c.requiresGrad);
  t.true(c.isLeaf);
  t.throws(() => noGrad(() => BigInt('x')), { instanceOf: SyntaxError });
  t.true(isGradEnabled(), 'also after an error');
});

test('a result requires grad when one of its inputs does', (t) => {
  const a = leaf([1, 2]);
  const constant = tensor([3, 4], { dtype: 'float64' });
  t.false(constant.mul(constant).requiresGrad);
  const b = constant.mul(a);
  t.true(b.requiresGrad);
  t.false(b.isLeaf);
  t.is(b.op, 'mul');
  b.sum().backward();
  t.is(constant.grad, null);
});

test('grad returns gradients and touches no grad', (t) => {
  const [a, b] = [leaf([1, 2]), leaf([3, 4])];
  const c = a.mul(b);
  const [ga, gc] = grad(c.square().sum(), [a, c]);
  t.deepEqual(values(gc), [6, 16]);
  t.deepEqual(values(ga), [18, 64]);
  t.is(a.grad, null);
  t.is(b.grad, null);
  t.deepEqual(values(grad(a, a, { gradOutputs: tensor([5, 6], { dtype: 'float64' }) })[0]), [5, 6]);
});

test('grad of several outputs, with gradients for some', (t) => {
  const a = leaf([1, 2]);
  const [y, z] = [a.mul(2), a.square().sum()];
  const [g] = grad([y, z], a, { gradOutputs: [tensor([1, 10], { dtype: 'float64' }), null] });
  t.deepEqual(values(g), [4, 24]);
  const b = leaf([1, 2]);
  const s = b.sum();
  t.deepEqual(values(grad([s, s], b)[0]), [2, 2], 'the same output twice');
  const c = leaf([3]);
  const d = c.mul(2);
  t.deepEqual(values(grad([d, d.square()], c)[0]), [26], 'one output behind another');
});

test('grad of an input that is not used', (t) => {
  const [a, b] = [leaf([1]), leaf([2])];
  t.deepEqual(grad(a.mul(2), [a, b], { allowUnused: true }).map(values), [[2], null]);
  t.throws(() => grad(a.mul(2), [a, b]), { message: /inputs\[1\] was not used/ });
});

test('a graph is freed by a pass over it, unless it is retained', (t) => {
  const a = leaf([1, 2]);
  const loss = a.exp().sum();
  loss.backward(null, { retainGraph: true });
  loss.backward();
  t.throws(() => loss.backward(), { message: /already freed/ });
  t.throws(() => grad(loss, a), { message: /already freed/ });
  t.throws(() => loss.mul(2).backward(), { message: /already freed/ }, 'built upon');
  t.is(loss.parents.length, 0);
  t.is(loss.saved.length, 0);
});

test('grad goes no further back than to its inputs: what lies behind is neither freed nor checked', (t) => {
  const x = leaf([2, 3]);
  const h = x.square();
  const y = h.exp().sum();
  const [gh] = grad(y, h);
  h.backward(gh);
  const expected = [2, 3].map((v) => Math.exp(v * v) * 2 * v);
  (values(x.grad) as number[]).forEach((g, i) => t.true(Math.abs(g / expected[i] - 1) < 1e-14));

  const w = leaf([2, 3]);
  const k = w.square();
  const z = k.mul(3).sum();
  noGrad(() => w.add_(1));
  t.deepEqual(
    values(grad(z, k, { retainGraph: true })[0]),
    [3, 3],
    'the square has saved w, but nobody asks',
  );
  t.throws(() => z.backward(), { message: /square saved/ });
});

test('a freed graph behind the input is an error as soon as it might matter', (t) => {
  const x = leaf([2, 3]);
  const h = x.square();
  h.sum().backward();
  const y = h.mul(x).sum();
  t.deepEqual(values(grad(y, h, { retainGraph: true })[0]), [2, 3]);
  // x is reached directly too, but part of its gradient would be missing.
  t.throws(() => grad(y, x), { message: /already freed/ });
  t.throws(() => grad(y, [h, x], { allowUnused: true }), { message: /already freed/ });
  t.throws(() => y.backward(), { message: /already freed/ });
});

test('createGraph: gradients of gradients, by grad and by backward', (t) => {
  const x = leaf([2, 3]);
  const [g] = grad(x.pow(3).sum(), x, { createGraph: true });
  t.deepEqual(values(g), [12, 27]);
  const [gg] = grad(g.sum(), x, { createGraph: true });
  t.deepEqual(values(gg), [12, 18]);
  const [ggg] = grad(gg.sum(), x, { createGraph: true });
  t.deepEqual(values(ggg), [6, 6]);

  const y = leaf([2, 3]);
  y.pow(3).sum().backward(null, { createGraph: true });
  const first = y.grad as Tensor;
  t.true(first.requiresGrad);
  y.grad = null;
  first.sum().backward();
  t.deepEqual(values(y.grad), [12, 18]);
});

test('a gradient penalty: the norm of a gradient as part of a loss', (t) => {
  const w = leaf([[1, 2], [3, 4]]); // prettier-ignore
  const x = leaf([[1, -1]]);
  const out = matmul(x, w).tanh().sum();
  const [gx] = grad(out, x, { createGraph: true });
  const penalty = gx.square().sum();
  penalty.add(out).backward();
  const f = (w00: number): number => {
    const h = [w00 - 3, 2 - 4].map((v) => 1 - Math.tanh(v) ** 2);
    const [a, b] = [w00 * h[0] + 2 * h[1], 3 * h[0] + 4 * h[1]];
    return a * a + b * b + Math.tanh(w00 - 3) + Math.tanh(-2);
  };
  const numeric = (f(1 + 1e-6) - f(1 - 1e-6)) / 2e-6;
  t.true(Math.abs(((values(w.grad) as number[][])[0][0] - numeric) / numeric) < 1e-6);
});

test('gradients in the dtype of their tensors, through a change of dtype', (t) => {
  const a = tensor([1, 2], { requiresGrad: true });
  const b = leaf([3, 4]);
  a.mul(b).sum().backward();
  t.is(a.grad?.dtype, 'float32');
  t.is(b.grad?.dtype, 'float64');
  t.deepEqual(values(a.grad), [3, 4]);
  const scale = leaf(2);
  a.mul(scale).sum().backward();
  t.is(scale.grad?.dtype, 'float64', 'a 0-d tensor that was narrowed');
  t.is(values(scale.grad), 3);
  t.false(a.to('int32').requiresGrad);
});

test('a leaf may be a view, expanded or transposed', (t) => {
  const base = tensor([[1, 2, 3]], { dtype: 'float64' });
  const x = base.expand(2, 3);
  x.requiresGrad = true;
  x.square().sum().backward();
  t.deepEqual(values(x.grad), [[2, 4, 6], [2, 4, 6]]); // prettier-ignore
  t.deepEqual(x.grad?.strides, [3, 1]);
});

test('requiresGrad follows the rules', (t) => {
  const x = tensor([1, 2]);
  x.requiresGrad_();
  t.true(x.requiresGrad);
  const y = x.mul(2);
  t.throws(() => (y.requiresGrad = false), { message: /use detach\(\)/ });
  x.requiresGrad = false;
  y.sum().backward();
  t.is(x.grad, null, 'nobody wants one any more');
});

test('backward is a function too', (t) => {
  const a = leaf([1, 2]);
  backward(a.sum());
  t.deepEqual(values(a.grad), [1, 1]);
});

test('a gradient that is set to the tensor itself is added to, not written over', (t) => {
  const w = tensor([1, 2], { requiresGrad: true });
  w.grad = w.detach();
  w.mul(3).sum().backward();
  t.deepEqual(w.tolist(), [1, 2]);
  t.deepEqual(w.grad.tolist(), [4, 5]);
});
