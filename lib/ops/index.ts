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
  type EluOptions,
  type HardtanhOptions,
  type RreluOptions,
  type ShrinkOptions,
  type SoftplusOptions,
  type ThresholdOptions,
} from './activation.js';
export * from './aliases.js';
export { detectAnomaly } from './anomaly.js';
export {
  addcdiv,
  addcmul,
  clamp,
  clampMax,
  clampMin,
  copysign,
  floorDivide,
  fmax,
  fmin,
  fmod,
  lerp,
  nanToNum,
  positive,
  remainder,
  type ClampOptions,
  type NanToNumOptions,
} from './arithmetic.js';
export { scaledDotProductAttention, type AttentionOptions } from './attention.js';
export { clone, contiguous, expand, reshape, sum, unbroadcast, view } from './broadcast.js';
export { conv1d, conv2d, conv3d } from './conv.js';
export type { Conv1dOptions, Conv2dOptions, Conv3dOptions, ConvOptions } from './conv.js';
export { convTranspose1d, convTranspose2d, convTranspose3d } from './conv-transpose.js';
export type { ConvTransposeOptions } from './conv-transpose.js';
export {
  eye,
  fromArray,
  full,
  ones,
  rand,
  randint,
  randn,
  tensor,
  zeros,
  fullLike,
  onesLike,
  randLike,
  randnLike,
  zerosLike,
} from './create.js';
export { arange, linspace, logspace } from './ranges.js';
export type { CreateOptions } from './create.js';
export { corrcoef, cov, type CovOptions } from './covariance.js';
export { diff, gradient, type DiffOptions, type GradientOptions } from './differences.js';
export {
  cosineSimilarity,
  pairwiseDistance,
  type CosineSimilarityOptions,
  type PairwiseDistanceOptions,
} from './distance.js';
export { einsum } from './einsum.js';
export { bilinear } from './bilinear.js';
export {
  alphaDropout,
  dropout,
  dropout1d,
  dropout2d,
  dropout3d,
  featureAlphaDropout,
  type DropoutOptions,
} from './dropout.js';
export * from './elementary.js';
export { embedding, type EmbeddingOptions } from './embedding.js';
export { embeddingBag, type BagMode, type EmbeddingBagOptions } from './embedding-bag.js';
export {
  bincount,
  histc,
  histogram,
  type BincountOptions,
  type HistcOptions,
  type HistogramOptions,
} from './histogram.js';
export {
  gather,
  scatter,
  scatterAdd,
  takeAlongDim,
  type GatherOptions,
  type ScatterAddOptions,
  type ScatterOptions,
  type TakeAlongDimOptions,
} from './indexing.js';
export {
  at,
  indexPut,
  indexPut_,
  put,
  setAt_,
  take,
  type IndexPutOptions,
  type PutOptions,
} from './indexing-at.js';
export type { Index, IndexArray, Indices, SliceText } from './indexing-parse.js';
export {
  diagonalScatter,
  selectScatter,
  sliceScatter,
  type DiagonalScatterOptions,
  type SelectScatterOptions,
  type SliceScatterOptions,
} from './indexing-into.js';
export {
  argwhere,
  maskedScatter,
  maskedSelect,
  nonzero,
  where,
  type MaskedScatterOptions,
  type NonzeroOptions,
  type OneHotOptions,
} from './indexing-mask.js';
export {
  indexReduce,
  scatterReduce,
  type IndexReduceOptions,
  type ScatterReduceOptions,
  type ScatterReduction,
} from './indexing-reduce.js';
export {
  indexAdd,
  indexCopy,
  indexFill,
  indexSelect,
  type IndexAddOptions,
  type IndexCopyOptions,
  type IndexFillOptions,
  type IndexSelectOptions,
} from './indexing-slices.js';
export { add_, copy_, div_, fill_, mul_, sub_, zero_ } from './inplace.js';
/** Decompositions, solutions and norms of matrices: PyTorch's `torch.linalg`. */
export * as linalg from './linalg/index.js';
export * from './linalg/top.js';
export * from './loss/index.js';
export * from './logic.js';
export { linear, matmul } from './matmul.js';
export { groupNorm, instanceNorm, type InstanceNormOptions } from './group-norm.js';
export { dist, norm, type OldNormOptions } from './norm.js';
export { batchNorm, layerNorm, type BatchNormOptions, type LayerNormOptions } from './normalization.js';
export {
  localResponseNorm,
  normalize,
  rmsNorm,
  type LocalResponseNormOptions,
  type NormalizeOptions,
  type RmsNormOptions,
} from './response-norm.js';
export {
  abs,
  erf,
  exp,
  gelu,
  log,
  logicalNot,
  neg,
  reciprocal,
  relu,
  sigmoid,
  sign,
  silu,
  sqrt,
  square,
  tanh,
} from './pointwise.js';
export {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
} from './pool-adaptive.js';
export type { AdaptiveMaxPoolOptions, OutputSize1, OutputSize2, OutputSize3 } from './pool-adaptive.js';
export { avgPool1d, avgPool2d, avgPool3d, lpPool1d, lpPool2d } from './pool-average.js';
export type { AvgPoolNdOptions, AvgPoolOptions, LpPoolOptions } from './pool-average.js';
export { maxPool1d, maxPool2d, maxPool3d, type MaxPool2dOptions, type MaxPoolOptions } from './pool-max.js';
export { add, div, rsub, sub, type AlphaOptions, type DivOptions } from './operators.js';
export { eq, ge, gt, le, lt, maximum, minimum, mul, ne, pow } from './pointwise.js';
export { nanquantile, quantile, type QuantileOptions } from './quantile.js';
export { amax, amin, argmax, argmin, max, mean, min, type ValuesAndIndices } from './reduce.js';
export {
  cat,
  concat,
  concatenate,
  flatten,
  narrow,
  permute,
  select,
  slice,
  squeeze,
  stack,
  swapaxes,
  swapdims,
  transpose,
  unsqueeze,
  type DimOption,
  type DimsOption,
  type NarrowOptions,
  type SelectOptions,
  type SliceOptions,
} from './shape.js';
export {
  diag,
  diagEmbed,
  diagflat,
  diagonal,
  trace,
  tril,
  trilIndices,
  triu,
  triuIndices,
  type DiagonalOptions,
  type DiagOptions,
  type TriangleIndicesOptions,
} from './shape-diagonal.js';
export {
  blockDiag,
  cartesianProd,
  columnStack,
  combinations,
  dstack,
  hstack,
  meshgrid,
  rowStack,
  vander,
  vstack,
  type CombinationsOptions,
  type MeshgridOptions,
  type VanderOptions,
} from './shape-join.js';
export { constantPadNd, type PadMode, type PadOptions } from './shape-pad.js';
export {
  flip,
  fliplr,
  flipud,
  repeat,
  repeatInterleave,
  roll,
  rot90,
  tile,
  type RepeatInterleaveOptions,
  type RollOptions,
  type Rot90Options,
} from './shape-repeat.js';
export {
  chunk,
  dsplit,
  hsplit,
  split,
  splitWithSizes,
  tensorSplit,
  unbind,
  vsplit,
  type ChunkOptions,
  type HsplitOptions,
  type SplitOptions,
  type SplitWithSizesOptions,
  type TensorSplitOptions,
} from './shape-split.js';
export { unfold, type UnfoldOptions } from './shape-unfold.js';
export {
  adjoint,
  atleast1d,
  atleast2d,
  atleast3d,
  broadcastTensors,
  broadcastTo,
  expandAs,
  moveaxis,
  movedim,
  narrowCopy,
  ravel,
  reshapeAs,
  sumToSize,
  t,
  unflatten,
  viewAs,
} from './shape-view.js';
export {
  gumbelSoftmax,
  logSoftmax,
  softmax,
  softmin,
  type GumbelSoftmaxOptions,
  type SoftmaxOptions,
} from './softmax.js';
export {
  angle,
  conj,
  conjPhysical,
  frexp,
  real,
  resolveConj,
  resolveNeg,
  type MantissaAndExponent,
} from './real.js';
export { renorm, type RenormOptions } from './renorm.js';
export { segmentReduce, type SegmentReduceOptions } from './segment.js';
export { cummax, cummin, cumprod, cumsum, logcumsumexp, prod } from './scan.js';
export {
  argsort,
  kthvalue,
  median,
  msort,
  nanmedian,
  sort,
  topk,
  type SortOptions,
  type TopkOptions,
} from './sort.js';
export {
  all,
  aminmax,
  any,
  countNonzero,
  cumulativeTrapezoid,
  logsumexp,
  nanmean,
  nansum,
  std,
  stdMean,
  trapezoid,
  trapezoid as trapz,
  variance as var,
  varMean,
  type VarOptions,
} from './statistics.js';
export {
  bucketize,
  isin,
  searchsorted,
  type BucketizeOptions,
  type IsinOptions,
  type SearchsortedOptions,
} from './search.js';
/** Special functions: PyTorch's `torch.special`. */
export * as special from './special.js';
export { digamma, erfc, erfinv, i0, lgamma, logit, mvlgamma, polygamma, xlogy } from './special-functions.js';
export { col2im, im2col } from './unfold.js';
export {
  mode,
  unique,
  uniqueConsecutive,
  type UniqueConsecutiveOptions,
  type UniqueOptions,
} from './unique.js';
export type { Pair, Single, Triple, WindowOf, WindowOptions } from './window.js';
export { interpolate, upsample, upsampleBilinear, upsampleNearest } from './vision-resize.js';
export type { InterpolateMode, InterpolateOptions } from './vision-resize.js';
export { channelShuffle, pixelShuffle, pixelUnshuffle } from './vision-shuffle.js';
export { affineGrid, gridSample } from './vision-grid.js';
export type { GridSampleOptions } from './vision-grid.js';
export type { GridMode, GridPadding } from './vision-taps.js';
export { maxUnpool1d, maxUnpool2d, maxUnpool3d } from './pool-unmax.js';
