import type { FloatDType } from '../dtype.js';
import { checkBoolean } from '../errors.js';
import { readArgs, type Rest } from '../ops/arguments.js';
import { bilinear } from '../ops/bilinear.js';
import {
  cosineSimilarity,
  pairwiseDistance,
  readCosine,
  readPairwise,
  type CosineSimilarityOptions,
  type PairwiseDistanceOptions,
} from '../ops/distance.js';
import type { Tensor } from '../tensor.js';
import { Configured } from './configured.js';
import { defaultUniform } from './init.js';
import { Module } from './module.js';
import { checkCount, readDType, type LayerOptions } from './options.js';
import { Parameter } from './parameter.js';

/**
 * What it is given. Arguments, whatever they are, are ignored, as PyTorch's are.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Identity.html
 */
export class Identity extends Module {
  constructor(..._ignored: unknown[]) {
    super();
  }

  forward(x: Tensor): Tensor {
    return x;
  }
}

/**
 * `x1ᵀ·A·x2 + b`: {@link bilinear} as a module. Shapes: (…, in1Features), (…, in2Features) → (…, outFeatures);
 * weight (outFeatures, in1Features, in2Features).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Bilinear.html
 */
export class Bilinear extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | null;

  constructor(
    readonly in1Features: number,
    readonly in2Features: number,
    readonly outFeatures: number,
    ...rest: Rest<[bias: boolean], LayerOptions>
  ) {
    super();
    checkCount('Bilinear', 'in1Features', in1Features);
    checkCount('Bilinear', 'in2Features', in2Features, 0);
    checkCount('Bilinear', 'outFeatures', outFeatures, 0);
    const args = readArgs<{ bias?: boolean; dtype?: FloatDType }>('Bilinear', rest, ['bias'], ['dtype']);
    const { bias = true } = args;
    checkBoolean('Bilinear', 'bias', bias);
    const dtype = readDType('Bilinear', args);
    const shape = [outFeatures, in1Features, in2Features];
    this.weight = new Parameter(defaultUniform(shape, in1Features, dtype));
    this.bias = bias ? new Parameter(defaultUniform([outFeatures], in1Features, dtype)) : null;
  }

  forward(x1: Tensor, x2: Tensor): Tensor {
    return bilinear(x1, x2, this.weight, this.bias);
  }

  protected override extraRepr(): string {
    return (
      `in1Features=${this.in1Features}, in2Features=${this.in2Features}, outFeatures=${this.outFeatures}, ` +
      `bias=${this.bias !== null}`
    );
  }
}

/**
 * {@link cosineSimilarity} along `dim`, as a module.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.CosineSimilarity.html
 */
export class CosineSimilarity extends Configured<Required<CosineSimilarityOptions>> {
  constructor(...rest: Rest<[dim: number, eps: number], CosineSimilarityOptions>) {
    super(readCosine('CosineSimilarity', rest));
  }

  forward(x1: Tensor, x2: Tensor): Tensor {
    return cosineSimilarity(x1, x2, this.options);
  }
}

/**
 * {@link pairwiseDistance} as a module.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.PairwiseDistance.html
 */
export class PairwiseDistance extends Configured<Required<PairwiseDistanceOptions>> {
  constructor(...rest: Rest<[p: number, eps: number, keepdim: boolean], PairwiseDistanceOptions>) {
    super(readPairwise('PairwiseDistance', rest));
  }

  forward(x1: Tensor, x2: Tensor): Tensor {
    return pairwiseDistance(x1, x2, this.options);
  }
}
