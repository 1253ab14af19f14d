import type { TypedArray } from '../../../dtype.js';
import type { View } from '../merge.js';
import { constant } from '../proto.js';
import type { Scribe } from '../scribe.js';
import { fixed, ONE } from '../sizes.js';

/** Windows that follow each other at the same distance, and have the same weights. */
interface Regular {
  readonly weights: readonly number[];
  readonly stride: number;
  readonly before: number;
  readonly after: number;
}

/** So many times longer than their windows rows are where looking up single neighbours is less work than a matrix. */
const FEW = 4;

/** Weighted sums of neighbours: a convolution where they are regular, else a product with a matrix. */
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
  const value = memory.read(x);
  const [outer, , inner] = x.shape;
  const regular = regularOf(table, numbers, rows.times, length.times);
  if (regular !== null) {
    const { stride, before, after } = regular;
    const size = regular.weights.length;
    const kernel = builder.constant(constant(x.dtype, [1, 1, size, 1], regular.weights));
    const image = builder.reshape(value, [outer, ONE, length, inner]);
    const attributes = { kernel_shape: [size, 1], strides: [stride, 1], pads: [before, 0, after, 0] };
    memory.write(out, builder.node('Conv', [image, kernel], [outer, ONE, rows, inner], attributes));
    return;
  }
  const runAt = (row: number): TypedArray => table.subarray(3 * row, 3 * row + 3);
  const most = Math.max(...Array.from({ length: rows.times }, (_, row) => runAt(row)[1]));
  if (FEW * most < length.times) {
    // The first neighbours of all places, then the second ones, and so on.
    const shape = [outer, rows, inner];
    const terms = Array.from({ length: Math.max(1, most) }, (_, k) => {
      const runs = Array.from({ length: rows.times }, (_, row) => runAt(row));
      const at = runs.map(([start, count]) => start + Math.max(0, Math.min(k, count - 1)));
      const factors = runs.map(([, count, first]) => (k < count ? numbers[first + k] : 0));
      const index = builder.constant(constant('int64', [rows.times], at));
      const neighbours = builder.node('Gather', [value, index], shape, { axis: 1 });
      return builder.pointwise('Mul', [
        neighbours,
        builder.constant(constant(x.dtype, [rows.times, 1], factors)),
      ]);
    });
    memory.write(
      out,
      terms.reduce((sum, term) => builder.pointwise('Add', [sum, term])),
    );
    return;
  }
  const matrix = new Float64Array(rows.times * length.times);
  for (let row = 0; row < rows.times; row++) {
    const [start, count, first] = runAt(row);
    for (let k = 0; k < count; k++) matrix[row * length.times + start + k] += numbers[first + k];
  }
  const left = builder.constant(constant(x.dtype, [rows.times, length.times], matrix));
  memory.write(out, builder.node('MatMul', [left, value], [outer, fixed(rows.times), inner]));
}

function regularOf(table: TypedArray, numbers: TypedArray, rows: number, length: number): Regular | null {
  const runAt = (row: number): TypedArray => table.subarray(3 * row, 3 * row + 3);
  let widest = 0;
  for (let row = 1; row < rows; row++) if (runAt(row)[1] > runAt(widest)[1]) widest = row;
  const [start, size, first] = runAt(widest);
  // The distance shows between two windows that are not cut off at the beginning.
  const row = Array.from({ length: rows - 1 }, (_, i) => i).find(
    (i) => runAt(i)[0] > 0 || runAt(i)[1] === size,
  );
  if (row === undefined || size === 0 || size === length) return null;
  const stride = runAt(row + 1)[0] - runAt(row)[0];
  const before = widest * stride - start;
  if (stride < 1 || before < 0) return null;
  const weights = [...numbers.subarray(first, first + size)];
  for (let i = 0; i < rows; i++) {
    const [from, count, at] = runAt(i);
    const begin = i * stride - before;
    if (from !== Math.max(0, begin) || from + count !== Math.min(length, begin + size)) return null;
    for (let k = 0; k < count; k++) if (numbers[at + k] !== weights[from - begin + k]) return null;
  }
  const after = Math.max(0, (rows - 1) * stride + size - before - length);
  const count = Math.floor((length + before + after - size) / stride) + 1;
  return count === rows ? { weights, stride, before, after } : null;
}
