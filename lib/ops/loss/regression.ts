import { shapeError, rangeError } from '../../errors.js';
import { noGrad } from '../../grad-mode.js';
import { formatShape, sameShape } from '../../shape.js';
import type { Tensor } from '../../tensor.js';
import { recorder } from '../../recording.js';
import type { Rest } from '../arguments.js';
import { abs, add, div, exp, le, log, lt, mul, square, sub, where } from '../pointwise.js';
import { raised } from '../bounds.js';
import { amin } from '../reduce.js';
import { unsqueeze } from '../shape.js';
import {
  floatInputs,
  floatPair,
  MEAN,
  readLoss,
  readReduction,
  reduced,
  type LossOptions,
  type Reduction,
} from './reduction.js';

/**
 * The squared differences of `input` and `target`, which have one shape.
 * Gradients: `2·g·(input - target)` and its negative, divided by the count for `mean`.
 * @throws ShapeError when shapes differ: a loss that broadcasts is nearly always a mistake.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.mse_loss.html
 */
export function mseLoss(input: Tensor, target: Tensor, ...rest: Rest<[], LossOptions>): Tensor {
  const [x, t] = floatPair('mseLoss', input, target);
  const { reduction } = readReduction('mseLoss', rest);
  return reduced(square(sub(x, t)), reduction);
}

/**
 * The absolute differences of `input` and `target`, which have one shape.
 * Gradients: `g·sign(input - target)` and its negative, 0 where they are equal.
 * @throws ShapeError when shapes differ.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.l1_loss.html
 */
export function l1Loss(input: Tensor, target: Tensor, ...rest: Rest<[], LossOptions>): Tensor {
  const [x, t] = floatPair('l1Loss', input, target);
  const { reduction } = readReduction('l1Loss', rest);
  return reduced(abs(sub(x, t)), reduction);
}

/** How {@link smoothL1Loss} bends. */
export interface SmoothL1LossOptions extends LossOptions {
  /** Where the parabola ends, at least 0. Default 1. */
  readonly beta?: number;
}

/** The arguments of {@link smoothL1Loss}, checked. */
export function readSmoothL1(op: string, rest: readonly unknown[]): Required<SmoothL1LossOptions> {
  const settings = readLoss(op, rest, { reduction: MEAN, beta: 1 }, 0);
  if (!(settings.beta >= 0)) rangeError(op, `beta: expected a number from 0, got ${settings.beta}`);
  return settings;
}

/**
 * With d = input - target, of one shape: `d²/(2·beta)` where `|d| < beta`, else `|d| - beta/2`.
 * Gradients: `g·d/beta` in the one part, `g·sign d` in the other, and their negatives.
 * @throws ShapeError when shapes differ; RangeError when `beta` is negative.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.smooth_l1_loss.html
 */
export function smoothL1Loss(input: Tensor, target: Tensor, ...rest: Rest<[], SmoothL1LossOptions>): Tensor {
  const [x, t] = floatPair('smoothL1Loss', input, target);
  const { reduction, beta } = readSmoothL1('smoothL1Loss', rest);
  const d = sub(x, t);
  return reduced(
    beta === 0 ? abs(d) : parabola(d, beta, 0.5 / beta, (size) => sub(size, beta / 2)),
    reduction,
  );
}

/** How {@link huberLoss} bends. */
export interface HuberLossOptions extends LossOptions {
  /** Where the parabola ends, above 0. Default 1. */
  readonly delta?: number;
}

/** The arguments of {@link huberLoss}, checked. */
export function readHuber(op: string, rest: readonly unknown[]): Required<HuberLossOptions> {
  const settings = readLoss(op, rest, { reduction: MEAN, delta: 1 });
  if (!(settings.delta > 0)) rangeError(op, `delta: expected a number above 0, got ${settings.delta}`);
  return settings;
}

/**
 * With d = input - target, of one shape: `d²/2` where `|d| < delta`, else `delta·(|d| - delta/2)`.
 * Gradients: `g·d` in the one part, `g·delta·sign d` in the other, and their negatives.
 * @throws ShapeError when shapes differ; RangeError when `delta` is not above 0.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.huber_loss.html
 */
export function huberLoss(
  input: Tensor,
  target: Tensor,
  ...rest: Rest<[reduction: Reduction, delta: number], HuberLossOptions>
): Tensor {
  const [x, t] = floatPair('huberLoss', input, target);
  const { reduction, delta } = readHuber('huberLoss', rest);
  const losses = parabola(sub(x, t), delta, 0.5, (size) => mul(sub(size, delta / 2), delta));
  return reduced(losses, reduction);
}

/** `scale·d²` where `|d| < end`, else a line of `|d|`. */
function parabola(d: Tensor, end: number, scale: number, line: (size: Tensor) => Tensor): Tensor {
  const size = abs(d);
  const inside = lt(size, end);
  // The square of what lies far outside may be infinite, and 0 · ∞ in its gradient would be NaN.
  return where(inside, mul(square(where(inside, d, 0)), scale), line(size));
}

/** What {@link poissonNllLoss} takes by name. */
export interface PoissonNllLossOptions extends LossOptions {
  /** Whether input is the logarithm of the rate. Default true. */
  readonly logInput?: boolean;
  /** Whether Stirling's approximation of `log target!` is added where `target > 1`. Default false. */
  readonly full?: boolean;
  /** Added to rates before their logarithm. Default 1e-8. */
  readonly eps?: number;
}

/** The arguments of {@link poissonNllLoss}, checked. */
export const readPoisson = (op: string, rest: readonly unknown[]): Required<PoissonNllLossOptions> =>
  readLoss(op, rest, { logInput: true, full: false, eps: 1e-8, reduction: MEAN }, 2);

/**
 * The negative log-likelihood of counts under Poisson distributions: `exp(input) - target·input`, or
 * `input - target·log(input + eps)` without `logInput`. The shapes broadcast.
 * Gradients: input `g·(exp(input) - target)`, or `g·(1 - target/(input + eps))`; target `-g·input` or
 * `-g·log(input + eps)`, and that of Stirling's formula `g·(log target + 1/(2·target))`.
 * @throws ShapeError when shapes do not broadcast.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.poisson_nll_loss.html
 */
export function poissonNllLoss(
  input: Tensor,
  target: Tensor,
  ...rest: Rest<[logInput: boolean, full: boolean], PoissonNllLossOptions>
): Tensor {
  const { input: x, target: t } = floatInputs('poissonNllLoss', { input, target });
  const { logInput, full, eps, reduction } = readPoisson('poissonNllLoss', rest);
  const losses = logInput ? sub(exp(x), mul(t, x)) : sub(x, mul(t, log(add(x, eps))));
  return reduced(full ? add(losses, stirling(t)) : losses, reduction);
}

/** `t·log t - t + log(2πt)/2`, near to `log t!`, and 0 where `t ≤ 1`. */
function stirling(t: Tensor): Tensor {
  const small = le(t, 1);
  const safe = where(small, 1, t);
  const formula = add(sub(mul(safe, log(safe)), safe), mul(log(mul(safe, 2 * Math.PI)), 0.5));
  return where(small, 0, formula);
}

/** What {@link gaussianNllLoss} takes by name. */
export interface GaussianNllLossOptions extends LossOptions {
  /** Whether the constant `log(2π)/2` is added. Default false. */
  readonly full?: boolean;
  /** The least variance: smaller ones count as this, though gradients pass. Default 1e-6. */
  readonly eps?: number;
}

/** The arguments of {@link gaussianNllLoss}, checked. */
export function readGaussian(
  op: string,
  rest: readonly unknown[],
  positions?: number,
): Required<GaussianNllLossOptions> {
  const settings = readLoss(op, rest, { full: false, eps: 1e-6, reduction: MEAN }, positions);
  if (!(settings.eps > 0)) rangeError(op, `eps: expected a number above 0, got ${settings.eps}`);
  return settings;
}

/**
 * The negative log-likelihood of `target` under normal distributions of mean `input` and variance `variance`:
 * `(log v + (input - target)²/v) / 2` with `v = max(variance, eps)`. `variance` has the shape of `input`, or lacks the last
 * dimension, or has 1 there; `target` broadcasts.
 * Gradients: input `g·(input - target)/v`, target its negative, variance `g·(1/v - (input - target)²/v²)/2`.
 * @throws ShapeError when shapes do not fit; RangeError when a variance is negative.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.gaussian_nll_loss.html
 */
export function gaussianNllLoss(
  input: Tensor,
  target: Tensor,
  variance: Tensor,
  ...rest: Rest<[full: boolean, eps: number, reduction: Reduction], GaussianNllLossOptions>
): Tensor {
  const op = 'gaussianNllLoss';
  const { input: x, target: t, var: given } = floatInputs(op, { input, target, var: variance });
  const { full, eps, reduction } = readGaussian(op, rest);
  const lead = x.shape.slice(0, -1);
  const lacking = !sameShape(given.shape, x.shape) && sameShape(given.shape, lead);
  if (!lacking && !sameShape(given.shape, x.shape) && !sameShape(given.shape, [...lead, 1]))
    shapeError(
      op,
      `var: expected ${formatShape(x.shape)}, or 1 or nothing for its last size, got ${formatShape(given.shape)}`,
    );
  // A recorded step cannot look at values.
  if (recorder === null && given.size > 0) {
    const least = noGrad(() => amin(given).item());
    if (least < 0) rangeError(op, `var: expected numbers from 0, got ${least}`);
  }
  const v = raised(lacking && x.ndim > 0 ? unsqueeze(given, -1) : given, eps);
  const losses = mul(add(log(v), div(square(sub(x, t)), v)), 0.5);
  return reduced(full ? add(losses, 0.5 * Math.log(2 * Math.PI)) : losses, reduction);
}
