import { checkBoolean } from '../errors.js';
import { crossEntropy, mseLoss, type CrossEntropyOptions, type Reduction } from '../ops/loss/index.js';
import { linear } from '../ops/matmul.js';
import { checkOptions } from '../ops/primitive.js';
import { flatten } from '../ops/shape.js';
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

/** {@link crossEntropy} as a module. Inputs: (N, C) scores and (N) class numbers. */
export class CrossEntropyLoss extends Module {
  constructor(readonly options: CrossEntropyOptions = {}) {
    super();
    checkOptions('CrossEntropyLoss', options, ['reduction', 'ignoreIndex']);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return crossEntropy(input, target, this.options);
  }
}

/** {@link mseLoss} as a module. */
export class MSELoss extends Module {
  constructor(readonly options: { readonly reduction?: Reduction } = {}) {
    super();
    checkOptions('MSELoss', options, ['reduction']);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return mseLoss(input, target, this.options);
  }
}
