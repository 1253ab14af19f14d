import type { AttentionParams, Operand } from '../contract.js';

/** Reads the element of a 4-D operand at (b, h, i, j). */
const reader = ({ storage, offset, strides }: Operand) => {
  const { array } = storage;
  return (b: number, h: number, i: number, j: number): number =>
    array[offset + b * strides[0] + h * strides[1] + i * strides[2] + j * strides[3]];
};

/** Writes elements of a 4-D operand. */
const writer = ({ storage, offset, strides }: Operand) => {
  const { array } = storage;
  return (b: number, h: number, i: number, j: number, value: number): void => {
    array[offset + b * strides[0] + h * strides[1] + i * strides[2] + j * strides[3]] = value;
  };
};

/** Calls `head` for each head of each batch. */
function forHeads({ shape }: Operand, head: (b: number, h: number, index: number) => void): void {
  for (let b = 0; b < shape[0]; b++) for (let h = 0; h < shape[1]; h++) head(b, h, b * shape[1] + h);
}

/** The scores of query i: one for each key that it sees. */
function scoresOf(
  q: Operand,
  k: Operand,
  mask: Operand | null,
  { scale, causal }: AttentionParams,
): (b: number, h: number, i: number) => number[] {
  const [Q, K, M] = [reader(q), reader(k), mask && reader(mask)];
  const [keys, depth] = [k.shape[2], q.shape[3]];
  return (b, h, i) =>
    Array.from({ length: causal ? Math.min(keys, i + 1) : keys }, (_, j) => {
      let dot = 0;
      for (let d = 0; d < depth; d++) dot += Q(b, h, i, d) * K(b, h, j, d);
      return dot * scale + (M === null ? 0 : M(b, h, i, j));
    });
}

export function attention(
  q: Operand,
  k: Operand,
  v: Operand,
  mask: Operand | null,
  out: Operand,
  logSum: Operand,
  params: AttentionParams,
): void {
  const [V, write] = [reader(v), writer(out)];
  const scores = scoresOf(q, k, mask, params);
  const [, , queries, width] = out.shape;
  forHeads(q, (b, h, head) => {
    for (let i = 0; i < queries; i++) {
      const row = scores(b, h, i);
      // As in softmax: relative to the largest, no power is above 1.
      const most = row.reduce((a, x) => Math.max(a, x), -Infinity);
      const powers = row.map((x) => Math.exp(x - most));
      const sum = powers.reduce((a, x) => a + x, 0);
      for (let w = 0; w < width; w++) {
        const total = powers.reduce((a, p, j) => a + p * V(b, h, j, w), 0);
        write(b, h, i, w, row.length === 0 ? 0 : total / sum);
      }
      logSum.storage.array[logSum.offset + head * queries + i] = most + Math.log(sum);
    }
  });
}

export function attentionGrad(
  q: Operand,
  k: Operand,
  v: Operand,
  mask: Operand | null,
  out: Operand,
  logSum: Operand,
  grad: Operand,
  gradQ: Operand,
  gradK: Operand,
  gradV: Operand,
  params: AttentionParams,
): void {
  const [Q, K, V, O, G] = [q, k, v, out, grad].map(reader);
  const [toQ, toK, toV] = [gradQ, gradK, gradV].map(writer);
  const scores = scoresOf(q, k, mask, params);
  const [, , queries, depth] = q.shape;
  const [, , keys, width] = v.shape;
  forHeads(q, (b, h, head) => {
    const [dK, dV] = [new Float64Array(keys * depth), new Float64Array(keys * width)];
    for (let i = 0; i < queries; i++) {
      const total = logSum.storage.array[logSum.offset + head * queries + i];
      let dot = 0; // Σ grad·out = Σ p·dp, over the keys
      for (let w = 0; w < width; w++) dot += G(b, h, i, w) * O(b, h, i, w);
      const dQ = new Float64Array(depth);
      scores(b, h, i).forEach((score, j) => {
        const p = Math.exp(score - total);
        let dp = 0;
        for (let w = 0; w < width; w++) {
          dp += G(b, h, i, w) * V(b, h, j, w);
          dV[j * width + w] += p * G(b, h, i, w);
        }
        const ds = p * (dp - dot) * params.scale;
        for (let d = 0; d < depth; d++) {
          dQ[d] += ds * K(b, h, j, d);
          dK[j * depth + d] += ds * Q(b, h, i, d);
        }
      });
      dQ.forEach((value, d) => toQ(b, h, i, d, value));
    }
    dK.forEach((value, n) => toK(b, h, Math.floor(n / depth), n % depth, value));
    dV.forEach((value, n) => toV(b, h, Math.floor(n / width), n % width, value));
  });
}
