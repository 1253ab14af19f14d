import { backend } from '../backend/select.js';
import { noGrad } from '../grad-mode.js';
import { broadcastShapes } from '../shape.js';
import { checkTensor, empty, Tensor } from '../tensor.js';
import { checkInteger, checkNumber, readArgs, type Rest } from './arguments.js';
import { clamp } from './arithmetic.js';
import { unbroadcast } from './broadcast.js';
import { log1p } from './elementary.js';
import { unary } from './elementwise.js';
import {
  abs,
  add,
  div,
  eq,
  exp,
  ge,
  gt,
  le,
  log,
  lt,
  mul,
  neg,
  reciprocal,
  sign,
  square,
  sub,
  where,
} from './pointwise.js';
import { meetInFloats, scalar, toFloat, track, type TensorLike } from './primitive.js';
import { nearZero, series } from './series.js';

// Special functions. Where a derivative is a special function again, it is one that is here.

const ROOT_PI = Math.sqrt(Math.PI);

/** `1 - erf(x)`, exact where that is small, too. Gradient: `-g · 2/√π · exp(-x²)`. */
export const erfc = unary('erfc', 'x', (g, x) => () => mul(g, mul(exp(neg(square(x))), -2 / ROOT_PI)));

/** Where erf is `x`. Gradient: `g · √π/2 · exp(y²)`. */
export const erfinv = unary('erfinv', 'y', (g, _x, y) => () => mul(g, mul(exp(square(y)), ROOT_PI / 2)));

/** `exp(x²)·erfc(x)`. Gradient: `g·(2xy - 2/√π)`. */
export const erfcx = unary('erfcx', 'x', (g, x) => () => mul(g, sub(mul(mul(x, erfcx(x)), 2), 2 / ROOT_PI)));

/** `ln |Γ(x)|`. Gradient: `g·ψ(x)`. */
export const lgamma = unary('lgamma', 'x', (g, x) => () => mul(g, digamma(x)));

/** `ψ(x)`, the derivative of `ln Γ(x)`. Gradient: `g·ψ₁(x)`. */
export const digamma = unary('digamma', 'x', (g, x) => () => mul(g, polygamma(1, x)));

/**
 * The derivative of order `n` of {@link digamma} at `x`. Also as a method, `x.polygamma(n)`. Gradient: `g·ψₙ₊₁(x)`.
 * @throws RangeError when `n` is negative or not whole.
 * @see https://pytorch.org/docs/stable/generated/torch.polygamma.html
 */
export function polygamma(n: number | Tensor, x: number | Tensor): Tensor {
  const [order, input] = n instanceof Tensor ? [x, n] : [n, x];
  checkTensor('polygamma', input);
  checkInteger('polygamma', 'n', order, 0);
  if (order === 0) return digamma(input);
  const at = toFloat(input);
  let factor = order % 2 === 0 ? -1 : 1;
  for (let k = 2; k <= order; k++) factor *= k;
  const y = noGrad(() => mul(hurwitz(scalar(order + 1, at.dtype), at), factor));
  return track('polygamma', y, [at], [at], (g) => [() => mul(g, polygamma(order + 1, at))]);
}

function hurwitz(s: Tensor, q: Tensor): Tensor {
  const out = empty(broadcastShapes('zeta', s.shape, q.shape), q.dtype);
  backend.binary('zeta', s, q, out);
  return out;
}

/**
 * Hurwitz's `ζ(x, q) = Σ (k + q)⁻ˣ`. Gradient for `q`: `-g·x·ζ(x + 1, q)`; for `x` there is none.
 * @see https://pytorch.org/docs/stable/special.html#torch.special.zeta
 */
export function zeta(first: TensorLike, second: TensorLike): Tensor {
  const [x, q] = meetInFloats('zeta', first, second);
  return track('zeta', hurwitz(x, q), [x, q], [x, q], (g) => [
    () => {
      throw new Error('[zeta] there is no gradient for the first argument');
    },
    () => unbroadcast(neg(mul(g, mul(x, zeta(add(x, 1), q)))), q.shape),
  ]);
}

/**
 * The logarithm of the multivariate gamma function of dimension `p`: `ln π·p(p-1)/4 + Σ ln Γ(x - i/2)` for i below p.
 * @see https://pytorch.org/docs/stable/special.html#torch.special.multigammaln
 */
export function mvlgamma(x: Tensor, ...rest: Rest<[p: number], { readonly p?: number }>): Tensor {
  const { p } = readArgs<{ readonly p?: number }>('mvlgamma', rest, ['p']);
  checkTensor('mvlgamma', x);
  checkInteger('mvlgamma', 'p', p, 1);
  const input = toFloat(x);
  let total = lgamma(input);
  for (let i = 1; i < p; i++) total = add(total, lgamma(sub(input, i / 2)));
  return add(total, (Math.log(Math.PI) * p * (p - 1)) / 4);
}

/** `exp(-|x|)·I₀(x)`, with the modified Bessel function of order 0. Gradient: `g·(i1e(x) - y·sign x)`. */
export const i0e = unary('i0e', 'x', (g, x) => () => mul(g, sub(i1e(x), mul(sign(x), i0e(x)))));

/** `exp(-|x|)·I₁(x)`. Gradient: `g·(i0e(x) - y·(sign x + 1/x))`, and `g/2` at 0. */
export const i1e = unary('i1e', 'x', (g, x) => () => {
  const near = (at: Tensor): Tensor => mul(exp(neg(abs(at))), i1SlopeNear(at));
  const far = (at: Tensor): Tensor => sub(i0e(at), div(i1e(at), at));
  return mul(g, sub(nearZero(x, 1, near, far), mul(sign(x), i1e(x))));
});

/** `(k + ½)/(k!·(k + 1)!)`: the derivative of `I₁` in powers of x²/4. */
const I1_SLOPE = [0.5];
for (let k = 1; k < 11; k++) I1_SLOPE.push((I1_SLOPE[k - 1] * (k + 0.5)) / ((k - 0.5) * k * (k + 1)));

const i1SlopeNear = (x: Tensor): Tensor => series(mul(square(x), 0.25), I1_SLOPE);

/** The modified Bessel function `I₀`. Gradient: `g·I₁(x)`. */
export function i0(input: Tensor): Tensor {
  checkTensor('i0', input);
  const x = toFloat(input);
  const y = noGrad(() => mul(i0e(x), exp(mul(x, sign(x)))));
  return track('i0', y, [x], [x], (g) => [() => mul(g, i1(x))]);
}

/** The modified Bessel function `I₁`. Gradient: `g·(I₀(x) - y/x)`, and `g/2` at 0. */
export function i1(input: Tensor): Tensor {
  checkTensor('i1', input);
  const x = toFloat(input);
  const y = noGrad(() => mul(i1e(x), exp(mul(x, sign(x)))));
  return track('i1', y, [x], [x], (g) => [
    () =>
      mul(
        g,
        nearZero(x, 1, i1SlopeNear, (far) => sub(i0(far), div(i1(far), far))),
      ),
  ]);
}

/** `-x·ln x`, 0 at 0, -∞ below. Gradient: `g·(-ln x - 1)`. */
export function entr(input: Tensor): Tensor {
  checkTensor('entr', input);
  const x = toFloat(input);
  const y = noGrad(() =>
    where(gt(x, 0), neg(mul(x, log(where(gt(x, 0), x, 1)))), where(lt(x, 0), -Infinity, mul(x, 0))),
  );
  return track('entr', y, [x], [x], (g) => [() => mul(g, sub(-1, log(x)))]);
}

/** The cumulative distribution function `Φ` of the standard normal distribution. Gradient: `g·φ(x)`. */
export function ndtr(x: Tensor): Tensor {
  checkTensor('ndtr', x);
  return mul(erfc(mul(toFloat(x), -Math.SQRT1_2)), 0.5);
}

/** `ln Φ(x)`, exact far below 0, too. Gradient: `g·φ(x)/Φ(x)`. */
export function logNdtr(input: Tensor): Tensor {
  checkTensor('logNdtr', input);
  const x = toFloat(input);
  const y = noGrad(() =>
    where(
      lt(x, -1),
      sub(log(mul(erfcx(mul(x, -Math.SQRT1_2)), 0.5)), mul(square(x), 0.5)),
      log1p(mul(erfc(mul(x, Math.SQRT1_2)), -0.5)),
    ),
  );
  return track('logNdtr', y, [x], [x], (g) => [() => mul(g, hazard(x))]);
}

/** `φ(x)/Φ(x)`. Gradient: `-g·y·(x + y)`, and 0 where y is. */
function hazard(x: Tensor): Tensor {
  const y = noGrad(() => reciprocal(mul(erfcx(mul(x, -Math.SQRT1_2)), Math.sqrt(Math.PI / 2))));
  return track('logNdtr', y, [x], [x, y], (g) => [
    () => {
      const ratio = hazard(x);
      // Far below 0 the two have nearly the same size, and what is left of them is a series. (7.12.1)
      const isFar = lt(x, -200);
      const inverse = reciprocal(where(isFar, neg(x), 200));
      const left = mul(inverse, series(square(inverse), [1, -2, 10, -74, 706]));
      return neg(mul(mul(g, ratio), where(isFar, left, add(where(eq(y, 0), 0, x), ratio))));
    },
  ]);
}

/** Where `Φ` is `x`. Gradient: `g/φ(y) = g · √(2π) · exp(y²/2)`. */
export const ndtri = unary(
  'ndtri',
  'y',
  (g, _x, y) => () => mul(g, mul(exp(mul(square(y), 0.5)), Math.sqrt(2 * Math.PI))),
);

/**
 * `ln(x / (1 - x))`, with `x` first {@link clamp}ed to [eps, 1 - eps] when there is an eps.
 * Gradient: `g / (x·(1 - x))`; outside [0, 1] NaN, or 0 with an eps.
 * @see https://pytorch.org/docs/stable/special.html#torch.special.logit
 */
export function logit(
  input: Tensor,
  ...rest: Rest<[eps: number | null], { readonly eps?: number | null }>
): Tensor {
  const { eps = null } = readArgs<{ readonly eps?: number | null }>('logit', rest, ['eps']);
  if (eps !== null) checkNumber('logit', 'eps', eps);
  checkTensor('logit', input);
  const x = toFloat(input);
  const isBound = eps !== null;
  const low = eps ?? 0;
  const y = noGrad(() => {
    const z = isBound ? clamp(x, low, 1 - low) : x;
    return log(div(z, sub(1, z)));
  });
  return track('logit', y, [x], [x], (g) => [
    () => {
      const within = mul(ge(x, low), le(x, 1 - low));
      const slope = mul(x, sub(1, x));
      return where(within, div(g, where(within, slope, 1)), isBound ? 0 : NaN);
    },
  ]);
}

/**
 * `x·ln y`, and 0 where `x` is 0 and `y` no NaN. Gradients: `g·ln y` (0 where `x = 0` and `y ≤ 0`), `g·x/y`.
 * @see https://pytorch.org/docs/stable/special.html#torch.special.xlogy
 */
export const xlogy = timesLog('xlogy', log, 0);

/**
 * `x·ln(1 + y)`, and 0 where `x` is 0 and `y` no NaN. Gradients: `g·ln(1 + y)` (0 where `x = 0` and `y ≤ -1`),
 * `g·x/(1 + y)`.
 * @see https://pytorch.org/docs/stable/special.html#torch.special.xlog1py
 */
export const xlog1py = timesLog('xlog1py', log1p, 1);

function timesLog(op: string, logarithm: (y: Tensor) => Tensor, shift: number) {
  const self = (first: TensorLike, second: TensorLike): Tensor => {
    const [x, y] = meetInFloats(op, first, second);
    const out = noGrad(() => where(mul(eq(x, 0), eq(y, y)), 0, mul(x, logarithm(y))));
    return track(op, out, [x, y], [x, y], (g) => [
      () => unbroadcast(where(mul(eq(x, 0), le(y, -shift)), 0, self(g, y)), x.shape),
      () => unbroadcast(mul(g, div(x, shift === 0 ? y : add(y, shift))), y.shape),
    ]);
  };
  return self;
}
