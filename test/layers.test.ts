import test, { type ExecutionContext } from 'ava';
import {
  allclose,
  arange,
  dropout,
  embedding,
  embeddingBag,
  fromArray,
  gelu,
  getNumThreads,
  grad,
  gradcheck,
  manualSeed,
  matmul,
  nn,
  ones,
  permute,
  randn,
  scaledDotProductAttention,
  setNumThreads,
  ShapeError,
  silu,
  tensor,
  tidy,
  where,
  type Tensor,
} from '../lib/index.js';
import { deserialize, serialize } from '../lib/io/safetensors.js';
import { BACKENDS, differs, onBackend, sameBits, snapshot } from './support/check.js';
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

/** i² mod 7: numbers that are easy to write in Python. */
const squares = (shape: number[]): Tensor => {
  const count = shape.reduce((a, b) => a * b);
  return fromArray(
    Float64Array.from({ length: count }, (_, i) => i ** 2 % 7),
    shape,
  );
};

const close = (t: ExecutionContext, actual: Tensor | null, expected: readonly number[]): void => {
  const what = differs(actual!, { shape: actual!.shape, data: expected }, 1e-12);
  t.is(what, '');
};

for (const backend of BACKENDS)
  test(`BatchNorm trains and evaluates as PyTorch's, on ${backend}`, (t) => {
    onBackend(backend, () => {
      const bn = new nn.BatchNorm2d(2, { dtype: 'float64' });
      t.is(bn.toString(), 'BatchNorm2d(2, eps=0.00001, momentum=0.1, affine=true, trackRunningStats=true)');
      const x = squares([3, 2, 2, 1]);
      // prettier-ignore
      close(t, bn.forward(x), [
        -1.3093045357663835, -0.6546522678831918, 1.7856812667653683, 0.13736009744348987, 0, 1.3093045357663835,
        -0.6868004872174494, -1.5109610718783886, -0.6546522678831918, 1.3093045357663835, 0.13736009744348987,
        0.13736009744348987,
      ]);
      bn.forward(x.mul(2));
      t.is(bn.numBatchesTracked?.item(), 2);
      bn.eval();
      // prettier-ignore
      close(t, bn.forward(x), [
        -0.3926445966013563, 0.28432884581477513, 2.6793269884633375, 1.1343042176050937, 0.9613022882309066,
        2.3152491730631697, 0.36179283217597197, -0.4107185532531498, 0.28432884581477513, 2.3152491730631697,
        1.1343042176050937, 1.1343042176050937,
      ]);
      t.is(bn.numBatchesTracked?.item(), 2);

      const average = new nn.BatchNorm1d(2, { momentum: null, affine: false, dtype: 'float64' });
      t.deepEqual([...average.parameters()], []);
      const rows = squares([6, 2]);
      average.forward(rows);
      average.forward(rows.mul(3));
      close(t, average.runningMean, [10 / 3, 13 / 3]);
      close(t, average.runningVar, [28 / 3, 77 / 6]);

      const stateless = new nn.BatchNorm1d(2, { trackRunningStats: false }).eval();
      t.deepEqual(Object.keys(stateless.stateDict()), ['weight', 'bias']);
      t.true(
        Math.abs(
          stateless
            .forward(randn([50, 2]))
            .mean()
            .item(),
        ) < 1e-6,
      );
    });
  });

test('BatchNorm keeps the layout of its input, forward and back', (t) => {
  const plain = randn([5, 3, 4, 2], { requiresGrad: true });
  const inner = batchInnermost(plain).detach().requiresGrad_();
  const [a, b] = [plain, inner].map((x) => new nn.BatchNorm2d(3).forward(x));
  t.deepEqual(b.strides, inner.strides);
  t.is(differs(b, snapshot(a)), '');
  for (const y of [a, b]) y.exp().sum().backward();
  t.is(differs(inner.grad!, snapshot(plain.grad!), 1e-5), '');
});

test('buffers are part of the state, live on after a scope, and are not learned', (t) => {
  class Net extends nn.Module {
    bn = new nn.BatchNorm2d(2);
    forward(x: Tensor): Tensor {
      return this.bn.forward(x);
    }
  }
  const [a, b] = [new Net(), new Net()];
  tidy(() => {
    a.forward(randn([4, 2, 3, 3]));
  });
  const names = ['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked'].map(
    (n) => `bn.${n}`,
  );
  t.deepEqual(Object.keys(a.stateDict()), names);
  t.deepEqual(
    [...a.namedParameters()].map(([name]) => name),
    names.slice(0, 2),
  );
  t.deepEqual(
    [...a.namedBuffers()].map(([name]) => name),
    names.slice(2),
  );
  t.is([...a.buffers()].length, 3);
  const { tensors } = deserialize(Buffer.concat(serialize(a.stateDict())));
  b.loadStateDict(tensors);
  t.deepEqual(b.bn.runningMean!.tolist(), a.bn.runningMean!.tolist());
  t.deepEqual(b.bn.runningVar!.tolist(), a.bn.runningVar!.tolist());
  t.is(b.bn.numBatchesTracked!.item(), 1);
  t.deepEqual(b.loadStateDict({}, { strict: false }).missing, names);
});

test('activations are what their ops are', (t) => {
  const x = randn([7]);
  const pairs: [nn.Module, Tensor][] = [
    [new nn.GELU(), gelu(x)],
    [new nn.GELU({ approximate: 'tanh' }), gelu(x, { approximate: 'tanh' })],
    [new nn.SiLU(), silu(x)],
  ];
  for (const [module, expected] of pairs) t.true(sameBits(module.forward(x), expected), module.toString());
  t.is(String(pairs[0][0]), 'GELU(approximate=none)');
  t.deepEqual(Object.keys(pairs[1][0].stateDict()), []);
});

for (const backend of BACKENDS)
  test(`Dropout drops as many as it says, by the seed, and only in training, on ${backend}`, (t) => {
    onBackend(backend, () => {
      const layer = new nn.Dropout(0.25);
      t.is(String(layer), 'Dropout(p=0.25)');
      const x = ones([100, 100], { requiresGrad: true });
      manualSeed(7);
      const a = layer.forward(x);
      manualSeed(7);
      const b = layer.forward(x);
      t.true(sameBits(a, b));
      t.false(sameBits(a, layer.forward(x)));
      const dropped = a.eq(0).sum().item() / x.size;
      t.true(Math.abs(dropped - 0.25) < 0.02, String(dropped));
      t.true(a.toArray().every((v) => v === 0 || v === Math.fround(4 / 3)));
      a.sum().backward();
      t.true(sameBits(x.grad!, a), 'the gradient passes where the element did');
      t.deepEqual(new nn.Dropout(1).forward(x).sum().item(), 0);
      t.is(new nn.Dropout(0).forward(x), x);
      t.is(layer.eval().forward(x), x);
      t.is(dropout(ones([2], { dtype: 'int32' }), 0.5, false).dtype, 'float32');
    });
  });

for (const backend of BACKENDS)
  test(`LayerNorm normalizes as PyTorch's, on ${backend}`, (t) => {
    onBackend(backend, () => {
      const layer = new nn.LayerNorm([2, 2], { dtype: 'float64' });
      t.is(String(layer), 'LayerNorm((2, 2), eps=0.00001, elementwiseAffine=true)');
      // prettier-ignore
      close(t, layer.forward(squares([3, 2, 2])), [-1.1832132521355805, -0.5070913937723917, 1.5212741813171748, 0.16903046459079718, 0.16903046459079718, 1.5212741813171748, -0.5070913937723917, -1.1832132521355805, -1.1470738395783893, 1.6059033754097447, -0.22941476791567794, -0.22941476791567794]);
      t.deepEqual(Object.keys(layer.stateDict()), ['weight', 'bias']);
      t.deepEqual(Object.keys(new nn.LayerNorm(3, { bias: false }).stateDict()), ['weight']);
      t.deepEqual(Object.keys(new nn.LayerNorm(3, { elementwiseAffine: false }).stateDict()), []);
    });
  });

for (const backend of BACKENDS)
  test(`lookups make long rows shorter, and divide gradients by how often rows are looked up (${backend})`, (t) => {
    onBackend(backend, () => {
      const start = [
        [3, 4],
        [0.3, 0.4],
        [0, 10],
        [6, 8],
      ];
      const index = tensor([0, 2, 0, 1], { dtype: 'int32' });
      const weight = tensor(start, { dtype: 'float64', requiresGrad: true });
      const saved = weight.mul(weight).sum();
      const rows = embedding(index, weight, null, 5, 2, true);
      // To the 1e-7 that PyTorch adds to each norm.
      const near = (x: Tensor, y: unknown): void => {
        t.true(allclose(x, tensor(y as number[][], { dtype: 'float64' }), 1e-6, 1e-6), String(x));
      };
      near(rows, [
        [3, 4],
        [0, 5],
        [3, 4],
        [0.3, 0.4],
      ]);
      near(weight, [
        [3, 4],
        [0.3, 0.4],
        [0, 5],
        [6, 8],
      ]);
      t.throws(
        () => {
          saved.backward();
        },
        { message: /in place/ },
      );
      rows.sum().backward();
      near(weight.grad!, [
        [1, 1],
        [1, 1],
        [1, 1],
        [0, 0],
      ]);

      const bags = tensor(start, { dtype: 'float64', requiresGrad: true });
      const means = embeddingBag(index, bags, tensor([0, 3], { dtype: 'int32' }), 5, 1, true);
      near(means, [
        [30 / 7 / 3, (5 + 40 / 7) / 3],
        [0.3, 0.4],
      ]);
      means.sum().backward();
      near(bags.grad!, [
        [1 / 3, 1 / 3],
        [1, 1],
        [1 / 3, 1 / 3],
        [0, 0],
      ]);

      const layer = new nn.Embedding(4, 2, { maxNorm: 1, normType: 1, scaleGradByFreq: true });
      t.true(layer.forward(index).abs().sum(1).max().item() <= 1);
      const bag = new nn.EmbeddingBag(4, 2, { mode: 'sum', maxNorm: 1 });
      t.true(bag.forward(index.reshape(4, 1)).square().sum(1).max().item() <= 1 + 1e-6);
    });
  });

test('Embedding looks up vectors, and does not learn the padding', (t) => {
  const layer = new nn.Embedding(5, 3, { paddingIdx: -2 });
  t.is(String(layer), 'Embedding(5, 3, paddingIdx=3)');
  t.deepEqual(layer.weight.select(0, 3).tolist(), [0, 0, 0]);
  const index = tensor([[0, 3, 4], [4, 4, 3]], { dtype: 'int32' }); // prettier-ignore
  const y = layer.forward(index);
  t.deepEqual(y.shape, [2, 3, 3]);
  t.deepEqual(y.select(0, 1).select(0, 0).tolist(), layer.weight.select(0, 4).tolist());
  y.sum().backward();
  t.deepEqual(layer.weight.grad?.select(1, 0).tolist(), [1, 0, 0, 0, 3]);
  t.is(String(new nn.Embedding(2, 3)), 'Embedding(2, 3)');
});

for (const backend of BACKENDS) {
  /** Views of one tensor (B, L, 3, H, D), as a layer that computes q, k and v at once has them. */
  const parts = (length: number): Tensor[] => {
    const all = randn([2, length, 3, 2, 4], { dtype: 'float64' });
    return [0, 1, 2].map((i) => all.select(2, i).transpose(1, 2).detach().requiresGrad_());
  };
  const composed = ([q, k, v]: readonly Tensor[], mask: Tensor): Tensor =>
    matmul(matmul(q, k.transpose(-1, -2)).div(Math.sqrt(q.shape[3])).add(mask).softmax(-1), v);
  const gradients = (y: Tensor, xs: readonly Tensor[]): Tensor[] => grad(y.tanh().sum(), xs);

  test(`attention over many tiles is what its formula says, with any mask, on ${backend}`, (t) => {
    onBackend(backend, () => {
      const length = backend === 'native' ? 150 : 20;
      const xs = parts(length);
      const seen = arange(length).reshape([length, 1]).ge(arange(length));
      const added = where(seen, 0, -Infinity).to('float64');
      const expected = composed(xs, added);
      const wanted = gradients(expected, xs);
      const numbers = randn([2, 1, length, length], { dtype: 'float64' });
      const cases: [string, Tensor, Tensor, Tensor[]][] = [
        ['causal', scaledDotProductAttention(xs[0], xs[1], xs[2], { isCausal: true }), expected, wanted],
        ['booleans', scaledDotProductAttention(xs[0], xs[1], xs[2], { attnMask: seen }), expected, wanted],
        ['-inf', scaledDotProductAttention(xs[0], xs[1], xs[2], { attnMask: added }), expected, wanted],
        [
          'numbers',
          scaledDotProductAttention(xs[0], xs[1], xs[2], { attnMask: numbers }),
          composed(xs, numbers),
          gradients(composed(xs, numbers), xs),
        ],
      ];
      for (const [name, y, want, wantGradients] of cases) {
        t.is(differs(y, snapshot(want), 1e-11), '', name);
        gradients(y, xs).forEach((g, i) =>
          t.is(differs(g, snapshot(wantGradients[i]), 1e-10), '', `${name} ${i}`),
        );
      }
    });
  });

  test(`attention lies in memory as its queries do, and does not depend on threads, on ${backend}`, (t) => {
    onBackend(backend, () => {
      const xs = parts(70);
      const run = (): Tensor[] => {
        const y = scaledDotProductAttention(xs[0], xs[1], xs[2], { isCausal: true });
        return [y, ...gradients(y, xs)];
      };
      const [y, ...gs] = run();
      t.true(y.transpose(1, 2).isContiguous);
      const threads = getNumThreads();
      setNumThreads(1);
      run().forEach((x, i) => t.true(sameBits(x, [y, ...gs][i])));
      setNumThreads(threads);
    });
  });

  test(`threads that multiply small matrices side by side do not disturb each other, on ${backend}`, (t) => {
    onBackend(backend, () => {
      const [q, k, v] = [0, 1, 2].map(() => randn([backend === 'native' ? 64 : 2, 64, 32]));
      const once = (): Tensor => scaledDotProductAttention(q, k, v);
      const first = once();
      const runs = backend === 'native' ? 600 : 1;
      for (let i = 0; i < runs; i++) if (!sameBits(tidy(once), first)) t.fail(`run ${i} differs`);
      t.pass();
    });
  });

  test(`a mask of numbers has a gradient, and dropped weights have none, on ${backend}`, (t) => {
    onBackend(backend, () => {
      const xs = parts(3);
      const mask = randn([3, 3], { dtype: 'float64', requiresGrad: true });
      t.notThrows(() =>
        gradcheck((q, k, v, m) => scaledDotProductAttention(q, k, v, { attnMask: m }), [...xs, mask]),
      );
      manualSeed(3);
      const all = scaledDotProductAttention(xs[0], xs[1], xs[2], { dropoutP: 1 });
      t.is(all.abs().sum().item(), 0);
      t.false(sameBits(scaledDotProductAttention(xs[0], xs[1], xs[2], { dropoutP: 0.5 }), all));
    });
  });
}

class Named extends nn.Module {
  weight = new nn.Parameter(ones([2]));
  constructor(name: unknown, value: unknown = ones([1])) {
    super();
    this.registerBuffer('there', ones([1]));
    this.registerBuffer(name as string, value as Tensor);
  }
  forward(x: Tensor): Tensor {
    return x;
  }
}

// prettier-ignore
testWrongCalls([
  [() => new nn.MaxPool2d('2' as never), TypeError, '[MaxPool2d] kernel size: expected a number or a pair of numbers, got "2"'],
  [() => new nn.MaxPool2d(2, { padding: 2 }), RangeError, '[MaxPool2d] padding: expected at most half of the window of 2, got 2'],
  [() => new nn.MaxPool2d(2, { indices: true } as never), TypeError, "[MaxPool2d] options: unknown option 'indices'; there is stride, padding, dilation, returnIndices, ceilMode"],
  [() => new nn.AdaptiveMaxPool2d(2, 1 as never), TypeError, '[AdaptiveMaxPool2d] returnIndices: expected true or false, got 1'],
  [() => new nn.BatchNorm2d(-1), RangeError, '[BatchNorm2d] numFeatures: expected a whole number from 0, got -1'],
  [() => new nn.BatchNorm2d(2, { momentum: 1.5 }), RangeError, '[BatchNorm2d] momentum: expected a number from 0 to 1, got 1.5'],
  [() => new nn.BatchNorm1d(2, { eps: NaN }), RangeError, '[BatchNorm1d] eps: expected a number from 0, got NaN'],
  [() => new nn.BatchNorm2d(2, { affine: 0 } as never), TypeError, '[BatchNorm2d] affine: expected true or false, got 0'],
  [() => new nn.BatchNorm2d(2, { bias: true } as never), TypeError, "[BatchNorm2d] options: unknown option 'bias'; there is eps, momentum, affine, trackRunningStats, dtype"],
  [() => new nn.BatchNorm2d(2).forward(ones([2, 2])), ShapeError, '[BatchNorm2d] expected (N, C, H, W), got (2, 2)'],
  [() => new nn.BatchNorm1d(2).forward(ones([2])), ShapeError, '[BatchNorm1d] expected (N, C) or (N, C, L), got (2,)'],
  [() => new nn.BatchNorm2d(3).forward(ones([2, 2, 1, 1])), ShapeError, '[batchNorm] runningMean: expected (2,), got (3,)'],
  [() => new nn.GELU({ approximate: true as never }), RangeError, "[GELU] approximate: expected 'none' or 'tanh', got true"],
  [() => new nn.Dropout(-0.1), RangeError, '[Dropout] p: expected a number from 0 to 1, got -0.1'],
  [() => new nn.LayerNorm([]), ShapeError, '[LayerNorm] normalizedShape: expected at least one size, got none'],
  [() => new nn.LayerNorm('3' as never), TypeError, '[LayerNorm] shape: expected an array of sizes, got "3"'],
  [() => new nn.LayerNorm(3, { bias: 0 as never }), TypeError, '[LayerNorm] bias: expected true or false, got 0'],
  [() => new nn.Embedding(0, 3), RangeError, '[Embedding] numEmbeddings: expected a whole number from 1, got 0'],
  [() => new nn.Embedding(2, 3, { maxNorm: -1 }), RangeError, '[Embedding] maxNorm: expected a number from 0, got -1'],
  [() => new nn.Embedding(2, 3, { paddingIdx: 2 }), RangeError, '[Embedding] paddingIdx: expected a whole number within 2 rows, got 2'],
  [() => new Named('a.b'), TypeError, '[registerBuffer] name: expected a string without dots, got "a.b"'],
  [() => new Named(3), TypeError, '[registerBuffer] name: expected a string without dots, got 3'],
  [() => new Named('x', 3), TypeError, '[registerBuffer] x: expected a tensor, got 3'],
  [() => new Named('there'), RangeError, '[registerBuffer] there: the name is taken'],
  [() => new Named('weight'), RangeError, '[registerBuffer] weight: the name is taken'],
]);
