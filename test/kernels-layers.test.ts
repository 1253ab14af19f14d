import test from 'ava';
import type { AdamParams, Operand, SgdParams } from '../lib/backend/contract.js';
import { philox } from '../lib/backend/reference/random.js';
import type { DType } from '../lib/dtype.js';
import { cycle, each, tensor, vector } from './support/kernels/known.js';
import { read, view } from './support/kernels/trial.js';

// Kernels against numbers from elsewhere: PyTorch 1.13 and NumPy 1.24 (float64), the papers, or a sheet of paper.

each('matmul', (t, kernels) => {
  const a = tensor([2, 3], [1, 2, 3, 4, 5, 6]);
  const b = tensor([3, 2], [7, 8, 9, 10, 11, 12]);
  const out = tensor([2, 2], [NaN, NaN, NaN, NaN]);
  kernels.matmul(a, b, null, out);
  t.is(out, [58, 64, 139, 154]);
  kernels.matmul(a, b, tensor([2], [10, -20]), out);
  t.is(out, [68, 44, 149, 134]);
  // a @ aᵀ, through a transposed view.
  kernels.matmul(a, view(a.storage, 0, [3, 2], [1, 3]), null, out);
  t.is(out, [14, 32, 32, 77]);
  // A sum over nothing.
  kernels.matmul(tensor([2, 0]), tensor([0, 2]), tensor([2], [3, 4]), out);
  t.is(out, [3, 4, 3, 4]);
  kernels.matmul(tensor([2, 0]), tensor([0, 2]), null, out);
  t.is(out, [0, 0, 0, 0]);
  // 0 · ∞ is NaN: zeros must not be skipped.
  kernels.matmul(tensor([1, 1], [0]), tensor([1, 1], [Infinity]), null, view(out.storage, 0, [1, 1], [1, 1]));
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

each('gather, scatter, indexSelect, scatterSlices', (t, kernels) => {
  const x = tensor([2, 3], [1, 2, 3, 4, 5, 6]);
  const index = tensor([2, 2], [2, 0, 1, 1], 'int32');
  const picked = tensor([2, 2]);
  t.equal(kernels.gather(x, 1, index, picked), -1);
  t.is(picked, [3, 1, 5, 5]);
  t.equal(kernels.scatter('add', x, 1, index, tensor([2, 2], [10, 20, 30, 40])), -1);
  t.is(x, [21, 2, 13, 4, 75, 6]);
  const rows = vector([1, 0, 1], 'int32');
  const selected = tensor([3, 3]);
  t.equal(kernels.indexSelect(x, 0, rows, selected), -1);
  t.is(selected, [4, 75, 6, 21, 2, 13, 4, 75, 6]);
  t.equal(kernels.scatterSlices('add', x, 0, rows, cycle([3, 3], 1, 1)), -1);
  t.is(x, [22, 3, 14, 6, 77, 8]);
  t.equal(kernels.gather(x, 1, tensor([2, 2], [0, 0, 0, 3], 'int32'), picked), 3);
  t.equal(kernels.scatter('add', x, 1, tensor([2, 2], [0, -1, 0, 3], 'int32'), picked), 1);
  t.equal(kernels.indexSelect(x, 0, vector([2, 0, 1], 'int32'), selected), 0);
  t.equal(kernels.scatterSlices('add', x, 0, vector([0, 1, -1], 'int32'), selected), 2);
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
    decoupled: false,
  };
  const run = (params: AdamParams): Operand => {
    const [p, m, v] = [vector([1, -2, 0.5]), tensor([3]), tensor([3])];
    for (let i = 0; i < 4; i++) kernels.adam(p, gradient(i), m, v, null, { ...params, step: i + 1 });
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
