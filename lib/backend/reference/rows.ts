import type { TypedArray } from '../../dtype.js';
import type { Operand, ScanOp } from '../contract.js';

// Along rows, which lie one after the other.

/** Calls `body` with where each row of `x` starts in the storages of the operands. */
function forRows(operands: readonly Operand[], body: (...starts: number[]) => void): void {
  const [rows, length] = operands[0].shape;
  for (let row = 0; row < rows; row++) body(...operands.map(({ offset }) => offset + row * length));
}

export function scan(op: ScanOp, x: Operand, out: Operand, index: Operand | null): void {
  const [from, to, positions] = [x.storage.array, out.storage.array, index?.storage.array];
  const n = x.shape[1];
  forRows(index ? [x, out, index] : [x, out], (i, o, k) => {
    if (op === 'sum' || op === 'prod') {
      // Sums and products of int32 wrap around, and so would those of float64 not.
      const isInt = x.dtype === 'int32';
      let total = op === 'sum' ? 0 : 1;
      for (let j = 0; j < n; j++) {
        const next = from[i + j];
        if (op === 'sum') total = isInt ? (total + next) | 0 : total + next;
        else
          total = isInt ? Math.imul(total, next) : x.dtype === 'uint8' ? (total * next) & 255 : total * next;
        to[o + j] = total;
      }
      return;
    }
    let best = i;
    for (let j = i; j < i + n; j++) {
      const isBetter = op === 'max' ? from[j] >= from[best] : from[j] <= from[best];
      if (Number.isNaN(from[j]) || (!Number.isNaN(from[best]) && isBetter)) best = j;
      to[o + j - i] = from[best];
      if (positions) positions[k + j - i] = best - i;
    }
  });
}

/** NaN is larger than everything. Equal elements stay in their order. */
export function sort(x: Operand, descending: boolean, out: Operand, index: Operand): void {
  const [from, to, positions]: TypedArray[] = [x.storage.array, out.storage.array, index.storage.array];
  const n = x.shape[1];
  const isLess = (a: number, b: number): boolean => a < b || (Number.isNaN(b) && !Number.isNaN(a));
  const compare = (a: number, b: number): number => (isLess(a, b) ? -1 : isLess(b, a) ? 1 : 0);
  forRows([x, out, index], (i, o, k) => {
    const order = Array.from({ length: n }, (_, j) => j);
    order.sort((a, b) =>
      descending ? compare(from[i + b], from[i + a]) : compare(from[i + a], from[i + b]),
    );
    order.forEach((j, at) => {
      to[o + at] = from[i + j];
      positions[k + at] = j;
    });
  });
}
