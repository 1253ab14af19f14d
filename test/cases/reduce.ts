import { distinct, real } from '../support/inputs.js';
import type * as oracle from '../support/oracle.js';
import { over, total, type Nd } from '../support/oracle.js';
import { always, floatsOnly, row, type DTypeRule, type Row } from '../support/row.js';

/** Small integers are counted in int32. */
const counted: DTypeRule = (dtype) => (dtype === 'bool' || dtype === 'uint8' ? 'int32' : dtype);
const ints = { dtypes: always('int32'), gradient: 'none' } as const;

const largest = over((values) => Math.max(...values));
const smallest = over((values) => Math.min(...values));
const firstOf = (best: (...values: number[]) => number) => over((values) => values.indexOf(best(...values)));
/** `max(x, dim)` gives values and positions, `max(x)` and `max(x, [dims])` values alone. */
const extremum = (best: (...values: number[]) => number) => (x: Nd, dim?: oracle.Dims, keepdim?: boolean) => {
  const values = over((all) => best(...all))(x, dim, keepdim);
  return typeof dim === 'number' ? [values, firstOf(best)(x, dim, keepdim)] : values;
};

const alongDims = (input: (...shape: number[]) => ReturnType<typeof real>) => [
  [input(2, 3, 4)],
  [input(2, 3, 4), 1],
  [input(2, 3, 4), -1, true],
  [input(2, 3), 0],
  [input(5)],
  [input()],
  [input(), 0],
  [input(2, 0, 3), 2],
  [input(3, 1), 1],
];
const overDims = (input: (...shape: number[]) => ReturnType<typeof real>) => [
  ...alongDims(input),
  [input(2, 3, 4), [0, 2]],
  [input(2, 3, 4), [-1, 0], { keepdim: true }],
  [input(2, 3), null, true],
  [input(2, 3), []],
];
/** Over nothing: fine for sums. */
const overNothing = [[real(0)], [real(2, 0, 3)], [real(2, 0, 3), 1], [real(0, 2), [0], true]];

/** Many numbers to one. */
export const REDUCE: readonly Row[] = [
  row('sum', { oracle: over(total), dtypes: counted }, ...overDims(real), ...overNothing),
  row('mean', { oracle: over((all) => total(all) / all.length), dtypes: floatsOnly }, ...overDims(real), ...overNothing),
  row('amax', { oracle: largest }, ...overDims(distinct)),
  row('amin', { oracle: smallest }, ...overDims(distinct)),
  row('max', { oracle: extremum(Math.max) }, ...overDims(distinct)),
  row('min', { oracle: extremum(Math.min) }, ...overDims(distinct)),
  row('argmax', { oracle: firstOf(Math.max), ...ints }, ...alongDims(distinct), [real(2, 3), null, true]),
  row('argmin', { oracle: firstOf(Math.min), ...ints }, ...alongDims(distinct), [real(2, 3), null, true]),
]; // prettier-ignore
