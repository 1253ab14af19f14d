import type { FloatDType } from '../dtype.js';
import { checkBoolean, rangeError } from '../errors.js';
import { checkInteger, readArgs, type Rest } from '../ops/arguments.js';
import { groupNorm } from '../ops/group-norm.js';
import { checkEps, layerNorm, readNormalizedShape } from '../ops/normalization.js';
import {
  localResponseNorm,
  readResponse,
  rmsNorm,
  type LocalResponseNormOptions,
} from '../ops/response-norm.js';
import { formatShape, type Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { Configured } from './configured.js';
import { Module } from './module.js';
import { constant } from './normalization.js';
import { checkCount, readDType } from './options.js';
import type { Parameter } from './parameter.js';

/** What {@link LayerNorm} takes by name. */
export interface LayerNormLayerOptions {
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
  /** Whether weight and bias are learned. Default true. */
  readonly elementwiseAffine?: boolean;
  /** Whether a bias is learned with the weight. Default true. */
  readonly bias?: boolean;
  /** Default float32. */
  readonly dtype?: FloatDType;
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

  constructor(
    normalizedShape: number | Shape,
    ...rest: Rest<[eps: number, elementwiseAffine: boolean, bias: boolean], LayerNormLayerOptions>
  ) {
    super();
    this.normalizedShape = readNormalizedShape('LayerNorm', normalizedShape);
    const names = ['eps', 'elementwiseAffine', 'bias'] as const;
    const args = readArgs<LayerNormLayerOptions>('LayerNorm', rest, names, ['dtype']);
    const { eps = 1e-5, elementwiseAffine = true, bias = true } = args;
    checkEps('LayerNorm', eps);
    checkBoolean('LayerNorm', 'elementwiseAffine', elementwiseAffine);
    checkBoolean('LayerNorm', 'bias', bias);
    const dtype = readDType('LayerNorm', args);
    this.eps = eps;
    this.weight = elementwiseAffine ? constant(this.normalizedShape, 1, dtype) : null;
    this.bias = elementwiseAffine && bias ? constant(this.normalizedShape, 0, dtype) : null;
  }

  forward(x: Tensor): Tensor {
    return layerNorm(x, this.normalizedShape, this.weight, this.bias, this.eps);
  }

  protected override extraRepr(): string {
    return `${formatShape(this.normalizedShape)}, eps=${this.eps}, elementwiseAffine=${this.weight !== null}`;
  }
}

/** What {@link RMSNorm} takes by name. */
export interface RMSNormOptions {
  /** Added to the mean of the squares. Default: the distance from 1 to the next number of the dtype. */
  readonly eps?: number | null;
  /** Whether a weight is learned. Default true. */
  readonly elementwiseAffine?: boolean;
  /** Default float32. */
  readonly dtype?: FloatDType;
}

/**
 * {@link rmsNorm} as a module, over the last dimensions. Shapes: (…, ...normalizedShape) → the same.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.RMSNorm.html
 */
export class RMSNorm extends Module {
  readonly weight: Parameter | null;
  readonly normalizedShape: Shape;
  readonly eps: number | null;

  constructor(
    normalizedShape: number | Shape,
    ...rest: Rest<[eps: number | null, elementwiseAffine: boolean], RMSNormOptions>
  ) {
    super();
    this.normalizedShape = readNormalizedShape('RMSNorm', normalizedShape);
    const args = readArgs<RMSNormOptions>('RMSNorm', rest, ['eps', 'elementwiseAffine'], ['dtype']);
    const { eps = null, elementwiseAffine = true } = args;
    if (eps !== null) checkEps('RMSNorm', eps);
    checkBoolean('RMSNorm', 'elementwiseAffine', elementwiseAffine);
    const dtype = readDType('RMSNorm', args);
    this.eps = eps;
    this.weight = elementwiseAffine ? constant(this.normalizedShape, 1, dtype) : null;
  }

  forward(x: Tensor): Tensor {
    return rmsNorm(x, this.normalizedShape, this.weight, this.eps);
  }

  protected override extraRepr(): string {
    return `${formatShape(this.normalizedShape)}, eps=${this.eps}, elementwiseAffine=${this.weight !== null}`;
  }
}

/** What {@link GroupNorm} takes by name. */
export interface GroupNormOptions {
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
  /** Whether weight and bias are learned. Default true. */
  readonly affine?: boolean;
  /** Default float32. */
  readonly dtype?: FloatDType;
}

/**
 * {@link groupNorm} as a module. Shapes: (N, numChannels, …) → the same; weight and bias (numChannels).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.GroupNorm.html
 */
export class GroupNorm extends Module {
  readonly weight: Parameter | null;
  readonly bias: Parameter | null;
  readonly eps: number;

  constructor(
    readonly numGroups: number,
    readonly numChannels: number,
    ...rest: Rest<[eps: number, affine: boolean], GroupNormOptions>
  ) {
    super();
    checkCount('GroupNorm', 'numGroups', numGroups);
    checkCount('GroupNorm', 'numChannels', numChannels);
    if (numChannels % numGroups !== 0)
      rangeError('GroupNorm', `numGroups ${numGroups} does not divide the ${numChannels} channels`);
    const args = readArgs<GroupNormOptions>('GroupNorm', rest, ['eps', 'affine'], ['dtype']);
    const { eps = 1e-5, affine = true } = args;
    checkEps('GroupNorm', eps);
    checkBoolean('GroupNorm', 'affine', affine);
    const dtype = readDType('GroupNorm', args);
    this.eps = eps;
    this.weight = affine ? constant([numChannels], 1, dtype) : null;
    this.bias = affine ? constant([numChannels], 0, dtype) : null;
  }

  forward(x: Tensor): Tensor {
    return groupNorm(x, this.numGroups, this.weight, this.bias, this.eps);
  }

  protected override extraRepr(): string {
    return `${this.numGroups}, ${this.numChannels}, eps=${this.eps}, affine=${this.weight !== null}`;
  }
}

/**
 * {@link localResponseNorm} as a module. Shapes: (N, C, L, …) → the same.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.LocalResponseNorm.html
 */
export class LocalResponseNorm extends Configured<Required<LocalResponseNormOptions>> {
  constructor(
    readonly size: number,
    ...rest: Rest<[alpha: number, beta: number, k: number], LocalResponseNormOptions>
  ) {
    super(readResponse('LocalResponseNorm', rest));
    checkInteger('LocalResponseNorm', 'size', size, 1);
  }

  forward(x: Tensor): Tensor {
    return localResponseNorm(x, this.size, this.options);
  }

  protected override extraRepr(): string {
    return `${this.size}, ${super.extraRepr()}`;
  }
}
