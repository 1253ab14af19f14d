import type { FloatDType } from '../dtype.js';
import { noGrad } from '../grad-mode.js';
import { randn } from '../ops/create.js';
import { embedding, readPaddingIdx } from '../ops/embedding.js';
import { zero_ } from '../ops/inplace.js';
import { checkOptions } from '../ops/primitive.js';
import { select } from '../ops/shape.js';
import type { Tensor } from '../tensor.js';
import { Module } from './module.js';
import { checkCount, readDType } from './options.js';
import { Parameter } from './parameter.js';

/**
 * A learned vector for each of the numbers 0 to numEmbeddings - 1, at first from the standard normal distribution.
 * Shapes: (…) of int32 → (…, embeddingDim); weight (numEmbeddings, embeddingDim).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Embedding.html
 */
export class Embedding extends Module {
  readonly weight: Parameter;
  /** The row that stays 0 and is not learned. */
  readonly paddingIdx: number | null;

  /** @param options `paddingIdx`: default none; `dtype`: default float32 */
  constructor(
    readonly numEmbeddings: number,
    readonly embeddingDim: number,
    options: { readonly paddingIdx?: number | null; readonly dtype?: FloatDType } = {},
  ) {
    super();
    checkCount('Embedding', 'numEmbeddings', numEmbeddings);
    checkCount('Embedding', 'embeddingDim', embeddingDim, 0);
    checkOptions('Embedding', options, ['paddingIdx', 'dtype']);
    const dtype = readDType('Embedding', options);
    this.paddingIdx = readPaddingIdx('Embedding', options.paddingIdx, numEmbeddings);
    this.weight = new Parameter(randn([numEmbeddings, embeddingDim], { dtype }));
    const { paddingIdx } = this;
    if (paddingIdx !== null) noGrad(() => zero_(select(this.weight, 0, paddingIdx)));
  }

  forward(index: Tensor): Tensor {
    return embedding(index, this.weight, { paddingIdx: this.paddingIdx });
  }

  protected override extraRepr(): string {
    const padding = this.paddingIdx === null ? '' : `, paddingIdx=${this.paddingIdx}`;
    return `${this.numEmbeddings}, ${this.embeddingDim}${padding}`;
  }
}
