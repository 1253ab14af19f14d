import { rangeError, shapeError } from '../errors.js';
import { noGrad } from '../grad-mode.js';
import { formatShape, normalizeDim } from '../shape.js';
import { checkTensor, empty, type Tensor } from '../tensor.js';
import { checkNumber, readArgs, readSettings, type Rest, type Settings } from './arguments.js';
import { reshape } from './broadcast.js';
import { randomFill } from './create.js';
import { expm1 } from './elementary.js';
import {
  abs,
  add,
  div,
  exp,
  ge,
  gt,
  le,
  lt,
  mul,
  neg,
  sigmoid,
  softplusOf,
  sub,
  tanh,
  where,
} from './pointwise.js';
import { meet, toFloat, track } from './primitive.js';
import { narrow } from './shape.js';

// Activations that are made of other ops. At corners their gradients are PyTorch's. Where a side of a `where` may overflow,
// its input is made harmless first: 0 · ∞ in the gradient of the side that was not taken would be NaN.

/** `input` as a float tensor. */
function floats(op: string, input: Tensor): Tensor {
  checkTensor(op, input);
  return toFloat(input);
}

/** `min(x, 0)`, NaN for NaN; the gradient at 0 is `g`. */
const negativePart = (x: Tensor): Tensor => where(gt(x, 0), 0, x);

/**
 * `log sigmoid(x) = -log(1 + e⁻ˣ)`, without overflow. Gradient: `g·sigmoid(-x)`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.logsigmoid.html
 */
export const logSigmoid = (input: Tensor): Tensor => neg(softplusOf(neg(floats('logSigmoid', input))));

/** What {@link softplus} takes by name. */
export interface SoftplusOptions {
  /** How sharp the bend is. Default 1. */
  readonly beta?: number;
  /** Where `beta·x` is larger, the result is `x`. Default 20. */
  readonly threshold?: number;
}

/** The arguments of {@link softplus}. */
export const readSoftplus = (op: string, rest: readonly unknown[]): Required<SoftplusOptions> =>
  readSettings(op, rest, { beta: 1, threshold: 20 });

/**
 * `log(1 + exp(beta·x)) / beta`, and `x` where `beta·x > threshold`.
 * Gradient: `g·sigmoid(beta·x)`, and `g` beyond the threshold.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.softplus.html
 */
export function softplus(
  input: Tensor,
  ...rest: Rest<[beta: number, threshold: number], SoftplusOptions>
): Tensor {
  const x = floats('softplus', input);
  const { beta, threshold } = readSoftplus('softplus', rest);
  const scaled = beta === 1 ? x : mul(x, beta);
  const bent = softplusOf(scaled);
  return where(gt(scaled, threshold), x, beta === 1 ? bent : div(bent, beta));
}

/**
 * `x / (1 + |x|)`. Gradient: `g / (1 + |x|)²`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.softsign.html
 */
export function softsign(input: Tensor): Tensor {
  const x = floats('softsign', input);
  return div(x, add(abs(x), 1));
}

/**
 * `x` above 0, `negativeSlope·x` elsewhere; the slope is 0.01 by default. Gradient: `g`, or `g·negativeSlope`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.leaky_relu.html
 */
export function leakyRelu(
  input: Tensor,
  ...rest: Rest<[negativeSlope: number], { readonly negativeSlope?: number }>
): Tensor {
  const x = floats('leakyRelu', input);
  const { negativeSlope } = readLeaky('leakyRelu', rest);
  return where(gt(x, 0), x, mul(x, negativeSlope));
}

/** The arguments of {@link leakyRelu}. */
export const readLeaky = (op: string, rest: readonly unknown[]): { readonly negativeSlope: number } =>
  readSettings(op, rest, { negativeSlope: 0.01 });

/**
 * `x` above 0, `weight·x` elsewhere, with one weight, or one for each channel.
 * Shapes: input (N, C, …) or any, weight (C), (1) or ().
 * Gradients: x `g`, or `g·weight`; weight the sum of `g·x` where `x ≤ 0`.
 * @throws ShapeError when there are not as many weights as channels.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.prelu.html
 */
export function prelu(input: Tensor, weight: Tensor | { readonly weight: Tensor }): Tensor {
  const given = readArgs<{ weight: Tensor }>('prelu', [weight], ['weight']).weight;
  checkTensor('prelu', given, 'weight');
  const [x, w] = meet('prelu', floats('prelu', input), toFloat(given));
  if (w.ndim > 1) shapeError('prelu', `weight: expected (C,), (1,) or (), got ${formatShape(w.shape)}`);
  const channels = x.ndim === 0 ? 1 : x.shape[x.ndim === 1 ? 0 : 1];
  if (w.size !== 1 && (w.size !== channels || x.ndim < 2))
    shapeError(
      'prelu',
      `weight: expected 1 number, or one for each channel of ${formatShape(x.shape)}, got ${w.size}`,
    );
  const slopes = w.size === 1 ? reshape(w, []) : reshape(w, [channels, ...x.shape.slice(2).map(() => 1)]);
  return where(gt(x, 0), x, mul(negativePart(x), slopes));
}

/** `scale·x` above 0, `scale·alpha·(exp(inner·x) - 1)` elsewhere. */
function exponential(x: Tensor, scale: number, alpha: number, inner: number): Tensor {
  const z = inner === 1 ? negativePart(x) : mul(negativePart(x), inner);
  return where(gt(x, 0), scale === 1 ? x : mul(x, scale), mul(lessOne(z), scale * alpha));
}

/** {@link expm1}, whose derivative is exact far below 0, too. */
const lessOne = (z: Tensor): Tensor =>
  track(
    'expm1',
    noGrad(() => expm1(z)),
    [z],
    [z],
    (g) => [() => mul(g, exp(z))],
  );

/** What {@link elu} and {@link celu} take. */
export interface EluOptions {
  /** How far below 0 the curve goes. Default 1. */
  readonly alpha?: number;
}

/** The arguments of {@link elu}. */
export const readElu = (op: string, rest: readonly unknown[]): Required<EluOptions> =>
  readSettings(op, rest, { alpha: 1 });

/** The arguments of {@link celu}, checked. */
export function readCelu(op: string, rest: readonly unknown[]): Required<EluOptions> {
  const settings = readElu(op, rest);
  if (settings.alpha === 0) rangeError(op, 'alpha: expected a number other than 0, got 0');
  return settings;
}

/**
 * `x` above 0, `alpha·(eˣ - 1)` elsewhere. Gradient: `g`, or `g·alpha·eˣ`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.elu.html
 */
export const elu = (input: Tensor, ...rest: Rest<[alpha: number], EluOptions>): Tensor =>
  exponential(floats('elu', input), 1, readElu('elu', rest).alpha, 1);

/**
 * `x` above 0, `alpha·(exp(x/alpha) - 1)` elsewhere. Gradient: `g`, or `g·exp(x/alpha)`.
 * @throws RangeError when alpha is 0.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.celu.html
 */
export function celu(input: Tensor, ...rest: Rest<[alpha: number], EluOptions>): Tensor {
  const x = floats('celu', input);
  const { alpha } = readCelu('celu', rest);
  return exponential(x, 1, alpha, 1 / alpha);
}

/**
 * `scale·x` above 0, `scale·alpha·(eˣ - 1)` elsewhere, with the scale 1.0507… and the alpha 1.6732… at which mean 0 and
 * variance 1 stay what they are. Gradient: `g·scale`, or `g·scale·alpha·eˣ`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.selu.html
 */
export const selu = (input: Tensor): Tensor => exponential(floats('selu', input), SELU.scale, SELU.alpha, 1);

/** Klambauer et al., "Self-Normalizing Neural Networks", 2017. */
export const SELU = { scale: 1.0507009873554805, alpha: 1.6732632423543772 };

/**
 * `x·tanh(log(1 + eˣ))`. Gradient: `g·(t + x·(1 - t²)·sigmoid(x))` with t the tangent.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.mish.html
 */
export function mish(input: Tensor): Tensor {
  const x = floats('mish', input);
  return mul(x, tanh(softplusOf(x)));
}

/** What {@link hardtanh} takes by name. */
export interface HardtanhOptions {
  /** Default -1. */
  readonly minVal?: number;
  /** Default 1. */
  readonly maxVal?: number;
}

/** The arguments of {@link hardtanh}. */
export const readHardtanh = (op: string, rest: readonly unknown[]): Required<HardtanhOptions> =>
  readSettings(op, rest, { minVal: -1, maxVal: 1 });

/**
 * `x`, cut to `minVal` and `maxVal`; `maxVal` everywhere when that is the smaller.
 * Gradient: `g` strictly between the two, else 0.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.hardtanh.html
 */
export function hardtanh(
  input: Tensor,
  ...rest: Rest<[minVal: number, maxVal: number], HardtanhOptions>
): Tensor {
  const x = floats('hardtanh', input);
  const { minVal, maxVal } = readHardtanh('hardtanh', rest);
  return cut(x, minVal, maxVal);
}

function cut(x: Tensor, least: number, most: number): Tensor {
  const low = Math.min(least, most);
  return where(ge(x, most), most, where(le(x, low), low, x));
}

/**
 * `x`, cut to 0 and 6. Gradient: `g` strictly between the two, else 0.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.relu6.html
 */
export const relu6 = (input: Tensor): Tensor => cut(floats('relu6', input), 0, 6);

/**
 * `x/6 + 1/2`, cut to 0 and 1. Gradient: `g/6` where -3 < x < 3, else 0.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.hardsigmoid.html
 */
export const hardsigmoid = (input: Tensor): Tensor => div(cut(add(floats('hardsigmoid', input), 3), 0, 6), 6);

/**
 * 0 below -3, `x` above 3, `x·(x + 3)/6` from -3 to 3. Gradient: `g·(x/3 + 1/2)` there, else 0 or `g`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.hardswish.html
 */
export function hardswish(input: Tensor): Tensor {
  const x = floats('hardswish', input);
  const [below, inside] = [lt(x, -3), le(x, 3)];
  const middle = where(mul(inside, ge(x, -3)), x, 0);
  return where(below, 0, where(inside, div(mul(middle, add(middle, 3)), 6), x));
}

/** What {@link hardshrink} and {@link softshrink} take. */
export interface ShrinkOptions {
  /** Default 0.5. */
  readonly lambd?: number;
}

/** The arguments of {@link hardshrink}. */
export const readHardshrink = (op: string, rest: readonly unknown[]): Required<ShrinkOptions> =>
  readSettings(op, rest, { lambd: 0.5 });

/** The arguments of {@link softshrink}, checked. */
export function readSoftshrink(op: string, rest: readonly unknown[]): Required<ShrinkOptions> {
  const settings = readHardshrink(op, rest);
  if (!(settings.lambd >= 0)) rangeError(op, `lambd: expected a number from 0, got ${settings.lambd}`);
  return settings;
}

/** Whether elements lie from `-lambd` to `lambd`. */
const within = (x: Tensor, lambd: number): Tensor => mul(ge(x, -lambd), le(x, lambd));

/**
 * 0 from `-lambd` to `lambd`, else `x`. Gradient: 0 there, else `g`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.hardshrink.html
 */
export function hardshrink(input: Tensor, ...rest: Rest<[lambd: number], ShrinkOptions>): Tensor {
  const x = floats('hardshrink', input);
  return where(within(x, readHardshrink('hardshrink', rest).lambd), 0, x);
}

/**
 * 0 from `-lambd` to `lambd`; `x - lambd` above, `x + lambd` below. Gradient: 0 there, else `g`.
 * @throws RangeError when `lambd` is negative.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.softshrink.html
 */
export function softshrink(input: Tensor, ...rest: Rest<[lambd: number], ShrinkOptions>): Tensor {
  const x = floats('softshrink', input);
  const { lambd } = readSoftshrink('softshrink', rest);
  return where(within(x, lambd), 0, where(gt(x, 0), sub(x, lambd), add(x, lambd)));
}

/**
 * `x - tanh x`. Gradient: `g·tanh²x`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.tanhshrink.html
 */
export function tanhshrink(input: Tensor): Tensor {
  const x = floats('tanhshrink', input);
  return sub(x, tanh(x));
}

/** What {@link threshold} takes. */
export interface ThresholdOptions {
  readonly threshold: number;
  readonly value: number;
}

/** @inline */
export type ThresholdRest =
  | [threshold: number, value: number]
  | [threshold: number, options: Pick<ThresholdOptions, 'value'>]
  | [ThresholdOptions];

/** The arguments of {@link threshold}, checked. */
export function readThreshold(op: string, rest: readonly unknown[]): ThresholdOptions {
  const { threshold, value } = readArgs<ThresholdOptions>(op, rest, ['threshold', 'value']);
  checkNumber(op, 'threshold', threshold);
  checkNumber(op, 'value', value);
  return { threshold, value };
}

/**
 * `x` above `threshold`, else `value`. Gradient: `g`, or 0.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.threshold.html
 */
export function threshold(input: Tensor, ...rest: ThresholdRest): Tensor {
  const x = floats('threshold', input);
  const settings = readThreshold('threshold', rest);
  return where(le(x, settings.threshold), settings.value, x);
}

/** What {@link rrelu} takes by name. */
export interface RreluOptions {
  /** The least slope. Default 1/8. */
  readonly lower?: number;
  /** The largest slope. Default 1/3. */
  readonly upper?: number;
  /** Whether slopes are drawn. Default false: their mean is used. */
  readonly training?: boolean;
}

/** The arguments of {@link rrelu}, checked. */
export function readRrelu(op: string, rest: readonly unknown[]): Settings<typeof RRELU> {
  const settings = readSettings(op, rest, RRELU);
  checkSlopes(op, settings);
  return settings;
}

/** The slopes alone, checked. */
export function readSlopes(op: string, rest: readonly unknown[]): { lower: number; upper: number } {
  const settings = readSettings(op, rest, { lower: RRELU.lower, upper: RRELU.upper });
  checkSlopes(op, settings);
  return settings;
}

function checkSlopes(op: string, { lower, upper }: { lower: number; upper: number }): void {
  if (!(lower <= upper)) rangeError(op, `lower ${lower} is above upper ${upper}`);
}
const RRELU = { lower: 1 / 8, upper: 1 / 3, training: false };

/**
 * `x` above 0, `slope·x` elsewhere, with slopes from `lower` to `upper`: in `training` drawn by the library's generator, a
 * new one each time, else their mean. Gradient: `g`, or `g·slope`.
 * @throws RangeError when `lower` is above `upper`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.rrelu.html
 */
export function rrelu(
  input: Tensor,
  ...rest: Rest<[lower: number, upper: number, training: boolean], RreluOptions>
): Tensor {
  const x = floats('rrelu', input);
  const { lower, upper, training } = readRrelu('rrelu', rest);
  const slope = training ? randomFill('uniform', empty(x.shape, x.dtype), lower, upper) : (lower + upper) / 2;
  return where(gt(x, 0), x, mul(negativePart(x), slope));
}

/**
 * With the two halves a and b of `input` along `dim` (default -1): `a·sigmoid(b)`.
 * Gradients: a `g·sigmoid(b)`, b `g·a·sigmoid(b)·(1 - sigmoid(b))`.
 * @throws ShapeError when the size along `dim` is odd, or there is no dimension.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.glu.html
 */
export function glu(input: Tensor, ...rest: Rest<[dim: number], { readonly dim?: number }>): Tensor {
  const x = floats('glu', input);
  const { dim } = readGlu('glu', rest);
  if (x.ndim === 0) shapeError('glu', 'expected at least one dimension, got ()');
  const at = normalizeDim('glu', dim, x.ndim);
  const size = x.shape[at];
  if (size % 2 !== 0)
    shapeError('glu', `expected an even size along dim ${dim}, got ${formatShape(x.shape)}`);
  return mul(narrow(x, at, 0, size / 2), sigmoid(narrow(x, at, size / 2, size / 2)));
}

/** The arguments of {@link glu}. */
export const readGlu = (op: string, rest: readonly unknown[]): { readonly dim: number } =>
  readSettings(op, rest, { dim: -1 });
