// The names of torch.nn.functional and of torch.autograd.functional, in camelCase.

export * from './derivatives.js';
export {
  celu,
  elu,
  glu,
  hardshrink,
  hardsigmoid,
  hardswish,
  hardtanh,
  leakyRelu,
  logSigmoid,
  logSigmoid as logsigmoid,
  mish,
  prelu,
  relu6,
  rrelu,
  selu,
  softplus,
  softshrink,
  softsign,
  tanhshrink,
  threshold,
} from './ops/activation.js';
export {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  cosineEmbeddingLoss,
  crossEntropy,
  ctcLoss,
  gaussianNllLoss,
  hingeEmbeddingLoss,
  huberLoss,
  klDiv,
  l1Loss,
  marginRankingLoss,
  mseLoss,
  multiMarginLoss,
  multilabelMarginLoss,
  multilabelSoftMarginLoss,
  nllLoss,
  poissonNllLoss,
  smoothL1Loss,
  softMarginLoss,
  tripletMarginLoss,
  tripletMarginWithDistanceLoss,
} from './ops/loss/index.js';
export { conv1d, conv2d, conv3d } from './ops/conv.js';
export { convTranspose1d, convTranspose2d, convTranspose3d } from './ops/conv-transpose.js';
export { cosineSimilarity, pairwiseDistance } from './ops/distance.js';
export { bilinear } from './ops/bilinear.js';
export {
  alphaDropout,
  dropout,
  dropout1d,
  dropout2d,
  dropout3d,
  featureAlphaDropout,
} from './ops/dropout.js';
export { groupNorm, instanceNorm } from './ops/group-norm.js';
export { localResponseNorm, normalize, rmsNorm } from './ops/response-norm.js';
export { embedding } from './ops/embedding.js';
export { embeddingBag } from './ops/embedding-bag.js';
export { pdist } from './ops/linalg/distance.js';
export { linear } from './ops/matmul.js';
export {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
} from './ops/pool-adaptive.js';
export { avgPool1d, avgPool2d, avgPool3d, lpPool1d, lpPool2d } from './ops/pool-average.js';
export { fractionalMaxPool2d, type FractionalMaxPool2dOptions } from './ops/pool-fractional.js';
export { maxPool1d, maxPool2d, maxPool3d } from './ops/pool-max.js';
export { batchNorm, layerNorm } from './ops/normalization.js';
export { gelu, relu, sigmoid, silu, tanh } from './ops/pointwise.js';
export { gumbelSoftmax, logSoftmax, softmax, softmin } from './ops/softmax.js';
export { scaledDotProductAttention } from './ops/attention.js';
export { oneHot } from './ops/indexing-mask.js';
export { pad } from './ops/shape-pad.js';
export { fold, unfold } from './ops/unfold.js';
export { interpolate, upsample, upsampleBilinear, upsampleNearest } from './ops/vision-resize.js';
export { channelShuffle, pixelShuffle, pixelUnshuffle } from './ops/vision-shuffle.js';
export { affineGrid, gridSample } from './ops/vision-grid.js';
export { maxUnpool1d, maxUnpool2d, maxUnpool3d } from './ops/pool-unmax.js';
