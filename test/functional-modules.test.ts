import test from 'ava';
import {
  functional as F,
  fromArray,
  nn,
  ones,
  randn,
  ShapeError,
  tensor,
  type Tensor,
} from '../lib/index.js';
import { BACKENDS, differs, onBackend, sameBits } from './support/check.js';
import { testWrongCalls } from './support/wrong-calls.js';

// Modules that are a function with settings: the same numbers, the settings by position and by name, their state.

const x = randn([4, 6, 5, 3]);
const rows = randn([4, 6]);
const others = randn([4, 6]);
const more = randn([4, 6]);
const classes = tensor([0, 5, 2, 2], { dtype: 'int32' });
const signs = tensor([1, -1, 1, -1]);
const weight = tensor([1, 2, 3, 4, 5, 6]);
const p = rows.sigmoid();
const q = others.sigmoid();
const labels = tensor([[0, 2, -1, 0, 0, 0], [1, -1, 0, 0, 0, 0], [5, 4, 3, 2, 1, 0], [-1, 0, 0, 0, 0, 0]], { dtype: 'int32' }); // prettier-ignore

interface Called {
  forward(...inputs: Tensor[]): Tensor;
  toString(): string;
}

/** A module, what it is called with, what that should give, and how it prints. */
const MODULES: readonly [Called, Tensor[], () => Tensor, string][] = [
  [new nn.Identity(3, 'ignored'), [x], () => x, 'Identity()'],
  [new nn.LogSigmoid(), [x], () => F.logSigmoid(x), 'LogSigmoid()'],
  [new nn.Softplus(2, 3), [x], () => F.softplus(x, 2, 3), 'Softplus(beta=2, threshold=3)'],
  [new nn.Softplus({ beta: 2 }), [x], () => F.softplus(x, 2), 'Softplus(beta=2, threshold=20)'],
  [new nn.Softsign(), [x], () => F.softsign(x), 'Softsign()'],
  [new nn.ReLU6(), [x], () => F.relu6(x), 'ReLU6()'],
  [new nn.LeakyReLU(0.2), [x], () => F.leakyRelu(x, 0.2), 'LeakyReLU(negativeSlope=0.2)'],
  [new nn.PReLU(6), [x], () => F.leakyRelu(x, 0.25), 'PReLU(numParameters=6)'],
  [new nn.ELU({ alpha: 2 }), [x], () => F.elu(x, 2), 'ELU(alpha=2)'],
  [new nn.CELU(2), [x], () => F.celu(x, 2), 'CELU(alpha=2)'],
  [new nn.SELU(), [x], () => F.selu(x), 'SELU()'],
  [new nn.Mish(), [x], () => F.mish(x), 'Mish()'],
  [new nn.Hardtanh(-2, 0.5), [x], () => F.hardtanh(x, -2, 0.5), 'Hardtanh(minVal=-2, maxVal=0.5)'],
  [new nn.Hardsigmoid(), [x], () => F.hardsigmoid(x), 'Hardsigmoid()'],
  [new nn.Hardswish(), [x], () => F.hardswish(x), 'Hardswish()'],
  [new nn.Hardshrink(1), [x], () => F.hardshrink(x, 1), 'Hardshrink(lambd=1)'],
  [new nn.Softshrink(1), [x], () => F.softshrink(x, 1), 'Softshrink(lambd=1)'],
  [new nn.Tanhshrink(), [x], () => F.tanhshrink(x), 'Tanhshrink()'],
  [new nn.Threshold(0.1, 20), [x], () => F.threshold(x, 0.1, 20), 'Threshold(threshold=0.1, value=20)'],
  [new nn.RReLU(0.2, 0.3).eval(), [x], () => F.leakyRelu(x, 0.25), 'RReLU(lower=0.2, upper=0.3)'],
  [new nn.GLU(1), [x], () => F.glu(x, 1), 'GLU(dim=1)'],
  [new nn.Softmax(1), [x], () => F.softmax(x, 1), 'Softmax(dim=1)'],
  [new nn.LogSoftmax({ dim: 0 }), [x], () => F.logSoftmax(x, 0), 'LogSoftmax(dim=0)'],
  [new nn.Softmin(1), [x], () => F.softmin(x, 1), 'Softmin(dim=1)'],
  [new nn.Softmax2d(), [x], () => F.softmax(x, 1), 'Softmax2d()'],
  [new nn.CrossEntropyLoss(weight, { labelSmoothing: 0.1 }), [rows, classes], () => F.crossEntropy(rows, classes, weight, { labelSmoothing: 0.1 }), 'CrossEntropyLoss(ignoreIndex=-100, reduction=mean, labelSmoothing=0.1)'],
  [new nn.NLLLoss({ ignoreIndex: 2, reduction: 'sum' }), [rows, classes], () => F.nllLoss(rows, classes, null, { ignoreIndex: 2, reduction: 'sum' }), 'NLLLoss(ignoreIndex=2, reduction=sum)'],
  [new nn.MSELoss(), [rows, others], () => F.mseLoss(rows, others), 'MSELoss(reduction=mean)'],
  [new nn.L1Loss({ reduction: 'none' }), [rows, others], () => F.l1Loss(rows, others, { reduction: 'none' }), 'L1Loss(reduction=none)'],
  [new nn.SmoothL1Loss({ beta: 0.5 }), [rows, others], () => F.smoothL1Loss(rows, others, { beta: 0.5 }), 'SmoothL1Loss(reduction=mean, beta=0.5)'],
  [new nn.HuberLoss('sum', 2), [rows, others], () => F.huberLoss(rows, others, 'sum', 2), 'HuberLoss(reduction=sum, delta=2)'],
  [new nn.PoissonNLLLoss(false, true), [p, q], () => F.poissonNllLoss(p, q, false, true), 'PoissonNLLLoss(logInput=false, full=true, eps=1e-8, reduction=mean)'],
  [new nn.GaussianNLLLoss({ full: true }), [rows, others, q], () => F.gaussianNllLoss(rows, others, q, true), 'GaussianNLLLoss(full=true, eps=0.000001, reduction=mean)'],
  [new nn.BCELoss(weight), [p, q], () => F.binaryCrossEntropy(p, q, weight), 'BCELoss(reduction=mean)'],
  [new nn.BCEWithLogitsLoss(null, { posWeight: weight }), [rows, q], () => F.binaryCrossEntropyWithLogits(rows, q, { posWeight: weight }), 'BCEWithLogitsLoss(reduction=mean)'],
  [new nn.KLDivLoss({ reduction: 'batchmean' }), [rows, q], () => F.klDiv(rows, q, { reduction: 'batchmean' }), 'KLDivLoss(reduction=batchmean, logTarget=false)'],
  [new nn.SoftMarginLoss(), [rows, others], () => F.softMarginLoss(rows, others), 'SoftMarginLoss(reduction=mean)'],
  [new nn.HingeEmbeddingLoss(2), [p, signs.unsqueeze(1)], () => F.hingeEmbeddingLoss(p, signs.unsqueeze(1), 2), 'HingeEmbeddingLoss(margin=2, reduction=mean)'],
  [new nn.MarginRankingLoss({ margin: 0.5 }), [rows, others, more], () => F.marginRankingLoss(rows, others, more, 0.5), 'MarginRankingLoss(margin=0.5, reduction=mean)'],
  [new nn.CosineEmbeddingLoss(0.1), [rows, others, signs], () => F.cosineEmbeddingLoss(rows, others, signs, 0.1), 'CosineEmbeddingLoss(margin=0.1, reduction=mean)'],
  [new nn.MultiMarginLoss(2, 0.5, weight), [rows, classes], () => F.multiMarginLoss(rows, classes, 2, 0.5, weight), 'MultiMarginLoss(p=2, margin=0.5, reduction=mean)'],
  [new nn.MultiLabelMarginLoss(), [rows, labels], () => F.multilabelMarginLoss(rows, labels), 'MultiLabelMarginLoss(reduction=mean)'],
  [new nn.MultiLabelSoftMarginLoss({ weight }), [rows, q], () => F.multilabelSoftMarginLoss(rows, q, weight), 'MultiLabelSoftMarginLoss(reduction=mean)'],
  [new nn.TripletMarginLoss({ swap: true, margin: 2 }), [rows, others, more], () => F.tripletMarginLoss(rows, others, more, { swap: true, margin: 2 }), 'TripletMarginLoss(margin=2, p=2, eps=0.000001, swap=true, reduction=mean)'],
  [new nn.TripletMarginWithDistanceLoss({ distanceFunction: (a, b) => a.sub(b).abs().sum(-1) }), [rows, others, more], () => F.tripletMarginLoss(rows, others, more, 1, 1, 0), 'TripletMarginWithDistanceLoss(margin=1, swap=false, reduction=mean)'],
  [new nn.CTCLoss({ reduction: 'sum' }), [rows.unsqueeze(1), tensor([1, 2], { dtype: 'int32' }), tensor([4], { dtype: 'int32' }), tensor([2], { dtype: 'int32' })], () => F.ctcLoss(rows.unsqueeze(1), tensor([[1, 2]], { dtype: 'int32' }), 4, [2], 0, 'sum'), 'CTCLoss(blank=0, reduction=sum, zeroInfinity=false)'],
  [new nn.CosineSimilarity(0), [rows, others], () => F.cosineSimilarity(rows, others, 0), 'CosineSimilarity(dim=0, eps=1e-8)'],
  [new nn.PairwiseDistance({ p: 1 }), [rows, others], () => F.pairwiseDistance(rows, others, 1), 'PairwiseDistance(p=1, eps=0.000001, keepdim=false)'],
  [new nn.GroupNorm(3, 6), [x], () => F.groupNorm(x, 3), 'GroupNorm(3, 6, eps=0.00001, affine=true)'],
  [new nn.InstanceNorm2d(6), [x], () => F.instanceNorm(x), 'InstanceNorm2d(6, eps=0.00001, momentum=0.1, affine=false, trackRunningStats=false)'],
  [new nn.InstanceNorm2d(6), [x.select(0, 0)], () => F.instanceNorm(x.narrow(0, 0, 1)).select(0, 0), 'InstanceNorm2d(6, eps=0.00001, momentum=0.1, affine=false, trackRunningStats=false)'],
  [new nn.RMSNorm([5, 3], 0.1), [x], () => F.rmsNorm(x, [5, 3], null, 0.1), 'RMSNorm((5, 3), eps=0.1, elementwiseAffine=true)'],
  [new nn.LayerNorm(3, 0.1, false), [x], () => F.layerNorm(x, 3, null, null, 0.1), 'LayerNorm((3,), eps=0.1, elementwiseAffine=false)'],
  [new nn.LocalResponseNorm(2, 0.1), [x], () => F.localResponseNorm(x, 2, 0.1), 'LocalResponseNorm(2, alpha=0.1, beta=0.75, k=1)'],
  [new nn.BatchNorm3d(6, 0.1, 0.2, false, false), [x.unsqueeze(2)], () => F.batchNorm(x.unsqueeze(2), null, null, null, null, true, 0.2, 0.1), 'BatchNorm3d(6, eps=0.1, momentum=0.2, affine=false, trackRunningStats=false)'],
]; // prettier-ignore

for (const backend of BACKENDS)
  test(`a module gives what its function gives, on ${backend}`, (t) => {
    onBackend(backend, () => {
      for (const [module, inputs, expected, text] of MODULES) {
        t.true(sameBits(module.forward(...inputs), expected()), text);
        t.is(module.toString(), text);
      }
    });
  });

test('weights of losses are copies, and state under PyTorch’s names', (t) => {
  const given = ones([2]);
  const loss = new nn.BCEWithLogitsLoss(given, { posWeight: given });
  t.deepEqual(Object.keys(loss.stateDict()), ['weight', 'pos_weight']);
  loss.loadStateDict({ weight: tensor([2, 3]), pos_weight: tensor([1, 1]) });
  t.deepEqual(given.tolist(), [1, 1]);
  t.deepEqual(loss.forward(tensor([0, 0]), tensor([0, 0])).item(), Math.fround(2.5 * Math.LN2));
  t.deepEqual(Object.keys(new nn.CrossEntropyLoss(weight).stateDict()), ['weight']);
  t.deepEqual(Object.keys(new nn.CrossEntropyLoss().stateDict()), []);
});

for (const backend of BACKENDS)
  test(`InstanceNorm trains and evaluates as PyTorch's, on ${backend}`, (t) => {
    onBackend(backend, () => {
      const image = fromArray(Float64Array.from({ length: 24 }, (_, i) => i ** 2 % 7), [2, 3, 4]);
      const norm = new nn.InstanceNorm1d(3, { affine: true, trackRunningStats: true, dtype: 'float64' });
      t.deepEqual(Object.keys(norm.stateDict()), ['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked']);
      const close = (y: Tensor | null, data: number[]): boolean => t.is(differs(y!, { shape: y!.shape, data }, 1e-10), '');
      norm.forward(image);
      close(norm.runningMean, [0.1625, 0.2375, 0.1875]);
      close(norm.runningVar, [1.195833333333333, 1.1125, 1.129166666666667]);
      t.is(norm.numBatchesTracked?.item(), 0);
      norm.eval();
      close(norm.forward(image.narrow(0, 0, 1)), [-0.14859911466, 0.765856975556, 3.50922524621, 1.68031306577, 1.67100274746, 3.56717607791, 0.722916082235, -0.225170582991, 0.764614310501, 3.58780561081, 1.70567807727, 1.70567807727]);
    });
  }); // prettier-ignore

test('binaryCrossEntropy keeps the logarithms of probabilities close to 1', (t) => {
  const p = tensor([1e-20, 1e-10], { dtype: 'float64' });
  const losses = F.binaryCrossEntropy(p, p.mul(0), { reduction: 'none' });
  t.deepEqual([...losses.toArray()], [-Math.log1p(-1e-20), -Math.log1p(-1e-10)]);
});

test('EmbeddingBag learns what its bags hold', (t) => {
  const bag = new nn.EmbeddingBag(5, 3, { mode: 'sum', paddingIdx: -5 });
  t.is(bag.toString(), 'EmbeddingBag(5, 3, mode=sum, paddingIdx=0)');
  t.deepEqual(bag.weight.select(0, 0).tolist(), [0, 0, 0]);
  const y = bag.forward(tensor([1, 1, 0, 4], { dtype: 'int32' }), tensor([0, 3], { dtype: 'int32' }));
  y.sum().backward();
  t.deepEqual(bag.weight.grad!.select(1, 0).tolist(), [0, 2, 0, 0, 1]);
});

test('Bilinear has the shapes and the range of PyTorch', (t) => {
  const layer = new nn.Bilinear(3, 4, 5, { dtype: 'float64' });
  t.deepEqual(layer.weight.shape, [5, 3, 4]);
  t.true(layer.weight.abs().max().item() <= 1 / Math.sqrt(3));
  t.is(layer.toString(), 'Bilinear(in1Features=3, in2Features=4, outFeatures=5, bias=true)');
  t.deepEqual(layer.forward(randn([2, 3], { dtype: 'float64' }), randn([2, 4], { dtype: 'float64' })).shape, [2, 5]);
  t.is(new nn.Bilinear(3, 4, 5, false).bias, null);
}); // prettier-ignore

// prettier-ignore
testWrongCalls([
  [() => new nn.Softplus('2' as never), TypeError, '[Softplus] beta: expected a number, got "2"'],
  [() => new nn.CELU(0), RangeError, '[CELU] alpha: expected a number other than 0, got 0'],
  [() => new nn.Softshrink(-1), RangeError, '[Softshrink] lambd: expected a number from 0, got -1'],
  [() => new nn.RReLU(0.5, 0.2), RangeError, '[RReLU] lower 0.5 is above upper 0.2'],
  [() => new nn.Threshold({ threshold: 1 } as never), TypeError, '[Threshold] value: expected a number, got undefined'],
  [() => new nn.PReLU(0), RangeError, '[PReLU] numParameters: expected a whole number from 1, got 0'],
  [() => new nn.Softmax({} as never), TypeError, '[Softmax] dim: expected a whole number, got undefined'],
  [() => new nn.Softmax2d().forward(ones([2, 3])), ShapeError, '[Softmax2d] expected (N, C, H, W) or (C, H, W), got (2, 3)'],
  [() => new nn.CrossEntropyLoss({ reduction: 'avg' as never }), RangeError, "[CrossEntropyLoss] reduction: expected 'mean', 'sum' or 'none', got \"avg\""],
  [() => new nn.CrossEntropyLoss([1, 2] as never), TypeError, '[CrossEntropyLoss] weight: expected a tensor, got an array of 2'],
  [() => new nn.NLLLoss({ labelSmoothing: 0.1 } as never), TypeError, "[NLLLoss] options: unknown option 'labelSmoothing'; there is weight, ignoreIndex, reduction"],
  [() => new nn.MSELoss({ reduce: 'mean' } as never), TypeError, "[MSELoss] options: unknown option 'reduce'; there is reduction"],
  [() => new nn.HuberLoss({ delta: -1 }), RangeError, '[HuberLoss] delta: expected a number above 0, got -1'],
  [() => new nn.MultiMarginLoss(3), RangeError, '[MultiMarginLoss] p: expected 1 or 2, got 3'],
  [() => new nn.GroupNorm(4, 6), RangeError, '[GroupNorm] numGroups 4 does not divide the 6 channels'],
  [() => new nn.InstanceNorm1d(3).forward(ones([2, 4, 5])), ShapeError, '[InstanceNorm1d] expected 3 channels, got (2, 4, 5)'],
  [() => new nn.InstanceNorm1d(3).forward(ones([3])), ShapeError, '[InstanceNorm1d] expected 2 or 3 dimensions, got (3,)'],
  [() => new nn.BatchNorm3d(3).forward(ones([2, 3, 4, 5])), ShapeError, '[BatchNorm3d] expected (N, C, D, H, W), got (2, 3, 4, 5)'],
  [() => new nn.BatchNorm2d(3, -1), RangeError, '[BatchNorm2d] eps: expected a number from 0, got -1'],
  [() => new nn.LocalResponseNorm(0), RangeError, '[LocalResponseNorm] size: expected a whole number from 1, got 0'],
  [() => new nn.Bilinear(0, 1, 1), RangeError, '[Bilinear] in1Features: expected a whole number from 1, got 0'],
]);
