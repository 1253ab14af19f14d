import test from 'ava';
import { compile, grad, gradcheck, nn, tensor, tidy, type Tensor } from '../lib/index.js';
import { BACKENDS, onBackend } from './support/check.js';

const input = (...values: number[]): Tensor => tensor(values, { dtype: 'float64', requiresGrad: true });

for (const backend of BACKENDS)
  test(`hooks see the whole gradient and may replace it, on ${backend}`, (t) => {
    onBackend(backend, () => {
      const x = input(1, 2);
      const y = x.mul(2);
      const seen: unknown[] = [];
      y.registerHook((g) => {
        seen.push(g.tolist());
      });
      const handle = y.registerHook((g) => g.mul(10));
      x.registerHook((g) => {
        seen.push(g.tolist());
        return g.add(1);
      });
      y.mul(3).add(y).sum().backward(null, { retainGraph: true });
      t.deepEqual(seen, [
        [4, 4],
        [80, 80],
      ]);
      t.deepEqual(x.grad!.tolist(), [81, 81]);

      handle.remove();
      handle.remove();
      x.grad = null;
      t.deepEqual(
        grad(y.sum(), x).map((g) => g.tolist()),
        [[3, 3]],
        'also in grad',
      );
      t.is(x.grad, null);
    });
  });

test('hooks of one tensor run in the order they came, each on what the last one gave', (t) => {
  const x = input(1);
  x.registerHook((g) => g.add(1));
  x.registerHook((g) => g.mul(2));
  x.mul(1).sum().backward();
  t.deepEqual(x.grad!.tolist(), [4]);
  const y = input(3).requiresGrad_();
  const z = y.square();
  z.retainGrad();
  z.registerHook((g) => g.mul(5));
  z.sum().backward();
  t.deepEqual([z.grad!.tolist(), y.grad!.tolist()], [[5], [30]], 'retainGrad holds what hooks made of it');
});

test('a hook written in ops is differentiated under createGraph', (t) => {
  const f = (x: Tensor): Tensor => {
    const y = x.mul(1);
    const handle = y.registerHook((g) => g.mul(x));
    const [g] = grad(y.square().sum(), x, { createGraph: true });
    // Or it would be there for the gradient of the gradient, too.
    handle.remove();
    return g;
  };
  t.true(gradcheck(f, input(1, -2)));
});

test('gradients that a hook has looked at stay what they were', (t) => {
  const x = tensor([1, 2], { requiresGrad: true });
  const seen: Tensor[] = [];
  const y = x.mul(2);
  y.registerHook((g) => {
    seen.push(g);
  });
  tidy(() => y.mul(3).sum().backward());
  tidy(() => void x.mul(9).mul(7));
  t.deepEqual(seen[0].tolist(), [3, 3]);
});

test('registerPostAccumulateGradHook comes after grad is filled', (t) => {
  const x = input(1);
  const seen: unknown[] = [];
  const handle = x.registerPostAccumulateGradHook((leaf) => {
    seen.push(leaf.grad!.tolist());
    leaf.grad = null;
  });
  x.mul(2).sum().backward();
  x.mul(3).sum().backward();
  handle.remove();
  x.mul(4).sum().backward();
  t.deepEqual(seen, [[2], [3]]);
  t.deepEqual(x.grad!.tolist(), [4]);
});

test('wrong calls, and hooks that return what does not fit', (t) => {
  t.throws(() => tensor([1]).registerHook(() => undefined), {
    message: '[registerHook] expected a tensor that requires grad',
  });
  t.throws(() => input(1).registerHook(3 as never), { message: '[registerHook] expected a function, got 3' });
  t.throws(
    () =>
      input(1)
        .mul(2)
        .registerPostAccumulateGradHook(() => undefined),
    {
      message: '[registerPostAccumulateGradHook] expected a leaf that requires grad',
    },
  );
  const back = (result: (g: Tensor) => unknown) => () => {
    const x = input(1, 2);
    x.registerHook(result as never);
    x.sum().backward();
  };
  t.throws(back(() => 5), { message: '[registerHook] the result of the hook: expected a tensor, got 5' }); // prettier-ignore
  t.throws(
    back((g) => g.sum()),
    {
      message: '[registerHook] the hook returned a gradient of shape () for a tensor of shape (2,)',
    },
  );
  t.throws(
    back((g) => g.to('float32')),
    {
      message: '[registerHook] the hook returned a gradient that is float32 for a tensor that is float64',
    },
  );
});

test('a compiled step is recorded anew when a hook comes or goes', (t) => {
  const w = new nn.Parameter(tensor([1, 2]));
  const step = compile((x: Tensor) => {
    w.grad = null;
    w.mul(x).sum().backward();
    return w.grad!.clone();
  });
  const x = tensor([3, 4]);
  t.deepEqual(step(x).tolist(), [3, 4]);
  const handle = w.registerHook((g) => g.mul(2));
  t.deepEqual(step(x).tolist(), [6, 8]);
  t.deepEqual(step(x).tolist(), [6, 8]);
  handle.remove();
  t.deepEqual(step(x).tolist(), [3, 4]);
});
