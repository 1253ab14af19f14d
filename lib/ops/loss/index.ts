export { crossEntropy, nllLoss, type CrossEntropyOptions, type NllLossOptions } from './cross-entropy.js';
export { ctcLoss, type CtcLossOptions, type Lengths } from './ctc.js';
export type { LossOptions, Reduction } from './reduction.js';
export {
  gaussianNllLoss,
  huberLoss,
  l1Loss,
  mseLoss,
  poissonNllLoss,
  smoothL1Loss,
  type GaussianNllLossOptions,
  type HuberLossOptions,
  type PoissonNllLossOptions,
  type SmoothL1LossOptions,
} from './regression.js';
export {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  klDiv,
  type BinaryCrossEntropyOptions,
  type BinaryCrossEntropyWithLogitsOptions,
  type KlDivOptions,
} from './binary.js';
export {
  cosineEmbeddingLoss,
  tripletMarginLoss,
  tripletMarginWithDistanceLoss,
  type DistanceFunction,
  type TripletMarginLossOptions,
  type TripletMarginWithDistanceLossOptions,
} from './distances.js';
export {
  hingeEmbeddingLoss,
  marginRankingLoss,
  multiMarginLoss,
  multilabelMarginLoss,
  multilabelSoftMarginLoss,
  softMarginLoss,
  type MarginOptions,
  type MultiMarginLossOptions,
  type MultilabelSoftMarginLossOptions,
} from './margin.js';
