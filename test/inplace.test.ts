import test from 'ava';
import { nn, noGrad, ones, tensor, zeros, type DType, type Tensor } from '../lib/index.js';
import { BACKENDS, onBackend } from './support/check.js';

// Changes in place have no rows in the table: they are not part of any graph. Wrong calls are in errors.test.ts.

const of = (values: Parameters<typeof tensor>[0], dtype: DType = 'float32'): Tensor =>
  tensor(values, { dtype });

for (const backend of BACKENDS) {
  test(`values on ${backend}`, (t) => {
    onBackend(backend, () => {
      t.deepEqual(
        of([1, 2])
          .add_(of([10, 20]))
          .tolist(),
        [11, 22],
      );
      t.deepEqual(of([1, 2]).sub_(1).tolist(), [0, 1]);
      t.deepEqual(
        of([1, 2])
          .mul_(of([3]))
          .tolist(),
        [3, 6],
      );
      t.deepEqual(of([1, 2]).div_(4).tolist(), [0.25, 0.5]);
      t.deepEqual(of([[1, 2], [3, 4]]).add_(of([10, 20])).tolist(), [[11, 22], [13, 24]]); // prettier-ignore
      t.deepEqual(
        of([1, 2])
          .copy_(of([1.7, -1.7], 'float64').to('int32'))
          .tolist(),
        [1, -1],
      );
      t.deepEqual(
        of([1, 2], 'int32')
          .copy_(of([2.9, -2.9]))
          .tolist(),
        [2, -2],
      );
      t.deepEqual(of([1, 2]).fill_(5).tolist(), [5, 5]);
      t.deepEqual(of([1, 2]).zero_().tolist(), [0, 0]);
      t.deepEqual(of([true, false], 'bool').fill_(7).toArray(), new Uint8Array([1, 1]));
      t.deepEqual(of([true, false], 'bool').add_(true).tolist(), [true, true]);
      t.deepEqual(
        of([true, true], 'bool')
          .mul_(of([false, true], 'bool'))
          .tolist(),
        [false, true],
      );
      t.deepEqual(of([1, 2], 'int32').add_(true).tolist(), [2, 3]);
      t.deepEqual(of([250], 'uint8').add_(10).tolist(), [4], 'integers wrap around');
      t.deepEqual(
        of(3)
          .add_(of([4]).reshape([]))
          .tolist(),
        7,
      );
      t.deepEqual(zeros([0]).add_(1).tolist(), []);
    });
  });

  test(`on views, also of the tensor itself, on ${backend}`, (t) => {
    onBackend(backend, () => {
      const square = (): Tensor => of([[1, 2], [3, 4]]); // prettier-ignore
      const [a, b, c, d] = [square(), square(), square(), of([1, 2, 3, 4])];
      a.T.sub_(square());
      t.deepEqual(a.tolist(), [[0, -1], [1, 0]]); // prettier-ignore
      b.add_(b.T);
      t.deepEqual(b.tolist(), [[2, 5], [5, 8]], 'b as it was before'); // prettier-ignore
      c.add_(c);
      t.deepEqual(c.tolist(), [[2, 4], [6, 8]]); // prettier-ignore
      d.slice(0, 1).add_(d.slice(0, 0, 3));
      t.deepEqual(d.tolist(), [1, 3, 5, 7], 'overlapping, one apart');
      const e = of([1, 2, 3, 4]);
      e.slice(0, 0, 3).copy_(e.slice(0, 1));
      e.slice(0, 0, null, 2).fill_(9);
      t.deepEqual(e.tolist(), [9, 3, 9, 4]);
    });
  });
}

test('nothing can be changed in place, and has no places to share', (t) => {
  for (const shape of [[0], [2, 0], [0, 2], [3, 0, 2]]) t.deepEqual(ones(shape).add_(1).shape, shape);
  const layer = new nn.Linear(0, 2);
  t.deepEqual(layer.forward(ones([3, 0])).shape, [3, 2]);
});

test('the dtype stays, and a wider one is narrowed', (t) => {
  const x = of([1, 2]);
  t.is(x.add_(of([0.1, 0.2], 'float64')), x);
  t.is(x.dtype, 'float32');
  t.deepEqual(x.tolist(), [Math.fround(1.1), Math.fround(2.2)]);
});

test('every change counts up the version of the memory, also through views', (t) => {
  const x = ones([2, 2]);
  const version = (): number => x.storage.version;
  for (const change of [
    () => x.add_(1),
    () => x.T.mul_(2),
    () => x.slice(0, 1).zero_(),
    () => x.detach().fill_(3),
    () => x.copy_(ones([2, 2])),
    () => x.select(1, 0).sub_(1),
    () => x.div_(2),
  ]) {
    const before = version();
    change();
    t.is(version(), before + 1);
  }
});

test('parameters change in place under noGrad', (t) => {
  const w = tensor([1, 2], { requiresGrad: true });
  noGrad(() => w.sub_(tensor([0.5, 0.5])));
  t.deepEqual(w.tolist(), [0.5, 1.5]);
  t.true(w.requiresGrad);
  t.true(w.isLeaf);
});
