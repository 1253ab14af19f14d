import type { DType } from '../../../lib/dtype.js';
import type { Random } from './random-values.js';
import { operand, place, read, trial, type Row } from './trial.js';

/** Runs within `size`: some over nothing, some that share weights. */
function drawRuns(random: Random, size: number, count: number, weights: number): number[] {
  return Array.from({ length: count }, () => {
    const length = random.integer(0, Math.min(size, weights, random.pick([1, 2, 3, 9])));
    return [random.integer(0, size - length), length, random.integer(0, weights - length)];
  }).flat();
}

const weightedRunsRow = (dtype: DType): Row => ({
  title: `weightedRuns ${dtype}`,
  draw(random) {
    const [outer, size, count] = [random.integer(0, 4), random.integer(1, 12), random.integer(0, 12)];
    const inner = random.pick([0, 1, 1, 2, 7, 8, 16, 33, 70]);
    const values = random.values(dtype, 'tame');
    const x = operand(random, dtype, [outer, size, inner], 'contiguous', values);
    const weights = operand(random, dtype, [random.integer(0, 9)], 'contiguous', values);
    const numbers = drawRuns(random, size, count, weights.size);
    const runs = place(random, 'int32', [count, 3], [3, 1], () => 0);
    numbers.forEach((n, i) => (runs.storage.array[runs.offset + i] = n));
    const out = operand(random, dtype, [outer, count, inner], 'contiguous', values);
    const [X, W] = [read(x), read(weights)];
    const terms = Array.from({ length: outer * count * inner }, (_, i) => {
      const [a, o, b] = [Math.floor(i / inner / count), Math.floor(i / inner) % count, i % inner];
      const [start, length, first] = numbers.slice(3 * o);
      return Array.from({ length }, (_, k) => W[first + k] * X[(a * size + start + k) * inner + b]);
    });
    return trial({
      options: { numbers },
      operands: { x, runs, weights, out },
      run: (kernels, { x, runs, weights, out }) => kernels.weightedRuns(x, runs, weights, out),
      expected: {
        out: {
          values: terms.map((list) => list.reduce((a, b) => a + b, 0)),
          scale: terms.map((list) => list.reduce((a, b) => a + Math.abs(b), 0)),
        },
      },
    });
  },
});

export const runsRows = { weightedRuns: (['float32', 'float64'] as const).map(weightedRunsRow) };
