import { describe, rangeError, shapeError, typeError } from './errors.js';

/** Sizes of the dimensions, outermost first. `[]` is the shape of a single number. */
export type Shape = readonly number[];

/** Kernels keep shapes and strides in fixed arrays of this length. */
export const MAX_DIMS = 32;

/** More elements than this no typed array can hold. */
const MAX_SIZE = 2 ** 33;

/** Number of elements of a shape. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (let i = 0; i < shape.length; i++) size *= shape[i];
  return size;
}

/** Whether memory can hold a shape. A size of 0 does not make up for others that are too large: strides would overflow. */
export function fitsMemory(shape: Shape): boolean {
  let elements = 1;
  for (let i = 0; i < shape.length; i++) elements *= shape[i] || 1;
  return elements <= MAX_SIZE;
}

/** As Python prints a tuple: `(2, 3)`, `(3,)`, `()`. */
export function formatShape(shape: Shape): string {
  return shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
}

/** Row-major ("C") strides, in elements. */
export function contiguousStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

/** Whether elements lie in memory in row-major order without gaps. Dimensions of size 1 may have any stride. */
export function isContiguous(shape: Shape, strides: readonly number[]): boolean {
  let expected = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    const size = shape[i];
    if (size === 0) return true;
    if (size !== 1 && strides[i] !== expected) return false;
    expected *= size;
  }
  return true;
}

/** Whether the elements fill one stretch of memory, each once, in whatever order of dimensions. */
export function fillsMemory(shape: Shape, strides: readonly number[], size: number): boolean {
  let filled = 1;
  while (filled < size) {
    let next = shape.length - 1;
    while (next >= 0 && (shape[next] === 1 || strides[next] !== filled)) next--;
    if (next < 0) return false;
    filled *= shape[next];
  }
  return filled === size;
}

/** Whether several elements share a place in memory, as in what is expanded, or in windows that overlap. */
export function overlaps(shape: Shape, strides: readonly number[]): boolean {
  const dims = shape.map((_, dim) => dim).filter((dim) => shape[dim] > 1);
  dims.sort((a, b) => Math.abs(strides[a]) - Math.abs(strides[b]));
  let reach = 0;
  for (const dim of dims) {
    const stride = Math.abs(strides[dim]);
    if (stride <= reach) return true;
    reach += stride * (shape[dim] - 1);
  }
  return false;
}

/** Whether two shapes are the same. */
export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Throws unless the value is a list of sizes: whole numbers from 0, at most {@link MAX_DIMS} of them. */
export function checkShape(op: string, shape: unknown): asserts shape is Shape {
  if (!Array.isArray(shape)) typeError(op, `shape: expected an array of sizes, got ${describe(shape)}`);
  if (shape.length > MAX_DIMS) shapeError(op, `at most ${MAX_DIMS} dimensions, got ${shape.length}`);
  for (const size of shape as unknown[]) {
    if (typeof size !== 'number')
      typeError(
        op,
        `shape: expected whole numbers, got ${describe(size)} in [${shape.map(describe).join(', ')}]`,
      );
    if (!Number.isInteger(size) || size < 0)
      rangeError(
        op,
        `shape: expected whole numbers from 0, got ${describe(size)} in [${shape.map(describe).join(', ')}]`,
      );
  }
  if (!fitsMemory(shape as Shape))
    rangeError(op, `shape ${formatShape(shape as Shape)} has more elements than memory can hold`);
}

/**
 * The shape that two shapes broadcast to: aligned at the right, sizes are equal or one of them is 1. Null when there is
 * none.
 * @see https://numpy.org/doc/stable/user/basics.broadcasting.html
 */
export function commonShape(a: Shape, b: Shape): Shape | null {
  if (sameShape(a, b) || b.length === 0) return a;
  if (a.length === 0) return b;
  const ndim = Math.max(a.length, b.length);
  const out = new Array<number>(ndim);
  for (let i = 1; i <= ndim; i++) {
    const x = i <= a.length ? a[a.length - i] : 1;
    const y = i <= b.length ? b[b.length - i] : 1;
    if (x !== y && x !== 1 && y !== 1) return null;
    out[ndim - i] = x === 1 ? y : x;
  }
  return out;
}

/** The shape that two shapes broadcast to; throws when there is none. */
export function broadcastShapes(op: string, a: Shape, b: Shape): Shape {
  const shape = commonShape(a, b);
  if (shape === null)
    shapeError(op, `shapes ${formatShape(a)} and ${formatShape(b)} do not broadcast together`);
  return shape;
}

/** Strides that walk a tensor of `shape` as if it had shape `to`, which it broadcasts to: 0 where it is repeated. */
export function broadcastStrides(shape: Shape, strides: readonly number[], to: Shape): readonly number[] {
  if (shape === to) return strides;
  const out = new Array<number>(to.length).fill(0);
  const lead = to.length - shape.length;
  for (let i = 0; i < shape.length; i++) out[lead + i] = shape[i] === 1 ? 0 : strides[i];
  return out;
}

/** A dimension counted from the front; negative ones count from the end, as in PyTorch. */
export function normalizeDim(op: string, dim: unknown, ndim: number): number {
  if (typeof dim !== 'number' || !Number.isInteger(dim))
    typeError(op, `dim: expected a whole number, got ${describe(dim)}`);
  // A 0-d tensor answers to dim 0 and -1, as in PyTorch.
  const range = Math.max(ndim, 1);
  if (dim < -range || dim >= range)
    rangeError(op, `dim ${dim} is out of range for ${ndim} dimension${ndim === 1 ? '' : 's'}`);
  return dim < 0 ? dim + range : dim;
}

/** A list of dimensions, sorted, without repeats; none (`undefined`, `null`, `[]`) means all of them, as in PyTorch. */
export function normalizeDims(op: string, dims: unknown, ndim: number): number[] {
  if (dims === undefined || dims === null || (Array.isArray(dims) && dims.length === 0))
    return Array.from({ length: ndim }, (_, i) => i);
  if (typeof dims === 'number') return [normalizeDim(op, dims, ndim)].slice(0, ndim);
  const list = (Array.isArray(dims) ? dims : [dims]).map((dim) => normalizeDim(op, dim, ndim));
  const sorted = [...new Set(list)].sort((a, b) => a - b);
  if (sorted.length !== list.length) rangeError(op, `dim: each dimension once, got [${list.join(', ')}]`);
  return ndim === 0 ? [] : sorted;
}

/** The shape that is left when `dims` are reduced: dropped, or kept as 1. */
export function reducedShape(shape: Shape, dims: readonly number[], keepdim: boolean): number[] {
  const out: number[] = [];
  for (let i = 0; i < shape.length; i++) {
    if (!dims.includes(i)) out.push(shape[i]);
    else if (keepdim) out.push(1);
  }
  return out;
}
