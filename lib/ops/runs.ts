import { backend } from '../backend/select.js';
import { empty, emptyOrdered, isDense, viewOf, type Tensor } from '../tensor.js';
import { contiguous } from './broadcast.js';
import { track } from './primitive.js';

// Linear maps along one dimension of which each result is a weighted sum of neighbours: averages over windows, and
// resizing. Runs start and end in ascending order, so that each input, too, goes to neighbours.

/** For each result: where the elements it is made of start, and their weights. */
export interface Runs {
  /** How many elements there are to choose from. */
  readonly size: number;
  readonly starts: readonly number[];
  readonly weights: readonly (readonly number[])[];
}

/** Runs from the first element and the weights of each. */
export function makeRuns(
  size: number,
  count: number,
  run: (o: number) => [start: number, weights: number[]],
): Runs {
  const all = Array.from({ length: count }, (_, o) => run(o));
  return { size, starts: all.map(([start]) => start), weights: all.map(([, weights]) => weights) };
}

/** The map the other way: each element's share of all results. */
function transposed({ size, starts, weights }: Runs): Runs {
  const back = Array.from({ length: size }, (): number[] => []);
  const first = new Array<number>(size).fill(0);
  starts.forEach((start, o) =>
    weights[o].forEach((weight, k) => {
      if (back[start + k].length === 0) first[start + k] = o;
      back[start + k].push(weight);
    }),
  );
  return { size: starts.length, starts: first, weights: back };
}

/** The dimensions of `x` as they lie in memory, the outermost first; null where there are gaps or repeats. */
function orderOf(x: Tensor): number[] | null {
  const dims = x.shape.map((_, dim) => dim);
  if (x.isContiguous) return dims;
  if (!isDense(x)) return null;
  // Sizes of 1 may have any stride: they go outside.
  const rank = (dim: number): number => (x.shape[dim] === 1 ? Infinity : x.strides[dim]);
  return dims.sort((a, b) => (rank(a) === rank(b) ? a - b : rank(b) - rank(a)));
}

/**
 * Weighted sums of neighbours along one dimension. The result lies in memory as `x` does.
 * Gradient: the same with {@link transposed} runs.
 */
export function alongDim(input: Tensor, dim: number, runs: Runs): Tensor {
  const x = orderOf(input) === null ? contiguous(input) : input;
  const order = orderOf(x) as number[];
  const shape = x.shape.map((size, i) => (i === dim ? runs.starts.length : size));
  const out = emptyOrdered(shape, order.toReversed(), x.dtype);
  const at = order.indexOf(dim);
  const [outer, inner] = [order.slice(0, at), order.slice(at + 1)].map((dims) =>
    dims.reduce((size, d) => size * x.shape[d], 1),
  );
  const [table, weights] = tables(runs, x.dtype);
  const asThree = (y: Tensor, size: number): Tensor =>
    viewOf(y, [outer, size, inner], [size * inner, inner, 1]);
  backend.weightedRuns(asThree(x, runs.size), table, weights, asThree(out, runs.starts.length));
  return track('weightedRuns', out, [x], [], (g) => [() => alongDim(g, dim, transposed(runs))]);
}

/** Runs as kernels take them. */
function tables({ starts, weights }: Runs, dtype: Tensor['dtype']): [runs: Tensor, weights: Tensor] {
  const table = empty([starts.length, 3], 'int32');
  const total = weights.reduce((sum, list) => sum + list.length, 0);
  const flat = empty([total], dtype);
  const [rows, numbers] = [table.storage.array, flat.storage.array];
  let first = 0;
  starts.forEach((start, o) => {
    rows[table.offset + 3 * o] = start;
    rows[table.offset + 3 * o + 1] = weights[o].length;
    rows[table.offset + 3 * o + 2] = first;
    for (const weight of weights[o]) numbers[flat.offset + first++] = weight;
  });
  return [table, flat];
}

const isIdentity = ({ size, starts, weights }: Runs): boolean =>
  starts.length === size &&
  starts.every((start, o) => start === o && weights[o].length === 1 && weights[o][0] === 1);

/**
 * {@link alongDim} for the last dimensions of `x`, the one that shrinks most first. Of equals, the innermost, which is the
 * slowest, is done where there is less: last when images shrink, first when they grow.
 */
export function alongLast(x: Tensor, all: readonly Runs[]): Tensor {
  const lead = x.ndim - all.length;
  return all
    .map((runs, i) => ({ runs, dim: lead + i, growth: runs.starts.length / runs.size }))
    .filter(({ runs }) => !isIdentity(runs))
    .sort((a, b) => a.growth - b.growth || (a.growth > 1 ? b.dim - a.dim : a.dim - b.dim))
    .reduce((y, { runs, dim }) => alongDim(y, dim, runs), x);
}
