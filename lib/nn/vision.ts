import { checkInteger, readArgs, type Rest } from '../ops/arguments.js';
import {
  FOLD_NAMES,
  fold,
  unfold,
  UNFOLD_NAMES,
  type FoldOptions,
  type UnfoldOptions,
} from '../ops/unfold.js';
import {
  interpolate,
  readResize,
  type InterpolateMode,
  type InterpolateOptions,
  type Numbers,
} from '../ops/vision-resize.js';
import { channelShuffle, pixelShuffle, pixelUnshuffle } from '../ops/vision-shuffle.js';
import { readWindow, sizes, type Pair } from '../ops/window.js';
import type { Tensor } from '../tensor.js';
import { Module } from './module.js';

const listed = (options: object): string =>
  Object.entries(options)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(', ');

/** What {@link Upsample} takes. */
export type UpsampleOptions = Omit<InterpolateOptions, 'antialias'>;
type UpsampleRest = Rest<
  [
    size: Numbers | null | undefined,
    scaleFactor: Numbers | null | undefined,
    mode: InterpolateMode,
    alignCorners: boolean | null | undefined,
    recomputeScaleFactor: boolean | null,
  ],
  UpsampleOptions
>;

/**
 * {@link interpolate} as a module. Shapes: (N, C, …) → (N, C, …size).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Upsample.html
 */
export class Upsample extends Module {
  /** What the layer was given. */
  readonly options: UpsampleOptions;

  constructor(...rest: UpsampleRest) {
    super();
    this.options = readArgs<UpsampleOptions>('Upsample', rest, [
      'size',
      'scaleFactor',
      'mode',
      'alignCorners',
      'recomputeScaleFactor',
    ]);
    readResize('Upsample', this.options);
  }

  forward(x: Tensor): Tensor {
    return interpolate(x, this.options);
  }

  protected override extraRepr(): string {
    return listed(this.options);
  }
}

type SizeRest = Rest<
  [size: Numbers | null | undefined, scaleFactor: Numbers | null],
  Pick<UpsampleOptions, 'size' | 'scaleFactor'>
>;

/**
 * {@link Upsample} in mode 'nearest'.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.UpsamplingNearest2d.html
 */
export class UpsamplingNearest2d extends Upsample {
  constructor(...rest: SizeRest) {
    const options = readArgs<UpsampleOptions>('UpsamplingNearest2d', rest, ['size', 'scaleFactor']);
    super({ ...options, mode: 'nearest' });
  }
}

/**
 * {@link Upsample} in mode 'bilinear' with `alignCorners`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.UpsamplingBilinear2d.html
 */
export class UpsamplingBilinear2d extends Upsample {
  constructor(...rest: SizeRest) {
    const options = readArgs<UpsampleOptions>('UpsamplingBilinear2d', rest, ['size', 'scaleFactor']);
    super({ ...options, mode: 'bilinear', alignCorners: true });
  }
}

/**
 * {@link pixelShuffle} as a module. Shapes: (…, C·r², H, W) → (…, C, H·r, W·r).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.PixelShuffle.html
 */
export class PixelShuffle extends Module {
  constructor(readonly upscaleFactor: number) {
    super();
    checkInteger('PixelShuffle', 'upscaleFactor', upscaleFactor, 1);
  }

  forward(x: Tensor): Tensor {
    return pixelShuffle(x, this.upscaleFactor);
  }

  protected override extraRepr(): string {
    return `upscaleFactor=${this.upscaleFactor}`;
  }
}

/**
 * {@link pixelUnshuffle} as a module. Shapes: (…, C, H·r, W·r) → (…, C·r², H, W).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.PixelUnshuffle.html
 */
export class PixelUnshuffle extends Module {
  constructor(readonly downscaleFactor: number) {
    super();
    checkInteger('PixelUnshuffle', 'downscaleFactor', downscaleFactor, 1);
  }

  forward(x: Tensor): Tensor {
    return pixelUnshuffle(x, this.downscaleFactor);
  }

  protected override extraRepr(): string {
    return `downscaleFactor=${this.downscaleFactor}`;
  }
}

/**
 * {@link channelShuffle} as a module. Shapes: (N, C, …) → the same.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.ChannelShuffle.html
 */
export class ChannelShuffle extends Module {
  constructor(readonly groups: number) {
    super();
    checkInteger('ChannelShuffle', 'groups', groups, 1);
  }

  forward(x: Tensor): Tensor {
    return channelShuffle(x, this.groups);
  }

  protected override extraRepr(): string {
    return `groups=${this.groups}`;
  }
}

type WindowPositions = [dilation: Pair, padding: Pair, stride: Pair];

/**
 * {@link unfold} as a module. Shapes: (N, C, H, W) → (N, C·kh·kw, L).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Unfold.html
 */
export class Unfold extends Module {
  /** What the layer was given. */
  readonly options: UnfoldOptions;

  constructor(...rest: Rest<[kernelSize: Pair, ...WindowPositions], UnfoldOptions>) {
    super();
    this.options = readArgs<UnfoldOptions>('Unfold', rest, UNFOLD_NAMES);
    readWindow('Unfold', this.options.kernelSize, this.options, 2);
  }

  forward(x: Tensor): Tensor {
    return unfold(x, this.options);
  }

  protected override extraRepr(): string {
    return listed(this.options);
  }
}

/**
 * {@link fold} as a module. Shapes: (N, C·kh·kw, L) → (N, C, H, W), for `outputSize` [H, W].
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Fold.html
 */
export class Fold extends Module {
  /** What the layer was given. */
  readonly options: FoldOptions;

  constructor(...rest: Rest<[outputSize: Pair, kernelSize: Pair, ...WindowPositions], FoldOptions>) {
    super();
    this.options = readArgs<FoldOptions>('Fold', rest, FOLD_NAMES);
    sizes('Fold', 'output size', this.options.outputSize, 2, 1);
    readWindow('Fold', this.options.kernelSize, this.options, 2);
  }

  forward(x: Tensor): Tensor {
    return fold(x, this.options);
  }

  protected override extraRepr(): string {
    return listed(this.options);
  }
}
