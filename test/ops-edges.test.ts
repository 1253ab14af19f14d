import test from 'ava';
import {
  abs,
  copysign,
  div,
  fmod,
  functional,
  grad,
  lerp,
  maximum,
  minimum,
  pow,
  remainder,
  sign,
  sinc,
  special,
  stdMean,
  tensor,
  type Tensor,
} from '../lib/index.js';
import { BACKENDS, onBackend } from './support/check.js';

// Gradients at corners, at poles and of NaN: as PyTorch 1.13 gives them.

const DTYPES = ['float32', 'float64'] as const;
/** Too small for a reciprocal. */
const TINY = { float32: 1e-40, float64: 1e-310 } as const;

function each(
  title: string,
  check: (dtype: (typeof DTYPES)[number]) => [actual: unknown, expected: unknown][],
): void {
  for (const backend of BACKENDS)
    for (const dtype of DTYPES)
      test(`${title}, ${dtype}, on ${backend}`, (t) => {
        onBackend(backend, () => {
          for (const [actual, expected] of check(dtype)) t.deepEqual(actual, expected);
        });
      });
}

/** Six digits, and one zero. */
const numbers = (x: Tensor): number[] =>
  Array.from(x.toArray(), (value) => (Number.isFinite(value) ? Number(value.toPrecision(6)) + 0 : value));

/** The gradients of the sum of `fn` of vectors. */
function gradients(
  fn: (...xs: Tensor[]) => Tensor,
  dtype: 'float32' | 'float64',
  ...vectors: number[][]
): number[][] {
  const xs = vectors.map((values) => tensor(values, { dtype, requiresGrad: true }));
  return grad(fn(...xs).sum(), xs).map(numbers);
}

each('pow to the power of 0 has no slope, whatever the base', (dtype) => {
  const bases = [0, -0, 1, -2, NaN, Infinity, -Infinity, TINY[dtype]];
  const none = bases.map(() => 0);
  return [
    [gradients((x) => pow(x, 0), dtype, bases), [none]],
    [gradients(pow, dtype, bases, none)[0], none],
  ];
});

each('pow at poles, in its base and in its exponent', (dtype) => {
  const bases = [0, -0, 1, -2, NaN, Infinity, -Infinity];
  const table: [exponent: number, base: number[], exponents: number[]][] = [
    [0, [0, 0, 0, 0, 0, 0, 0], [0, 0, 0, NaN, NaN, Infinity, NaN]],
    [1, [1, 1, 1, 1, 1, 1, 1], [0, 0, 0, NaN, NaN, Infinity, NaN]],
    [2, [0, 0, 2, -4, NaN, Infinity, -Infinity], [0, 0, 0, NaN, NaN, Infinity, NaN]],
    [0.5, [Infinity, Infinity, 0.5, NaN, NaN, 0, 0], [0, 0, 0, NaN, NaN, Infinity, NaN]],
    [-1, [-Infinity, -Infinity, -1, -0.25, NaN, 0, 0], [-Infinity, Infinity, 0, NaN, NaN, NaN, NaN]],
    [NaN, [NaN, NaN, NaN, NaN, NaN, NaN, NaN], [NaN, NaN, 0, NaN, NaN, NaN, NaN]],
  ];
  return table.map(([exponent, base, exponents]) => [
    gradients(
      pow,
      dtype,
      bases,
      bases.map(() => exponent),
    ),
    [base, exponents],
  ]);
});

each('pow to the power of 0 keeps its second derivatives', (dtype) => {
  const x = tensor([2, 4, NaN, 0], { dtype, requiresGrad: true });
  const y = tensor([0, 0, 0, 0], { dtype, requiresGrad: true });
  const [slope] = grad(pow(x, y).sum(), x, { createGraph: true });
  const [xx, xy] = grad(slope.sum(), [x, y]);
  return [
    [numbers(xx), [0, 0, 0, 0]],
    // d²xʸ/dx dy = 1/x at y = 0.
    [numbers(xy), [0.5, 0.25, 0, 0]],
  ];
});

each('relu passes the gradient of NaN on', (dtype) => [
  [gradients((x) => x.relu(), dtype, [NaN, 0, -0, 3, -3, Infinity, -Infinity]), [[1, 0, 0, 1, 0, 1, 0]]],
]);

each('maximum and minimum: half to each of equals, all to both where there is a NaN', (dtype) => {
  const [a, b] = [[NaN, 1, NaN, 2, 2, Infinity, 0], [1, NaN, NaN, 2, 3, Infinity, -0]];
  return [
    [gradients(maximum, dtype, a, b), [[1, 1, 1, 0.5, 0, 0.5, 0.5], [1, 1, 1, 0.5, 1, 0.5, 0.5]]],
    [gradients(minimum, dtype, a, b), [[1, 1, 1, 0.5, 1, 0.5, 0.5], [1, 1, 1, 0.5, 0, 0.5, 0.5]]],
  ];
}); // prettier-ignore

/** The second derivatives of a function of one number, in float64. */
function seconds(fn: (x: Tensor) => Tensor, values: number[]): number[] {
  const x = tensor(values, { dtype: 'float64', requiresGrad: true });
  const [first] = grad(fn(x).sum(), x, { createGraph: true });
  return numbers(grad(first.sum(), x)[0]);
}

each('rounded quotients and remainders by 0 and infinities', (dtype) => {
  const a = [1, -1, 0, Infinity, 5, NaN, 2, 7];
  const b = [0, 0, 0, 2, Infinity, 1, NaN, -2];
  const [none, whole] = [a.map(() => 0), a.map(() => 1)];
  const toward0 = (x: Tensor, y: Tensor): Tensor => div(x, y, { roundingMode: 'trunc' });
  const down = (x: Tensor, y: Tensor): Tensor => div(x, y, { roundingMode: 'floor' });
  const twice =
    (fn: (x: Tensor, y: Tensor) => Tensor) =>
    (x: Tensor, y: Tensor): Tensor => {
      const [first, second] = grad(fn(x, y).sum(), [x, y], { createGraph: true });
      return first.add(second);
    };
  return [
    [gradients(toward0, dtype, a, b), [none, none]],
    [gradients(down, dtype, a, b), [none, none]],
    [gradients(fmod, dtype, a, b), [whole, [-Infinity, Infinity, NaN, -Infinity, 0, NaN, NaN, 3]]],
    [gradients(remainder, dtype, a, b), [whole, [-Infinity, Infinity, NaN, NaN, 0, NaN, NaN, 4]]],
    [gradients(twice(fmod), dtype, a, b), [none, none]],
    [gradients(twice(remainder), dtype, a, b), [none, none]],
  ];
});

each('the sign of NaN is 0, that of a boolean is itself', (dtype) => [
  [numbers(sign(tensor([NaN, -Infinity, -0, 2], { dtype }))), [0, -1, 0, 1]],
  [gradients(abs, dtype, [NaN, -1, 0]), [[0, -1, 0]]],
  [[...sign(tensor([true, false])).toArray()], [1, 0]],
  [sign(tensor([true, false])).dtype, 'bool'],
]);

each('lerp arrives at its end', (dtype) => [
  [numbers(lerp(tensor([1e30, 0.1], { dtype }), tensor([1, 0.3], { dtype }), 1)), [1, 0.3]],
  [numbers(lerp(tensor([1e30], { dtype }), tensor([1], { dtype }), tensor([1], { dtype }))), [1]],
  [numbers(lerp(tensor([1], { dtype }), tensor([1e30], { dtype }), 0)), [1]],
]);

each('second derivatives close to 0, and where functions are flat', () => [
  // -π²/3, 3x/8 and -1 are the first terms of the series.
  [seconds(sinc, [0, 1e-9, 0.1]), [-3.28987, -3.28987, -3.19303]],
  [seconds(special.i1, [0, 1e-9, -1e-9, 0.1]), [0, 3.75e-10, -3.75e-10, 0.0375521]],
  [seconds(special.i1e, [0, 1e-9, -1e-9, 0.1]), [0, -1, 1, -0.828956]],
  [seconds(special.logNdtr, [40, 100, Infinity, -100, -1e8]), [0, 0, 0, -0.9999, -1]],
]);

each('extrema and medians of all elements share their gradient; NaN with NaN', (dtype) => [
  [gradients((x) => x.max(), dtype, [1, NaN, 3, NaN]), [[0, 0.5, 0, 0.5]]],
  [gradients((x) => x.min(), dtype, [1, 2, 1, 5]), [[0.5, 0, 0.5, 0]]],
  [gradients((x) => x.median(), dtype, [2, 1, 2, 3, 2]), [[0.333333, 0, 0.333333, 0, 0.333333]]],
  [gradients((x) => x.nanmedian(), dtype, [2, NaN, 2, 1]), [[0.5, 0, 0.5, 0]]],
  [gradients((x) => x.median(), dtype, [2, NaN, 2]), [[0, 1, 0]]],
]);

each('a standard deviation of 0 has no slope', (dtype) => [
  [gradients((x) => x.std(), dtype, [3, 3, 3]), [[0, 0, 0]]],
  [gradients((x) => stdMean(x)[0], dtype, [3, 3]), [[0, 0]]],
]);

each('integers of two dtypes become floats before they meet', (dtype) => {
  const bytes = tensor([1, 2], { dtype: 'uint8' });
  const less = tensor(-2, { dtype: 'int32' });
  return [
    [numbers(div(bytes, less)), [-0.5, -1]],
    [numbers(copysign(bytes, less)), [-1, -2]],
    [numbers(special.xlogy(bytes, less)), [NaN, NaN]],
    [numbers(bytes.to(dtype).argmax()), [1]],
    [numbers(tensor(7, { dtype: 'int32' }).argmax()), [0]],
  ];
});

each('exponential units are right far below 0', (dtype) => [
  [
    gradients((x) => functional.elu(x), dtype, [-40, -1e-6])[0].map((v) => v.toPrecision(4)),
    ['4.248e-18', '1.000'],
  ],
  [gradients(functional.selu, dtype, [-40])[0].map((v) => v.toPrecision(4)), ['7.469e-18']],
  [numbers(functional.celu(tensor([-1e-7], { dtype }), 2)), [-1e-7]],
]);

each('zeta at infinities, and far below 0', (dtype) => {
  const zeta = (x: number, q: number): number[] =>
    numbers(special.zeta(tensor(x, { dtype }), tensor(q, { dtype })));
  return [
    [zeta(Infinity, 0.5), [Infinity]],
    [zeta(Infinity, 1), [1]],
    [zeta(Infinity, 2), [0]],
    [zeta(2, Infinity), [0]],
    [zeta(2, -Infinity), [Infinity]],
    [zeta(2, -300000), [Infinity]],
    [zeta(2, -300000.5), [9.8696]],
    [zeta(3, -7.25), [-62.0043]],
    [zeta(2.5, -1.5), [NaN]],
  ];
});
