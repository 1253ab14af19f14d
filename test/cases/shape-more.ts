import { distinct, real, whole } from '../support/inputs.js';
import {
  at,
  broadcast,
  build,
  indices,
  permuted,
  picked,
  product,
  reshaped,
  total,
  type Nd,
} from '../support/oracle.js';
import { row, type Arg, type DTypeRule, type Row } from '../support/row.js';

const counted: DTypeRule = (dtype) => (dtype === 'bool' || dtype === 'uint8' ? 'int32' : dtype);
const listOf = (...xs: (Nd | readonly Nd[])[]): readonly Nd[] => xs.flatMap((x) => x);
const front = (dim: number, ndim: number): number => (dim < 0 ? dim + ndim : dim);
const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);

/** The pieces between cuts along a dimension. */
const cut = (x: Nd, dim: number, cuts: readonly number[]): Nd[] => {
  const size = x.shape[front(dim, x.shape.length)];
  const bound = (n: number): number => Math.min(Math.max(n < 0 ? n + size : n, 0), size);
  return [0, ...cuts].map((start, i) =>
    picked(x, dim, range(bound(start), i < cuts.length ? bound(cuts[i]) : size)),
  );
};
const ofSizes = (x: Nd, sizes: readonly number[], dim: number): Nd[] =>
  cut(
    x,
    dim,
    sizes.slice(0, -1).map((_, i) => total(sizes.slice(0, i + 1))),
  );
const evenly = (x: Nd, size: number, dim: number): Nd[] => {
  const all = x.shape[front(dim, x.shape.length)];
  return ofSizes(
    x,
    range(0, Math.max(1, Math.ceil(all / size))).map((i) => Math.min(size, all - i * size)),
    dim,
  );
};
const inSections = (x: Nd, n: number, dim: number): Nd[] => {
  const all = x.shape[front(dim, x.shape.length)];
  return ofSizes(
    x,
    range(0, n).map((i) => Math.floor(all / n) + (i < all % n ? 1 : 0)),
    dim,
  );
};
const split = (x: Nd, sizes: number | number[], dim = 0): Nd[] =>
  typeof sizes === 'number' ? evenly(x, sizes, dim) : ofSizes(x, sizes, dim);
const cutOrSections = (x: Nd, where: number | number[], dim: number): Nd[] =>
  typeof where === 'number' ? inSections(x, where, dim) : cut(x, dim, where);

const moved = (x: Nd, source: number | number[], destination: number | number[]): Nd => {
  const [from, to] = [source, destination].map((dims) => [dims].flat().map((d) => front(d, x.shape.length)));
  const rest = range(0, x.shape.length).filter((d) => !from.includes(d));
  return permuted(
    x,
    x.shape.map((_, d) => (to.includes(d) ? from[to.indexOf(d)] : (rest.shift() as number))),
  );
};
const swapLast = (x: Nd): Nd => (x.shape.length < 2 ? x : moved(x, -1, -2));
const toShape = (x: Nd, shape: readonly number[]): Nd => build(shape, (i) => at(x, i));
const leading = (x: Nd, ndim: number): Nd =>
  reshaped(x, [...new Array<number>(Math.max(0, ndim - x.shape.length)).fill(1), ...x.shape]);
const third = (x: Nd): Nd => {
  const [a, b] = x.shape;
  return reshaped(
    x,
    [
      [1, 1, 1],
      [1, a, 1],
      [a, b, 1],
    ][x.shape.length] ?? x.shape,
  );
};
const tiled = (x: Nd, times: readonly number[]): Nd => {
  const y = leading(x, times.length);
  return build(
    y.shape.map((size, d) => size * times[d]),
    (i) =>
      at(
        y,
        i.map((n, d) => n % y.shape[d]),
      ),
  );
};
const columnsOf =
  (f: (i: number, j: number) => boolean) =>
  (x: Nd, k = 0): Nd =>
    build(x.shape, (i) => (f(i.at(-1)! - i.at(-2)!, k) ? at(x, i) : 0));
const cat = (xs: readonly Nd[], dim: number): Nd => {
  const owners = xs.flatMap((x) => range(0, x.shape[dim]).map((n) => [x, n] as const));
  return build(xs[0].shape.with(dim, owners.length), (i) =>
    at(owners[i[dim]][0], i.with(dim, owners[i[dim]][1])),
  );
};
const diagonal = (x: Nd, offset = 0, dim1 = 0, dim2 = 1): Nd => {
  const y = moved(x, [dim1, dim2], [-2, -1]);
  const length = Math.max(
    0,
    Math.min(y.shape.at(-2)! + Math.min(0, offset), y.shape.at(-1)! - Math.max(0, offset)),
  );
  return build([...y.shape.slice(0, -2), length], (i) =>
    at(y, [...i.slice(0, -1), i.at(-1)! - Math.min(0, offset), i.at(-1)! + Math.max(0, offset)]),
  );
};
const embedded = (x: Nd, offset = 0, dim1 = -2, dim2 = -1): Nd => {
  const size = x.shape.at(-1)! + Math.abs(offset);
  const y = build([...x.shape.slice(0, -1), size, size], (i) => {
    const [r, c] = i.slice(-2);
    return c - r === offset ? at(x, [...i.slice(0, -2), Math.min(r, c)]) : 0;
  });
  return moved(y, [-2, -1], [dim1, dim2]);
};
const flat = (x: Nd): Nd => reshaped(x, [product(x.shape)]);

const MIRROR = {
  constant: () => 0,
  reflect: (i: number, n: number) => (i < 0 ? -i : i >= n ? 2 * n - 2 - i : i),
  replicate: (i: number, n: number) => Math.min(Math.max(i, 0), n - 1),
  circular: (i: number, n: number) => (i + n) % n,
};
const padded = (x: Nd, pad: number[], mode: keyof typeof MIRROR = 'constant', value = 0): Nd => {
  const before = x.shape.map((_, d) => pad[2 * (x.shape.length - 1 - d)] ?? 0);
  const after = x.shape.map((_, d) => pad[2 * (x.shape.length - 1 - d) + 1] ?? 0);
  return build(
    x.shape.map((size, d) => size + before[d] + after[d]),
    (i) => {
      const from = i.map((n, d) => n - before[d]);
      if (mode === 'circular') {
        const kept = range(0, x.shape.length).map((d) =>
          range(Math.max(0, -before[d]), x.shape[d] - Math.max(0, -after[d])),
        );
        return at(
          x,
          i.map((n, d) => kept[d][MIRROR.circular(n - Math.max(0, before[d]), kept[d].length)]),
        );
      }
      if (mode === 'constant') return from.some((n, d) => n < 0 || n >= x.shape[d]) ? value : at(x, from);
      return at(
        x,
        from.map((n, d) => MIRROR[mode](n, x.shape[d])),
      );
    },
  );
};
const constantRows: readonly (readonly Arg[])[] = [
  [real(2, 3), [1, 2]],
  [real(2, 3), [-1, 1, 2, -1]],
  [real(4), [-1, -2]],
  [real(1, 2, 2), [0, 1, 1, 0, 2, 0]],
  [real(0, 2), [1, 1]],
  [real(), []],
];

const grid = (xs: readonly Nd[], indexing = 'ij'): Nd[] => {
  const order = xs.map((_, i) => (indexing === 'xy' && i < 2 && xs.length > 1 ? 1 - i : i));
  return xs.map((x, i) =>
    build(
      order.map((n) => product(xs[n].shape)),
      (index) => x.data[index[order.indexOf(i)]],
    ),
  );
};
const combined = (n: number, r: number, repeats: boolean): number[][] =>
  [...indices(new Array<number>(r).fill(n))].filter((c) =>
    c.every((v, i) => i === 0 || (repeats ? v >= c[i - 1] : v > c[i - 1])),
  );

/** Other shapes, and what lies where in them. */
export const SHAPE_MORE: readonly Row[] = [
  row('view', { oracle: reshaped }, [real(2, 3), [2, 1, 3]], [real(), [1]], [real(0, 2), [0]]),
  row('unflatten', { oracle: (x: Nd, dim: number, sizes: number[]) => reshaped(x, x.shape.toSpliced(front(dim, x.shape.length), 1, ...reshaped({ shape: [x.shape.at(dim)!], data: range(0, x.shape.at(dim)!) }, sizes).shape)) },
    [real(2, 6), 1, [2, 3]], [real(6, 2), -2, [-1, 2]], [real(4), 0, [4]], [real(0, 2), 0, [0, 3]]),
  row('ravel', { oracle: flat }, [real(2, 3)], [real()], [real(0, 2)]),
  row('movedim', { oracle: moved }, [real(2, 3, 4), 0, -1], [real(2, 3, 4), [0, -1], [1, 0]], [real(2, 0), 1, 0]),
  row('moveaxis', { oracle: moved }, [real(2, 3, 4), 2, 0]),
  row('t', { oracle: swapLast }, [real(2, 3)], [real(2)], [real()]),
  row('adjoint', { oracle: swapLast }, [real(2, 3, 4)], [real(2, 3)], [real(0, 2)]),
  row('expandAs', { oracle: (x: Nd, y: Nd) => toShape(x, y.shape) }, [real(3), whole([2, 3], [0, 0, 0, 0, 0, 0])], [real(), whole([2], [0, 0])]),
  row('reshapeAs', { oracle: (x: Nd, y: Nd) => reshaped(x, y.shape) }, [real(6), whole([2, 3], [0, 0, 0, 0, 0, 0])]),
  row('viewAs', { oracle: (x: Nd, y: Nd) => reshaped(x, y.shape) }, [real(2), whole([2, 1], [0, 0])]),
  row('broadcastTo', { oracle: toShape }, [real(3), [2, 3]], [real(2, 1), [2, 2]], [real(), []]),
  row('broadcastTensors', { oracle: (...xs: Nd[]) => xs.map((x) => toShape(x, broadcast(...xs.map((y) => y.shape)))) },
    [real(3), real(2, 1)], [real(), real(2)], [real(2, 2)], [real(0), real(1)]),
  row('sumToSize', { dtypes: counted, oracle: (x: Nd, ...size: (number | number[])[]) => {
    const to = size.flat();
    const lead = x.shape.length - to.length;
    return build(to, (i) => total([...indices(x.shape)].filter((j) => i.every((n, d) => to[d] === 1 || j[lead + d] === n)).map((j) => at(x, j))));
  } }, [real(2, 3), [3]], [real(2, 3), [2, 1]], [real(4), [1]], [real(2, 3), []]),
  row('atleast1d', { oracle: (...xs: Nd[]) => listOf(...xs).map((x) => leading(x, 1)) }, [real()], [real(2)], [[real(), real(2, 3)]], [real(), real(2)]),
  row('atleast2d', { oracle: (...xs: Nd[]) => listOf(...xs).map((x) => leading(x, 2)) }, [real()], [real(2)], [real(2, 2)], [[real(), real(2, 3, 1)]]),
  row('atleast3d', { oracle: (...xs: Nd[]) => listOf(...xs).map(third) }, [real()], [real(2)], [real(2, 3)], [[real(0), real(2, 3, 1, 1)]]),

  row('split', { oracle: split }, [real(5, 2), 2], [real(2, 4), 2, 1], [real(5), [1, 3, 1]], [real(2, 3), [0, 3], -1], [real(0, 2), 2]),
  row('splitWithSizes', { oracle: split }, [real(5), [1, 0, 4]], [real(2, 3), [1, 2], 1]),
  row('chunk', { oracle: (x: Nd, chunks: number, dim = 0) => evenly(x, Math.ceil(x.shape.at(dim)! / chunks), dim) }, [real(5, 2), 2], [real(2, 6), 4, 1], [real(3), 5]),
  row('tensorSplit', { oracle: (x: Nd, where: number | number[], dim = 0) => cutOrSections(x, where, dim) },
    [real(5), 2], [real(2, 3), 4, 1], [real(5), [1, 3]], [real(5), [-2, 2]], [real(2, 4), [1, 9], -1], [real(4), []]),
  row('hsplit', { oracle: (x: Nd, where: number | number[]) => cutOrSections(x, where, x.shape.length > 1 ? 1 : 0) }, [real(4), 2], [real(2, 3), [1]]),
  row('vsplit', { oracle: (x: Nd, where: number | number[]) => cutOrSections(x, where, 0) }, [real(4, 2), 2], [real(3, 2), [1, 2]]),
  row('dsplit', { oracle: (x: Nd, where: number | number[]) => cutOrSections(x, where, 2) }, [real(1, 2, 4), 2], [real(1, 2, 3), [2]]),
  row('unbind', { oracle: (x: Nd, dim = 0) => range(0, x.shape.at(dim)!).map((n) => { const one = picked(x, dim, [n]); return reshaped(one, one.shape.toSpliced(front(dim, x.shape.length), 1)); }) },
    [real(3, 2)], [real(2, 3, 2), -1], [real(2)], [real(2, 0)]),

  row('repeat', { oracle: tiled }, [real(2, 3), [2, 1]], [real(2), [2, 3]], [real(), [3]], [real(2), [0]], [real(), []]),
  row('tile', { oracle: (x: Nd, times: number[]) => tiled(x, [...new Array<number>(Math.max(0, x.shape.length - times.length)).fill(1), ...times]) },
    [real(2, 3), [2]], [real(2), [2, 2]], [real(2, 2), []]),
  row('repeatInterleave', { oracle: (x: Nd, repeats: number | number[], dim?: number) => {
    const y = dim === undefined ? flat(x) : x;
    return picked(y, dim ?? 0, range(0, y.shape.at(dim ?? 0)!).flatMap((n) => new Array<number>(typeof repeats === 'number' ? repeats : repeats[n % repeats.length]).fill(n)));
  } }, [real(2, 2), 2], [real(2, 3), 2, 1], [real(3), [1, 0, 2], 0], [real(2, 2), [2, 1], -1], [real(2), [3], 0]),
  row('flip', { oracle: (x: Nd, dims: number[]) => build(x.shape, (i) => at(x, i.map((n, d) => (dims.some((k) => front(k, i.length) === d) ? x.shape[d] - 1 - n : n)))) },
    [real(2, 3), [0]], [real(2, 3, 2), [-1, 0]], [real(2), []], [real(0, 2), [0, 1]]),
  row('fliplr', { oracle: (x: Nd) => picked(x, 1, range(0, x.shape[1]).reverse()) }, [real(2, 3)]),
  row('flipud', { oracle: (x: Nd) => picked(x, 0, range(0, x.shape[0]).reverse()) }, [real(3)], [real(2, 3)]),
  row('roll', { oracle: (x: Nd, shifts: number | number[], dims?: number | number[]) => {
    if (dims === undefined) return reshaped(picked(flat(x), 0, range(0, x.data.length).map((n) => (((n - (shifts as number)) % x.data.length) + x.data.length) % x.data.length)), x.shape);
    const by = [shifts].flat();
    return [dims].flat().reduce((y, d, k) => picked(y, d, range(0, y.shape.at(d)!).map((n) => (((n - by[k]) % y.shape.at(d)!) + y.shape.at(d)!) % y.shape.at(d)!)), x);
  } }, [real(2, 3), 1], [real(2, 3), -4, 1], [real(2, 3), [1, 2], [0, -1]], [real(3), 3, 0], [real(0, 2), 1, 0]),
  row('rot90', { oracle: (x: Nd, k = 1, dims: readonly number[] = [0, 1]) => {
    const [a, b] = dims;
    let y = x;
    for (let turn = 0; turn < ((k % 4) + 4) % 4; turn++) y = moved(picked(y, b, range(0, y.shape.at(b)!).reverse()), [a, b], [b, a]);
    return y;
  } }, [real(2, 3)], [real(2, 3), 2], [real(2, 3), -1], [real(2, 3, 2), 1, [2, 0]], [real(2, 2), 4]),
  row('unfold', { oracle: (x: Nd, dimension: number, size: number, step: number) => {
    const dim = front(dimension, x.shape.length);
    if (x.shape.length === 0) return { shape: [size], data: x.data.slice(0, size) };
    return build([...x.shape.with(dim, Math.floor((x.shape[dim] - size) / step) + 1), size], (i) => at(x, i.slice(0, -1).with(dim, i[dim] * step + i.at(-1)!)));
  } }, [real(5), 0, 3, 1], [real(2, 6), -1, 2, 2], [real(4, 2), 0, 3, 2], [real(), 0, 1, 1], [real(3), 0, 0, 1]),

  row('diagonal', { oracle: diagonal }, [real(3, 4)], [real(3, 4), 1], [real(3, 3), -2], [real(2, 3, 2), 0, -1, 0], [real(2, 2), 5]),
  row('diagEmbed', { oracle: embedded }, [real(3)], [real(2, 2), 1], [real(2, 2), -1, 0, 2], [real(0)]),
  row('diag', { oracle: (x: Nd, k = 0) => (x.shape.length === 1 ? embedded(x, k) : diagonal(x, k)) }, [real(3)], [real(2), -1], [real(2, 3), 1], [real(2, 2)]),
  row('diagflat', { oracle: (x: Nd, k = 0) => embedded(flat(x), k) }, [real(2, 2)], [real(2), 1], [real()]),
  row('trace', { dtypes: counted, oracle: (x: Nd) => ({ shape: [], data: [total(diagonal(x).data)] }) }, [real(3, 3)], [real(2, 4)], [real(0, 2)]),
  row('tril', { oracle: columnsOf((d, k) => d <= k) }, [real(3, 3)], [real(2, 4), 1], [real(2, 3, 2), -1], [real(0, 2)]),
  row('triu', { oracle: columnsOf((d, k) => d >= k) }, [real(3, 3)], [real(2, 4), 2], [real(2, 3, 2), -1]),

  row('functional.pad', { oracle: padded }, ...constantRows,
    [real(2, 4), [1, 2], 'reflect'], [real(3, 4), [0, 3, 2, 1], 'reflect'], [real(2, 3), [2, 1], 'replicate'], [real(2, 2, 2), [1, 0, 0, 3], 'replicate'],
    [real(2, 3), [3, 1], 'circular'], [real(2, 3, 3), [1, -1, 0, 2], 'circular'], [real(2, 4), [-1, 2], 'reflect']),
  row('constantPadNd', { oracle: (x: Nd, pad: number[], value = 0) => padded(x, pad, 'constant', value) }, ...constantRows),

  row('concat', { oracle: cat }, [[real(2, 3), real(1, 3)], 0]),
  row('concatenate', { oracle: cat }, [[real(2, 3), real(2, 1)], 1]),
  row('hstack', { oracle: (xs: Nd[]) => cat(xs.map((x) => leading(x, 1)), xs[0].shape.length < 2 ? 0 : 1) }, [[real(2), real()]], [[real(2, 1), real(2, 2)]]),
  row('vstack', { oracle: (xs: Nd[]) => cat(xs.map((x) => leading(x, 2)), 0) }, [[real(2), real(1, 2)]], [[real(), real()]]),
  row('rowStack', { oracle: (xs: Nd[]) => cat(xs.map((x) => leading(x, 2)), 0) }, [[real(2), real(2)]]),
  row('dstack', { oracle: (xs: Nd[]) => cat(xs.map(third), 2) }, [[real(2), real(2)]], [[real(2, 1), real(2, 1, 2)]]),
  row('columnStack', { oracle: (xs: Nd[]) => cat(xs.map((x) => (x.shape.length < 2 ? reshaped(x, [x.data.length, 1]) : x)), 1) }, [[real(2), real(2, 2)]], [[real(), real(1, 1)]]),
  row('meshgrid', { oracle: (xs: Nd[], about?: { indexing: string }) => grid(xs, about?.indexing) },
    [[real(2), real(3)]], [[real(2), real(3), real()], { indexing: 'xy' }], [[real(2)], { indexing: 'xy' }]),
  row('cartesianProd', { oracle: (...xs: Nd[]) => xs.length === 1 ? xs[0] : build([product(xs.map((x) => x.data.length)), xs.length], (i) => grid(xs)[i[1]].data[i[0]]) },
    [real(2), real(3)], [real(2), real(1), real(2)], [real(3)], [real(0), real(2)]),
  row('combinations', { oracle: (x: Nd, r = 2, repeats = false) => { const all = combined(x.data.length, r, repeats); return build([all.length, r], (i) => x.data[all[i[0]][i[1]]]); } },
    [real(4)], [real(3), 3], [real(3), 2, true], [real(2), 3]),
  row('blockDiag', { oracle: (...xs: Nd[]) => {
    const blocks = xs.map((x) => leading(x, 2));
    const [rows, columns] = [0, 1].map((d) => blocks.flatMap((x, n) => range(0, x.shape[d]).map((i) => [n, i])));
    return build([rows.length, columns.length], ([i, j]) => (rows[i][0] === columns[j][0] ? at(blocks[rows[i][0]], [rows[i][1], columns[j][1]]) : 0));
  } }, [real(1, 2), real(2, 1)], [real(2), real()], [real(2, 2)]),
  row('vander', { dtypes: (dtype) => dtype, oracle: (x: Nd, N: number | null = null, increasing = false) => build([x.data.length, N ?? x.data.length], ([i, j]) => x.data[i] ** (increasing ? j : (N ?? x.data.length) - 1 - j)) },
    [distinct(3)], [distinct(2), 4], [distinct(3), 3, true]),
]; // prettier-ignore
