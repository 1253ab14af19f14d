import test from 'ava';
import {
  arange,
  functional as F,
  gather,
  gradcheck,
  gradgradcheck,
  nn,
  randn,
  ShapeError,
  tensor,
  type Tensor,
} from '../lib/index.js';
import { BACKENDS, onBackend, sameBits } from './support/check.js';

// Layers over images are their functions with weights of their own.

const row = randn([2, 4, 9]);
const image = randn([2, 4, 6, 7]);
const columns = randn([2, 8, 6]);
const cube = randn([2, 4, 5, 4, 6]);

/** Layers without weights, what they should give, and how they are printed. */
const PLAIN: readonly [nn.Module, Tensor, () => Tensor, string][] = [
  [new nn.MaxPool1d(2), row, () => F.maxPool1d(row, 2), 'MaxPool1d(kernelSize=2)'],
  [new nn.MaxPool2d([2, 3], 1), image, () => F.maxPool2d(image, [2, 3], 1), 'MaxPool2d(kernelSize=2,3, stride=1)'],
  [new nn.MaxPool3d(2, null, 1), cube, () => F.maxPool3d(cube, 2, { padding: 1 }), 'MaxPool3d(kernelSize=2, stride=null, padding=1)'],
  [new nn.AvgPool1d(3, { stride: 2 }), row, () => F.avgPool1d(row, 3, 2), 'AvgPool1d(kernelSize=3, stride=2)'],
  [new nn.AvgPool2d(2, 1, 1, false, false), image, () => F.avgPool2d(image, 2, 1, 1, false, false), 'AvgPool2d(kernelSize=2, stride=1, padding=1, ceilMode=false, countIncludePad=false)'],
  [new nn.AvgPool3d(2, { divisorOverride: 3 }), cube, () => F.avgPool3d(cube, 2, { divisorOverride: 3 }), 'AvgPool3d(kernelSize=2, divisorOverride=3)'],
  [new nn.LPPool1d(2, 3), row, () => F.lpPool1d(row, 2, 3), 'LPPool1d(normType=2, kernelSize=3)'],
  [new nn.LPPool2d(2, 3, 2), image, () => F.lpPool2d(image, 2, 3, 2), 'LPPool2d(normType=2, kernelSize=3, stride=2)'],
  [new nn.AdaptiveAvgPool1d(4), row, () => F.adaptiveAvgPool1d(row, 4), 'AdaptiveAvgPool1d(outputSize=4)'],
  [new nn.AdaptiveAvgPool2d([3, null]), image, () => F.adaptiveAvgPool2d(image, [3, null]), 'AdaptiveAvgPool2d(outputSize=3,)'],
  [new nn.AdaptiveAvgPool3d(2), cube, () => F.adaptiveAvgPool3d(cube, 2), 'AdaptiveAvgPool3d(outputSize=2)'],
  [new nn.AdaptiveMaxPool1d(4), row, () => F.adaptiveMaxPool1d(row, 4), 'AdaptiveMaxPool1d(outputSize=4)'],
  [new nn.AdaptiveMaxPool2d([3, 5]), image, () => F.adaptiveMaxPool2d(image, [3, 5]), 'AdaptiveMaxPool2d(outputSize=3,5)'],
  [new nn.AdaptiveMaxPool3d(2), cube, () => F.adaptiveMaxPool3d(cube, 2), 'AdaptiveMaxPool3d(outputSize=2)'],
  [new nn.Upsample({ scaleFactor: 1.7, mode: 'linear' }), row, () => F.interpolate(row, null, 1.7, 'linear'), 'Upsample(scaleFactor=1.7, mode=linear)'],
  [new nn.UpsamplingNearest2d(3), image, () => F.upsampleNearest(image, 3), 'UpsamplingNearest2d(size=3, mode=nearest)'],
  [new nn.UpsamplingBilinear2d(null, 2), image, () => F.upsampleBilinear(image, null, 2), 'UpsamplingBilinear2d(size=null, scaleFactor=2, mode=bilinear, alignCorners=true)'],
  [new nn.PixelShuffle(2), image, () => F.pixelShuffle(image, 2), 'PixelShuffle(upscaleFactor=2)'],
  [new nn.PixelUnshuffle(2), cube, () => F.pixelUnshuffle(cube, 2), 'PixelUnshuffle(downscaleFactor=2)'],
  [new nn.ChannelShuffle(2), image, () => F.channelShuffle(image, 2), 'ChannelShuffle(groups=2)'],
  [new nn.Unfold(2, { stride: 2 }), image, () => F.unfold(image, 2, { stride: 2 }), 'Unfold(stride=2, kernelSize=2)'],
  [new nn.Fold([3, 4], 2, 1, 0, 1), columns, () => F.fold(columns, [3, 4], 2), 'Fold(outputSize=3,4, kernelSize=2, dilation=1, padding=0, stride=1)'],
  [new nn.ZeroPad1d(2), row, () => F.pad(row, [2, 2]), 'ZeroPad1d((2, 2))'],
  [new nn.ZeroPad2d([1, 2, 3, -1]), image, () => F.pad(image, [1, 2, 3, -1]), 'ZeroPad2d((1, 2, 3, -1))'],
  [new nn.ZeroPad3d(1), cube, () => F.pad(cube, [1, 1, 1, 1, 1, 1]), 'ZeroPad3d((1, 1, 1, 1, 1, 1))'],
  [new nn.ConstantPad1d([1, 0], 3), row, () => F.pad(row, [1, 0], 'constant', 3), 'ConstantPad1d(padding=(1, 0), value=3)'],
  [new nn.ConstantPad2d(1, -1), image, () => F.pad(image, [1, 1, 1, 1], 'constant', -1), 'ConstantPad2d(padding=(1, 1, 1, 1), value=-1)'],
  [new nn.ConstantPad3d(1, 0.5), cube, () => F.pad(cube, [1, 1, 1, 1, 1, 1], 'constant', 0.5), 'ConstantPad3d(padding=(1, 1, 1, 1, 1, 1), value=0.5)'],
  [new nn.ReflectionPad1d([2, 1]), row, () => F.pad(row, [2, 1], 'reflect'), 'ReflectionPad1d((2, 1))'],
  [new nn.ReflectionPad2d(2), image, () => F.pad(image, [2, 2, 2, 2], 'reflect'), 'ReflectionPad2d((2, 2, 2, 2))'],
  [new nn.ReflectionPad3d(1), cube, () => F.pad(cube, [1, 1, 1, 1, 1, 1], 'reflect'), 'ReflectionPad3d((1, 1, 1, 1, 1, 1))'],
  [new nn.ReplicationPad1d([2, 1]), row, () => F.pad(row, [2, 1], 'replicate'), 'ReplicationPad1d((2, 1))'],
  [new nn.ReplicationPad2d(2), image, () => F.pad(image, [2, 2, 2, 2], 'replicate'), 'ReplicationPad2d((2, 2, 2, 2))'],
  [new nn.ReplicationPad3d(1), cube, () => F.pad(cube, [1, 1, 1, 1, 1, 1], 'replicate'), 'ReplicationPad3d((1, 1, 1, 1, 1, 1))'],
  [new nn.CircularPad1d([2, 1]), row, () => F.pad(row, [2, 1], 'circular'), 'CircularPad1d((2, 1))'],
  [new nn.CircularPad2d(2), image, () => F.pad(image, [2, 2, 2, 2], 'circular'), 'CircularPad2d((2, 2, 2, 2))'],
  [new nn.CircularPad3d(1), cube, () => F.pad(cube, [1, 1, 1, 1, 1, 1], 'circular'), 'CircularPad3d((1, 1, 1, 1, 1, 1))'],
]; // prettier-ignore

test('poolings are what their functions are', (t) => {
  for (const [layer, x, expected, printed] of PLAIN) {
    t.true(sameBits(layer.forward(x), expected()), printed);
    t.is(String(layer), printed);
    t.deepEqual(Object.keys(layer.stateDict()), []);
  }
});

for (const backend of BACKENDS)
  test(`convolutions have the weights and shapes of PyTorch's, on ${backend}`, (t) => {
    onBackend(backend, () => {
      const layers: [nn.Module & { weight: Tensor; bias: Tensor | null }, Tensor, number[], number[], string][] = [
        [new nn.Conv1d(4, 6, 3, 2, 1), row, [6, 4, 3], [2, 6, 5], 'Conv1d(4, 6, kernelSize=3, stride=2, padding=1)'],
        [new nn.Conv2d(4, 6, [3, 2], { groups: 2, padding: 'same' }), image, [6, 2, 3, 2], [2, 6, 6, 7], 'Conv2d(4, 6, kernelSize=3,2, groups=2, padding=same)'],
        [new nn.Conv3d(4, 2, 2, 1, 0, 1, 1, false), cube, [2, 4, 2, 2, 2], [2, 2, 4, 3, 5], 'Conv3d(4, 2, kernelSize=2, stride=1, padding=0, dilation=1, groups=1)'],
        [new nn.ConvTranspose1d(4, 2, 3, { stride: 2, outputPadding: 1 }), row, [4, 2, 3], [2, 2, 20], 'ConvTranspose1d(4, 2, kernelSize=3, stride=2, outputPadding=1)'],
        [new nn.ConvTranspose2d(4, 6, 2, 2, 0, 0, 2), image, [4, 3, 2, 2], [2, 6, 12, 14], 'ConvTranspose2d(4, 6, kernelSize=2, stride=2, padding=0, outputPadding=0, groups=2)'],
        [new nn.ConvTranspose3d(4, 1, [1, 2, 3]), cube, [4, 1, 1, 2, 3], [2, 1, 5, 5, 8], 'ConvTranspose3d(4, 1, kernelSize=1,2,3)'],
      ]; // prettier-ignore
      for (const [layer, x, weight, shape, printed] of layers) {
        t.deepEqual(layer.weight.shape, weight, printed);
        t.deepEqual(layer.forward(x).shape, shape, printed);
        t.is(String(layer), printed);
        t.deepEqual(Object.keys(layer.stateDict()), layer.bias === null ? ['weight'] : ['weight', 'bias']);
      }
    });
  });

test('a transposed convolution makes images as large as it is told', (t) => {
  const layer = new nn.ConvTranspose2d(4, 1, 3, { stride: 2, padding: 1 });
  t.deepEqual(layer.forward(image).shape, [2, 1, 11, 13]);
  t.deepEqual(layer.forwardTo(image, [12, 13]).shape, [2, 1, 12, 13]);
  t.throws(() => layer.forwardTo(image, [13, 13]), {
    message: '[ConvTranspose2d] output size: expected 11 to 12 for an input of 6, got 13',
  });
});

test('convolutions pad with the image itself where they are told to', (t) => {
  for (const paddingMode of ['reflect', 'replicate', 'circular'] as const) {
    const even = new nn.Conv2d(4, 2, [3, 2], { padding: 'same', paddingMode, dilation: [1, 3] });
    const around = F.pad(image, [1, 2, 1, 1], paddingMode);
    t.true(
      sameBits(even.forward(image), F.conv2d(around, even.weight, even.bias, { dilation: [1, 3] })),
      paddingMode,
    );
    const deep = new nn.Conv3d(4, 1, 3, 2, [1, 0, 2], 1, 1, true, paddingMode);
    const cubes = F.pad(cube, [2, 2, 0, 0, 1, 1], paddingMode);
    t.true(sameBits(deep.forward(cube), F.conv3d(cubes, deep.weight, deep.bias, 2)), paddingMode);
  }
  const valid = new nn.Conv1d(4, 2, 3, { padding: 'valid', paddingMode: 'circular' });
  t.deepEqual(valid.forward(row).shape, [2, 2, 7]);
  t.is(String(valid), 'Conv1d(4, 2, kernelSize=3, padding=valid, paddingMode=circular)');
});

test('an unpooling puts maxima back where a pooling found them', (t) => {
  const pairs = [
    [new nn.MaxUnpool1d(2, { outputSize: [9] }), F.maxPool1d(row, 2, { returnIndices: true }), row],
    [new nn.MaxUnpool2d([2, 7]), F.maxPool2d(image, [2, 7], { returnIndices: true }), image],
    [
      new nn.MaxUnpool3d(2, 2, { outputSize: [5, 4, 6] }),
      F.maxPool3d(cube, 2, { returnIndices: true }),
      cube,
    ],
  ] as const;
  for (const [layer, { values, indices }, x] of pairs) {
    const y = layer.forward(values, indices);
    t.deepEqual(y.shape, x.shape, String(layer));
    t.is(y.sub(y.eq(x).to('float32').mul(x)).abs().sum().item(), 0, String(layer));
    t.is(y.ne(0).sum().item(), values.size);
  }
  t.is(String(pairs[1][0]), 'MaxUnpool2d(kernelSize=2,7)');
});

test('max pooling layers give positions, too, in the order of PyTorch and by name', (t) => {
  const pools = [
    [new nn.MaxPool1d(2, { returnIndices: true }).forward(row), F.maxPool1d(row, 2, { returnIndices: true })],
    [new nn.MaxPool2d(2, 1, 0, 1, true).forward(image), F.maxPool2d(image, 2, 1, 0, 1, false, true)],
    [
      new nn.MaxPool3d(2, { returnIndices: true }).forward(cube),
      F.maxPool3d(cube, 2, { returnIndices: true }),
    ],
    [new nn.AdaptiveMaxPool1d(4, true).forward(row), F.adaptiveMaxPool1d(row, 4, true)],
    [
      new nn.AdaptiveMaxPool2d(3, { returnIndices: true }).forward(image),
      F.adaptiveMaxPool2d(image, 3, true),
    ],
    [new nn.AdaptiveMaxPool3d(2, true).forward(cube), F.adaptiveMaxPool3d(cube, 2, true)],
  ];
  for (const [found, wanted] of pools) {
    t.true(sameBits(found.values, wanted.values));
    t.true(sameBits(found.indices, wanted.indices));
  }
});

test('fractionalMaxPool2d takes its windows from where PyTorch does, and its gradients are right', (t) => {
  const x = arange(60, { dtype: 'float64' }).mul(0.7).sin().reshape(1, 2, 5, 6);
  const samples = tensor(
    [
      [
        [0.1, 0.9],
        [0.6, 0.35],
      ],
    ],
    { dtype: 'float64' },
  );
  const { values, indices } = F.fractionalMaxPool2d(x, [2, 3], [3, 2], null, true, {
    _randomSamples: samples,
  });
  t.deepEqual(indices.tolist(), [
    [
      [
        [2, 11],
        [12, 11],
        [20, 29],
      ],
      [
        [8, 9],
        [18, 17],
        [26, 27],
      ],
    ],
  ]);
  t.true(sameBits(values, gather(x.reshape(1, 2, 30), 2, indices.reshape(1, 2, 6)).reshape(1, 2, 3, 2)));
  const pool = (y: Tensor): Tensor => F.fractionalMaxPool2d(y, 2, 3, { _randomSamples: samples });
  const leaf = tensor(x.tolist(), { dtype: 'float64', requiresGrad: true });
  t.true(gradcheck(pool, [leaf]));
  t.true(gradgradcheck(pool, [leaf]));
  t.deepEqual(F.fractionalMaxPool2d(image, 2, { outputRatio: 0.5 }).shape, [2, 4, 3, 3]);
  t.deepEqual(F.fractionalMaxPool2d(image.select(0, 0), 2, [5, 6]).shape, [4, 5, 6]);
  t.throws(() => F.fractionalMaxPool2d(image, 2, 6), { instanceOf: ShapeError });
  t.throws(() => F.fractionalMaxPool2d(image, 2), { instanceOf: TypeError });
});
