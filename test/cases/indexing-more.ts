import { distinct, Input, index, nonzero, real, truth } from '../support/inputs.js';
import { at, broadcast, build, indices, reshaped, total, type Nd } from '../support/oracle.js';
import { always, numbers, row, type Row } from '../support/row.js';

const front = (dim: number, ndim: number): number => (dim < 0 ? dim + ndim : dim);

/** `x` with what `combine` makes of the numbers that come to each place, in order, and of what was there. */
const put = (
  x: Nd,
  from: Iterable<readonly [number[], number]>,
  combine: (came: number[], there: number) => number,
): Nd => {
  const came = new Map<string, number[]>();
  for (const [place, value] of from) came.set(place.join(), [...(came.get(place.join()) ?? []), value]);
  return build(x.shape, (i) => (came.has(i.join()) ? combine(came.get(i.join())!, at(x, i)) : at(x, i)));
};
const last = (came: number[]): number => came.at(-1)!;
const elements = (x: Nd, dim: number, where: Nd, src: Nd | number): (readonly [number[], number])[] =>
  [...indices(where.shape)].map(
    (i) =>
      [
        x.shape.length ? i.with(dim, at(where, i)) : [],
        typeof src === 'number' ? src : at({ ...src, shape: src.shape.length ? src.shape : where.shape }, i),
      ] as const,
  );
const slices = (x: Nd, dim: number, where: Nd, src: Nd): (readonly [number[], number])[] =>
  [...indices(src.shape.length ? src.shape : [1])].map(
    (i) =>
      [
        x.shape.length ? i.with(front(dim, i.length), where.data[i.at(dim)!]) : [],
        at(src.shape.length ? src : reshaped(src, [1]), i),
      ] as const,
  );

const REDUCE: Record<string, (values: number[]) => number> = {
  sum: total,
  mean: (v) => total(v) / v.length,
  prod: (v) => v.reduce((a, b) => a * b, 1),
  amax: (v) => Math.max(...v),
  amin: (v) => Math.min(...v),
};
/** Means of integers are rounded down. */
const reduced =
  (x: Nd, reduce: string, about: { includeSelf?: boolean } = {}) =>
  (came: number[], there: number): number => {
    const value = REDUCE[reduce](about.includeSelf === false ? came : [...came, there]);
    return reduce === 'mean' && x.data.every(Number.isInteger) ? Math.floor(value) : value;
  };

const spread = (x: Nd, mask: Nd): [Nd, boolean[]] => {
  const shape = broadcast(x.shape, mask.shape);
  return [build(shape, (i) => at(x, i)), build(shape, (i) => at(mask, i)).data.map(Boolean)];
};
const found = (x: Nd): number[][] => [...indices(x.shape)].filter((i) => at(x, i) !== 0);
/** Zeros and others. */
const some = (...shape: number[]): Input =>
  new Input(shape, (r, n) => Array.from({ length: n }, () => (r.below(3) === 0 ? 0 : r.next() + 1)));

const gatherAll = {
  oracle: (x: Nd, where: Nd, dim?: number) => {
    if (dim === undefined) return build([where.data.length], ([i]) => x.data[where.data[i]]);
    const d = front(dim, x.shape.length);
    const shape = broadcast(x.shape.with(d, 1), where.shape.with(d, 1)).with(d, where.shape[d]);
    return build(shape, (i) => at(x, i.with(d, at(where, i))));
  },
};

/** The rest of picking and putting. */
export const INDEXING_MORE: readonly Row[] = [
  row('takeAlongDim', gatherAll, [real(3, 4), index(4, 3, 2), 1], [real(1, 4), index(4, 3, 2), -1], [real(3, 2), index(3, 2, 1), 0], [real(2, 3), index(6, 4)]),
  row('scatter', { oracle: (x: Nd, dim: number, where: Nd, src: Nd | number, about: { reduce?: string } = {}) =>
    put(x, elements(x, dim, where, src), (came, there) => (about.reduce === 'add' ? there + total(came) : about.reduce === 'multiply' ? came.reduce((a, b) => a * b, there) : last(came))) },
    [real(3, 4), 1, index(4, 3, 2), real(3, 2)], [real(3, 4), 0, index(3, 5, 2), real(6, 3)], [real(4), 0, index(4, 6), real(6)], [real(3, 2), 0, index(3, 2, 2), 2],
    [real(), 0, index(1), real()], [real(4), 0, index(4, 3), real(3), { reduce: 'add' }], [nonzero(4), 0, index(4, 3), nonzero(3), { reduce: 'multiply' }], [real(2, 3), 1, index(3, 2, 0), real(2, 1)]),
  row('scatterReduce', { dtypes: numbers, oracle: (x: Nd, dim: number, where: Nd, src: Nd, reduce: string, about?: { includeSelf?: boolean }) => put(x, elements(x, dim, where, src), reduced(x, reduce, about)) },
    ...['sum', 'mean', 'prod', 'amax', 'amin'].flatMap((reduce) => [
      [nonzero(3, 4), 1, index(4, 3, 3), distinct(3, 3), reduce], [nonzero(4), 0, index(4, 6), distinct(6), reduce, { includeSelf: false }],
    ]), [nonzero(), 0, index(1), nonzero(), 'prod'], [real(2, 3), 0, index(2, 0, 3), real(0, 3), 'mean']),
  row('indexCopy', { oracle: (x: Nd, dim: number, where: Nd, src: Nd) => put(x, slices(x, dim, where, src), last) },
    [real(3, 4), 0, index(3, 2), real(2, 4)], [real(3, 4), -1, index(4, 5), real(3, 5)], [real(), 0, index(1, 1), real()], [real(2, 3), 1, index(3, 0), real(2, 0)]),
  row('indexFill', { oracle: (x: Nd, dim: number, where: Nd, value: number | Nd) => build(x.shape, (i) => (x.shape.length === 0 || where.data.includes(i.at(dim)!) ? (typeof value === 'number' ? value : value.data[0]) : at(x, i))) },
    [real(3, 4), 0, index(3, 2), 2], [real(3, 4), -1, index(4, 3), real()], [real(), 0, index(1, 1), 1]),
  row('indexReduce', { dtypes: numbers, oracle: (x: Nd, dim: number, where: Nd, src: Nd, reduce: string, about?: { includeSelf?: boolean }) => put(x, slices(x, dim, where, src), reduced(x, reduce, about)) },
    ...['mean', 'prod', 'amax', 'amin'].flatMap((reduce) => [
      [nonzero(3, 2), 0, index(3, 4), distinct(4, 2), reduce], [nonzero(2, 3), 1, index(3, 4), distinct(2, 4), reduce, { includeSelf: false }],
    ]), [nonzero(), 0, index(1, 1), nonzero(), 'mean']),

  row('nonzero', { gradient: 'none', reads: true, dtypes: always('int32'), oracle: (x: Nd) => { const all = found(x); return build([all.length, x.shape.length], ([i, d]) => all[i][d]); } },
    [some(2, 3)], [some(5)], [some(2, 0)], [some(2, 2, 2)]),
  row('argwhere', { gradient: 'none', reads: true, dtypes: always('int32'), oracle: (x: Nd) => { const all = found(x); return build([all.length, x.shape.length], ([i, d]) => all[i][d]); } }, [some(2, 3)]),
  row('maskedSelect', { reads: true, oracle: (x: Nd, mask: Nd) => { const [y, holds] = spread(x, mask); const data = y.data.filter((_, i) => holds[i]); return { shape: [data.length], data }; } },
    [real(2, 3), truth(2, 3)], [real(2, 3), truth(3)], [real(3), truth(2, 1)], [real(), truth(2)], [real(0, 2), truth(2)]),
  row('maskedScatter', { reads: true, oracle: (x: Nd, mask: Nd, src: Nd) => { const [y, holds] = spread(x, mask); let n = 0; return { shape: y.shape, data: y.data.map((v, i) => (holds[i] ? src.data[n++] : v)) }; } },
    [real(2, 3), truth(2, 3), real(6)], [real(2, 3), truth(3), real(2, 3)], [real(3), truth(2, 1), real(7)], [real(), truth(), real(1)]),
  row('functional.oneHot', { gradient: 'none', dtypes: always('int32'), oracle: (x: Nd, classes: number) => build([...x.shape, classes], (i) => (at(x, i.slice(0, -1)) === i.at(-1)! ? 1 : 0)) },
    [index(3, 4), 3], [index(3, 2, 2), 5], [index(3), 3], [index(3, 0), 3]),

  row('selectScatter', { oracle: (x: Nd, src: Nd, dim: number, n: number) => build(x.shape, (i) => (front(n, x.shape.at(dim)!) === i.at(dim) ? at(src, i.toSpliced(front(dim, i.length), 1)) : at(x, i))) },
    [real(3, 2), real(2), 0, 1], [real(2, 3, 2), real(2, 2), -2, -1], [real(3), real(), 0, 0]),
  row('sliceScatter', { oracle: (x: Nd, src: Nd, dim = 0, start: number | null = null, end: number | null = null, step = 1) => {
    const d = front(dim, x.shape.length);
    const which = Array.from({ length: x.shape[d] }, (_, n) => n).slice(start ?? 0, end ?? undefined).filter((_, n) => n % step === 0);
    return build(x.shape, (i) => (which.includes(i[d]) ? at(src, i.with(d, which.indexOf(i[d]))) : at(x, i)));
  } }, [real(4, 2), real(2, 2), 0, 1, 3], [real(2, 5), real(2, 3), -1, null, null, 2], [real(3), real(3)], [real(3), real(0), 0, 2, 1]),
  row('diagonalScatter', { oracle: (x: Nd, src: Nd, offset = 0, dim1 = 0, dim2 = 1) => build(x.shape, (i) => {
    const [r, c] = [i.at(dim1)!, i.at(dim2)!];
    const rest = i.filter((_, d) => d !== front(dim1, i.length) && d !== front(dim2, i.length));
    return c - r === offset ? at(src, [...rest, Math.min(r, c)]) : at(x, i);
  }) }, [real(3, 3), real(3)], [real(3, 4), real(2), 2], [real(2, 3, 2), real(3, 1), -1, 0, -1]),
]; // prettier-ignore
