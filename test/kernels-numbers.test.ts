import type { BinaryOp, Operand, ReduceOp, UnaryOp } from '../lib/backend/contract.js';
import type { DType } from '../lib/dtype.js';
import type { Shape } from '../lib/shape.js';
import { cycle, each, tensor, vector } from './support/kernels/known.js';
import { read } from './support/kernels/trial.js';

// Kernels against numbers from elsewhere: PyTorch 1.13 and NumPy 1.24 (float64), the papers, or a sheet of paper.

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
    ['softplus', [-50, -2, 0, 3], [1.9287498479639178e-22, 0.12692801104297249, Math.LN2, 3.048587351573742]],
    ['softplus', [1000, -1000, Infinity, -Infinity, NaN], [1000, 0, Infinity, 0, NaN]],
    ['log', [20, 1, 1e-10, 0.5], [2.995732273553991, 0, -23.025850929940457, -0.6931471805599453]],
    ['sqrt', [20, 1, 1e-10, 0.5], [4.47213595499958, 1, 1e-5, 0.7071067811865476]],
    ['exp', [1000, -1000, Infinity, -Infinity, NaN], [Infinity, 0, Infinity, 0, NaN]],
    ['sigmoid', [1000, -1000, Infinity, -Infinity, NaN], [1, 0, 1, 0, NaN]],
    ['tanh', [1000, -1000, Infinity, -Infinity, NaN], [1, -1, 1, -1, NaN]],
    ['log', [0, -0, -1, Infinity, NaN], [-Infinity, -Infinity, NaN, Infinity, NaN]],
    ['sqrt', [-1, Infinity, NaN], [NaN, Infinity, NaN]],
    ['reciprocal', [0, -0, Infinity, -4], [Infinity, -Infinity, 0, -0.25]],
    ['relu', [-1, 2, -Infinity, Infinity, NaN], [0, 2, 0, Infinity, NaN]],
    ['sign', [-3, 0, 7, -Infinity, NaN], [-1, 0, 1, -1, 0]],
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
