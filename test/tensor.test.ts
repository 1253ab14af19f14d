import test from 'ava';
import { inspect } from 'node:util';
import {
  fromArray,
  full,
  le,
  noGrad,
  ones,
  tensor,
  tidy,
  where,
  zeros,
  Tensor,
  type DType,
  type TensorLike,
} from '../lib/index.js';
import { DTYPES } from '../lib/dtype.js';
import { contiguousStrides, sizeOf } from '../lib/shape.js';
import { viewOf } from '../lib/tensor.js';
import { BACKENDS, onBackend } from './support/check.js';

const of = (dtype: DType, ...shape: number[]): Tensor => ones(shape, { dtype });

// What torch.result_type says (PyTorch 1.13), with its int64 as our int32: the dtype of each row meets that of each column.
// prettier-ignore
const WITH_DIMS: Record<DType, DType[]> = {
  bool: ['bool', 'uint8', 'int32', 'float32', 'float64'],
  uint8: ['uint8', 'uint8', 'int32', 'float32', 'float64'],
  int32: ['int32', 'int32', 'int32', 'float32', 'float64'],
  float32: ['float32', 'float32', 'float32', 'float32', 'float64'],
  float64: ['float64', 'float64', 'float64', 'float64', 'float64'],
};
// prettier-ignore
const WITH_0D: Record<DType, DType[]> = {
  ...WITH_DIMS,
  uint8: ['uint8', 'uint8', 'uint8', 'float32', 'float64'],
  float32: ['float32', 'float32', 'float32', 'float32', 'float32'],
};
/** With true, 2, 2.5. */
const WITH_SCALARS: Record<DType, DType[]> = {
  bool: ['bool', 'int32', 'float32'],
  uint8: ['uint8', 'uint8', 'float32'],
  int32: ['int32', 'int32', 'float32'],
  float32: ['float32', 'float32', 'float32'],
  float64: ['float64', 'float64', 'float64'],
};

for (const backend of BACKENDS)
  test(`dtypes meet as in PyTorch, on ${backend}`, (t) => {
    onBackend(backend, () => {
      const meet = (a: Tensor, b: TensorLike): DType => {
        const results = [a.add(b), a.mul(b), a.maximum(b), where(tensor(true), a, b)];
        if (b instanceof Tensor) results.push(b.add(a), b.minimum(a), where(tensor(false), b, a));
        t.is(new Set(results.map((x) => x.dtype)).size, 1);
        t.is(a.eq(b).dtype, 'bool');
        const value = b instanceof Tensor || b === true ? 1 : b;
        t.is(a.dtype === 'bool' && results[1].dtype === 'bool' ? 1 : results[1].toArray()[0], Number(value));
        return results[0].dtype;
      };
      for (const row of DTYPES) {
        DTYPES.forEach((column, i) => {
          t.is(meet(of(row, 2), of(column, 2)), WITH_DIMS[row][i], `${row} and ${column}`);
          t.is(meet(of(row, 2), of(column)), WITH_0D[row][i], `${row} and 0-d ${column}`);
          t.is(meet(of(row), of(column)), WITH_DIMS[row][i], `0-d ${row} and 0-d ${column}`);
        });
        [true, 2, 2.5].forEach((scalar, i) =>
          t.is(meet(of(row, 2), scalar), WITH_SCALARS[row][i], `${row} and ${scalar}`),
        );
      }
    });
  });

test('where of two plain numbers has the dtype they suggest', (t) => {
  const condition = tensor([true, false]);
  const of2 = (a: number | boolean, b: number | boolean): unknown => [
    where(condition, a, b).dtype,
    where(condition, a, b).tolist(),
  ];
  t.deepEqual(of2(true, false), ['bool', [true, false]]);
  t.deepEqual(of2(1, 2), ['int32', [1, 2]]);
  t.deepEqual(of2(true, 2), ['int32', [1, 2]]);
  t.deepEqual(of2(3, false), ['int32', [3, 0]]);
  t.deepEqual(of2(1.5, 2), ['float32', [1.5, 2]]);
  t.deepEqual(of2(1, 0.5), ['float32', [1, 0.5]]);
});

test('integers take fractional numbers as C does, and compare with numbers that are not among them', (t) => {
  t.deepEqual(tensor([2.7, -2.7], { dtype: 'int32' }).tolist(), [2, -2]);
  t.deepEqual(tensor(new Float32Array([255.9, -0.9]), { dtype: 'uint8' }).tolist(), [255, 0]);
  t.deepEqual(ones([2], { dtype: 'uint8' }).fill_(2.5).tolist(), [2, 2]);
  for (const backend of BACKENDS)
    onBackend(backend, () => {
      const bytes = tensor([0, 1, 255], { dtype: 'uint8' });
      t.deepEqual(bytes.eq(257).tolist(), [false, false, false]);
      t.deepEqual(bytes.ne(256).tolist(), [true, true, true]);
      t.deepEqual(bytes.lt(256).tolist(), [true, true, true]);
      t.deepEqual(bytes.gt(-1).tolist(), [true, true, true]);
      t.deepEqual(le(2 ** 31, tensor([2 ** 31 - 1], { dtype: 'int32' })).tolist(), [false]);
      t.deepEqual(
        tensor([true, false])
          .eq(2 ** 32 + 1)
          .tolist(),
        [false, false],
      );
    });
});

test('every dtype converts to every other, as C converts', (t) => {
  const values = [-2.7, -1, 0, 0.4, 1, 2.7];
  const x = tensor(values, { dtype: 'float64' });
  t.deepEqual(x.to('int32').tolist(), [-2, -1, 0, 0, 1, 2]);
  t.deepEqual(x.to('bool').tolist(), [true, true, false, true, true, true]);
  t.deepEqual(x.to('float32').tolist(), values.map(Math.fround));
  t.deepEqual(x.to('int32').to('uint8').tolist(), [254, 255, 0, 0, 1, 2]);
  t.deepEqual(tensor([true, false]).to('float64').tolist(), [1, 0]);
  t.is(x.to('float64'), x, 'itself, when there is nothing to do');
});

test('views share memory; what is not a view does not', (t) => {
  const x = tensor([[1, 2, 3], [4, 5, 6]]); // prettier-ignore
  const views = [
    x.T, x.reshape(3, 2), x.reshape(-1), x.permute(1, 0), x.transpose(0, 1), x.swapaxes(-1, 0), x.unsqueeze(1),
    x.unsqueeze(0).squeeze(0), x.flatten(), x.slice(1, 0, null, 2), x.narrow(0, 1, 1), x.select(1, 2), x.expand(4, 2, 3),
    x.detach(), x.contiguous(), x.to('float32'),
  ]; // prettier-ignore
  for (const view of views) t.is(view.storage, x.storage);
  for (const copy of [x.T.contiguous(), x.clone(), x.T.reshape(6), x.add(0), x.to('float64'), x.T.flatten()])
    t.not(copy.storage, x.storage);
  noGrad(() => x.T.select(0, 2).fill_(9));
  t.deepEqual(x.tolist(), [[1, 2, 9], [4, 5, 9]]); // prettier-ignore
  t.deepEqual(views[1].tolist(), [[1, 2], [9, 4], [5, 9]]); // prettier-ignore
});

// Shape, strides, the shape to reshape to, and the strides that NumPy 1.24 gives without a copy (null where it cannot).
// prettier-ignore
const RESHAPES: [number[], number[], number[], number[] | null][] = [
  [[4, 1, 4], [2, 0, 104], [2, 1, 4, 2], null],
  [[2, 3, 4], [3, 91, 7], [1, 3, 8], null],
  [[2, 3], [30, 1], [1, 1, 6], null],
  [[3, 1, 2, 2], [64, 0, 0, 0], [2, 6], null],
  [[2, 4, 4, 3], [1, 6, 24, 2], [48, 2], null],
  [[2, 2, 1, 2], [336, 48, 0, 0], [4, 1, 2], null],
  [[3, 4, 1], [104, 1, 0], [1, 12, 1], null],
  [[3, 4, 2, 3], [8, 2, 1, 0], [3, 6, 4], null],
  [[2, 2, 2], [49, 21, 3], [4, 2], null],
  [[3, 1, 2, 2], [0, 0, 1, 0], [12, 1], null],
  [[1, 4, 4], [0, 1, 4], [8, 2], null],
  [[3, 2, 2, 4], [21, 3, 2730, 140], [12, 4, 1], null],
  [[4, 4, 1, 2], [728, 84, 0, 3], [8, 1, 4], null],
  [[2, 2, 2, 4], [364, 0, 13, 2], [8, 4, 1, 1], null],
  [[3, 2, 2, 3], [0, 120, 560, 2], [3, 2, 2, 3], [0, 120, 560, 2]],
  [[2, 1, 2, 1], [112, 0, 12, 0], [2, 2, 1], [112, 12, 12]],
  [[1, 2, 2, 1], [0, 2, 1, 0], [1, 4], [4, 1]],
  [[1, 4, 2, 1], [0, 16, 624, 0], [4, 1, 2, 1], [16, 1248, 624, 624]],
  [[1, 4, 4, 3], [0, 4, 1, 16], [2, 1, 8, 3], [8, 8, 1, 16]],
  [[3, 3, 3], [100, 20, 2], [3, 3, 3], [100, 20, 2]],
  [[4, 2], [4, 0], [2, 2, 2, 1], [8, 4, 0, 0]],
  [[4, 2, 1, 1], [2, 1, 0, 0], [1, 1, 2, 4], [8, 8, 4, 1]],
  [[2, 4, 2], [52, 8, 0], [2, 1, 4, 2], [52, 32, 8, 0]],
  [[1, 3, 4], [0, 4, 1], [12, 1], [1, 1]],
  [[3, 2], [1, 3], [3, 1, 2], [1, 6, 3]],
  [[3, 1, 2, 2], [4, 0, 2, 1], [2, 6, 1], [6, 1, 1]],
  [[3, 1, 3, 2], [10, 0, 1, 300], [3, 3, 2, 1], [10, 1, 300, 300]],
  [[2, 4], [0, 1], [2, 2, 2, 1], [0, 2, 1, 1]],
  [[4, 1, 2, 2], [2, 0, 1, 0], [2, 4, 2], [4, 1, 0]],
  [[2, 2, 1], [0, 0, 0], [2, 2], [0, 0]],
];

test('reshape is a view where NumPy says it can be, and a copy only where it must', (t) => {
  for (const [shape, strides, to, expected] of RESHAPES) {
    const reach = shape.reduce((sum, size, i) => sum + (size - 1) * strides[i], 1);
    const base = fromArray(Float64Array.from({ length: reach }, (_, i) => i));
    const x = viewOf(base, shape, strides);
    const y = x.reshape(to);
    const title = `(${shape.join()}) strides (${strides.join()}) to (${to.join()})`;
    t.deepEqual(y.toArray(), x.toArray(), title);
    t.deepEqual(y.shape, to, title);
    t.is(y.storage === x.storage, expected !== null, title);
    // The stride of a size of 1 means nothing.
    if (expected)
      t.true(
        to.every((size, i) => size === 1 || y.strides[i] === expected[i]),
        title,
      );
  }
});

test("the shape is the tensor's own: what becomes of the array it came from makes no difference", (t) => {
  const shape = [2, 3];
  const tensors = [
    zeros(shape),
    ones(shape),
    full(shape, 2),
    zeros([6]).reshape(shape),
    fromArray(new Float32Array(6), shape),
    zeros([3]).expand(shape),
  ];
  shape[0] = 100;
  for (const x of tensors) t.deepEqual(x.shape, [2, 3]);
});

test('reading back: item, tolist, toArray, data', (t) => {
  const x = tensor([[1, 2, 3], [4, 5, 6]]); // prettier-ignore
  t.deepEqual(x.T.tolist(), [[1, 4], [2, 5], [3, 6]]); // prettier-ignore
  t.deepEqual(x.T.toArray(), new Float32Array([1, 4, 2, 5, 3, 6]));
  t.is(x.select(0, 1).select(0, 2).item(), 6);
  t.is(x.slice(0, 1).slice(1, 1, 2).item(), 5, 'of any shape with one element');
  t.is(tensor(7).tolist(), 7);
  t.is(tensor(true).tolist(), true);
  t.deepEqual(zeros([2, 0]).tolist(), [[], []]);
  t.deepEqual(zeros([0, 2]).T.toArray(), new Float32Array(0));
  t.deepEqual(tensor([true, false]).tolist(), [true, false]);

  const copy = x.toArray();
  copy[0] = 99;
  t.is(x.select(0, 0).select(0, 0).item(), 1, 'toArray is a copy');
  x.data[0] = 99;
  t.is(x.select(0, 0).select(0, 0).item(), 99, 'data is not');
  t.deepEqual(x.slice(0, 1).data, new Float32Array([4, 5, 6]));
  t.deepEqual(zeros([3, 0]).T.data, new Float32Array(0), 'nothing lies in one piece in any order');
  t.deepEqual([x.ndim, x.size, x.shape, x.strides], [2, 6, [2, 3], [3, 1]]);
});

test('fromArray shares memory, also with an offset, a Buffer, another thread', (t) => {
  for (const buffer of [new ArrayBuffer(64), new SharedArrayBuffer(64)]) {
    const array = new Float32Array(buffer, 8, 6);
    array.set([1, 2, 3, 4, 5, 6]);
    const x = fromArray(array, [2, 3]);
    t.deepEqual(x.tolist(), [[1, 2, 3], [4, 5, 6]]); // prettier-ignore
    array[5] = 60;
    t.is(x.select(0, 1).select(0, 2).item(), 60);
    noGrad(() => x.mul_(2));
    t.deepEqual([...array], [2, 4, 6, 8, 10, 120]);
    t.deepEqual(
      [...new Float32Array(buffer, 0, 2), ...new Float32Array(buffer, 32)],
      new Array(10).fill(0),
      'nothing else',
    );
    for (const backend of BACKENDS)
      t.deepEqual(
        onBackend(backend, () => x.add(x.T.T).sum(0).tolist()),
        [20, 28, 252],
      );
    t.is(x.data.buffer, buffer);
  }
  const buffer = Buffer.from([9, 1, 0, 1]).subarray(1);
  t.deepEqual(fromArray(buffer, [3], { dtype: 'bool' }).tolist(), [true, false, true]);
  t.deepEqual(fromArray(new Int32Array([1, 2])).dtype, 'int32');
  t.deepEqual(fromArray(new Float64Array(0), [0, 3]).tolist(), []);
});

test('memory that came from outside is never recycled', (t) => {
  const array = new Float32Array([1, 2, 3]);
  tidy(() => {
    fromArray(array).mul(2);
  });
  for (let i = 0; i < 100; i++) zeros([3]).fill_(5);
  t.deepEqual([...array], [1, 2, 3]);
});

test('console.log shows what NumPy would, and how the tensor was made', (t) => {
  const x = tensor([1, 2.5], { requiresGrad: true });
  t.is(inspect(x), 'tensor([1. , 2.5], requiresGrad=true)');
  t.is(inspect(x.mul(2)), 'tensor([2., 5.], gradFn=<mul>)');
  t.is(inspect({ a: zeros([2], { dtype: 'int32' }) }), '{ a: tensor([0, 0], dtype=int32) }');
  t.is(String(zeros([2, 2])), '[[0. 0.]\n [0. 0.]]');
  let gone: Tensor | null = null;
  tidy(() => {
    gone = ones([2, 3]).mul(2);
  });
  t.is(inspect(gone), 'tensor(<freed>, shape=(2, 3))');
});

test('strides and sizes of what is new', (t) => {
  for (const shape of [[], [3], [2, 3], [2, 0, 3], [1, 1]]) {
    const x = zeros(shape);
    t.deepEqual(x.strides, contiguousStrides(shape));
    t.is(x.size, sizeOf(shape));
    t.deepEqual(ones([1, 3]).expand(1, 3).add(0).strides, [3, 1]);
  }
});

test('small tensors lie in one buffer, which nobody can take away', (t) => {
  const [a, b] = [tensor([1, 2]), tensor([3, 4])];
  const { buffer } = a.data;
  structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
  t.deepEqual(a.add(b).tolist(), [4, 6]);
  t.deepEqual([...a.data, ...b.data], [1, 2, 3, 4]);
  a.data.fill(7);
  t.deepEqual(b.tolist(), [3, 4]);
});
