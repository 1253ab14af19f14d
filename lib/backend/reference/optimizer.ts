import type { AdamParams, Operand, SgdParams } from '../contract.js';

export function adam(
  param: Operand,
  grad: Operand,
  m: Operand,
  v: Operand,
  most: Operand | null,
  params: AdamParams,
): void {
  const { lr, beta1, beta2, eps, weightDecay, step, maximize, decoupled } = params;
  const [P, G, M, V] = [param.storage.array, grad.storage.array, m.storage.array, v.storage.array];
  // The moments start at 0 and are too small at first; these divisors make up for it.
  const bias1 = 1 - beta1 ** step;
  const bias2 = Math.sqrt(1 - beta2 ** step);
  const sign = maximize ? -1 : 1;
  for (let i = 0; i < param.size; i++) {
    const before = P[param.offset + i];
    const p = decoupled ? (1 - lr * weightDecay) * before : before;
    const g = sign * G[grad.offset + i] + (decoupled ? 0 : weightDecay * before);
    const first = M[m.offset + i] + (1 - beta1) * (g - M[m.offset + i]);
    const second = beta2 * V[v.offset + i] + (1 - beta2) * g * g;
    M[m.offset + i] = first;
    V[v.offset + i] = second;
    let square = second;
    if (most !== null) {
      const Most = most.storage.array;
      square = Math.max(Most[most.offset + i], second);
      Most[most.offset + i] = square;
    }
    P[param.offset + i] = p - ((lr / bias1) * first) / (Math.sqrt(square) / bias2 + eps);
  }
}

export function sgd(param: Operand, grad: Operand, buffer: Operand | null, params: SgdParams): void {
  const { lr, momentum, dampening, weightDecay, nesterov, maximize, first } = params;
  const [P, G] = [param.storage.array, grad.storage.array];
  const sign = maximize ? -1 : 1;
  for (let i = 0; i < param.size; i++) {
    const p = P[param.offset + i];
    let g = sign * G[grad.offset + i] + weightDecay * p;
    if (buffer !== null) {
      const B = buffer.storage.array;
      const velocity = first ? g : momentum * B[buffer.offset + i] + (1 - dampening) * g;
      B[buffer.offset + i] = velocity;
      g = nesterov ? g + momentum * velocity : velocity;
    }
    P[param.offset + i] = p - lr * g;
  }
}
