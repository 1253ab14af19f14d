import type { Rest } from '../ops/arguments.js';
import {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  klDiv,
  readBinary,
  readBinaryLogits,
  readKlDiv,
  type BinaryCrossEntropyOptions,
  type BinaryCrossEntropyWithLogitsOptions,
  type KlDivOptions,
} from '../ops/loss/binary.js';
import {
  crossEntropy,
  nllLoss,
  readCrossEntropy,
  readNll,
  type CrossEntropyOptions,
  type NllLossOptions,
} from '../ops/loss/cross-entropy.js';
import { ctcLoss, readCtc, type CtcLossOptions, type Lengths } from '../ops/loss/ctc.js';
import {
  cosineEmbeddingLoss,
  readTriplet,
  readTripletWithDistance,
  tripletMarginLoss,
  tripletMarginWithDistanceLoss,
  type TripletMarginLossOptions,
  type TripletMarginWithDistanceLossOptions,
} from '../ops/loss/distances.js';
import {
  hingeEmbeddingLoss,
  marginRankingLoss,
  multilabelMarginLoss,
  multilabelSoftMarginLoss,
  multiMarginLoss,
  readMargin,
  readMultilabelSoft,
  readMultiMargin,
  softMarginLoss,
  type MarginOptions,
  type MultilabelSoftMarginLossOptions,
  type MultiMarginLossOptions,
} from '../ops/loss/margin.js';
import { readReduction, type LossOptions, type Reduction } from '../ops/loss/reduction.js';
import {
  gaussianNllLoss,
  huberLoss,
  l1Loss,
  mseLoss,
  poissonNllLoss,
  readGaussian,
  readHuber,
  readPoisson,
  readSmoothL1,
  smoothL1Loss,
  type GaussianNllLossOptions,
  type HuberLossOptions,
  type PoissonNllLossOptions,
  type SmoothL1LossOptions,
} from '../ops/loss/regression.js';
import type { Tensor } from '../tensor.js';
import { Configured, ownCopy } from './configured.js';

// The losses as modules. Their arguments are those of the functions, and are checked when a module is made. Weights are
// copied, and are buffers of the state.

/** A loss with weights. */
abstract class Weighted<O extends { readonly weight: Tensor | null }> extends Configured<O> {
  readonly weight: Tensor | null;

  constructor(options: O) {
    super(options);
    this.weight = this.own('weight', options.weight);
  }

  /** A copy of a tensor that is part of the state under this name. */
  protected own(name: string, value: Tensor | null): Tensor | null {
    const copy = ownCopy(value);
    return copy && this.registerBuffer(name, copy);
  }
}

/**
 * {@link crossEntropy} as a module. Inputs: (N, C) scores and (N) class numbers, or (N, C) probabilities.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html
 */
export class CrossEntropyLoss extends Weighted<ReturnType<typeof readCrossEntropy>> {
  constructor(...rest: Rest<[weight: Tensor | null], CrossEntropyOptions>) {
    super(readCrossEntropy('CrossEntropyLoss', rest));
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return crossEntropy(input, target, { ...this.options, weight: this.weight });
  }
}

/**
 * {@link nllLoss} as a module. Inputs: (N, C) logarithms of probabilities and (N) class numbers.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html
 */
export class NLLLoss extends Weighted<Required<NllLossOptions>> {
  constructor(...rest: Rest<[weight: Tensor | null], NllLossOptions>) {
    super(readNll('NLLLoss', rest));
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return nllLoss(input, target, { ...this.options, weight: this.weight });
  }
}

/**
 * {@link mseLoss} as a module.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.MSELoss.html
 */
export class MSELoss extends Configured<Required<LossOptions>> {
  constructor(...rest: Rest<[], LossOptions>) {
    super(readReduction('MSELoss', rest));
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return mseLoss(input, target, this.options);
  }
}

/**
 * {@link l1Loss} as a module.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.L1Loss.html
 */
export class L1Loss extends Configured<Required<LossOptions>> {
  constructor(...rest: Rest<[], LossOptions>) {
    super(readReduction('L1Loss', rest));
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return l1Loss(input, target, this.options);
  }
}

/**
 * {@link smoothL1Loss} as a module.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.SmoothL1Loss.html
 */
export class SmoothL1Loss extends Configured<Required<SmoothL1LossOptions>> {
  constructor(...rest: Rest<[], SmoothL1LossOptions>) {
    super(readSmoothL1('SmoothL1Loss', rest));
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return smoothL1Loss(input, target, this.options);
  }
}

/**
 * {@link huberLoss} as a module.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.HuberLoss.html
 */
export class HuberLoss extends Configured<Required<HuberLossOptions>> {
  constructor(...rest: Rest<[reduction: Reduction, delta: number], HuberLossOptions>) {
    super(readHuber('HuberLoss', rest));
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return huberLoss(input, target, this.options);
  }
}

/**
 * {@link poissonNllLoss} as a module.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.PoissonNLLLoss.html
 */
export class PoissonNLLLoss extends Configured<Required<PoissonNllLossOptions>> {
  constructor(...rest: Rest<[logInput: boolean, full: boolean], PoissonNllLossOptions>) {
    super(readPoisson('PoissonNLLLoss', rest));
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return poissonNllLoss(input, target, this.options);
  }
}

/**
 * {@link gaussianNllLoss} as a module. Inputs: means, targets and variances.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.GaussianNLLLoss.html
 */
export class GaussianNLLLoss extends Configured<Required<GaussianNllLossOptions>> {
  constructor(...rest: Rest<[], GaussianNllLossOptions>) {
    super(readGaussian('GaussianNLLLoss', rest, 0));
  }

  forward(input: Tensor, target: Tensor, variance: Tensor): Tensor {
    return gaussianNllLoss(input, target, variance, this.options);
  }
}

/**
 * {@link binaryCrossEntropy} as a module. Inputs: probabilities and targets.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.BCELoss.html
 */
export class BCELoss extends Weighted<Required<BinaryCrossEntropyOptions>> {
  constructor(...rest: Rest<[weight: Tensor | null], BinaryCrossEntropyOptions>) {
    super(readBinary('BCELoss', rest));
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return binaryCrossEntropy(input, target, { ...this.options, weight: this.weight });
  }
}

/**
 * {@link binaryCrossEntropyWithLogits} as a module. Inputs: scores and targets.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html
 */
export class BCEWithLogitsLoss extends Weighted<Required<BinaryCrossEntropyWithLogitsOptions>> {
  readonly posWeight: Tensor | null;
  constructor(...rest: Rest<[weight: Tensor | null], BinaryCrossEntropyWithLogitsOptions>) {
    super(readBinaryLogits('BCEWithLogitsLoss', rest));
    this.posWeight = this.own('pos_weight', this.options.posWeight);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return binaryCrossEntropyWithLogits(input, target, {
      ...this.options,
      weight: this.weight,
      posWeight: this.posWeight,
    });
  }
}

/**
 * {@link klDiv} as a module. Inputs: logarithms of probabilities, and probabilities.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.KLDivLoss.html
 */
export class KLDivLoss extends Configured<Required<KlDivOptions>> {
  constructor(...rest: Rest<[], KlDivOptions>) {
    super(readKlDiv('KLDivLoss', rest));
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return klDiv(input, target, this.options);
  }
}

/**
 * {@link softMarginLoss} as a module.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.SoftMarginLoss.html
 */
export class SoftMarginLoss extends Configured<Required<LossOptions>> {
  constructor(...rest: Rest<[], LossOptions>) {
    super(readReduction('SoftMarginLoss', rest));
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return softMarginLoss(input, target, this.options);
  }
}

/**
 * {@link hingeEmbeddingLoss} as a module.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.HingeEmbeddingLoss.html
 */
export class HingeEmbeddingLoss extends Configured<Required<MarginOptions>> {
  constructor(...rest: Rest<[margin: number], MarginOptions>) {
    super(readMargin('HingeEmbeddingLoss', rest, 1));
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return hingeEmbeddingLoss(input, target, this.options);
  }
}

/**
 * {@link marginRankingLoss} as a module.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.MarginRankingLoss.html
 */
export class MarginRankingLoss extends Configured<Required<MarginOptions>> {
  constructor(...rest: Rest<[margin: number], MarginOptions>) {
    super(readMargin('MarginRankingLoss', rest, 0));
  }

  forward(input1: Tensor, input2: Tensor, target: Tensor): Tensor {
    return marginRankingLoss(input1, input2, target, this.options);
  }
}

/**
 * {@link cosineEmbeddingLoss} as a module.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.CosineEmbeddingLoss.html
 */
export class CosineEmbeddingLoss extends Configured<Required<MarginOptions>> {
  constructor(...rest: Rest<[margin: number], MarginOptions>) {
    super(readMargin('CosineEmbeddingLoss', rest, 0));
  }

  forward(input1: Tensor, input2: Tensor, target: Tensor): Tensor {
    return cosineEmbeddingLoss(input1, input2, target, this.options);
  }
}

/**
 * {@link multiMarginLoss} as a module.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.MultiMarginLoss.html
 */
export class MultiMarginLoss extends Weighted<Required<MultiMarginLossOptions>> {
  constructor(...rest: Rest<[p: number, margin: number, weight: Tensor | null], MultiMarginLossOptions>) {
    super(readMultiMargin('MultiMarginLoss', rest));
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return multiMarginLoss(input, target, { ...this.options, weight: this.weight });
  }
}

/**
 * {@link multilabelMarginLoss} as a module.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.MultiLabelMarginLoss.html
 */
export class MultiLabelMarginLoss extends Configured<Required<LossOptions>> {
  constructor(...rest: Rest<[], LossOptions>) {
    super(readReduction('MultiLabelMarginLoss', rest));
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return multilabelMarginLoss(input, target, this.options);
  }
}

/**
 * {@link multilabelSoftMarginLoss} as a module.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.MultiLabelSoftMarginLoss.html
 */
export class MultiLabelSoftMarginLoss extends Weighted<Required<MultilabelSoftMarginLossOptions>> {
  constructor(...rest: Rest<[weight: Tensor | null], MultilabelSoftMarginLossOptions>) {
    super(readMultilabelSoft('MultiLabelSoftMarginLoss', rest));
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return multilabelSoftMarginLoss(input, target, { ...this.options, weight: this.weight });
  }
}

/**
 * {@link tripletMarginLoss} as a module.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.TripletMarginLoss.html
 */
export class TripletMarginLoss extends Configured<Required<TripletMarginLossOptions>> {
  constructor(
    ...rest: Rest<[margin: number, p: number, eps: number, swap: boolean], TripletMarginLossOptions>
  ) {
    super(readTriplet('TripletMarginLoss', rest));
  }

  forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    return tripletMarginLoss(anchor, positive, negative, this.options);
  }
}

/**
 * {@link tripletMarginWithDistanceLoss} as a module.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.TripletMarginWithDistanceLoss.html
 */
export class TripletMarginWithDistanceLoss extends Configured<ReturnType<typeof readTripletWithDistance>> {
  constructor(...rest: Rest<[], TripletMarginWithDistanceLossOptions>) {
    super(readTripletWithDistance('TripletMarginWithDistanceLoss', rest));
  }

  forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    return tripletMarginWithDistanceLoss(anchor, positive, negative, this.options);
  }
}

/**
 * {@link ctcLoss} as a module. Inputs: logarithms of probabilities, targets, and how long both are.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.CTCLoss.html
 */
export class CTCLoss extends Configured<Required<CtcLossOptions>> {
  constructor(...rest: Rest<[blank: number, reduction: Reduction, zeroInfinity: boolean], CtcLossOptions>) {
    super(readCtc('CTCLoss', rest));
  }

  forward(logProbs: Tensor, targets: Tensor, inputLengths: Lengths, targetLengths: Lengths): Tensor {
    return ctcLoss(logProbs, targets, inputLengths, targetLengths, this.options);
  }
}
