import test from 'ava';
import {
  batchNorm,
  conv2d,
  crossEntropy,
  getNumThreads,
  grad,
  linear,
  maxPool2d,
  randn,
  relu,
  setNumThreads,
  tensor,
  zeros,
  type Tensor,
} from '../lib/index.js';
import { BACKENDS, differs, onBackend, sameBits, snapshot } from './support/check.js';

// What docs/design.md promises about where elements lie.

/** Strides of (N, C, H, W) with the images innermost. */
const innermost = ([n, , h, w]: readonly number[]): number[] => [1, n * h * w, n * w, n];

for (const backend of BACKENDS) {
  test(`the results of convolutions of many images have these innermost, on ${backend}`, (t) => {
    onBackend(backend, () => {
      const weight = randn([3, 2, 3, 3]);
      const few = conv2d(randn([7, 2, 5, 4]), weight);
      t.true(few.isContiguous);
      const many = conv2d(randn([8, 2, 5, 4]), weight);
      t.deepEqual(many.strides, innermost(many.shape));
      t.throws(() => many.data, { instanceOf: TypeError, message: /toArray\(\)/ });
      t.deepEqual(Array.from(many.contiguous().data), Array.from(many.toArray()));
    });
  });

  test(`pointwise ops, pooling and normalization keep a layout, on ${backend}`, (t) => {
    onBackend(backend, () => {
      const x = conv2d(randn([8, 2, 6, 6]), randn([3, 2, 3, 3]));
      const mask = zeros(x.shape);
      const results: Tensor[] = [
        relu(x),
        x.mul(2),
        x.add(mask),
        x.sub(randn([3, 1, 1])),
        // The gradient of a sum, one element everywhere, has no layout of its own.
        tensor(1).expand(x.shape).mul(x),
        x.to('float64'),
        maxPool2d(x, 2),
        batchNorm(x, null, null, null, null, { training: true }),
      ];
      for (const y of results) t.deepEqual(y.strides, innermost(y.shape));
      t.true(mask.add(x).isContiguous);
      t.true(x.clone().isContiguous);
      t.true(x.contiguous().isContiguous);
    });
  });

  test(`a network of convolutions makes no copy to change a layout, on ${backend}`, (t) => {
    onBackend(backend, () => {
      const image = randn([9, 1, 6, 6], { requiresGrad: true });
      const [w1, w2] = [randn([2, 1, 3, 3]), randn([3, 72])];
      for (const w of [w1, w2]) w.requiresGrad = true;
      const x = relu(conv2d(image, w1, null, { padding: 1 }));
      const rows = x.reshape(9, 72);
      t.is(rows.storage, x.storage);
      t.deepEqual(rows.strides, [1, 9]);
      crossEntropy(linear(rows, w2), tensor([0, 1, 2, 0, 1, 2, 0, 1, 2], { dtype: 'int32' })).backward();
      // Leaves have row-major gradients.
      for (const leaf of [image, w1, w2]) t.true(leaf.grad?.isContiguous);
    });
  });
}

/** A convolution of `n` images with one number replaced in each operand, and its gradients. */
function convolved(n: number, odd: readonly (number | null)[], padding: number): Tensor[] {
  const sizes = [
    [n, 2, 4, 5],
    [3, 2, 3, 3],
    [n, 3, 2 + 2 * padding, 3 + 2 * padding],
  ];
  const operands = sizes.map((shape, k) => {
    const size = shape.reduce((a, b) => a * b);
    const values = Array.from({ length: size }, (_, i) => ((i * 7 + k) % 11) - 5);
    const value = odd[k];
    if (value !== null) values[0] = value;
    return tensor(values).reshape(shape);
  });
  const [x, weight, g] = operands;
  x.requiresGrad = weight.requiresGrad = true;
  const y = conv2d(x, weight, null, { padding });
  y.backward(g);
  return [y, x.grad as Tensor, weight.grad as Tensor];
}

test('what is not finite spreads through convolutions of many images as through those of few', (t) => {
  // Zeros of the padding count: times infinity, they are NaN. With padding 3 a window sees nothing else.
  for (const padding of [0, 1, 3])
    for (const value of [NaN, Infinity])
      for (const place of [0, 1, 2]) {
        const odd = [0, 1, 2].map((k) => (k === place ? value : null));
        for (const n of [8, 21]) {
          const expected = onBackend('reference', () => convolved(n, odd, padding));
          for (const backend of BACKENDS) {
            const actual = onBackend(backend, () => convolved(n, odd, padding));
            const where = `${backend}, ${value} in operand ${place}, ${n} images, padding ${padding}`;
            actual.forEach((y, i) => t.is(differs(y, snapshot(expected[i])), '', `${where}, result ${i}`));
          }
        }
      }
});

test.serial('convolutions of many images do not depend on the number of threads', (t) => {
  const before = getNumThreads();
  const [x, weight, g] = [randn([70, 16, 16, 16]), randn([24, 16, 3, 3]), randn([70, 24, 16, 16])];
  x.requiresGrad = weight.requiresGrad = true;
  const run = (threads: number): Tensor[] => {
    setNumThreads(threads);
    const y = conv2d(x, weight, null, { padding: 1 });
    return [y, ...grad(y, [x, weight], { gradOutputs: g })];
  };
  try {
    const alone = run(1);
    for (const threads of [2, 3]) run(threads).forEach((y, i) => t.true(sameBits(y, alone[i]), `${threads}`));
  } finally {
    setNumThreads(before);
  }
});
