import { shapeError } from '../../errors.js';
import { noGrad } from '../../grad-mode.js';
import { commonShape, formatShape, sameShape } from '../../shape.js';
import type { Tensor } from '../../tensor.js';
import type { Rest } from '../arguments.js';
import { atLeast } from '../bounds.js';
import { log1p } from '../elementary.js';
import { add, div, eq, exp, log, mul, neg, sub, where } from '../pointwise.js';
import { softplusOf } from '../pointwise.js';
import { cast, track } from '../primitive.js';
import { sum } from '../broadcast.js';
import {
  floatInputs,
  floatPair,
  MEAN,
  readLoss,
  reduced,
  type LossOptions,
  type Reduction,
} from './reduction.js';
import { describe, rangeError } from '../../errors.js';
import { readSettings, type Settings } from '../arguments.js';

/** What {@link binaryCrossEntropy} takes by name. */
export interface BinaryCrossEntropyOptions extends LossOptions {
  /** How much each element counts; broadcasts to the input. Default 1. */
  readonly weight?: Tensor | null;
}

/** What {@link binaryCrossEntropyWithLogits} takes by name. */
export interface BinaryCrossEntropyWithLogitsOptions extends BinaryCrossEntropyOptions {
  /** How much positive targets count; broadcasts to the input, often one number a class. Default 1. */
  readonly posWeight?: Tensor | null;
}

const NONE = null as Tensor | null;

/** The arguments of {@link binaryCrossEntropy}, checked. */
export const readBinary = (op: string, rest: readonly unknown[]): Required<BinaryCrossEntropyOptions> =>
  readLoss(op, rest, { weight: NONE, reduction: MEAN }, 1);

/** The arguments of {@link binaryCrossEntropyWithLogits}, checked. */
export const readBinaryLogits = (
  op: string,
  rest: readonly unknown[],
): Required<BinaryCrossEntropyWithLogitsOptions> =>
  readLoss(op, rest, { weight: NONE, reduction: MEAN, posWeight: NONE }, 1);

/** `losses` times a weight that broadcasts to them. */
function weighted(op: string, losses: Tensor, weight: Tensor | null): Tensor {
  return weight === null ? losses : mul(losses, broadcastable(op, 'weight', weight, losses));
}

/** A weight in the dtype of `x`. @throws ShapeError unless it broadcasts to the shape of `x`. */
function broadcastable(op: string, name: string, weight: Tensor, x: Tensor): Tensor {
  const common = commonShape(weight.shape, x.shape);
  if (common === null || !sameShape(common, x.shape))
    shapeError(op, `${name}: ${formatShape(weight.shape)} does not broadcast to ${formatShape(x.shape)}`);
  return cast(weight, x.dtype);
}

/**
 * `-(target·log input + (1 - target)·log(1 - input))`, where logarithms are at least -100. Probabilities and targets, from
 * 0 to 1, have one shape.
 * Gradients: input `g·(input - target) / max(input·(1 - input), 1e-12)`; target `g·(log(1 - input) - log input)`.
 * @throws ShapeError when shapes do not fit.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.binary_cross_entropy.html
 */
export function binaryCrossEntropy(
  input: Tensor,
  target: Tensor,
  ...rest: Rest<[weight: Tensor | null], BinaryCrossEntropyOptions>
): Tensor {
  const op = 'binaryCrossEntropy';
  const [first, second] = floatPair(op, input, target);
  const { weight, reduction } = readBinary(op, rest);
  const p = first;
  const t = cast(second, p.dtype);
  const [yes, no] = [(): Tensor => atLeast(log(p), -100), (): Tensor => atLeast(log1p(neg(p)), -100)];
  const losses = noGrad(() => neg(add(mul(t, yes()), mul(sub(1, t), no()))));
  const slope = (): Tensor => div(sub(p, t), atLeast(mul(p, sub(1, p)), 1e-12));
  const tracked = track(op, losses, [p, t], [p, t], (g) => [
    () => mul(g, slope()),
    () => mul(g, sub(no(), yes())),
  ]);
  return reduced(weighted(op, tracked, weight), reduction);
}

/**
 * {@link binaryCrossEntropy} of `sigmoid(input)`, in a form that never overflows:
 * `(1 - target)·input + (1 + (posWeight - 1)·target)·log(1 + exp(-input))`.
 * Gradients: input `g·((1 - target)·sigmoid(input) - posWeight·target·sigmoid(-input))`, that is `g·(sigmoid(input) - target)`
 * without `posWeight`; target `-g·input`, and with `posWeight` `g·((posWeight - 1)·log(1 + exp(-input)) - input)`.
 * @throws ShapeError when shapes do not fit.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.binary_cross_entropy_with_logits.html
 */
export function binaryCrossEntropyWithLogits(
  input: Tensor,
  target: Tensor,
  ...rest: Rest<[weight: Tensor | null], BinaryCrossEntropyWithLogitsOptions>
): Tensor {
  const op = 'binaryCrossEntropyWithLogits';
  const [x, t] = floatPair(op, input, target);
  const { weight, posWeight, reduction } = readBinaryLogits(op, rest);
  const unlikely = softplusOf(neg(x));
  const counted =
    posWeight === null
      ? unlikely
      : mul(unlikely, add(mul(sub(broadcastable(op, 'posWeight', posWeight, x), 1), t), 1));
  const losses = add(mul(sub(1, t), x), counted);
  return reduced(weighted(op, losses, weight), reduction);
}

/** What {@link klDiv} takes by name. */
export interface KlDivOptions {
  /** `batchmean` is the sum divided by the first size, as mathematics has it; `mean` divides by all. Default `mean`. */
  readonly reduction?: Reduction | 'batchmean';
  /** Whether targets are logarithms of probabilities. Default false. */
  readonly logTarget?: boolean;
}

/** The arguments of {@link klDiv}, checked. */
export function readKlDiv(op: string, rest: readonly unknown[]): Required<KlDivOptions> {
  const defaults = { reduction: 'mean' as Reduction | 'batchmean', logTarget: false };
  const settings: Settings<typeof defaults> = readSettings(op, rest, defaults, 0);
  const { reduction } = settings;
  if (reduction !== 'batchmean' && reduction !== 'mean' && reduction !== 'sum' && reduction !== 'none')
    rangeError(op, `reduction: expected 'batchmean', 'mean', 'sum' or 'none', got ${describe(reduction)}`);
  return settings;
}

/**
 * The Kullback-Leibler divergence of probabilities `target` from those whose logarithms are `input`, element by element:
 * `target·(log target - input)`, 0 for a target of 0; with `logTarget` `exp(target)·(target - input)`. The shapes broadcast.
 * Gradients: input `-g·target` or `-g·exp(target)`; target `g·(log target + 1 - input)`, and `-g·input` at 0, or
 * `g·exp(target)·(target - input + 1)`.
 * @throws ShapeError when shapes do not broadcast.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.kl_div.html
 */
export function klDiv(input: Tensor, target: Tensor, ...rest: Rest<[], KlDivOptions>): Tensor {
  const { input: x, target: t } = floatInputs('klDiv', { input, target });
  const { reduction, logTarget } = readKlDiv('klDiv', rest);
  const losses = logTarget ? mul(exp(t), sub(t, x)) : sub(mul(t, log(where(eq(t, 0), 1, t))), mul(t, x));
  if (reduction !== 'batchmean') return reduced(losses, reduction);
  return input.ndim === 0 ? sum(losses) : div(sum(losses), input.shape[0]);
}
