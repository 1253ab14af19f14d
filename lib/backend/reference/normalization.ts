import type { TypedArray } from '../../dtype.js';
import type { BatchNormParams, Operand } from '../contract.js';
import { Walk, type View } from './walk.js';

/** The elements of one channel of (N, C, …). */
const channelOf = ({ offset, shape, strides }: Operand, channel: number): View => ({
  offset: offset + channel * strides[1],
  shape: shape.filter((_, dim) => dim !== 1),
  strides: strides.filter((_, dim) => dim !== 1),
});

/** Calls `element` with where every element of a channel lies in each operand. */
function forChannel(channel: number, operands: readonly Operand[], element: (...at: number[]) => void): void {
  const views = operands.map((x) => channelOf(x, channel));
  for (const walk = new Walk(views[0].shape, views); walk.more; walk.next()) {
    const at = [...walk.at];
    for (let n = walk.length; n > 0; n--) {
      element(...at);
      for (let v = 0; v < at.length; v++) at[v] += walk.step[v];
    }
  }
}

const countOf = ({ shape }: Operand): number =>
  shape.reduce((count, size, dim) => (dim === 1 ? count : count * size), 1);

const valueOr = (x: Operand | null, i: number, otherwise: number): number =>
  x === null ? otherwise : x.storage.array[x.offset + i];

export function batchNorm(
  x: Operand,
  weight: Operand | null,
  bias: Operand | null,
  mean: Operand,
  variance: Operand,
  out: Operand,
  { eps, training }: BatchNormParams,
): void {
  const [from, to]: TypedArray[] = [x.storage.array, out.storage.array];
  const [means, variances] = [mean.storage.array, variance.storage.array];
  const count = countOf(x);
  for (let c = 0; count > 0 && c < x.shape[1]; c++) {
    if (training) {
      let sum = 0;
      forChannel(c, [x], (i) => (sum += from[i]));
      const center = sum / count;
      let squares = 0;
      forChannel(c, [x], (i) => (squares += (from[i] - center) ** 2));
      means[mean.offset + c] = center;
      variances[variance.offset + c] = squares / count;
    }
    const center = means[mean.offset + c];
    const scale = valueOr(weight, c, 1) / Math.sqrt(variances[variance.offset + c] + eps);
    const shift = valueOr(bias, c, 0);
    forChannel(c, [x, out], (i, o) => (to[o] = (from[i] - center) * scale + shift));
  }
}

export function batchNormGrad(
  x: Operand,
  grad: Operand,
  weight: Operand | null,
  mean: Operand,
  variance: Operand,
  out: Operand,
  gradWeight: Operand,
  gradBias: Operand,
  eps: number,
): void {
  const [from, g, to] = [x.storage.array, grad.storage.array, out.storage.array];
  const count = countOf(x);
  for (let c = 0; c < x.shape[1]; c++) {
    const center = valueOr(mean, c, 0);
    const inverse = 1 / Math.sqrt(valueOr(variance, c, 1) + eps);
    let sum = 0;
    let product = 0; // Σ grad·x̂
    forChannel(c, [x, grad], (i, j) => {
      sum += g[j];
      product += g[j] * (from[i] - center) * inverse;
    });
    gradWeight.storage.array[gradWeight.offset + c] = product;
    gradBias.storage.array[gradBias.offset + c] = sum;
    const scale = valueOr(weight, c, 1) * inverse;
    forChannel(c, [x, grad, out], (i, j, o) => {
      const normal = (from[i] - center) * inverse;
      to[o] = scale * (g[j] - sum / count - (normal * product) / count);
    });
  }
}

export function layerNorm(
  x: Operand,
  weight: Operand | null,
  bias: Operand | null,
  mean: Operand,
  inverse: Operand,
  out: Operand,
  eps: number,
): void {
  const [rows, length] = x.shape;
  const [from, to] = [x.storage.array, out.storage.array];
  for (let row = 0; length > 0 && row < rows; row++) {
    const [i, o] = [x.offset + row * length, out.offset + row * length];
    let sum = 0;
    for (let k = 0; k < length; k++) sum += from[i + k];
    const center = sum / length;
    let squares = 0;
    for (let k = 0; k < length; k++) squares += (from[i + k] - center) ** 2;
    const scale = 1 / Math.sqrt(squares / length + eps);
    mean.storage.array[mean.offset + row] = center;
    inverse.storage.array[inverse.offset + row] = scale;
    for (let k = 0; k < length; k++)
      to[o + k] = (from[i + k] - center) * scale * valueOr(weight, k, 1) + valueOr(bias, k, 0);
  }
}

export function layerNormGrad(
  x: Operand,
  grad: Operand,
  weight: Operand | null,
  mean: Operand,
  inverse: Operand,
  out: Operand,
  gradWeight: Operand,
  gradBias: Operand,
): void {
  const [rows, length] = x.shape;
  const [from, g, to] = [x.storage.array, grad.storage.array, out.storage.array];
  const [forWeight, forBias] = [new Float64Array(length), new Float64Array(length)];
  for (let row = 0; row < rows; row++) {
    const [i, j, o] = [x, grad, out].map(({ offset }) => offset + row * length);
    const [center, scale] = [valueOr(mean, row, 0), valueOr(inverse, row, 1)];
    let sum = 0;
    let product = 0;
    for (let k = 0; k < length; k++) {
      const normal = (from[i + k] - center) * scale;
      const h = g[j + k] * valueOr(weight, k, 1);
      sum += h;
      product += h * normal;
      forWeight[k] += g[j + k] * normal;
      forBias[k] += g[j + k];
    }
    for (let k = 0; k < length; k++) {
      const normal = (from[i + k] - center) * scale;
      to[o + k] = scale * (g[j + k] * valueOr(weight, k, 1) - sum / length - (normal * product) / length);
    }
  }
  gradWeight.storage.array.set(forWeight, gradWeight.offset);
  gradBias.storage.array.set(forBias, gradBias.offset);
}
