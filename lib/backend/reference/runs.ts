import type { Operand } from '../contract.js';

export function weightedRuns(x: Operand, runs: Operand, weights: Operand, out: Operand): void {
  const [outer, size, inner] = x.shape;
  const count = out.shape[1];
  const [from, to, run, factor] = [x, out, runs, weights].map((one) => one.storage.array);
  for (let a = 0; a < outer; a++) {
    for (let o = 0; o < count; o++) {
      const [start, length, first] = [0, 1, 2].map((i) => run[runs.offset + 3 * o + i]);
      for (let b = 0; b < inner; b++) {
        let sum = 0;
        for (let k = 0; k < length; k++)
          sum += factor[weights.offset + first + k] * from[x.offset + (a * size + start + k) * inner + b];
        to[out.offset + (a * count + o) * inner + b] = sum;
      }
    }
  }
}
