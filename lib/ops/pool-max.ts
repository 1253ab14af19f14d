import type { Window2d } from '../backend/contract.js';
import { backend } from '../backend/select.js';
import { checkBoolean, shapeError } from '../errors.js';
import type { Shape } from '../shape.js';
import { emptyInOrder, type Tensor } from '../tensor.js';
import { readArgs, type Rest, type RestNamed } from './arguments.js';
import { likewise, reshape } from './broadcast.js';
import { arange } from './ranges.js';
import { gather } from './indexing.js';
import { add } from './pointwise.js';
import { readPoolWindow, stopsIn, withBatch } from './pool-window.js';
import { track } from './primitive.js';
import type { ValuesAndIndices } from './reduce.js';
import { asWindow2d, type Pair, type Single, type Triple, type Window } from './window.js';

/** How the window of a max pooling moves. */
export interface MaxPoolOptions<S> {
  /** Needed when it is not given by position. */
  readonly kernelSize?: S;
  /** Steps between windows. Default: the size of the window, so that windows neither overlap nor leave gaps. */
  readonly stride?: S | null;
  /** How far windows reach over the edge, at most half of their size. Default 0. */
  readonly padding?: S;
  /** Steps between the elements of a window. Default 1. */
  readonly dilation?: S;
  /** Whether a last window may reach past the padding, when it starts before. Default false. */
  readonly ceilMode?: boolean;
  /** Whether the positions of the maxima are returned, too. Default false. */
  readonly returnIndices?: boolean;
}
export type MaxPool1dOptions = MaxPoolOptions<Single>;
/** Arguments of {@link maxPool2d}, by name. */
export type MaxPool2dOptions = MaxPoolOptions<Pair>;
export type MaxPool3dOptions = MaxPoolOptions<Triple>;

type Positions<S> = [kernelSize: S, stride: S | null | undefined, padding: S, dilation: S, ceilMode: boolean];
/**
 * The arguments of a pooling that returns positions, too.
 * @inline
 */
type WithIndices<S> =
  [...Positions<S>, true] | RestNamed<Positions<S>, MaxPoolOptions<S> & { readonly returnIndices: true }>;
type WithoutIndices<S> = Rest<
  [...Positions<S>, false],
  MaxPoolOptions<S> & { readonly returnIndices?: false }
>;

const NAMES = ['kernelSize', 'stride', 'padding', 'dilation', 'ceilMode', 'returnIndices'] as const;

/**
 * The largest element of every window of every channel. Padding is never the largest; NaN always is.
 * Shapes: (N, C, H, W) or (C, H, W) → (N, C, OH, OW) or (C, OH, OW), with
 * OH = ⌊(H + 2·padding - dilation·(kernel - 1) - 1) / stride⌋ + 1, or ⌈…⌉ in `ceilMode`.
 * Gradient: `g` where the maximum was, the first of several; 0 elsewhere.
 * @returns the maxima, and with `returnIndices` their positions `y·W + x` in the image, as int32
 * @throws ShapeError when the window does not fit; RangeError when padding is more than half a window.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.max_pool2d.html
 */
export function maxPool2d(input: Tensor, ...rest: WithIndices<Pair>): ValuesAndIndices;
export function maxPool2d(input: Tensor, ...rest: WithoutIndices<Pair>): Tensor;
export function maxPool2d(input: Tensor, ...rest: unknown[]): Tensor | ValuesAndIndices {
  const { images, unbatched, window, ceilMode, returnIndices } = readArguments('maxPool2d', 2, input, rest);
  const { values, indices } = pooled('maxPool2d', images, asWindow2d(window), ceilMode);
  return returnIndices ? { values: unbatched(values), indices: unbatched(indices) } : unbatched(values);
}

/**
 * The largest element of every window along the last dimension: {@link maxPool2d} of images that are one row high.
 * Shapes: (N, C, L) or (C, L) → (N, C, OL) or (C, OL).
 * @returns the maxima, and with `returnIndices` their positions, as int32
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.max_pool1d.html
 */
export function maxPool1d(input: Tensor, ...rest: WithIndices<Single>): ValuesAndIndices;
export function maxPool1d(input: Tensor, ...rest: WithoutIndices<Single>): Tensor;
export function maxPool1d(input: Tensor, ...rest: unknown[]): Tensor | ValuesAndIndices {
  const { images, unbatched, window, ceilMode, returnIndices } = readArguments('maxPool1d', 1, input, rest);
  const [n, c, length] = images.shape;
  const found = pooled('maxPool1d', reshape(images, [n, c, 1, length]), asWindow2d(window), ceilMode);
  const flat = (y: Tensor): Tensor => unbatched(reshape(y, [n, c, y.shape[3]]));
  return returnIndices ? { values: flat(found.values), indices: flat(found.indices) } : flat(found.values);
}

/**
 * The largest element of every window in three dimensions: of the maxima at every depth, the largest.
 * Shapes: (N, C, D, H, W) or (C, D, H, W) → (N, C, OD, OH, OW) or (C, OD, OH, OW).
 * @returns the maxima, and with `returnIndices` their positions `(z·H + y)·W + x`, as int32
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.max_pool3d.html
 */
export function maxPool3d(input: Tensor, ...rest: WithIndices<Triple>): ValuesAndIndices;
export function maxPool3d(input: Tensor, ...rest: WithoutIndices<Triple>): Tensor;
export function maxPool3d(input: Tensor, ...rest: unknown[]): Tensor | ValuesAndIndices {
  const { images, unbatched, window, ceilMode, returnIndices } = readArguments('maxPool3d', 3, input, rest);
  const [n, c, d, h, w] = images.shape;
  checkArea('maxPool3d', d * h * w);
  const { kernel, stride, padding, dilation } = window;
  const [across, inDepth] = [
    {
      kernel: kernel.slice(1),
      stride: stride.slice(1),
      padding: padding.slice(1),
      dilation: dilation.slice(1),
    },
    { kernel: [kernel[0], 1], stride: [stride[0], 1], padding: [padding[0], 0], dilation: [dilation[0], 1] },
  ].map(asWindow2d);
  const planes = pooled('maxPool3d', reshape(images, [n, c * d, h, w]), across, ceilMode);
  const [, , oh, ow] = planes.values.shape;
  const found = pooled('maxPool3d', reshape(planes.values, [n, c, d, oh * ow]), inDepth, ceilMode);
  const od = found.values.shape[2];
  const cubes = (y: Tensor): Tensor => unbatched(reshape(y, [n, c, od, oh, ow]));
  if (!returnIndices) return cubes(found.values);
  // Positions within each plane, and the plane's own.
  const depths = reshape(arange(0, d * h * w, h * w, { dtype: 'int32' }), [d, 1]);
  const all = reshape(add(reshape(planes.indices, [n, c, d, oh * ow]), depths), [n, c, d * oh * ow]);
  const indices = gather(all, 2, reshape(found.indices, [n, c, od * oh * ow]));
  return { values: cubes(found.values), indices: cubes(indices) };
}

/** What a max pooling was called with, checked. */
function readArguments(op: string, dims: number, input: Tensor, rest: readonly unknown[]) {
  const [images, unbatched] = withBatch(op, dims, input);
  const options = readArgs<MaxPoolOptions<unknown>>(op, rest, NAMES);
  return { images, unbatched, ...readMaxPool(op, dims, options) };
}

/** The options of a max pooling, checked. */
export function readMaxPool(
  op: string,
  dims: number,
  options: MaxPoolOptions<unknown>,
): { window: Window; ceilMode: boolean; returnIndices: boolean } {
  const { ceilMode = false, returnIndices = false } = options;
  checkBoolean(op, 'ceilMode', ceilMode);
  checkBoolean(op, 'returnIndices', returnIndices);
  return { window: readPoolWindow(op, dims, options), ceilMode, returnIndices };
}

function checkArea(op: string, area: number): void {
  if (area > 2 ** 31 - 1) shapeError(op, `images of ${area} elements are too large for int32 positions`);
}

/** Maxima of images (N, C, H, W) and their positions. */
function pooled(op: string, images: Tensor, window: Window2d, ceilMode: boolean): ValuesAndIndices {
  const [n, c, h, w] = images.shape;
  const shape = [n, c, ...stopsIn(op, [h, w], window, ceilMode)];
  checkArea(op, h * w);
  const out = emptyInOrder(images, shape);
  const index = emptyInOrder(images, shape, 'int32');
  backend.maxPool2d(images, out, index, window);
  const values = track(op, out, [images], [index], (g) => [
    () => maxPool2dGrad(g, index, images.shape, window),
  ]);
  return { values, indices: index };
}

/** `g`, added up where `index` says: the gradient, whose own gradient picks elements there. */
function maxPool2dGrad(g: Tensor, index: Tensor, shape: Shape, window: Window2d): Tensor {
  const out = emptyInOrder(index, shape, g.dtype);
  backend.maxPool2dGrad(likewise(g, index), index, out, window);
  return track('maxPool2dGrad', out, [g], [index], (h) => [
    () => {
      const [n, c, height, width] = h.shape;
      const flat = reshape(index, [n, c, index.shape[2] * index.shape[3]]);
      return reshape(gather(reshape(h, [n, c, height * width]), 2, flat), index.shape);
    },
  ]);
}
