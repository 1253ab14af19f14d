import { backend } from '../backend/select.js';
import { checkFits } from '../dtype.js';
import { describe, rangeError, typeError } from '../errors.js';
import { broadcastShapes } from '../shape.js';
import { checkTensor, empty, emptyLike, type Tensor } from '../tensor.js';
import { clone, unbroadcast } from './broadcast.js';
import { zerosLike } from './create.js';
import { binary, compare, unary } from './elementwise.js';
import { cast, checkOptions, checkScalar, meet, scalar, track, type TensorLike } from './primitive.js';

/** `a + b`. Booleans: or. Gradients: `g`, `g`. @see https://pytorch.org/docs/stable/generated/torch.add.html */
export const add = binary('add', '', (g) => [() => g, () => g]);

/** `a - b`. Gradients: `g`, `-g`. Not for booleans. @see https://pytorch.org/docs/stable/generated/torch.sub.html */
export const sub = binary('sub', '', (g) => [() => g, () => neg(g)], 'numbers');

/** `a · b`. Booleans: and. Gradients: `g·b`, `g·a`. @see https://pytorch.org/docs/stable/generated/torch.mul.html */
export const mul = binary('mul', 'ab', (g, a, b) => [() => mul(g, b), () => mul(g, a)]);

/**
 * `a / b`, always in floats. Gradients: `g/b`, `-g·a/b²`.
 * @see https://pytorch.org/docs/stable/generated/torch.div.html
 */
export const div = binary(
  'div',
  'ab',
  (g, a, b) => [() => div(g, b), () => neg(mul(g, div(div(a, b), b)))],
  'floats',
);

/**
 * `aᵇ`, in floats. Gradients: `g·b·aᵇ⁻¹`, and 0 for `b = 0`; `g·aᵇ·ln a`, and 0 for `a = 0`, `b ≥ 0`.
 * @see https://pytorch.org/docs/stable/generated/torch.pow.html
 */
export const pow = binary(
  'pow',
  'ab',
  (g, a, b) => [
    () => {
      // For b = 0 the factor b makes it 0, but where a⁻¹ is not finite: that must not come up, in no derivative.
      const polar = mul(eq(b, 0), ne(mul(b, reciprocal(a)), 0));
      return mul(g, mul(b, where(polar, 0, pow(a, where(polar, 0, sub(b, 1))))));
    },
    () => mul(g, mul(pow(a, b), log(where(mul(eq(a, 0), ge(b, 0)), 1, a)))),
  ],
  'floats',
);

/** The larger of `a` and `b`, NaN if either is. Gradient: to the larger; half to each where equal, all where NaN. */
export const maximum = binary('maximum', 'ab', (g, a, b) => [
  () => share(g, lt(a, b), eq(a, b)),
  () => share(g, lt(b, a), eq(a, b)),
]);

/** The smaller of `a` and `b`, NaN if either is. Gradient: to the smaller; half to each where equal, all where NaN. */
export const minimum = binary('minimum', 'ab', (g, a, b) => [
  () => share(g, gt(a, b), eq(a, b)),
  () => share(g, gt(b, a), eq(a, b)),
]);

/** What an operand gets of `g`: nothing where it lost, half where it is equal. */
const share = (g: Tensor, lost: Tensor, equal: Tensor): Tensor =>
  where(lost, 0, where(equal, mul(g, 0.5), g));

/** `-x`. Gradient: `-g`. */
export const neg = unary('neg', '', (g) => () => neg(g), 'numbers');

/** `|x|`. Gradient: `g·sign x`, 0 at 0. */
export const abs = unary('abs', 'x', (g, x) => () => mul(g, signOf(x)), 'numbers');

const signOf = unary('sign', '', (_g, x) => () => zerosLike(x), 'numbers');

/** -1, 0 or 1; 0 of NaN, and of booleans what they are. Gradient: 0. */
export function sign(x: Tensor): Tensor {
  checkTensor('sign', x);
  return x.dtype === 'bool' ? clone(x) : signOf(x);
}

/** `x²`. Gradient: `2·g·x`. */
export const square = unary('square', 'x', (g, x) => () => mul(g, mul(x, 2)), 'numbers');

/** `eˣ`. Gradient: `g·eˣ`. */
export const exp = unary('exp', 'y', (g, _x, y) => () => mul(g, y));

/** The natural logarithm. Gradient: `g/x`. */
export const log = unary('log', 'x', (g, x) => () => div(g, x));

/** The square root. Gradient: `g / (2√x)`. */
export const sqrt = unary('sqrt', 'y', (g, _x, y) => () => div(g, mul(y, 2)));

/** `1/x`. Gradient: `-g/x²`. */
export const reciprocal = unary('reciprocal', 'y', (g, _x, y) => () => neg(mul(g, square(y))));

/** `max(x, 0)`, NaN for NaN. Gradient: 0 where `x ≤ 0`, else `g`. */
export const relu = unary('relu', 'y', (g, _x, y) => () => reluGrad(g, y), 'numbers');

/** The hyperbolic tangent. Gradient: `g·(1 - tanh²x)`. */
export const tanh = unary('tanh', 'y', (g, _x, y) => () => tanhGrad(g, y));

/** The logistic function `1 / (1 + e⁻ˣ)`. Gradient: `g·y·(1 - y)`. */
export const sigmoid = unary('sigmoid', 'y', (g, _x, y) => () => sigmoidGrad(g, y));

/** The error function `2/√π · ∫₀ˣ exp(-t²) dt`. Gradient: `g · 2/√π · exp(-x²)`. */
export const erf = unary(
  'erf',
  'x',
  (g, x) => () => mul(g, mul(exp(neg(square(x))), 2 / Math.sqrt(Math.PI))),
);

/** `x · sigmoid(x)`, also called swish. Gradient: `g·s·(1 + x·(1 - s))` with `s = sigmoid(x)`. */
export const silu = unary('silu', 'x', (g, x) => () => siluGrad(g, x));

/** `log(1 + eˣ)`, without overflow: `softplus` that is nowhere cut to a line. Gradient: `g·sigmoid(x)`. */
export const softplusOf = unary('softplus', 'x', (g, x) => () => mul(g, sigmoid(x)));

const geluExact = unary('gelu', 'x', (g, x) => () => geluGrad(g, x));
const geluTanh = unary('geluTanh', 'x', (g, x) => () => geluTanhGrad(g, x), 'floats', 'gelu');

/**
 * `x · Φ(x)`, with the cumulative distribution function Φ of the standard normal distribution.
 * `approximate: 'tanh'` is `x/2 · (1 + tanh u)` with `u = √(2/π)·(x + 0.044715·x³)`. Default `'none'`: as it is.
 * Gradient: `g·(Φ(x) + x·φ(x))` with the density φ; or that of the approximation.
 * @throws RangeError for another `approximate`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.gelu.html
 */
export function gelu(x: Tensor, options: { readonly approximate?: 'none' | 'tanh' } = {}): Tensor {
  return readApproximate('gelu', options) === 'tanh' ? geluTanh(x) : geluExact(x);
}

/** The option of {@link gelu}, checked. */
export function readApproximate(
  op: string,
  options: { readonly approximate?: 'none' | 'tanh' },
): 'none' | 'tanh' {
  checkOptions(op, options, ['approximate']);
  const { approximate = 'none' } = options;
  if (approximate !== 'none' && approximate !== 'tanh')
    rangeError(op, `approximate: expected 'none' or 'tanh', got ${describe(approximate)}`);
  return approximate;
}

// The gradients of the activations are ops of one pass, with gradients of their own, linear in `g`.
const reluGrad = binary('reluGrad', 'b', (h, _g, y) => [() => reluGrad(h, y), () => zerosLike(y)]);
const tanhGrad = binary('tanhGrad', 'ab', (h, g, y) => [
  () => tanhGrad(h, y),
  () => mul(mul(h, g), mul(y, -2)),
]);
const sigmoidGrad = binary('sigmoidGrad', 'ab', (h, g, y) => [
  () => sigmoidGrad(h, y),
  () => mul(mul(h, g), sub(1, mul(y, 2))),
]);

const siluGrad = binary('siluGrad', 'ab', (h, g, x) => [
  () => siluGrad(h, x),
  () => {
    const s = sigmoid(x);
    const slope = mul(s, sub(1, s));
    return mul(mul(h, g), mul(slope, add(2, mul(x, sub(1, mul(s, 2))))));
  },
]);
const geluGrad = binary('geluGrad', 'ab', (h, g, x) => [
  () => geluGrad(h, x),
  () => {
    const density = mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return mul(mul(h, g), mul(density, sub(2, square(x))));
  },
]);
const geluTanhGrad = binary('geluTanhGrad', 'ab', (h, g, x) => [
  () => geluTanhGrad(h, x),
  () => {
    // Of (1 + t + x·t')/2, with t = tanh u: t' + x·t''/2, where t' = (1 - t²)·u' and t'' = (1 - t²)·(u'' - 2·t·u'²).
    const [root, cubic] = [Math.sqrt(2 / Math.PI), 0.044715];
    const t = tanh(mul(mul(x, add(1, mul(square(x), cubic))), root));
    const first = mul(add(1, mul(square(x), 3 * cubic)), root);
    const second = mul(x, 6 * cubic * root);
    const bend = sub(second, mul(mul(t, 2), square(first)));
    return mul(mul(h, g), mul(sub(1, square(t)), add(first, mul(mul(x, bend), 0.5))));
  },
]);

/** `a = b`, as bool. No gradient. */
export const eq = compare('eq');
/** `a ≠ b`, as bool. No gradient. */
export const ne = compare('ne');
/** `a < b`, as bool. No gradient. */
export const lt = compare('lt');
/** `a ≤ b`, as bool. No gradient. */
export const le = compare('le');
/** `a > b`, as bool. No gradient. */
export const gt = compare('gt');
/** `a ≥ b`, as bool. No gradient. */
export const ge = compare('ge');

/** Not `x`, as bool; numbers count as `x ≠ 0`. No gradient. */
export function logicalNot(x: Tensor): Tensor {
  checkTensor('logicalNot', x);
  const y = emptyLike(x, 'bool');
  backend.unary('logicalNot', cast(x, 'bool'), y);
  return y;
}

/**
 * `a` where `condition` holds, else `b`; all three broadcast.
 * Gradients: `g` where the side was taken, else 0.
 * @throws TypeError when `condition` is not a bool tensor.
 * @see https://pytorch.org/docs/stable/generated/torch.where.html
 */
export function where(condition: Tensor, first: TensorLike, second: TensorLike): Tensor {
  checkTensor('where', condition, 'condition');
  if (condition.dtype !== 'bool')
    typeError('where', `condition: expected a bool tensor, got ${condition.dtype}`);
  const [a, b] =
    typeof first === 'object' || typeof second === 'object'
      ? meet('where', first, second)
      : twoScalars(first, second);
  const shape = broadcastShapes('where', condition.shape, broadcastShapes('where', a.shape, b.shape));
  const y = empty(shape, a.dtype);
  backend.where(condition, a, b, y);
  return track('where', y, [a, b], [condition], (g) => [
    () => unbroadcast(where(condition, g, 0), a.shape),
    () => unbroadcast(where(condition, 0, g), b.shape),
  ]);
}

/** Two plain numbers: float32, unless both are whole numbers or booleans. */
function twoScalars(a: number | boolean, b: number | boolean): [Tensor, Tensor] {
  checkScalar('where', a);
  checkScalar('where', b);
  const isBool = typeof a === 'boolean' && typeof b === 'boolean';
  const dtype = isBool
    ? 'bool'
    : Number.isInteger(Number(a)) && Number.isInteger(Number(b))
      ? 'int32'
      : 'float32';
  checkFits('where', dtype, Number(a));
  checkFits('where', dtype, Number(b));
  return [scalar(a, dtype), scalar(b, dtype)];
}
