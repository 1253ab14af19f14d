import type { Operand } from '../contract.js';
import { copyOf, isFinite, store } from './linalg-solve.js';

// Jacobi's methods: rotate pairs of columns until all are as they should be. Not the fastest, and hard to get wrong.
// (Golub, Van Loan: Matrix Computations, 8.5 and 8.6.3.)

const EPSILON = 2 ** -52;
/** The square of what is nothing beside 1. */
const NOTHING = 2 ** -400;
/** Quadratic convergence: ten are many. */
const MAX_SWEEPS = 60;

/** The tangent of the smaller angle whose rotation makes [[a, c], [c, b]] diagonal. */
function tangent(a: number, b: number, c: number): number {
  const zeta = (b - a) / (2 * c);
  return (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
}

/** Rotates rows p and q of X, `width` long. */
function rotate(X: Float64Array, width: number, p: number, q: number, cos: number, sin: number): void {
  for (let i = 0; i < width; i++) {
    const [x, y] = [X[p * width + i], X[q * width + i]];
    X[p * width + i] = cos * x - sin * y;
    X[q * width + i] = sin * x + cos * y;
  }
}

function identity(n: number): Float64Array {
  const I = new Float64Array(n * n);
  for (let i = 0; i < n; i++) I[i * n + i] = 1;
  return I;
}

/** 0 … n-1 in the order of their values. */
const sorted = (values: ArrayLike<number>, order: (a: number, b: number) => number): number[] =>
  Array.from(values, (_, i) => i).sort((i, j) => order(values[i], values[j]));

/** Two-sided: A ← JᵀAJ, until it is diagonal. V gathers the rotations, as rows. */
export function eigh(a: Operand, values: Operand, vectors: Operand | null): number {
  const [batch, n] = a.shape;
  for (let i = 0; i < batch; i++) {
    const A = copyOf(a, i, n * n);
    for (let row = 0; row < n; row++) {
      if (!isFinite(A, row * n, row + 1)) return i;
      for (let column = row + 1; column < n; column++) A[row * n + column] = A[column * n + row];
    }
    const V = identity(n);
    if (!diagonalize(A, V, n)) return i;
    const found = Float64Array.from({ length: n }, (_, j) => A[j * n + j]);
    const order = sorted(found, (x, y) => x - y);
    store(
      values,
      i,
      Float64Array.from(order, (j) => found[j]),
    );
    if (vectors)
      store(
        vectors,
        i,
        Float64Array.from({ length: n * n }, (_, at) => V[order[at % n] * n + Math.floor(at / n)]),
      );
  }
  return -1;
}

function diagonalize(A: Float64Array, V: Float64Array, n: number): boolean {
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    let size = 0;
    let off = 0;
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++)
        if (i === j) size = Math.hypot(size, A[i * n + j]);
        else off = Math.hypot(off, A[i * n + j]);
    if (off <= 0.01 * EPSILON * size) return true;
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        const c = A[p * n + q];
        if (c === 0) continue;
        const t = tangent(A[p * n + p], A[q * n + q], c);
        const cos = 1 / Math.hypot(1, t);
        const sin = cos * t;
        rotate(A, n, p, q, cos, sin);
        for (let i = 0; i < n; i++) {
          const [x, y] = [A[i * n + p], A[i * n + q]];
          A[i * n + p] = cos * x - sin * y;
          A[i * n + q] = sin * x + cos * y;
        }
        A[p * n + q] = A[q * n + p] = 0;
        rotate(V, n, p, q, cos, sin);
      }
  }
  return false;
}

/**
 * One-sided: the columns of A are rotated until all are perpendicular. Then they are U·diag(s), and the rotations are V.
 * A matrix with more columns than rows is transposed before and after.
 */
export function svd(a: Operand, u: Operand | null, s: Operand, vh: Operand | null): number {
  const [batch, m, n] = a.shape;
  const isWide = n > m;
  const [long, k] = isWide ? [n, m] : [m, n];
  for (let i = 0; i < batch; i++) {
    const A = copyOf(a, i, m * n);
    if (!isFinite(A, 0, m * n)) return i;
    // The columns of the tall matrix, as rows.
    const W = isWide ? A : transposed(A, m, n);
    const V = identity(k);
    if (!makePerpendicular(W, V, k, long)) return i;
    const lengths = Float64Array.from({ length: k }, (_, j) => lengthOf(W, j, long));
    const order = sorted(lengths, (x, y) => y - x);
    store(
      s,
      i,
      Float64Array.from(order, (j) => lengths[j]),
    );
    if (!u || !vh) continue;
    // As rows: left vectors of the tall matrix, then its right ones.
    const left = new Float64Array((isWide ? vh.shape[1] : u.shape[2]) * long);
    const right = new Float64Array(k * k);
    let known = 0;
    order.forEach((from, to) => {
      right.set(V.subarray(from * k, (from + 1) * k), to * k);
      if (lengths[from] === 0) return;
      known++;
      for (let j = 0; j < long; j++) left[to * long + j] = W[from * long + j] / lengths[from];
    });
    complete(left, known, long);
    const count = left.length / long;
    store(u, i, isWide ? transposed(right, k, k) : transposed(left, count, long));
    store(vh, i, isWide ? left : right);
  }
  return -1;
}

function makePerpendicular(W: Float64Array, V: Float64Array, k: number, long: number): boolean {
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    let isDone = true;
    for (let p = 0; p < k; p++)
      for (let q = p + 1; q < k; q++) {
        let [alpha, beta, gamma] = [0, 0, 0];
        for (let i = 0; i < long; i++) {
          const [x, y] = [W[p * long + i], W[q * long + i]];
          alpha += x * x;
          beta += y * y;
          gamma += x * y;
        }
        // A column that has shrunk to nothing beside another is made of rounding errors, and would shrink without end.
        const isNothing = Math.min(alpha, beta) < NOTHING * Math.max(alpha, beta);
        if (isNothing) W.fill(0, (alpha < beta ? p : q) * long, ((alpha < beta ? p : q) + 1) * long);
        if (isNothing || Math.abs(gamma) <= 2 * EPSILON * Math.sqrt(alpha) * Math.sqrt(beta)) continue;
        isDone = false;
        const t = tangent(alpha, beta, gamma);
        const cos = 1 / Math.hypot(1, t);
        rotate(W, long, p, q, cos, cos * t);
        rotate(V, k, p, q, cos, cos * t);
      }
    if (isDone) return true;
  }
  return false;
}

function transposed(A: Float64Array, m: number, n: number): Float64Array {
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) out[j * m + i] = A[i * n + j];
  return out;
}

function lengthOf(X: Float64Array, row: number, width: number): number {
  let length = 0;
  for (let i = 0; i < width; i++) length = Math.hypot(length, X[row * width + i]);
  return length;
}

/**
 * Fills the rows from `known` on so that all are perpendicular and of length 1: each time with the axis that lies most
 * outside of those before, made perpendicular to them (twice, for rounding).
 */
function complete(X: Float64Array, known: number, width: number): void {
  for (let row = known; row < X.length / width; row++) {
    let [axis, least] = [0, Infinity];
    for (let i = 0; i < width; i++) {
      let inside = 0;
      for (let j = 0; j < row; j++) inside += X[j * width + i] ** 2;
      if (inside < least) [axis, least] = [i, inside];
    }
    X.fill(0, row * width, (row + 1) * width);
    X[row * width + axis] = 1;
    for (let twice = 0; twice < 2; twice++)
      for (let j = 0; j < row; j++) {
        let dot = 0;
        for (let i = 0; i < width; i++) dot += X[j * width + i] * X[row * width + i];
        for (let i = 0; i < width; i++) X[row * width + i] -= dot * X[j * width + i];
      }
    const length = lengthOf(X, row, width);
    for (let i = 0; i < width; i++) X[row * width + i] /= length;
  }
}
