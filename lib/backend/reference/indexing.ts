import type { Operand, ScatterOp } from '../contract.js';
import { Walk, type View } from './walk.js';

/** Indices in memory. */
type Indices = View & Pick<Operand, 'storage'>;

/** The position of the first element of `index` that is not in 0…size-1, or -1. */
function badIndex(index: Indices, size: number): number {
  const indices = index.storage.array;
  let position = 0;
  for (const walk = new Walk(index.shape, [index]); walk.more; walk.next()) {
    for (let n = walk.length, i = walk.at[0]; n > 0; n--, i += walk.step[0], position++)
      if (indices[i] < 0 || indices[i] >= size) return position;
  }
  return -1;
}

/** `x` walked as if it had `shape`, without moving along `dim`: there the index says where to go. */
function heldAt(x: Operand, dim: number, { shape }: View): View {
  return { offset: x.offset, shape, strides: x.strides.map((stride, i) => (i === dim ? 0 : stride)) };
}

/** A 1-D index for whole slices as an index for every element of `shape`. */
function forEveryElement(index: Operand, dim: number, { shape }: View): Indices {
  const strides = shape.map((_, i) => (i === dim ? index.strides[0] : 0));
  return { storage: index.storage, offset: index.offset, shape, strides };
}

export function gather(x: Operand, dim: number, index: Operand, out: Operand): number {
  const bad = badIndex(index, x.shape[dim]);
  if (bad < 0) pick(x, dim, index, out);
  return bad;
}

export function indexSelect(x: Operand, dim: number, index: Operand, out: Operand): number {
  const bad = badIndex(index, x.shape[dim]);
  if (bad < 0) pick(x, dim, forEveryElement(index, dim, out), out);
  return bad;
}

export function scatter(op: ScatterOp, out: Operand, dim: number, index: Operand, src: Operand): number {
  const bad = badIndex(index, out.shape[dim]);
  if (bad < 0) put(op, out, dim, index, src);
  return bad;
}

export function scatterSlices(
  op: ScatterOp,
  out: Operand,
  dim: number,
  index: Operand,
  src: Operand,
): number {
  const bad = badIndex(index, out.shape[dim]);
  if (bad < 0) put(op, out, dim, forEveryElement(index, dim, src), src);
  return bad;
}

export function indexOffsets(
  index: Operand,
  out: Operand,
  size: number,
  stride: number,
  adds: boolean,
): number {
  const [indices, to] = [index.storage.array, out.storage.array];
  let position = 0;
  for (const walk = new Walk(out.shape, [index, out]); walk.more; walk.next()) {
    let [i, o] = walk.at;
    for (let n = walk.length; n > 0; n--, i += walk.step[0], o += walk.step[1], position++) {
      const at = indices[i];
      if (at < -size || at >= size) return position;
      to[o] = (adds ? to[o] : 0) + stride * (at < 0 ? at + size : at);
    }
  }
  return -1;
}

/** out[…][i][…] = x[…][index[…][i][…]][…] */
function pick(x: Operand, dim: number, index: Indices, out: Operand): void {
  const [from, indices, to] = [x.storage.array, index.storage.array, out.storage.array];
  const stride = x.strides[dim];
  for (const walk = new Walk(out.shape, [heldAt(x, dim, out), index, out]); walk.more; walk.next()) {
    let [i, k, o] = walk.at;
    const [di, dk, d] = walk.step;
    for (let n = walk.length; n > 0; n--, i += di, k += dk, o += d) to[o] = from[i + indices[k] * stride];
  }
}

/** What becomes of `a` when `b` comes. */
const COMBINED: Record<ScatterOp, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  mul: (a, b) => a * b,
  max: (a, b) => Math.max(a, b),
  min: (a, b) => Math.min(a, b),
  set: (_a, b) => b,
};

/** out[…][index[…][i][…]][…] = op(that, src[…][i][…]) */
function put(op: ScatterOp, out: Operand, dim: number, index: Indices, src: Operand): void {
  const [from, indices, to] = [src.storage.array, index.storage.array, out.storage.array];
  const stride = out.strides[dim];
  const isBool = out.dtype === 'bool';
  const combined = op === 'mul' && out.dtype === 'int32' ? Math.imul : COMBINED[op];
  for (const walk = new Walk(src.shape, [src, index, heldAt(out, dim, src)]); walk.more; walk.next()) {
    let [i, k, o] = walk.at;
    const [di, dk, d] = walk.step;
    for (let n = walk.length; n > 0; n--, i += di, k += dk, o += d) {
      const at = o + indices[k] * stride;
      const value = combined(to[at], from[i]);
      to[at] = isBool ? Number(value !== 0) : value;
    }
  }
}
