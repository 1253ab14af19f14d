import { checkBoolean } from '../errors.js';
import { linear } from '../ops/matmul.js';
import { checkOptions } from '../ops/primitive.js';
import { flatten } from '../ops/shape.js';
import { unflatten } from '../ops/shape-view.js';
import type { Tensor } from '../tensor.js';
import { defaultUniform } from './init.js';
import { Module } from './module.js';
import { checkCount, readDType, type LayerOptions } from './options.js';
import { Parameter } from './parameter.js';

/**
 * `x @ weightᵀ + bias`. Shapes: (…, inFeatures) → (…, outFeatures); weight (outFeatures, inFeatures).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Linear.html
 */
export class Linear extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | null;

  constructor(
    readonly inFeatures: number,
    readonly outFeatures: number,
    options: LayerOptions = {},
  ) {
    super();
    checkCount('Linear', 'inFeatures', inFeatures, 0);
    checkCount('Linear', 'outFeatures', outFeatures, 0);
    checkOptions('Linear', options, ['bias', 'dtype']);
    const { bias = true } = options;
    checkBoolean('Linear', 'bias', bias);
    const dtype = readDType('Linear', options);
    this.weight = new Parameter(defaultUniform([outFeatures, inFeatures], inFeatures, dtype));
    this.bias = bias ? new Parameter(defaultUniform([outFeatures], inFeatures, dtype)) : null;
  }

  forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }

  protected override extraRepr(): string {
    return `inFeatures=${this.inFeatures}, outFeatures=${this.outFeatures}, bias=${this.bias !== null}`;
  }
}

/**
 * The dimensions from `startDim` (default 1) to `endDim` (default the last) as one.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Flatten.html
 */
export class Flatten extends Module {
  constructor(
    readonly startDim = 1,
    readonly endDim = -1,
  ) {
    super();
  }

  forward(x: Tensor): Tensor {
    return flatten(x, this.startDim, this.endDim);
  }
}

/**
 * Dimension `dim` as several of the sizes `unflattenedSize`, one of which may be -1.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Unflatten.html
 */
export class Unflatten extends Module {
  constructor(
    readonly dim: number,
    readonly unflattenedSize: readonly number[],
  ) {
    super();
  }

  forward(x: Tensor): Tensor {
    return unflatten(x, this.dim, this.unflattenedSize);
  }
}
