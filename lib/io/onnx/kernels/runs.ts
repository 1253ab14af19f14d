import type { TypedArray } from '../../../dtype.js';
import type { Builder, Value } from '../builder.js';
import type { View } from '../merge.js';
import { constant } from '../proto.js';
import type { Scribe } from '../scribe.js';
import { fixed, ONE, type Size } from '../sizes.js';

/** Windows that follow each other at the same distance, and have the same weights. */
interface Regular {
  readonly weights: readonly number[];
  readonly stride: number;
  readonly before: number;
  readonly after: number;
}

/** So many times longer than their windows rows are where looking up single neighbours is less work than a matrix. */
const FEW = 4;

/** A window: where it begins, how many elements it has, and where their weights are. */
type Run = readonly [start: number, count: number, first: number];

/** Weighted sums of neighbours: a convolution where they are regular, else looked up one by one, or a product with a matrix. */
export function weightedRuns(
  { builder, memory }: Scribe,
  x: View,
  runs: View,
  weights: View,
  out: View,
): void {
  const [rows, length] = [out.shape[1], x.shape[1]];
  if (rows.isBatch || length.isBatch || runs.values === null || weights.values === null)
    return builder.fail('weighted sums along the batch');
  const [table, numbers] = [runs.values[0], weights.values[0]];
  const list = Array.from({ length: rows.times }, (_, row): Run => [table[3 * row], table[3 * row + 1], table[3 * row + 2]]); // prettier-ignore
  const value = memory.read(x);
  const regular = regularOf(list, numbers, length.times);
  const most = Math.max(...list.map(([, count]) => count));
  const result =
    regular !== null
      ? convolved(builder, value, regular, rows)
      : FEW * most < length.times
        ? lookedUp(builder, value, list, numbers)
        : multiplied(builder, value, list, numbers);
  memory.write(out, result);
}

function convolved(
  builder: Builder,
  x: Value,
  { weights, stride, before, after }: Regular,
  rows: Size,
): Value {
  const [outer, length, inner] = x.shape;
  const size = weights.length;
  const kernel = builder.constant(constant(x.dtype, [1, 1, size, 1], weights));
  const image = builder.reshape(x, [outer, ONE, length, inner]);
  const attributes = { kernel_shape: [size, 1], strides: [stride, 1], pads: [before, 0, after, 0] };
  return builder.node('Conv', [image, kernel], [outer, ONE, rows, inner], attributes);
}

/** The first neighbours of all places, plus the second ones, and so on. */
function lookedUp(builder: Builder, x: Value, runs: readonly Run[], numbers: TypedArray): Value {
  const [outer, , inner] = x.shape;
  const shape = [outer, fixed(runs.length), inner];
  const most = Math.max(1, ...runs.map(([, count]) => count));
  const terms = Array.from({ length: most }, (_, k) => {
    const at = runs.map(([start, count]) => start + Math.max(0, Math.min(k, count - 1)));
    const factors = runs.map(([, count, first]) => (k < count ? numbers[first + k] : 0));
    const index = builder.constant(constant('int64', [runs.length], at));
    const neighbours = builder.node('Gather', [x, index], shape, { axis: 1 });
    const column = builder.constant(constant(x.dtype, [runs.length, 1], factors));
    return builder.pointwise('Mul', [neighbours, column]);
  });
  return terms.reduce((sum, term) => builder.pointwise('Add', [sum, term]));
}

function multiplied(builder: Builder, x: Value, runs: readonly Run[], numbers: TypedArray): Value {
  const [outer, { times: length }, inner] = x.shape;
  const matrix = new Float64Array(runs.length * length);
  for (const [row, [start, count, first]] of runs.entries())
    for (let k = 0; k < count; k++) matrix[row * length + start + k] += numbers[first + k];
  const left = builder.constant(constant(x.dtype, [runs.length, length], matrix));
  return builder.node('MatMul', [left, x], [outer, fixed(runs.length), inner]);
}

/** What windows have in common that follow each other at the same distance; null where they do not. */
function regularOf(runs: readonly Run[], numbers: TypedArray, length: number): Regular | null {
  const rows = runs.length;
  let widest = 0;
  for (const [row, run] of runs.entries()) if (run[1] > runs[widest][1]) widest = row;
  const [start, size, first] = runs[widest];
  // The distance shows between two windows that are not cut off at the beginning.
  const row = runs.slice(0, -1).findIndex(([from, count]) => from > 0 || count === size);
  if (row < 0 || size === 0 || size === length) return null;
  const stride = runs[row + 1][0] - runs[row][0];
  const before = widest * stride - start;
  if (stride < 1 || before < 0) return null;
  const weights = [...numbers.subarray(first, first + size)];
  for (const [i, [from, count, at]] of runs.entries()) {
    const begin = i * stride - before;
    if (from !== Math.max(0, begin) || from + count !== Math.min(length, begin + size)) return null;
    for (let k = 0; k < count; k++) if (numbers[at + k] !== weights[from - begin + k]) return null;
  }
  const after = Math.max(0, (rows - 1) * stride + size - before - length);
  const count = Math.floor((length + before + after - size) / stride) + 1;
  return count === rows ? { weights, stride, before, after } : null;
}
