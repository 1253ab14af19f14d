import { backend } from '../../backend/select.js';
import { isFloat } from '../../dtype.js';
import { describe, rangeError, shapeError, typeError } from '../../errors.js';
import { formatShape, sameShape } from '../../shape.js';
import { checkTensor, empty, type Tensor } from '../../tensor.js';
import { checkNumber, readArgs, type Rest } from '../arguments.js';
import { contiguous, expand, reshape, sum } from '../broadcast.js';
import { scatterAdd } from '../indexing.js';
import { add, div, mul, ne, neg, sub, where } from '../pointwise.js';
import { cast, scalar, toFloat, track } from '../primitive.js';
import { permute } from '../shape.js';
import { logSoftmax, softmax } from '../softmax.js';
import { checkClassWeight, notAClass, pickClasses } from './classes.js';
import { checkReduction, type LossOptions, type Reduction } from './reduction.js';

/** What {@link nllLoss} takes by name. */
export interface NllLossOptions extends LossOptions {
  /** How much each class counts, (C). Default 1 each. */
  readonly weight?: Tensor | null;
  /** A target that does not count. Default -100. */
  readonly ignoreIndex?: number;
}

/** What {@link crossEntropy} takes by name. */
export interface CrossEntropyOptions extends NllLossOptions {
  /** How much of each target is spread evenly over all classes, from 0 to 1. Default 0. */
  readonly labelSmoothing?: number;
}

/** @inline */
export interface Settings {
  readonly weight: Tensor | null;
  readonly ignoreIndex: number;
  readonly reduction: Reduction;
  readonly labelSmoothing: number;
}

/** The arguments of {@link crossEntropy}, or, unless `smooth`, of {@link nllLoss}, checked. */
export function readCrossEntropy(op: string, rest: readonly unknown[], smooth = true): Settings {
  const named = ['ignoreIndex', 'reduction'] as const;
  const {
    weight = null,
    ignoreIndex = -100,
    reduction = 'mean',
    labelSmoothing = 0,
  } = readArgs<CrossEntropyOptions>(op, rest, ['weight'], smooth ? [...named, 'labelSmoothing'] : named);
  if (weight !== null) checkTensor(op, weight, 'weight');
  checkReduction(op, reduction);
  if (!Number.isInteger(ignoreIndex) || Math.abs(ignoreIndex) > 2 ** 31 - 1)
    rangeError(op, `ignoreIndex: expected a whole number, got ${describe(ignoreIndex)}`);
  checkNumber(op, 'labelSmoothing', labelSmoothing);
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1))
    rangeError(op, `labelSmoothing: expected a number from 0 to 1, got ${labelSmoothing}`);
  return { weight, ignoreIndex, reduction, labelSmoothing };
}

/** The arguments of {@link nllLoss}, checked. */
export function readNll(op: string, rest: readonly unknown[]): Omit<Settings, 'labelSmoothing'> {
  const { weight, ignoreIndex, reduction } = readCrossEntropy(op, rest, false);
  return { weight, ignoreIndex, reduction };
}

/** Scores as rows, (R, C), and class numbers as (R): what losses of classes are computed from. */
interface Rows {
  readonly rows: Tensor;
  readonly flat: Tensor;
}

/** @throws ShapeError when shapes do not fit; TypeError when targets are no class numbers. */
function asRows(op: string, input: Tensor, target: Tensor): Rows {
  checkTensor(op, input);
  checkTensor(op, target, 'target');
  if (isFloat(target.dtype) || target.dtype === 'bool')
    typeError(op, `target: expected class numbers in an int32 tensor, got ${target.dtype}`);
  const expected = input.ndim <= 1 ? [] : [input.shape[0], ...input.shape.slice(2)];
  if (input.ndim === 0 || !sameShape(target.shape, expected))
    shapeError(
      op,
      `input ${formatShape(input.shape)} needs target ${formatShape(expected)}, got ${formatShape(target.shape)}`,
    );
  const classes = input.shape[input.ndim === 1 ? 0 : 1];
  const last = input.ndim <= 2 ? input : permute(input, [0, ...input.shape.slice(2).map((_, i) => i + 2), 1]);
  const rows = contiguous(reshape(toFloat(last), [target.size, classes]));
  return { rows, flat: contiguous(reshape(cast(target, 'int32'), [target.size])) };
}

/**
 * The negative log-likelihood of targets under `softmax(input)` over the classes. Targets are class numbers, or
 * probabilities of all classes in the shape of the input. `mean` divides by the weights of the targets that count, or, for
 * probabilities, by their number.
 * Shapes: input (N, C), target (N) of class numbers or (N, C) of probabilities; or (C) and () or (C); or (N, C, …) and
 * (N, …) or (N, C, …).
 * Gradients: `g·(softmax(input) - onehot(target))`, in one pass, divided by the count for `mean`; of probabilities
 * `-g·logSoftmax(input)`.
 * @throws RangeError when a target is no class, or `ignoreIndex` comes with probabilities; ShapeError when shapes do not fit.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.cross_entropy.html
 */
export function crossEntropy(
  input: Tensor,
  target: Tensor,
  ...rest: Rest<[weight: Tensor | null], CrossEntropyOptions>
): Tensor {
  checkTensor('crossEntropy', input);
  checkTensor('crossEntropy', target, 'target');
  const settings = readCrossEntropy('crossEntropy', rest);
  const { weight, ignoreIndex, reduction, labelSmoothing } = settings;
  if (isFloat(target.dtype) && input.ndim > 0 && sameShape(input.shape, target.shape))
    return ofProbabilities(input, target, settings);
  const { rows, flat } = asRows('crossEntropy', input, target);
  if (weight !== null || labelSmoothing > 0) {
    const logs = logSoftmax(rows, 1);
    const [losses, counts] = nll('crossEntropy', logs, flat, weight, ignoreIndex);
    return finish(smoothed(losses, logs, flat, settings), () => counts, reduction, target);
  }
  return finish(fusedNll(rows, flat, ignoreIndex), () => ne(flat, ignoreIndex), reduction, target);
}

/** Losses (R) in the shape of the target, added up, or divided by the sum of what they count. */
function finish(losses: Tensor, counts: () => Tensor, reduction: Reduction, target: Tensor): Tensor {
  if (reduction === 'none') return reshape(losses, target.shape);
  if (reduction === 'sum') return sum(losses);
  return div(sum(losses), cast(sum(counts()), losses.dtype));
}

/** Losses with a part `labelSmoothing` of each target spread over all classes. */
function smoothed(losses: Tensor, logs: Tensor, flat: Tensor, settings: Settings): Tensor {
  const { weight, ignoreIndex, labelSmoothing } = settings;
  if (labelSmoothing === 0) return losses;
  const spread = neg(sum(weight === null ? logs : mul(logs, cast(weight, logs.dtype)), 1));
  const counted = where(ne(flat, ignoreIndex), spread, 0);
  return add(mul(losses, 1 - labelSmoothing), mul(counted, labelSmoothing / logs.shape[1]));
}

function ofProbabilities(input: Tensor, target: Tensor, settings: Settings): Tensor {
  const { weight, ignoreIndex, reduction, labelSmoothing } = settings;
  if (ignoreIndex >= 0)
    rangeError(
      'crossEntropy',
      `ignoreIndex ${ignoreIndex} has no meaning for targets that are probabilities`,
    );
  const at = input.ndim === 1 ? 0 : 1;
  const classes = input.shape[at];
  const x = toFloat(input);
  const p = cast(target, x.dtype);
  const even = labelSmoothing === 0 ? p : add(mul(p, 1 - labelSmoothing), labelSmoothing / classes);
  let weighted = mul(logSoftmax(x, at), even);
  if (weight !== null) {
    checkClassWeight('crossEntropy', weight, classes);
    const shape = x.shape.map((size, dim) => (dim === at ? size : 1));
    weighted = mul(weighted, reshape(cast(weight, x.dtype), shape));
  }
  if (reduction === 'none') return neg(sum(weighted, at));
  return reduction === 'sum' ? neg(sum(weighted)) : div(neg(sum(weighted)), x.size / classes);
}

/**
 * The negative of the logarithms of probabilities at the target classes, times the weights of those. `mean` divides by the
 * weights of the targets that count.
 * Shapes: input (N, C), target (N) of class numbers; or (C) and (); or (N, C, …) and (N, …); weight (C).
 * Gradients: `-g·weight` at the targets, 0 elsewhere; weight `-g·input`, and through the division.
 * @throws RangeError when a target is no class; ShapeError when shapes do not fit.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.nll_loss.html
 */
export function nllLoss(
  input: Tensor,
  target: Tensor,
  ...rest: Rest<[weight: Tensor | null], NllLossOptions>
): Tensor {
  const { weight, ignoreIndex, reduction } = readNll('nllLoss', rest);
  const { rows, flat } = asRows('nllLoss', input, target);
  const [losses, counts] = nll('nllLoss', rows, flat, weight, ignoreIndex);
  return finish(losses, () => counts, reduction, target);
}

/** For each row, its loss and what it counts. */
function nll(
  op: string,
  logs: Tensor,
  flat: Tensor,
  weight: Tensor | null,
  ignoreIndex: number,
): [losses: Tensor, counts: Tensor] {
  const counted = ne(flat, ignoreIndex);
  const safe = where(counted, flat, 0);
  const picked = pickClasses(op, logs, safe);
  if (weight === null) return [neg(where(counted, picked, 0)), counted];
  checkClassWeight(op, weight, logs.shape[1]);
  const all = expand(cast(weight, logs.dtype), logs.shape);
  const counts = where(counted, pickClasses(op, all, safe), 0);
  return [neg(mul(where(counted, picked, 0), counts)), counts];
}

function fusedNll(rows: Tensor, target: Tensor, ignoreIndex: number): Tensor {
  const out = empty([rows.shape[0]], rows.dtype);
  const bad = backend.crossEntropy(rows, target, out, ignoreIndex);
  if (bad >= 0) notAClass('crossEntropy', target, bad, rows.shape[1]);
  return track('crossEntropy', out, [rows], [rows, target], (g) => [
    () => fusedNllGrad(rows, target, g, ignoreIndex),
  ]);
}

/** `g·(softmax(rows) - onehot(target))`, in one pass, with gradients of its own. */
function fusedNllGrad(rows: Tensor, target: Tensor, g: Tensor, ignoreIndex: number): Tensor {
  const out = empty(rows.shape, rows.dtype);
  backend.crossEntropyGrad(rows, target, contiguous(g), out, ignoreIndex);
  return track('crossEntropyGrad', out, [rows, g], [rows, target, g], (h) => {
    const counted = reshape(cast(ne(target, ignoreIndex), rows.dtype), [rows.shape[0], 1]);
    const column = mul(reshape(g, [rows.shape[0], 1]), counted);
    return [
      () => {
        const p = softmax(rows, -1);
        const weighted = mul(h, p);
        return mul(column, sub(weighted, mul(p, sum(weighted, -1, true))));
      },
      () => {
        const classes = reshape(mul(target, cast(ne(target, ignoreIndex), 'int32')), [rows.shape[0], 1]);
        const ones = expand(scalar(-1, rows.dtype), classes.shape);
        const difference = mul(scatterAdd(softmax(rows, -1), 1, classes, ones), counted);
        return sum(mul(h, difference), -1);
      },
    ];
  });
}
