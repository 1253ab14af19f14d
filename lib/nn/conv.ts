import { checkBoolean, rangeError } from '../errors.js';
import { readArgs, type Rest } from '../ops/arguments.js';
import { checkPadding, conv1d, conv2d, conv3d, type ConvOptions } from '../ops/conv.js';
import {
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  type ConvTransposeOptions,
} from '../ops/conv-transpose.js';
import { readWindow, sizes, type Pair, type Single, type Triple } from '../ops/window.js';
import type { Tensor } from '../tensor.js';
import { defaultUniform, fanIn } from './init.js';
import { Module } from './module.js';
import { checkCount, readDType, type LayerOptions } from './options.js';
import { Parameter } from './parameter.js';

/** What convolutional layers take after the size of their kernel. */
export type ConvLayerOptions<S> = Omit<ConvOptions<S>, 'bias'> & LayerOptions;
type ConvRest<S> = Rest<
  [stride: S, padding: S | 'same' | 'valid', dilation: S, groups: number, bias: boolean],
  ConvLayerOptions<S>
>;
const CONV_NAMES = ['stride', 'padding', 'dilation', 'groups', 'bias'] as const;

/** What transposed convolutional layers take after the size of their kernel. */
export type ConvTransposeLayerOptions<S> = Omit<ConvTransposeOptions<S>, 'bias'> & LayerOptions;
type TransposeRest<S> = Rest<
  [stride: S, padding: S, outputPadding: S, groups: number, bias: boolean, dilation: S],
  ConvTransposeLayerOptions<S>
>;
const TRANSPOSE_NAMES = ['stride', 'padding', 'outputPadding', 'groups', 'bias', 'dilation'] as const;

/** Weights and options of a convolution in `dims` dimensions. */
abstract class ConvLayer<
  S extends Single | Pair | Triple,
  O extends { readonly groups?: number },
> extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | null;
  /** What the layer was given, without bias and dtype. */
  readonly options: O;

  constructor(
    protected readonly op: string,
    dims: number,
    readonly inChannels: number,
    readonly outChannels: number,
    readonly kernelSize: S,
    given: Partial<O & LayerOptions>,
    isTransposed: boolean,
  ) {
    super();
    checkCount(op, 'inChannels', inChannels);
    checkCount(op, 'outChannels', outChannels);
    const { bias = true, dtype: _dtype, ...options } = given;
    const { groups = 1, padding, ...window } = options as ConvTransposeOptions<unknown>;
    checkBoolean(op, 'bias', bias);
    checkCount(op, 'groups', groups);
    if (inChannels % groups !== 0 || outChannels % groups !== 0)
      rangeError(op, `groups ${groups} must divide inChannels ${inChannels} and outChannels ${outChannels}`);
    const isNamed = typeof padding === 'string' && !isTransposed;
    if (isNamed) checkPadding(op, padding);
    const { kernel } = readWindow(op, kernelSize, isNamed ? window : { ...window, padding }, dims);
    sizes(op, 'output padding', window.outputPadding ?? 0, dims, 0);
    const dtype = readDType(op, given);
    const [first, second] = isTransposed ? [inChannels, outChannels] : [outChannels, inChannels];
    const shape = [first, second / groups, ...kernel];
    this.options = options as unknown as O;
    this.weight = new Parameter(defaultUniform(shape, fanIn(shape), dtype));
    this.bias = bias ? new Parameter(defaultUniform([outChannels], fanIn(shape), dtype)) : null;
  }

  protected override extraRepr(): string {
    const options = Object.entries(this.options).map(([name, value]) => `, ${name}=${String(value)}`);
    return `${this.inChannels}, ${this.outChannels}, kernelSize=${String(this.kernelSize)}${options.join('')}`;
  }
}

/**
 * 1-D convolution. Shapes: (N, inChannels, L) → (N, outChannels, OL).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Conv1d.html
 */
export class Conv1d extends ConvLayer<Single, Omit<ConvOptions<Single>, 'bias'>> {
  constructor(inChannels: number, outChannels: number, kernelSize: Single, ...rest: ConvRest<Single>) {
    const options = readArgs<ConvLayerOptions<Single>>('Conv1d', rest, CONV_NAMES, ['dtype']);
    super('Conv1d', 1, inChannels, outChannels, kernelSize, options, false);
  }

  forward(x: Tensor): Tensor {
    return conv1d(x, this.weight, this.bias, this.options);
  }
}

/**
 * 2-D convolution. Shapes: (N, inChannels, H, W) → (N, outChannels, OH, OW).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
 */
export class Conv2d extends ConvLayer<Pair, Omit<ConvOptions<Pair>, 'bias'>> {
  constructor(inChannels: number, outChannels: number, kernelSize: Pair, ...rest: ConvRest<Pair>) {
    const options = readArgs<ConvLayerOptions<Pair>>('Conv2d', rest, CONV_NAMES, ['dtype']);
    super('Conv2d', 2, inChannels, outChannels, kernelSize, options, false);
  }

  forward(x: Tensor): Tensor {
    return conv2d(x, this.weight, this.bias, this.options);
  }
}

/**
 * 3-D convolution. Shapes: (N, inChannels, D, H, W) → (N, outChannels, OD, OH, OW).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Conv3d.html
 */
export class Conv3d extends ConvLayer<Triple, Omit<ConvOptions<Triple>, 'bias'>> {
  constructor(inChannels: number, outChannels: number, kernelSize: Triple, ...rest: ConvRest<Triple>) {
    const options = readArgs<ConvLayerOptions<Triple>>('Conv3d', rest, CONV_NAMES, ['dtype']);
    super('Conv3d', 3, inChannels, outChannels, kernelSize, options, false);
  }

  forward(x: Tensor): Tensor {
    return conv3d(x, this.weight, this.bias, this.options);
  }
}

/**
 * 1-D transposed convolution. Shapes: (N, inChannels, L) → (N, outChannels, OL).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.ConvTranspose1d.html
 */
export class ConvTranspose1d extends ConvLayer<Single, Omit<ConvTransposeOptions<Single>, 'bias'>> {
  constructor(inChannels: number, outChannels: number, kernelSize: Single, ...rest: TransposeRest<Single>) {
    const options = readArgs<ConvTransposeLayerOptions<Single>>('ConvTranspose1d', rest, TRANSPOSE_NAMES, [
      'dtype',
    ]);
    super('ConvTranspose1d', 1, inChannels, outChannels, kernelSize, options, true);
  }

  forward(x: Tensor): Tensor {
    return convTranspose1d(x, this.weight, this.bias, this.options);
  }
}

/**
 * 2-D transposed convolution. Shapes: (N, inChannels, H, W) → (N, outChannels, OH, OW).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html
 */
export class ConvTranspose2d extends ConvLayer<Pair, Omit<ConvTransposeOptions<Pair>, 'bias'>> {
  constructor(inChannels: number, outChannels: number, kernelSize: Pair, ...rest: TransposeRest<Pair>) {
    const options = readArgs<ConvTransposeLayerOptions<Pair>>('ConvTranspose2d', rest, TRANSPOSE_NAMES, [
      'dtype',
    ]);
    super('ConvTranspose2d', 2, inChannels, outChannels, kernelSize, options, true);
  }

  forward(x: Tensor): Tensor {
    return convTranspose2d(x, this.weight, this.bias, this.options);
  }
}

/**
 * 3-D transposed convolution. Shapes: (N, inChannels, D, H, W) → (N, outChannels, OD, OH, OW).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.ConvTranspose3d.html
 */
export class ConvTranspose3d extends ConvLayer<Triple, Omit<ConvTransposeOptions<Triple>, 'bias'>> {
  constructor(inChannels: number, outChannels: number, kernelSize: Triple, ...rest: TransposeRest<Triple>) {
    const options = readArgs<ConvTransposeLayerOptions<Triple>>('ConvTranspose3d', rest, TRANSPOSE_NAMES, [
      'dtype',
    ]);
    super('ConvTranspose3d', 3, inChannels, outChannels, kernelSize, options, true);
  }

  forward(x: Tensor): Tensor {
    return convTranspose3d(x, this.weight, this.bias, this.options);
  }
}
