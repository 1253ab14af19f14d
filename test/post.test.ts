import test from 'ava';
import {
  add,
  grad,
  im2col,
  matmul,
  nn,
  noGrad,
  randn,
  sum,
  tensor,
  unbroadcast,
  type Tensor,
} from '../lib/index.js';
import { CNN } from '../lib/models/cnn.js';
import { BACKENDS, differs, onBackend, snapshot } from './support/check.js';
import { make, Random, real } from './support/inputs.js';
import { at, build, scattered, type Nd } from './support/oracle.js';

// Every number and every claim of the post "Building A Tensor micrograd".

const f64 = (values: Parameters<typeof tensor>[0], requiresGrad = false): Tensor =>
  tensor(values, { dtype: 'float64', requiresGrad });
const random = (name: string, ...shape: number[]): Tensor => {
  const x = make(real(...shape), 'float64', 'contiguous', new Random(name));
  x.requiresGrad = true;
  return x;
};
const near = (x: Tensor | null, values: number[], shape: number[]): string =>
  x === null ? 'null' : differs(x, { shape, data: values }, 1e-15);

for (const backend of BACKENDS) {
  test(`the numerical example: a bias added to a batch, on ${backend}`, (t) => {
    onBackend(backend, () => {
      const a = f64([[1, 2, 3], [4, 5, 6]], true); // prettier-ignore
      const b = f64([0.1, 0.2, 0.3], true);
      const y = add(a, b);
      t.is(near(y, [1.1, 2.2, 3.3, 4.1, 5.2, 6.3], [2, 3]), '');
      const dy = f64([[0.5, 1.0, 0.2], [0.3, 0.8, 0.4]]); // prettier-ignore
      t.is(near(unbroadcast(dy, b.shape), [0.8, 1.8, 0.6], [3]), '');
      t.is(unbroadcast(dy, a.shape), dy, 'shapes match: no unbroadcasting needed');
      y.backward(dy);
      t.is(near(b.grad, [0.8, 1.8, 0.6], [3]), '');
      t.is(near(a.grad, [0.5, 1.0, 0.2, 0.3, 0.8, 0.4], [2, 3]), '');
    });
  });

  test(`both broadcasting cases, and both together, on ${backend}`, (t) => {
    onBackend(backend, () => {
      const cases = [
        [[4, 3], [3]], // a dimension is prepended
        [[4, 3], [1, 3]], // a size of 1 is stretched, and kept
        [[2, 4, 3], [1, 3]], // both
        [[2, 4, 3], [4, 1]],
        [[5, 1, 3], [4, 1]], // each of the two stretches the other
      ]; // prettier-ignore
      for (const [first, second] of cases) {
        const [a, b] = [random('a', ...first), random('b', ...second)];
        const y = add(a, b);
        const dy = noGrad(() => random('dy', ...y.shape).detach());
        y.backward(dy);
        for (const x of [a, b]) t.is(differs(x.grad as Tensor, summedAsInThePost(dy, x.shape)), '');
      }
    });
  });

  test(`gradients of a matrix product, element by element as in the proof, on ${backend}`, (t) => {
    onBackend(backend, () => {
      const [m, n, p] = [3, 4, 2];
      const [a, b, dc] = [random('a', m, n), random('b', n, p), random('dc', m, p).detach()];
      matmul(a, b).backward(dc);
      const [g, x, y] = [dc, a, b].map(snapshot);
      const over = (size: number, f: (i: number) => number): number =>
        Array.from({ length: size }, (_, i) => f(i)).reduce((s, v) => s + v, 0);
      const da = build([m, n], ([i, k]) => over(p, (j) => at(g, [i, j]) * at(y, [k, j])));
      const db = build([n, p], ([k, j]) => over(m, (i) => at(x, [i, k]) * at(g, [i, j])));
      t.is(differs(a.grad as Tensor, da), '');
      t.is(differs(b.grad as Tensor, db), '');
      t.is(differs(matmul(dc, b.detach().T), da), '', 'dL/dA = dL/dC · Bᵀ');
      t.is(differs(matmul(a.detach().T, dc), db), '', 'dL/dB = Aᵀ · dL/dC');
    });
  });

  test(`with batch dimensions the last two are swapped, and .T would be wrong, on ${backend}`, (t) => {
    onBackend(backend, () => {
      const [a, b] = [random('a', 2, 5, 3, 4), random('b', 5, 4, 2)];
      const c = matmul(a, b);
      t.deepEqual(c.shape, [2, 5, 3, 2]);
      const dc = random('dc', ...c.shape).detach();
      c.backward(dc);
      noGrad(() => {
        t.is(differs(a.grad as Tensor, snapshot(matmul(dc, b.swapaxes(-2, -1)))), '');
        const whole = matmul(a.swapaxes(-2, -1), dc);
        t.is(
          differs(b.grad as Tensor, summedAsInThePost(whole, b.shape)),
          '',
          'b was broadcast over the batch',
        );
        t.deepEqual(a.T.shape, [4, 3, 5, 2]);
      });
    });
  });

  test(`vectors: a row on the left, a column on the right, on ${backend}`, (t) => {
    onBackend(backend, () => {
      const [v, w, m] = [random('v', 3), random('w', 3), random('m', 3, 2)];
      const dot = matmul(v, w);
      t.deepEqual(dot.shape, []);
      dot.backward();
      t.is(differs(v.grad as Tensor, snapshot(w)), '');
      t.is(differs(w.grad as Tensor, snapshot(v)), '');

      const dr = random('dr', 2).detach();
      const [dv, dm] = grad(matmul(v, m), [v, m], { gradOutputs: dr });
      noGrad(() => t.is(differs(dv, snapshot(matmul(m, dr))), ''));
      const [g, x] = [snapshot(dr), snapshot(v)];
      t.is(
        differs(
          dm,
          build([3, 2], ([i, j]) => at(x, [i]) * at(g, [j])),
        ),
        '',
        'an outer product',
      );

      const dl = random('dl', 3).detach();
      const u = random('u', 2);
      const [dm2, du] = grad(matmul(m, u), [m, u], { gradOutputs: dl });
      const [h, y] = [snapshot(dl), snapshot(u)];
      t.is(
        differs(
          dm2,
          build([3, 2], ([i, j]) => at(h, [i]) * at(y, [j])),
        ),
        '',
      );
      noGrad(() => t.is(differs(du, snapshot(matmul(m.T, dl))), ''));

      const batch = random('batch', 4, 3, 2);
      t.deepEqual(matmul(v, batch).shape, [4, 2]);
      t.deepEqual(matmul(batch, u).shape, [4, 3]);
      const [db] = grad(matmul(v, batch).sum(), v);
      noGrad(() => t.is(differs(db, snapshot(sum(batch, [0, 2]))), ''));
    });
  });

  test(`the CNN: (N,1,28,28) → (N,4,14,14) → (N,8,7,7) → (N,10), on ${backend}`, (t) => {
    onBackend(backend, () => {
      const model = new CNN();
      for (const n of [1, 32]) {
        const x = randn([n, 1, 28, 28]);
        const first = model.conv1.forward(x);
        t.deepEqual(first.shape, [n, 4, 14, 14]);
        const second = model.conv2.forward(first);
        t.deepEqual(second.shape, [n, 8, 7, 7]);
        t.deepEqual(model.forward(x).shape, [n, 10]);
      }
      const count = [...model.parameters()].reduce((total, p) => total + p.size, 0);
      t.is(count, 4 * 9 + 4 + 8 * 4 * 9 + 8 + 8 * 7 * 7 * 10 + 10);
      model
        .forward(randn([2, 1, 28, 28]))
        .sum()
        .backward();
      for (const p of model.parameters()) t.deepEqual(p.grad?.shape, p.shape);
    });
  });

  test(`im2col makes a single matrix product of a convolution, on ${backend}`, (t) => {
    onBackend(backend, () => {
      const layer = new nn.Conv2d(3, 4, 3, { stride: 2, padding: 1, dtype: 'float64' });
      const x = random('images', 2, 3, 8, 7);
      const columns = im2col(x, 3, { stride: 2, padding: 1 });
      t.deepEqual(columns.shape, [2, 27, 16]);
      const rows = matmul(layer.weight.reshape(4, 27), columns);
      const y = add(rows, (layer.bias as Tensor).reshape(4, 1)).reshape(2, 4, 4, 4);
      const direct = layer.forward(x);
      t.is(differs(direct, snapshot(y)), '');
      const inputs = [x, layer.weight, layer.bias as Tensor];
      const [byColumns, byConv] = [y, direct].map((out) => grad(out.square().sum(), inputs));
      byConv.forEach((g, i) => t.is(differs(g, snapshot(byColumns[i])), ''));
    });
  });
}

/** What the post's `unbroadcast` computes: sums over the leading dimensions, and over those where the shape has 1. */
const summedAsInThePost = (gradient: Tensor, shape: readonly number[]): Nd =>
  scattered(
    build(shape, () => 0),
    snapshot(gradient),
    (index) => index,
  );

test('a gradient that starts at a result with more elements than one must be given', (t) => {
  // The post starts from ones in silence. Here a forgotten sum or mean is an error.
  const x = f64([1, 2, 3], true);
  t.throws(() => x.mul(2).backward(), { message: /pass its gradient, or reduce it to one number first/ });
});
