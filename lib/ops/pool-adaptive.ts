import { checkBoolean, describe, rangeError, shapeError, typeError } from '../errors.js';
import { formatShape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { readArgs, type Rest, type RestNamed } from './arguments.js';
import { expand, reshape } from './broadcast.js';
import { tensor } from './create.js';
import { arange } from './ranges.js';
import { gather, indexSelect } from './indexing.js';
import { add } from './pointwise.js';
import { maxPool1d, maxPool2d, maxPool3d } from './pool-max.js';
import { withBatch } from './pool-window.js';
import { max, type ValuesAndIndices } from './reduce.js';
import { alongLast, makeRuns } from './runs.js';

/** @inline */
type Size = number | null;
/** One size, or a list of it. */
export type OutputSize1 = number | readonly [Size];
/** One size for both directions, or [vertical, horizontal]; null keeps the input's. */
export type OutputSize2 = Size | readonly [Size, Size];
/** One size for all directions, or [depth, vertical, horizontal]; null keeps the input's. */
export type OutputSize3 = Size | readonly [Size, Size, Size];

/**
 * The one argument of an adaptive average pooling.
 * @inline
 */
export interface AdaptiveAvgPoolOptions<S> {
  readonly outputSize?: S;
}

/** The arguments of an adaptive max pooling. */
export interface AdaptiveMaxPoolOptions<S> extends AdaptiveAvgPoolOptions<S> {
  /** Whether the positions of the maxima are returned, too. Default false. */
  readonly returnIndices?: boolean;
}

type AverageRest<S> = Rest<[outputSize: S], AdaptiveAvgPoolOptions<S>>;
/** @inline */
type WithIndices<S> =
  | [outputSize: S, true]
  | RestNamed<[outputSize: S], AdaptiveMaxPoolOptions<S> & { readonly returnIndices: true }>;
type WithoutIndices<S> = Rest<
  [outputSize: S, returnIndices: false],
  AdaptiveMaxPoolOptions<S> & { readonly returnIndices?: false }
>;

/**
 * Means over windows that are as large as they must be for images of `outputSize`: window i of n covers the elements from
 * ⌊i·size/n⌋ to ⌈(i + 1)·size/n⌉.
 * Shapes: (N, C, H, W) or (C, H, W) → (N, C, OH, OW) or (C, OH, OW).
 * Gradient: each element its share of the windows that saw it.
 * @throws ShapeError for images without elements.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool2d.html
 */
export const adaptiveAvgPool2d = (input: Tensor, ...rest: AverageRest<OutputSize2>): Tensor =>
  average('adaptiveAvgPool2d', 2, input, rest);

/**
 * {@link adaptiveAvgPool2d} along the last dimension. Shapes: (N, C, L) or (C, L) → (N, C, OL) or (C, OL).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool1d.html
 */
export const adaptiveAvgPool1d = (input: Tensor, ...rest: AverageRest<OutputSize1>): Tensor =>
  average('adaptiveAvgPool1d', 1, input, rest);

/**
 * {@link adaptiveAvgPool2d} in three dimensions. Shapes: (N, C, D, H, W) or (C, D, H, W) → (N, C, OD, OH, OW) or
 * (C, OD, OH, OW).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool3d.html
 */
export const adaptiveAvgPool3d = (input: Tensor, ...rest: AverageRest<OutputSize3>): Tensor =>
  average('adaptiveAvgPool3d', 3, input, rest);

/**
 * Maxima over windows that are as large as they must be for images of `outputSize`: those of {@link adaptiveAvgPool2d}.
 * Shapes: (N, C, H, W) or (C, H, W) → (N, C, OH, OW) or (C, OH, OW).
 * Gradient: `g` where the maximum was, the first of several; windows that share it add up.
 * @returns the maxima, and with `returnIndices` their positions `y·W + x` in the image, as int32
 * @throws ShapeError for images without elements.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_max_pool2d.html
 */
export function adaptiveMaxPool2d(input: Tensor, ...rest: WithIndices<OutputSize2>): ValuesAndIndices;
export function adaptiveMaxPool2d(input: Tensor, ...rest: WithoutIndices<OutputSize2>): Tensor;
export function adaptiveMaxPool2d(input: Tensor, ...rest: unknown[]): Tensor | ValuesAndIndices {
  return maximum('adaptiveMaxPool2d', 2, input, rest);
}

/**
 * {@link adaptiveMaxPool2d} along the last dimension. Shapes: (N, C, L) or (C, L) → (N, C, OL) or (C, OL).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_max_pool1d.html
 */
export function adaptiveMaxPool1d(input: Tensor, ...rest: WithIndices<OutputSize1>): ValuesAndIndices;
export function adaptiveMaxPool1d(input: Tensor, ...rest: WithoutIndices<OutputSize1>): Tensor;
export function adaptiveMaxPool1d(input: Tensor, ...rest: unknown[]): Tensor | ValuesAndIndices {
  return maximum('adaptiveMaxPool1d', 1, input, rest);
}

/**
 * {@link adaptiveMaxPool2d} in three dimensions. Shapes: (N, C, D, H, W) or (C, D, H, W) → (N, C, OD, OH, OW) or
 * (C, OD, OH, OW).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_max_pool3d.html
 */
export function adaptiveMaxPool3d(input: Tensor, ...rest: WithIndices<OutputSize3>): ValuesAndIndices;
export function adaptiveMaxPool3d(input: Tensor, ...rest: WithoutIndices<OutputSize3>): Tensor;
export function adaptiveMaxPool3d(input: Tensor, ...rest: unknown[]): Tensor | ValuesAndIndices {
  return maximum('adaptiveMaxPool3d', 3, input, rest);
}

/** The elements that window `i` of `count` covers, from the first to the one after the last. */
const windowAt = (i: number, count: number, size: number): [start: number, end: number] => [
  Math.floor((i * size) / count),
  Math.ceil(((i + 1) * size) / count),
];

function average(op: string, dims: number, input: Tensor, rest: readonly unknown[]): Tensor {
  const [images, unbatched] = withBatch(op, dims, input);
  const { outputSize } = readArgs<AdaptiveAvgPoolOptions<unknown>>(op, rest, ['outputSize']);
  return unbatched(resizedByArea(op, images, readSizes(op, dims, outputSize, images)));
}

/** Images of other sizes, whose elements are means over windows. */
export function resizedByArea(op: string, images: Tensor, counts: readonly number[]): Tensor {
  checkImageSizes(op, images);
  const all = counts.map((count, i) => {
    const size = images.shape[2 + i];
    return makeRuns(size, count, (o) => {
      const [start, end] = windowAt(o, count, size);
      return [start, new Array<number>(end - start).fill(1 / (end - start))];
    });
  });
  return alongLast(images, all);
}

function maximum(
  op: string,
  dims: 1 | 2 | 3,
  input: Tensor,
  rest: readonly unknown[],
): Tensor | ValuesAndIndices {
  const [images, unbatched] = withBatch(op, dims, input);
  const { outputSize, returnIndices = false } = readArgs<AdaptiveMaxPoolOptions<unknown>>(op, rest, [
    'outputSize',
    'returnIndices',
  ]);
  checkBoolean(op, 'returnIndices', returnIndices);
  const counts = readSizes(op, dims, outputSize, images);
  checkImageSizes(op, images);
  const found = maxima(dims, images, counts, returnIndices);
  return returnIndices
    ? { values: unbatched(found.values), indices: unbatched(found.indices) }
    : unbatched(found.values);
}

function maxima(
  dims: 1 | 2 | 3,
  images: Tensor,
  counts: readonly number[],
  returnIndices: boolean,
): ValuesAndIndices {
  const image = images.shape.slice(2);
  if (image.every((size, i) => counts[i] > 0 && size % counts[i] === 0)) {
    // Windows of one size, side by side.
    const pool = [maxPool1d, maxPool2d, maxPool3d][dims - 1] as (
      x: Tensor,
      options: object,
    ) => ValuesAndIndices;
    return pool(images, { kernelSize: image.map((size, i) => size / counts[i]), returnIndices: true });
  }
  let values = images;
  const area = image.reduce((a, b) => a * b, 1);
  let indices = expand(reshape(arange(0, area, 1, { dtype: 'int32' }), image), images.shape);
  for (let i = dims - 1; i >= 0; i--) {
    const along = maximaAlong(values, 2 + i, counts[i]);
    values = along.values;
    if (returnIndices) indices = gather(indices, 2 + i, along.indices);
  }
  return { values, indices };
}

/** Maxima over the windows along one dimension, and their positions along it. */
function maximaAlong(x: Tensor, dim: number, count: number): ValuesAndIndices {
  const size = x.shape[dim];
  const windows = Array.from({ length: count }, (_, o) => windowAt(o, count, size));
  // All as long as the longest: their last element once more is no other maximum.
  const longest = Math.max(0, ...windows.map(([start, end]) => end - start));
  const seen = windows.flatMap(([start, end]) =>
    Array.from({ length: longest }, (_, k) => Math.min(start + k, end - 1)),
  );
  const picked = indexSelect(x, dim, tensor(seen, { dtype: 'int32' }));
  const shape = [...x.shape.slice(0, dim), count, longest, ...x.shape.slice(dim + 1)];
  const { values, indices } = max(reshape(picked, shape), dim + 1);
  const starts = tensor(
    windows.map(([start]) => start),
    { dtype: 'int32' },
  );
  const ones = x.shape.slice(dim + 1).map(() => 1);
  return { values, indices: add(indices, reshape(starts, [count, ...ones])) };
}

function checkImageSizes(op: string, images: Tensor): void {
  if (images.shape.slice(2).some((size) => size === 0))
    shapeError(op, `expected images with elements, got ${formatShape(images.shape)}`);
}

/** The sizes of the result's images. */
const readSizes = (op: string, dims: number, value: unknown, images: Tensor): number[] =>
  checkOutputSize(op, dims, value).map((size, i) => size ?? images.shape[2 + i]);

/** Sizes for each of `dims` directions, null where the input's is kept. */
export function checkOutputSize(op: string, dims: number, value: unknown): Size[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  if (value === undefined || (list.length !== 1 && list.length !== dims))
    typeError(op, `outputSize: expected a size or ${dims} of them, got ${describe(value)}`);
  const all = list.length === dims ? list : new Array<unknown>(dims).fill(list[0]);
  for (const size of all) {
    if (size === null && dims > 1) continue;
    if (typeof size !== 'number')
      typeError(op, `outputSize: expected whole numbers${dims > 1 ? ' or null' : ''}, got ${describe(size)}`);
    if (!Number.isInteger(size) || size < 0)
      rangeError(op, `outputSize: expected whole numbers from 0, got ${describe(size)}`);
  }
  return all as Size[];
}
