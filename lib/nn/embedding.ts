import type { FloatDType } from '../dtype.js';
import { checkBoolean } from '../errors.js';
import { noGrad } from '../grad-mode.js';
import { randn } from '../ops/create.js';
import { checkOneOf } from '../ops/arguments.js';
import { embeddingBag, type BagMode, type EmbeddingBagOptions } from '../ops/embedding-bag.js';
import { checkLookup, embedding, readPaddingIdx, type LookupOptions } from '../ops/embedding.js';
import { zero_ } from '../ops/inplace.js';
import { checkOptions } from '../ops/primitive.js';
import { select } from '../ops/shape.js';
import type { Tensor } from '../tensor.js';
import { Module } from './module.js';
import { checkCount, readDType } from './options.js';
import { Parameter } from './parameter.js';

/** What {@link Embedding} takes by name. */
export interface EmbeddingLayerOptions extends Omit<LookupOptions, 'sparse'> {
  /** Default float32. */
  readonly dtype?: FloatDType;
}

/** @inline */
type Lookup = Required<Pick<LookupOptions, 'maxNorm' | 'normType' | 'scaleGradByFreq'>>;
const LOOKUP_NAMES = ['maxNorm', 'normType', 'scaleGradByFreq'] as const;

function readLookup(op: string, options: LookupOptions): Lookup {
  checkLookup(op, options);
  const { maxNorm = null, normType = 2, scaleGradByFreq = false } = options;
  return { maxNorm, normType, scaleGradByFreq };
}

/**
 * A learned vector for each of the numbers 0 to numEmbeddings - 1, at first from the standard normal distribution.
 * Shapes: (…) of int32 → (…, embeddingDim); weight (numEmbeddings, embeddingDim).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Embedding.html
 */
export class Embedding extends Module {
  readonly weight: Parameter;
  /** The row that stays 0 and is not learned. */
  readonly paddingIdx: number | null;
  /** How long rows may be, and how their gradients count. */
  readonly lookup: Lookup;

  constructor(
    readonly numEmbeddings: number,
    readonly embeddingDim: number,
    options: EmbeddingLayerOptions = {},
  ) {
    super();
    checkCount('Embedding', 'numEmbeddings', numEmbeddings);
    checkCount('Embedding', 'embeddingDim', embeddingDim, 0);
    checkOptions('Embedding', options, ['paddingIdx', ...LOOKUP_NAMES, 'dtype']);
    this.lookup = readLookup('Embedding', options);
    const dtype = readDType('Embedding', options);
    this.paddingIdx = readPaddingIdx('Embedding', options.paddingIdx, numEmbeddings);
    this.weight = new Parameter(randn([numEmbeddings, embeddingDim], { dtype }));
    const { paddingIdx } = this;
    if (paddingIdx !== null) noGrad(() => zero_(select(this.weight, 0, paddingIdx)));
  }

  forward(index: Tensor): Tensor {
    return embedding(index, this.weight, { paddingIdx: this.paddingIdx, ...this.lookup });
  }

  protected override extraRepr(): string {
    const padding = this.paddingIdx === null ? '' : `, paddingIdx=${this.paddingIdx}`;
    return `${this.numEmbeddings}, ${this.embeddingDim}${padding}`;
  }
}

/** What {@link EmbeddingBag} takes by name. */
export interface EmbeddingBagLayerOptions extends Pick<
  EmbeddingBagOptions,
  'maxNorm' | 'normType' | 'scaleGradByFreq' | 'mode' | 'includeLastOffset' | 'paddingIdx'
> {
  /** Default float32. */
  readonly dtype?: FloatDType;
}

/**
 * {@link embeddingBag} as a module: the means (or sums, or maxima) of bags of learned vectors, at first from the standard
 * normal distribution.
 * Shapes: (B, L) of int32, or one dimension with offsets (B) → (B, embeddingDim); weight (numEmbeddings, embeddingDim).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.EmbeddingBag.html
 */
export class EmbeddingBag extends Module {
  readonly weight: Parameter;
  readonly mode: BagMode;
  readonly includeLastOffset: boolean;
  /** The row that stays 0, is not learned and counts in no bag. */
  readonly paddingIdx: number | null;
  /** How long rows may be, and how their gradients count. */
  readonly lookup: Lookup;

  constructor(
    readonly numEmbeddings: number,
    readonly embeddingDim: number,
    options: EmbeddingBagLayerOptions = {},
  ) {
    super();
    const op = 'EmbeddingBag';
    checkCount(op, 'numEmbeddings', numEmbeddings);
    checkCount(op, 'embeddingDim', embeddingDim, 0);
    checkOptions(op, options, [...LOOKUP_NAMES, 'mode', 'includeLastOffset', 'paddingIdx', 'dtype']);
    this.lookup = readLookup(op, options);
    const { mode = 'mean', includeLastOffset = false } = options;
    checkOneOf(op, 'mode', mode, ['sum', 'mean', 'max']);
    checkBoolean(op, 'includeLastOffset', includeLastOffset);
    const dtype = readDType(op, options);
    this.mode = mode;
    this.includeLastOffset = includeLastOffset;
    this.paddingIdx = readPaddingIdx(op, options.paddingIdx, numEmbeddings);
    this.weight = new Parameter(randn([numEmbeddings, embeddingDim], { dtype }));
    const { paddingIdx } = this;
    if (paddingIdx !== null) noGrad(() => zero_(select(this.weight, 0, paddingIdx)));
  }

  forward(index: Tensor, offsets: Tensor | null = null, perSampleWeights: Tensor | null = null): Tensor {
    const { mode, includeLastOffset, paddingIdx } = this;
    const options = { offsets, mode, perSampleWeights, includeLastOffset, paddingIdx, ...this.lookup };
    return embeddingBag(index, this.weight, options);
  }

  protected override extraRepr(): string {
    const padding = this.paddingIdx === null ? '' : `, paddingIdx=${this.paddingIdx}`;
    return `${this.numEmbeddings}, ${this.embeddingDim}, mode=${this.mode}${padding}`;
  }
}
