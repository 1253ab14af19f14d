import test from 'ava';
import {
  arange,
  eye,
  full,
  getRngState,
  linspace,
  logspace,
  randnLike,
  randLike,
  fullLike,
  onesLike,
  zerosLike,
  manualSeed,
  ones,
  rand,
  randint,
  randn,
  setRngState,
  tensor,
  trilIndices,
  triuIndices,
  zeros,
  type DType,
  type Tensor,
} from '../lib/index.js';
import { DTYPES } from '../lib/dtype.js';
import { BACKENDS, onBackend, poison, sameBits } from './support/check.js';

for (const backend of BACKENDS)
  test(`zeros, ones, full and eye, in memory that was used before, on ${backend}`, (t) => {
    onBackend(backend, () => {
      for (const dtype of DTYPES)
        for (const shape of [[], [3], [2, 3], [0], [64]]) {
          poison();
          const [zero, one] = [zeros(shape, { dtype }), ones(shape, { dtype })];
          t.true(
            zero.toArray().every((v) => v === 0),
            dtype,
          );
          t.true(
            one.toArray().every((v) => v === 1),
            dtype,
          );
          t.deepEqual([zero.shape, zero.dtype, zero.requiresGrad], [shape, dtype, false]);
        }
      t.deepEqual(full([2], 7).tolist(), [7, 7]);
      t.deepEqual(full([2], 2.7, { dtype: 'int32' }).tolist(), [2, 2]);
      t.deepEqual(full([1], true).tolist(), [true]);
      t.deepEqual(full([2], NaN).tolist(), [NaN, NaN]);
      t.true(Object.is(full([], -0).item(), -0));
      poison();
      t.deepEqual(eye(2).tolist(), [[1, 0], [0, 1]]); // prettier-ignore
      t.deepEqual(eye(2, 3, { dtype: 'int32' }).tolist(), [[1, 0, 0], [0, 1, 0]]); // prettier-ignore
      t.deepEqual(eye(3, 1).tolist(), [[1], [0], [0]]); // prettier-ignore
      t.deepEqual(eye(0, 2).shape, [0, 2]);
      t.true(eye(2, { requiresGrad: true }).requiresGrad);
    });
  });

test('tensor: the dtype is what the values suggest', (t) => {
  const dtype = (...args: Parameters<typeof tensor>): DType => tensor(...args).dtype;
  t.is(dtype(1), 'float32');
  t.is(dtype([1.5, 2]), 'float32');
  t.is(dtype([]), 'float32');
  t.is(dtype([[true]]), 'bool');
  t.is(dtype([1, true]), 'float32');
  t.is(dtype(new Float64Array(2)), 'float64');
  t.is(dtype([new Int32Array(2), new Int32Array(2)]), 'int32');
  t.is(dtype(new Uint8Array(2), { dtype: 'float32' }), 'float32');
  t.deepEqual(tensor([0, 2, -1], { dtype: 'bool' }).tolist(), [false, true, true]);
  t.deepEqual(tensor([0.1]).tolist(), [Math.fround(0.1)]);
  t.deepEqual(tensor([[[1], [2]]]).shape, [1, 2, 1]);
  t.deepEqual(tensor([[], []]).shape, [2, 0]);
  t.deepEqual(tensor([new Float32Array([1, 2]), new Float32Array([3, 4])]).tolist(), [[1, 2], [3, 4]]); // prettier-ignore
  const array = new Float32Array([1, 2]);
  const x = tensor(array);
  array[0] = 9;
  t.deepEqual(x.tolist(), [1, 2], 'a copy');
});

test('what is created takes its arguments by name, too', (t) => {
  const same = (found: Tensor[], values: number[]): void => {
    for (const x of found) t.deepEqual(x.tolist(), values);
  };
  same([arange({ end: 3 }), arange(0, { end: 3 }), arange(3, { dtype: 'float64' })], [0, 1, 2]);
  same([arange(1, { end: 6, step: 2 }), arange({ start: 1, end: 6, step: 2 }), arange(1, 6, { step: 2 })], [1, 3, 5]); // prettier-ignore
  same([arange(5, { step: 2 })], [0, 2, 4]);
  same([linspace(0, { end: 1, steps: 3 }), linspace(0, 1, { steps: 3 })], [0, 0.5, 1]);
  same([logspace(0, 2, 3, { base: 2 }), logspace(0, 2, 3, 2)], [1, 2, 4]);
  same([full([2], { fillValue: 7 }), full([2], 7)], [7, 7]);
  t.deepEqual(eye(1, { m: 2, dtype: 'int32' }).tolist(), [[1, 0]]);
  t.is(linspace(0, { end: 1, steps: 3, dtype: 'float64' }).dtype, 'float64');
  t.throws(() => full([2], 7, { fillValue: 7 } as never), {
    message: '[full] fillValue: came by position and by name',
  });
});

test('arange, as PyTorch', (t) => {
  t.deepEqual(arange(3).tolist(), [0, 1, 2]);
  t.deepEqual(arange(1, 7, 3).tolist(), [1, 4]);
  t.deepEqual(arange(0, -3, -1).tolist(), [0, -1, -2]);
  const tenths = Array.from({ length: 10 }, (_, i) => Math.fround(i * 0.1));
  t.deepEqual(arange(0, 1, 0.1).tolist(), tenths);
  t.is(arange(0, 0.7, 0.1).size, 7);
  t.deepEqual(arange(1, 0, -0.25).tolist(), [1, 0.75, 0.5, 0.25]);
  t.deepEqual(arange(2.5).tolist(), [0, 1, 2]);
  t.deepEqual([arange(5, 0), arange(0), arange(3, 3)].map((x) => x.size), [0, 0, 0]); // prettier-ignore
  t.deepEqual([arange(3), arange(2.5), arange(0, 1, 0.5), arange(3, { dtype: 'float64' })].map((x) => x.dtype), ['int32', 'float32', 'float32', 'float64']); // prettier-ignore
  t.true(arange(0, 3, 1, { dtype: 'float32', requiresGrad: true }).requiresGrad);
  t.deepEqual(arange(2 ** 31 - 2, 2 ** 31).tolist(), [2 ** 31 - 2, 2 ** 31 - 1]);
});

test('linspace, as PyTorch', (t) => {
  t.deepEqual(linspace(0, 1, 5).tolist(), [0, 0.25, 0.5, 0.75, 1]);
  t.deepEqual(linspace(0, 1, 1).tolist(), [0]);
  t.deepEqual(linspace(0, 1, 0).tolist(), []);
  t.deepEqual(linspace(1, -1, 3).tolist(), [1, 0, -1]);
  const f64 = { dtype: 'float64' } as const;
  t.deepEqual(linspace(0, 10, 4, f64).tolist(), [0, 3.3333333333333335, 6.666666666666666, 10]);
  const many = linspace(0.1, 0.7, 1000, f64).toArray();
  t.deepEqual([many[0], many[999]], [0.1, 0.7], 'the ends are exact');
});

// Philox4x32-10, computed by hand from the paper with a Python script: the same forever, on every backend.
for (const backend of BACKENDS)
  test(`a seed gives these numbers on ${backend}`, (t) => {
    onBackend(backend, () => {
      const seeded = (make: () => Tensor): unknown => {
        manualSeed(1234567890123);
        return make().tolist();
      };
      t.deepEqual(seeded(() => rand([8])), [0.26973050832748413, 0.45264530181884766, 0.3584773540496826, 0.9276487827301025, 0.5013054609298706, 0.7865739464759827, 0.735858678817749, 0.12836861610412598]); // prettier-ignore
      t.deepEqual(seeded(() => rand([4], { dtype: 'float64' })), [0.2697305340516962, 0.35847737586236605, 0.5013054965926257, 0.7358587021259119]); // prettier-ignore
      t.deepEqual(seeded(() => randint(1000, [2, 2])), [[269, 358], [501, 735]]); // prettier-ignore
      const normal = seeded(() => randn([2], { dtype: 'float64' })) as number[];
      // Box–Muller on the first pair: u = 1 - 0.2697…, v = 0.3584….
      const r = Math.sqrt(-2 * Math.log(1 - 0.2697305340516962));
      const angle = 2 * Math.PI * 0.35847737586236605;
      [r * Math.cos(angle), r * Math.sin(angle)].forEach((v, i) => t.true(Math.abs(normal[i] - v) < 1e-14));
    });
  });

test('backends and runs agree to the last bit', (t) => {
  const makers: (() => Tensor)[] = [
    () => rand([1001]),
    () => rand([1001], { dtype: 'float64' }),
    () => randint(-1000, 1000, [1001]),
    () => randint(2, [1001], { dtype: 'bool' }),
    () => randint(10, [33], { dtype: 'float32' }),
  ];
  for (const make of makers) {
    const [first, ...others] = [...BACKENDS, ...BACKENDS].map((backend) =>
      onBackend(backend, () => {
        manualSeed(42);
        return make();
      }),
    );
    for (const other of others) t.true(sameBits(first, other), String(make));
  }
  for (const dtype of ['float32', 'float64'] as const) {
    const [a, ...rest] = BACKENDS.map((backend) =>
      onBackend(backend, () => {
        manualSeed(42);
        return randn([1001], { dtype }).toArray();
      }),
    );
    // Logarithms and cosines differ in the last digit between libraries.
    for (const b of rest)
      t.true(
        a.every(
          (v, i) => Math.abs(v - b[i]) <= (dtype === 'float32' ? 1e-6 : 1e-14) * Math.max(1, Math.abs(v)),
        ),
      );
  }
});

test('the state of the generator can be saved and put back; every call moves it on', (t) => {
  manualSeed(7);
  rand([3]);
  const state = getRngState();
  const first = [rand([5]), randn([2]), randint(9, [3])].map((x) => x.tolist());
  const after = getRngState();
  setRngState(state);
  t.deepEqual([rand([5]), randn([2]), randint(9, [3])].map((x) => x.tolist()), first); // prettier-ignore
  t.deepEqual(getRngState(), after);
  t.notDeepEqual(rand([5]).tolist(), first[0]);
  manualSeed(7);
  const seven = rand([3]).tolist();
  manualSeed(8);
  t.notDeepEqual(rand([3]).tolist(), seven);
  manualSeed(0);
  const small = rand([3]).tolist();
  manualSeed(2 ** 32);
  t.notDeepEqual(rand([3]).tolist(), small, 'the upper half of the seed counts');
  manualSeed(2 ** 53 - 1);
  t.notThrows(() => rand([3]));
});

for (const backend of BACKENDS)
  test(`numbers are distributed as they should be, on ${backend}`, (t) => {
    onBackend(backend, () => {
      manualSeed(3);
      const n = 100_000;
      for (const dtype of ['float32', 'float64'] as const) {
        const uniform = rand([n], { dtype }).toArray();
        t.true(uniform.every((v) => v >= 0 && v < 1));
        const normal = randn([n], { dtype });
        const near = (a: number, b: number, sigma: number): boolean => Math.abs(a - b) < 5 * sigma;
        const moment = (values: ArrayLike<number>, power: number): number => {
          let sum = 0;
          for (let i = 0; i < values.length; i++) sum += values[i] ** power;
          return sum / values.length;
        };
        t.true(near(moment(uniform, 1), 1 / 2, Math.sqrt(1 / 12 / n)));
        t.true(near(moment(uniform, 2), 1 / 3, Math.sqrt(4 / 45 / n)));
        [0, 1, 0, 3].forEach((expected, i) => {
          const variance = [1, 2, 15, 96][i];
          t.true(near(moment(normal.toArray(), i + 1), expected, Math.sqrt(variance / n)), `moment ${i + 1}`);
        });
        t.true(
          near(
            moment(
              normal
                .slice(0, 1)
                .mul(normal.slice(0, 0, -1))
                .toArray(),
              1,
            ),
            0,
            Math.sqrt(1 / n),
          ),
          'neighbours',
        );
      }
      const counts = new Array<number>(7).fill(0);
      for (const v of randint(-3, 4, [n]).toArray()) counts[v + 3]++;
      const chi2 = counts.reduce((sum, c) => sum + (c - n / 7) ** 2 / (n / 7), 0);
      t.true(chi2 < 30, `χ² of six degrees of freedom: ${chi2}`);
    });
  });

test('trilIndices and triuIndices, as PyTorch', (t) => {
  t.deepEqual(trilIndices(3, 2).tolist(), [[0, 1, 1, 2, 2], [0, 0, 1, 0, 1]]); // prettier-ignore
  t.deepEqual(trilIndices(2, 2, -1).tolist(), [[1], [0]]);
  t.deepEqual(triuIndices(2, 3, { offset: 1 }).tolist(), [[0, 0, 1], [1, 2, 2]]); // prettier-ignore
  t.deepEqual(triuIndices(2, 2, 2).shape, [2, 0]);
  t.is(triuIndices(2, 2).dtype, 'int32');
  t.is(triuIndices(2, 2, 0, { dtype: 'float32' }).dtype, 'float32');
});

test('tensors like others have their shape and dtype, and not their graph', (t) => {
  const x = rand([2, 0, 3], { dtype: 'float64', requiresGrad: true });
  for (const y of [zerosLike(x), onesLike(x), fullLike(x, 3), randLike(x), randnLike(x)]) {
    t.deepEqual([...y.shape], [2, 0, 3]);
    t.is(y.dtype, 'float64');
    t.false(y.requiresGrad);
  }
  const ints = tensor([1, 2], { dtype: 'int32' });
  t.deepEqual(onesLike(ints).tolist(), [1, 1]);
  t.is(zerosLike(ints, { dtype: 'bool' }).dtype, 'bool');
  t.true(fullLike(ints, 0.5, { dtype: 'float32', requiresGrad: true }).requiresGrad);
  t.throws(() => fullLike(ints, 2 ** 40), { instanceOf: RangeError });
  t.throws(() => onesLike([1] as never), {
    message: '[onesLike] input: expected a tensor, got an array of 1',
  });
  t.throws(() => zerosLike(ints, { dType: 'bool' } as never), { message: /unknown option 'dType'/ });
});

test('logspace, as PyTorch', (t) => {
  t.deepEqual(logspace(0, 2, 3).tolist(), [1, 10, 100]);
  t.deepEqual(logspace(0, 3, 4, 2).tolist(), [1, 2, 4, 8]);
  t.deepEqual(logspace(0, 1, 3, { dtype: 'int32' }).tolist(), [1, 3, 10]);
  t.deepEqual(logspace(0, 1, 0).tolist(), []);
});

test('dtypes by name', (t) => {
  const x = tensor([0, 1.7]);
  t.deepEqual([x.float(), x.double(), x.int(), x.byte(), x.bool()].map((y) => y.dtype), [
    'float32', 'float64', 'int32', 'uint8', 'bool',
  ]); // prettier-ignore
  t.is(x.float(), x);
});
