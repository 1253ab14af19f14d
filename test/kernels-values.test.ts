import test from 'ava';
import type {
  AdamParams,
  Backend,
  BinaryOp,
  Operand,
  ReduceOp,
  SgdParams,
  UnaryOp,
} from '../lib/backend/contract.js';
import { loadNative } from '../lib/backend/native.js';
import { philox } from '../lib/backend/reference/random.js';
import { reference } from '../lib/backend/reference/index.js';
import { arrayOf, type DType } from '../lib/dtype.js';
import { contiguousStrides, sizeOf, type Shape } from '../lib/shape.js';
import { borrow } from '../lib/storage.js';
import { read, view } from './support/kernels/trial.js';

// Kernels against numbers from elsewhere: PyTorch 1.13 and NumPy 1.24 (float64), the papers, or a sheet of paper.

/** A contiguous operand with these elements; zeros when there are none. */
function tensor(shape: Shape, elements: readonly number[] = [], dtype: DType = 'float64'): Operand {
  const array = new (arrayOf(dtype))(sizeOf(shape));
  array.set(elements);
  return view(borrow(array.buffer, dtype), 0, shape, contiguousStrides(shape));
}

const vector = (elements: readonly number[], dtype: DType = 'float64'): Operand =>
  tensor([elements.length], elements, dtype);

/** 0, 1, 2, … modulo `modulus`, shifted: numbers that fill a tensor and are still easy to write in Python. */
const cycle = (shape: Shape, modulus: number, shift: number): Operand =>
  tensor(
    shape,
    Array.from({ length: sizeOf(shape) }, (_, i) => (i % modulus) + shift),
  );

const backends: readonly (() => Backend)[] =
  process.env.MGP_BACKEND === 'reference' ? [() => reference] : [() => reference, loadNative];

/** A test of every backend. */
function each(title: string, check: (t: Checks, kernels: Backend) => void): void {
  backends.forEach((load, i) => {
    test(`${title} (${['reference', 'native'][i]})`, (t) => {
      check(
        {
          is: (actual, expected) => t.deepEqual(read(actual), [...expected]),
          close(actual, expected, tolerance = 1e-12) {
            const elements = read(actual);
            t.is(elements.length, expected.length);
            elements.forEach((x, j) => {
              const isSame = Object.is(x, expected[j]) || x === expected[j];
              const message = `element ${j}: ${x}, expected ${expected[j]}`;
              t.true(
                isSame || Math.abs(x - expected[j]) <= tolerance * Math.max(1e-9, Math.abs(expected[j])),
                message,
              );
            });
          },
          throws: (fn, message) => t.throws(fn, { instanceOf: RangeError, message }),
          equal: (actual, expected) => t.deepEqual(actual, expected),
        },
        load(),
      );
    });
  });
}

interface Checks {
  /** Element for element, with NaN equal to itself and -0 unlike 0. */
  is(actual: Operand, expected: readonly number[]): void;
  close(actual: Operand, expected: readonly number[], tolerance?: number): void;
  throws(fn: () => void, message: string | RegExp): void;
  equal(actual: unknown, expected: unknown): void;
}

each('unary: functions', (t, kernels) => {
  const table: [UnaryOp, number[], number[]][] = [
    [
      'exp',
      [-20, -1, 0.5, 3],
      [2.061153622438558e-9, 0.36787944117144233, 1.6487212707001282, 20.085536923187668],
    ],
    [
      'tanh',
      [-20, -1, -1e-10, 0.5, 3],
      [-1, -0.7615941559557649, -1e-10, 0.46211715726000974, 0.9950547536867305],
    ],
    [
      'sigmoid',
      [-20, -1, 0.5, 3],
      [2.0611536181902037e-9, 0.2689414213699951, 0.6224593312018546, 0.9525741268224334],
    ],
    ['log', [20, 1, 1e-10, 0.5], [2.995732273553991, 0, -23.025850929940457, -0.6931471805599453]],
    ['sqrt', [20, 1, 1e-10, 0.5], [4.47213595499958, 1, 1e-5, 0.7071067811865476]],
    ['exp', [1000, -1000, Infinity, -Infinity, NaN], [Infinity, 0, Infinity, 0, NaN]],
    ['sigmoid', [1000, -1000, Infinity, -Infinity, NaN], [1, 0, 1, 0, NaN]],
    ['tanh', [1000, -1000, Infinity, -Infinity, NaN], [1, -1, 1, -1, NaN]],
    ['log', [0, -0, -1, Infinity, NaN], [-Infinity, -Infinity, NaN, Infinity, NaN]],
    ['sqrt', [-1, Infinity, NaN], [NaN, Infinity, NaN]],
    ['reciprocal', [0, -0, Infinity, -4], [Infinity, -Infinity, 0, -0.25]],
    ['relu', [-1, 2, -Infinity, Infinity, NaN], [0, 2, 0, Infinity, NaN]],
    ['sign', [-3, 0, 7, -Infinity, NaN], [-1, 0, 1, -1, NaN]],
  ];
  for (const dtype of ['float32', 'float64'] as const)
    for (const [op, x, expected] of table) {
      const out = tensor([x.length], [], dtype);
      kernels.unary(op, vector(x, dtype), out);
      t.close(out, expected, dtype === 'float32' ? 1e-6 : 1e-12);
    }
});

each('integers wrap around at their width', (t, kernels) => {
  const least = -(2 ** 31);
  const apply = (op: BinaryOp, a: number[], b: number[], dtype: DType): Operand => {
    const out = tensor([a.length], [], dtype);
    kernels.binary(op, vector(a, dtype), vector(b, dtype), out);
    return out;
  };
  t.is(apply('add', [2 ** 31 - 1, least], [1, -1], 'int32'), [least, 2 ** 31 - 1]);
  t.is(apply('sub', [least, 0], [1, least], 'int32'), [2 ** 31 - 1, least]);
  // 123456789 · 987654321 = 121932631112635269 has 57 bits.
  t.is(apply('mul', [123456789, 65536], [987654321, 65536], 'int32'), [
    Number(BigInt.asIntN(32, 121932631112635269n)),
    0,
  ]);
  t.is(apply('add', [250, 1], [10, 2], 'uint8'), [4, 3]);
  t.is(apply('sub', [1, 5], [2, 5], 'uint8'), [255, 0]);
  t.is(apply('mul', [20, 3], [20, 4], 'uint8'), [144, 12]);
  t.is(apply('add', [0, 0, 1, 1], [0, 1, 0, 1], 'bool'), [0, 1, 1, 1]);
  t.is(apply('mul', [0, 0, 1, 1], [0, 1, 0, 1], 'bool'), [0, 0, 0, 1]);
  const out = tensor([2], [], 'int32');
  kernels.unary('neg', vector([least, 5], 'int32'), out);
  t.is(out, [least, -5]);
  kernels.unary('abs', vector([least, -5], 'int32'), out);
  t.is(out, [least, 5]);
  kernels.unary('square', vector([46341, -3], 'int32'), out);
  t.is(out, [-2147479015, 9]);
});

each('pow is the one of C, not of JavaScript', (t, kernels) => {
  const exponents = [0, 1, -1, 2, -3, 0.5, Infinity, -Infinity, NaN];
  const table: [number, number[]][] = [
    [0, [1, 0, Infinity, 0, Infinity, 0, 0, Infinity, NaN]],
    [-0, [1, -0, -Infinity, 0, -Infinity, 0, 0, Infinity, NaN]],
    [1, [1, 1, 1, 1, 1, 1, 1, 1, 1]],
    [-1, [1, -1, -1, 1, -1, NaN, 1, 1, NaN]],
    [2, [1, 2, 0.5, 4, 0.125, Math.SQRT2, Infinity, 0, NaN]],
    [-2, [1, -2, -0.5, 4, -0.125, NaN, Infinity, 0, NaN]],
    [Infinity, [1, Infinity, 0, Infinity, 0, Infinity, Infinity, 0, NaN]],
    [-Infinity, [1, -Infinity, -0, Infinity, -0, Infinity, Infinity, 0, NaN]],
    [NaN, [1, NaN, NaN, NaN, NaN, NaN, NaN, NaN, NaN]],
  ];
  for (const dtype of ['float32', 'float64'] as const)
    for (const [base, expected] of table) {
      const out = tensor([9], [], dtype);
      kernels.binary('pow', tensor([1], [base], dtype), vector(exponents, dtype), out);
      t.close(out, expected, dtype === 'float32' ? 1e-6 : 1e-14);
    }
});

each('maximum, minimum and comparisons with NaN', (t, kernels) => {
  const [a, b] = [vector([NaN, 1, NaN, 2, -Infinity]), vector([1, NaN, NaN, 3, 4])];
  const out = tensor([5]);
  kernels.binary('maximum', a, b, out);
  t.is(out, [NaN, NaN, NaN, 3, 4]);
  kernels.binary('minimum', a, b, out);
  t.is(out, [NaN, NaN, NaN, 2, -Infinity]);
  const holds = tensor([5], [], 'bool');
  const table = {
    eq: [0, 0, 0, 0, 0],
    ne: [1, 1, 1, 1, 1],
    lt: [0, 0, 0, 1, 1],
    ge: [0, 0, 0, 0, 0],
  } as const;
  for (const op of ['eq', 'ne', 'lt', 'ge'] as const) {
    kernels.compare(op, a, b, holds);
    t.is(holds, table[op]);
  }
});

each('copy converts as C does', (t, kernels) => {
  const floats = [2.9, -2.9, -0.5, 0, 255.5];
  const int = tensor([5], [], 'int32');
  kernels.copy(vector(floats), int);
  t.is(int, [2, -2, 0, 0, 255]);
  const bool = tensor([5], [], 'bool');
  kernels.copy(vector([0.1, -0, NaN, 256, 0]), bool);
  t.is(bool, [1, 0, 1, 1, 0]);
  kernels.copy(vector([256, 0, -1, 512, 1], 'int32'), bool);
  t.is(bool, [1, 0, 1, 1, 1]);
  const single = tensor([2], [], 'float32');
  kernels.copy(vector([0.1, 1e300]), single);
  t.is(single, [Math.fround(0.1), Infinity]);
});

each('reduce', (t, kernels) => {
  const x = cycle([2, 3, 4], 7, -3);
  const reduce = (op: ReduceOp, dims: number[], shape: Shape, dtype: DType = 'float64'): Operand => {
    const out = tensor(shape, [], dtype);
    kernels.reduce(op, x, dims, out);
    return out;
  };
  t.is(reduce('sum', [0, 2], [3]), [-6, 5, -5]);
  t.close(reduce('mean', [1], [2, 4]), [-4 / 3, -1 / 3, 2 / 3, -2 / 3, 4 / 3, 0, -4 / 3, -1 / 3]);
  t.is(reduce('max', [0, 1], [4]), [3, 3, 3, 2]);
  t.is(reduce('argmax', [1], [2, 4], 'int32'), [1, 1, 1, 2, 2, 0, 1, 1]);
  t.is(reduce('argmin', [0, 1, 2], [], 'int32'), [0]);
});

each('reduce: NaN, infinities and nothing', (t, kernels) => {
  const reduce = (op: ReduceOp, elements: number[], dtype: DType = 'float64'): number => {
    const out = tensor([], [], dtype);
    kernels.reduce(op, vector(elements), [0], out);
    return read(out)[0];
  };
  t.equal(reduce('max', [1, NaN, 3]), NaN);
  t.equal(reduce('min', [NaN, 1]), NaN);
  t.equal(reduce('argmax', [1, NaN, 3, NaN], 'int32'), 1);
  t.equal(reduce('argmin', [1, -Infinity, NaN], 'int32'), 2);
  t.equal(reduce('argmax', [-Infinity, -Infinity], 'int32'), 0);
  t.equal(reduce('argmax', [1, 3, 3], 'int32'), 1);
  t.equal(reduce('sum', [1, Infinity, 2]), Infinity);
  t.equal(reduce('sum', [Infinity, -Infinity]), NaN);
  t.equal(reduce('sum', []), 0);
  t.equal(reduce('mean', []), NaN);
  t.equal(reduce('anyNonFinite', [1, 2], 'bool'), 0);
  t.equal(reduce('anyNonFinite', [1, -Infinity], 'bool'), 1);
  t.equal(reduce('anyNonFinite', [NaN], 'bool'), 1);
});

each('a long sum keeps its digits', (t, kernels) => {
  const million = 1_000_000;
  const double = tensor([]);
  kernels.reduce('sum', tensor([million], new Array<number>(million).fill(0.1)), [0], double);
  // Added one by one it would be 100000.00000133288.
  t.close(double, [100_000], 1e-14);
  const single = tensor([], [], 'float32');
  kernels.reduce('sum', tensor([million], new Array<number>(million).fill(0.1), 'float32'), [0], single);
  // Added one by one in float32 it would be 100958.34.
  t.close(single, [100_000], 2e-6);
});

each('matmul', (t, kernels) => {
  const a = tensor([2, 3], [1, 2, 3, 4, 5, 6]);
  const b = tensor([3, 2], [7, 8, 9, 10, 11, 12]);
  const out = tensor([2, 2], [NaN, NaN, NaN, NaN]);
  kernels.matmul(a, b, out, false);
  t.is(out, [58, 64, 139, 154]);
  kernels.matmul(a, b, out, true);
  t.is(out, [116, 128, 278, 308]);
  // a @ aᵀ, through a transposed view.
  kernels.matmul(a, view(a.storage, 0, [3, 2], [1, 3]), out, false);
  t.is(out, [14, 32, 32, 77]);
  // A sum over nothing.
  kernels.matmul(tensor([2, 0]), tensor([0, 2]), out, true);
  t.is(out, [14, 32, 32, 77]);
  kernels.matmul(tensor([2, 0]), tensor([0, 2]), out, false);
  t.is(out, [0, 0, 0, 0]);
  // 0 · ∞ is NaN: zeros must not be skipped.
  kernels.matmul(
    tensor([1, 1], [0]),
    tensor([1, 1], [Infinity]),
    view(out.storage, 0, [1, 1], [1, 1]),
    false,
  );
  t.is(out, [NaN, 0, 0, 0]);
});

each('conv2d and its gradients', (t, kernels) => {
  const params = {
    kernel: [3, 2],
    stride: [2, 3],
    padding: [1, 2],
    dilation: [2, 1],
    groups: 2,
  } as const;
  const x = cycle([2, 4, 5, 6], 11, -5);
  const weight = cycle([4, 2, 3, 2], 7, -3);
  const y = tensor([2, 4, 2, 3]);
  kernels.conv2d(x, weight, vector([0.5, -1, 2, 0]), y, params);
  // prettier-ignore
  t.is(y, [
    0.5, 12.5, -20.5, 0.5, -18.5, -12.5, -1, -20, -14, -1, -9, 22, 2, 42, -15, 2, -22, 2, 0, -24, 0, 0, -18, 24,
    0.5, 12.5, -9.5, 0.5, -9.5, -36.5, -1, -11, -38, -1, -12, 19, 2, 6, -18, 2, -8, -6, 0, -10, -8, 0, -10, 32,
  ]);
  const grad = cycle([2, 4, 2, 3], 5, -2);
  const dWeight = tensor([4, 2, 3, 2]);
  kernels.conv2dWeight(x, grad, dWeight, params);
  // prettier-ignore
  t.is(dWeight, [
    3, 28, 20, -3, -12, -5, -6, -3, 1, 0, 0, -4, -15, -7, -3, 5, -7, -7, -6, -9, -5, -8, 4, 4,
    16, 12, 4, 4, -4, 0, -5, -9, -18, -7, -5, -12, 4, 4, -11, -8, -12, -9, -7, -7, 2, 5, 12, -7,
  ]);
  const dX = tensor([2, 4, 5, 6]);
  kernels.conv2dInput(grad, weight, dX, params);
  // prettier-ignore
  t.equal(read(dX).slice(0, 60), [
    0, 0, 0, 0, 0, 0, 0, -9, -10, 0, 1, -1, 0, 0, 0, 0, 0, 0, 0, 3, 2, 0, 4, 2, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 6, -9, 0, -4, 1, 0, 0, 0, 0, 0, 0, 0, -10, 3, 0, -1, 4, 0, 0, 0, 0, 0, 0,
  ]);
});

each('im2col and col2im', (t, kernels) => {
  const window = { kernel: [2, 2], stride: [2, 2], padding: [1, 1], dilation: [1, 1] } as const;
  const columns = tensor([1, 4, 6]);
  kernels.im2col(cycle([1, 1, 3, 4], 100, 1), columns, window);
  t.is(columns, [0, 0, 0, 0, 6, 8, 0, 0, 0, 5, 7, 0, 0, 2, 4, 0, 10, 12, 1, 3, 0, 9, 11, 0]);
  const image = tensor([1, 1, 3, 4]);
  const plain = { ...window, stride: [1, 1], padding: [0, 0] } as const;
  kernels.col2im(cycle([1, 4, 6], 1, 1), image, plain);
  t.is(image, [1, 2, 2, 1, 2, 4, 4, 2, 1, 2, 2, 1]);
});

each('softmax does not overflow', (t, kernels) => {
  const softmax = (x: number[], log: boolean): Operand => {
    const out = tensor([x.length]);
    kernels.softmax(vector(x), out, log);
    return out;
  };
  const p = [0.09003057317038045, 0.2447284710547976, 0.6652409557748218];
  for (const shift of [0, 1000, -1000]) t.close(softmax([shift, shift + 1, shift + 2], false), p);
  t.close(softmax([1000, 1001, 1002], true), [-2.4076059644443806, -1.4076059644443804, -0.4076059644443804]);
  t.is(softmax([0, -1000], true), [0, -1000]);
  t.close(softmax([-Infinity, 0, 1], false), [0, 0.2689414213699951, 0.7310585786300049]);
  t.close(softmax([-Infinity, 0, 1], true), [-Infinity, -1.3132616875182228, -0.3132616875182229]);
  t.is(softmax([-Infinity, -Infinity], false), [NaN, NaN]);
  t.is(softmax([Infinity, 0], false), [NaN, NaN]);
});

each('crossEntropy and its gradient', (t, kernels) => {
  const x = tensor([4, 3], [1, 2, 3, 0, -1000, 1000, 0.5, 0.5, 0.5, 9, 9, 9]);
  const target = vector([2, 0, 1, -100], 'int32');
  const loss = tensor([4]);
  t.equal(kernels.crossEntropy(x, target, loss, -100), -1);
  t.close(loss, [0.4076059644443804, 1000, 1.0986122886681098, 0]);
  const out = tensor([4, 3]);
  t.equal(kernels.crossEntropyGrad(x, target, vector([1, 2, -1, NaN]), out, -100), -1);
  const first = [0.09003057317038043, 0.24472847105479764, -0.3347590442251782];
  t.close(out, [...first, -2, 0, 2, -1 / 3, 2 / 3, -1 / 3, 0, 0, 0]);
  t.equal(kernels.crossEntropy(x, target, loss, -1), 3);
  t.equal(kernels.crossEntropyGrad(x, vector([0, 3, -1, 7], 'int32'), loss, out, -100), 1);
});

each('gather, scatterAdd, indexSelect, indexAdd', (t, kernels) => {
  const x = tensor([2, 3], [1, 2, 3, 4, 5, 6]);
  const index = tensor([2, 2], [2, 0, 1, 1], 'int32');
  const picked = tensor([2, 2]);
  t.equal(kernels.gather(x, 1, index, picked), -1);
  t.is(picked, [3, 1, 5, 5]);
  t.equal(kernels.scatterAdd(x, 1, index, tensor([2, 2], [10, 20, 30, 40])), -1);
  t.is(x, [21, 2, 13, 4, 75, 6]);
  const rows = vector([1, 0, 1], 'int32');
  const selected = tensor([3, 3]);
  t.equal(kernels.indexSelect(x, 0, rows, selected), -1);
  t.is(selected, [4, 75, 6, 21, 2, 13, 4, 75, 6]);
  t.equal(kernels.indexAdd(x, 0, rows, cycle([3, 3], 1, 1)), -1);
  t.is(x, [22, 3, 14, 6, 77, 8]);
  t.equal(kernels.gather(x, 1, tensor([2, 2], [0, 0, 0, 3], 'int32'), picked), 3);
  t.equal(kernels.scatterAdd(x, 1, tensor([2, 2], [0, -1, 0, 3], 'int32'), picked), 1);
  t.equal(kernels.indexSelect(x, 0, vector([2, 0, 1], 'int32'), selected), 0);
  t.equal(kernels.indexAdd(x, 0, vector([0, 1, -1], 'int32'), selected), 2);
});

test('Philox4x32-10 gives the vectors of its authors', (t) => {
  // https://github.com/DEShawResearch/random123/blob/main/tests/kat_vectors
  const table: [number[], [number, number], string][] = [
    [[0, 0, 0, 0], [0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    [[-1, -1, -1, -1], [0xffffffff, 0xffffffff], '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      'd16cfe09 94fdcceb 5001e420 24126ea1',
    ],
  ];
  for (const [counter, key, expected] of table) {
    const block = new Uint32Array(counter);
    philox(block, key);
    t.is([...block].map((word) => word.toString(16).padStart(8, '0')).join(' '), expected);
  }
});

each('random numbers from the first vector', (t, kernels) => {
  const out = (dtype: DType, size: number): Operand => tensor([size], [], dtype);
  const [singles, doubles, ints] = [out('float32', 4), out('float64', 2), out('int32', 2)];
  kernels.random('uniform', singles, [0, 0], 0, 0, 1);
  t.is(singles, [0.3990464210510254, 0.8805201649665833, 0.7357127666473389, 0.6054818034172058]);
  kernels.random('uniform', doubles, [0, 0], 0, 0, 1);
  t.is(doubles, [0.39904647231489565, 0.7357127860596914]);
  kernels.random('integer', ints, [0, 0], 0, 0, 1000);
  t.is(ints, [399, 735]);
  kernels.random('normal', singles, [0, 0], 0, 0, 1);
  t.close(singles, [0.9911376790966604, -0.9246625882436951, -0.6176089596525953, -0.4820685869111552], 2e-7);
  kernels.random('normal', doubles, [0, 0], 0, 0, 1);
  t.close(doubles, [-0.09047304870320473, -1.0051318183691345]);
});

each('random numbers do not depend on how many are drawn at once', (t, kernels) => {
  const [all, tail] = [tensor([1000], [], 'float32'), tensor([600], [], 'float32')];
  kernels.random('normal', all, [7, 8], 50, 0, 1);
  kernels.random('normal', tail, [7, 8], 150, 0, 1);
  t.is(tail, read(all).slice(400));
});

/** The gradient of step i, from 0. */
const gradient = (i: number): Operand => vector([0.1 * (i + 1), -0.2, 1 / (i + 1)]);

each('adam, four steps', (t, kernels) => {
  const plain: AdamParams = {
    lr: 0.003,
    beta1: 0.9,
    beta2: 0.999,
    eps: 1e-8,
    weightDecay: 0,
    step: 1,
    maximize: false,
  };
  const run = (params: AdamParams): Operand => {
    const [p, m, v] = [vector([1, -2, 0.5]), tensor([3]), tensor([3])];
    for (let i = 0; i < 4; i++) kernels.adam(p, gradient(i), m, v, { ...params, step: i + 1 });
    return p;
  };
  t.close(run(plain), [0.9883492201637926, -1.9880000005999998, 0.4891202690724333]);
  const other = { ...plain, lr: 0.1, beta1: 0.8, beta2: 0.95, eps: 1e-3, weightDecay: 0.01, maximize: true };
  t.close(run(other), [1.3910903340687275, -2.397574167885421, 0.8544039588426953]);
});

each('sgd, four steps', (t, kernels) => {
  const plain: SgdParams = {
    lr: 0.1,
    momentum: 0,
    dampening: 0,
    weightDecay: 0,
    nesterov: false,
    maximize: false,
    first: true,
  };
  const run = (params: SgdParams): Operand => {
    const [p, buffer] = [vector([1, -2, 0.5]), params.momentum === 0 ? null : vector([NaN, NaN, NaN])];
    for (let i = 0; i < 4; i++) kernels.sgd(p, gradient(i), buffer, { ...params, first: i === 0 });
    return p;
  };
  t.close(run(plain), [0.9, -1.92, 0.2916666666666667]);
  const damped = { ...plain, momentum: 0.9, dampening: 0.3, weightDecay: 0.01 };
  t.close(run(damped), [0.8525277850777729, -1.838138737015546, -0.003520761483528414]);
  const nesterov = { ...plain, momentum: 0.9, nesterov: true, maximize: true };
  t.close(run(nesterov), [1.267031, -2.2428819999999994, 1.2192933333333333]);
});

each('memory and threads', (t, kernels) => {
  const buffer = kernels.allocate(1000);
  t.equal(buffer.byteLength, 1000);
  t.equal(
    new Uint8Array(buffer).every((byte) => byte === 0),
    true,
  );
  t.equal(kernels.allocate(0).byteLength, 0);
  for (const count of [0, -1, 1.5, NaN, Infinity])
    t.throws(
      () => kernels.setNumThreads(count),
      `[setNumThreads] expected a whole number from 1, got ${count}`,
    );
  kernels.setNumThreads(1);
  t.equal(kernels.getNumThreads(), 1);
});
