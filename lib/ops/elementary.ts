import { isFloat } from '../dtype.js';
import { noGrad } from '../grad-mode.js';
import { checkTensor, type Tensor } from '../tensor.js';
import { checkInteger, readSettings, type Rest } from './arguments.js';
import { clone, unbroadcast } from './broadcast.js';
import { binary, checkNumbers, unary } from './elementwise.js';
import {
  abs,
  add,
  div,
  eq,
  exp,
  maximum,
  mul,
  neg,
  pow,
  reciprocal,
  square,
  sub,
  where,
} from './pointwise.js';
import { zerosLike } from './create.js';
import { cast, meet, meetInFloats, toFloat, track, type TensorLike } from './primitive.js';
import { nearZero, series } from './series.js';

// The functions of a pocket calculator, with integers taken as float32.

/** `2ˣ`. Gradient: `g·2ˣ·ln 2`. */
export const exp2 = unary('exp2', 'y', (g, _x, y) => () => mul(g, mul(y, Math.LN2)));

/** `eˣ - 1`, exact for small `x`, too. Gradient: `g·eˣ`. */
export const expm1 = unary('expm1', 'y', (g, _x, y) => () => mul(g, add(y, 1)));

/** `ln(1 + x)`, exact for small `x`, too. Gradient: `g/(1 + x)`. */
export const log1p = unary('log1p', 'x', (g, x) => () => div(g, add(x, 1)));

/** The logarithm to base 2. Gradient: `g/(x·ln 2)`. */
export const log2 = unary('log2', 'x', (g, x) => () => div(g, mul(x, Math.LN2)));

/** The logarithm to base 10. Gradient: `g/(x·ln 10)`. */
export const log10 = unary('log10', 'x', (g, x) => () => div(g, mul(x, Math.LN10)));

/** `1/√x`. Gradient: `-g·y³/2`. */
export const rsqrt = unary('rsqrt', 'y', (g, _x, y) => () => mul(mul(g, -0.5), mul(square(y), y)));

/** The sine. Gradient: `g·cos x`. */
export const sin = unary('sin', 'x', (g, x) => () => mul(g, cos(x)));

/** The cosine. Gradient: `-g·sin x`. */
export const cos = unary('cos', 'x', (g, x) => () => neg(mul(g, sin(x))));

/** The tangent. Gradient: `g·(1 + y²)`. */
export const tan = unary('tan', 'y', (g, _x, y) => () => mul(g, add(square(y), 1)));

/** The inverse of the sine. Gradient: `g/√(1 - x²)`. */
export const asin = unary('asin', 'x', (g, x) => () => mul(g, rsqrt(sub(1, square(x)))));

/** The inverse of the cosine. Gradient: `-g/√(1 - x²)`. */
export const acos = unary('acos', 'x', (g, x) => () => neg(mul(g, rsqrt(sub(1, square(x))))));

/** The inverse of the tangent. Gradient: `g/(1 + x²)`. */
export const atan = unary('atan', 'x', (g, x) => () => div(g, add(square(x), 1)));

/** The hyperbolic sine. Gradient: `g·cosh x`. */
export const sinh = unary('sinh', 'x', (g, x) => () => mul(g, cosh(x)));

/** The hyperbolic cosine. Gradient: `g·sinh x`. */
export const cosh = unary('cosh', 'x', (g, x) => () => mul(g, sinh(x)));

/** The inverse of the hyperbolic sine. Gradient: `g/√(x² + 1)`. */
export const asinh = unary('asinh', 'x', (g, x) => () => mul(g, rsqrt(add(square(x), 1))));

/** The inverse of the hyperbolic cosine. Gradient: `g/√(x² - 1)`. */
export const acosh = unary('acosh', 'x', (g, x) => () => mul(g, rsqrt(sub(square(x), 1))));

/** The inverse of the hyperbolic tangent. Gradient: `g/(1 - x²)`. */
export const atanh = unary('atanh', 'x', (g, x) => () => div(g, sub(1, square(x))));

/** A function that makes floats whole. Integers are that already. */
const whole = (op: 'floor' | 'ceil' | 'round' | 'trunc') => {
  const ofFloats = unary(op, '', (_g, x) => () => zerosLike(x), 'numbers');
  return (x: Tensor): Tensor => {
    checkTensor(op, x);
    return isFloat(x.dtype) || x.dtype === 'bool' ? ofFloats(x) : clone(x);
  };
};

/** The largest whole number that is not above `x`. Gradient: 0. */
export const floor = whole('floor');

/** The smallest whole number that is not below `x`. Gradient: 0. */
export const ceil = whole('ceil');

/** `x` without its fraction. Gradient: 0. */
export const trunc = whole('trunc');

const nearest = whole('round');

/**
 * The nearest whole number, or number of so many decimals (default 0): the even one of two. Gradient: 0.
 * @see https://pytorch.org/docs/stable/generated/torch.round.html
 */
export function round(x: Tensor, ...rest: Rest<[], { readonly decimals?: number }>): Tensor {
  const { decimals } = readSettings('round', rest, { decimals: 0 });
  checkInteger('round', 'decimals', decimals);
  checkTensor('round', x);
  if (decimals === 0 || !isFloat(x.dtype)) return nearest(x);
  const scale = 10 ** Math.abs(decimals);
  return decimals > 0 ? div(nearest(mul(x, scale)), scale) : mul(nearest(div(x, scale)), scale);
}

/** `x - trunc(x)`. Gradient: `g`. */
export function frac(x: Tensor): Tensor {
  checkTensor('frac', x);
  checkNumbers('frac', x);
  return sub(x, trunc(x));
}

/** From degrees to radians: `x·π/180`. Gradient: `g·π/180`. */
export function deg2rad(x: Tensor): Tensor {
  checkTensor('deg2rad', x);
  return mul(toFloat(x), Math.PI / 180);
}

/** From radians to degrees: `x·180/π`. Gradient: `g·180/π`. */
export function rad2deg(x: Tensor): Tensor {
  checkTensor('rad2deg', x);
  return mul(toFloat(x), 180 / Math.PI);
}

/**
 * `sin(πx) / (πx)`, and 1 for 0. Gradient: `g·(πx·cos πx - sin πx) / (πx²)`, and 0 at 0; its own gradient is `-π²/3` there,
 * where PyTorch has 0.
 * @see https://pytorch.org/docs/stable/generated/torch.sinc.html
 */
export function sinc(input: Tensor): Tensor {
  checkTensor('sinc', input);
  const x = toFloat(input);
  const y = noGrad(() => {
    const isZero = eq(x, 0);
    const angle = mul(where(isZero, 1, x), Math.PI);
    return where(isZero, 1, div(sin(angle), angle));
  });
  return track('sinc', y, [x], [x], (g) => [() => mul(g, sincSlope(x))]);
}

/** `(-1)ᵏ·2k/(2k + 1)!` for k from 1 on: the derivative of sin a / a, over a, in powers of a². */
const SINC_SLOPE = Array.from({ length: 11 }, (_, i) => {
  let factorial = 1;
  for (let n = 2; n <= 2 * i + 3; n++) factorial *= n;
  return ((i % 2 === 0 ? -2 : 2) * (i + 1)) / factorial;
});

const sincSlope = (x: Tensor): Tensor =>
  nearZero(
    x,
    1 / Math.PI,
    (near) => mul(mul(near, Math.PI ** 2), series(square(mul(near, Math.PI)), SINC_SLOPE)),
    (far) => {
      const angle = mul(far, Math.PI);
      return div(sub(cos(angle), div(sin(angle), angle)), far);
    },
  );

/** `x·2ᵉ`. Gradients: `g·2ᵉ`, `g·y·ln 2`. @see https://pytorch.org/docs/stable/generated/torch.ldexp.html */
export const ldexp = (x: Tensor, exponent: Tensor): Tensor => {
  checkTensor('ldexp', x);
  checkTensor('ldexp', exponent, 'exponent');
  return mul(x, exp2(exponent));
};

/**
 * The angle of the point (b, a), from -π to π. Gradients: `g·b / (a² + b²)`, `-g·a / (a² + b²)`.
 * @see https://pytorch.org/docs/stable/generated/torch.atan2.html
 */
export const atan2 = binary(
  'atan2',
  'ab',
  (g, a, b) => {
    const inverse = (): Tensor => reciprocal(add(square(a), square(b)));
    return [() => mul(g, mul(b, inverse())), () => neg(mul(g, mul(a, inverse())))];
  },
  'floats',
);

/** `√(a² + b²)`, without overflow. Gradients: `g·a/y`, `g·b/y`. */
export const hypot = binary(
  'hypot',
  'ab',
  (g, a, b) => [() => mul(g, div(a, hypot(a, b))), () => mul(g, div(b, hypot(a, b)))],
  'floats',
);

/** A logarithm of the sum of powers, without overflow, from the power and the logarithm of 1 + x. */
const addedLogs =
  (op: string, power: (x: Tensor) => Tensor, logOfOnePlus: (x: Tensor) => Tensor) =>
  (first: TensorLike, second: TensorLike): Tensor => {
    const [a, b] = meetInFloats(op, first, second);
    const y = noGrad(() => {
      // The difference of an infinity and itself is none.
      const gap = where(eq(a, b), 0, sub(a, b));
      return add(maximum(a, b), logOfOnePlus(power(neg(abs(gap)))));
    });
    return track(op, y, [a, b], [a, b], (g) => [
      () => unbroadcast(div(g, add(power(sub(b, a)), 1)), a.shape),
      () => unbroadcast(div(g, add(power(sub(a, b)), 1)), b.shape),
    ]);
  };

/** `ln(eᵃ + eᵇ)`, without overflow. Gradients: `g / (1 + eᵇ⁻ᵃ)`, `g / (1 + eᵃ⁻ᵇ)`. */
export const logaddexp = addedLogs('logaddexp', exp, log1p);

/** `log₂(2ᵃ + 2ᵇ)`, without overflow. Gradients: `g / (1 + 2ᵇ⁻ᵃ)`, `g / (1 + 2ᵃ⁻ᵇ)`. */
export const logaddexp2 = addedLogs('logaddexp2', exp2, (x) => div(log1p(x), Math.LN2));

/**
 * `aᵇ` in float64, whatever comes. Gradients as those of {@link pow}.
 * @see https://pytorch.org/docs/stable/generated/torch.float_power.html
 */
export function floatPower(first: TensorLike, second: TensorLike): Tensor {
  const [a, b] = meet('floatPower', first, second);
  return pow(cast(a, 'float64'), cast(b, 'float64'));
}
