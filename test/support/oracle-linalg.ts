import { at, broadcast, build, matmul, permuted, total, type Nd } from './oracle.js';

// Linear algebra written down so plainly that it is easy to believe, one matrix after the other.

export type Rows = number[][];

const rowsOf = (m: number, n: number, f: (i: number, j: number) => number): Rows =>
  Array.from({ length: m }, (_, i) => Array.from({ length: n }, (__, j) => f(i, j)));

/** One matrix of a batch. */
const matrixAt = (x: Nd, index: readonly number[]): Rows =>
  rowsOf(x.shape.at(-2)!, x.shape.at(-1)!, (i, j) => at(x, [...index, i, j]));

/** A function of matrices that gives a matrix, for a batch of them. */
export function eachMatrix(f: (...matrices: Rows[]) => Rows, ...xs: Nd[]): Nd {
  const batch = broadcast(...xs.map((x) => x.shape.slice(0, -2)));
  const first = f(...xs.map((x) => rowsOf(x.shape.at(-2)!, x.shape.at(-1)!, (i, j) => (i === j ? 1 : 0))));
  const shape = [...batch, first.length, first[0]?.length ?? columnsOf(xs)];
  return build(shape, (index) => {
    const [i, j] = index.slice(-2);
    return f(...xs.map((x) => matrixAt(x, index.slice(0, -2))))[i][j];
  });
}

const columnsOf = (xs: readonly Nd[]): number => xs.at(-1)!.shape.at(-1)!;

/** A function of a matrix that gives numbers, for a batch. */
export function eachNumbers(f: (matrix: Rows) => number[], x: Nd, length: number): Nd {
  return build(
    [...x.shape.slice(0, -2), length],
    (index) => f(matrixAt(x, index.slice(0, -1)))[index.at(-1)!],
  );
}

export const eachNumber = (f: (matrix: Rows) => number, x: Nd): Nd =>
  build(x.shape.slice(0, -2), (index) => f(matrixAt(x, index)));

export const turned = (x: Nd): Nd =>
  permuted(x, [...x.shape.map((_, dim) => dim).slice(0, -2), x.shape.length - 1, x.shape.length - 2]);
export const symmetric = (x: Nd): Nd => ({ ...x, data: x.data.map((v, i) => (v + turned(x).data[i]) / 2) });
export const only = (x: Nd, keep: (i: number, j: number) => boolean): Nd =>
  build(x.shape, (index) => (keep(index.at(-2)!, index.at(-1)!) ? at(x, index) : 0));

/** A⁻¹·B, by Gauss and Jordan. */
export function solve(A: Rows, B: Rows): Rows {
  const n = A.length;
  const rows = A.map((row, i) => [...row, ...B[i]]);
  for (let j = 0; j < n; j++) {
    const best = rows
      .slice(j)
      .reduce((most, row, i) => (Math.abs(row[j]) > Math.abs(rows[most][j]) ? i + j : most), j);
    [rows[j], rows[best]] = [rows[best], rows[j]];
    rows[j] = rows[j].map((v) => v / rows[j][j]);
    for (let i = 0; i < n; i++) if (i !== j) rows[i] = rows[i].map((v, c) => v - rows[i][j] * rows[j][c]);
  }
  return rows.map((row) => row.slice(n));
}

export const eye = (n: number): Rows => rowsOf(n, n, (i, j) => (i === j ? 1 : 0));
export const inverse = (A: Rows): Rows => solve(A, eye(A.length));

/** By the first row (Laplace). */
export const det = (A: Rows): number =>
  A.length === 0
    ? 1
    : total(A[0].map((v, j) => v * (-1) ** j * det(A.slice(1).map((row) => row.filter((_, c) => c !== j)))));

export function cholesky(A: Rows): Rows {
  const L = rowsOf(A.length, A.length, () => 0);
  for (let i = 0; i < A.length; i++)
    for (let j = 0; j <= i; j++) {
      const rest = A[i][j] - total(L[i].slice(0, j).map((v, k) => v * L[j][k]));
      L[i][j] = i === j ? Math.sqrt(rest) : rest / L[j][j];
    }
  return L;
}

/** Without exchange of rows: for matrices whose diagonal is the largest of every column. */
export function lu(A: Rows): Rows {
  const rows = A.map((row) => [...row]);
  for (let j = 0; j < Math.min(A.length, A[0]?.length ?? 0); j++)
    for (let i = j + 1; i < A.length; i++) {
      rows[i][j] /= rows[j][j];
      for (let c = j + 1; c < rows[i].length; c++) rows[i][c] -= rows[i][j] * rows[j][c];
    }
  return rows;
}

/** Q by Gram and Schmidt: the diagonal of R is positive. */
export function orthogonal(A: Rows): Rows {
  const columns: Rows = [];
  const k = Math.min(A.length, A[0]?.length ?? 0);
  for (let j = 0; j < k; j++) {
    let v = A.map((row) => row[j]);
    for (let twice = 0; twice < 2; twice++)
      for (const q of columns) {
        const dot = total(q.map((x, i) => x * v[i]));
        v = v.map((x, i) => x - dot * q[i]);
      }
    const length = Math.sqrt(total(v.map((x) => x * x)));
    columns.push(v.map((x) => x / length));
  }
  return A.map((_, i) => columns.map((q) => q[i]));
}

/** Eigenvalues of a symmetric matrix, ascending, and eigenvectors as columns: by Jacobi's rotations. */
export function eigen(A: Rows): { values: number[]; vectors: Rows } {
  const n = A.length;
  let [a, v] = [A.map((row) => [...row]), eye(n)];
  const times = (x: Rows, y: Rows): Rows =>
    rowsOf(x.length, n, (i, j) => total(x[i].map((z, k) => z * y[k][j])));
  for (let sweep = 0; sweep < 30; sweep++)
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        const angle = Math.atan2(2 * a[p][q], a[q][q] - a[p][p]) / 2;
        const J = eye(n);
        J[p][p] = J[q][q] = Math.cos(angle);
        J[p][q] = Math.sin(angle);
        J[q][p] = -Math.sin(angle);
        a = times(
          rowsOf(n, n, (i, j) => J[j][i]),
          times(a, J),
        );
        v = times(v, J);
      }
  const order = a.map((_, i) => i).sort((i, j) => a[i][i] - a[j][j]);
  return { values: order.map((i) => a[i][i]), vectors: v.map((row) => order.map((i) => row[i])) };
}

/** Singular values, descending. */
export function singularValues(A: Rows): number[] {
  const wide = A.length < (A[0]?.length ?? 0) ? A : (A[0]?.map((_, j) => A.map((row) => row[j])) ?? []);
  const gram = wide.map((x) => wide.map((y) => total(x.map((v, i) => v * y[i]))));
  return eigen(gram)
    .values.map((v) => Math.sqrt(Math.max(0, v)))
    .reverse();
}

/** A⁺ for matrices of full rank. */
export const pseudoinverse = (A: Nd): Nd => {
  const [m, n] = A.shape.slice(-2);
  const At = turned(A);
  return m >= n
    ? matmul(eachMatrix(inverse, matmul(At, A)), At)
    : matmul(At, eachMatrix(inverse, matmul(A, At)));
};
