import test from 'ava';
import { nn, permute, randn, tensor, type Tensor } from '../lib/index.js';
import { BACKENDS, onBackend, sameBits } from './support/check.js';
import { testWrongCalls } from './support/wrong-calls.js';

// Modules, against PyTorch 1.13 where they compute; their ops: cases.ts.

/** The same elements with the first dimension innermost in memory, as batches of images may lie. */
const batchInnermost = (x: Tensor): Tensor =>
  permute(permute(x, [...x.shape.map((_, dim) => dim).slice(1), 0]).contiguous(), [
    x.ndim - 1,
    ...x.shape.map((_, dim) => dim).slice(0, -1),
  ]);

for (const backend of BACKENDS)
  test(`MaxPool2d keeps the layout of its input, forward and back, on ${backend}`, (t) => {
    onBackend(backend, () => {
      const pool = new nn.MaxPool2d(3, { stride: 2, padding: 1 });
      t.is(pool.toString(), 'MaxPool2d(kernelSize=3, stride=2, padding=1)');
      const plain = randn([5, 2, 6, 7], { requiresGrad: true });
      const inner = batchInnermost(plain).detach().requiresGrad_();
      const [a, b] = [pool.forward(plain), pool.forward(inner)];
      t.deepEqual(b.strides, [1, 60, 20, 5]);
      t.true(sameBits(a, b));
      for (const y of [a, b]) y.square().sum().backward();
      t.true(sameBits(plain.grad!, inner.grad!));
    });
  });

test('MaxPool2d moves by its window unless told otherwise', (t) => {
  const x = tensor([[[1, 2, 3], [4, 5, 6], [7, 8, 9]]]); // prettier-ignore
  t.deepEqual(new nn.MaxPool2d(2).forward(x).tolist(), [[[5]]]);
  t.deepEqual(new nn.MaxPool2d(2, { ceilMode: true }).forward(x).tolist(), [[[5, 6], [8, 9]]]); // prettier-ignore
  t.deepEqual(new nn.MaxPool2d(2, { stride: 1 }).forward(x).tolist(), [[[5, 6], [8, 9]]]); // prettier-ignore
});

// prettier-ignore
testWrongCalls([
  [() => new nn.MaxPool2d('2' as never), TypeError, '[MaxPool2d] kernel size: expected a number or a pair of numbers, got "2"'],
  [() => new nn.MaxPool2d(2, { padding: 2 }), RangeError, '[MaxPool2d] padding: expected at most half of the window of 2, got 2'],
  [() => new nn.MaxPool2d(2, { returnIndices: true } as never), TypeError, "[MaxPool2d] options: unknown option 'returnIndices'; there is stride, padding, dilation, ceilMode"],
]);
