import { checkBoolean, describe, rangeError } from '../errors.js';
import { checkTensor, empty, type Tensor } from '../tensor.js';
import { randomFill } from './create.js';
import { ge, mul } from './pointwise.js';
import { cast, toFloat } from './primitive.js';

/**
 * In `training`, sets each element to 0 with probability `p` (default 0.5), by the library's generator, and multiplies the
 * others by `1 / (1 - p)`, so that sums stay what they are on average. Otherwise `x` itself.
 * Gradient: `g`, where it was not set to 0, by `1 / (1 - p)`.
 * @param training default true
 * @throws RangeError when `p` is not from 0 to 1.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.dropout.html
 */
export function dropout(input: Tensor, p = 0.5, training = true): Tensor {
  checkTensor('dropout', input);
  checkProbability('dropout', p);
  checkBoolean('dropout', 'training', training);
  const x = toFloat(input);
  if (!training || p === 0) return x;
  const kept = cast(ge(randomFill('uniform', empty(x.shape, x.dtype), 0, 1), p), x.dtype);
  return mul(x, p === 1 ? kept : mul(kept, 1 / (1 - p)));
}

export function checkProbability(op: string, p: unknown): void {
  if (typeof p !== 'number' || !(p >= 0 && p <= 1))
    rangeError(op, `p: expected a number from 0 to 1, got ${describe(p)}`);
}
