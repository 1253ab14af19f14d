import { backend } from '../backend/select.js';
import { checkDType, isFloat, type FloatDType } from '../dtype.js';
import { describe, rangeError, typeError } from '../errors.js';
import { normalizeDim } from '../shape.js';
import { checkTensor, empty, type Tensor } from '../tensor.js';
import { readArgs, readSettings, type Rest, type Settings } from './arguments.js';
import { expand, reshape, sum } from './broadcast.js';
import { randomFill } from './create.js';
import { scatterAdd } from './indexing.js';
import { div, eq, exp, log, mul, neg, sub, where } from './pointwise.js';
import { cast, scalar, toFloat, track } from './primitive.js';
import { argmax } from './reduce.js';
import { transpose } from './shape.js';

/** What {@link softmax}, {@link logSoftmax} and {@link softmin} take by name. */
export interface SoftmaxOptions {
  /** The dimension along which the numbers add up to 1. */
  readonly dim: number;
  /** What the input is converted to first. Default: as it is. */
  readonly dtype?: FloatDType;
}
/** @inline */
type SoftmaxRest = [dim: number] | [dim: number, options: Omit<SoftmaxOptions, 'dim'>] | [SoftmaxOptions];

/**
 * `exp(x) / Σ exp(x)` along `dim`, without overflow.
 * Gradient: `y·(g - Σ g·y)`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.softmax.html
 */
export const softmax = (x: Tensor, ...rest: SoftmaxRest): Tensor => alongDim('softmax', x, rest, ofRows);

function ofRows(rows: Tensor): Tensor {
  const y = empty(rows.shape, rows.dtype);
  backend.softmax(rows, y, false);
  return track('softmax', y, [rows], [y], (g) => [() => mul(y, sub(g, sum(mul(g, y), -1, true)))]);
}

/**
 * {@link softmax} of `-x`: `exp(-x) / Σ exp(-x)` along `dim`.
 * Gradient: `-y·(g - Σ g·y)`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.softmin.html
 */
export const softmin = (x: Tensor, ...rest: SoftmaxRest): Tensor =>
  alongDim('softmin', x, rest, (rows) => ofRows(neg(rows)));

/**
 * `x - log Σ exp(x)` along `dim`, without overflow.
 * Gradient: `g - exp(y)·Σ g`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.log_softmax.html
 */
export function logSoftmax(x: Tensor, ...rest: SoftmaxRest): Tensor {
  return alongDim('logSoftmax', x, rest, (rows) => {
    const y = empty(rows.shape, rows.dtype);
    backend.softmax(rows, y, true);
    return track('logSoftmax', y, [rows], [y], (g) => [() => sub(g, mul(exp(y), sum(g, -1, true)))]);
  });
}

/** Brings `dim` to the end for `fn`, and back. */
function alongDim(op: string, input: Tensor, rest: readonly unknown[], fn: (rows: Tensor) => Tensor): Tensor {
  checkTensor(op, input);
  const [first] = rest;
  // A number alone is what comes nearly always.
  const { dim, dtype } =
    rest.length === 1 && typeof first === 'number' ? { dim: first } : readSoftmax(op, rest);
  const x = toFloat(dtype === undefined ? input : cast(input, dtype));
  const at = normalizeDim(op, dim, x.ndim);
  if (x.ndim === 0) return reshape(fn(reshape(x, [1])), []);
  return at === x.ndim - 1 ? fn(x) : transpose(fn(transpose(x, at, -1)), at, -1);
}

/** The arguments of {@link softmax} and its like, checked. */
export function readSoftmax(op: string, rest: readonly unknown[]): SoftmaxOptions {
  const { dim, dtype } = readArgs<SoftmaxOptions>(op, rest, ['dim'], ['dtype']);
  if (typeof dim !== 'number') typeError(op, `dim: expected a whole number, got ${describe(dim)}`);
  if (dtype !== undefined) {
    checkDType(op, dtype);
    if (!isFloat(dtype)) typeError(op, `dtype: expected float32 or float64, got ${describe(dtype)}`);
  }
  return { dim, dtype };
}

/** What {@link gumbelSoftmax} takes by name. */
export interface GumbelSoftmaxOptions {
  /** The temperature, above 0: the lower, the nearer to one-hot. Default 1. */
  readonly tau?: number;
  /** Whether the result is one-hot, with the gradient of what it was rounded from. Default false. */
  readonly hard?: boolean;
  /** Without effect; it has a place in PyTorch's order. */
  readonly eps?: number;
  /** The dimension of the classes. Default -1. */
  readonly dim?: number;
}

/** The arguments of {@link gumbelSoftmax}, checked. */
function readGumbel(op: string, rest: readonly unknown[]): Settings<typeof GUMBEL> {
  const settings = readSettings(op, rest, GUMBEL);
  if (!(settings.tau > 0)) rangeError(op, `tau: expected a number above 0, got ${settings.tau}`);
  return settings;
}
const GUMBEL = { tau: 1, hard: false, eps: 1e-10, dim: -1 };

/**
 * A sample of the Gumbel-softmax distribution, by the library's generator: `softmax((logits + noise) / tau)` along `dim`,
 * with noise `-log(-log u)` for uniform u. The largest element is at a class with the probability `softmax(logits)` gives it.
 * Gradient: that of the softmax; with `hard`, where the result is one-hot, too ("straight through").
 * @throws RangeError when `tau` is not above 0, or there is no such dimension.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.gumbel_softmax.html
 */
export function gumbelSoftmax(
  logits: Tensor,
  ...rest: Rest<[tau: number, hard: boolean, eps: number, dim: number], GumbelSoftmaxOptions>
): Tensor {
  const op = 'gumbelSoftmax';
  checkTensor(op, logits, 'logits');
  const { tau, hard, dim } = readGumbel(op, rest);
  const x = toFloat(logits);
  const at = normalizeDim(op, dim, x.ndim);
  const uniform = randomFill('uniform', empty(x.shape, x.dtype), 0, 1);
  // 0 would make a class impossible.
  const u = where(eq(uniform, 0), 2 ** -25, uniform);
  const soft = softmax(div(sub(x, log(neg(log(u)))), tau), at);
  if (!hard) return soft;
  const choice = argmax(soft, at, true);
  const zeros = empty(soft.shape, soft.dtype, true);
  const oneHot = scatterAdd(zeros, at, choice, expand(scalar(1, soft.dtype), choice.shape));
  return track(op, oneHot, [soft], [], (g) => [() => g]);
}
