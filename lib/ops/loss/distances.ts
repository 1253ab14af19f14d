import { describe, shapeError, typeError } from '../../errors.js';
import { formatShape } from '../../shape.js';
import type { Tensor } from '../../tensor.js';
import { readArgs, type Rest } from '../arguments.js';
import { atLeast } from '../bounds.js';
import { sum } from '../broadcast.js';
import { pairwiseDistance } from '../distance.js';
import { add, div, eq, minimum, mul, sqrt, square, sub, where } from '../pointwise.js';
import { meet } from '../primitive.js';
import { readMargin, type MarginOptions } from './margin.js';
import { floatInputs, MEAN, readLoss, reduced, type LossOptions, type Reduction } from './reduction.js';

/**
 * With the cosine of the angle between two vectors: `1 - cos` where target is 1, `max(0, cos - margin)` where it is -1.
 * Shapes: inputs (N, D) and target (N), or inputs (D) and target (). `margin` is 0 by default.
 * Gradients: through the cosine, `-g` in the one case and `g` in the other, where the loss is not cut.
 * @throws ShapeError when shapes do not fit.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.cosine_embedding_loss.html
 */
export function cosineEmbeddingLoss(
  input1: Tensor,
  input2: Tensor,
  target: Tensor,
  ...rest: Rest<[margin: number], MarginOptions>
): Tensor {
  const op = 'cosineEmbeddingLoss';
  const inputs = floatInputs(op, { input1, input2, target });
  const { margin, reduction } = readMargin(op, rest, 0);
  if (input1.ndim !== target.ndim + 1 || input2.ndim !== target.ndim + 1 || target.ndim > 1)
    shapeError(
      op,
      `expected inputs (N, D) and target (N), or (D) and (), got ${formatShape(input1.shape)}, ` +
        `${formatShape(input2.shape)} and ${formatShape(target.shape)}`,
    );
  const [a, b] = meet(op, inputs.input1, inputs.input2);
  const length = (x: Tensor): Tensor => add(sum(square(x), -1), 1e-12);
  const cos = div(sum(mul(a, b), -1), sqrt(mul(length(a), length(b))));
  const alike = where(eq(target, 1), sub(1, cos), 0);
  const apart = where(eq(target, -1), atLeast(sub(cos, margin), 0), 0);
  return reduced(add(alike, apart), reduction);
}

/** What {@link tripletMarginLoss} takes by name. */
export interface TripletMarginLossOptions extends MarginOptions {
  /** The power of the norm of a distance. Default 2. */
  readonly p?: number;
  /** Added to differences, so that no distance is 0. Default 1e-6. */
  readonly eps?: number;
  /** Whether the distance of positive and negative counts where it is less than that of anchor and negative. Default false. */
  readonly swap?: boolean;
}

/** The arguments of {@link tripletMarginLoss}. */
export const readTriplet = (op: string, rest: readonly unknown[]): Required<TripletMarginLossOptions> =>
  readLoss(op, rest, { margin: 1, p: 2, eps: 1e-6, swap: false, reduction: MEAN }, 4);

/**
 * `max(0, d(anchor, positive) - d(anchor, negative) + margin)`, with {@link pairwiseDistance} for d.
 * Shapes: (…, D) each; they broadcast, but have as many dimensions.
 * Gradients: through the distances, where the loss is not cut.
 * @throws ShapeError when shapes do not fit.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.triplet_margin_loss.html
 */
export function tripletMarginLoss(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  ...rest: Rest<[margin: number, p: number, eps: number, swap: boolean], TripletMarginLossOptions>
): Tensor {
  const op = 'tripletMarginLoss';
  const { margin, p, eps, swap, reduction } = readTriplet(op, rest);
  const distance = (a: Tensor, b: Tensor): Tensor => pairwiseDistance(a, b, p, eps);
  return reduced(triplet(op, anchor, positive, negative, distance, margin, swap), reduction);
}

/** A distance of two tensors, one number for each pair of vectors. */
export type DistanceFunction = (a: Tensor, b: Tensor) => Tensor;

/** What {@link tripletMarginWithDistanceLoss} takes by name. */
export interface TripletMarginWithDistanceLossOptions extends LossOptions {
  /** Default {@link pairwiseDistance}. */
  readonly distanceFunction?: DistanceFunction | null;
  /** How much nearer the positive has to be. Default 1. */
  readonly margin?: number;
  /** Whether the distance of positive and negative counts where it is less than that of anchor and negative. Default false. */
  readonly swap?: boolean;
}

/** The arguments of {@link tripletMarginWithDistanceLoss}, checked. */
export function readTripletWithDistance(
  op: string,
  rest: readonly unknown[],
): { distanceFunction: DistanceFunction; margin: number; swap: boolean; reduction: Reduction } {
  const names = ['distanceFunction', 'margin', 'swap', 'reduction'] as const;
  const { distanceFunction, ...others } = readArgs<TripletMarginWithDistanceLossOptions>(op, rest, [], names);
  const distance = distanceFunction ?? ((a, b) => pairwiseDistance(a, b));
  if (typeof distance !== 'function')
    typeError(op, `distanceFunction: expected a function, got ${describe(distance)}`);
  const settings = readLoss(op, [others], { margin: 1, swap: false, reduction: MEAN }, 0);
  return { distanceFunction: distance, ...settings };
}

/**
 * {@link tripletMarginLoss} with any distance: `max(0, d(anchor, positive) - d(anchor, negative) + margin)`.
 * Gradients: through the distance, where the loss is not cut.
 * @throws ShapeError when shapes do not fit.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.triplet_margin_with_distance_loss.html
 */
export function tripletMarginWithDistanceLoss(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  ...rest: Rest<[], TripletMarginWithDistanceLossOptions>
): Tensor {
  const op = 'tripletMarginWithDistanceLoss';
  const { distanceFunction, margin, swap, reduction } = readTripletWithDistance(op, rest);
  return reduced(triplet(op, anchor, positive, negative, distanceFunction, margin, swap), reduction);
}

function triplet(
  op: string,
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  distance: DistanceFunction,
  margin: number,
  swap: boolean,
): Tensor {
  const floats = floatInputs(op, { anchor, positive, negative });
  if (anchor.ndim !== positive.ndim || anchor.ndim !== negative.ndim)
    shapeError(
      op,
      `expected as many dimensions in each, got ${formatShape(anchor.shape)}, ${formatShape(positive.shape)} and ` +
        formatShape(negative.shape),
    );
  const near = distance(floats.anchor, floats.positive);
  const far = distance(floats.anchor, floats.negative);
  const apart = swap ? minimum(far, distance(floats.positive, floats.negative)) : far;
  return atLeast(add(sub(near, apart), margin), 0);
}
