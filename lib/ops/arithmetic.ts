import { isFloat } from '../dtype.js';
import { typeError } from '../errors.js';
import { noGrad } from '../grad-mode.js';
import { checkTensor, type Tensor } from '../tensor.js';
import { checkNumber, readArgs, readSettings, type Rest } from './arguments.js';
import { clone, unbroadcast } from './broadcast.js';
import { trunc } from './elementary.js';
import { binary, checkNumbers } from './elementwise.js';
import {
  add,
  div,
  eq,
  ge,
  gt,
  le,
  lt,
  maximum,
  minimum,
  mul,
  ne,
  neg,
  sign,
  sub,
  where,
} from './pointwise.js';
import { zerosLike } from './create.js';
import { cast, meet, track, type TensorLike } from './primitive.js';

/** What remains of `a / b`, with the sign of `a`. Gradients: `g`, `-g·trunc(a/b)`. */
export const fmod = binary(
  'fmod',
  'ab',
  (g, a, b) => [() => g, () => neg(mul(g, truncDivide(a, b)))],
  'numbers',
);

/** What remains of `a / b`, with the sign of `b`. Gradients: `g`, `-g·⌊a/b⌋`. */
export const remainder = binary(
  'remainder',
  'ab',
  (g, a, b) => [() => g, () => neg(mul(g, floorDivide(a, b)))],
  'numbers',
);

/** The quotient `a / b` without its fraction. Of integers divided by 0: 0. Gradients: 0. */
export function truncDivide(first: TensorLike, second: TensorLike): Tensor {
  const [a, b] = meet('div', first, second);
  // Of integers what is left over is taken off first, so that no digit is lost.
  if (!isFloat(a.dtype)) return floorDivide(sub(a, fmod(a, b)), b);
  const y = noGrad(() => trunc(div(a, b)));
  return track('div', y, [a, b], [], () => [() => zerosLike(a), () => zerosLike(b)]);
}

/** `⌊a / b⌋`. Of integers divided by 0: 0. Gradients: 0. @see https://pytorch.org/docs/stable/generated/torch.floor_divide.html */
export const floorDivide = binary(
  'floorDivide',
  'ab',
  (_g, a, b) => [() => zerosLike(a), () => zerosLike(b)],
  'numbers',
);

/** `|a|` with the sign of `b`. Gradients: `±g` where the sign of `a` is kept or changed, 0 for `a = 0`; 0 for `b`. */
export const copysign = binary(
  'copysign',
  'ab',
  (g, a, b) => [() => mul(g, mul(sign(a), copysign(1, b))), () => zerosLike(b)],
  'floats',
);

/** The larger of `a` and `b`, of a number and NaN the number. Gradient: to that which it is, to `a` where equal. */
export const fmax = binary(
  'fmax',
  'ab',
  (g, a, b) => {
    const isFirst = (): Tensor => add(ge(a, b), ne(b, b));
    return [() => where(isFirst(), g, 0), () => where(isFirst(), 0, g)];
  },
  'numbers',
);

/** The smaller of `a` and `b`, of a number and NaN the number. Gradient: to that which it is, to `a` where equal. */
export const fmin = binary(
  'fmin',
  'ab',
  (g, a, b) => {
    const isFirst = (): Tensor => add(le(a, b), ne(b, b));
    return [() => where(isFirst(), g, 0), () => where(isFirst(), 0, g)];
  },
  'numbers',
);

/** `x` itself. */
export function positive(x: Tensor): Tensor {
  checkTensor('positive', x);
  if (x.dtype === 'bool') typeError('positive', 'expected numbers, got a bool tensor');
  return x;
}

/** Between what {@link clamp} keeps its input. */
export interface ClampOptions {
  readonly min?: TensorLike | null;
  readonly max?: TensorLike | null;
}

/**
 * `x` where it lies between `min` and `max` (numbers, or tensors that broadcast; at least one), else the nearer of them;
 * `max` where they are the wrong way round.
 * Gradients: `g` where it is the result, both ends included; to `min` and `max` where they are.
 * @throws TypeError when there is neither.
 * @see https://pytorch.org/docs/stable/generated/torch.clamp.html
 */
export function clamp(
  x: Tensor,
  ...rest: Rest<[min: TensorLike | null, max: TensorLike | null], ClampOptions>
): Tensor {
  const { min = null, max = null } = readArgs<ClampOptions>('clamp', rest, ['min', 'max']);
  return clampBetween('clamp', x, min, max);
}

/** {@link clamp} from below. */
export const clampMin = (x: Tensor, min: TensorLike): Tensor => clampBetween('clampMin', x, min, null);

/** {@link clamp} from above. */
export const clampMax = (x: Tensor, max: TensorLike): Tensor => clampBetween('clampMax', x, null, max);

function clampBetween(op: string, input: Tensor, min: TensorLike | null, max: TensorLike | null): Tensor {
  checkTensor(op, input);
  checkNumbers(op, input);
  if (min === null && max === null) typeError(op, 'expected min, max, or both');
  let x = input;
  let [low, high]: (Tensor | null)[] = [null, null];
  if (min !== null) [x, low] = meet(op, x, min);
  if (max !== null) [x, high] = meet(op, x, max);
  if (low !== null) low = cast(low, x.dtype);
  const y = noGrad(() => {
    const raised = low === null ? x : maximum(x, low);
    return high === null ? raised : minimum(raised, high);
  });
  if (!isFloat(x.dtype)) return y;
  const parents = [x, low, high].filter((one) => one !== null);
  return track(op, y, parents, parents, (g) => {
    const gradients = [
      () => {
        const within = [low && ge(x, low), high && le(x, high)].filter((one) => one !== null);
        return where(
          within.reduce((a, b) => mul(a, b)),
          g,
          0,
        );
      },
    ];
    if (low !== null) {
      const isLow = (): Tensor => (high === null ? lt(x, low) : mul(lt(x, low), lt(low, high)));
      gradients.push(() => where(isLow(), g, 0));
    }
    if (high !== null) {
      const isHigh = (): Tensor => (low === null ? gt(x, high) : add(gt(x, high), lt(high, low)));
      gradients.push(() => where(isHigh(), g, 0));
    }
    return gradients.map((gradient, i) => () => unbroadcast(gradient(), parents[i].shape));
  });
}

/**
 * `a + weight·(b - a)`, with a number or a tensor as weight; from the nearer end, so that it is `b` for a weight of 1.
 * Gradients: `g·(1 - weight)`, `g·weight`, `g·(b - a)`.
 * @see https://pytorch.org/docs/stable/generated/torch.lerp.html
 */
export function lerp(start: Tensor, end: Tensor, weight: TensorLike): Tensor {
  checkTensor('lerp', start);
  checkTensor('lerp', end, 'end');
  checkNumbers('lerp', start, end);
  const [from, to] = meet('lerp', start, end);
  const [a, w] = meet('lerp', from, weight);
  const b = cast(to, a.dtype);
  const y = noGrad(() => {
    const gap = sub(b, a);
    const fromEnd = (): Tensor => sub(b, mul(gap, sub(1, w)));
    if (typeof weight !== 'object') return Number(weight) < 0.5 ? add(a, mul(gap, w)) : fromEnd();
    return where(lt(w, 0.5), add(a, mul(gap, w)), fromEnd());
  });
  return track('lerp', y, [a, b, w], typeof weight === 'object' ? [a, b, w] : [], (g) => [
    () => unbroadcast(mul(g, sub(1, w)), a.shape),
    () => unbroadcast(mul(g, w), b.shape),
    () => unbroadcast(mul(g, sub(b, a)), w.shape),
  ]);
}

/** `x + value·a·b`; value by name, default 1. Gradients: `g`, `g·value·b`, `g·value·a`. */
export function addcmul(
  x: Tensor,
  a: Tensor,
  b: Tensor,
  ...rest: Rest<[], { readonly value?: number }>
): Tensor {
  const { value } = readSettings('addcmul', rest, { value: 1 });
  checkTensor('addcmul', x);
  checkTensor('addcmul', a, 'tensor1');
  checkTensor('addcmul', b, 'tensor2');
  checkNumbers('addcmul', x);
  return add(x, scaled(mul(a, b), value));
}

/** `x + value·a/b`; value by name, default 1. Gradients: `g`, `g·value/b`, `-g·value·a/b²`. */
export function addcdiv(
  x: Tensor,
  a: Tensor,
  b: Tensor,
  ...rest: Rest<[], { readonly value?: number }>
): Tensor {
  const { value } = readSettings('addcdiv', rest, { value: 1 });
  checkTensor('addcdiv', x);
  checkTensor('addcdiv', a, 'tensor1');
  checkTensor('addcdiv', b, 'tensor2');
  return add(x, scaled(div(a, b), value));
}

const scaled = (x: Tensor, value: number): Tensor => (value === 1 ? x : mul(x, value));

/** What {@link nanToNum} puts in the place of what is no number. */
export interface NanToNumOptions {
  /** Default 0. */
  readonly nan?: number;
  /** Default the largest number of the dtype. */
  readonly posinf?: number | null;
  /** Default the smallest number of the dtype. */
  readonly neginf?: number | null;
}

const LARGEST = { float32: 3.4028234663852886e38, float64: Number.MAX_VALUE };

/**
 * `x` with numbers in place of NaN, ∞ and -∞. Gradient: `g`, and 0 there.
 * @see https://pytorch.org/docs/stable/generated/torch.nan_to_num.html
 */
export function nanToNum(
  x: Tensor,
  ...rest: Rest<[nan: number, posinf: number | null, neginf: number | null], NanToNumOptions>
): Tensor {
  const options = readArgs<NanToNumOptions>('nanToNum', rest, ['nan', 'posinf', 'neginf']);
  checkTensor('nanToNum', x);
  if (!isFloat(x.dtype)) return clone(x);
  const largest = LARGEST[x.dtype];
  const [nan, high, low] = [options.nan ?? 0, options.posinf ?? largest, options.neginf ?? -largest];
  checkNumber('nanToNum', 'nan', nan);
  checkNumber('nanToNum', 'posinf', high);
  checkNumber('nanToNum', 'neginf', low);
  return where(ne(x, x), nan, where(eq(x, Infinity), high, where(eq(x, -Infinity), low, x)));
}
