import { broadcastShapes, normalizeDim } from '../shape.js';
import { checkTensor, type Tensor } from '../tensor.js';
import { readSettings, type Rest, type Settings } from './arguments.js';
import { raised } from './bounds.js';
import { expand, sum } from './broadcast.js';
import { add, div, mul, sub } from './pointwise.js';
import { meet, toFloat } from './primitive.js';
import { vectorNorm } from './vector-norm.js';

/** What {@link cosineSimilarity} takes by name. */
export interface CosineSimilarityOptions {
  /** The dimension along which vectors lie. Default 1. */
  readonly dim?: number;
  /** The least length a vector is divided by. Default 1e-8. */
  readonly eps?: number;
}

/** The arguments of {@link cosineSimilarity}. */
export const readCosine = (op: string, rest: readonly unknown[]): Required<CosineSimilarityOptions> =>
  readSettings(op, rest, { dim: 1, eps: 1e-8 });

/**
 * `Σ x1·x2 / (max(‖x1‖, eps)·max(‖x2‖, eps))` along `dim`: the cosine of the angle between vectors. The shapes broadcast,
 * and `dim` counts in what they broadcast to.
 * Gradient of x1: `g·(x2/‖x2‖ - x1/‖x1‖·cos)/‖x1‖`, and so of x2.
 * @throws ShapeError when shapes do not broadcast; RangeError when there is no such dimension.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.cosine_similarity.html
 */
export function cosineSimilarity(
  x1: Tensor,
  x2: Tensor,
  ...rest: Rest<[dim: number, eps: number], CosineSimilarityOptions>
): Tensor {
  const op = 'cosineSimilarity';
  const [a, b] = floatOperands(op, x1, x2);
  const { dim, eps } = readCosine(op, rest);
  const shape = broadcastShapes(op, a.shape, b.shape);
  const at = normalizeDim(op, dim, shape.length);
  // Each is divided by its own length first, so that the cosine stays between -1 and 1.
  const units = [a, b].map((values) => {
    const x = expand(values, shape);
    return div(x, raised(vectorNorm(x, 2, shape.length === 0 ? [] : [at], true), eps));
  });
  return sum(mul(units[0], units[1]), shape.length === 0 ? null : at);
}

/** What {@link pairwiseDistance} takes by name. */
export interface PairwiseDistanceOptions {
  /** The power of the norm; ±∞ and 0 too. Default 2. */
  readonly p?: number;
  /** Added to the differences, so that no vector is 0. Default 1e-6. */
  readonly eps?: number;
  /** Whether the last dimension stays, with size 1. Default false. */
  readonly keepdim?: boolean;
}

/** The arguments of {@link pairwiseDistance}. */
export const readPairwise = (op: string, rest: readonly unknown[]): Settings<typeof PAIRWISE> =>
  readSettings(op, rest, PAIRWISE);
const PAIRWISE = { p: 2, eps: 1e-6, keepdim: false };

/**
 * The p-norm of `x1 - x2 + eps` over the last dimension. The shapes broadcast: (…, D) and (…, D) → (…).
 * Gradient of x1: `g·sign(d)·(|d|/norm)ᵖ⁻¹` with d the difference; of x2 its negative.
 * @throws ShapeError when shapes do not broadcast.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.pairwise_distance.html
 */
export function pairwiseDistance(
  x1: Tensor,
  x2: Tensor,
  ...rest: Rest<[p: number, eps: number, keepdim: boolean], PairwiseDistanceOptions>
): Tensor {
  const op = 'pairwiseDistance';
  const [a, b] = floatOperands(op, x1, x2);
  const { p, eps, keepdim } = readPairwise(op, rest);
  const shape = broadcastShapes(op, a.shape, b.shape);
  const last = shape.length === 0 ? [] : [shape.length - 1];
  return vectorNorm(add(sub(a, b), eps), p, last, keepdim);
}

function floatOperands(op: string, x1: Tensor, x2: Tensor): [Tensor, Tensor] {
  checkTensor(op, x1, 'x1');
  checkTensor(op, x2, 'x2');
  return meet(op, toFloat(x1), toFloat(x2));
}
