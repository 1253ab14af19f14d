import type { Backend, Operand, TriangularParams } from '../../../lib/backend/contract.js';
import { arrayOf, type DType } from '../../../lib/dtype.js';
import { contiguousStrides, sizeOf } from '../../../lib/shape.js';
import { borrow } from '../../../lib/storage.js';
import type { Random } from './random-values.js';
import { operand, read, trial, view, type Row } from './trial.js';

// Decompositions are tried by what they mean: their factors, multiplied, are the matrix. Sums of products are in float64.

const FLOATS: readonly DType[] = ['float32', 'float64'];

interface Sizes {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
}

function draw(random: Random): Sizes {
  const size = (): number => (random.chance(0.05) ? 0 : random.pick([1, 1, 2, 3, 4, 5, 8, 17, 33]));
  return { batch: random.pick([0, 1, 1, 2, 3, 9]), m: size(), n: size() };
}

/** Numbers between -1 and 1, with something larger on the diagonal. */
function matrices(random: Random, dtype: DType, batch: number, m: number, n: number, raise = 0): Operand {
  const x = operand(random, dtype, [batch, m, n], 'contiguous', () => random.uniform(-1, 1));
  for (let b = 0; b < batch; b++)
    for (let i = 0; i < Math.min(m, n); i++) x.storage.array[x.offset + (b * m + i) * n + i] += raise;
  return x;
}
const rest = (random: Random, dtype: DType, ...shape: number[]): Operand =>
  operand(random, dtype, shape, 'contiguous', () => (dtype === 'int32' ? 7 : NaN));

/** An operand of a kernel's own, which the trial does not see. */
function own(dtype: DType, ...shape: number[]): Operand {
  const storage = borrow(new (arrayOf(dtype))(Math.max(1, sizeOf(shape))).buffer, dtype);
  return view(storage, 0, shape, contiguousStrides(shape));
}

function put(x: Operand, values: readonly number[]): void {
  values.forEach((value, i) => (x.storage.array[x.offset + i] = value));
}

/** Element by element: matrix b, row i, column j. */
const fill = ([batch, m, n]: readonly number[], f: (b: number, i: number, j: number) => number): number[] =>
  Array.from({ length: batch * m * n }, (_, at) =>
    f(Math.floor(at / (m * n)), Math.floor(at / n) % m, at % n),
  );
const getter =
  (x: Operand, values = read(x)) =>
  (b: number, i: number, j: number): number =>
    values[(b * x.shape[1] + i) * x.shape[2] + j];
const sum = (n: number, f: (k: number) => number): number => {
  let all = 0;
  for (let k = 0; k < n; k++) all += f(k);
  return all;
};
const like = (values: readonly number[], scale: number) => ({ values, scale: values.map(() => scale) });

const choleskyRow = (dtype: DType): Row => ({
  title: `cholesky ${dtype}`,
  draw(random) {
    const { batch, n } = draw(random);
    const a = matrices(random, dtype, batch, n, n, n + 1);
    const A = getter(a);
    const bad = random.chance(0.2) && batch > 0 && n > 0 ? random.integer(0, batch - 1) : -1;
    if (bad >= 0) a.storage.array[a.offset + bad * n * n] = random.pick([-1, NaN]);
    const rebuilt = rest(random, dtype, batch, n, n);
    return trial({
      operands: { a, rebuilt },
      run: (kernels, { a, rebuilt }) => {
        const L = own(dtype, batch, n, n);
        const failed = kernels.cholesky(a, L, null);
        const l = getter(L);
        put(
          rebuilt,
          fill([batch, n, n], (b, i, j) => sum(n, (k) => l(b, i, k) * l(b, j, k))),
        );
        return failed;
      },
      returns: bad,
      expected: {
        rebuilt: like(
          fill([batch, n, n], (b, i, j) => (i < j ? A(b, j, i) : A(b, i, j))),
          10 * n,
        ),
      },
    });
  },
});

/** What L, U and pivots say: the rows of a. */
function multiplied(LU: Operand, pivots: Operand): number[] {
  const [batch, m, n] = LU.shape;
  const k = Math.min(m, n);
  const [lu, p] = [getter(LU), read(pivots)];
  const order = Array.from({ length: batch }, (_, b) => {
    const rows = Array.from({ length: m }, (__, i) => i);
    for (let i = k - 1; i >= 0; i--) [rows[i], rows[p[b * k + i] - 1]] = [rows[p[b * k + i] - 1], rows[i]];
    return rows;
  });
  const product = (b: number, i: number, j: number): number =>
    sum(Math.min(i, j, k - 1) + 1, (l) => (l === i ? 1 : lu(b, i, l)) * lu(b, l, j));
  return fill([batch, m, n], (b, i, j) => product(b, order[b][i], j));
}

const luRow = (dtype: DType): Row => ({
  title: `lu ${dtype}`,
  draw(random) {
    const { batch, m, n } = draw(random);
    const a = matrices(random, dtype, batch, m, n);
    const isSingular = random.chance(0.2) && batch > 0 && Math.min(m, n) > 0;
    const bad = isSingular ? random.integer(0, batch - 1) : -1;
    if (bad >= 0)
      for (let i = 0; i < m; i++) a.storage.array[a.offset + (bad * m + i) * n + Math.min(m, n) - 1] = 0;
    const withInfo = random.chance(0.5);
    const info = withInfo ? rest(random, 'int32', batch) : null;
    const rebuilt = rest(random, dtype, batch, m, n);
    return trial({
      options: { withInfo, bad },
      operands: { a, rebuilt, info },
      run: (kernels, { a, rebuilt, info }) => {
        const [LU, pivots] = [own(dtype, batch, m, n), own('int32', batch, Math.min(m, n))];
        const failed = kernels.lu(a, LU, pivots, info);
        put(rebuilt, multiplied(LU, pivots));
        return failed;
      },
      returns: withInfo ? -1 : bad,
      expected: {
        rebuilt: like(read(a), 10 * m),
        ...(withInfo && {
          info: { values: Array.from({ length: batch }, (_, b) => (b === bad ? Math.min(m, n) : 0)) },
        }),
      },
    });
  },
});

const luSolveRow = (dtype: DType): Row => ({
  title: `luSolve ${dtype}`,
  draw(random) {
    const { batch, m, n } = draw(random);
    const a = matrices(random, dtype, batch, m, m, m);
    const b = matrices(random, dtype, batch, m, n);
    const transposed = random.chance(0.5);
    const bad = random.chance(0.1) && batch * m > 0 ? random.integer(0, batch * m - 1) : -1;
    const rebuilt = rest(random, dtype, batch, m, n);
    const A = getter(a);
    return trial({
      options: { transposed, bad },
      operands: { a, b, rebuilt },
      run: (kernels, { a, b, rebuilt }) => {
        const [LU, pivots, X] = [own(dtype, batch, m, m), own('int32', batch, m), own(dtype, batch, m, n)];
        kernels.lu(a, LU, pivots, null);
        if (bad >= 0) pivots.storage.array[bad] = random.pick([0, m + 1]);
        const failed = kernels.luSolve(LU, pivots, b, X, transposed);
        const x = getter(X);
        const times = (i: number, z: number, j: number): number =>
          sum(m, (k) => (transposed ? A(z, k, i) : A(z, i, k)) * x(z, k, j));
        put(
          rebuilt,
          fill([batch, m, n], (z, i, j) => times(i, z, j)),
        );
        return failed;
      },
      returns: bad,
      expected: { rebuilt: like(read(b), 20 * m) },
    });
  },
});

const triangularRow = (dtype: DType): Row => ({
  title: `triangularSolve ${dtype}`,
  draw(random) {
    const { batch, m, n } = draw(random);
    const params: TriangularParams = {
      upper: random.chance(0.5),
      transposed: random.chance(0.5),
      unit: random.chance(0.3),
    };
    // Small beside the diagonal: what is solved stays of its size.
    const a = matrices(random, dtype, batch, m, m);
    for (let at = 0; at < a.size; at++) {
      const [i, j] = [Math.floor(at / m) % m, at % m];
      a.storage.array[a.offset + at] *= i === j ? 1 : 1 / m;
      if (i === j) a.storage.array[a.offset + at] += 2;
    }
    const b = matrices(random, dtype, batch, m, n);
    const rebuilt = rest(random, dtype, batch, m, n);
    const A = getter(a);
    const half = (z: number, i: number, j: number): number => {
      const [row, column] = params.transposed ? [j, i] : [i, j];
      if (row === column) return params.unit ? 1 : A(z, row, row);
      return row < column === params.upper ? A(z, row, column) : 0;
    };
    return trial({
      options: params,
      operands: { a, b, rebuilt },
      run: (kernels, { a, b, rebuilt }) => {
        const X = own(dtype, batch, m, n);
        kernels.triangularSolve(a, b, X, params);
        const x = getter(X);
        put(
          rebuilt,
          fill([batch, m, n], (z, i, j) => sum(m, (k) => half(z, i, k) * x(z, k, j))),
        );
      },
      expected: { rebuilt: like(read(b), 10 * m) },
    });
  },
});

/** Q of so many columns, and Q·R. */
function factors(kernels: Backend, a: Operand): { Q: Operand; product: number[]; gram: number[] } {
  const [batch, m, n] = a.shape;
  const k = Math.min(m, n);
  const { dtype } = a;
  const [R, tau] = [own(dtype, batch, m, n), own(dtype, batch, k)];
  kernels.householder(a, R, tau);
  const V = own(dtype, batch, m, m);
  const r = getter(R);
  put(
    V,
    fill([batch, m, m], (b, i, j) => (j < k ? r(b, i, j) : 0)),
  );
  const Q = own(dtype, batch, m, m);
  kernels.householderProduct(V, tau, Q);
  const q = getter(Q);
  return {
    Q,
    product: fill([batch, m, n], (b, i, j) => sum(Math.min(j + 1, m), (l) => q(b, i, l) * r(b, l, j))),
    gram: fill([batch, m, m], (b, i, j) => sum(m, (l) => q(b, l, i) * q(b, l, j))),
  };
}

const identity = (batch: number, n: number): number[] => fill([batch, n, n], (_, i, j) => (i === j ? 1 : 0));

const householderRow = (dtype: DType): Row => ({
  title: `householder ${dtype}`,
  draw(random) {
    const { batch, m, n } = draw(random);
    const a = matrices(random, dtype, batch, m, n);
    const product = rest(random, dtype, batch, m, n);
    return trial({
      operands: { a, product },
      run: (kernels, { a, product }) => {
        put(product, factors(kernels, a).product);
      },
      expected: { product: like(read(a), 10 * m) },
    });
  },
});

const householderProductRow = (dtype: DType): Row => ({
  title: `householderProduct ${dtype}`,
  draw(random) {
    const { batch, m, n } = draw(random);
    const a = matrices(random, dtype, batch, m, n);
    const gram = rest(random, dtype, batch, m, m);
    return trial({
      operands: { a, gram },
      run: (kernels, { a, gram }) => {
        put(gram, factors(kernels, a).gram);
      },
      expected: { gram: like(identity(batch, m), 10 * m) },
    });
  },
});

const svdRow = (dtype: DType): Row => ({
  title: `svd ${dtype}`,
  draw(random) {
    const { batch, m, n } = draw(random);
    const k = Math.min(m, n);
    const a = matrices(random, dtype, batch, m, n);
    const vectors = k === 0 ? 'none' : random.pick(['none', 'reduced', 'all'] as const);
    const bad = random.chance(0.1) && a.size > 0 ? random.integer(0, batch - 1) : -1;
    if (bad >= 0) a.storage.array[a.offset + bad * m * n] = random.pick([NaN, Infinity]);
    const isFlat = random.chance(0.2) && bad < 0;
    if (isFlat) for (let i = 0; i < a.size; i++) a.storage.array[a.offset + i] = i % n === 0 ? 1 : 0;
    const [product, gramU, gramV] = [
      rest(random, dtype, batch, m, n),
      rest(random, dtype, batch, m, m),
      rest(random, dtype, batch, n, n),
    ];
    const squares = rest(random, dtype, batch);
    const [width, height] = vectors === 'all' ? [m, n] : [k, k];
    const A = getter(a);
    return trial({
      options: { vectors, bad },
      operands: { a, product, gramU, gramV, squares },
      run: (kernels, { a, product, gramU, gramV, squares }) => {
        const has = vectors !== 'none';
        const S = own(dtype, batch, k);
        const [U, V] = [own(dtype, batch, m, width), own(dtype, batch, height, n)];
        const failed = kernels.svd(a, has ? U : null, S, has ? V : null);
        const [s, u, v] = [read(S), getter(U), getter(V)];
        const isDescending = s.every((x, i) => x >= 0 && (i % k === 0 || x <= s[i - 1]));
        put(
          squares,
          Array.from({ length: batch }, (_, b) =>
            isDescending ? sum(k, (i) => s[b * k + i] ** 2) : NaN,
          ),
        );
        put(product, fill([batch, m, n], (b, i, j) => (has ? sum(k, (l) => u(b, i, l) * s[b * k + l] * v(b, l, j)) : A(b, i, j))));
        const isOne = (i: number, j: number): number => (i === j ? 1 : 0);
        put(gramU, fill([batch, m, m], (b, i, j) => (has && i < width && j < width ? sum(m, (l) => u(b, l, i) * u(b, l, j)) : isOne(i, j))));
        put(gramV, fill([batch, n, n], (b, i, j) => (has && i < height && j < height ? sum(n, (l) => v(b, i, l) * v(b, j, l)) : isOne(i, j))));
        return failed;
      },
      returns: bad,
      expected: {
        product: like(read(a), 20 * Math.max(m, n)),
        gramU: like(identity(batch, m), 20 * Math.max(m, n)),
        gramV: like(identity(batch, n), 20 * Math.max(m, n)),
        squares: like(
          Array.from({ length: batch }, (_, b) => sum(m, (i) => sum(n, (j) => A(b, i, j) ** 2))),
          20 * m * n,
        ),
      },
    });
  },
}); // prettier-ignore

const eighRow = (dtype: DType): Row => ({
  title: `eigh ${dtype}`,
  draw(random) {
    const { batch, n } = draw(random);
    const a = matrices(random, dtype, batch, n, n);
    const A = getter(a);
    const hasVectors = random.chance(0.7);
    const bad = random.chance(0.1) && a.size > 0 ? random.integer(0, batch - 1) : -1;
    if (bad >= 0) a.storage.array[a.offset + bad * n * n] = random.pick([NaN, -Infinity]);
    const [product, gram] = [rest(random, dtype, batch, n, n), rest(random, dtype, batch, n, n)];
    const trace = rest(random, dtype, batch);
    const whole = (b: number, i: number, j: number): number => (i < j ? A(b, j, i) : A(b, i, j));
    return trial({
      options: { hasVectors, bad },
      operands: { a, product, gram, trace },
      run: (kernels, { a, product, gram, trace }) => {
        const [L, V] = [own(dtype, batch, n), own(dtype, batch, n, n)];
        const failed = kernels.eigh(a, L, hasVectors ? V : null);
        const [l, v] = [read(L), getter(V)];
        const isAscending = l.every((x, i) => i % n === 0 || x >= l[i - 1]);
        put(trace, Array.from({ length: batch }, (_, b) => (isAscending ? sum(n, (i) => l[b * n + i]) : NaN)));
        put(product, fill([batch, n, n], (b, i, j) => (hasVectors ? sum(n, (k) => v(b, i, k) * l[b * n + k] * v(b, j, k)) : whole(b, i, j))));
        put(gram, fill([batch, n, n], (b, i, j) => (hasVectors ? sum(n, (k) => v(b, k, i) * v(b, k, j)) : i === j ? 1 : 0)));
        return failed;
      },
      returns: bad,
      expected: {
        product: like(fill([batch, n, n], whole), 20 * n),
        gram: like(identity(batch, n), 20 * n),
        trace: like(
          Array.from({ length: batch }, (_, b) => sum(n, (i) => A(b, i, i))),
          20 * n,
        ),
      },
    });
  },
}); // prettier-ignore

export const linalgRows = {
  cholesky: FLOATS.map(choleskyRow),
  lu: FLOATS.map(luRow),
  luSolve: FLOATS.map(luSolveRow),
  triangularSolve: FLOATS.map(triangularRow),
  householder: FLOATS.map(householderRow),
  householderProduct: FLOATS.map(householderProductRow),
  svd: FLOATS.map(svdRow),
  eigh: FLOATS.map(eighRow),
};
