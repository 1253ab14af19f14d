import { distinct, index, Input, nonzero, positive, real, unit, whole } from '../support/inputs.js';
import * as oracle from '../support/oracle.js';
import { at, build, over, total, zip, type Nd } from '../support/oracle.js';
import { always, floats, floatsOnly, row, type DTypeRule, type Row } from '../support/row.js';

const bools = { dtypes: always('bool'), gradient: 'none' } as const;
const ints = { dtypes: always('int32'), gradient: 'none' } as const;
/** No booleans; integers are converted to float32. */
const numbersToFloats: DTypeRule = (dtype) => (dtype === 'bool' ? null : floats(dtype, false));

/** Numbers of which some are the same. */
const few = (...shape: number[]): Input =>
  new Input(shape, (r, n) => Array.from({ length: n }, () => r.below(4)));
/** In ascending order. */
const ascending = (...shape: number[]): Input =>
  new Input(shape, (_, n) => Array.from({ length: n }, (__, i) => i * 0.7), 'number', false);

const pNorm =
  (p: number) =>
  (values: readonly number[]): number => {
    const sizes = values.map(Math.abs);
    if (p === 0) return values.filter((v) => v !== 0).length;
    if (p === Infinity) return Math.max(...sizes);
    return p === -Infinity ? Math.min(...sizes) : total(sizes.map((v) => v ** p)) ** (1 / p);
  };
const mostFrequent = (values: number[]): number => {
  const count = (v: number): number => values.filter((one) => one === v).length;
  return [...values].sort((a, b) => count(b) - count(a) || a - b)[0];
};
const moved = (x: Nd, dim: number): Nd => {
  const d = dim < 0 ? dim + x.shape.length : dim;
  return oracle.permuted(x, [d, ...x.shape.map((_, i) => i).filter((i) => i !== d)]);
};
/** The slices along a dimension, as lists. */
const slices = (x: Nd, dim: number): number[][] => {
  const first = moved(x, dim);
  const size = first.data.length / first.shape[0];
  return Array.from({ length: first.shape[0] }, (_, i) => first.data.slice(i * size, (i + 1) * size));
};
const differ = (a: readonly number[], b: readonly number[]): number => {
  const k = a.findIndex((v, i) => v !== b[i]);
  return k < 0 ? 0 : a[k] - b[k];
};
const distinctOf =
  (isInOrder: boolean) =>
  (x: Nd, options: { dim?: number | null; returnInverse?: boolean; returnCounts?: boolean } = {}): Nd[] => {
    const { dim = null } = options;
    const items = dim === null ? x.data.map((v) => [v]) : slices(x, dim);
    const order = items.map((_, i) => i);
    if (!isInOrder) order.sort((a, b) => differ(items[a], items[b]));
    const firsts = order.filter((n, i) => i === 0 || differ(items[n], items[order[i - 1]]) !== 0);
    const group = items.map((item, i) =>
      isInOrder ? firsts.findLastIndex((n) => n <= i) : firsts.findIndex((n) => differ(items[n], item) === 0),
    );
    const list = (data: number[], shape: readonly number[] = [data.length]): Nd => ({ shape, data });
    return [
      dim === null ? list(firsts.map((n) => x.data[n])) : oracle.picked(x, dim, firsts),
      ...(options.returnInverse ? [list(group, dim === null ? x.shape : [items.length])] : []),
      ...(options.returnCounts ? [list(firsts.map((_, k) => group.filter((g) => g === k).length))] : []),
    ];
  };

/** Where a value goes into a sorted list. */
const place = (sorted: readonly number[], value: number, right = false): number =>
  sorted.filter((s) => (right ? s <= value : s < value)).length;
const inBins = (values: readonly number[], edges: readonly number[]): number[] =>
  edges.slice(1).map((high, i) => {
    const isLast = i === edges.length - 2;
    return values.filter((v) => v >= edges[i] && (v < high || (isLast && v === high))).length;
  });
const evenly = (low: number, high: number, bins: number): number[] =>
  Array.from({ length: bins + 1 }, (_, i) => low + ((high - low) * i) / bins);

const quantileOf = (
  x: Nd,
  q: number | Nd,
  dim: number | null = null,
  keepdim = false,
  { interpolation = 'linear' } = {},
): Nd => {
  const one = (share: number): Nd =>
    over((values) => {
      const sorted = [...values].sort((a, b) => a - b);
      const rank = share * (values.length - 1);
      const [below, above] = [sorted[Math.floor(rank)], sorted[Math.ceil(rank)]];
      if (interpolation === 'lower') return below;
      if (interpolation === 'higher') return above;
      if (interpolation === 'nearest') return sorted[Math.round(rank)];
      return below + (above - below) * (interpolation === 'midpoint' ? 0.5 : rank % 1);
    })(x, dim, keepdim);
  if (typeof q === 'number') return one(q);
  const all = q.data.map(one);
  return { shape: [...q.shape, ...all[0].shape], data: all.flatMap(({ data }) => data) };
};
const covariance = (x: Nd, { correction = 1, fweights }: { correction?: number; fweights?: Nd } = {}): Nd => {
  const rows = x.shape.length < 2 ? [x.data] : slices(x, 0);
  const times = rows[0].map((_, i) => fweights?.data[i] ?? 1);
  const weighted = (values: readonly number[]): number => total(values.map((v, i) => v * times[i]));
  const centered = rows.map((values) => values.map((v) => v - weighted(values) / total(times)));
  const m = rows.length;
  return build(m === 1 ? [] : [m, m], ([i = 0, j = 0]) =>
    weighted(centered[i].map((v, k) => v * centered[j][k])) / (total(times) - correction)); // prettier-ignore
};
const correlation = (x: Nd): Nd => {
  const c = covariance(x);
  return c.shape.length === 0 ? zip(() => 1)(c) : build(c.shape, ([i, j]) => at(c, [i, j]) / Math.sqrt(at(c, [i, i]) * at(c, [j, j])));
}; // prettier-ignore

const differences = (x: Nd, n = 1, dim = -1): Nd => {
  let rows = slices(x, dim);
  for (let i = 0; i < n; i++) rows = rows.slice(1).map((high, k) => high.map((v, j) => v - rows[k][j]));
  const first = moved(x, dim);
  const shape = [rows.length, ...first.shape.slice(1)];
  const order = x.shape.map((_, i) => i);
  const d = dim < 0 ? dim + x.shape.length : dim;
  order.splice(d, 0, order.shift()!);
  return oracle.permuted({ shape, data: rows.flat() }, order.map((_, i) => (i === d ? 0 : i < d ? i + 1 : i)));
}; // prettier-ignore

/** Slices along a dimension with a norm of at most so much. */
const shortened = (x: Nd, p: number, dim: number, most: number): Nd => {
  const d = dim < 0 ? dim + x.shape.length : dim;
  const norms = over(pNorm(p))(x, x.shape.map((_, i) => i).filter((i) => i !== d)); // prettier-ignore
  return build(x.shape, (i) => at(x, i) * (norms.data[i[d]] > most ? most / (norms.data[i[d]] + 1e-7) : 1));
};
const REDUCTIONS: Record<string, (values: number[]) => number> = {
  sum: total,
  max: (v) => Math.max(...v),
  min: (v) => Math.min(...v),
  prod: (v) => v.reduce((a, b) => a * b, 1),
};
const inSegments = (
  x: Nd,
  reduce: string,
  { lengths, offsets, initial }: { lengths?: Nd; offsets?: Nd; initial?: number },
): Nd => {
  const ends = offsets?.data ?? lengths!.data.reduce((sums, n) => [...sums, sums[sums.length - 1] + n], [0]);
  const rows = slices(x, 0);
  const data = ends.slice(1).flatMap((end, i) =>
    (rows[0] ?? []).map((_, k) => {
      const values = rows.slice(ends[i], end).map((row) => row[k]);
      const all = initial === undefined ? values : [initial, ...values];
      return reduce === 'mean'
        ? total(all) / Math.max(values.length, initial === undefined ? 0 : 1)
        : REDUCTIONS[reduce](all);
    }),
  );
  return { shape: [ends.length - 1, ...x.shape.slice(1)], data };
};

/** How often, where, between what; norms, quantiles, differences. */
export const COUNTING: readonly Row[] = [
  row('norm', { dtypes: floatsOnly, oracle: (x: Nd, p: number | 'fro' | { dim: number } = 2, dim: oracle.Dims = null, keepdim = false) => over(pNorm(typeof p === 'number' ? p : 2))(x, typeof p === 'object' ? p.dim : dim, keepdim) },
    [nonzero(2, 3)], [nonzero(2, 3), 3, 1], [nonzero(2, 3), 1, [0], true], [distinct(2, 3), Infinity, 1], [distinct(4), -Infinity], [nonzero(2, 3), 'fro', [0, 1]], [nonzero(2, 3), { dim: 0 }], [nonzero(5), 0.5], [nonzero(4), 0], [nonzero()], [real(0)]),
  row('dist', { dtypes: floats, oracle: (x: Nd, y: Nd, p: number | { p: number } = 2) => over(pNorm(typeof p === 'number' ? p : p.p))(zip((a, b) => a - b)(x, y), null) },
    [distinct(2, 3), real(2, 3)], [distinct(2, 3), real(3), 3], [distinct(4), real(), { p: 1 }], [distinct(), real()]),
  row('mode', { oracle: (x: Nd, dim = -1, keepdim = false) => [over(mostFrequent)(x, dim, keepdim), over((v) => v.lastIndexOf(mostFrequent(v)))(x, dim, keepdim)] }, [distinct(2, 5)], [distinct(4, 3), 0, true], [distinct(2, 3, 2), 1], [distinct()], [distinct(3, 1)]),
  row('unique', { reads: true, oracle: (x: Nd, options?: object) => distinctOf(false)(x, options) },
    [distinct(2, 3)], [distinct(5), { returnInverse: true, returnCounts: true }], [distinct(3, 4), { dim: 0 }], [distinct(3, 4, 2), { dim: 1, returnInverse: true }], [distinct()], [distinct(0)], [distinct(0, 2), { dim: 0, returnCounts: true }]),
  row('uniqueConsecutive', { reads: true, oracle: (x: Nd, options?: object) => distinctOf(true)(x, options) },
    [distinct(2, 3)], [distinct(5), { returnInverse: true, returnCounts: true }], [distinct(3, 4), { dim: 1 }], [distinct(0)]),
  row('bincount', { reads: true, dtypes: (dtype) => (dtype === 'float32' ? dtype : 'float64'), oracle: (x: Nd, weights: Nd, size = 0) => build([Math.max(size, ...x.data.map((v) => v + 1))], ([i]) => total(weights.data.filter((_, k) => x.data[k] === i))) },
    [index(4, 6), real(6)], [index(3, 5), real(5), 7], [index(1, 0), real(0), 2]),
  row('histc', { dtypes: floatsOnly, gradient: 'none', oracle: (x: Nd, bins: number, min: number, max: number) => { const data = inBins(x.data, evenly(min, max, bins)); return { shape: [bins], data }; } },
    [real(4, 5), 4, -1, 1], [few(7), 3, 0, 3], [real(), 2, -2, 2], [real(0), 2, 0, 1]),
  row('histogram', { dtypes: floatsOnly, gradient: 'none', oracle: (x: Nd, bins: number | Nd, { range = [0, 0] }: { range?: number[] } = {}) => { const edges = typeof bins === 'number' ? evenly(range[0], range[1], bins) : bins.data; const data = inBins(x.data, edges); return [{ shape: [data.length], data }, { shape: [edges.length], data: edges }]; } },
    [real(4, 5), 4, { range: [-1, 1] }], [few(3, 4), 3, { range: [0, 3] }], [positive(8), ascending(4)]),
  row('diff', { oracle: differences }, [real(2, 5)], [real(4, 3), 2, 0], [real(3, 2, 4), 1, 1], [real(3), 4], [real(2, 0)], [real(3), 0]),
  row('quantile', { dtypes: floatsOnly, oracle: quantileOf }, [distinct(2, 5), 0.4], [distinct(4, 3), 0.3, 0, true], [distinct(2, 3, 4), unit(2), 1], [distinct(5), 0.3, 0, false, { interpolation: 'lower' }], [distinct(5), 0.3, 0, false, { interpolation: 'higher' }], [distinct(5), 0.3, 0, false, { interpolation: 'nearest' }], [distinct(2, 4), 0.6, 1, true, { interpolation: 'midpoint' }], [distinct(), 0.2], [distinct(3), 1]),
  row('nanquantile', { dtypes: floatsOnly, oracle: quantileOf }, [distinct(2, 5), 0.4], [distinct(4, 3), 0.3, 0, true], [distinct(2, 4), unit(3)]),
  row('cov', { dtypes: numbersToFloats, oracle: covariance }, [real(3, 4)], [real(5)], [real(2, 3), { correction: 0 }], [real(2, 4), { fweights: whole([4], [1, 3, 0, 2]) }]),
  row('corrcoef', { dtypes: numbersToFloats, oracle: correlation }, [distinct(3, 4)], [distinct(4)], [distinct(1, 3)]),
  row('gradient', { dtypes: floats }, [real(5)], [real(3, 4), { spacing: 2, edgeOrder: 2 }], [real(3, 4), { dim: 1, spacing: [0.5] }], [real(3, 3), { dim: [1, 0], edgeOrder: 2 }], [real(4), { spacing: ascending(4), edgeOrder: 2 }], [real(2)]),
  row('renorm', { dtypes: floatsOnly, oracle: shortened }, [nonzero(3, 4), 2, 0, 1], [nonzero(2, 3, 2), 1, -1, 4], [distinct(2, 3), Infinity, 1, 0.35]),
  row('segmentReduce', { dtypes: floatsOnly, oracle: inSegments },
    [real(5), 'sum', { lengths: whole([3], [2, 0, 3]), unsafe: true }], [distinct(5, 2), 'max', { lengths: whole([2], [1, 4]), unsafe: true }], [distinct(5), 'min', { offsets: whole([3], [0, 2, 5]), initial: 0.3 }], [real(6, 2), 'mean', { offsets: whole([4], [0, 1, 1, 5]), initial: 1 }], [nonzero(5), 'prod', { offsets: whole([3], [0, 2, 5]) }]),
  row('searchsorted', { ...ints, oracle: (sorted: Nd, values: Nd | number, { right = false, side = '' }: { right?: boolean; side?: string } = {}) => { const to = oracle.toNd(values); return build(to.shape, (i) => place(sorted.shape.length === 1 ? sorted.data : slices(sorted, 0)[i[0]], at(to, i), right || side === 'right')); } },
    [ascending(5), real(2, 3)], [ascending(2, 4), positive(2, 3), { right: true }], [ascending(5), 1.4, { side: 'right' }], [ascending(0), real(3)], [ascending(7), few(5), { outInt32: true }]),
  row('bucketize', { ...ints, oracle: (x: Nd | number, edges: Nd, { right = false }: { right?: boolean } = {}) => zip((v) => place(edges.data, v, right))(x) }, [real(2, 3), ascending(5)], [few(6), ascending(3), { right: true }], [real(), ascending(2)], [1.1, ascending(4)]),
  row('isin', { ...bools, oracle: (x: Nd | number, others: Nd | number, { invert = false }: { invert?: boolean } = {}) => zip((v) => Number(oracle.toNd(others).data.includes(v) !== invert))(x) }, [few(2, 5), few(2)], [few(6), few(3), { invert: true }], [few(4), 2], [2, few(3)], [few(3), few(0)]),
]; // prettier-ignore
