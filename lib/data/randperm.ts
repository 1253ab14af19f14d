import { describe, rangeError } from '../errors.js';
import { fromArray, rand } from '../ops/create.js';
import type { Tensor } from '../tensor.js';

/** An int32 cannot count further. */
const MAX_LENGTH = 2 ** 31 - 1;

/**
 * The whole numbers from 0 to `n - 1` in a random order, as int32. All orders are equally likely, and the same seed
 * gives the same order on every backend and number of threads.
 * @see https://pytorch.org/docs/stable/generated/torch.randperm.html
 */
export function randperm(n: number): Tensor {
  if (typeof n !== 'number' || !Number.isInteger(n) || n < 0 || n > MAX_LENGTH)
    rangeError('randperm', `n: expected a whole number from 0 to ${MAX_LENGTH}, got ${describe(n)}`);
  const uniform = rand([n], { dtype: 'float64' });
  const numbers = uniform.storage.array;

  // Fisher and Yates: each place, from the last, gets one of those that are left. 53 random bits make the bias of
  // rounding down less than n·2⁻⁵³.
  const order = new Int32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(numbers[i] * (i + 1));
    const picked = order[j];
    order[j] = order[i];
    order[i] = picked;
  }
  uniform.storage.recycle();
  // Over memory of its own: a loader keeps it through the scopes of all its batches.
  return fromArray(order);
}
