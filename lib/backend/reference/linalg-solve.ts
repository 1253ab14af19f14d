import type { TypedArray } from '../../dtype.js';
import type { Operand, TriangularParams } from '../contract.js';

// Factorizations by elimination, and what they are for: solving. Everything is computed in float64.

/** Whether the elements from `at` on are all finite. */
export const isFinite = (array: TypedArray, at: number, count: number): boolean => {
  for (let i = at; i < at + count; i++) if (!Number.isFinite(array[i])) return false;
  return true;
};

/** Matrix `i` of a batch, as a copy in float64. */
export const copyOf = (x: Operand, i: number, size: number): Float64Array =>
  Float64Array.from(x.storage.array.subarray(x.offset + i * size, x.offset + (i + 1) * size));

/** Writes matrix `i` of a batch. */
export const store = (x: Operand, i: number, values: Float64Array): void => {
  x.storage.array.set(values, x.offset + i * values.length);
};

/**
 * L·Lᵀ = A, row by row: Lᵢⱼ is what remains of Aᵢⱼ when the rows before are taken off, divided by Lⱼⱼ; on the diagonal its
 * square root, and that is where a matrix shows that it is not positive-definite.
 */
export function cholesky(a: Operand, out: Operand, info: Operand | null): number {
  const [batch, n] = a.shape;
  let failed = -1;
  for (let i = 0; i < batch; i++) {
    const A = copyOf(a, i, n * n);
    const status = factor(A, n);
    if (status > 0) A.fill(NaN);
    store(out, i, A);
    if (info) info.storage.array[info.offset + i] = status;
    else if (status > 0 && failed < 0) failed = i;
  }
  return failed;
}

/** In place. Returns the order of the first minor that is not positive, or 0. */
function factor(A: Float64Array, n: number): number {
  for (let i = 0; i < n; i++) if (!isFinite(A, i * n, i + 1)) return i + 1;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = A[i * n + j];
      for (let k = 0; k < j; k++) rest -= A[i * n + k] * A[j * n + k];
      if (j < i) A[i * n + j] = rest / A[j * n + j];
      else if (!(rest > 0)) return i + 1;
      else A[i * n + i] = Math.sqrt(rest);
    }
    A.fill(0, i * n + i + 1, (i + 1) * n);
  }
  return 0;
}

/**
 * Gaussian elimination: in each column the largest element is exchanged to the diagonal, and multiples of its row are
 * taken off the rows below. The multiples are L, what remains is U.
 */
export function lu(a: Operand, out: Operand, pivots: Operand, info: Operand | null): number {
  const [batch, m, n] = a.shape;
  const k = Math.min(m, n);
  const P = pivots.storage.array;
  let singular = -1;
  for (let i = 0; i < batch; i++) {
    const A = copyOf(a, i, m * n);
    const at = pivots.offset + i * k;
    let status = 0;
    if (isFinite(A, 0, m * n)) status = eliminate(A, m, n, P, at);
    else {
      A.fill(NaN);
      for (let row = 0; row < k; row++) P[at + row] = row + 1;
    }
    store(out, i, A);
    if (info) info.storage.array[info.offset + i] = status;
    else if (status > 0 && singular < 0) singular = i;
  }
  return singular;
}

/** In place. Returns the position of the first 0 on the diagonal, from 1, or 0. */
function eliminate(A: Float64Array, m: number, n: number, pivots: TypedArray, at: number): number {
  let status = 0;
  for (let j = 0; j < Math.min(m, n); j++) {
    let pivot = j;
    for (let i = j + 1; i < m; i++) if (Math.abs(A[i * n + j]) > Math.abs(A[pivot * n + j])) pivot = i;
    pivots[at + j] = pivot + 1;
    if (A[pivot * n + j] === 0) {
      status ||= j + 1;
      continue;
    }
    exchange(A, n, j, pivot);
    for (let i = j + 1; i < m; i++) {
      const multiple = (A[i * n + j] /= A[j * n + j]);
      for (let c = j + 1; c < n; c++) A[i * n + c] -= multiple * A[j * n + c];
    }
  }
  return status;
}

function exchange(A: Float64Array, columns: number, i: number, j: number): void {
  if (i === j) return;
  const row = A.slice(i * columns, (i + 1) * columns);
  A.copyWithin(i * columns, j * columns, (j + 1) * columns);
  A.set(row, j * columns);
}

export function luSolve(lu: Operand, pivots: Operand, b: Operand, out: Operand, transposed: boolean): number {
  const [batch, n, columns] = b.shape;
  const P = pivots.storage.array.subarray(pivots.offset, pivots.offset + batch * n);
  const bad = P.findIndex((pivot) => pivot < 1 || pivot > n);
  if (bad >= 0) return bad;
  const L = { upper: false, transposed, unit: true };
  const U = { upper: true, transposed, unit: false };
  for (let i = 0; i < batch; i++) {
    const A = copyOf(lu, i, n * n);
    const x = copyOf(b, i, n * columns);
    if (transposed) {
      substitute(A, x, n, columns, U);
      substitute(A, x, n, columns, L);
      for (let row = n - 1; row >= 0; row--) exchange(x, columns, row, P[i * n + row] - 1);
    } else {
      for (let row = 0; row < n; row++) exchange(x, columns, row, P[i * n + row] - 1);
      substitute(A, x, n, columns, L);
      substitute(A, x, n, columns, U);
    }
    store(out, i, x);
  }
  return -1;
}

export function triangularSolve(a: Operand, b: Operand, out: Operand, params: TriangularParams): void {
  const [batch, n, columns] = b.shape;
  for (let i = 0; i < batch; i++) {
    const x = copyOf(b, i, n * columns);
    substitute(copyOf(a, i, n * n), x, n, columns, params);
    store(out, i, x);
  }
}

/** Row after row, from the corner of the triangle: what is known already is taken off, and the rest divided. */
function substitute(
  A: Float64Array,
  x: Float64Array,
  n: number,
  columns: number,
  { upper, transposed, unit }: TriangularParams,
): void {
  const [row, column] = transposed ? [1, n] : [n, 1];
  const isForward = upper === transposed;
  for (let step = 0; step < n; step++) {
    const i = isForward ? step : n - 1 - step;
    for (let j = isForward ? 0 : i + 1; j < (isForward ? i : n); j++) {
      const factor = A[i * row + j * column];
      for (let c = 0; c < columns; c++) x[i * columns + c] -= factor * x[j * columns + c];
    }
    if (!unit) for (let c = 0; c < columns; c++) x[i * columns + c] /= A[i * row + i * column];
  }
}
