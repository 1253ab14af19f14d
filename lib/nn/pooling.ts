import { checkBoolean } from '../errors.js';
import { readArgs, type Rest } from '../ops/arguments.js';
import {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
  checkOutputSize,
  type OutputSize1,
  type OutputSize2,
  type OutputSize3,
} from '../ops/pool-adaptive.js';
import {
  avgPool1d,
  avgPool2d,
  avgPool3d,
  checkNormType,
  lpPool1d,
  lpPool2d,
  readAvgPool,
  type AvgPoolNdOptions,
  type AvgPoolOptions,
  type LpPoolOptions,
} from '../ops/pool-average.js';
import { maxPool1d, maxPool2d, maxPool3d, readMaxPool, type MaxPoolOptions } from '../ops/pool-max.js';
import { maxUnpool1d, maxUnpool2d, maxUnpool3d, type MaxUnpoolOptions } from '../ops/pool-unmax.js';
import type { ValuesAndIndices } from '../ops/reduce.js';
import { readPoolWindow } from '../ops/pool-window.js';
import type { Pair, Single, Triple } from '../ops/window.js';
import type { Tensor } from '../tensor.js';
import { Module } from './module.js';

type Size = Single | Pair | Triple;
type Own<O> = Omit<O, 'kernelSize' | 'normType' | 'returnIndices'>;

/** A pooling with a window of its own. */
abstract class Pool<S extends Size, O extends object, Out = Tensor> extends Module<[x: Tensor], Out> {
  constructor(
    readonly kernelSize: S,
    /** What the layer was given. */
    readonly options: O,
  ) {
    super();
  }

  protected override extraRepr(): string {
    const options = Object.entries(this.options).map(([name, value]) => `, ${name}=${String(value)}`);
    return `kernelSize=${String(this.kernelSize)}${options.join('')}`;
  }
}

const MAX_NAMES = ['stride', 'padding', 'dilation', 'returnIndices', 'ceilMode'] as const;
/**
 * What a max pooling gives: the maxima, or with `returnIndices` their positions, too.
 * @inline
 */
type Maxima<R extends boolean> = R extends true ? ValuesAndIndices : Tensor;
/** @inline */
type OwnMax<S, R extends boolean> = Own<MaxPoolOptions<S>> & { readonly returnIndices?: R };
type MaxRest<S, R extends boolean> = Rest<
  [stride: S | null | undefined, padding: S, dilation: S, returnIndices: R, ceilMode: boolean],
  OwnMax<S, R>
>;

function readMax<S extends Size, R extends boolean>(
  op: string,
  dims: number,
  kernelSize: S,
  rest: MaxRest<S, R>,
): OwnMax<S, R> {
  const options = readArgs<OwnMax<S, R>>(op, rest, MAX_NAMES);
  readMaxPool(op, dims, { ...options, kernelSize });
  return options;
}

/**
 * {@link maxPool1d} as a module. Shapes: (N, C, L) → (N, C, OL). The stride is that of the window by default.
 * With `returnIndices` the result is `{ values, indices }`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.MaxPool1d.html
 */
export class MaxPool1d<R extends boolean = false> extends Pool<Single, OwnMax<Single, R>, Maxima<R>> {
  constructor(kernelSize: Single, ...rest: MaxRest<Single, R>) {
    super(kernelSize, readMax('MaxPool1d', 1, kernelSize, rest));
  }

  forward(x: Tensor): Maxima<R> {
    return maxPool1d(x, this.kernelSize, this.options as never) as Maxima<R>;
  }
}

/**
 * {@link maxPool2d} as a module. Shapes: (N, C, H, W) → (N, C, OH, OW). The stride is that of the window by default.
 * With `returnIndices` the result is `{ values, indices }`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html
 */
export class MaxPool2d<R extends boolean = false> extends Pool<Pair, OwnMax<Pair, R>, Maxima<R>> {
  constructor(kernelSize: Pair, ...rest: MaxRest<Pair, R>) {
    super(kernelSize, readMax('MaxPool2d', 2, kernelSize, rest));
  }

  forward(x: Tensor): Maxima<R> {
    return maxPool2d(x, this.kernelSize, this.options as never) as Maxima<R>;
  }
}

/**
 * {@link maxPool3d} as a module. Shapes: (N, C, D, H, W) → (N, C, OD, OH, OW). The stride is that of the window by default.
 * With `returnIndices` the result is `{ values, indices }`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.MaxPool3d.html
 */
export class MaxPool3d<R extends boolean = false> extends Pool<Triple, OwnMax<Triple, R>, Maxima<R>> {
  constructor(kernelSize: Triple, ...rest: MaxRest<Triple, R>) {
    super(kernelSize, readMax('MaxPool3d', 3, kernelSize, rest));
  }

  forward(x: Tensor): Maxima<R> {
    return maxPool3d(x, this.kernelSize, this.options as never) as Maxima<R>;
  }
}

type UnpoolRest<S> = Rest<[stride: S | null | undefined, padding: S], Own<MaxUnpoolOptions<S>>>;

/** Maxima back where they were. */
abstract class MaxUnpool<S extends Size> extends Module {
  /** What the layer was given. */
  readonly options: Own<MaxUnpoolOptions<S>>;

  constructor(
    op: string,
    dims: number,
    readonly kernelSize: S,
    rest: UnpoolRest<S>,
  ) {
    super();
    this.options = readArgs<Own<MaxUnpoolOptions<S>>>(op, rest, ['stride', 'padding'], ['outputSize']);
    readPoolWindow(op, dims, { ...this.options, kernelSize });
  }

  protected override extraRepr(): string {
    const options = Object.entries(this.options).map(([name, value]) => `, ${name}=${String(value)}`);
    return `kernelSize=${String(this.kernelSize)}${options.join('')}`;
  }
}

/**
 * {@link maxUnpool1d} as a module. Shapes: (N, C, L), and indices of the same shape → (N, C, OL).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.MaxUnpool1d.html
 */
export class MaxUnpool1d extends MaxUnpool<Single> {
  constructor(kernelSize: Single, ...rest: UnpoolRest<Single>) {
    super('MaxUnpool1d', 1, kernelSize, rest);
  }

  forward(x: Tensor, indices: Tensor): Tensor {
    return maxUnpool1d(x, indices, this.kernelSize, this.options);
  }
}

/**
 * {@link maxUnpool2d} as a module. Shapes: (N, C, H, W), and indices of the same shape → (N, C, OH, OW).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.MaxUnpool2d.html
 */
export class MaxUnpool2d extends MaxUnpool<Pair> {
  constructor(kernelSize: Pair, ...rest: UnpoolRest<Pair>) {
    super('MaxUnpool2d', 2, kernelSize, rest);
  }

  forward(x: Tensor, indices: Tensor): Tensor {
    return maxUnpool2d(x, indices, this.kernelSize, this.options);
  }
}

/**
 * {@link maxUnpool3d} as a module. Shapes: (N, C, D, H, W), and indices of the same shape → (N, C, OD, OH, OW).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.MaxUnpool3d.html
 */
export class MaxUnpool3d extends MaxUnpool<Triple> {
  constructor(kernelSize: Triple, ...rest: UnpoolRest<Triple>) {
    super('MaxUnpool3d', 3, kernelSize, rest);
  }

  forward(x: Tensor, indices: Tensor): Tensor {
    return maxUnpool3d(x, indices, this.kernelSize, this.options);
  }
}

const AVG_NAMES = ['stride', 'padding', 'ceilMode', 'countIncludePad'] as const;
const AVG_ND_NAMES = [...AVG_NAMES, 'divisorOverride'] as const;
type AvgPositions<S> = [
  stride: S | null | undefined,
  padding: S,
  ceilMode: boolean,
  countIncludePad: boolean,
];
type AvgRest<S> = Rest<[...AvgPositions<S>, divisorOverride: number | null], Own<AvgPoolNdOptions<S>>>;

function readAvg<S extends Size>(
  op: string,
  dims: number,
  kernelSize: S,
  rest: readonly unknown[],
): Own<AvgPoolNdOptions<S>> {
  const options = readArgs<Own<AvgPoolNdOptions<S>>>(op, rest, dims === 1 ? AVG_NAMES : AVG_ND_NAMES);
  readAvgPool(op, dims, { ...options, kernelSize });
  return options;
}

/**
 * {@link avgPool1d} as a module. Shapes: (N, C, L) → (N, C, OL). The stride is that of the window by default.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.AvgPool1d.html
 */
export class AvgPool1d extends Pool<Single, Own<AvgPoolOptions<Single>>> {
  constructor(kernelSize: Single, ...rest: Rest<AvgPositions<Single>, Own<AvgPoolOptions<Single>>>) {
    super(kernelSize, readAvg('AvgPool1d', 1, kernelSize, rest));
  }

  forward(x: Tensor): Tensor {
    return avgPool1d(x, this.kernelSize, this.options);
  }
}

/**
 * {@link avgPool2d} as a module. Shapes: (N, C, H, W) → (N, C, OH, OW). The stride is that of the window by default.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html
 */
export class AvgPool2d extends Pool<Pair, Own<AvgPoolNdOptions<Pair>>> {
  constructor(kernelSize: Pair, ...rest: AvgRest<Pair>) {
    super(kernelSize, readAvg('AvgPool2d', 2, kernelSize, rest));
  }

  forward(x: Tensor): Tensor {
    return avgPool2d(x, this.kernelSize, this.options);
  }
}

/**
 * {@link avgPool3d} as a module. Shapes: (N, C, D, H, W) → (N, C, OD, OH, OW). The stride is that of the window by default.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.AvgPool3d.html
 */
export class AvgPool3d extends Pool<Triple, Own<AvgPoolNdOptions<Triple>>> {
  constructor(kernelSize: Triple, ...rest: AvgRest<Triple>) {
    super(kernelSize, readAvg('AvgPool3d', 3, kernelSize, rest));
  }

  forward(x: Tensor): Tensor {
    return avgPool3d(x, this.kernelSize, this.options);
  }
}

type LpRest<S> = Rest<[stride: S | null | undefined, ceilMode: boolean], Own<LpPoolOptions<S>>>;

/** A power-average pooling. */
abstract class LPPool<S extends Size> extends Pool<S, Own<LpPoolOptions<S>>> {
  constructor(
    op: string,
    dims: number,
    readonly normType: number,
    kernelSize: S,
    rest: LpRest<S>,
  ) {
    checkNormType(op, normType);
    const options = readArgs<Own<LpPoolOptions<S>>>(op, rest, ['stride', 'ceilMode']);
    readAvgPool(op, dims, { ...options, kernelSize });
    super(kernelSize, options);
  }

  protected override extraRepr(): string {
    return `normType=${this.normType}, ${super.extraRepr()}`;
  }
}

/**
 * {@link lpPool1d} as a module. Shapes: (N, C, L) → (N, C, OL). The stride is that of the window by default.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.LPPool1d.html
 */
export class LPPool1d extends LPPool<Single> {
  constructor(normType: number, kernelSize: Single, ...rest: LpRest<Single>) {
    super('LPPool1d', 1, normType, kernelSize, rest);
  }

  forward(x: Tensor): Tensor {
    return lpPool1d(x, this.normType, this.kernelSize, this.options);
  }
}

/**
 * {@link lpPool2d} as a module. Shapes: (N, C, H, W) → (N, C, OH, OW). The stride is that of the window by default.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.LPPool2d.html
 */
export class LPPool2d extends LPPool<Pair> {
  constructor(normType: number, kernelSize: Pair, ...rest: LpRest<Pair>) {
    super('LPPool2d', 2, normType, kernelSize, rest);
  }

  forward(x: Tensor): Tensor {
    return lpPool2d(x, this.normType, this.kernelSize, this.options);
  }
}

/** A pooling to images of given sizes. */
abstract class AdaptivePool<S, Out = Tensor> extends Module<[x: Tensor], Out> {
  constructor(
    op: string,
    dims: number,
    readonly outputSize: S,
  ) {
    checkOutputSize(op, dims, outputSize);
    super();
  }

  protected override extraRepr(): string {
    return `outputSize=${String(this.outputSize)}`;
  }
}

/**
 * {@link adaptiveAvgPool1d} as a module. Shapes: (N, C, L) → (N, C, outputSize).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool1d.html
 */
export class AdaptiveAvgPool1d extends AdaptivePool<OutputSize1> {
  constructor(outputSize: OutputSize1) {
    super('AdaptiveAvgPool1d', 1, outputSize);
  }

  forward(x: Tensor): Tensor {
    return adaptiveAvgPool1d(x, this.outputSize);
  }
}

/**
 * {@link adaptiveAvgPool2d} as a module. Shapes: (N, C, H, W) → (N, C, …outputSize).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html
 */
export class AdaptiveAvgPool2d extends AdaptivePool<OutputSize2> {
  constructor(outputSize: OutputSize2) {
    super('AdaptiveAvgPool2d', 2, outputSize);
  }

  forward(x: Tensor): Tensor {
    return adaptiveAvgPool2d(x, this.outputSize);
  }
}

/**
 * {@link adaptiveAvgPool3d} as a module. Shapes: (N, C, D, H, W) → (N, C, …outputSize).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool3d.html
 */
export class AdaptiveAvgPool3d extends AdaptivePool<OutputSize3> {
  constructor(outputSize: OutputSize3) {
    super('AdaptiveAvgPool3d', 3, outputSize);
  }

  forward(x: Tensor): Tensor {
    return adaptiveAvgPool3d(x, this.outputSize);
  }
}

type AdaptiveRest<R extends boolean> = Rest<[returnIndices: R], { readonly returnIndices?: R }>;

/** A max pooling to images of given sizes. */
abstract class AdaptiveMaxPool<S, R extends boolean> extends AdaptivePool<S, Maxima<R>> {
  /** Whether the positions of the maxima are returned, too. */
  readonly returnIndices: boolean;

  constructor(op: string, dims: number, outputSize: S, rest: AdaptiveRest<R>) {
    super(op, dims, outputSize);
    const { returnIndices = false } = readArgs<{ returnIndices?: boolean }>(op, rest, ['returnIndices']);
    checkBoolean(op, 'returnIndices', returnIndices);
    this.returnIndices = returnIndices;
  }
}

/**
 * {@link adaptiveMaxPool1d} as a module. Shapes: (N, C, L) → (N, C, outputSize).
 * With `returnIndices` the result is `{ values, indices }`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool1d.html
 */
export class AdaptiveMaxPool1d<R extends boolean = false> extends AdaptiveMaxPool<OutputSize1, R> {
  constructor(outputSize: OutputSize1, ...rest: AdaptiveRest<R>) {
    super('AdaptiveMaxPool1d', 1, outputSize, rest);
  }

  forward(x: Tensor): Maxima<R> {
    return adaptiveMaxPool1d(x, this.outputSize, this.returnIndices as never) as Maxima<R>;
  }
}

/**
 * {@link adaptiveMaxPool2d} as a module. Shapes: (N, C, H, W) → (N, C, …outputSize).
 * With `returnIndices` the result is `{ values, indices }`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool2d.html
 */
export class AdaptiveMaxPool2d<R extends boolean = false> extends AdaptiveMaxPool<OutputSize2, R> {
  constructor(outputSize: OutputSize2, ...rest: AdaptiveRest<R>) {
    super('AdaptiveMaxPool2d', 2, outputSize, rest);
  }

  forward(x: Tensor): Maxima<R> {
    return adaptiveMaxPool2d(x, this.outputSize, this.returnIndices as never) as Maxima<R>;
  }
}

/**
 * {@link adaptiveMaxPool3d} as a module. Shapes: (N, C, D, H, W) → (N, C, …outputSize).
 * With `returnIndices` the result is `{ values, indices }`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool3d.html
 */
export class AdaptiveMaxPool3d<R extends boolean = false> extends AdaptiveMaxPool<OutputSize3, R> {
  constructor(outputSize: OutputSize3, ...rest: AdaptiveRest<R>) {
    super('AdaptiveMaxPool3d', 3, outputSize, rest);
  }

  forward(x: Tensor): Maxima<R> {
    return adaptiveMaxPool3d(x, this.outputSize, this.returnIndices as never) as Maxima<R>;
  }
}
