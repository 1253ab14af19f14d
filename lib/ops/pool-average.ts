import { checkBoolean, describe, rangeError } from '../errors.js';
import type { Tensor } from '../tensor.js';
import { checkNumber, readArgs, type Rest } from './arguments.js';
import { readPoolWindow, stopsIn, withBatch } from './pool-window.js';
import { abs, mul, pow, relu, sign } from './pointwise.js';
import { alongLast, makeRuns } from './runs.js';
import type { Pair, Single, Triple } from './window.js';

/** How the window of an average pooling moves, and what sums are divided by. */
export interface AvgPoolOptions<S> {
  /** Needed when it is not given by position. */
  readonly kernelSize?: S;
  /** Steps between windows. Default: the size of the window. */
  readonly stride?: S | null;
  /** Zeros around the image, at most half of the window. Default 0. */
  readonly padding?: S;
  /** Whether a last window may reach past the padding, when it starts before. Default false. */
  readonly ceilMode?: boolean;
  /** Whether zeros of the padding count as elements. Default true. */
  readonly countIncludePad?: boolean;
}
/** @inline */
export type AvgPool1dOptions = AvgPoolOptions<Single>;
/** {@link avgPool2d} and {@link avgPool3d} take a divisor, too. */
export interface AvgPoolNdOptions<S> extends AvgPoolOptions<S> {
  /** What sums are divided by in place of the number of elements; not 0. Default none. */
  readonly divisorOverride?: number | null;
}
/** @inline */
export type AvgPool2dOptions = AvgPoolNdOptions<Pair>;
/** @inline */
export type AvgPool3dOptions = AvgPoolNdOptions<Triple>;

type Positions<S> = [
  kernelSize: S,
  stride: S | null | undefined,
  padding: S,
  ceilMode: boolean,
  countIncludePad: boolean,
];
const NAMES = ['kernelSize', 'stride', 'padding', 'ceilMode', 'countIncludePad'] as const;

/**
 * The mean of every window of every channel.
 * Shapes: (N, C, H, W) or (C, H, W) → (N, C, OH, OW) or (C, OH, OW), with
 * OH = ⌊(H + 2·padding - kernel) / stride⌋ + 1, or ⌈…⌉ in `ceilMode`.
 * Gradient: each element its share of the windows that saw it.
 * @throws ShapeError when the window does not fit; RangeError when padding is more than half a window, or for a divisor
 *   of 0.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool2d.html
 */
export const avgPool2d = (
  input: Tensor,
  ...rest: Rest<[...Positions<Pair>, divisorOverride: number | null | undefined], AvgPool2dOptions>
): Tensor => average('avgPool2d', 2, input, rest);

/**
 * The mean of every window along the last dimension. Shapes: (N, C, L) or (C, L) → (N, C, OL) or (C, OL).
 * All else as for {@link avgPool2d}, which alone takes a divisor.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool1d.html
 */
export const avgPool1d = (input: Tensor, ...rest: Rest<Positions<Single>, AvgPool1dOptions>): Tensor =>
  average('avgPool1d', 1, input, rest);

/**
 * The mean of every window in three dimensions. Shapes: (N, C, D, H, W) or (C, D, H, W) → (N, C, OD, OH, OW) or
 * (C, OD, OH, OW). All else as for {@link avgPool2d}.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool3d.html
 */
export const avgPool3d = (
  input: Tensor,
  ...rest: Rest<[...Positions<Triple>, divisorOverride: number | null | undefined], AvgPool3dOptions>
): Tensor => average('avgPool3d', 3, input, rest);

function average(op: string, dims: number, input: Tensor, rest: readonly unknown[]): Tensor {
  const [images, unbatched] = withBatch(op, dims, input);
  const names = dims === 1 ? NAMES : ([...NAMES, 'divisorOverride'] as const);
  const options = readArgs<AvgPoolNdOptions<unknown>>(op, rest, names);
  return unbatched(averaged(op, dims, images, readAvgPool(op, dims, options)));
}

/** The options of an average pooling, checked. */
export function readAvgPool(op: string, dims: number, options: AvgPoolNdOptions<unknown>) {
  const { ceilMode = false, countIncludePad = true, divisorOverride = null } = options;
  checkBoolean(op, 'ceilMode', ceilMode);
  checkBoolean(op, 'countIncludePad', countIncludePad);
  if (divisorOverride !== null) {
    checkNumber(op, 'divisorOverride', divisorOverride);
    if (divisorOverride === 0 || !Number.isFinite(divisorOverride))
      rangeError(op, `divisorOverride: expected a finite number other than 0, got ${divisorOverride}`);
  }
  return { window: readPoolWindow(op, dims, options), ceilMode, countIncludePad, divisorOverride };
}

function averaged(
  op: string,
  dims: number,
  images: Tensor,
  { window, ceilMode, countIncludePad, divisorOverride }: ReturnType<typeof readAvgPool>,
): Tensor {
  const image = images.shape.slice(2);
  const stops = stopsIn(op, image, window, ceilMode);
  // A window's size is the product of its sizes along the dimensions, so its mean is the mean of means.
  const all = image.map((size, i) => {
    const [kernel, stride, padding] = [window.kernel[i], window.stride[i], window.padding[i]];
    return makeRuns(size, stops[i], (stop) => {
      const start = stop * stride - padding;
      const end = Math.min(start + kernel, size + padding);
      const [from, to] = [Math.max(start, 0), Math.min(end, size)];
      const count = countIncludePad ? end - start : to - from;
      const divisor = divisorOverride === null ? count : i === dims - 1 ? divisorOverride : 1;
      return [from, new Array<number>(Math.max(0, to - from)).fill(1 / divisor)];
    });
  });
  return alongLast(images, all);
}

/** How the window of a power-average pooling moves. */
export interface LpPoolOptions<S> {
  /** The power p. Needed when it is not given by position. */
  readonly normType?: number;
  readonly kernelSize?: S;
  /** Steps between windows. Default: the size of the window. */
  readonly stride?: S | null;
  /** Whether a last window may reach past the image, when it starts inside. Default false. */
  readonly ceilMode?: boolean;
}

type LpRest<S> = Rest<
  [normType: number, kernelSize: S, stride: S | null | undefined, ceilMode: boolean],
  LpPoolOptions<S>
>;
const LP_NAMES = ['normType', 'kernelSize', 'stride', 'ceilMode'] as const;

/**
 * `(Σ xᵖ)^(1/p)` over every window of every channel: no absolute values are taken, so that odd powers of negative numbers
 * may give NaN.
 * Shapes: (N, C, H, W) or (C, H, W) → (N, C, OH, OW) or (C, OH, OW).
 * Gradient: `g · xᵖ⁻¹ · y¹⁻ᵖ`; 0 where the sum is 0.
 * @throws ShapeError when the window does not fit.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.lp_pool2d.html
 */
export const lpPool2d = (input: Tensor, ...rest: LpRest<Pair>): Tensor => lpPool('lpPool2d', 2, input, rest);

/**
 * `(Σ xᵖ)^(1/p)` over every window along the last dimension. Shapes: (N, C, L) or (C, L) → (N, C, OL) or (C, OL). All else
 * as for {@link lpPool2d}.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.lp_pool1d.html
 */
export const lpPool1d = (input: Tensor, ...rest: LpRest<Single>): Tensor =>
  lpPool('lpPool1d', 1, input, rest);

function lpPool(op: string, dims: number, input: Tensor, rest: readonly unknown[]): Tensor {
  const [images, unbatched] = withBatch(op, dims, input);
  const { normType, ...options } = readArgs<LpPoolOptions<unknown>>(op, rest, LP_NAMES);
  checkNormType(op, normType);
  const settings = readAvgPool(op, dims, options);
  const means = averaged(op, dims, pow(images, normType), settings);
  // As PyTorch has it: also the gradient at 0 is its.
  const sums = mul(
    mul(sign(means), relu(abs(means))),
    settings.window.kernel.reduce((a, b) => a * b),
  );
  return unbatched(pow(sums, 1 / normType));
}

/** Throws unless a power is a number other than 0. */
export function checkNormType(op: string, normType: unknown): asserts normType is number {
  checkNumber(op, 'normType', normType);
  if (normType === 0 || Number.isNaN(normType))
    rangeError(op, `normType: expected a number other than 0, got ${describe(normType)}`);
}
