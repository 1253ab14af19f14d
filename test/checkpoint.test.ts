import test from 'ava';
import {
  checkpoint,
  checkpointSequential,
  compile,
  dropout,
  grad,
  gradcheck,
  gradgradcheck,
  manualSeed,
  nn,
  noGrad,
  rand,
  randn,
  tensor,
  type Tensor,
} from '../lib/index.js';
import { BACKENDS, onBackend, sameBits } from './support/check.js';

const input = (...values: number[]): Tensor => tensor(values, { dtype: 'float64', requiresGrad: true });

for (const backend of BACKENDS)
  test(`gradients are those of the function, on ${backend}`, (t) => {
    onBackend(backend, () => {
      const f = (a: Tensor, b: Tensor): Tensor =>
        checkpoint((a: Tensor, b: Tensor) => a.mul(b).exp().tanh(), a, b);
      t.true(gradcheck(f, [input(1, -0.5), input(0.3, 0.4)]));
      t.true(gradgradcheck(f, [input(1, -0.5), input(0.3, 0.4)]));
      const several = (a: Tensor): Tensor[] =>
        checkpoint((a: Tensor) => [a.exp(), a.mul(2), a.square().sum()], a);
      t.true(gradcheck(several, input(1, -0.5)));
      t.true(gradgradcheck(several, input(1, -0.5)));
      // One input made from another, and used again outside.
      const tied = (a: Tensor): Tensor => {
        const b = a.square();
        return checkpoint((a: Tensor, b: Tensor) => a.mul(b), a, b).mul(b);
      };
      t.true(gradcheck(tied, input(1, -0.5)));
      t.true(gradgradcheck(tied, input(1, -0.5)));
      const nested = (a: Tensor): Tensor =>
        checkpoint((x: Tensor) => checkpoint((y: Tensor) => y.exp().mul(a), x.square()).tanh(), a);
      t.true(gradcheck(nested, input(1, -0.5)));
      t.true(gradgradcheck(nested, input(1, -0.5)));
    });
  });

test('parameters and tensors that the function finds outside get theirs, and in grad too', (t) => {
  const layer = new nn.Linear(3, 3, { dtype: 'float64' });
  const x = randn([2, 3], { dtype: 'float64', requiresGrad: true });
  let outside = x.mul(2);
  const f = (y: Tensor): Tensor => layer.forward(y).mul(outside).tanh();
  const wanted = [x, layer.weight, layer.bias!];
  const plain = grad(f(f(x)).sum(), wanted);
  outside = x.mul(2);
  const again = grad(checkpoint(f, checkpoint(f, x)).sum(), wanted);
  plain.forEach((g, i) => t.true(sameBits(g, again[i]), `input ${i}`));
  outside = x.mul(2);
  checkpoint(f, checkpoint(f, x)).sum().backward();
  plain.forEach((g, i) => t.true(sameBits(g, wanted[i].grad!), `grad of ${i}`));
  // No input that requires grad.
  const [w] = grad(checkpoint((y: Tensor) => layer.forward(y), x.detach()).sum(), layer.weight);
  t.deepEqual(w.shape, [3, 3]);
});

test('the function runs once forward and once back, and dropout drops the same', (t) => {
  let runs = 0;
  const x = rand([1000]).requiresGrad_();
  const f = (x: Tensor): Tensor => {
    runs++;
    return dropout(x, 0.5);
  };
  const y = checkpoint(f, x);
  const next = rand([1]);
  t.is(runs, 1);
  y.sum().backward();
  t.is(runs, 2);
  t.deepEqual(
    [...y.toArray()].map((v) => (v === 0 ? 0 : 2)),
    [...x.grad!.toArray()],
  );
  manualSeed(3);
  const z = checkpoint(f, x, { preserveRngState: false, useReentrant: false });
  z.sum().backward();
  t.not(next.item(), rand([1]).item());
});

test('the random numbers go on afterwards as if nothing had happened', (t) => {
  const x = rand([100]).requiresGrad_();
  const draw = (run: (f: (x: Tensor) => Tensor) => Tensor): number => {
    manualSeed(1);
    run((x) => dropout(x))
      .sum()
      .backward();
    return rand([1]).item();
  };
  t.is(
    draw((f) => checkpoint(f, x)),
    draw((f) => f(x)),
  );
});

test('in a compiled step, each run drops anew and the same forward and back', (t) => {
  const x = new nn.Parameter(rand([200]));
  const body = (): Tensor[] => {
    x.grad = null;
    const y = checkpoint((x: Tensor) => dropout(x), x);
    y.sum().backward();
    return [y, x.grad!.clone()];
  };
  const step = compile(body);
  manualSeed(5);
  const eager = [body(), body(), body()];
  manualSeed(5);
  for (const [y, g] of eager) {
    const [y2, g2] = step();
    t.true(sameBits(y, y2));
    t.true(sameBits(g, g2));
  }
});

test('nothing is recorded without a gradient to compute', (t) => {
  t.false(checkpoint((x: Tensor) => x.mul(2), tensor([1])).requiresGrad);
  t.false(noGrad(() => checkpoint((x: Tensor) => x.mul(2), input(1))).requiresGrad);
  t.deepEqual(checkpoint((x: Tensor) => [x.mul(2), x.argmax(), 5, null], input(1)).slice(2), [5, null]);
});

test('checkpointSequential', (t) => {
  const net = new nn.Sequential(new nn.Linear(3, 4), new nn.Tanh(), new nn.Linear(4, 2), new nn.Sigmoid());
  const x = randn([5, 3]).requiresGrad_();
  const layers = [...net.namedChildren()].map(([, child]) => child);
  const plain = grad(net.forward(x).sum(), [x, ...net.parameters()]);
  for (const segments of [1, 2, 3, 4]) {
    const found = grad(checkpointSequential(layers, segments, x).sum(), [x, ...net.parameters()]);
    found.forEach((g, i) => t.true(sameBits(g, plain[i])));
  }
  t.throws(() => checkpointSequential(layers, 5, x), {
    message: '[checkpointSequential] segments: expected a whole number from 1 to 4, got 5',
  });
  t.throws(() => checkpointSequential([3 as never], 1, x), {
    message: '[checkpointSequential] expected functions or modules, got 3',
  });
});

test('a second run that differs, and what was changed in between', (t) => {
  let first = true;
  const fickle = (x: Tensor): Tensor => {
    const y = first ? x.mul(2) : x.sum();
    first = false;
    return y;
  };
  const y = checkpoint(fickle, input(1, 2));
  t.throws(() => y.sum().backward(), {
    message: '[checkpoint] the function must do the same each time, but it gave results of float64 (2,), and then of float64 ()', // prettier-ignore
  });
  const [w, other] = [input(2), input(3)];
  let turn = 0;
  const z = checkpoint((x: Tensor) => x.mul(turn++ === 0 ? w : other), input(1));
  t.throws(() => z.sum().backward(), { message: /gave tensors that it did not use the first time/ });
  const p = input(2);
  const q = checkpoint((x: Tensor) => x.mul(p), input(1));
  noGrad(() => p.add_(1));
  t.throws(() => q.sum().backward(), {
    message: /that checkpoint saved for its gradient was changed in place/,
  });
  t.throws(() => checkpoint((x: Tensor) => Promise.resolve(x), input(1)), { message: /got an async one/ });
  t.throws(() => checkpoint((x: Tensor) => x, input(1), { useReentrant: true as never }), {
    message: '[checkpoint] useReentrant: expected false, got true',
  });
});
