import { checkBoolean, describe, rangeError, shapeError } from '../errors.js';
import { formatShape } from '../shape.js';
import { checkTensor, empty, type Tensor } from '../tensor.js';
import { SELU } from './activation.js';
import { readArgs, type Rest } from './arguments.js';
import { randomFill } from './create.js';
import { add, ge, mul, where } from './pointwise.js';
import { cast, toFloat } from './primitive.js';

/** What {@link dropout} and its like take by name. */
export interface DropoutOptions {
  /** With which probability an element, or a channel, is dropped. Default 0.5. */
  readonly p?: number;
  /** Whether anything is. Default true; false for `alphaDropout` and `featureAlphaDropout`. */
  readonly training?: boolean;
}
type DropoutRest = Rest<[p: number, training: boolean], DropoutOptions>;

/** The input as floats, and the arguments, checked. */
function read(
  op: string,
  input: Tensor,
  rest: readonly unknown[],
  isTraining: boolean,
): { x: Tensor; p: number; drops: boolean } {
  checkTensor(op, input);
  const { p = 0.5, training = isTraining } = readArgs<DropoutOptions>(op, rest, ['p', 'training']);
  checkProbability(op, p);
  checkBoolean(op, 'training', training);
  return { x: toFloat(input), p, drops: training && p > 0 };
}

/** 0 with probability `p`, else 1, in the dtype of `x`. */
const keep = (x: Tensor, shape: readonly number[], p: number): Tensor =>
  cast(ge(randomFill('uniform', empty(shape, x.dtype), 0, 1), p), x.dtype);

/** `x` times 0 or `1 / (1 - p)`, drawn once for each element of `shape`, which broadcasts to that of `x`. */
function drop(x: Tensor, shape: readonly number[], p: number): Tensor {
  const kept = keep(x, shape, p);
  return mul(x, p === 1 ? kept : mul(kept, 1 / (1 - p)));
}

/**
 * In `training`, sets each element to 0 with probability `p` (default 0.5), by the library's generator, and multiplies the
 * others by `1 / (1 - p)`, so that sums stay what they are on average. Otherwise `x` itself.
 * Gradient: `g`, where it was not set to 0, by `1 / (1 - p)`.
 * @throws RangeError when `p` is not from 0 to 1.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.dropout.html
 */
export function dropout(input: Tensor, ...rest: DropoutRest): Tensor {
  const { x, p, drops } = read('dropout', input, rest, true);
  return drops ? drop(x, x.shape, p) : x;
}

/** Dropout of whole channels, which may follow a batch. */
function dropChannels(
  op: string,
  input: Tensor,
  rest: DropoutRest,
  ndims: readonly [number, number],
): Tensor {
  const { x, p, drops } = read(op, input, rest, true);
  if (!ndims.includes(x.ndim))
    shapeError(op, `expected ${ndims[0]} or ${ndims[1]} dimensions, got ${formatShape(x.shape)}`);
  // dropout2d takes three dimensions for a batch of sequences, as PyTorch's does; the others take fewer for no batch.
  const batched = op === 'dropout2d' || x.ndim === ndims[1];
  return drops ? drop(x, channelsOf(x, batched), p) : x;
}

/** The shape of `x` with 1 in place of all sizes after that of the channels. */
const channelsOf = (x: Tensor, batched = true): number[] =>
  x.shape.map((size, dim) => (dim < (batched ? 2 : 1) ? size : 1));

/**
 * {@link dropout} of whole channels. Shapes: (N, C, L) or (C, L) → the same.
 * @throws ShapeError for other dimensions; RangeError when `p` is not from 0 to 1.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.dropout1d.html
 */
export const dropout1d = (input: Tensor, ...rest: DropoutRest): Tensor =>
  dropChannels('dropout1d', input, rest, [2, 3]);

/**
 * {@link dropout} of whole channels. Shapes: (N, C, H, W), or (N, C, L) as PyTorch has it → the same.
 * @throws ShapeError for other dimensions; RangeError when `p` is not from 0 to 1.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.dropout2d.html
 */
export const dropout2d = (input: Tensor, ...rest: DropoutRest): Tensor =>
  dropChannels('dropout2d', input, rest, [3, 4]);

/**
 * {@link dropout} of whole channels. Shapes: (N, C, D, H, W) or (C, D, H, W) → the same.
 * @throws ShapeError for other dimensions; RangeError when `p` is not from 0 to 1.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.dropout3d.html
 */
export const dropout3d = (input: Tensor, ...rest: DropoutRest): Tensor =>
  dropChannels('dropout3d', input, rest, [4, 5]);

/** What selu tends to below 0. */
const LEAST = -SELU.scale * SELU.alpha;

/** Sets to the least of selu what is dropped, then scales and moves all so that mean 0 and variance 1 stay. */
function dropToLeast(x: Tensor, shape: readonly number[], p: number): Tensor {
  if (p === 1) return mul(x, 0);
  const kept = keep(x, shape, p);
  const scale = 1 / Math.sqrt((1 - p) * (1 + p * LEAST ** 2));
  const moved = where(cast(kept, 'bool'), -scale * LEAST * p, scale * LEAST * (1 - p));
  return add(mul(x, mul(kept, scale)), cast(moved, x.dtype));
}

/**
 * Dropout that goes with selu: in `training` (default false) elements are set to the least of selu with probability `p`,
 * and all are scaled and moved so that mean 0 and variance 1 stay what they are.
 * Gradient: `g·scale` where nothing was dropped, else 0.
 * @throws RangeError when `p` is not from 0 to 1.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.alpha_dropout.html
 */
export function alphaDropout(input: Tensor, ...rest: DropoutRest): Tensor {
  const { x, p, drops } = read('alphaDropout', input, rest, false);
  return drops ? dropToLeast(x, x.shape, p) : x;
}

/**
 * {@link alphaDropout} of whole channels. Shapes: (N, C, …) → the same.
 * @throws ShapeError when there are fewer than two dimensions; RangeError when `p` is not from 0 to 1.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.feature_alpha_dropout.html
 */
export function featureAlphaDropout(input: Tensor, ...rest: DropoutRest): Tensor {
  const { x, p, drops } = read('featureAlphaDropout', input, rest, false);
  if (x.ndim < 2) shapeError('featureAlphaDropout', `expected (N, C, …), got ${formatShape(x.shape)}`);
  return drops ? dropToLeast(x, channelsOf(x), p) : x;
}

export function checkProbability(op: string, p: unknown): void {
  if (typeof p !== 'number' || !(p >= 0 && p <= 1))
    rangeError(op, `p: expected a number from 0 to 1, got ${describe(p)}`);
}
