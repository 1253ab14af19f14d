import test from 'ava';
import {
  bincount,
  bucketize,
  cov,
  diff,
  grad,
  gradcheck,
  gradgradcheck,
  histc,
  histogram,
  isin,
  median,
  mode,
  nanquantile,
  quantile,
  searchsorted,
  tensor,
  unique,
  uniqueConsecutive,
  type Tensor,
} from '../lib/index.js';
import { ints } from './support/wrong-calls.js';

// What the table of ops does not try: ties, NaN, ranges that follow from the values. Numbers are PyTorch's.

const list = (x: Tensor): number[] => [...x.toArray()];

test('mode takes the smallest of the most frequent elements, at its last place', (t) => {
  const x = tensor([[3, 1, 3, 1, 2], [5, 5, 4, 4, 4]], { requiresGrad: true }); // prettier-ignore
  const { values, indices } = mode(x);
  t.deepEqual(list(values), [1, 4]);
  t.deepEqual(list(indices), [3, 4]);
  t.deepEqual(list(grad(values.sum(), x)[0]), [0, 0, 0, 1, 0, 0, 0, 0, 0, 1]);
  t.deepEqual(list(mode(tensor([NaN, 2, NaN, 2])).values), [2]); // NaN equals nothing.
});

test('unique tells equal elements and slices apart, and NaN from NaN', (t) => {
  const x = tensor([[2, 1], [2, 1], [1, 5], [2, 0]]); // prettier-ignore
  const [values, inverse, counts] = unique(x, { returnInverse: true, returnCounts: true });
  t.deepEqual(list(values), [0, 1, 2, 5]);
  t.deepEqual(inverse.shape, [4, 2]);
  t.deepEqual(list(inverse), [2, 1, 2, 1, 1, 3, 2, 0]);
  t.deepEqual(list(counts), [1, 3, 3, 1]);
  const [rows, which, times] = unique(x, { dim: 0, returnInverse: true, returnCounts: true });
  t.deepEqual(list(rows), [1, 5, 2, 0, 2, 1]);
  t.deepEqual(list(which), [2, 2, 0, 1]);
  t.deepEqual(list(times), [1, 1, 2]);
  t.deepEqual(list(uniqueConsecutive(tensor([1, 1, 2, 2, 2, 1]), { returnCounts: true })[1]), [2, 3, 1]);
  t.is(unique(tensor([NaN, 1, NaN])).size, 3);
  t.deepEqual(list(unique(tensor([true, false, true]))), [0, 1]);
  t.deepEqual(list(unique(ints(3, 1, 3, -2))), [-2, 1, 3]);
});

test('the gradient of unique goes to the first of equal elements', (t) => {
  const x = tensor([3, 1, 3, 2], { requiresGrad: true });
  const [g] = grad(unique(x), x, { gradOutputs: tensor([1, 10, 100]) });
  t.deepEqual(list(g), [100, 1, 0, 10]);
});

test('bincount without weights counts in int32', (t) => {
  const counts = bincount(ints(0, 3, 3, 1), { minlength: 6 });
  t.is(counts.dtype, 'int32');
  t.deepEqual(list(counts), [1, 1, 0, 2, 0, 0]);
  t.deepEqual(list(bincount(ints(2, 2), ints(3, 4))), [0, 0, 7]);
});

test('histograms take their range from the elements, and leave out what is outside', (t) => {
  t.deepEqual(list(histc(tensor([1, 2, 1, 4]), 3)), [2, 1, 1]);
  t.deepEqual(list(histc(tensor([2, 2]), 2)), [0, 2]);
  t.deepEqual(list(histc(tensor([-1, 0, 0.5, 1, 7, NaN]), 2, 0, 1)), [1, 2]);
  const { hist, binEdges } = histogram(tensor([1, 2, 1, 4]), 3);
  t.deepEqual(list(hist), [2, 1, 1]);
  t.deepEqual(list(binEdges), [1, 2, 3, 4]);
  const dense = histogram(tensor([1, 2, 1, 4]), {
    bins: tensor([0, 2, 6]),
    density: true,
    weight: tensor([1, 1, 2, 4]),
  });
  t.deepEqual(list(dense.hist), [0.1875, 0.15625]);
});

test('NaN belongs at the end of a sorted list, and is nowhere', (t) => {
  t.deepEqual(list(searchsorted(tensor([1, 3, 5]), tensor([NaN, 3]))), [3, 1]);
  t.deepEqual(list(bucketize(tensor([NaN, 0]), tensor([1, 3]))), [2, 0]);
  t.deepEqual(list(isin(tensor([1, NaN, 2]), tensor([NaN, 2]))), [0, 0, 1]);
  const sorter = ints(2, 0, 1);
  t.deepEqual(list(searchsorted(tensor([3, 5, 1]), tensor([4]), { sorter })), [2]);
});

test('a quantile of NaN is NaN, but for nanquantile', (t) => {
  const x = tensor([[1, NaN, 3], [4, 5, 6], [NaN, NaN, NaN]], { dtype: 'float64' }); // prettier-ignore
  t.deepEqual(list(quantile(x, 0.5, 1)), [NaN, 5, NaN]);
  t.deepEqual(list(nanquantile(x, 0.5, 1)), [2, 5, NaN]);
});

test('diff takes what to put before and behind, and booleans', (t) => {
  t.deepEqual(list(diff(tensor([1, 3]), { prepend: tensor([0]), append: tensor([7, 7]) })), [1, 2, 4, 0]);
  t.deepEqual(list(diff(tensor([true, false, false]))), [1, 0]);
});

test('cov weighs observations, and has gradients for the weights', (t) => {
  const double = (values: number[] | number[][]): Tensor =>
    tensor(values, { dtype: 'float64', requiresGrad: true });
  const x = double([[1, 2, 4, 3], [0, 1, 1, 5]]); // prettier-ignore
  const aweights = double([0.5, 1, 2, 0.7]);
  const fweights = ints(1, 2, 1, 3);
  const run = (...xs: Tensor[]): Tensor => cov(xs[0], { aweights: xs[1], fweights });
  t.notThrows(() => gradcheck(run, [x, aweights]));
  t.notThrows(() => gradgradcheck(run, [x, aweights]));
  const expected = [1.0770089285714286, 0.40457589285714285, 0.40457589285714285, 4.538225446428571];
  list(run(x, aweights)).forEach((v, i) => t.true(Math.abs(v - expected[i]) < 1e-12, `${v}`));
});

test('methods know what they give', (t) => {
  const x = tensor([2, 1, 2]);
  const alone: Tensor = x.unique();
  const [, counts]: [Tensor, Tensor] = x.unique({ returnCounts: true });
  const middle: Tensor = x.median();
  t.deepEqual([list(alone), list(counts), list(middle)], [[1, 2], [1, 2], [2]]);
  t.deepEqual(list(median(x, 0).indices), [0]);
});
