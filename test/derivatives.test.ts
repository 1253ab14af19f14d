import test from 'ava';
import {
  autograd,
  functional,
  gradcheck,
  hessian,
  hvp,
  jacobian,
  jvp,
  tensor,
  vhp,
  vjp,
  type Tensor,
} from '../lib/index.js';
import { BACKENDS, onBackend } from './support/check.js';

// The numbers are those of torch.autograd.functional, and of calculus.

const f64 = (values: never[] | number | number[] | number[][]): Tensor =>
  tensor(values, { dtype: 'float64' });
const lists = (x: unknown): unknown =>
  Array.isArray(x) ? x.map(lists) : (x as { tolist: () => unknown }).tolist();

for (const backend of BACKENDS)
  test(`jacobian, hessian and products, on ${backend}`, (t) => {
    onBackend(backend, () => {
      const x = f64([1, 2, 3]);
      t.deepEqual(lists(jacobian((x) => x.square(), x)), [[2, 0, 0], [0, 4, 0], [0, 0, 6]]); // prettier-ignore
      t.deepEqual(lists(jacobian((x) => x.sum(), x)), [1, 1, 1]);
      const two = jacobian((a, b) => [a.mul(b), a.sum()], [f64([1, 2]), f64([3, 4])]);
      t.deepEqual(lists(two), [[[[3, 0], [0, 4]], [[1, 0], [0, 2]]], [[1, 1], [0, 0]]]); // prettier-ignore
      t.deepEqual(jacobian((x) => x.sum(1), f64([[1, 2], [3, 4]])).shape, [2, 2, 2]); // prettier-ignore

      const cube = (x: Tensor): Tensor => x.mul(x).mul(x).sum();
      t.deepEqual(lists(hessian(cube, x)), [[6, 0, 0], [0, 12, 0], [0, 0, 18]]); // prettier-ignore
      const mixed = hessian((a, b) => a.square().mul(b).sum(), [f64([2]), f64([5])]);
      t.deepEqual(lists(mixed), [
        [[[10]], [[4]]],
        [[[4]], [[0]]],
      ]);
      t.deepEqual(lists(hessian((x) => x.sum(), x)), [[0, 0, 0], [0, 0, 0], [0, 0, 0]]); // prettier-ignore
      t.deepEqual(lists(hessian(() => f64(1), x)), [[0, 0, 0], [0, 0, 0], [0, 0, 0]]); // prettier-ignore

      const v = f64([1, 10, 100]);
      t.deepEqual(lists(vjp((x) => x.square(), x, v)), [[1, 4, 9], [2, 40, 600]]); // prettier-ignore
      t.deepEqual(lists(vjp(cube, x)), [36, [3, 12, 27]]);
      t.deepEqual(lists(jvp((x) => x.square(), x, v)), [[1, 4, 9], [2, 40, 600]]); // prettier-ignore
      t.deepEqual(lists(jvp((x) => [x.sum(), x.mul(2)], x, { v })), [[6, [2, 4, 6]], [111, [2, 20, 200]]]); // prettier-ignore
      t.deepEqual(lists(jvp((x) => x.mul(2), f64([4]))), [[8], [2]]);
      t.deepEqual(lists(hvp(cube, x, v)), [36, [6, 120, 1800]]);
      t.deepEqual(lists(vhp(cube, x, v)), [36, [6, 120, 1800]]);
      t.deepEqual(lists(vhp((a, b) => a.square().mul(b).sum(), [f64([2]), f64([5])], [f64([1]), f64([10])])), [20, [[50], [4]]]); // prettier-ignore
    });
  });

test('without elements', (t) => {
  t.deepEqual(jacobian((x) => x.mul(2), f64([])).shape, [0, 0]);
  t.deepEqual(jacobian((x) => x.mul(2), f64(3)).tolist(), 2);
});

test('neither the inputs nor the caller’s graph are touched, but for createGraph', (t) => {
  const x = f64([1, 2]).requiresGrad_();
  const y = x.mul(2);
  const plain = jacobian((x) => x.square(), y);
  t.false(plain.requiresGrad);
  t.is(x.grad, null);
  const recorded = jacobian((x) => x.square(), y, true);
  recorded.sum().backward();
  t.deepEqual(x.grad!.tolist(), [4, 4]);
});

test('createGraph gives derivatives of derivatives', (t) => {
  const g = (x: Tensor): Tensor => x.exp().mul(x).sum();
  for (const f of [
    (x: Tensor) => jacobian((x) => x.exp(), x, { createGraph: true }),
    (x: Tensor) => hessian(g, x, { createGraph: true }),
    (x: Tensor) => jvp((x) => x.exp(), x, x, true)[1],
    (x: Tensor) => vjp((x) => x.exp(), x, x, { createGraph: true })[1],
    (x: Tensor) => hvp(g, x, x, { createGraph: true })[1],
  ])
    t.true(gradcheck(f, f64([0.5, -1]).requiresGrad_()));
});

test('strict: what does not depend is an error', (t) => {
  const [a, b] = [f64([1]), f64([2])];
  t.throws(() => jacobian((a) => a, [a, b], { strict: true }), {
    message: '[jacobian] output 0 does not depend on input 1, which is an error with strict',
  });
  t.throws(() => vjp((x) => x.detach(), a, { strict: true }), {
    message: '[vjp] output 0 does not depend on input 0, which is an error with strict',
  });
  t.throws(() => hvp((x) => x.sum(), a, a, false, true), {
    message: '[hvp] output 0 does not depend on input 0, which is an error with strict',
  });
});

test('wrong calls', (t) => {
  const x = f64([1, 2]);
  t.throws(() => jacobian(3 as never, x), { message: '[jacobian] expected a function, got 3' });
  t.throws(() => jacobian((x) => x, [] as never), {
    message: '[jacobian] inputs: expected at least one tensor',
  });
  t.throws(() => vjp((x) => x, x), {
    message: '[vjp] v: expected a vector, which can be left out for one number only',
  });
  t.throws(() => jvp((x) => x, x, f64([1])), { message: '[jvp] v[0]: expected shape (2,), got (1,)' });
  t.throws(() => jvp((x) => x, x, tensor([1, 2])), { message: '[jvp] v[0]: expected float64, got float32' });
  t.throws(() => jvp((x) => x, x, [x, x]), { message: '[jvp] v: expected 1 tensors, got 2' });
  t.throws(() => hessian((x) => x, x), {
    message: '[hessian] expected a function that gives one number, got shape (2,)',
  });
  t.throws(() => jacobian((x) => x, x, { creategraph: true } as never), { message: /unknown option/ });
  t.throws(() => jacobian(() => 5 as never, x), { message: '[jacobian] outputs: expected a tensor, got 5' });
  t.is(functional.jacobian, jacobian);
  t.is(autograd.functional.jacobian, jacobian);
});
