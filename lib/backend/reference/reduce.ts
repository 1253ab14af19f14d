import type { TypedArray } from '../../dtype.js';
import type { Operand, ReduceOp } from '../contract.js';
import { Walk } from './walk.js';

/**
 * Reduces the elements that make one result. They lie in rows of `length`, `step` apart; each row starts at `base`
 * plus one of `rows`.
 */
type Reducer = (x: TypedArray, base: number, rows: readonly number[], step: number, length: number) => number;

/**
 * Adding to a large sum drops the low digits of what is added. What was dropped can be computed exactly (Knuth's
 * TwoSum), so it is summed up separately: the result is as good as if added with twice the digits.
 */
const sum: Reducer = (x, base, rows, step, length) => {
  let total = 0;
  let dropped = 0;
  for (const row of rows) {
    for (let n = length, i = base + row; n > 0; n--, i += step) {
      const next = total + x[i];
      const added = next - total;
      dropped += total - (next - added) + (x[i] - added);
      total = next;
    }
  }
  // Of infinite totals nothing can be dropped: ∞ - ∞ is NaN.
  return Number.isNaN(dropped) ? total : total + dropped;
};

/** Sums of integers wrap around. */
const sumInt: Reducer = (x, base, rows, step, length) => {
  let total = 0;
  for (const row of rows)
    for (let n = length, i = base + row; n > 0; n--, i += step) total = (total + x[i]) | 0;
  return total;
};

const sumBool: Reducer = (x, base, rows, step, length) => (sumInt(x, base, rows, step, length) === 0 ? 0 : 1);

const mean: Reducer = (x, base, rows, step, length) =>
  sum(x, base, rows, step, length) / (rows.length * length);

// In all of these a NaN, once it is the best, stays: nothing compares as better. And it becomes the best by not being
// equal to itself.

const max: Reducer = (x, base, rows, step, length) => {
  let best = -Infinity;
  for (const row of rows)
    for (let n = length, i = base + row; n > 0; n--, i += step) if (x[i] > best || x[i] !== x[i]) best = x[i];
  return best;
};

const min: Reducer = (x, base, rows, step, length) => {
  let best = Infinity;
  for (const row of rows)
    for (let n = length, i = base + row; n > 0; n--, i += step) if (x[i] < best || x[i] !== x[i]) best = x[i];
  return best;
};

const argmax: Reducer = (x, base, rows, step, length) => {
  let best = x[base + rows[0]];
  let bestAt = 0;
  let at = 0;
  for (const row of rows) {
    for (let n = length, i = base + row; n > 0; n--, i += step, at++) {
      if (x[i] > best || (x[i] !== x[i] && best === best)) {
        best = x[i];
        bestAt = at;
      }
    }
  }
  return bestAt;
};

const argmin: Reducer = (x, base, rows, step, length) => {
  let best = x[base + rows[0]];
  let bestAt = 0;
  let at = 0;
  for (const row of rows) {
    for (let n = length, i = base + row; n > 0; n--, i += step, at++) {
      if (x[i] < best || (x[i] !== x[i] && best === best)) {
        best = x[i];
        bestAt = at;
      }
    }
  }
  return bestAt;
};

const REDUCERS: Record<ReduceOp, Reducer> = { sum, mean, max, min, argmax, argmin };

function reducer(op: ReduceOp, x: Operand): Reducer {
  if (op !== 'sum' || x.dtype === 'float32' || x.dtype === 'float64') return REDUCERS[op];
  return x.dtype === 'bool' ? sumBool : sumInt;
}

export function reduce(op: ReduceOp, x: Operand, dims: readonly number[], out: Operand): void {
  const reduceRow = reducer(op, x);
  const [from, to] = [x.storage.array, out.storage.array];
  const isReduced = (_: number, dim: number): boolean => dims.includes(dim);
  const isKept = (_: number, dim: number): boolean => !dims.includes(dim);

  // The same rows make up every result, only the place they start from differs.
  const inner = { offset: 0, shape: x.shape.filter(isReduced), strides: x.strides.filter(isReduced) };
  const rows: number[] = [];
  const walk = new Walk(inner.shape, [inner]);
  for (; walk.more; walk.next()) rows.push(walk.at[0]);

  const kept = { offset: x.offset, shape: x.shape.filter(isKept), strides: x.strides.filter(isKept) };
  let o = out.offset;
  for (const results = new Walk(kept.shape, [kept]); results.more; results.next())
    for (let n = results.length, base = results.at[0]; n > 0; n--, base += results.step[0])
      to[o++] = reduceRow(from, base, rows, walk.step[0], walk.length);
}
