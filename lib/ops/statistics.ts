import { isFloat } from '../dtype.js';
import { typeError } from '../errors.js';
import { noGrad } from '../grad-mode.js';
import { normalizeDim, normalizeDims, reducedShape, sizeOf } from '../shape.js';
import { checkTensor, Tensor } from '../tensor.js';
import { checkNumber, readArgs, type Rest } from './arguments.js';
import { reshape, sum } from './broadcast.js';
import { add, div, eq, exp, log, mul, ne, sqrt, square, sub, where } from './pointwise.js';
import { cast, toFloat, track } from './primitive.js';
import { amax, amin, mean } from './reduce.js';
import { readReduce, type Dims, type ReduceRest } from './reduce-args.js';
import { cumsum } from './scan.js';
import { narrow } from './shape.js';

// Statistics, made of sums.

/** What {@link variance} and its like take. */
export interface VarOptions {
  readonly dim?: Dims;
  /** What is taken off the number of elements. Default 1. */
  readonly correction?: number | null;
  /** The same as a correction of 1 or 0. */
  readonly unbiased?: boolean;
  readonly keepdim?: boolean;
}
/** @inline */
type VarRest =
  | Rest<[dim: Dims, unbiased: boolean, keepdim: boolean], VarOptions>
  | [unbiased: boolean]
  | [unbiased: boolean, options: VarOptions];

/** Mean square deviations, and the means that they are from. */
function moments(op: string, x: Tensor, given: readonly unknown[]): { variance: Tensor; mean: Tensor } {
  checkTensor(op, x);
  if (!isFloat(x.dtype)) typeError(op, `expected float32 or float64, got ${x.dtype}`);
  const rest = typeof given[0] === 'boolean' ? [null, ...given] : given;
  const options = readArgs<VarOptions>(op, rest, ['dim', 'unbiased', 'keepdim'], ['correction']);
  const { dim = null, unbiased = true, keepdim = false } = options;
  const correction = options.correction ?? (unbiased ? 1 : 0);
  checkNumber(op, 'correction', correction);
  const dims = normalizeDims(op, Array.isArray(dim) && dim.length === 0 ? null : dim, x.ndim);
  const count = sizeOf(dims.map((d) => x.shape[d]));
  const center = mean(x, dims, true);
  const kept = noGrad(() => div(sum(square(sub(x, center)), dims, true), Math.max(0, count - correction)));
  const variance = track(op, kept, [x], [x], (g) => [
    () => mul(mul(g, 2 / (count - correction)), sub(x, mean(x, dims, true))),
  ]);
  const shape = reducedShape(x.shape, dims, keepdim);
  return { variance: reshape(variance, shape), mean: reshape(center, shape) };
}

/**
 * The variance over `dim`: `Σ (x - mean)² / (n - correction)`. Gradient: `g · 2(x - mean) / (n - correction)`.
 * @see https://pytorch.org/docs/stable/generated/torch.var.html
 */
export const variance = (x: Tensor, ...rest: VarRest): Tensor => moments('var', x, rest).variance;

/** The root of the variance (`var`). Gradient: `g · (x - mean) / ((n - correction)·std)`, and 0 where it is 0. */
export const std = (x: Tensor, ...rest: VarRest): Tensor => rootOf(moments('std', x, rest).variance);

/** The square root, whose derivatives at 0 are 0. */
function rootOf(variance: Tensor): Tensor {
  const isZero = eq(variance, 0);
  return where(isZero, 0, sqrt(where(isZero, 1, variance)));
}

/** Variance and mean. @see https://pytorch.org/docs/stable/generated/torch.var_mean.html */
export function varMean(x: Tensor, ...rest: VarRest): [Tensor, Tensor] {
  const { variance: first, mean: second } = moments('varMean', x, rest);
  return [first, second];
}

/** Standard deviation and mean. */
export function stdMean(x: Tensor, ...rest: VarRest): [Tensor, Tensor] {
  const { variance: first, mean: second } = moments('stdMean', x, rest);
  return [rootOf(first), second];
}

/**
 * `ln Σ eˣ` over `dim`, without overflow. Gradient: `g · softmax(x)`.
 * @see https://pytorch.org/docs/stable/generated/torch.logsumexp.html
 */
export function logsumexp(input: Tensor, ...rest: ReduceRest): Tensor {
  checkTensor('logsumexp', input);
  const { dim, keepdim } = readReduce('logsumexp', rest);
  const x = toFloat(input);
  const dims = normalizeDims('logsumexp', dim, x.ndim);
  const shape = reducedShape(x.shape, dims, keepdim);
  if (x.size === 0) return log(sum(exp(x), dims, keepdim));
  const most = noGrad(() => amax(x, dims, true));
  const shift = noGrad(() => where(eq(sub(most, most), 0), most, 0)); // Infinities are not taken off.
  return reshape(add(log(sum(exp(sub(x, shift)), dims, true)), shift), shape);
}

/** Whether all elements over `dim` are true (not 0). No gradient. */
export function all(x: Tensor, ...rest: ReduceRest): Tensor {
  checkTensor('all', x);
  const { dim, keepdim } = readReduce('all', rest);
  return eq(sum(cast(eq(x, 0), 'int32'), dim, keepdim), 0);
}

/** Whether any element over `dim` is true (not 0). No gradient. */
export function any(x: Tensor, ...rest: ReduceRest): Tensor {
  checkTensor('any', x);
  const { dim, keepdim } = readReduce('any', rest);
  return ne(sum(cast(ne(x, 0), 'int32'), dim, keepdim), 0);
}

/** How many elements over `dim` are not 0, in int32. No gradient. */
export function countNonzero(x: Tensor, ...rest: Rest<[dim: Dims], { readonly dim?: Dims }>): Tensor {
  checkTensor('countNonzero', x);
  const { dim = null } = readArgs<{ readonly dim?: Dims }>('countNonzero', rest, ['dim']);
  return sum(cast(ne(x, 0), 'int32'), dim);
}

/** The sum of what is not NaN. Gradient: `g` there. */
export function nansum(x: Tensor, ...rest: ReduceRest): Tensor {
  checkTensor('nansum', x);
  return sum(where(eq(x, x), x, 0), ...rest);
}

/** The mean of what is not NaN. Gradient: `g/n` there. */
export function nanmean(x: Tensor, ...rest: ReduceRest): Tensor {
  checkTensor('nanmean', x);
  const { dim, keepdim } = readReduce('nanmean', rest);
  const count = cast(sum(cast(eq(x, x), 'int32'), dim, keepdim), x.dtype);
  return div(nansum(x, dim, keepdim), count);
}

/** The smallest and the largest element over `dim`. Gradients as those of `amin` and `amax`. */
export function aminmax(
  x: Tensor,
  ...rest: Rest<[], { readonly dim?: number | null; readonly keepdim?: boolean }>
): { readonly min: Tensor; readonly max: Tensor } {
  checkTensor('aminmax', x);
  const { dim, keepdim } = readReduce('aminmax', rest);
  return { min: amin(x, dim, keepdim), max: amax(x, dim, keepdim) };
}

/** @inline */
interface TrapezoidOptions {
  /** Where the numbers stand. Default: `dx` apart. */
  readonly x?: Tensor;
  /** How far the numbers are apart. Default 1. */
  readonly dx?: number;
  /** Default -1. */
  readonly dim?: number;
}
/** @inline */
type TrapezoidRest = Rest<[x: Tensor | number], TrapezoidOptions> | [];

/** The areas between neighbours along a dimension, and which that is. */
function areas(op: string, y: Tensor, rest: readonly unknown[]): { parts: Tensor; dim: number } {
  checkTensor(op, y);
  const first = rest[0];
  const isSpacing = first instanceof Tensor || typeof first === 'number';
  const options = readArgs<TrapezoidOptions>(op, isSpacing ? rest.slice(1) : rest, [], ['x', 'dx', 'dim']);
  const dim = normalizeDim(op, options.dim ?? -1, y.ndim);
  const x = first instanceof Tensor ? first : options.x;
  const dx = typeof first === 'number' ? first : (options.dx ?? 1);
  const pairs = (of: Tensor, at: number): [Tensor, Tensor] => {
    const count = Math.max(0, of.shape[at] - 1);
    return [narrow(of, at, 0, count), narrow(of, at, Math.min(1, of.shape[at]), count)];
  };
  const [a, b] = pairs(toFloat(y), dim);
  const sums = mul(add(a, b), 0.5);
  if (x === undefined) return { parts: mul(sums, dx), dim };
  const points =
    x.ndim === 1
      ? reshape(
          x,
          y.shape.map((_, d) => (d === dim ? x.size : 1)),
        )
      : x;
  const [low, high] = pairs(points, x.ndim === 1 ? dim : normalizeDim(op, dim - y.ndim, x.ndim));
  return { parts: mul(sums, sub(toFloat(high), toFloat(low))), dim };
}

/**
 * The area under `y` along a dimension (by name; default the last), by the trapezoidal rule, at points `x` or `dx` apart.
 * @see https://pytorch.org/docs/stable/generated/torch.trapezoid.html
 */
export function trapezoid(y: Tensor, ...rest: TrapezoidRest): Tensor {
  const { parts, dim } = areas('trapezoid', y, rest);
  return sum(parts, dim - y.ndim);
}

/** The areas of {@link trapezoid} so far. */
export function cumulativeTrapezoid(y: Tensor, ...rest: TrapezoidRest): Tensor {
  const { parts, dim } = areas('cumulativeTrapezoid', y, rest);
  return cumsum(parts, dim - y.ndim);
}
