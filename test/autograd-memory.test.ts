import test from 'ava';
import { add, cat, noGrad, optim, stack, tensor, type Tensor } from '../lib/index.js';
import { freeListBytes } from '../lib/storage.js';

// Whose memory a gradient lies in, what is changed in place, and what is given back.

const leaf = (values: Parameters<typeof tensor>[0]): Tensor =>
  tensor(values, { dtype: 'float64', requiresGrad: true });
const values = (x: Tensor | null): unknown => x?.tolist() ?? null;

test('retainGrad fills grad of a result', (t) => {
  const a = leaf([1, 2]);
  const b = a.mul(3).retainGrad();
  const c = b.add(1).retainGrad();
  c.square().sum().backward();
  t.deepEqual(values(c.grad), [8, 14]);
  t.deepEqual(values(b.grad), [8, 14]);
  t.deepEqual(values(a.grad), [24, 42]);
  noGrad(() => c.grad?.zero_());
  t.deepEqual(values(b.grad), [8, 14], 'though the gradient of an addition is passed on as it is');
});

test('no two grads share memory, whatever the rules pass on', (t) => {
  const shared: Record<string, (a: Tensor, b: Tensor) => Tensor> = {
    add: (a, b) => add(a, b),
    sub: (a, b) => a.sub(b),
    clone: (a, b) => a.clone().add(b.reshape(4).reshape(2, 2)),
    views: (a, b) => a.transpose(0, 1).add(b.T),
    halves: (a, b) => cat([a, b]).add(0),
    stack: (a, b) => stack([a, b]),
  };
  for (const [name, fn] of Object.entries(shared))
    for (const given of [false, true]) {
      const [a, b] = [leaf([[1, 2], [3, 4]]), leaf([[5, 6], [7, 8]])]; // prettier-ignore
      const y = fn(a, b);
      const seed = noGrad(() => y.detach().mul(0).add(1));
      if (given) y.backward(seed);
      else y.sum().backward();
      const before = values(b.grad);
      noGrad(() => a.grad?.fill_(99));
      t.deepEqual(values(b.grad), before, name);
      t.true(
        (seed.toArray() as Float64Array).every((v) => v === 1),
        `${name}: the gradient given is not touched`,
      );
      y.detach();
    }
});

test('grads of leaves that the gradient given is a part of', (t) => {
  const x = leaf([[1, 2], [3, 4]]); // prettier-ignore
  x.grad = tensor([[1, 2], [3, 4]], { dtype: 'float64' }); // prettier-ignore
  x.backward(x.grad.T);
  t.deepEqual(values(x.grad), [[2, 5], [5, 8]]); // prettier-ignore
  for (const sum of [(p: Tensor, q: Tensor) => p.add(q), (p: Tensor, q: Tensor) => q.add(p)]) {
    const [a, c] = [leaf([1, 2]), leaf([3, 4])];
    c.grad = tensor([10, 20], { dtype: 'float64' });
    sum(a, c.mul(2)).backward(c.grad);
    t.deepEqual(values(a.grad), [10, 20]);
    t.deepEqual(values(c.grad), [30, 60]);
  }
});

test('a grad that the graph itself has read', (t) => {
  for (const sum of [(p: Tensor, q: Tensor) => p.add(q), (p: Tensor, q: Tensor) => q.add(p)]) {
    const [x, w] = [leaf([1, 2]), leaf([3, 4])];
    x.grad = tensor([10, 20], { dtype: 'float64' });
    sum(x.mul(2).sum(), w.mul(x.grad).sum()).backward();
    t.deepEqual(values(w.grad), [10, 20], 'what it was when it was read');
    t.deepEqual(values(x.grad), [12, 22]);
  }
});

test('adding to a grad, and a step of an optimizer, are changes in place', (t) => {
  const [x, w] = [leaf([1, 2]), leaf([3, 4])];
  x.sum().backward();
  const loss = w.mul(x.grad as Tensor).sum();
  x.sum().backward();
  t.throws(() => loss.backward(), { message: /that mul saved for its gradient was changed in place/ });
  for (const optimizer of [new optim.SGD([w]), new optim.Adam([w])]) {
    w.grad = tensor([1, 1], { dtype: 'float64' });
    const before = w.square().sum();
    optimizer.step();
    t.throws(() => before.backward(), { message: /that square saved for its gradient was changed in place/ });
  }
});

test('grad may be set, and is added to when it fits', (t) => {
  const a = leaf([1, 2]);
  a.grad = tensor([10, 20], { dtype: 'float64' });
  a.sum().backward();
  t.deepEqual(values(a.grad), [11, 21]);
  a.grad = tensor([[1], [2]], { dtype: 'float64' });
  t.throws(() => a.sum().backward(), {
    message: '[backward] grad was set to float64 (2, 1) on a tensor that is float64 (2,)',
  });
  const base = tensor([0, 0, 0, 0], { dtype: 'float64' });
  a.grad = base.slice(0, 0, null, 2);
  a.sum().backward();
  t.deepEqual(values(a.grad), [1, 1], 'a strided one is replaced');
});

test('an error on the way leaves every grad as it was', (t) => {
  const [a, b] = [leaf([1, 2]), leaf([3, 4])];
  const bad = b.mul(1);
  bad.recordHistory('bad', [b], [], () => [() => tensor([1, 2, 3])]);
  const loss = a.mul(2).sum().add(bad.sum());
  t.throws(() => loss.backward(), {
    message: '[backward] the gradient rule of bad returned float32 (3,) for an input that is float64 (2,)',
  });
  t.is(a.grad, null);
  t.is(b.grad, null);
});

test('what backward makes goes back to the free list', (t) => {
  const a = leaf(Array.from({ length: 5000 }, (_, i) => i / 5000));
  const before = freeListBytes();
  let x = a;
  for (let i = 0; i < 50; i++) x = x.mul(1.01);
  x.sum().backward();
  const bytes = freeListBytes() - before;
  t.true(bytes > 0, 'something was recycled');
  t.true(bytes < 4 * 50_000, `a chain of 50 needs a few buffers at a time, not 50: ${bytes} bytes`);
});
