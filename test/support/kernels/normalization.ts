import type { Operand } from '../../../lib/backend/contract.js';
import type { DType } from '../../../lib/dtype.js';
import { contiguousStrides, sizeOf } from '../../../lib/shape.js';
import type { Random } from './random-values.js';
import { operand, place, read, trial, type Row } from './trial.js';

const FLOATS: readonly DType[] = ['float32', 'float64'];

/** (N, C, …), now and then longer than what is worked on at a time. */
function drawShape(random: Random): number[] {
  const [n, c] = [random.integer(1, 5), random.integer(1, 4)];
  if (random.chance(0.05)) return [random.pick([0, 2]), c, 0];
  if (random.chance(0.3)) return [random.pick([17, 70, 1500]), c];
  if (random.chance(0.3)) return [n, c, random.pick([63, 64, 65, 1024, 1030])];
  return [n, c, random.integer(1, 9), random.integer(1, 9)];
}

/** Rows in one piece, images innermost, or anything. */
function ordered(random: Random, dtype: DType, shape: readonly number[], order: number): Operand {
  const values = random.values(dtype, 'tame');
  if (order === 0) return place(random, dtype, shape, contiguousStrides(shape), values);
  if (order === 1) {
    const [n, ...rest] = shape;
    return place(random, dtype, shape, [1, ...contiguousStrides(rest).map((s) => s * n)], values);
  }
  return operand(random, dtype, shape, 'strided', values);
}

const orderOf = (random: Random): number => random.pick([0, 0, 1, 1, 2]);

const vector = (
  random: Random,
  dtype: DType,
  length: number,
  values = random.values(dtype, 'tame'),
): Operand => operand(random, dtype, [length], 'contiguous', values);

/** Which channel each element belongs to, in row-major order. */
const channelsOf = (shape: readonly number[]): number[] => {
  const inner = sizeOf(shape.slice(2));
  return Array.from({ length: sizeOf(shape) }, (_, i) => Math.floor(i / inner) % shape[1]);
};

const average = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

const batchNormRow = (dtype: DType, training: boolean): Row => ({
  title: `batchNorm ${dtype}${training ? ', training' : ''}`,
  draw(random) {
    const shape = drawShape(random);
    const channels = shape[1];
    const order = orderOf(random);
    const x = ordered(random, dtype, shape, order);
    const out = ordered(random, dtype, shape, random.chance(0.8) ? order : orderOf(random));
    const mean = vector(random, dtype, channels);
    const variance = vector(random, dtype, channels, () => random.uniform(0.1, 3));
    const weight = random.chance(0.7) ? vector(random, dtype, channels) : null;
    const bias = random.chance(0.7) ? vector(random, dtype, channels) : null;
    const eps = random.pick([1e-5, 0.1]);
    const [X, of] = [read(x), channelsOf(shape)];
    const list = (c: number): number[] => X.filter((_, i) => of[i] === c);
    const isEmpty = X.length === 0;
    const all = Array.from({ length: channels }, (_, c) => list(c));
    const m = training && !isEmpty ? all.map(average) : read(mean);
    const v =
      training && !isEmpty ? all.map((xs, c) => average(xs.map((x) => (x - m[c]) ** 2))) : read(variance);
    const [w, b] = [weight ? read(weight) : m.map(() => 1), bias ? read(bias) : m.map(() => 0)];
    const root = v.map((value) => Math.sqrt(value + eps));
    const magnitude = all.map((xs, c) => Math.max(...xs.map(Math.abs), Math.abs(m[c])));
    return trial({
      options: { training, eps },
      operands: { x, weight, bias, mean, variance, out },
      run: (kernels, { x, weight, bias, mean, variance, out }) =>
        kernels.batchNorm(x, weight, bias, mean, variance, out, { eps, training }),
      expected: {
        out: {
          values: X.map((x, i) => ((x - m[of[i]]) / root[of[i]]) * w[of[i]] + b[of[i]]),
          scale: X.map(
            (_, i) => (2 * magnitude[of[i]] * Math.abs(w[of[i]])) / root[of[i]] + Math.abs(b[of[i]]),
          ),
        },
        ...(training && {
          mean: { values: m, scale: magnitude },
          variance: { values: v, scale: magnitude.map((most) => most * most) },
        }),
      },
    });
  },
});

const batchNormGradRow = (dtype: DType): Row => ({
  title: `batchNormGrad ${dtype}`,
  draw(random) {
    const shape = drawShape(random);
    const channels = shape[1];
    const order = orderOf(random);
    const [x, grad, out] = [0, 1, 2].map(() =>
      ordered(random, dtype, shape, random.chance(0.8) ? order : orderOf(random)),
    );
    const mean = vector(random, dtype, channels);
    const variance = vector(random, dtype, channels, () => random.uniform(0.1, 3));
    const weight = random.chance(0.7) ? vector(random, dtype, channels) : null;
    const [gradWeight, gradBias] = [vector(random, dtype, channels), vector(random, dtype, channels)];
    const eps = random.pick([1e-5, 0.1]);
    const [X, G, of] = [read(x), read(grad), channelsOf(shape)];
    const [m, v] = [read(mean), read(variance)];
    const w = weight ? read(weight) : m.map(() => 1);
    const normal = X.map((x, i) => (x - m[of[i]]) / Math.sqrt(v[of[i]] + eps));
    const size = X.map((x, i) => (Math.abs(x) + Math.abs(m[of[i]])) / Math.sqrt(v[of[i]] + eps));
    const sums = (term: (i: number) => number): number[] => {
      const totals = new Array<number>(channels).fill(0);
      of.forEach((c, i) => (totals[c] += term(i)));
      return totals;
    };
    const [bySum, byProduct] = [sums((i) => G[i]), sums((i) => G[i] * normal[i])];
    const [sumScale, productScale] = [sums((i) => Math.abs(G[i])), sums((i) => Math.abs(G[i]) * size[i])];
    const count = X.length / channels;
    const factor = w.map((value, c) => value / Math.sqrt(v[c] + eps));
    return trial({
      options: { eps },
      operands: { x, grad, weight, mean, variance, out, gradWeight, gradBias },
      run: (kernels, { x, grad, weight, mean, variance, out, gradWeight, gradBias }) =>
        kernels.batchNormGrad(x, grad, weight, mean, variance, out, gradWeight, gradBias, eps),
      expected: {
        gradWeight: { values: byProduct, scale: productScale },
        gradBias: { values: bySum, scale: sumScale },
        out: {
          values: X.map(
            (_, i) => factor[of[i]] * (G[i] - bySum[of[i]] / count - (normal[i] * byProduct[of[i]]) / count),
          ),
          scale: X.map(
            (_, i) =>
              Math.abs(factor[of[i]]) *
              (Math.abs(G[i]) + sumScale[of[i]] / count + (size[i] * productScale[of[i]]) / count),
          ),
        },
      },
    });
  },
});

/** (R, L), now and then longer than what is worked on at a time. */
const drawRows = (random: Random): [number, number] =>
  random.chance(0.05)
    ? random.pick<[number, number]>([
        [0, 3],
        [3, 0],
      ])
    : [random.pick([1, 2, 7, 40]), random.pick([1, 2, 5, 16, 33, 128, 1100])];

const layerNormRow = (dtype: DType): Row => ({
  title: `layerNorm ${dtype}`,
  draw(random) {
    const [rows, length] = drawRows(random);
    const matrix = (): Operand =>
      operand(random, dtype, [rows, length], 'contiguous', random.values(dtype, 'tame'));
    const [x, out] = [matrix(), matrix()];
    const [mean, inverse] = [vector(random, dtype, rows), vector(random, dtype, rows)];
    const weight = random.chance(0.7) ? vector(random, dtype, length) : null;
    const bias = random.chance(0.7) ? vector(random, dtype, length) : null;
    const eps = random.pick([0.01, 0.1]);
    const X = read(x);
    const all = Array.from({ length: length > 0 ? rows : 0 }, (_, r) =>
      X.slice(r * length, (r + 1) * length),
    );
    const m = all.map(average);
    const scales = all.map((xs, r) => 1 / Math.sqrt(average(xs.map((v) => (v - m[r]) ** 2)) + eps));
    const most = all.map((xs) => Math.max(...xs.map(Math.abs)));
    const [w, b] = [weight ? read(weight) : null, bias ? read(bias) : null];
    const of = (i: number): [row: number, w: number, b: number] => {
      const k = i % length;
      return [Math.floor(i / length), w?.[k] ?? 1, b?.[k] ?? 0];
    };
    return trial({
      options: { eps },
      operands: { x, weight, bias, mean, inverse, out },
      run: (kernels, { x, weight, bias, mean, inverse, out }) =>
        kernels.layerNorm(x, weight, bias, mean, inverse, out, eps),
      expected: {
        out: {
          values: X.map((value, i) => (value - m[of(i)[0]]) * scales[of(i)[0]] * of(i)[1] + of(i)[2]),
          scale: X.map(
            (_, i) => 2 * most[of(i)[0]] * scales[of(i)[0]] * Math.abs(of(i)[1]) + Math.abs(of(i)[2]),
          ),
        },
        ...(length > 0 && {
          mean: { values: m, scale: most },
          inverse: { values: scales, scale: scales.map((s, r) => s ** 3 * most[r] ** 2 + s) },
        }),
      },
    });
  },
});

const layerNormGradRow = (dtype: DType): Row => ({
  title: `layerNormGrad ${dtype}`,
  draw(random) {
    const [rows, length] = drawRows(random);
    const matrix = (): Operand =>
      operand(random, dtype, [rows, length], 'contiguous', random.values(dtype, 'tame'));
    const [x, grad, out] = [matrix(), matrix(), matrix()];
    const mean = vector(random, dtype, rows);
    const inverse = vector(random, dtype, rows, () => random.uniform(0.3, 3));
    const weight = random.chance(0.7) ? vector(random, dtype, length) : null;
    const [gradWeight, gradBias] = [vector(random, dtype, length), vector(random, dtype, length)];
    const [X, G, m, s] = [read(x), read(grad), read(mean), read(inverse)];
    const w = weight ? read(weight) : new Array<number>(length).fill(1);
    const row = (i: number): number => Math.floor(i / length);
    const normal = X.map((v, i) => (v - m[row(i)]) * s[row(i)]);
    const size = X.map((v, i) => (Math.abs(v) + Math.abs(m[row(i)])) * s[row(i)]);
    const h = G.map((g, i) => g * w[i % length]);
    const over = (count: number, of: (i: number) => number, term: (i: number) => number): number[] => {
      const totals = new Array<number>(count).fill(0);
      X.forEach((_, i) => (totals[of(i)] += term(i)));
      return totals;
    };
    const column = (i: number): number => i % length;
    const [sum, product] = [over(rows, row, (i) => h[i]), over(rows, row, (i) => h[i] * normal[i])];
    const sumScale = over(rows, row, (i) => Math.abs(h[i]));
    const productScale = over(rows, row, (i) => Math.abs(h[i]) * size[i]);
    return trial({
      operands: { x, grad, weight, mean, inverse, out, gradWeight, gradBias },
      run: (kernels, { x, grad, weight, mean, inverse, out, gradWeight, gradBias }) =>
        kernels.layerNormGrad(x, grad, weight, mean, inverse, out, gradWeight, gradBias),
      expected: {
        gradWeight: {
          values: over(length, column, (i) => G[i] * normal[i]),
          scale: over(length, column, (i) => Math.abs(G[i]) * size[i]),
        },
        gradBias: {
          values: over(length, column, (i) => G[i]),
          scale: over(length, column, (i) => Math.abs(G[i])),
        },
        out: {
          values: X.map(
            (_, i) => s[row(i)] * (h[i] - sum[row(i)] / length - (normal[i] * product[row(i)]) / length),
          ),
          scale: X.map(
            (_, i) =>
              s[row(i)] *
              (Math.abs(h[i]) + sumScale[row(i)] / length + (size[i] * productScale[row(i)]) / length),
          ),
        },
      },
    });
  },
});

export const normalizationRows = {
  layerNorm: FLOATS.map(layerNormRow),
  layerNormGrad: FLOATS.map(layerNormGradRow),
  batchNorm: FLOATS.flatMap((dtype) => [batchNormRow(dtype, false), batchNormRow(dtype, true)]),
  batchNormGrad: FLOATS.map(batchNormGradRow),
};
