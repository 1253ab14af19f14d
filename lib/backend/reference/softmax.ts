import type { TypedArray } from '../../dtype.js';
import type { Operand } from '../contract.js';
import { Walk } from './walk.js';

// e to the power of 89 is too large for a float32, of 710 for a float64. But softmax does not change when a number is
// added to all of a row: with the row's maximum taken off, the largest power is e⁰ = 1.

function maximumOf(x: TypedArray, i: number, step: number, count: number): number {
  let largest = -Infinity;
  for (let n = count; n > 0; n--, i += step) largest = Math.max(largest, x[i]);
  return largest;
}

/** Σ exp(x - shift). */
function sumOfPowers(x: TypedArray, i: number, step: number, count: number, shift: number): number {
  let sum = 0;
  for (let n = count; n > 0; n--, i += step) sum += Math.exp(x[i] - shift);
  return sum;
}

export function softmax(x: Operand, out: Operand, log: boolean): void {
  const [from, to] = [x.storage.array, out.storage.array];
  const classes = x.shape[x.shape.length - 1];
  const step = x.strides[x.strides.length - 1];
  const rows = { offset: x.offset, shape: x.shape.slice(0, -1), strides: x.strides.slice(0, -1) };
  let o = out.offset;
  for (const walk = new Walk(rows.shape, [rows]); walk.more; walk.next()) {
    for (let n = walk.length, row = walk.at[0]; n > 0; n--, row += walk.step[0]) {
      const shift = maximumOf(from, row, step, classes);
      const sum = sumOfPowers(from, row, step, classes, shift);
      let i = row;
      if (log) {
        const logSum = Math.log(sum);
        for (let c = classes; c > 0; c--, i += step) to[o++] = from[i] - shift - logSum;
      } else {
        for (let c = classes; c > 0; c--, i += step) to[o++] = Math.exp(from[i] - shift) / sum;
      }
    }
  }
}

/** The first target that is neither a class nor ignored, or -1. */
function badTarget(target: Operand, classes: number, ignoreIndex: number): number {
  const targets = target.storage.array;
  for (let n = 0; n < target.size; n++) {
    const t = targets[target.offset + n];
    if (t !== ignoreIndex && (t < 0 || t >= classes)) return n;
  }
  return -1;
}

export function crossEntropy(x: Operand, target: Operand, out: Operand, ignoreIndex: number): number {
  const [rows, classes] = x.shape;
  const bad = badTarget(target, classes, ignoreIndex);
  if (bad >= 0) return bad;
  const [from, targets, to] = [x.storage.array, target.storage.array, out.storage.array];
  for (let n = 0; n < rows; n++) {
    const t = targets[target.offset + n];
    const row = x.offset + n * classes;
    let loss = 0;
    if (t !== ignoreIndex) {
      const shift = maximumOf(from, row, 1, classes);
      loss = Math.log(sumOfPowers(from, row, 1, classes, shift)) + (shift - from[row + t]);
    }
    to[out.offset + n] = loss;
  }
  return -1;
}

export function crossEntropyGrad(
  x: Operand,
  target: Operand,
  grad: Operand,
  out: Operand,
  ignoreIndex: number,
): number {
  const [rows, classes] = x.shape;
  const bad = badTarget(target, classes, ignoreIndex);
  if (bad >= 0) return bad;
  const [from, targets, to] = [x.storage.array, target.storage.array, out.storage.array];
  for (let n = 0; n < rows; n++) {
    const t = targets[target.offset + n];
    const row = x.offset + n * classes;
    const at = out.offset + n * classes;
    if (t === ignoreIndex) {
      to.fill(0, at, at + classes);
      continue;
    }
    const g = grad.storage.array[grad.offset + n];
    const shift = maximumOf(from, row, 1, classes);
    const sum = sumOfPowers(from, row, 1, classes, shift);
    for (let c = 0; c < classes; c++)
      to[at + c] = g * (Math.exp(from[row + c] - shift) / sum - (c === t ? 1 : 0));
  }
  return -1;
}
