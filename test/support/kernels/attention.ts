import type { Operand } from '../../../lib/backend/contract.js';
import type { DType } from '../../../lib/dtype.js';
import type { Random } from './random-values.js';
import { operand, place, read, readAs, trial, type Row } from './trial.js';

const FLOATS: readonly DType[] = ['float32', 'float64'];

interface Sizes {
  readonly heads: readonly [batches: number, heads: number];
  readonly queries: number;
  readonly keys: number;
  readonly depth: number;
  readonly width: number;
}

/** Now and then longer than a tile, now and then empty. */
function draw(random: Random): Sizes {
  const length = (): number =>
    random.chance(0.15) ? random.pick([63, 64, 65, 130, 257]) : random.integer(1, 9);
  return {
    heads: [random.integer(1, 2), random.integer(1, 3)],
    queries: length(),
    keys: random.chance(0.05) ? 0 : length(),
    depth: random.pick([1, 2, 3, 8, 17]),
    width: random.pick([1, 2, 3, 8, 17]),
  };
}

/** Heads one after the other, or side by side as in a transpose of (B, L, H, D), with gaps between rows. */
function heads(
  random: Random,
  dtype: DType,
  { heads: [b, h] }: Sizes,
  rows: number,
  columns: number,
): Operand {
  const values = (): number => random.uniform(-2, 2);
  const shape = [b, h, rows, columns];
  if (random.chance(0.4)) return operand(random, dtype, shape, 'contiguous', values);
  const row = h * columns * random.integer(1, 3);
  return place(random, dtype, shape, [rows * row, columns, row, 1], values);
}

/** A mask of numbers, some of which hide a key, but never all keys of a query. */
function drawMask(random: Random, dtype: DType, { heads: [b, h], queries, keys }: Sizes): Operand | null {
  if (random.chance(0.5)) return null;
  const shape = [b, h, queries, keys];
  const number = (): number => random.uniform(-1, 1);
  if (random.chance(0.5)) return place(random, dtype, shape, [0, 0, keys, 1], number);
  const mask = operand(random, dtype, shape, 'strided', number);
  const at = ({ offset, strides }: Operand, i: number): number => {
    const [query, key] = [Math.floor(i / keys), i % keys];
    const [batch, head] = [Math.floor(query / queries / h), Math.floor(query / queries) % h];
    return (
      offset + batch * strides[0] + head * strides[1] + (query % queries) * strides[2] + key * strides[3]
    );
  };
  // The first key stays, and with it something to see.
  for (let i = 0; i < mask.size; i++)
    if (i % keys > 0 && random.chance(0.3)) mask.storage.array[at(mask, i)] = -Infinity;
  return mask;
}

interface Params {
  readonly scale: number;
  readonly causal: boolean;
}

const drawParams = (random: Random, { depth }: Sizes): Params => ({
  scale: random.pick([1 / Math.sqrt(depth), 0.1]),
  causal: random.chance(0.5),
});

/** Everything about one attention, in float64, from what the operands hold. */
function compute(sizes: Sizes, q: Operand, k: Operand, v: Operand, mask: Operand | null, params: Params) {
  const { queries, keys, depth, width } = sizes;
  const count = sizes.heads[0] * sizes.heads[1];
  const [Q, K, V] = [read(q), read(k), read(v)];
  const M = mask && readAs(mask, [...sizes.heads, queries, keys]);
  const scores = Array.from({ length: count * queries }, (_, row) => {
    const [head, i] = [Math.floor(row / queries), row % queries];
    return Array.from({ length: params.causal ? Math.min(keys, i + 1) : keys }, (_, j) => {
      let dot = 0;
      for (let d = 0; d < depth; d++) dot += Q[row * depth + d] * K[(head * keys + j) * depth + d];
      return dot * params.scale + (M ? M[row * keys + j] : 0);
    });
  });
  const logSum = scores.map((row) => {
    const most = Math.max(...row);
    return most + Math.log(row.reduce((sum, x) => sum + Math.exp(x - most), 0));
  });
  const p = scores.map((row, i) => row.map((x) => Math.exp(x - logSum[i])));
  const out = Array.from({ length: count * queries * width }, (_, n) => {
    const row = Math.floor(n / width);
    const head = Math.floor(row / queries);
    return p[row].reduce((sum, weight, j) => sum + weight * V[(head * keys + j) * width + (n % width)], 0);
  });
  return { Q, K, V, logSum, p, out };
}

const attentionRow = (dtype: DType): Row => ({
  title: `attention ${dtype}`,
  draw(random) {
    const sizes = draw(random);
    const { queries, keys, depth, width } = sizes;
    const q = heads(random, dtype, sizes, queries, depth);
    const [k, v] = [depth, width].map((columns) => heads(random, dtype, sizes, keys, columns));
    const out = heads(random, dtype, sizes, queries, width);
    const logSum = operand(random, dtype, [...sizes.heads, queries], 'contiguous', () => 7);
    const params = drawParams(random, sizes);
    const mask = drawMask(random, dtype, sizes);
    const expected = compute(sizes, q, k, v, mask, params);
    return trial({
      options: params,
      operands: { q, k, v, mask, out, logSum },
      run: (kernels, { q, k, v, mask, out, logSum }) => kernels.attention(q, k, v, mask, out, logSum, params),
      expected: {
        out: { values: expected.out, scale: expected.out.map(() => 10) },
        logSum: { values: expected.logSum, scale: expected.logSum.map(() => 10) },
      },
    });
  },
});

const attentionGradRow = (dtype: DType): Row => ({
  title: `attentionGrad ${dtype}`,
  draw(random) {
    const sizes = draw(random);
    const { queries, keys, depth, width } = sizes;
    const rowsOf = (rows: number, columns: number): Operand => heads(random, dtype, sizes, rows, columns);
    const [q, gradQ] = [rowsOf(queries, depth), rowsOf(queries, depth)];
    const [k, gradK] = [rowsOf(keys, depth), rowsOf(keys, depth)];
    const [v, gradV] = [rowsOf(keys, width), rowsOf(keys, width)];
    const grad = rowsOf(queries, width);
    const params = drawParams(random, sizes);
    const mask = drawMask(random, dtype, sizes);
    const { Q, K, V, logSum: sums, p, out: results } = compute(sizes, q, k, v, mask, params);
    const contiguous = (shape: number[], values: readonly number[]): Operand => {
      const x = operand(random, dtype, shape, 'contiguous', () => 0);
      values.forEach((value, i) => (x.storage.array[x.offset + i] = value));
      return x;
    };
    const out = contiguous([...sizes.heads, queries, width], results);
    const logSum = contiguous([...sizes.heads, queries], sums);
    const G = read(grad);
    const [dQ, dK, dV] = [Q, K, V].map((x) => new Float64Array(x.length));
    p.forEach((weights, row) => {
      const head = Math.floor(row / queries);
      let dot = 0;
      for (let w = 0; w < width; w++) dot += G[row * width + w] * results[row * width + w];
      weights.forEach((weight, j) => {
        const key = head * keys + j;
        let dp = 0;
        for (let w = 0; w < width; w++) {
          dp += G[row * width + w] * V[key * width + w];
          dV[key * width + w] += weight * G[row * width + w];
        }
        const ds = weight * (dp - dot) * params.scale;
        for (let d = 0; d < depth; d++) {
          dQ[row * depth + d] += ds * K[key * depth + d];
          dK[key * depth + d] += ds * Q[row * depth + d];
        }
      });
    });
    const near = (values: Float64Array) => ({ values, scale: values.map(() => 100) });
    return trial({
      options: params,
      operands: { q, k, v, mask, out, logSum, grad, gradQ, gradK, gradV },
      run: (kernels, { q, k, v, mask, out, logSum, grad, gradQ, gradK, gradV }) =>
        kernels.attentionGrad(q, k, v, mask, out, logSum, grad, gradQ, gradK, gradV, params),
      expected: { gradQ: near(dQ), gradK: near(dK), gradV: near(dV) },
    });
  },
});

export const attentionRows = {
  attention: FLOATS.map(attentionRow),
  attentionGrad: FLOATS.map(attentionGradRow),
};
