import { backend } from '../backend/select.js';
import { describe, rangeError, shapeError, typeError } from '../errors.js';
import { broadcastShapes, formatShape, sizeOf, type Shape } from '../shape.js';
import { empty, Tensor } from '../tensor.js';
import { isOptions } from './arguments.js';
import { expand, reshape } from './broadcast.js';
import { tensor } from './create.js';
import { nonzeroOf } from './indexing-mask.js';
import { slicesAt, toIndex } from './indexing-place.js';
import { rangeOf, select, sliceView, unsqueeze } from './shape.js';

// What an index says: from the list that users write to views and positions.

/** @inline */
type Bound = number | '';
/** A range as Python writes it: `':'`, `'1:'`, `':-1'`, `'::2'`. Counted from the end where negative. */
export type SliceText = `${Bound}:${Bound}` | `${Bound}:${Bound}:${Bound}`;

/** Positions, or truth for every element of a dimension. */
export type IndexArray = readonly (number | boolean | IndexArray)[];

/**
 * One entry of an index:
 *
 * - a whole number: that element, without the dimension; negative ones count from the end;
 * - a range, as a text or as an object: those elements;
 * - `'...'`: all of the dimensions that no other entry is for;
 * - `null`: a new dimension of size 1;
 * - an int32 (or uint8) tensor or an array of whole numbers: these elements, in its shape;
 * - a bool tensor or an array of booleans: the elements where it holds; it stands for as many dimensions as it has.
 */
export type Index =
  | number
  | null
  | SliceText
  | '...'
  | Tensor
  | IndexArray
  | { readonly start?: number | null; readonly end?: number | null; readonly step?: number | null };

/** An index, or several. */
export type Indices = readonly Index[];

/** What an index says of tensors of one shape. */
export interface Region {
  /** What numbers, ranges and new dimensions make of a tensor: a view, but where a tensor has no dimensions. */
  readonly view: (x: Tensor) => Tensor;
  /** The shape of that view. */
  readonly shape: Shape;
  /** Its dimensions that are gone through by positions, ascending. */
  readonly dims: readonly number[];
  /** The positions for each of these dimensions, all of one shape. */
  readonly positions: readonly Tensor[];
}

type Step = (x: Tensor) => Tensor;

/** What a list of indices says of tensors of the shape of `x`. */
export function regionOf(op: string, x: Tensor, indices: Indices): Region {
  const entries = indices.map((index) => (Array.isArray(index) ? toTensor(op, index as IndexArray) : index));
  const taken = entries.reduce<number>((sum, index) => sum + dimsOf(index), 0);
  const ellipses = entries.filter((index) => index === '...').length;
  if (ellipses > 1) rangeError(op, "expected '...' at most once");
  if (taken > x.ndim)
    shapeError(
      op,
      `an index for ${taken} dimension${taken === 1 ? '' : 's'} of shape ${formatShape(x.shape)}`,
    );
  const steps: Step[] = [];
  const found: { dim: number; positions: Tensor }[] = [];
  const shape = [...x.shape];
  let dim = 0;
  for (const index of entries) {
    const at = dim;
    if (index === '...') dim += x.ndim - taken;
    else if (index === null) {
      steps.push((y) => unsqueeze(y, at));
      shape.splice(dim++, 0, 1);
    } else if (typeof index === 'number') {
      checkElement(op, index, shape[at], at);
      steps.push((y) => select(y, at, index));
      shape.splice(at, 1);
    } else if (index instanceof Tensor && index.dtype === 'bool') {
      const masked = shape.slice(at, at + index.ndim);
      if (masked.some((size, i) => size !== index.shape[i]))
        shapeError(
          op,
          `a mask of shape ${formatShape(index.shape)} for dimensions of ${formatShape(masked)}`,
        );
      if (index.ndim === 0) {
        // It keeps a new dimension, or empties it.
        steps.push((y) => unsqueeze(y, at));
        shape.splice(at, 0, 1);
      }
      const places = nonzeroOf(index.ndim === 0 ? reshape(index, [1]) : index);
      for (const positions of places) found.push({ dim: dim++, positions });
    } else if (index instanceof Tensor) {
      const positions = wrapped(op, index, shape[at], at);
      if (index.ndim > 0) found.push({ dim: dim++, positions });
      else {
        // As a number, but nobody has to look at it.
        const one = reshape(positions, [1]);
        steps.push((y) => reshape(slicesAt(op, y.shape, at, one).pick(y), y.shape.toSpliced(at, 1)));
        shape.splice(at, 1);
      }
    } else {
      const range = readRange(op, index, shape[at]);
      steps.push((y) => sliceView(op, y, at, range));
      shape[dim++] = range.length;
    }
  }
  const common = found
    .map(({ positions }) => positions.shape)
    .reduce((a, b) => broadcastShapes(op, a, b), []);
  return {
    view: (y) => steps.reduce((z, step) => step(z), y),
    shape,
    dims: found.map((one) => one.dim),
    positions: found.map(({ positions }) => expand(positions, common)),
  };
}

/** How many dimensions an entry is for. */
const dimsOf = (index: unknown): number =>
  index === null || index === '...' ? 0 : index instanceof Tensor && index.dtype === 'bool' ? index.ndim : 1;

function checkElement(op: string, index: number, size: number, dim: number): void {
  if (!Number.isInteger(index)) typeError(op, `expected whole numbers, got ${index}`);
  if (index < -size || index >= size)
    rangeError(op, `index ${index} is out of range for dim ${dim} of size ${size}`);
}

/** An array of positions or of booleans as a tensor. */
function toTensor(op: string, array: IndexArray): Tensor {
  const leaves = (array as readonly unknown[]).flat(Infinity);
  const isMask = leaves.length > 0 && leaves.every((value) => typeof value === 'boolean');
  if (!isMask)
    for (const value of leaves)
      if (!Number.isInteger(value))
        typeError(op, `expected whole numbers in an array, got ${describe(value)}`);
  return tensor(array, { dtype: isMask ? 'bool' : 'int32' });
}

/** Positions counted from the front, checked. */
export function wrapped(op: string, index: Tensor, size: number, dim: number | null): Tensor {
  const from = toIndex(op, index);
  const out = empty(from.shape, 'int32');
  const bad = backend.indexOffsets(from, out, size, 1, false);
  if (bad >= 0)
    rangeError(
      op,
      `index ${from.toArray()[bad]} is out of range for ${dim === null ? '' : `dim ${dim} of `}size ${size}`,
    );
  return out;
}

const RANGE = /^\s*(-?\d+)?\s*:\s*(-?\d+)?\s*(?::\s*(-?\d+)?\s*)?$/;

/** A range of a dimension, from a text or from an object. */
function readRange(op: string, index: unknown, size: number): ReturnType<typeof rangeOf> {
  if (typeof index === 'string') {
    const found = RANGE.exec(index);
    if (found === null) rangeError(op, `expected a range such as '1:5', '::2' or '...', got "${index}"`);
    const [start, end, step] = found.slice(1).map((text) => (text === undefined ? null : Number(text)));
    return rangeOf(op, size, start, end, step);
  }
  if (!isOptions(index))
    typeError(
      op,
      `expected a number, a range, null, '...', or a tensor or array of indices, got ${describe(index)}`,
    );
  const { start, end, step, ...others } = index;
  for (const name of Object.keys(others)) typeError(op, `a range has start, end and step, not '${name}'`);
  return rangeOf(op, size, start, end, step);
}

/** The shape of what a region holds. */
export function regionShape({ shape, dims, positions }: Region): Shape {
  if (dims.length === 0) return shape;
  const rest = shape.filter((_, dim) => !dims.includes(dim));
  return rest.toSpliced(placeOf(dims), 0, ...positions[0].shape);
}

/** Where the dimensions of the positions go: in the place of those they are for where these are neighbours, else first. */
export const placeOf = (dims: readonly number[]): number =>
  dims.every((dim, i) => dim === dims[0] + i) ? dims[0] : 0;

/** For each position in the dimensions of `x`, how far its element lies from the first, in steps of memory. */
export function offsetsIn(
  op: string,
  x: Tensor,
  { dims, positions }: Region,
): { offsets: Tensor; span: number } {
  const count = sizeOf(positions[0].shape);
  const span = dims.some((dim) => x.shape[dim] === 0)
    ? 0
    : 1 + dims.reduce((sum, dim) => sum + (x.shape[dim] - 1) * x.strides[dim], 0);
  if (span > 2 ** 31 - 1)
    rangeError(op, `dimensions ${dims.join(', ')} have more places than int32 can count`);
  const offsets = empty(positions[0].shape, 'int32');
  dims.forEach((dim, i) => {
    backend.indexOffsets(positions[i], offsets, x.shape[dim], x.strides[dim], i > 0);
  });
  return { offsets: reshape(offsets, [count]), span };
}
