import { checkFits, isFloat } from '../dtype.js';
import { shapeError, typeError } from '../errors.js';
import { formatShape } from '../shape.js';
import { checkTensor, Tensor } from '../tensor.js';
import { readAll, readSettings, type Args, type Rest } from './arguments.js';
import { noGrad } from '../grad-mode.js';
import { binary, checkNumbers, unary } from './elementwise.js';
import { abs, add, div, eq, gt, le, logicalNot, lt, mul, ne, sub, where } from './pointwise.js';
import { zerosLike } from './create.js';
import { cast, checkScalar, meet, scalar, type TensorLike } from './primitive.js';
import { copysign, remainder } from './arithmetic.js';

// Questions and bits: results without gradients.

/** Whether elements are NaN. */
export const isnan = (x: Tensor): Tensor => (checkTensor('isnan', x), ne(x, x));

/** Whether elements are ∞ or -∞. */
export const isinf = (x: Tensor): Tensor => ofFloats('isinf', x, () => eq(abs(x), Infinity));

/** Whether elements are ∞. */
export const isposinf = (x: Tensor): Tensor => ofFloats('isposinf', x, () => eq(x, Infinity));

/** Whether elements are -∞. */
export const isneginf = (x: Tensor): Tensor => ofFloats('isneginf', x, () => eq(x, -Infinity));

/** Whether elements are neither infinite nor NaN. */
export function isfinite(x: Tensor): Tensor {
  checkTensor('isfinite', x);
  return isFloat(x.dtype) ? noGrad(() => lt(abs(x), Infinity)) : eq(x, x);
}

/** Whether elements are real numbers, as all are here. */
export const isreal = (x: Tensor): Tensor => (checkTensor('isreal', x), logicalNot(zerosLike(x)));

/** Whether elements are negative, -0 included. */
export const signbit = (x: Tensor): Tensor =>
  ofFloats(
    'signbit',
    x,
    () => lt(copysign(1, x), 0),
    () => (x.dtype === 'bool' ? zerosLike(x) : lt(x, 0)),
  );

/** A question about floats; integers answer no. */
function ofFloats(
  op: string,
  x: Tensor,
  answer: () => Tensor,
  ofIntegers = (): Tensor => cast(zerosLike(x), 'bool'),
): Tensor {
  checkTensor(op, x);
  return isFloat(x.dtype) ? noGrad(answer) : ofIntegers();
}

/** What two operands have in common as booleans: numbers count as `x ≠ 0`. */
const asBools = (op: string, a: TensorLike, b: TensorLike): [Tensor, Tensor] => {
  const [x, y] = meet(op, a, b);
  return [cast(x, 'bool'), cast(y, 'bool')];
};

/** `a` and `b`, as bool. */
export const logicalAnd = (a: TensorLike, b: TensorLike): Tensor => mul(...asBools('logicalAnd', a, b));

/** `a` or `b`, as bool. */
export const logicalOr = (a: TensorLike, b: TensorLike): Tensor => add(...asBools('logicalOr', a, b));

/** Either `a` or `b`, as bool. */
export const logicalXor = (a: TensorLike, b: TensorLike): Tensor => ne(...asBools('logicalXor', a, b));

const none = (_g: Tensor, a: Tensor, b: Tensor): [() => Tensor, () => Tensor] => [
  () => zerosLike(a),
  () => zerosLike(b),
];

const notBits = unary('bitwiseNot', '', (_g, x) => () => zerosLike(x), 'integers');

/** The bits that `x` has not; of booleans the other one. */
export const bitwiseNot = (x: Tensor): Tensor => {
  checkTensor('bitwiseNot', x);
  return x.dtype === 'bool' ? logicalNot(x) : notBits(x);
};

/** The bits that both have. */
export const bitwiseAnd = binary('bitwiseAnd', '', none, 'bits');

/** The bits that one of both has. */
export const bitwiseOr = binary('bitwiseOr', '', none, 'bits');

/** The bits that only one of both has. */
export const bitwiseXor = binary('bitwiseXor', '', none, 'bits');

/** `a·2ᵇ` of integers, without the bits that do not fit. */
export const bitwiseLeftShift = binary('bitwiseLeftShift', '', none, 'integers');

/** `⌊a / 2ᵇ⌋` of integers. */
export const bitwiseRightShift = binary('bitwiseRightShift', '', none, 'integers');

/** The greatest common divisor of integers; 0 of zeros. */
export const gcd = binary('gcd', '', none, 'integers');

/** The least common multiple of integers; 0 where one of them is. */
export function lcm(first: TensorLike, second: TensorLike): Tensor {
  checkNumbers('lcm', first, second);
  const [a, b] = meet('lcm', first, second);
  if (isFloat(a.dtype)) typeError('lcm', `expected integers, got a ${a.dtype} tensor`);
  const divisor = gcd(a, b);
  const part = sub(a, remainder(a, where(eq(divisor, 0), 1, divisor)));
  return abs(mul(quotient(part, divisor), b));
}

/** Of integers that divide each other: in float64, which has room for all of them. */
const quotient = (a: Tensor, b: Tensor): Tensor =>
  cast(div(cast(a, 'float64'), cast(where(eq(b, 0), 1, b), 'float64')), a.dtype);

/**
 * 0 where `x` is negative, 1 where it is positive, `values` where it is 0. No gradient.
 * @see https://pytorch.org/docs/stable/generated/torch.heaviside.html
 */
export function heaviside(x: Tensor, values: TensorLike): Tensor {
  const [a, b] = meet('heaviside', x, values);
  return noGrad(() => where(eq(a, 0), b, cast(gt(a, 0), a.dtype)));
}

/** A number or tensor in the dtype of `x`, which what is put into it does not change. */
function valueFor(op: string, x: Tensor, value: TensorLike): Tensor {
  if (value instanceof Tensor) return cast(value, x.dtype);
  checkScalar(op, value);
  checkFits(op, x.dtype, Number(value));
  return scalar(x.dtype === 'bool' ? Number(value) !== 0 : value, x.dtype);
}

/** `x` with `value` where `mask` (bool, of a shape that broadcasts) holds. Gradients: `g` where each is the result. */
export function maskedFill(x: Tensor, mask: Tensor, value: TensorLike): Tensor {
  checkTensor('maskedFill', x);
  checkTensor('maskedFill', mask, 'mask');
  return where(mask, valueFor('maskedFill', x, value), x);
}

/**
 * A tensor of the shape and dtype of `x` in which every element is `value`, a number or a 0-d tensor. Gradients: 0 for `x`,
 * the sum of `g` for the value.
 * @throws ShapeError for a value with dimensions.
 */
export function fill(x: Tensor, ...args: Args<[value: TensorLike], { readonly value: TensorLike }>): Tensor {
  checkTensor('fill', x);
  const [value] = readAll<[TensorLike]>('fill', args, ['value']);
  if (typeof value === 'object' && value.ndim > 0)
    shapeError('fill', `value: expected a number or a 0-d tensor, got shape ${formatShape(value.shape)}`);
  return where(scalar(true, 'bool'), valueFor('fill', x, value), x);
}

/** How near is near enough for {@link isclose}. */
export interface CloseOptions {
  /** Relative to `b`. Default 1e-5. */
  readonly rtol?: number;
  /** Default 1e-8. */
  readonly atol?: number;
  /** Whether NaN is close to NaN. Default false. */
  readonly equalNan?: boolean;
}

/**
 * Whether `|a - b| ≤ atol + rtol·|b|`, or both are the same.
 * @see https://pytorch.org/docs/stable/generated/torch.isclose.html
 */
export function isclose(
  a: Tensor,
  b: Tensor,
  ...rest: Rest<[rtol: number, atol: number, equalNan: boolean], CloseOptions>
): Tensor {
  const { rtol, atol, equalNan } = readSettings('isclose', rest, { rtol: 1e-5, atol: 1e-8, equalNan: false });
  const [x, y] = meet('isclose', a, b).map((one) => (one.dtype === 'float32' ? one : cast(one, 'float64')));
  return noGrad(() => {
    const gap = abs(sub(x, y));
    const near = mul(le(gap, add(mul(abs(y), rtol), atol)), isfinite(gap));
    const close = add(eq(x, y), near);
    return equalNan ? add(close, mul(isnan(x), isnan(y))) : close;
  });
}

/** Whether all elements are close: {@link isclose}. Waits for the values. */
export function allclose(
  a: Tensor,
  b: Tensor,
  ...rest: Rest<[rtol: number, atol: number, equalNan: boolean], CloseOptions>
): boolean {
  return isclose(a, b, ...rest)
    .toArray()
    .every(Boolean);
}

/** Whether two tensors have the same shape and elements. Waits for the values. */
export function equal(a: Tensor, b: Tensor): boolean {
  checkTensor('equal', a);
  checkTensor('equal', b, 'other');
  return a.shape.join() === b.shape.join() && eq(a, b).toArray().every(Boolean);
}
