import type { FloatDType } from '../dtype.js';
import { checkBoolean, shapeError } from '../errors.js';
import { noGrad } from '../grad-mode.js';
import { readArgs, type Rest } from '../ops/arguments.js';
import { full, persistent } from '../ops/create.js';
import { instanceNorm } from '../ops/group-norm.js';
import { add_, fill_ } from '../ops/inplace.js';
import { batchNorm, checkEps, checkFraction } from '../ops/normalization.js';
import { squeeze, unsqueeze } from '../ops/shape.js';
import { formatShape, type Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { Module } from './module.js';
import { checkCount, readDType } from './options.js';
import { Parameter } from './parameter.js';

/** How layers of batch and instance normalization normalize. */
export interface BatchNormLayerOptions {
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
  /**
   * How far the running statistics move to those of a batch. Default 0.1; with null they are the averages of all batches
   * so far.
   */
  readonly momentum?: number | null;
  /** Whether weight and bias are learned. Default true; false for instance normalization. */
  readonly affine?: boolean;
  /**
   * Whether there are running statistics; without, those of the batch are always used. Default true; false for instance
   * normalization.
   */
  readonly trackRunningStats?: boolean;
  /** Default float32. */
  readonly dtype?: FloatDType;
}

type NormRest = Rest<
  [eps: number, momentum: number | null, affine: boolean, trackRunningStats: boolean],
  BatchNormLayerOptions
>;

/** A parameter of one and the same number. */
export const constant = (shape: Shape, value: number, dtype: FloatDType): Parameter =>
  new Parameter(full(shape, value, { dtype }));

/**
 * What layers with running statistics have in common. The state has PyTorch's names: weight, bias, running_mean,
 * running_var, num_batches_tracked.
 */
abstract class RunningNorm extends Module {
  readonly weight: Parameter | null;
  readonly bias: Parameter | null;
  readonly runningMean: Tensor | null = null;
  readonly runningVar: Tensor | null = null;
  /** How many batches the running statistics have seen. */
  readonly numBatchesTracked: Tensor | null = null;
  readonly eps: number;
  readonly momentum: number | null;

  /** @param standard whether weight and bias are learned, and there are running statistics, unless the arguments say so */
  constructor(
    readonly numFeatures: number,
    rest: readonly unknown[],
    standard: boolean,
  ) {
    super();
    const op = this.constructor.name;
    checkCount(op, 'numFeatures', numFeatures, 0);
    const names = ['eps', 'momentum', 'affine', 'trackRunningStats'] as const;
    const args = readArgs<BatchNormLayerOptions>(op, rest, names, ['dtype']);
    const { eps = 1e-5, momentum = 0.1, affine = standard, trackRunningStats = standard } = args;
    checkEps(op, eps);
    if (momentum !== null) checkFraction(op, 'momentum', momentum);
    checkBoolean(op, 'affine', affine);
    checkBoolean(op, 'trackRunningStats', trackRunningStats);
    const dtype = readDType(op, args);
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

  protected override extraRepr(): string {
    return (
      `${this.numFeatures}, eps=${this.eps}, momentum=${this.momentum}, affine=${this.weight !== null}, ` +
      `trackRunningStats=${this.runningMean !== null}`
    );
  }
}

/**
 * {@link batchNorm} as a module. Training uses the statistics of the batch and keeps running ones, which evaluation
 * uses.
 */
abstract class BatchNorm extends RunningNorm {
  constructor(numFeatures: number, ...rest: NormRest) {
    super(numFeatures, rest, true);
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
 * Batch normalization of volumes. Shapes: (N, C, D, H, W) → the same.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.BatchNorm3d.html
 */
export class BatchNorm3d extends BatchNorm {
  protected checkInput(x: Tensor): void {
    if (x.ndim !== 5) shapeError('BatchNorm3d', `expected (N, C, D, H, W), got ${formatShape(x.shape)}`);
  }
}

/**
 * {@link instanceNorm} as a module: every channel of every image has statistics of its own. By default nothing is learned and
 * nothing remembered.
 */
abstract class InstanceNorm extends RunningNorm {
  constructor(numFeatures: number, ...rest: NormRest) {
    super(numFeatures, rest, false);
  }

  /** How many dimensions follow the channels. */
  protected abstract readonly places: number;

  forward(x: Tensor): Tensor {
    const op = this.constructor.name;
    const batched = x.ndim === this.places + 2;
    if (!batched && x.ndim !== this.places + 1)
      shapeError(
        op,
        `expected ${this.places + 1} or ${this.places + 2} dimensions, got ${formatShape(x.shape)}`,
      );
    if (x.shape[batched ? 1 : 0] !== this.numFeatures)
      shapeError(op, `expected ${this.numFeatures} channels, got ${formatShape(x.shape)}`);
    const { runningMean, runningVar, weight, bias, eps } = this;
    const useInputStats = this.training || runningMean === null;
    const options = {
      runningMean,
      runningVar,
      weight,
      bias,
      useInputStats,
      momentum: this.momentum ?? 0,
      eps,
    };
    const y = instanceNorm(batched ? x : unsqueeze(x, 0), options);
    return batched ? y : squeeze(y, 0);
  }
}

/**
 * Instance normalization of sequences. Shapes: (N, C, L) or (C, L) → the same.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.InstanceNorm1d.html
 */
export class InstanceNorm1d extends InstanceNorm {
  protected readonly places = 1;
}

/**
 * Instance normalization of images. Shapes: (N, C, H, W) or (C, H, W) → the same.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.InstanceNorm2d.html
 */
export class InstanceNorm2d extends InstanceNorm {
  protected readonly places = 2;
}

/**
 * Instance normalization of volumes. Shapes: (N, C, D, H, W) or (C, D, H, W) → the same.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.InstanceNorm3d.html
 */
export class InstanceNorm3d extends InstanceNorm {
  protected readonly places = 3;
}
