import { SCAN, type ScanOp } from '../../../lib/backend/contract.js';
import { DTYPES, isFloat, type DType } from '../../../lib/dtype.js';
import type { Random } from './random-values.js';
import { operand, read, trial, type Expectation, type Row } from './trial.js';

/** Rows that are few or many, short or long, or empty. */
const drawRows = (random: Random): [number, number] =>
  random.chance(0.1)
    ? [random.pick([0, 1, 3, 700]), random.pick([0, 1, 150])]
    : [random.integer(1, 9), random.pick([1, 2, 3, 8, 17, 65, 300])];

/** A list of rows one after the other, as rows. */
const split = (list: readonly number[], rows: number, length: number): number[][] =>
  Array.from({ length: rows }, (_, i) => list.slice(i * length, (i + 1) * length));

/** NaN is larger than everything. */
const isLess = (a: number, b: number): boolean => a < b || (Number.isNaN(b) && !Number.isNaN(a));

/** Where the extremum of a list is: of equal ones the last, and of NaN the last. */
function extremum(op: 'max' | 'min', list: readonly number[]): number {
  if (list.some(Number.isNaN)) return list.findLastIndex(Number.isNaN);
  return list.lastIndexOf(op === 'max' ? Math.max(...list) : Math.min(...list));
}

/** Sums and products of the beginnings of a list. Those of integers wrap around. */
function running(
  op: 'sum' | 'prod',
  list: readonly number[],
  dtype: DType,
): { value: number; scale: number }[] {
  return list.map((_, i) => {
    const terms = list.slice(0, i + 1);
    const wrap = (total: bigint): number =>
      dtype === 'int32' ? Number(BigInt.asIntN(32, total)) : Number(BigInt.asUintN(8, total));
    if (!isFloat(dtype)) {
      const whole = terms.map(BigInt);
      return {
        value: wrap(op === 'sum' ? whole.reduce((a, b) => a + b) : whole.reduce((a, b) => a * b)),
        scale: 0,
      };
    }
    const value = op === 'sum' ? terms.reduce((a, b) => a + b) : terms.reduce((a, b) => a * b);
    const scale = op === 'sum' ? terms.reduce((a, b) => a + Math.abs(b), 0) : Math.abs(value) * terms.length;
    return { value, scale };
  });
}

const scanRow = (op: ScanOp, dtype: DType): Row => ({
  title: `scan ${op} ${dtype}`,
  draw(random) {
    const [rows, length] = drawRows(random);
    const values = random.values(dtype, op === 'max' || op === 'min' ? 'wild' : 'tame');
    const x = operand(random, dtype, [rows, length], 'contiguous', values);
    const out = operand(random, dtype, [rows, length], 'contiguous', values);
    const index = random.chance(0.5) ? operand(random, 'int32', [rows, length], 'contiguous', () => 7) : null;
    const lists = split(read(x), rows, length);
    const run = (kernels: Parameters<ReturnType<typeof trial>['run']>[0], it: typeof operands): unknown =>
      kernels.scan(op, it.x, it.out, it.index);
    const operands = { x, out, index: op === 'max' || op === 'min' ? index : null };
    if (op === 'sum' || op === 'prod') {
      const totals = lists.flatMap((list) => running(op, list, dtype));
      const expected: Expectation = {
        values: totals.map(({ value }) => value),
        scale: isFloat(dtype) ? totals.map(({ scale }) => scale) : undefined,
      };
      return trial({ options: { op }, operands, run, expected: { out: expected } });
    }
    const at = lists.map((list) => list.map((_, i) => extremum(op, list.slice(0, i + 1))));
    return trial({
      options: { op },
      operands,
      run,
      expected: {
        out: { values: at.flatMap((places, row) => places.map((i) => lists[row][i])) },
        ...(operands.index && { index: { values: at.flat() } }),
      },
    });
  },
});

const sortRow = (dtype: DType): Row => ({
  title: `sort ${dtype}`,
  draw(random) {
    const [rows, length] = drawRows(random);
    const isDescending = random.chance(0.5);
    const values = random.values(dtype, 'wild');
    const x = operand(random, dtype, [rows, length], 'contiguous', values);
    const lists = split(read(x), rows, length);
    // Each goes behind all that come before it, and behind its equals that were before it.
    const orders = lists.map((list) => {
      const isBefore = (a: number, b: number): boolean =>
        isDescending ? isLess(list[b], list[a]) : isLess(list[a], list[b]);
      const order: number[] = [];
      list.forEach((_, i) => {
        const behind = order.findIndex((other) => isBefore(i, other));
        order.splice(behind < 0 ? order.length : behind, 0, i);
      });
      return order;
    });
    return trial({
      options: { isDescending },
      operands: {
        x,
        out: operand(random, dtype, [rows, length], 'contiguous', values),
        index: operand(random, 'int32', [rows, length], 'contiguous', () => 7),
      },
      run: (kernels, { x, out, index }) => kernels.sort(x, isDescending, out, index),
      expected: {
        out: { values: orders.flatMap((order, row) => order.map((i) => lists[row][i])), signOfZero: true },
        index: { values: orders.flat() },
      },
    });
  },
});

export const rowsRows = {
  scan: SCAN.flatMap((op) => DTYPES.map((dtype) => scanRow(op, dtype))),
  sort: DTYPES.map(sortRow),
};
