import { checkBoolean, rangeError } from '../errors.js';
import { checkOneOf, readArgs, type Rest } from '../ops/arguments.js';
import { checkPadding, conv1d, conv2d, conv3d, type ConvOptions } from '../ops/conv.js';
import {
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  type ConvTransposeOptions,
} from '../ops/conv-transpose.js';
import { pad, type PadMode } from '../ops/shape-pad.js';
import { readWindow, sizes, type Pair, type Single, type Triple, type Window } from '../ops/window.js';
import type { Tensor } from '../tensor.js';
import { defaultUniform, fanIn } from './init.js';
import { Module } from './module.js';
import { checkCount, readDType, type LayerOptions } from './options.js';
import { Parameter } from './parameter.js';

/** What convolutional layers take after the size of their kernel. */
export type ConvLayerOptions<S> = Omit<ConvOptions<S>, 'bias'> & {
  /** What padding is made of: zeros, or elements of the image as `pad` repeats them. Default 'zeros'. */
  readonly paddingMode?: ConvPaddingMode;
} & LayerOptions;
/** What stands beyond the edges of an image: zeros, the image mirrored, its last pixel again, or its other end. */
export type ConvPaddingMode = 'zeros' | 'reflect' | 'replicate' | 'circular';
type ConvRest<S> = Rest<
  [
    stride: S,
    padding: S | 'same' | 'valid',
    dilation: S,
    groups: number,
    bias: boolean,
    paddingMode: ConvPaddingMode,
  ],
  ConvLayerOptions<S>
>;
const CONV_NAMES = ['stride', 'padding', 'dilation', 'groups', 'bias', 'paddingMode'] as const;

/** What transposed convolutional layers take after the size of their kernel. */
export type ConvTransposeLayerOptions<S> = Omit<ConvTransposeOptions<S>, 'bias'> & LayerOptions;
type TransposeRest<S> = Rest<
  [stride: S, padding: S, outputPadding: S, groups: number, bias: boolean, dilation: S],
  ConvTransposeLayerOptions<S>
>;
const TRANSPOSE_NAMES = ['stride', 'padding', 'outputPadding', 'groups', 'bias', 'dilation'] as const;

/** Weights of a convolution, and how they are printed. */
abstract class ConvLayer<S, O extends object> extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | null;

  constructor(
    op: string,
    readonly inChannels: number,
    readonly outChannels: number,
    readonly kernelSize: S,
    kernel: readonly number[],
    /** What the layer was given, without bias and dtype. */
    readonly options: O & { readonly groups?: number },
    { bias = true, ...given }: LayerOptions,
    isTransposed: boolean,
  ) {
    super();
    checkCount(op, 'inChannels', inChannels);
    checkCount(op, 'outChannels', outChannels);
    const { groups = 1 } = options;
    checkBoolean(op, 'bias', bias);
    checkCount(op, 'groups', groups);
    if (inChannels % groups !== 0 || outChannels % groups !== 0)
      rangeError(op, `groups ${groups} must divide inChannels ${inChannels} and outChannels ${outChannels}`);
    const dtype = readDType(op, given);
    const [first, second] = isTransposed ? [inChannels, outChannels] : [outChannels, inChannels];
    const shape = [first, second / groups, ...kernel];
    this.weight = new Parameter(defaultUniform(shape, fanIn(shape), dtype));
    this.bias = bias ? new Parameter(defaultUniform([outChannels], fanIn(shape), dtype)) : null;
  }

  protected override extraRepr(): string {
    const options = Object.entries(this.options).map(([name, value]) => `, ${name}=${String(value)}`);
    return `${this.inChannels}, ${this.outChannels}, kernelSize=${String(this.kernelSize)}${options.join('')}`;
  }
}

/** @inline */
type ConvSettings<S> = Omit<ConvLayerOptions<S>, keyof LayerOptions>;

/** A convolution that pads by itself where padding is not zeros. */
abstract class PaddedConv<S extends Single | Pair | Triple> extends ConvLayer<S, ConvSettings<S>> {
  /** What the convolution itself is to do. */
  protected readonly settings: Omit<ConvOptions<S>, 'bias'>;
  /** What goes before and after each dimension, from the last one on; null for zeros. */
  readonly #pad: readonly number[] | null;

  constructor(
    op: string,
    dims: number,
    inChannels: number,
    outChannels: number,
    kernelSize: S,
    rest: ConvRest<S>,
  ) {
    const given = readArgs<ConvLayerOptions<S>>(op, rest, CONV_NAMES, ['dtype']);
    const { bias, dtype, ...options } = given;
    const { paddingMode = 'zeros', ...settings } = options;
    checkOneOf(op, 'paddingMode', paddingMode, ['zeros', 'reflect', 'replicate', 'circular']);
    const { padding = 0, stride, dilation } = settings;
    const isNamed = typeof padding === 'string';
    if (isNamed) checkPadding(op, padding);
    const window = readWindow(op, kernelSize, { stride, dilation, padding: isNamed ? 0 : padding }, dims);
    if (padding === 'same' && window.stride.some((n) => n !== 1))
      rangeError(op, `padding: 'same' needs a stride of 1, got ${String(stride)}`);
    super(op, inChannels, outChannels, kernelSize, window.kernel, options, { bias, dtype }, false);
    this.settings = paddingMode === 'zeros' ? settings : { ...settings, padding: 0 as S };
    const ends = window.kernel.map((k, i) => {
      const total = window.dilation[i] * (k - 1);
      const before = Math.floor(total / 2);
      return padding === 'same' ? [before, total - before] : [window.padding[i], window.padding[i]];
    });
    this.#pad = paddingMode === 'zeros' ? null : ends.reverse().flat();
  }

  /** Images with what lies around them, unless that is zeros. */
  protected padded(x: Tensor): Tensor {
    const { paddingMode } = this.options;
    return this.#pad === null ? x : pad(x, this.#pad, paddingMode as PadMode);
  }
}

/**
 * 1-D convolution. Shapes: (N, inChannels, L) → (N, outChannels, OL).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Conv1d.html
 */
export class Conv1d extends PaddedConv<Single> {
  constructor(inChannels: number, outChannels: number, kernelSize: Single, ...rest: ConvRest<Single>) {
    super('Conv1d', 1, inChannels, outChannels, kernelSize, rest);
  }

  forward(x: Tensor): Tensor {
    return conv1d(this.padded(x), this.weight, this.bias, this.settings);
  }
}

/**
 * 2-D convolution. Shapes: (N, inChannels, H, W) → (N, outChannels, OH, OW).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
 */
export class Conv2d extends PaddedConv<Pair> {
  constructor(inChannels: number, outChannels: number, kernelSize: Pair, ...rest: ConvRest<Pair>) {
    super('Conv2d', 2, inChannels, outChannels, kernelSize, rest);
  }

  forward(x: Tensor): Tensor {
    return conv2d(this.padded(x), this.weight, this.bias, this.settings);
  }
}

/**
 * 3-D convolution. Shapes: (N, inChannels, D, H, W) → (N, outChannels, OD, OH, OW).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Conv3d.html
 */
export class Conv3d extends PaddedConv<Triple> {
  constructor(inChannels: number, outChannels: number, kernelSize: Triple, ...rest: ConvRest<Triple>) {
    super('Conv3d', 3, inChannels, outChannels, kernelSize, rest);
  }

  forward(x: Tensor): Tensor {
    return conv3d(this.padded(x), this.weight, this.bias, this.settings);
  }
}

/** @inline */
type TransposeSettings<S> = Omit<ConvTransposeOptions<S>, 'bias'>;

/** A transposed convolution, which may be asked for images of certain sizes. */
abstract class TransposedConv<S extends Single | Pair | Triple> extends ConvLayer<S, TransposeSettings<S>> {
  readonly #op: string;
  readonly #window: Window;

  constructor(
    op: string,
    dims: number,
    inChannels: number,
    outChannels: number,
    kernelSize: S,
    rest: TransposeRest<S>,
  ) {
    const given = readArgs<ConvTransposeLayerOptions<S>>(op, rest, TRANSPOSE_NAMES, ['dtype']);
    const { bias, dtype, ...options } = given;
    const window = readWindow(op, kernelSize, options, dims);
    sizes(op, 'output padding', options.outputPadding ?? 0, dims, 0);
    super(op, inChannels, outChannels, kernelSize, window.kernel, options, { bias, dtype }, true);
    this.#op = op;
    this.#window = window;
  }

  /** @internal */
  protected abstract run(x: Tensor, settings: TransposeSettings<S>): Tensor;

  /**
   * `forward` to images of the sizes `outputSize`: in strides, several sizes have the same convolution. PyTorch's
   * `forward` takes them as its second argument.
   * @throws RangeError when no output padding leads there
   */
  forwardTo(x: Tensor, outputSize: readonly number[]): Tensor {
    const { kernel, stride, padding, dilation } = this.#window;
    const dims = kernel.length;
    const wanted = sizes(this.#op, 'output size', outputSize, dims, 1);
    const outputPadding = wanted.map((size, i) => {
      const input = x.shape[x.ndim - dims + i];
      const least = (input - 1) * stride[i] - 2 * padding[i] + dilation[i] * (kernel[i] - 1) + 1;
      const most = least + stride[i] - 1;
      if (size < least || size > most)
        rangeError(
          this.#op,
          `output size: expected ${least} to ${most} for an input of ${input}, got ${size}`,
        );
      return size - least;
    });
    return this.run(x, { ...this.options, outputPadding: outputPadding as unknown as S });
  }
}

/**
 * 1-D transposed convolution. Shapes: (N, inChannels, L) → (N, outChannels, OL).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.ConvTranspose1d.html
 */
export class ConvTranspose1d extends TransposedConv<Single> {
  constructor(inChannels: number, outChannels: number, kernelSize: Single, ...rest: TransposeRest<Single>) {
    super('ConvTranspose1d', 1, inChannels, outChannels, kernelSize, rest);
  }

  forward(x: Tensor): Tensor {
    return this.run(x, this.options);
  }

  /** @internal */
  protected override run(x: Tensor, settings: TransposeSettings<Single>): Tensor {
    return convTranspose1d(x, this.weight, this.bias, settings);
  }
}

/**
 * 2-D transposed convolution. Shapes: (N, inChannels, H, W) → (N, outChannels, OH, OW).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html
 */
export class ConvTranspose2d extends TransposedConv<Pair> {
  constructor(inChannels: number, outChannels: number, kernelSize: Pair, ...rest: TransposeRest<Pair>) {
    super('ConvTranspose2d', 2, inChannels, outChannels, kernelSize, rest);
  }

  forward(x: Tensor): Tensor {
    return this.run(x, this.options);
  }

  /** @internal */
  protected override run(x: Tensor, settings: TransposeSettings<Pair>): Tensor {
    return convTranspose2d(x, this.weight, this.bias, settings);
  }
}

/**
 * 3-D transposed convolution. Shapes: (N, inChannels, D, H, W) → (N, outChannels, OD, OH, OW).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.ConvTranspose3d.html
 */
export class ConvTranspose3d extends TransposedConv<Triple> {
  constructor(inChannels: number, outChannels: number, kernelSize: Triple, ...rest: TransposeRest<Triple>) {
    super('ConvTranspose3d', 3, inChannels, outChannels, kernelSize, rest);
  }

  forward(x: Tensor): Tensor {
    return this.run(x, this.options);
  }

  /** @internal */
  protected override run(x: Tensor, settings: TransposeSettings<Triple>): Tensor {
    return convTranspose3d(x, this.weight, this.bias, settings);
  }
}
