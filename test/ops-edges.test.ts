import test from 'ava';
import { grad, maximum, minimum, pow, tensor, type Tensor } from '../lib/index.js';
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
