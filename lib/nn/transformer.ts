import type { FloatDType } from '../dtype.js';
import { checkBoolean, describe, rangeError, typeError } from '../errors.js';
import { checkNumber, readArgs, type Rest } from '../ops/arguments.js';
import { full } from '../ops/create.js';
import { add, ge, gelu, relu, where } from '../ops/pointwise.js';
import { scalar } from '../ops/primitive.js';
import { arange } from '../ops/ranges.js';
import { reshape } from '../ops/broadcast.js';
import type { Tensor } from '../tensor.js';
import { MultiheadAttention } from './attention.js';
import { ModuleList } from './containers.js';
import { Dropout } from './dropout.js';
import { xavierUniform_ } from './initialize.js';
import { Linear } from './layers.js';
import { Module, type Member } from './module.js';
import { LayerNorm } from './layer-norm.js';
import { checkCount, readDType } from './options.js';

/** @inline */
type Activation = 'relu' | 'gelu' | ((x: Tensor) => Tensor);

/** Options of {@link TransformerEncoderLayer} and {@link TransformerDecoderLayer}. */
export interface TransformerLayerOptions {
  /** Features between the two linear layers. Default 2048. */
  readonly dimFeedforward?: number;
  /** Default 0.1. */
  readonly dropout?: number;
  /** Default 'relu'. */
  readonly activation?: Activation;
  /** Default 1e-5. */
  readonly layerNormEps?: number;
  /** Whether input and output are (N, T, E) instead of (T, N, E). Default false. */
  readonly batchFirst?: boolean;
  /** Whether each part normalizes what it takes, instead of what it gave. Default false. */
  readonly normFirst?: boolean;
  /** Whether linear layers and norms have biases. Default true. */
  readonly bias?: boolean;
  /** Default float32. */
  readonly dtype?: FloatDType;
}

type LayerRest = Rest<
  [
    dimFeedforward: number,
    dropout: number,
    activation: Activation,
    layerNormEps: number,
    batchFirst: boolean,
    normFirst: boolean,
    bias: boolean,
  ],
  TransformerLayerOptions
>;

const LAYER_NAMES = [
  ...([
    'dimFeedforward',
    'dropout',
    'activation',
    'layerNormEps',
    'batchFirst',
    'normFirst',
    'bias',
  ] as const),
];

function readLayer(op: string, rest: readonly unknown[]): Required<TransformerLayerOptions> {
  const read = readArgs<TransformerLayerOptions>(op, rest, LAYER_NAMES, ['dtype']);
  const { dimFeedforward = 2048, dropout = 0.1, activation = 'relu', layerNormEps = 1e-5 } = read;
  const { batchFirst = false, normFirst = false, bias = true } = read;
  checkCount(op, 'dimFeedforward', dimFeedforward);
  checkNumber(op, 'layerNormEps', layerNormEps);
  checkBoolean(op, 'normFirst', normFirst);
  checkBoolean(op, 'bias', bias);
  if (activation !== 'relu' && activation !== 'gelu' && typeof activation !== 'function')
    rangeError(op, `activation: expected 'relu', 'gelu' or a function, got ${describe(activation)}`);
  const dtype = readDType(op, read);
  return { dimFeedforward, dropout, activation, layerNormEps, batchFirst, normFirst, bias, dtype };
}

/** What the layers of encoders and decoders share: attention to themselves, and two linear layers. */
abstract class TransformerLayer<In extends unknown[]> extends Module<In> {
  readonly selfAttn: MultiheadAttention;
  readonly linear1: Linear;
  readonly dropout: Dropout;
  readonly linear2: Linear;
  readonly norm1: LayerNorm;
  readonly norm2: LayerNorm;
  readonly dropout1: Dropout;
  readonly dropout2: Dropout;
  readonly normFirst: boolean;
  protected readonly options: Required<TransformerLayerOptions>;
  readonly #activate: (x: Tensor) => Tensor;

  constructor(
    readonly dModel: number,
    readonly nhead: number,
    options: Required<TransformerLayerOptions>,
  ) {
    super();
    this.options = options;
    const {
      dimFeedforward,
      dropout,
      activation,
      layerNormEps: eps,
      batchFirst,
      normFirst,
      bias,
      dtype,
    } = options;
    this.selfAttn = this.registerModule(
      'self_attn',
      new MultiheadAttention(dModel, nhead, { dropout, bias, batchFirst, dtype }),
    );
    this.linear1 = new Linear(dModel, dimFeedforward, { bias, dtype });
    this.dropout = new Dropout(dropout);
    this.linear2 = new Linear(dimFeedforward, dModel, { bias, dtype });
    this.norm1 = new LayerNorm(dModel, { eps, bias, dtype });
    this.norm2 = new LayerNorm(dModel, { eps, bias, dtype });
    this.dropout1 = new Dropout(dropout);
    this.dropout2 = new Dropout(dropout);
    this.normFirst = normFirst;
    if (typeof activation === 'function') this.#activate = activation;
    else this.#activate = activation === 'relu' ? relu : (x) => gelu(x);
  }

  /** `x` and what a part makes of it, normalized before or after. */
  protected residual(x: Tensor, norm: LayerNorm, part: (x: Tensor) => Tensor): Tensor {
    return this.normFirst ? add(x, part(norm.forward(x))) : norm.forward(add(x, part(x)));
  }

  /** Attention to itself. */
  protected attend(x: Tensor, mask: Tensor | null, padding: Tensor | null, isCausal: boolean): Tensor {
    const options = { attnMask: mask, keyPaddingMask: padding, isCausal, needWeights: false };
    return this.dropout1.forward(this.selfAttn.forward(x, x, x, options)[0]);
  }

  /** The two linear layers. */
  protected feedForward(x: Tensor): Tensor {
    return this.linear2.forward(this.dropout.forward(this.#activate(this.linear1.forward(x))));
  }

  /** A layer of its own with the same options and values. */
  abstract copy(): this;

  /** Gives another layer the values of this one. */
  protected copyTo(other: this): this {
    other.loadStateDict(this.stateDict());
    return other.train(this.training);
  }
}

/** Masks for an encoder, by name. */
export interface EncoderArguments {
  /** (T, T) or (N · heads, T, T), as of {@link MultiheadAttention}. Default none. */
  readonly srcMask?: Tensor | null;
  /** (N, T). Default none. */
  readonly srcKeyPaddingMask?: Tensor | null;
  /** Whether each position sees itself and those before it only. Default false. */
  readonly isCausal?: boolean;
}

type EncoderRest = Rest<
  [srcMask: Tensor | null, srcKeyPaddingMask: Tensor | null, isCausal: boolean],
  EncoderArguments
>;

/**
 * Attention of a sequence to itself, and two linear layers, each with a way around it and a layer norm.
 * Shapes: (T, N, E), (T, E), or N first → the same. State: `self_attn.…`, `linear1`, `linear2`, `norm1`, `norm2`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.TransformerEncoderLayer.html
 */
export class TransformerEncoderLayer extends TransformerLayer<[src: Tensor, ...rest: EncoderRest]> {
  constructor(dModel: number, nhead: number, ...rest: LayerRest) {
    super(dModel, nhead, readLayer('TransformerEncoderLayer', rest));
  }

  forward(src: Tensor, ...rest: EncoderRest): Tensor {
    const names = ['srcMask', 'srcKeyPaddingMask', 'isCausal'] as const;
    const read = readArgs<EncoderArguments>('TransformerEncoderLayer', rest, names);
    const { srcMask = null, srcKeyPaddingMask = null, isCausal = false } = read;
    const x = this.residual(src, this.norm1, (y) => this.attend(y, srcMask, srcKeyPaddingMask, isCausal));
    return this.residual(x, this.norm2, (y) => this.dropout2.forward(this.feedForward(y)));
  }

  copy(): this {
    return this.copyTo(new TransformerEncoderLayer(this.dModel, this.nhead, this.options) as this);
  }
}

/**
 * A layer, or what makes one.
 * @inline
 */
type LayerSource<L> = L | (() => L);

function copies<L extends { copy(): L }>(op: string, source: LayerSource<L>, count: number): L[] {
  checkCount(op, 'numLayers', count);
  return Array.from({ length: count }, () => {
    if (typeof source === 'function') return source();
    if (typeof source?.copy !== 'function')
      typeError(op, `expected a layer or a function that makes one, got ${describe(source)}`);
    return source.copy();
  });
}

type NormRest = Rest<[norm: Module | null], { readonly norm?: Module | null }>;

/** The norm after all layers, or null. */
function readNorm(op: string, rest: readonly unknown[]): Module | null {
  const { norm = null } = readArgs<{ norm: Module | null }>(op, rest, ['norm']);
  if (norm !== null && !(norm instanceof Module))
    typeError(op, `norm: expected a module or null, got ${describe(norm)}`);
  return norm;
}

/**
 * Copies of a layer, one after the other, and perhaps a norm. State: `layers.0.…`, `norm.…`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.TransformerEncoder.html
 */
export class TransformerEncoder extends Module<
  [
    src: Tensor,
    ...rest: Rest<
      [mask: Tensor | null, srcKeyPaddingMask: Tensor | null, isCausal: boolean],
      Omit<EncoderArguments, 'srcMask'> & { readonly mask?: Tensor | null }
    >,
  ]
> {
  readonly layers: ModuleList<TransformerEncoderLayer>;
  readonly norm: Module | null;

  /** @param encoderLayer is copied, with its values; a function is called for each layer */
  constructor(
    encoderLayer: LayerSource<TransformerEncoderLayer>,
    readonly numLayers: number,
    ...rest: NormRest
  ) {
    super();
    this.layers = new ModuleList(copies('TransformerEncoder', encoderLayer, numLayers));
    this.norm = readNorm('TransformerEncoder', rest);
  }

  forward(
    src: Tensor,
    ...rest: Rest<
      [mask: Tensor | null, srcKeyPaddingMask: Tensor | null, isCausal: boolean],
      Omit<EncoderArguments, 'srcMask'> & { readonly mask?: Tensor | null }
    >
  ): Tensor {
    const names = ['mask', 'srcKeyPaddingMask', 'isCausal'] as const;
    const read = readArgs<EncoderArguments & { mask: Tensor | null }>('TransformerEncoder', rest, names);
    const { mask: srcMask = null, srcKeyPaddingMask = null, isCausal = false } = read;
    let x = src;
    for (const layer of this.layers) x = layer.forward(x, { srcMask, srcKeyPaddingMask, isCausal });
    return this.norm === null ? x : this.norm.forward(x);
  }
}

/** Masks for a decoder, by name. */
export interface DecoderArguments {
  /** Of the sequence to itself. Default none. */
  readonly tgtMask?: Tensor | null;
  /** Of the sequence to the memory. Default none. */
  readonly memoryMask?: Tensor | null;
  readonly tgtKeyPaddingMask?: Tensor | null;
  readonly memoryKeyPaddingMask?: Tensor | null;
  /** Whether each position sees itself and those before it only. Default false. */
  readonly tgtIsCausal?: boolean;
  /** The same for the memory. Default false. */
  readonly memoryIsCausal?: boolean;
}

type DecoderRest = Rest<
  [
    tgtMask: Tensor | null,
    memoryMask: Tensor | null,
    tgtKeyPaddingMask: Tensor | null,
    memoryKeyPaddingMask: Tensor | null,
    tgtIsCausal: boolean,
    memoryIsCausal: boolean,
  ],
  DecoderArguments
>;

const DECODER_NAMES = [
  ...(['tgtMask', 'memoryMask', 'tgtKeyPaddingMask', 'memoryKeyPaddingMask'] as const),
  ...(['tgtIsCausal', 'memoryIsCausal'] as const),
];

const DECODER_ORDER = [
  ...['self_attn', 'multihead_attn', 'linear1', 'dropout', 'linear2', 'norm1', 'norm2', 'norm3'],
  ...['dropout1', 'dropout2', 'dropout3'],
];

/**
 * As {@link TransformerEncoderLayer}, with attention to the results of an encoder in between.
 * State: also `multihead_attn.…` and `norm3`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.TransformerDecoderLayer.html
 */
export class TransformerDecoderLayer extends TransformerLayer<
  [tgt: Tensor, memory: Tensor, ...rest: DecoderRest]
> {
  readonly multiheadAttn: MultiheadAttention;
  readonly norm3: LayerNorm;
  readonly dropout3: Dropout;

  constructor(dModel: number, nhead: number, ...rest: LayerRest) {
    super(dModel, nhead, readLayer('TransformerDecoderLayer', rest));
    const { dropout, layerNormEps: eps, batchFirst, bias, dtype } = this.options;
    this.multiheadAttn = this.registerModule(
      'multihead_attn',
      new MultiheadAttention(dModel, nhead, { dropout, bias, batchFirst, dtype }),
    );
    this.norm3 = new LayerNorm(dModel, { eps, bias, dtype });
    this.dropout3 = new Dropout(dropout);
  }

  /** In PyTorch's order, in which optimizers number the parameters. */
  protected override *members(): Generator<[string, Member]> {
    const rank = (name: string): number =>
      DECODER_ORDER.includes(name) ? DECODER_ORDER.indexOf(name) : Infinity;
    yield* [...super.members()].sort(([a], [b]) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)));
  }

  forward(tgt: Tensor, memory: Tensor, ...rest: DecoderRest): Tensor {
    const read = readArgs<DecoderArguments>('TransformerDecoderLayer', rest, DECODER_NAMES);
    const { tgtMask = null, tgtKeyPaddingMask = null, tgtIsCausal = false } = read;
    const { memoryMask = null, memoryKeyPaddingMask = null, memoryIsCausal = false } = read;
    const across = {
      attnMask: memoryMask,
      keyPaddingMask: memoryKeyPaddingMask,
      isCausal: memoryIsCausal,
      needWeights: false,
    };
    const x = this.residual(tgt, this.norm1, (y) => this.attend(y, tgtMask, tgtKeyPaddingMask, tgtIsCausal));
    const seen = this.residual(x, this.norm2, (y) =>
      this.dropout2.forward(this.multiheadAttn.forward(y, memory, memory, across)[0]),
    );
    return this.residual(seen, this.norm3, (y) => this.dropout3.forward(this.feedForward(y)));
  }

  copy(): this {
    return this.copyTo(new TransformerDecoderLayer(this.dModel, this.nhead, this.options) as this);
  }
}

/**
 * Copies of a layer, one after the other, and perhaps a norm. State: `layers.0.…`, `norm.…`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.TransformerDecoder.html
 */
export class TransformerDecoder extends Module<[tgt: Tensor, memory: Tensor, ...rest: DecoderRest]> {
  readonly layers: ModuleList<TransformerDecoderLayer>;
  readonly norm: Module | null;

  /** @param decoderLayer is copied, with its values; a function is called for each layer */
  constructor(
    decoderLayer: LayerSource<TransformerDecoderLayer>,
    readonly numLayers: number,
    ...rest: NormRest
  ) {
    super();
    this.layers = new ModuleList(copies('TransformerDecoder', decoderLayer, numLayers));
    this.norm = readNorm('TransformerDecoder', rest);
  }

  forward(tgt: Tensor, memory: Tensor, ...rest: DecoderRest): Tensor {
    const read = readArgs<DecoderArguments>('TransformerDecoder', rest, DECODER_NAMES);
    let x = tgt;
    for (const layer of this.layers) x = layer.forward(x, memory, read);
    return this.norm === null ? x : this.norm.forward(x);
  }
}

/** Options of {@link Transformer}. */
export interface TransformerOptions extends TransformerLayerOptions {
  /** Default 512. */
  readonly dModel?: number;
  /** Default 8. */
  readonly nhead?: number;
  /** Default 6. */
  readonly numEncoderLayers?: number;
  /** Default 6. */
  readonly numDecoderLayers?: number;
}

/** Masks for {@link Transformer}, by name. */
export interface TransformerArguments extends DecoderArguments {
  readonly srcMask?: Tensor | null;
  readonly srcKeyPaddingMask?: Tensor | null;
  readonly srcIsCausal?: boolean;
}

type TransformerRest = Rest<
  [
    srcMask: Tensor | null,
    tgtMask: Tensor | null,
    memoryMask: Tensor | null,
    srcKeyPaddingMask: Tensor | null,
    tgtKeyPaddingMask: Tensor | null,
    memoryKeyPaddingMask: Tensor | null,
    srcIsCausal: boolean,
    tgtIsCausal: boolean,
    memoryIsCausal: boolean,
  ],
  TransformerArguments
>;

/**
 * An encoder and a decoder that attends to its results, as "Attention Is All You Need" has them, each with a last norm.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Transformer.html
 */
export class Transformer extends Module<[src: Tensor, tgt: Tensor, ...rest: TransformerRest]> {
  readonly encoder: TransformerEncoder;
  readonly decoder: TransformerDecoder;

  constructor(
    ...rest: Rest<
      [
        dModel: number,
        nhead: number,
        numEncoderLayers: number,
        numDecoderLayers: number,
        dimFeedforward: number,
        dropout: number,
        activation: Activation,
      ],
      TransformerOptions
    >
  ) {
    super();
    const op = 'Transformer';
    const names = ['dModel', 'nhead', 'numEncoderLayers', 'numDecoderLayers'] as const;
    const read = readArgs<TransformerOptions>(
      op,
      rest,
      [...names, 'dimFeedforward', 'dropout', 'activation'],
      ['layerNormEps', 'batchFirst', 'normFirst', 'bias', 'dtype'],
    );
    const { dModel = 512, nhead = 8, numEncoderLayers = 6, numDecoderLayers = 6, ...options } = read;
    const { layerNormEps: eps = 1e-5, bias = true, dtype = 'float32' } = options;
    const norm = (): LayerNorm => new LayerNorm(dModel, { eps, bias, dtype });
    this.encoder = new TransformerEncoder(
      () => new TransformerEncoderLayer(dModel, nhead, options),
      numEncoderLayers,
      norm(),
    );
    this.decoder = new TransformerDecoder(
      () => new TransformerDecoderLayer(dModel, nhead, options),
      numDecoderLayers,
      norm(),
    );
    for (const parameter of this.parameters()) if (parameter.ndim > 1) xavierUniform_(parameter);
  }

  forward(src: Tensor, tgt: Tensor, ...rest: TransformerRest): Tensor {
    const read = readArgs<TransformerArguments>('Transformer', rest, [
      ...(['srcMask', 'tgtMask', 'memoryMask', 'srcKeyPaddingMask', 'tgtKeyPaddingMask'] as const),
      ...(['memoryKeyPaddingMask', 'srcIsCausal', 'tgtIsCausal', 'memoryIsCausal'] as const),
    ]);
    const { srcMask: mask = null, srcKeyPaddingMask = null, srcIsCausal: isCausal = false, ...others } = read;
    const memory = this.encoder.forward(src, { mask, srcKeyPaddingMask, isCausal });
    return this.decoder.forward(tgt, memory, others);
  }

  /** (size, size): 0 where a position sees itself or one before it, else -∞. */
  static generateSquareSubsequentMask(size: number, dtype: FloatDType = 'float32'): Tensor {
    const isSeen = ge(reshape(arange(size), [size, 1]), arange(size));
    return where(isSeen, scalar(0, dtype), full([], -Infinity, { dtype }));
  }
}
