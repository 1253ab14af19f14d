import { noGrad } from '../grad-mode.js';
import { checkTensor, type Tensor } from '../tensor.js';
import { exp2, floor, log2 } from './elementary.js';
import { abs, add, eq, ge, gt, lt, mul, neg, sub, where } from './pointwise.js';
import { zerosLike } from './create.js';
import { cast, toFloat, track } from './primitive.js';

// Parts of numbers: exponents, and what complex numbers have, of real ones.

/**
 * The angle of each number in the complex plane: 0, π where it is negative, NaN of NaN. Gradient: 0.
 * @see https://pytorch.org/docs/stable/generated/torch.angle.html
 */
export function angle(input: Tensor): Tensor {
  checkTensor('angle', input);
  const x = toFloat(input);
  const y = noGrad(() => where(lt(x, 0), Math.PI, where(eq(x, x), 0, x)));
  return track('angle', y, [x], [], () => [() => zerosLike(x)]);
}

const itself =
  (op: string) =>
  (x: Tensor): Tensor => {
    checkTensor(op, x);
    return x;
  };

/** The real part: `x` itself. */
export const real = itself('real');
/** The complex conjugate: `x` itself, as numbers are real. */
export const conj = itself('conj');
/** As {@link conj}. */
export const conjPhysical = itself('conjPhysical');
/** As {@link conj}. */
export const resolveConj = itself('resolveConj');
/** `x` itself. */
export const resolveNeg = itself('resolveNeg');

/** What a float is made of. */
export interface MantissaAndExponent {
  readonly mantissa: Tensor;
  readonly exponent: Tensor;
}

/** `x·2ᵉ` in two steps: one alone may be out of range. */
function scaled(x: Tensor, exponent: Tensor): Tensor {
  const half = floor(mul(exponent, 0.5));
  return mul(mul(x, exp2(half)), exp2(sub(exponent, half)));
}

/**
 * The mantissa of each number, from ½ up to 1 in size, and the exponent (int32), so that `x = mantissa·2ᵉ`. Of 0, NaN and
 * infinities: themselves, and 0. Gradient of the mantissa: `g/2ᵉ`.
 * @see https://pytorch.org/docs/stable/generated/torch.frexp.html
 */
export function frexp(input: Tensor): MantissaAndExponent {
  checkTensor('frexp', input);
  const x = toFloat(input);
  const [mantissa, exponent] = noGrad(() => {
    const size = abs(x);
    const isPlain = mul(gt(size, 0), lt(size, Infinity));
    const plain = where(isPlain, size, 0.5);
    // The logarithm may be rounded to the next whole number.
    const guess = add(floor(log2(plain)), 1);
    const found = scaled(plain, neg(guess));
    const exact = add(guess, sub(cast(ge(found, 1), x.dtype), cast(lt(found, 0.5), x.dtype)));
    return [where(isPlain, scaled(x, neg(exact)), x), where(isPlain, exact, 0)];
  });
  const tracked = track('frexp', mantissa, [x], [], (g) => [() => mul(g, exp2(neg(exponent)))]);
  return { mantissa: tracked, exponent: cast(exponent, 'int32') };
}
