import { arange, nn, randn } from '../../lib/index.js';
import { images, type Row } from './check.js';

const [row1, row2, row3] = [images(4, 11), images(4, 9, 8), images(4, 5, 6, 7)];

/** Positions that max pooling of images (N, 2, 6) and the like has found. */
const unpooled =
  (...shape: number[]) =>
  (n: number) => {
    const size = shape.reduce((a, b) => a * b);
    const index = arange(size).mul(2).reshape([1, ...shape]).remainder(2 ** (shape.length - 1) * (size / shape[0])).to('int32'); // prettier-ignore
    return [randn([n, ...shape]), index.expand([n, ...shape]).contiguous()];
  };

const of1 = (model: nn.Module): Row => ({ model, inputs: row1 });
const of2 = (model: nn.Module): Row => ({ model, inputs: row2 });
const of3 = (model: nn.Module): Row => ({ model, inputs: row3 });
const maxima = (model: unknown, inputs: Row['inputs']): Row => ({ model: model as nn.AnyModule, inputs });

/** With other statistics than those of the beginning. */
function trained<M extends nn.Module>(model: M): M {
  model.forward(randn([3, 4, 9, 8]).add(2));
  return model;
}

/** Modules that work on images, by name. */
export const IMAGES: Readonly<Record<string, readonly Row[]>> = {
  Conv1d: [
    of1(new nn.Conv1d(4, 6, 3)),
    of1(new nn.Conv1d(4, 6, 3, { padding: 2, stride: 2, dilation: 2, groups: 2, bias: false })),
    of1(new nn.Conv1d(4, 6, 4, { padding: 'same' })),
    of1(new nn.Conv1d(4, 6, 3, { padding: 2, paddingMode: 'circular' })),
  ],
  Conv2d: [
    of2(new nn.Conv2d(4, 6, 3)),
    of2(new nn.Conv2d(4, 6, [3, 2], { padding: [2, 1], stride: [1, 2], dilation: [2, 1] })),
    of2(new nn.Conv2d(4, 8, 3, { groups: 4, bias: false })),
    of2(new nn.Conv2d(4, 6, 4, { padding: 'same' })),
    of2(new nn.Conv2d(4, 6, 3, { padding: 1, paddingMode: 'reflect' })),
    of2(new nn.Conv2d(4, 6, 3, { padding: 1, paddingMode: 'replicate' })),
    { model: new nn.Conv2d(1, 6, 3), inputs: (n) => [randn([n, 1, 28, 28])] },
    { model: new nn.Conv2d(4, 6, 3), inputs: () => [randn([4, 9, 8])], options: { dynamicBatch: false } },
  ],
  Conv3d: [
    of3(new nn.Conv3d(4, 6, 3)),
    of3(new nn.Conv3d(4, 6, [3, 2, 1], { padding: 1, stride: [1, 2, 1], dilation: [1, 1, 2], groups: 2 })),
    of3(new nn.Conv3d(4, 2, 3, { padding: 'same', bias: false })),
  ],
  ConvTranspose1d: [
    of1(new nn.ConvTranspose1d(4, 6, 3)),
    of1(new nn.ConvTranspose1d(4, 6, 3, { stride: 2, padding: 1, outputPadding: 1, groups: 2 })),
    // More than windows reach, in full or in part.
    of1(new nn.ConvTranspose1d(4, 6, 3, { dilation: 2, outputPadding: 1 })),
    of1(new nn.ConvTranspose1d(4, 6, 3, { dilation: 3, outputPadding: 2, padding: 1, bias: false })),
    of1(new nn.ConvTranspose1d(4, 6, 3, { dilation: 2, outputPadding: 1, padding: 2 })),
  ],
  ConvTranspose2d: [
    of2(new nn.ConvTranspose2d(4, 6, 3)),
    of2(new nn.ConvTranspose2d(4, 6, 3, { stride: 2, padding: 1, outputPadding: 1, dilation: 2, groups: 2 })),
    of2(new nn.ConvTranspose2d(4, 6, [2, 3], { stride: 1, dilation: 3, outputPadding: 2, bias: false })),
  ],
  ConvTranspose3d: [
    of3(new nn.ConvTranspose3d(4, 6, 3)),
    of3(new nn.ConvTranspose3d(4, 6, 3, { stride: 2, padding: 1, outputPadding: 1, groups: 2 })),
    of3(new nn.ConvTranspose3d(4, 6, 3, { dilation: 2, outputPadding: [1, 0, 1], padding: [0, 0, 1] })),
  ],
  BatchNorm1d: [
    of1(new nn.BatchNorm1d(4)),
    { model: new nn.BatchNorm1d(5, { affine: false }), inputs: images(5) },
  ],
  BatchNorm2d: [of2(new nn.BatchNorm2d(4)), of2(new nn.BatchNorm2d(4, { eps: 0.1 }))],
  BatchNorm3d: [of3(new nn.BatchNorm3d(4)), of3(new nn.BatchNorm3d(4, { trackRunningStats: false }))],
  InstanceNorm1d: [of1(new nn.InstanceNorm1d(4)), of1(new nn.InstanceNorm1d(4, { affine: true }))],
  InstanceNorm2d: [
    of2(new nn.InstanceNorm2d(4)),
    of2(new nn.InstanceNorm2d(4, { affine: true, trackRunningStats: true })),
    of2(trained(new nn.InstanceNorm2d(4, { affine: true, trackRunningStats: true }))),
  ],
  InstanceNorm3d: [of3(new nn.InstanceNorm3d(4)), of3(new nn.InstanceNorm3d(4, { affine: true }))],
  GroupNorm: [of2(new nn.GroupNorm(2, 4)), of1(new nn.GroupNorm(4, 4, { affine: false }))],
  LocalResponseNorm: [
    of2(new nn.LocalResponseNorm(3)),
    of1(new nn.LocalResponseNorm(2, { alpha: 0.1, k: 2 })),
  ],
  MaxPool1d: [
    of1(new nn.MaxPool1d(2)),
    maxima(new nn.MaxPool1d(3, { stride: 2, padding: 1, returnIndices: true }), row1),
  ],
  MaxPool2d: [
    of2(new nn.MaxPool2d(2)),
    of2(new nn.MaxPool2d(3, { stride: 2, padding: 1 })),
    of2(new nn.MaxPool2d(3, { stride: 2, ceilMode: true })),
    of2(new nn.MaxPool2d([2, 3], { stride: 3, padding: 1, dilation: 2, ceilMode: true })),
    maxima(new nn.MaxPool2d(2, { dilation: 3, ceilMode: true, stride: 4, returnIndices: true }), row2),
    maxima(new nn.MaxPool2d(3, { stride: 2, padding: 1, ceilMode: true, returnIndices: true }), row2),
  ],
  MaxPool3d: [of3(new nn.MaxPool3d(2)), of3(new nn.MaxPool3d(3, { stride: 2, padding: 1, ceilMode: true }))],
  MaxUnpool1d: [{ model: new nn.MaxUnpool1d(2), inputs: unpooled(2, 6) }],
  MaxUnpool2d: [{ model: new nn.MaxUnpool2d(2), inputs: unpooled(2, 3, 3) }],
  MaxUnpool3d: [{ model: new nn.MaxUnpool3d(2), inputs: unpooled(2, 2, 2, 2) }],
  AvgPool1d: [
    of1(new nn.AvgPool1d(2)),
    of1(new nn.AvgPool1d(3, { stride: 2, padding: 1, countIncludePad: false })),
  ],
  AvgPool2d: [
    of2(new nn.AvgPool2d(2)),
    of2(new nn.AvgPool2d(3, { stride: 2, padding: 1 })),
    of2(new nn.AvgPool2d(3, { stride: 2, padding: 1, countIncludePad: false })),
    of2(new nn.AvgPool2d(3, { stride: 2, ceilMode: true })),
    of2(new nn.AvgPool2d([3, 2], { divisorOverride: 5 })),
  ],
  AvgPool3d: [of3(new nn.AvgPool3d(2)), of3(new nn.AvgPool3d(3, { stride: 2, padding: 1, ceilMode: true }))],
  LPPool1d: [of1(new nn.LPPool1d(2, 3))],
  LPPool2d: [of2(new nn.LPPool2d(2, 2)), of2(new nn.LPPool2d(1.5, 3, { stride: 2 }))],
  AdaptiveAvgPool1d: [of1(new nn.AdaptiveAvgPool1d(1)), of1(new nn.AdaptiveAvgPool1d(4))],
  AdaptiveAvgPool2d: [of2(new nn.AdaptiveAvgPool2d(1)), of2(new nn.AdaptiveAvgPool2d([3, 4]))],
  AdaptiveAvgPool3d: [of3(new nn.AdaptiveAvgPool3d(1)), of3(new nn.AdaptiveAvgPool3d([2, 3, 4]))],
  AdaptiveMaxPool1d: [of1(new nn.AdaptiveMaxPool1d(1)), of1(new nn.AdaptiveMaxPool1d(4))],
  AdaptiveMaxPool2d: [of2(new nn.AdaptiveMaxPool2d(1)), of2(new nn.AdaptiveMaxPool2d([3, 4]))],
  AdaptiveMaxPool3d: [of3(new nn.AdaptiveMaxPool3d(1)), of3(new nn.AdaptiveMaxPool3d([2, 3, 4]))],
  Upsample: [
    of2(new nn.Upsample({ scaleFactor: 2 })),
    of2(new nn.Upsample({ scaleFactor: 2.5, mode: 'bilinear' })),
    of2(new nn.Upsample({ size: [4, 20], mode: 'bilinear', alignCorners: true })),
    of2(new nn.Upsample({ scaleFactor: 2, mode: 'bicubic' })),
    of2(new nn.Upsample({ size: 5, mode: 'nearest-exact' })),
    of1(new nn.Upsample({ scaleFactor: 3, mode: 'linear' })),
    of3(new nn.Upsample({ scaleFactor: 2, mode: 'trilinear' })),
    { model: new nn.Upsample({ scaleFactor: 1.5, mode: 'bilinear' }), inputs: images(2, 20, 12) },
    { model: new nn.Upsample({ size: [50, 24], mode: 'bicubic' }), inputs: images(1, 20, 21) },
  ],
  UpsamplingNearest2d: [of2(new nn.UpsamplingNearest2d({ scaleFactor: 2 }))],
  UpsamplingBilinear2d: [of2(new nn.UpsamplingBilinear2d({ size: [11, 13] }))],
  PixelShuffle: [of2(new nn.PixelShuffle(2))],
  PixelUnshuffle: [{ model: new nn.PixelUnshuffle(2), inputs: images(3, 6, 4) }],
  ChannelShuffle: [of2(new nn.ChannelShuffle(2))],
  Unfold: [of2(new nn.Unfold(3)), of2(new nn.Unfold([2, 3], { padding: 1, stride: 2, dilation: 2 }))],
  Fold: [{ model: new nn.Fold([5, 6], 2, { padding: 1, stride: 2 }), inputs: images(12, 12) }],
  ZeroPad1d: [of1(new nn.ZeroPad1d([1, 2]))],
  ZeroPad2d: [of2(new nn.ZeroPad2d([1, 2, 0, 3])), of2(new nn.ZeroPad2d([-1, 2, -2, 3]))],
  ZeroPad3d: [of3(new nn.ZeroPad3d(1))],
  ConstantPad1d: [of1(new nn.ConstantPad1d(2, 1.5))],
  ConstantPad2d: [of2(new nn.ConstantPad2d([0, 2, 1, 1], -3))],
  ConstantPad3d: [of3(new nn.ConstantPad3d([1, 0, 0, 2, 1, 1], 0.5))],
  ReflectionPad1d: [of1(new nn.ReflectionPad1d([3, 1]))],
  ReflectionPad2d: [of2(new nn.ReflectionPad2d([3, 1, 0, 2]))],
  ReflectionPad3d: [of3(new nn.ReflectionPad3d(1))],
  ReplicationPad1d: [of1(new nn.ReplicationPad1d([3, 1]))],
  ReplicationPad2d: [of2(new nn.ReplicationPad2d([3, 1, 0, 2]))],
  ReplicationPad3d: [of3(new nn.ReplicationPad3d(1))],
  CircularPad1d: [of1(new nn.CircularPad1d([3, 1]))],
  CircularPad2d: [of2(new nn.CircularPad2d([3, 1, 0, 2]))],
  CircularPad3d: [of3(new nn.CircularPad3d(1))],
};
