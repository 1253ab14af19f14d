import { real } from '../support/inputs.js';
import * as oracle from '../support/oracle.js';
import { at, build, permuted, picked, reshaped, scattered, total, zip, type Nd } from '../support/oracle.js';
import { row, type DTypeRule, type Row } from '../support/row.js';

/** Small integers are counted in int32. */
const counted: DTypeRule = (dtype) => (dtype === 'bool' || dtype === 'uint8' ? 'int32' : dtype);
const range = (from: number, to: number, step = 1): number[] =>
  Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, i) => from + i * step);
const swapped = (x: Nd, a: number, b: number): Nd => {
  const order = x.shape.map((_, dim) => dim);
  [order[a < 0 ? a + order.length : a], order[b < 0 ? b + order.length : b]] = [order.at(b)!, order.at(a)!];
  return permuted(x, order);
};
const swaps = [
  [real(2, 3), 0, 1],
  [real(2, 3, 4), -1, 0],
  [real(2, 3), 1, 1],
  [real(2, 0), 0, 1],
];

/** The rows of an array whose first axis is `dim`. */
const cat = (xs: readonly Nd[], dim = 0): Nd => {
  const d = dim < 0 ? dim + xs[0].shape.length : dim;
  const shape = xs[0].shape.with(d, total(xs.map((x) => x.shape[d])));
  return build(shape, (i) => {
    let n = i[d];
    const x = xs.find((one) => n < one.shape[d] || ((n -= one.shape[d]), false)) as Nd;
    return at(x, i.with(d, n));
  });
};
const unsqueeze = (x: Nd, dim: number): Nd =>
  reshaped(x, x.shape.toSpliced(dim < 0 ? dim + x.shape.length + 1 : dim, 0, 1));
const squeeze = (x: Nd, dim?: number | readonly number[]): Nd => {
  const dims =
    dim === undefined ? x.shape.map((_, d) => d) : [dim].flat().map((d) => (d < 0 ? d + x.shape.length : d));
  return reshaped(
    x,
    x.shape.filter((size, d) => size !== 1 || !dims.includes(d)),
  );
};

/** Shapes, and what lies where. */
export const SHAPE: readonly Row[] = [
  row('clone', { oracle: (x: Nd) => x }, [real(2, 3)], [real()], [real(0, 2)]),
  row('contiguous', { oracle: (x: Nd) => x }, [real(2, 3)], [real()], [real(0, 2)]),
  row('zerosLike', { oracle: zip(() => 0), gradient: 'none' }, [real(2, 3)], [real()], [real(0, 2)]),
  row('expand', { oracle: (x: Nd, shape: number[]) => build(shape.map((size, i) => size < 0 ? x.shape[i - shape.length + x.shape.length] : size), (i) => at(x, i)) },
    [real(3), [2, 3]], [real(2, 1, 3), [2, 4, 3]], [real(), [2, 2]], [real(1, 3), [4, 1, -1]], [real(1), [0]], [real(2), [2]]),
  row('unbroadcast', { dtypes: counted, oracle: (x: Nd, shape: number[]) => scattered(build(shape, () => 0), x, (i) => i) },
    [real(4, 3), [3]], [real(4, 3), [1, 3]], [real(2, 4, 3), [4, 1]], [real(2, 3), []], [real(2, 3), [1, 1]], [real(0, 3), [3]]),
  row('reshape', { oracle: reshaped },
    [real(2, 3), [3, 2]], [real(2, 3, 4), [6, -1]], [real(2, 3, 4), [2, 12]], [real(4, 2, 3), [2, 2, 1, 6]], [real(), [1, 1]],
    [real(1), []], [real(0, 3), [3, 0]], [real(2, 1, 3), [2, 3]]),
  row('permute', { oracle: permuted }, [real(2, 3, 4), [2, 0, 1]], [real(2, 3), [-1, 0]], [real(), []], [real(0, 2), [1, 0]]),
  row('transpose', { oracle: swapped }, ...swaps),
  row('swapaxes', { oracle: swapped }, ...swaps),
  row('swapdims', { oracle: swapped }, ...swaps),
  row('squeeze', { oracle: squeeze }, [real(2, 1, 3, 1)], [real(2, 1, 1), 1], [real(2, 1, 1), [1, -1]], [real(2, 3), 0], [real()], [real(2, 1), []]),
  row('unsqueeze', { oracle: unsqueeze }, [real(2, 3), 1], [real(2, 3), -1], [real(2, 3), 0], [real(), 0], [real(0), 1]),
  row('flatten', { oracle: (x: Nd, start = 0, end = -1) => reshaped(x, x.shape.length === 0 ? [1] : [...x.shape.slice(0, start), oracle.product(x.shape.slice(start, end + 1 || undefined)), ...(end === -1 ? [] : x.shape.slice(end + 1))]) },
    [real(2, 3, 4)], [real(2, 3, 4), 1], [real(2, 3, 4), 0, 1], [real()], [real(2, 0)]),
  row('slice', { oracle: (x: Nd, dim: number, start: number | null = null, end: number | null = null, step = 1) => {
    const all = range(0, x.shape.at(dim)!);
    return picked(x, dim, all.slice(start ?? 0, end ?? undefined).filter((_, n) => n % step === 0));
  } },
    [real(5, 2), 0, 1, 4], [real(2, 7), 1, null, null, 3], [real(6), 0, -4, -1], [real(3, 5), -1, 1, 100, 2], [real(4), 0, 3, 1],
    [real(4), 0, 9], [real(2, 3), 1], [real(0, 3), 0]),
  row('narrowCopy', { oracle: (x: Nd) => picked(x, 1, [1, 2]) }, [real(2, 3), 1, 1, 2]),
  row('narrow', { oracle: (x: Nd, dim: number, start: number, length: number) => picked(x, dim, range(0, x.shape.at(dim)!).slice(start, start + length || undefined).slice(0, length)) },
    [real(5, 2), 0, 1, 3], [real(2, 4), -1, -3, 2], [real(3), 0, 3, 0], [real(3), 0, 0, 3]),
  row('select', { oracle: (x: Nd, dim: number, n: number) => { const one = picked(x, dim, [n < 0 ? n + x.shape.at(dim)! : n]); return reshaped(one, one.shape.toSpliced(dim, 1)); } },
    [real(3, 2), 0, 1], [real(2, 3, 4), -1, -1], [real(3), 0, 0]),
  row('cat', { oracle: cat }, [[real(2, 3), real(1, 3)]], [[real(2, 3), real(2, 2), real(2, 1)], 1], [[real(2)]], [[real(0, 2), real(2, 2)], -2]),
  row('stack', { oracle: (xs: Nd[], dim = 0) => cat(xs.map((x) => unsqueeze(x, dim < 0 ? dim + x.shape.length + 1 : dim)), dim) },
    [[real(2, 3), real(2, 3)]], [[real(2), real(2), real(2)], -1], [[real(), real()]], [[real(0)], 1]),
]; // prettier-ignore
