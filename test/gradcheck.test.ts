import test from 'ava';
import { gradcheck, gradgradcheck, noGrad, tensor, type GradFn, type Tensor } from '../lib/index.js';

// The check that checks everything else: it must fail for every kind of wrong gradient.

const input = (...values: number[]): Tensor => tensor(values, { dtype: 'float64', requiresGrad: true });

/** An op that computes `forward`, with a backward rule of our choice. */
const op =
  (forward: (x: Tensor) => Tensor, rule: (x: Tensor, g: Tensor) => Tensor) =>
  (x: Tensor): Tensor => {
    const gradFn: GradFn = (g) => [() => rule(x, g)];
    return noGrad(() => forward(x)).recordHistory('test', [x], [], gradFn);
  };
const cube = (x: Tensor): Tensor => x.mul(x).mul(x);

test('right gradients pass, also of several outputs and inputs', (t) => {
  t.true(gradcheck(cube, input(1, -2)));
  t.true(gradcheck((a: Tensor, b: Tensor) => [a.mul(b), a.sum(), a.argmax()], [input(1, 2), input(3, 4)]));
  t.true(gradcheck((a: Tensor, b: Tensor) => a.mul(b), [input(1, 2), tensor([3, 4], { dtype: 'float64' })]));
  t.true(gradcheck((a: Tensor) => a.T.mul(2), tensor([[1, 2], [3, 4]], { dtype: 'float64' }).T.requiresGrad_())); // prettier-ignore
  t.true(
    gradcheck(
      op(cube, (x, g) => g.mul(x).mul(x).mul(3)),
      input(1, -2),
    ),
  );
  t.true(
    gradgradcheck(
      op(cube, (x, g) => g.mul(x).mul(x).mul(3)),
      input(1, -2),
    ),
  );
});

test('wrong ones fail, and say where', (t) => {
  const wrong: Record<string, (x: Tensor) => Tensor> = {
    'a factor is missing': op(cube, (x, g) => g.mul(x).mul(x)),
    'a sign is wrong': op(cube, (x, g) => g.mul(x).mul(x).mul(-3)),
    'g is left out': op(cube, (x) => x.mul(x).mul(3)),
    'NaN': op(cube, (x, g) => g.mul(x).mul(NaN)),
    'zero': op(cube, (x, g) => g.mul(x).mul(0)),
    'elements are mixed up': op(cube, (x, g) => g.mul(x).mul(x).mul(3).slice(0, 1).add(g.mul(0))),
    'part of the graph is cut': (x) => x.detach().mul(x),
    'all of it is cut': (x) => x.detach().mul(2),
    'a number is read from the tensor': (x) => x.mul(x.data[0]),
  }; // prettier-ignore
  for (const [name, fn] of Object.entries(wrong))
    t.throws(
      () => gradcheck(fn, input(1.5, -2)),
      { message: /^\[gradcheck\] d outputs\[0\]\[\d\] \/ d inputs\[0\]\[\d\]/ },
      name,
    );
  t.throws(() => gradcheck((a: Tensor, b: Tensor) => a.mul(b.detach()), [input(1), input(2)]), {
    message: /inputs\[1\]/,
  });
});

test('a gradient that is right, but whose own gradient is wrong', (t) => {
  const fn = op(cube, (x, g) => g.mul(x.detach()).mul(x).mul(3));
  t.true(gradcheck(fn, input(1.5, -2)));
  t.throws(() => gradgradcheck(fn, input(1.5, -2)), { message: /^\[gradcheck\]/ });
  const cut = op(cube, (x, g) => g.mul(x.detach().square()).mul(3));
  t.throws(() => gradgradcheck(cut, input(1.5, -2)), { message: /^\[gradcheck\]/ });
});

test('neither inputs nor their grads are touched', (t) => {
  const x = input(1, 2);
  gradcheck(cube, x);
  gradgradcheck(cube, x);
  t.is(x.grad, null);
  t.deepEqual(x.tolist(), [1, 2]);
  t.is(x.storage.version, 0);
});
