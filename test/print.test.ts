import test from 'ava';
import type { DType } from '../lib/dtype.js';
import { formatArray } from '../lib/print.js';
import { contiguousStrides, sizeOf } from '../lib/shape.js';

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/**
 * What NumPy 1.24 prints: `str(a)`, then `repr(a)` with `tensor` for `array` (as it prints a subclass of that name, and
 * so with the line breaks that fit it). Where there is no repr, it is `tensor(` + str + `)`.
 */
type Case = [
  title: string,
  dtype: DType,
  shape: number[],
  values: ArrayLike<number>,
  str: string,
  repr?: string,
];

const range = (n: number, f = (i: number): number => i): number[] =>
  Array.from({ length: n }, (_, i) => f(i));

// prettier-ignore
const CASES: Case[] = [
  ['whole numbers', 'float32', [3], [1, 2, 3], '[1. 2. 3.]', 'tensor([1., 2., 3.])'],
  ['columns line up', 'float32', [2, 2], [1, -2.5, 3.25, 40],
`[[ 1.   -2.5 ]
 [ 3.25 40.  ]]`,
`tensor([[ 1.  , -2.5 ],
        [ 3.25, 40.  ]])`],
  ['the default dtype is not named', 'float32', [2, 2], [1, 2, 3, 4],
`[[1. 2.]
 [3. 4.]]`,
`tensor([[1., 2.],
        [3., 4.]])`],
  ['others are', 'float64', [2, 2], [1, 2, 3, 4],
`[[1. 2.]
 [3. 4.]]`,
`tensor([[1., 2.],
        [3., 4.]], dtype=float64)`],
  ['shortest digits of a float32', 'float32', [2], [0.1, 1 / 3],
'[0.1        0.33333334]',
'tensor([0.1       , 0.33333334])'],
  ['eight digits of a float64', 'float64', [2], [0.1, 1 / 3],
'[0.1        0.33333333]',
'tensor([0.1       , 0.33333333], dtype=float64)'],
  ['halves round to even', 'float64', [2], [1 / 512, 3 / 512],
'[0.00195312 0.00585938]',
'tensor([0.00195312, 0.00585938], dtype=float64)'],
  ['rounding carries', 'float64', [2], [0.999999999, 9.999999999],
'[ 1. 10.]',
'tensor([ 1., 10.], dtype=float64)'],
  ['negative zero', 'float32', [2], [0, -0], '[ 0. -0.]', 'tensor([ 0., -0.])'],
  ['from 1e8 with exponents', 'float64', [2], [99999999, 1e8],
'[9.9999999e+07 1.0000000e+08]',
'tensor([9.9999999e+07, 1.0000000e+08], dtype=float64)'],
  ['below 1e8 without', 'float64', [2], [99999999, 99999998],
'[99999999. 99999998.]',
'tensor([99999999., 99999998.], dtype=float64)'],
  ['all digits before the point', 'float32', [1], [99999992], '[99999992.]'],
  ['below 1e-4 with exponents', 'float64', [2], [0.0001, 0.00009],
'[1.e-04 9.e-05]',
'tensor([1.e-04, 9.e-05], dtype=float64)'],
  ['from 1e-4 without', 'float64', [2], [0.0001, 0.01],
'[0.0001 0.01  ]',
'tensor([0.0001, 0.01  ], dtype=float64)'],
  ['1e-4 in float32 is below it', 'float32', [1], [0.0001], '[1.e-04]'],
  ['over a factor of 1000 with exponents', 'float64', [2], [1, 1001],
'[1.000e+00 1.001e+03]',
'tensor([1.000e+00, 1.001e+03], dtype=float64)'],
  ['up to it without', 'float64', [3], [0, 1, 1000],
'[   0.    1. 1000.]',
'tensor([   0.,    1., 1000.], dtype=float64)'],
  ['exponents show true digits, not zeros', 'float32', [2], [0.1, 130227016],
'[1.00000001e-01 1.30227016e+08]',
'tensor([1.00000001e-01, 1.30227016e+08])'],
  ['exponents of one width', 'float64', [3], [1e-300, 1.5, -12],
'[ 1.0e-300  1.5e+000 -1.2e+001]',
'tensor([ 1.0e-300,  1.5e+000, -1.2e+001], dtype=float64)'],
  ['the smallest and the largest', 'float32', [2], [1.401298464324817e-45, 3.4028234663852886e38],
'[1.4012985e-45 3.4028235e+38]',
'tensor([1.4012985e-45, 3.4028235e+38])'],
  ['the smallest and the largest', 'float64', [2], [5e-324, Number.MAX_VALUE],
'[4.94065646e-324 1.79769313e+308]',
'tensor([4.94065646e-324, 1.79769313e+308], dtype=float64)'],
  ['nan and inf', 'float32', [3], [NaN, Infinity, 1], '[nan inf  1.]', 'tensor([nan, inf,  1.])'],
  ['nan and inf fit in a wide column', 'float32', [4], [NaN, -Infinity, 1.25, -3],
'[  nan  -inf  1.25 -3.  ]',
'tensor([  nan,  -inf,  1.25, -3.  ])'],
  ['nothing finite', 'float64', [2], [NaN, -Infinity], '[ nan -inf]', 'tensor([ nan, -inf], dtype=float64)'],
  ['nan among exponents', 'float32', [2], [NaN, 1e10], '[   nan 1.e+10]', 'tensor([   nan, 1.e+10])'],
  ['a column for the sign', 'int32', [3], [-1, 20, 300],
'[ -1  20 300]',
'tensor([ -1,  20, 300], dtype=int32)'],
  ['the limits', 'int32', [2], [-2147483648, 2147483647],
'[-2147483648  2147483647]',
'tensor([-2147483648,  2147483647], dtype=int32)'],
  ['bytes', 'uint8', [2, 2], [0, 7, 255, 10],
`[[  0   7]
 [255  10]]`,
`tensor([[  0,   7],
        [255,  10]], dtype=uint8)`],
  ['True and False', 'bool', [2, 2], [1, 0, 0, 1],
`[[ True False]
 [False  True]]`,
`tensor([[ True, False],
        [False,  True]])`],
  ['no dimensions', 'float32', [], [0.1], '0.1'],
  ['no dimensions, in full precision', 'float64', [], [1 / 3],
'0.3333333333333333',
'tensor(0.33333333, dtype=float64)'],
  ['no dimensions, whole', 'float32', [], [99999992], '99999990.0', 'tensor(99999992.)'],
  ['no dimensions, small', 'float64', [], [0.00001], '1e-05', 'tensor(1.e-05, dtype=float64)'],
  ['no dimensions, large', 'float64', [], [1.5e16], '1.5e+16', 'tensor(1.5e+16, dtype=float64)'],
  ['no dimensions', 'int32', [], [-5], '-5', 'tensor(-5, dtype=int32)'],
  ['no dimensions', 'bool', [], [1], 'True'],
  ['nothing', 'float32', [0], [], '[]', 'tensor([], dtype=float32)'],
  ['nothing, in two dimensions', 'float32', [0, 3], [], '[]', 'tensor([], shape=(0, 3), dtype=float32)'],
  ['nothing, in three', 'int32', [2, 0, 1], [], '[]', 'tensor([], shape=(2, 0, 1), dtype=int32)'],
  ['three dimensions have a line between', 'int32', [2, 2, 2], range(8),
`[[[0 1]
  [2 3]]

 [[4 5]
  [6 7]]]`,
`tensor([[[0, 1],
         [2, 3]],

        [[4, 5],
         [6, 7]]], dtype=int32)`],
  ['dimensions of one', 'float32', [1, 1, 1, 1], [1], '[[[[1.]]]]'],
  ['a line ends before column 75, and the dtype goes below', 'int32', [31], range(31),
`[ 0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15 16 17 18 19 20 21 22 23
 24 25 26 27 28 29 30]`,
`tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15,
        16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30],
       dtype=int32)`],
  ['bool lines', 'bool', [13], range(13, (i) => i % 2),
`[False  True False  True False  True False  True False  True False  True
 False]`,
`tensor([False,  True, False,  True, False,  True, False,  True, False,
         True, False,  True, False])`],
  ['long rows', 'float32', [2, 12], range(24, (i) => i / 7),
`[[0.         0.14285715 0.2857143  0.42857143 0.5714286  0.71428573
  0.85714287 1.         1.1428572  1.2857143  1.4285715  1.5714285 ]
 [1.7142857  1.8571428  2.         2.142857   2.2857144  2.4285715
  2.5714285  2.7142856  2.857143   3.         3.142857   3.2857144 ]]`,
`tensor([[0.        , 0.14285715, 0.2857143 , 0.42857143, 0.5714286 ,
         0.71428573, 0.85714287, 1.        , 1.1428572 , 1.2857143 ,
         1.4285715 , 1.5714285 ],
        [1.7142857 , 1.8571428 , 2.        , 2.142857  , 2.2857144 ,
         2.4285715 , 2.5714285 , 2.7142856 , 2.857143  , 3.        ,
         3.142857  , 3.2857144 ]])`],
  ['1001 elements and more are cut', 'int32', [1001], range(1001),
'[   0    1    2 ...  998  999 1000]',
'tensor([   0,    1,    2, ...,  998,  999, 1000], dtype=int32)'],
  ['6 of a dimension are not', 'int32', [6, 200], range(1200),
`[[   0    1    2 ...  197  198  199]
 [ 200  201  202 ...  397  398  399]
 [ 400  401  402 ...  597  598  599]
 [ 600  601  602 ...  797  798  799]
 [ 800  801  802 ...  997  998  999]
 [1000 1001 1002 ... 1197 1198 1199]]`,
`tensor([[   0,    1,    2, ...,  197,  198,  199],
        [ 200,  201,  202, ...,  397,  398,  399],
        [ 400,  401,  402, ...,  597,  598,  599],
        [ 600,  601,  602, ...,  797,  798,  799],
        [ 800,  801,  802, ...,  997,  998,  999],
        [1000, 1001, 1002, ..., 1197, 1198, 1199]], dtype=int32)`],
  ['only the shown decide the columns', 'float32', [1001], range(1001, (i) => (i === 500 ? 1e9 : i === 2 ? 2.5 : 1)),
'[1.  1.  2.5 ... 1.  1.  1. ]',
'tensor([1. , 1. , 2.5, ..., 1. , 1. , 1. ])'],
  ['cut in three dimensions', 'uint8', [7, 1, 200], range(1400, (i) => i % 100),
`[[[ 0  1  2 ... 97 98 99]]

 [[ 0  1  2 ... 97 98 99]]

 [[ 0  1  2 ... 97 98 99]]

 ...

 [[ 0  1  2 ... 97 98 99]]

 [[ 0  1  2 ... 97 98 99]]

 [[ 0  1  2 ... 97 98 99]]]`,
`tensor([[[ 0,  1,  2, ..., 97, 98, 99]],

        [[ 0,  1,  2, ..., 97, 98, 99]],

        [[ 0,  1,  2, ..., 97, 98, 99]],

        ...,

        [[ 0,  1,  2, ..., 97, 98, 99]],

        [[ 0,  1,  2, ..., 97, 98, 99]],

        [[ 0,  1,  2, ..., 97, 98, 99]]], dtype=uint8)`],
];

for (const [title, dtype, shape, values, str, repr = `tensor(${str})`] of CASES)
  test(`${dtype}: ${title}`, (t) => {
    const array = ARRAYS[dtype].from(values);
    const print = (style: 'str' | 'repr'): string =>
      formatArray(array, shape, contiguousStrides(shape), 0, dtype, style);
    t.is(array.length, sizeOf(shape));
    t.is(print('str'), str);
    t.is(print('repr'), repr);
  });

test('strided views print their own elements', (t) => {
  const array = Float32Array.from(range(12));
  const str = (shape: number[], strides: number[], offset: number): string =>
    formatArray(array, shape, strides, offset, 'float32', 'str');
  t.is(
    str([4, 3], [1, 4], 0),
    '[[ 0.  4.  8.]\n [ 1.  5.  9.]\n [ 2.  6. 10.]\n [ 3.  7. 11.]]',
    'transposed',
  );
  t.is(str([2, 2], [8, 2], 1), '[[ 1.  3.]\n [ 9. 11.]]', 'every second');
  t.is(str([3], [-1], 11), '[11. 10.  9.]', 'backwards');
  t.is(str([2, 3], [0, 1], 3), '[[3. 4. 5.]\n [3. 4. 5.]]', 'expanded');
  t.is(str([], [], 7), '7.0', 'one element');
});

test('a summary touches only the elements it shows', (t) => {
  let touched = 0;
  const array: ArrayLike<number> = new Proxy([] as number[], {
    get: (_, key) => (touched++, Number(key)),
  });
  t.is(
    formatArray(array, [2 ** 15, 2 ** 15], [2 ** 15, 1], 0, 'int32', 'str'),
    `[[         0          1          2 ...      32765      32766      32767]
 [     32768      32769      32770 ...      65533      65534      65535]
 [     65536      65537      65538 ...      98301      98302      98303]
 ...
 [1073643520 1073643521 1073643522 ... 1073676285 1073676286 1073676287]
 [1073676288 1073676289 1073676290 ... 1073709053 1073709054 1073709055]
 [1073709056 1073709057 1073709058 ... 1073741821 1073741822 1073741823]]`,
  );
  t.is(touched, 36);
});
