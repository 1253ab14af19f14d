import { isFloat } from '../../dtype.js';
import { rangeError, shapeError, typeError } from '../../errors.js';
import { formatShape, sameShape } from '../../shape.js';
import { checkTensor, type Tensor } from '../../tensor.js';
import type { Rest } from '../arguments.js';
import { atLeast } from '../bounds.js';
import { expand, reshape, sum } from '../broadcast.js';
import { zerosLike } from '../create.js';
import { arange } from '../ranges.js';
import { scatterAdd } from '../indexing.js';
import { matmul } from '../matmul.js';
import { add, eq, ge, gt, lt, mul, ne, neg, softplusOf, square, sub, where } from '../pointwise.js';
import { cast, toFloat } from '../primitive.js';
import { mean } from '../reduce.js';
import { unsqueeze } from '../shape.js';
import { checkClassWeight, pickClasses } from './classes.js';
import {
  floatInputs,
  floatPair,
  MEAN,
  readLoss,
  readReduction,
  reduced,
  type LossOptions,
} from './reduction.js';

/** What losses with a margin take by name. */
export interface MarginOptions extends LossOptions {
  /** How far apart things have to be. */
  readonly margin?: number;
}

/** The arguments of a loss with a margin. */
export const readMargin = (op: string, rest: readonly unknown[], margin: number): Required<MarginOptions> =>
  readLoss(op, rest, { margin, reduction: MEAN }, 1);

/**
 * `input` where `target` is 1 and `max(0, margin - input)` where it is -1: for distances of things that are alike or not.
 * The shapes broadcast. `margin` is 1 by default.
 * Gradient: `g` where target is 1; `-g` where it is -1 and `input ≤ margin`. None for targets.
 * @throws ShapeError when shapes do not broadcast.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.hinge_embedding_loss.html
 */
export function hingeEmbeddingLoss(
  input: Tensor,
  target: Tensor,
  ...rest: Rest<[margin: number], MarginOptions>
): Tensor {
  const { input: x, target: t } = floatInputs('hingeEmbeddingLoss', { input, target });
  const { margin, reduction } = readMargin('hingeEmbeddingLoss', rest, 1);
  const apart = where(ne(t, 1), atLeast(sub(margin, x), 0), 0);
  const alike = where(ne(t, -1), x, 0);
  return reduced(add(apart, alike), reduction);
}

/**
 * `max(0, margin - target·(input1 - input2))`: target 1 says that input1 should be the larger, -1 the smaller. The shapes
 * broadcast. `margin` is 0 by default.
 * Gradients: where the loss is not cut, `-g·target` for input1, `g·target` for input2, `-g·(input1 - input2)` for target.
 * @throws ShapeError when shapes do not broadcast.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.margin_ranking_loss.html
 */
export function marginRankingLoss(
  input1: Tensor,
  input2: Tensor,
  target: Tensor,
  ...rest: Rest<[margin: number], MarginOptions>
): Tensor {
  const { input1: a, input2: b, target: t } = floatInputs('marginRankingLoss', { input1, input2, target });
  const { margin, reduction } = readMargin('marginRankingLoss', rest, 0);
  return reduced(atLeast(sub(margin, mul(t, sub(a, b))), 0), reduction);
}

/**
 * `log(1 + exp(-target·input))`, for targets of 1 and -1, in the shape of the input, without overflow.
 * Gradients: `-g·target·sigmoid(-target·input)`; for target the same with input in its place.
 * @throws ShapeError when shapes differ.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.soft_margin_loss.html
 */
export function softMarginLoss(input: Tensor, target: Tensor, ...rest: Rest<[], LossOptions>): Tensor {
  const [x, t] = floatPair('softMarginLoss', input, target);
  const { reduction } = readReduction('softMarginLoss', rest);
  return reduced(softplusOf(neg(mul(t, x))), reduction);
}

/** What {@link multilabelSoftMarginLoss} takes by name. */
export interface MultilabelSoftMarginLossOptions extends LossOptions {
  /** How much each class counts; broadcasts to the input. Default 1. */
  readonly weight?: Tensor | null;
}

/** The arguments of {@link multilabelSoftMarginLoss}. */
export const readMultilabelSoft = (
  op: string,
  rest: readonly unknown[],
): Required<MultilabelSoftMarginLossOptions> =>
  readLoss(op, rest, { weight: null as Tensor | null, reduction: MEAN }, 1);

/**
 * The mean over the classes of `-(target·log sigmoid(input) + (1 - target)·log sigmoid(-input))`, for targets of 0 and 1.
 * Shapes: input and target (…, C); the loss of a row is one number.
 * Gradients: input `g·(sigmoid(input) - target)/C`; target `-g·input/C`; each times the weight.
 * @throws ShapeError when shapes differ.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.multilabel_soft_margin_loss.html
 */
export function multilabelSoftMarginLoss(
  input: Tensor,
  target: Tensor,
  ...rest: Rest<[weight: Tensor | null], MultilabelSoftMarginLossOptions>
): Tensor {
  const op = 'multilabelSoftMarginLoss';
  const [x, t] = floatPair(op, input, target);
  const { weight, reduction } = readMultilabelSoft(op, rest);
  if (x.ndim === 0) shapeError(op, 'input: expected (…, C), got ()');
  const losses = add(mul(t, softplusOf(neg(x))), mul(sub(1, t), softplusOf(x)));
  return reduced(mean(weight === null ? losses : mul(losses, cast(weight, losses.dtype)), -1), reduction);
}

/** What {@link multiMarginLoss} takes by name. */
export interface MultiMarginLossOptions extends MarginOptions {
  /** The power of each difference: 1 or 2. Default 1. */
  readonly p?: number;
  /** How much each class counts as a target, (C). Default 1. */
  readonly weight?: Tensor | null;
}

/** The arguments of {@link multiMarginLoss}, checked. */
export function readMultiMargin(op: string, rest: readonly unknown[]): Required<MultiMarginLossOptions> {
  const defaults = { p: 1, margin: 1, weight: null as Tensor | null, reduction: MEAN };
  const settings = readLoss(op, rest, defaults, 3);
  if (settings.p !== 1 && settings.p !== 2) rangeError(op, `p: expected 1 or 2, got ${settings.p}`);
  return settings;
}

/**
 * The mean over the classes of `max(0, margin - input[target] + input[i])ᵖ · weight[target]`, but for the target itself,
 * which adds nothing.
 * Shapes: input (N, C), target (N) of class numbers; or (C) and (); the loss of a row is one number.
 * Gradient: for p = 1 `g·weight/C` where a class comes too near, and minus their sum for the target.
 * @throws RangeError when a target is no class or p is neither 1 nor 2; ShapeError when shapes do not fit.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.multi_margin_loss.html
 */
export function multiMarginLoss(
  input: Tensor,
  target: Tensor,
  ...rest: Rest<[p: number, margin: number, weight: Tensor | null], MultiMarginLossOptions>
): Tensor {
  const op = 'multiMarginLoss';
  const { rows, classes } = rowsAndClasses(op, input, target);
  const { p, margin, weight, reduction } = readMultiMargin(op, rest);
  const [count, width] = rows.shape;
  const labels = input.ndim < 2 ? reshape(classes, [1]) : classes;
  if (!sameShape(labels.shape, [count]))
    shapeError(
      op,
      `input ${formatShape(input.shape)} needs target (${count},), got ${formatShape(target.shape)}`,
    );
  const own = unsqueeze(labels, 1);
  const near = add(sub(rows, unsqueeze(pickClasses(op, rows, labels), 1)), margin);
  const counted = where(eq(arange(width), own), 0, near);
  const above = where(gt(counted, 0), counted, 0);
  let losses = p === 2 ? square(above) : above;
  if (weight !== null) {
    checkClassWeight(op, weight, width);
    const all = expand(cast(weight, rows.dtype), [count, width]);
    losses = mul(losses, unsqueeze(pickClasses(op, all, labels), 1));
  }
  return reduced(rowMeans(losses, input), reduction);
}

/**
 * The mean over the classes of `Σ max(0, 1 - (input[t] - input[i]))` over the targets t and the classes i that are none.
 * Targets are class numbers, closed by the first negative one.
 * Shapes: input and target (N, C) or (C); the loss of a row is one number.
 * Gradient: `g/C` for a class that comes too near, once for each target, and `-g/C` for the target.
 * @throws RangeError when a target is no class; ShapeError when shapes differ.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.multilabel_margin_loss.html
 */
export function multilabelMarginLoss(input: Tensor, target: Tensor, ...rest: Rest<[], LossOptions>): Tensor {
  const op = 'multilabelMarginLoss';
  const { rows, classes } = rowsAndClasses(op, input, target);
  const { reduction } = readReduction(op, rest);
  if (!sameShape(input.shape, target.shape))
    shapeError(op, `input ${formatShape(input.shape)} and target ${formatShape(target.shape)} differ`);
  const labels = reshape(classes, rows.shape);
  const width = rows.shape[1];
  // Targets count as long as no negative one has come.
  const upTo = cast(ge(arange(width), unsqueeze(arange(width), 1)), 'float32');
  const counts = eq(matmul(cast(lt(labels, 0), 'float32'), upTo), 0);
  const safe = where(counts, labels, 0);
  const targets = unsqueeze(pickClasses(op, rows, safe), 2); // (N, C, 1)
  const hits = scatterAdd(zerosLike(rows), 1, safe, cast(counts, rows.dtype));
  const near = sub(1, sub(targets, unsqueeze(rows, 1)));
  const meant = mul(unsqueeze(counts, 2), unsqueeze(eq(hits, 0), 1));
  const losses = where(mul(meant, gt(near, 0)), near, 0);
  return reduced(rowMeans(sum(losses, 1), input), reduction);
}

/** Scores as rows, and class numbers as int32. */
function rowsAndClasses(op: string, input: Tensor, target: Tensor): { rows: Tensor; classes: Tensor } {
  checkTensor(op, input);
  checkTensor(op, target, 'target');
  if (isFloat(target.dtype) || target.dtype === 'bool')
    typeError(op, `target: expected class numbers in an int32 tensor, got ${target.dtype}`);
  if (input.ndim > 2) shapeError(op, `input: expected (N, C) or (C), got ${formatShape(input.shape)}`);
  const x = toFloat(input);
  return { rows: input.ndim === 2 ? x : reshape(x, [1, x.size]), classes: cast(target, 'int32') };
}

/** The mean of each row: a number when the input was one row. */
function rowMeans(rows: Tensor, input: Tensor): Tensor {
  const means = mean(rows, 1);
  return input.ndim < 2 ? reshape(means, []) : means;
}
