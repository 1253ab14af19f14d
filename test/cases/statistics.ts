import { distinct, nonzero, positive, real } from '../support/inputs.js';
import * as oracle from '../support/oracle.js';
import { over, total, type Nd } from '../support/oracle.js';
import { always, floats, floatsOnly, row, type DTypeRule, type Row } from '../support/row.js';

/** Small integers are counted in int32. */
const counted: DTypeRule = (dtype) => (dtype === 'bool' || dtype === 'uint8' ? 'int32' : dtype);
const bools = { dtypes: always('bool'), gradient: 'none' } as const;
const ints = { dtypes: always('int32'), gradient: 'none' } as const;

const scanned = (f: (so: number, x: number) => number) =>
  oracle.along((values) => values.map((_, i) => values.slice(0, i + 1).reduce((a, b) => f(a, b))));
const sorted = (descending = false) =>
  oracle.along((values) => [...values].sort((a, b) => (descending ? b - a : a - b)));
const places = (descending = false) =>
  oracle.along((values) =>
    values.map((_, i) => i).sort((a, b) => (descending ? values[b] - values[a] : values[a] - values[b])),
  );
const rank = (k: (n: number) => number) => [
  over((values) => [...values].sort((a, b) => a - b)[k(values.length)]),
  over((values) => values.map((_, i) => i).sort((a, b) => values[a] - values[b])[k(values.length)]),
];
const spread = (correction: number) =>
  over((values) => {
    const mean = total(values) / values.length;
    return total(values.map((v) => (v - mean) ** 2)) / Math.max(0, values.length - correction);
  });
const isNull = (x: unknown): boolean => x === null || x === undefined;
const middle = (n: number): number => Math.floor((n - 1) / 2);

const alongDim = (input: (...shape: number[]) => ReturnType<typeof real>) => [
  [input(2, 3, 4), 1],
  [input(2, 3), -1],
  [input(5), 0],
  [input(), 0],
  [input(2, 0, 3), 1],
  [input(3, 1), 1],
];
const overDims = (input: (...shape: number[]) => ReturnType<typeof real>) => [
  [input(2, 3, 4)],
  [input(2, 3, 4), [0, 2], true],
  [input(2, 3), 1],
  [input(3, 2), { dim: 0, keepdim: true }],
];

interface Options {
  dim?: oracle.Dims;
  keepdim?: boolean;
}
/** An oracle that takes its arguments by name, too. */
const named =
  (f: (x: Nd, dim?: oracle.Dims, keepdim?: boolean) => Nd) =>
  (x: Nd, dim?: oracle.Dims | Options, keepdim?: boolean): Nd =>
    typeof dim === 'object' && dim !== null && !Array.isArray(dim)
      ? f(x, (dim as Options).dim, (dim as Options).keepdim)
      : f(x, dim as oracle.Dims, keepdim);

/** Running totals, order, and what is made of sums. */
export const STATISTICS: readonly Row[] = [
  row('cumsum', { oracle: scanned((a, b) => a + b), dtypes: counted }, ...alongDim(real)),
  row('cumprod', { oracle: scanned((a, b) => a * b), dtypes: counted }, ...alongDim(nonzero)),
  row('logcumsumexp', { oracle: oracle.along((v) => v.map((_, i) => Math.log(total(v.slice(0, i + 1).map(Math.exp))))), dtypes: floats }, ...alongDim(real)),
  row('cummax', { oracle: (x: Nd, dim: number) => [scanned(Math.max)(x, dim), oracle.along((v) => v.map((_, i) => v.lastIndexOf(Math.max(...v.slice(0, i + 1)), i)))(x, dim)] }, ...alongDim(distinct)),
  row('cummin', { oracle: (x: Nd, dim: number) => [scanned(Math.min)(x, dim), oracle.along((v) => v.map((_, i) => v.lastIndexOf(Math.min(...v.slice(0, i + 1)), i)))(x, dim)] }, ...alongDim(distinct)),
  row('prod', { oracle: (x: Nd, dim: number | null = null, keepdim = false) => over((v) => v.reduce((a, b) => a * b, 1))(x, dim, keepdim), dtypes: counted },
    [nonzero(2, 3)], [nonzero(2, 3), 1], [nonzero(2, 3, 2), -2, true], [nonzero()], [nonzero(0)], [nonzero(2, 0), 1], [nonzero(3, 1), 1]),
  row('sort', { oracle: (x: Nd, dim = -1, descending = false) => [sorted(descending)(x, dim), places(descending)(x, dim)] },
    [distinct(2, 3, 4)], [distinct(3, 4), 0, true], [distinct(5)], [distinct()], [distinct(0)], [distinct(2, 0, 3), 1]),
  row('argsort', { oracle: (x: Nd, dim = -1, descending = false) => places(descending)(x, dim), ...ints }, [distinct(2, 3, 4)], [distinct(3, 4), 0, true], [distinct()], [distinct(0)]),
  row('msort', { oracle: (x: Nd) => sorted()(x, 0) }, [distinct(3, 4)], [distinct()], [distinct(0, 2)]),
  row('topk', { oracle: (x: Nd, k: number, dim = -1, largest = true) => { const at = dim < 0 ? dim + x.shape.length : dim; const first = (y: Nd): Nd => oracle.picked(y, at, Array.from({ length: k }, (_, i) => i)); return [first(sorted(largest)(x, dim)), first(places(largest)(x, dim))]; } },
    [distinct(2, 5), 2], [distinct(4, 3), 3, 0, false], [distinct(3), 0]),
  row('kthvalue', { oracle: (x: Nd, k: number, dim = -1, keepdim = false) => rank(() => k - 1).map((f) => f(x, dim, keepdim)) }, [distinct(2, 5), 2], [distinct(4, 3), 4, 0, true], [distinct(3), 1]),
  row('median', { oracle: (x: Nd, dim?: number, keepdim = false) => dim === undefined ? rank(middle)[0](x, null) : rank(middle).map((f) => f(x, dim, keepdim)) }, [distinct(2, 5)], [distinct(4, 3), 0, true], [distinct(2, 4), 1], [distinct()]),
  row('nanmedian', { oracle: (x: Nd, dim?: number, keepdim = false) => dim === undefined ? rank(middle)[0](x, null) : rank(middle).map((f) => f(x, dim, keepdim)) }, [distinct(2, 5)], [distinct(4, 3), 0, true], [distinct()]),

  row('var', { oracle: (x: Nd, dim?: oracle.Dims, unbiased = true, keepdim = false) => spread(unbiased ? 1 : 0)(x, isNull(dim) ? null : dim, keepdim), dtypes: floatsOnly }, [real(2, 3, 4)], [real(2, 3), 1, false], [real(3, 2), [0], true, true], [real(2, 2, 2), [0, 2]]),
  row('std', { oracle: (x: Nd, dim?: oracle.Dims, unbiased = true, keepdim = false) => oracle.zip(Math.sqrt)(spread(unbiased ? 1 : 0)(x, isNull(dim) ? null : dim, keepdim)), dtypes: floatsOnly }, [distinct(2, 3, 4)], [distinct(2, 3), 1, false], [distinct(3, 2), [0], true, true]),
  row('varMean', { oracle: (x: Nd, dim?: oracle.Dims) => [spread(1)(x, isNull(dim) ? null : dim), over((v) => total(v) / v.length)(x, dim)], dtypes: floatsOnly }, [real(2, 3, 4)], [real(2, 3), 1]),
  row('stdMean', { oracle: (x: Nd, dim?: oracle.Dims) => [oracle.zip(Math.sqrt)(spread(1)(x, isNull(dim) ? null : dim)), over((v) => total(v) / v.length)(x, dim)], dtypes: floatsOnly }, [distinct(2, 3, 4)], [distinct(2, 3), 1]),
  row('logsumexp', { oracle: named(over((v) => Math.log(total(v.map(Math.exp))))), dtypes: floats }, ...overDims(real), [real()]),
  row('all', { oracle: named(over((v) => Number(v.every((x) => x !== 0)))), ...bools }, ...overDims(real), [real(0)]),
  row('any', { oracle: named(over((v) => Number(v.some((x) => x !== 0)))), ...bools }, ...overDims(real), [real(0)]),
  row('countNonzero', { oracle: over((v) => v.filter((x) => x !== 0).length), ...ints }, [real(2, 3)], [real(2, 3), 1], [real(0)]),
  row('nansum', { oracle: named(over(total)), dtypes: counted }, ...overDims(real), [real(0)]),
  row('nanmean', { oracle: named(over((v) => total(v) / v.length)), dtypes: floats }, ...overDims(real)),
  row('aminmax', { oracle: (x: Nd, { dim = null, keepdim = false }: Options = {}) => [over((v) => Math.min(...v))(x, dim, keepdim), over((v) => Math.max(...v))(x, dim, keepdim)] }, [distinct(2, 3)], [distinct(2, 3), { dim: 1 }], [distinct(3, 2), { dim: 0, keepdim: true }], [distinct(), { dim: 0, keepdim: true }]),
  row('trapezoid', { oracle: (y: Nd, dx = 1) => over((v) => total(v.slice(1).map((b, i) => (dx * (b + v[i])) / 2)))(y, -1), dtypes: floats }, [real(2, 4)], [real(5), 2], [real(3, 1)]),
  row('cumulativeTrapezoid', { dtypes: floats }, [real(2, 4)], [real(5), 2], [real(3, 4), positive(4)]),
]; // prettier-ignore
