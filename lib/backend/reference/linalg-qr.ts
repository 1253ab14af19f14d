import type { Operand } from '../contract.js';
import { copyOf, store } from './linalg-solve.js';

/**
 * Householder's QR: column by column, the part from the diagonal down is reflected onto the diagonal. The reflection is
 * 1 - τ·v·vᵀ; it is chosen so that nothing is lost by subtraction, which makes the sign of the result opposite to that of
 * what was on the diagonal.
 */
export function householder(a: Operand, out: Operand, tau: Operand): void {
  const [batch, m, n] = a.shape;
  const k = Math.min(m, n);
  for (let i = 0; i < batch; i++) {
    const A = copyOf(a, i, m * n);
    const taus = new Float64Array(k);
    for (let j = 0; j < k; j++) {
      let length = 0;
      for (let row = j + 1; row < m; row++) length = Math.hypot(length, A[row * n + j]);
      if (length === 0) continue;
      const alpha = A[j * n + j];
      const beta = -(Math.sign(alpha) || 1) * Math.hypot(alpha, length);
      taus[j] = (beta - alpha) / beta;
      for (let row = j + 1; row < m; row++) A[row * n + j] /= alpha - beta;
      A[j * n + j] = 1;
      reflect(A, j, taus[j], A, m, n, n, j + 1);
      A[j * n + j] = beta;
    }
    store(out, i, A);
    store(tau, i, taus);
  }
}

/** Applies 1 - τ·v·vᵀ to the columns of X (m, n) from `from` on; v is column j of V, from row j down. */
function reflect(
  V: Float64Array,
  j: number,
  tau: number,
  X: Float64Array,
  m: number,
  n: number,
  width: number,
  from: number,
): void {
  for (let column = from; column < n; column++) {
    let dot = 0;
    for (let row = j; row < m; row++) dot += V[row * width + j] * X[row * n + column];
    for (let row = j; row < m; row++) X[row * n + column] -= tau * dot * V[row * width + j];
  }
}

/** The reflections, applied to the identity from the last to the first. */
export function householderProduct(a: Operand, tau: Operand, out: Operand): void {
  const [batch, m, n] = a.shape;
  const k = tau.shape[1];
  for (let i = 0; i < batch; i++) {
    const V = copyOf(a, i, m * n);
    const taus = copyOf(tau, i, k);
    const Q = new Float64Array(m * n);
    for (let j = 0; j < n; j++) Q[j * n + j] = 1;
    for (let j = k - 1; j >= 0; j--) {
      V[j * n + j] = 1;
      reflect(V, j, taus[j], Q, m, n, n, j);
    }
    store(out, i, Q);
  }
}
