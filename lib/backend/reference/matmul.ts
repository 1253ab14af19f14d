import type { TypedArray } from '../../dtype.js';
import type { Operand } from '../contract.js';
import { Walk } from './walk.js';

/** A matrix in memory: where its first element lies, and how far apart rows and columns are. */
export interface Matrix {
  readonly array: TypedArray;
  readonly at: number;
  readonly row: number;
  readonly column: number;
}

/**
 * C = A @ B, or C += A @ B: matrix multiplication without a library. C is m × n, A is m × k, B is k × n.
 *
 * Every element of C is a dot product, Cᵢⱼ = Σₖ Aᵢₖ·Bₖⱼ, and the three loops may be nested in any order. The order
 * decides how memory is read, and that decides the speed: the innermost loop should read neighbours.
 * - Where the rows of B lie in one piece, the order is i, k, j: row i of C is the sum of the rows of B, each times a
 *   number from A.
 * - Where the columns of B do (B is a transposed view), it is i, j, k: one dot product after the other.
 */
export function multiply(
  m: number,
  n: number,
  k: number,
  a: Matrix,
  b: Matrix,
  c: Matrix,
  accumulate: boolean,
): void {
  if (b.column === 1 && n > 1) sumsOfRows(m, n, k, a, b, c, accumulate);
  else dotProducts(m, n, k, a, b, c, accumulate);
}

function sumsOfRows(
  m: number,
  n: number,
  k: number,
  a: Matrix,
  b: Matrix,
  c: Matrix,
  accumulate: boolean,
): void {
  const [A, B, C] = [a.array, b.array, c.array];
  const sums = new Float64Array(n); // Rounded to float32 only once, at the end.
  for (let i = 0; i < m; i++) {
    sums.fill(0);
    for (let l = 0; l < k; l++) {
      const factor = A[a.at + i * a.row + l * a.column];
      const row = b.at + l * b.row;
      for (let j = 0; j < n; j++) sums[j] += factor * B[row + j];
    }
    const row = c.at + i * c.row;
    if (accumulate) for (let j = 0; j < n; j++) C[row + j] += sums[j];
    else for (let j = 0; j < n; j++) C[row + j] = sums[j];
  }
}

function dotProducts(
  m: number,
  n: number,
  k: number,
  a: Matrix,
  b: Matrix,
  c: Matrix,
  accumulate: boolean,
): void {
  const [A, B, C] = [a.array, b.array, c.array];
  for (let i = 0; i < m; i++) {
    const row = a.at + i * a.row;
    for (let j = 0; j < n; j++) {
      const column = b.at + j * b.column;
      let sum = 0;
      for (let l = 0; l < k; l++) sum += A[row + l * a.column] * B[column + l * b.row];
      const at = c.at + i * c.row + j;
      C[at] = accumulate ? C[at] + sum : sum;
    }
  }
}

export function matmul(a: Operand, b: Operand, bias: Operand | null, out: Operand): void {
  const [m, n] = out.shape.slice(-2);
  const k = a.shape[a.shape.length - 1];
  // Everything before the last two dimensions is a batch of matrices.
  const batch = out.shape.slice(0, -2);
  const [batchA, batchB, batchOut] = [a, b, out].map(({ offset, shape, strides }) => ({
    offset,
    shape: shape.slice(0, -2),
    strides: strides.slice(0, -2),
  }));
  const matrix = (x: Operand, at: number): Matrix => {
    const [row, column] = x.strides.slice(-2);
    return { array: x.storage.array, at, row, column };
  };
  for (const walk = new Walk(batch, [batchA, batchB, batchOut]); walk.more; walk.next()) {
    let [i, j, o] = walk.at;
    const [di, dj, d] = walk.step;
    for (let count = walk.length; count > 0; count--, i += di, j += dj, o += d) {
      const c = matrix(out, o);
      if (bias !== null) fillRows(m, n, bias, c);
      multiply(m, n, k, matrix(a, i), matrix(b, j), c, bias !== null);
    }
  }
}

/** Every row of C becomes the bias. */
function fillRows(m: number, n: number, bias: Operand, c: Matrix): void {
  const row = bias.storage.array.subarray(bias.offset, bias.offset + n);
  for (let i = 0; i < m; i++) c.array.set(row, c.at + i * c.row);
}
