import type { FloatDType } from '../dtype.js';
import { checkBoolean, shapeError } from '../errors.js';
import { noGrad } from '../grad-mode.js';
import { full, persistent } from '../ops/create.js';
import { add_, fill_ } from '../ops/inplace.js';
import { batchNorm, checkEps, checkFraction, layerNorm, readNormalizedShape } from '../ops/normalization.js';
import { checkOptions } from '../ops/primitive.js';
import { formatShape, type Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { Module } from './module.js';
import { checkCount, readDType } from './options.js';
import { Parameter } from './parameter.js';

/** How layers of batch normalization normalize. */
export interface BatchNormLayerOptions {
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
  /**
   * How far the running statistics move to those of a batch. Default 0.1; with null they are the averages of all batches
   * so far.
   */
  readonly momentum?: number | null;
  /** Whether weight and bias are learned. Default true. */
  readonly affine?: boolean;
  /** Whether there are running statistics; without, those of the batch are always used. Default true. */
  readonly trackRunningStats?: boolean;
  /** Default float32. */
  readonly dtype?: FloatDType;
}

/** A parameter of one and the same number. */
const constant = (shape: Shape, value: number, dtype: FloatDType): Parameter =>
  new Parameter(full(shape, value, { dtype }));

/**
 * {@link batchNorm} as a module. Training uses the statistics of the batch and keeps running ones, which evaluation
 * uses. The state has PyTorch's names: weight, bias, running_mean, running_var, num_batches_tracked.
 */
abstract class BatchNorm extends Module {
  readonly weight: Parameter | null;
  readonly bias: Parameter | null;
  readonly runningMean: Tensor | null = null;
  readonly runningVar: Tensor | null = null;
  /** How many batches the running statistics have seen. */
  readonly numBatchesTracked: Tensor | null = null;
  readonly eps: number;
  readonly momentum: number | null;

  constructor(
    readonly numFeatures: number,
    options: BatchNormLayerOptions = {},
  ) {
    super();
    const op = this.constructor.name;
    checkCount(op, 'numFeatures', numFeatures, 0);
    checkOptions(op, options, ['eps', 'momentum', 'affine', 'trackRunningStats', 'dtype']);
    const { eps = 1e-5, momentum = 0.1, affine = true, trackRunningStats = true } = options;
    checkEps(op, eps);
    if (momentum !== null) checkFraction(op, 'momentum', momentum);
    checkBoolean(op, 'affine', affine);
    checkBoolean(op, 'trackRunningStats', trackRunningStats);
    const dtype = readDType(op, options);
    this.eps = eps;
    this.momentum = momentum;
    this.weight = affine ? constant([numFeatures], 1, dtype) : null;
    this.bias = affine ? constant([numFeatures], 0, dtype) : null;
    if (trackRunningStats) {
      this.runningMean = this.registerBuffer('running_mean', persistent([numFeatures], dtype));
      this.runningVar = this.registerBuffer('running_var', fill_(persistent([numFeatures], dtype), 1));
      this.numBatchesTracked = this.registerBuffer('num_batches_tracked', persistent([], 'int32'));
    }
  }

  /** Throws unless an input has the dimensions of this layer. */
  protected abstract checkInput(x: Tensor): void;

  forward(x: Tensor): Tensor {
    this.checkInput(x);
    const training = this.training || this.runningMean === null;
    const counter = this.training ? this.numBatchesTracked : null;
    const momentum = this.momentum ?? (counter === null ? 0 : 1 / (counter.item() + 1));
    const options = { training, momentum, eps: this.eps };
    const y = batchNorm(x, this.runningMean, this.runningVar, this.weight, this.bias, options);
    if (counter !== null) noGrad(() => add_(counter, 1));
    return y;
  }

  protected override extraRepr(): string {
    return (
      `${this.numFeatures}, eps=${this.eps}, momentum=${this.momentum}, affine=${this.weight !== null}, ` +
      `trackRunningStats=${this.runningMean !== null}`
    );
  }
}

/**
 * Batch normalization of feature vectors or sequences. Shapes: (N, C) or (N, C, L) → the same.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html
 */
export class BatchNorm1d extends BatchNorm {
  protected checkInput(x: Tensor): void {
    if (x.ndim !== 2 && x.ndim !== 3)
      shapeError('BatchNorm1d', `expected (N, C) or (N, C, L), got ${formatShape(x.shape)}`);
  }
}

/**
 * Batch normalization of images. Shapes: (N, C, H, W) → the same.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html
 */
export class BatchNorm2d extends BatchNorm {
  protected checkInput(x: Tensor): void {
    if (x.ndim !== 4) shapeError('BatchNorm2d', `expected (N, C, H, W), got ${formatShape(x.shape)}`);
  }
}

/**
 * {@link layerNorm} as a module, over the last dimensions. Shapes: (…, ...normalizedShape) → the same.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html
 */
export class LayerNorm extends Module {
  readonly weight: Parameter | null;
  readonly bias: Parameter | null;
  readonly normalizedShape: Shape;
  readonly eps: number;

  /** @param options `eps`: default 1e-5; `elementwiseAffine`, `bias`: what is learned, default both; `dtype` */
  constructor(
    normalizedShape: number | Shape,
    options: {
      readonly eps?: number;
      readonly elementwiseAffine?: boolean;
      readonly bias?: boolean;
      readonly dtype?: FloatDType;
    } = {},
  ) {
    super();
    this.normalizedShape = readNormalizedShape('LayerNorm', normalizedShape);
    checkOptions('LayerNorm', options, ['eps', 'elementwiseAffine', 'bias', 'dtype']);
    const { eps = 1e-5, elementwiseAffine = true, bias = true } = options;
    checkEps('LayerNorm', eps);
    checkBoolean('LayerNorm', 'elementwiseAffine', elementwiseAffine);
    checkBoolean('LayerNorm', 'bias', bias);
    const dtype = readDType('LayerNorm', options);
    this.eps = eps;
    this.weight = elementwiseAffine ? constant(this.normalizedShape, 1, dtype) : null;
    this.bias = elementwiseAffine && bias ? constant(this.normalizedShape, 0, dtype) : null;
  }

  forward(x: Tensor): Tensor {
    return layerNorm(x, this.normalizedShape, this.weight, this.bias, { eps: this.eps });
  }

  protected override extraRepr(): string {
    return `${formatShape(this.normalizedShape)}, eps=${this.eps}, elementwiseAffine=${this.weight !== null}`;
  }
}
