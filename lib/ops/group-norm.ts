import { checkBoolean, rangeError, shapeError, typeError } from '../errors.js';
import { noGrad } from '../grad-mode.js';
import { formatShape, sizeOf } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { checkInteger, readArgs, type Rest } from './arguments.js';
import { expand, reshape } from './broadcast.js';
import { copy_ } from './inplace.js';
import {
  batchNorm,
  checkAffine,
  checkFinite,
  checkFloat,
  normalizeRows,
  scaled,
  type BatchNormOptions,
  type LayerNormOptions,
} from './normalization.js';
import { mean } from './reduce.js';

/**
 * `(x - mean) / √(variance + eps) · weight + bias`, with mean and variance over groups of channels, image by image.
 * Shapes: x (N, C, …), weight and bias (C) → that of x.
 * Gradients: as {@link layerNorm} of the rows that the groups are.
 * @throws RangeError when `numGroups` does not divide the channels; ShapeError when shapes do not fit, or a group has one
 *   element; TypeError when dtypes differ.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.group_norm.html
 */
export function groupNorm(
  x: Tensor,
  numGroups: number,
  ...rest: Rest<[weight: Tensor | null, bias: Tensor | null, eps: number], LayerNormOptions>
): Tensor {
  const op = 'groupNorm';
  checkFloat(op, x);
  checkInteger(op, 'numGroups', numGroups, 1);
  const args = readArgs<LayerNormOptions>(op, rest, ['weight', 'bias', 'eps']);
  const { weight = null, bias = null, eps = 1e-5 } = args;
  checkFinite(op, 'eps', eps);
  if (x.ndim < 2) shapeError(op, `expected (N, C, …), got ${formatShape(x.shape)}`);
  const [count, channels] = x.shape;
  if (channels % numGroups !== 0)
    rangeError(op, `numGroups ${numGroups} does not divide the ${channels} channels`);
  for (const [name, value] of Object.entries({ weight, bias }))
    if (value !== null) checkAffine(op, name, value, [channels], x);
  const length = (channels / numGroups) * sizeOf(x.shape.slice(2));
  if (count * length === 1 && x.size > 0)
    shapeError(
      op,
      `expected more than one value a group, got ${formatShape(x.shape)} in ${numGroups} groups`,
    );
  const rows = reshape(x, [count * numGroups, length]);
  return scaled(reshape(normalizeRows(rows, null, null, eps), x.shape), weight, bias);
}

/** What {@link instanceNorm} takes by name. */
export interface InstanceNormOptions extends Omit<BatchNormOptions, 'training'> {
  /** What the running mean of each channel is, (C); moves to the mean over the images. Default none. */
  readonly runningMean?: Tensor | null;
  /** The same for the variance. Default none. */
  readonly runningVar?: Tensor | null;
  /** Whether by the statistics of each image, which then move the running ones; else by the running ones. Default true. */
  readonly useInputStats?: boolean;
}

/**
 * `(x - mean) / √(variance + eps) · weight + bias` for every channel of every image, with its own mean and variance, or
 * the running ones. The running statistics (if given) move in place:
 * `running = (1 - momentum)·running + momentum·mean over the images`.
 * Shapes: x (N, C, L, …), all others (C) → that of x.
 * Gradients: as {@link batchNorm} of a batch of one image with N·C channels.
 * @throws ShapeError when shapes do not fit, or there is one value a channel; TypeError when dtypes differ, or there are no
 *   running statistics without `useInputStats`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.instance_norm.html
 */
export function instanceNorm(
  x: Tensor,
  ...rest: Rest<
    [
      runningMean: Tensor | null,
      runningVar: Tensor | null,
      weight: Tensor | null,
      bias: Tensor | null,
      useInputStats: boolean,
      momentum: number,
      eps: number,
    ],
    InstanceNormOptions
  >
): Tensor {
  const op = 'instanceNorm';
  checkFloat(op, x);
  const names = ['runningMean', 'runningVar', 'weight', 'bias', 'useInputStats', 'momentum', 'eps'] as const;
  const args = readArgs<InstanceNormOptions>(op, rest, names);
  const { runningMean = null, runningVar = null, weight = null, bias = null } = args;
  const { useInputStats = true, momentum = 0.1, eps = 1e-5 } = args;
  checkBoolean(op, 'useInputStats', useInputStats);
  checkFinite(op, 'momentum', momentum);
  checkFinite(op, 'eps', eps);
  if (x.ndim < 3) shapeError(op, `expected (N, C, L, …), got ${formatShape(x.shape)}`);
  const [count, channels, ...sizes] = x.shape;
  for (const [name, value] of Object.entries({ runningMean, runningVar, weight, bias }))
    if (value !== null) checkAffine(op, name, value, [channels], x);
  if (!useInputStats && (runningMean === null || runningVar === null))
    typeError(op, 'without useInputStats, running statistics are needed');
  if (useInputStats && sizeOf(sizes) === 1)
    shapeError(op, `expected more than one value a channel, got ${formatShape(x.shape)}`);
  if (x.size === 0) return scaled(x, weight, bias);
  if (!useInputStats) return batchNorm(x, runningMean, runningVar, weight, bias, false, momentum, eps);

  const images = reshape(x, [1, count * channels, ...sizes]);
  const [center, variance, w, b] = [runningMean, runningVar, weight, bias].map(
    (values) => values && reshape(expand(values, [count, channels]), [count * channels]),
  );
  const y = reshape(batchNorm(images, center, variance, w, b, true, momentum, eps), x.shape);
  noGrad(() => {
    if (runningMean && center) copy_(runningMean, mean(reshape(center, [count, channels]), 0));
    if (runningVar && variance) copy_(runningVar, mean(reshape(variance, [count, channels]), 0));
  });
  return y;
}
