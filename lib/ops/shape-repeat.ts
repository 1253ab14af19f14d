import { backend } from '../backend/select.js';
import { describe, rangeError, shapeError, typeError } from '../errors.js';
import { checkShape, formatShape, normalizeDims, type Shape } from '../shape.js';
import { checkTensor, empty, Tensor, viewOf } from '../tensor.js';
import { checkInteger, readArgs, readSizes, type Rest, type Sizes } from './arguments.js';
import { expand, reshape } from './broadcast.js';
import { tensor } from './create.js';
import { indexSelect } from './indexing-slices.js';
import { track } from './primitive.js';
import { cat, dimOf, narrow, transpose, unsqueeze } from './shape.js';

// Elements more than once, or in another order.

/**
 * `x` as often as `repeats` says along each dimension; more repeats than dimensions add some in front.
 * Gradient: the sum over the copies.
 * @throws ShapeError when there are fewer repeats than dimensions.
 * @see https://pytorch.org/docs/stable/generated/torch.Tensor.repeat.html
 */
export function repeat(x: Tensor, ...repeats: Sizes<'repeats'>): Tensor {
  checkTensor('repeat', x);
  const times = readSizes('repeat', repeats, 'repeats');
  checkShape('repeat', times);
  if (times.length < x.ndim)
    shapeError(
      'repeat',
      `expected at least ${x.ndim} repeats, one for each dimension, got [${times.join(', ')}]`,
    );
  return repeated(x, times);
}

/** {@link repeat}, but missing repeats in front are 1, as in NumPy. */
export function tile(x: Tensor, ...dims: Sizes<'dims'>): Tensor {
  checkTensor('tile', x);
  const times = readSizes('tile', dims, 'dims');
  checkShape('tile', times);
  return repeated(x, [...new Array<number>(Math.max(0, x.ndim - times.length)).fill(1), ...times]);
}

function repeated(x: Tensor, times: Shape): Tensor {
  const shape = [...new Array<number>(times.length - x.ndim).fill(1), ...x.shape];
  // Every dimension next to one for its copies: (1, a, 1, b) expands to (r, a, s, b), which is (r·a, s·b).
  const apart = shape.flatMap((size) => [1, size]);
  const stretched = expand(
    reshape(x, apart),
    shape.flatMap((size, dim) => [times[dim], size]),
  );
  return reshape(
    stretched,
    shape.map((size, dim) => size * times[dim]),
  );
}

/** @inline */
type Repeats = number | readonly number[] | Tensor;

/** Arguments of {@link repeatInterleave}, by name. */
export interface RepeatInterleaveOptions {
  readonly repeats?: Repeats;
  /** Default: all elements, in one dimension. */
  readonly dim?: number | null;
  /** How many elements there are in the end, for who knows it. */
  readonly outputSize?: number | null;
}

/**
 * Each element of a dimension several times in a row: `repeats` times, or as often as the list or tensor says for each.
 * Without `repeats`, `x` holds them: position i as often as element i says.
 * Gradient: the sum over the copies.
 * @throws ShapeError when there is not one count for each element; RangeError for negative counts.
 * @see https://pytorch.org/docs/stable/generated/torch.repeat_interleave.html
 */
export function repeatInterleave(
  x: Tensor,
  ...rest: Rest<[repeats: Repeats, dim: number | null], RepeatInterleaveOptions>
): Tensor {
  checkTensor('repeatInterleave', x);
  const { repeats, dim, outputSize } = readArgs<RepeatInterleaveOptions>(
    'repeatInterleave',
    rest,
    ['repeats', 'dim'],
    ['outputSize'],
  );
  if (repeats === undefined) {
    if (x.ndim !== 1)
      shapeError('repeatInterleave', `expected one dimension of counts, got ${formatShape(x.shape)}`);
    return tensor(new Int32Array(positions([...x.toArray()], x.size, outputSize)));
  }
  if (dim === undefined || dim === null)
    return repeatInterleave(reshape(x, [x.size]), repeats, 0, { outputSize });
  const base = x.ndim === 0 ? reshape(x, [1]) : x;
  const at = dimOf('repeatInterleave', base, dim);
  const size = base.shape[at];
  const counts =
    repeats instanceof Tensor
      ? [...repeats.toArray()]
      : Array.isArray(repeats)
        ? (repeats as number[])
        : null;
  if (counts === null || counts.length === 1) {
    const count: unknown = counts === null ? repeats : counts[0];
    checkInteger('repeatInterleave', 'repeats', count, 0);
    checkOutputSize(size * count, outputSize);
    const copies = [...base.shape.slice(0, at + 1), count, ...base.shape.slice(at + 1)];
    return reshape(expand(unsqueeze(base, at + 1), copies), base.shape.with(at, size * count));
  }
  return indexSelect(base, at, tensor(new Int32Array(positions(counts, size, outputSize))));
}

/** Each position as often as its count says. */
function positions(counts: readonly number[], size: number, outputSize: unknown): number[] {
  if (counts.length !== size)
    shapeError('repeatInterleave', `expected ${size} repeats, one for each element, got ${counts.length}`);
  for (const count of counts) checkInteger('repeatInterleave', 'repeats', count, 0);
  const list = counts.flatMap((count, i) => new Array<number>(count).fill(i));
  checkOutputSize(list.length, outputSize);
  return list;
}

function checkOutputSize(size: number, outputSize: unknown): void {
  if (outputSize !== undefined && outputSize !== null && outputSize !== size)
    rangeError('repeatInterleave', `outputSize: expected ${size}, got ${describe(outputSize)}`);
}

/**
 * A copy of `x` with the elements along some dimensions in reverse order.
 * Gradient: `g` reversed.
 * @see https://pytorch.org/docs/stable/generated/torch.flip.html
 */
export function flip(x: Tensor, ...dims: Sizes<'dims'>): Tensor {
  checkTensor('flip', x);
  const list = readSizes('flip', typeof dims[0] === 'number' ? [dims] : dims, 'dims');
  if (!Array.isArray(list)) typeError('flip', `dims: expected a list of dimensions, got ${describe(list)}`);
  return flipped('flip', x, list.length === 0 ? [] : normalizeDims('flip', list, x.ndim));
}

function flipped(op: string, x: Tensor, dims: readonly number[]): Tensor {
  const isTurned = (dim: number): boolean => dims.includes(dim) && x.shape[dim] > 0;
  const backwards = viewOf(
    x,
    x.shape,
    x.strides.map((stride, dim) => (isTurned(dim) ? -stride : stride)),
    x.offset +
      x.strides.reduce((at, stride, dim) => at + (isTurned(dim) ? (x.shape[dim] - 1) * stride : 0), 0),
  );
  const out = empty(x.shape, x.dtype);
  backend.copy(backwards, out);
  return track(op, out, [x], [], (g) => [() => flipped(op, g, dims)]);
}

/** {@link flip} along dim 1, which it must have. */
export function fliplr(x: Tensor): Tensor {
  checkTensor('fliplr', x);
  if (x.ndim < 2) shapeError('fliplr', `expected at least 2 dimensions, got shape ${formatShape(x.shape)}`);
  return flipped('fliplr', x, [1]);
}

/** {@link flip} along dim 0, which it must have. */
export function flipud(x: Tensor): Tensor {
  checkTensor('flipud', x);
  if (x.ndim < 1) shapeError('flipud', 'expected at least 1 dimension, got shape ()');
  return flipped('flipud', x, [0]);
}

/** @inline */
type Shifts = number | readonly number[];

/** Arguments of {@link roll}, by name. */
export interface RollOptions {
  readonly shifts: Shifts;
  /** Default: the elements as if they lay in one dimension. */
  readonly dims?: number | readonly number[] | null;
}

/**
 * The elements moved along some dimensions: by one shift for each, forward, and what leaves at the end comes in at the start.
 * Gradient: `g` moved back.
 * @throws ShapeError when there are not as many dims as shifts.
 * @see https://pytorch.org/docs/stable/generated/torch.roll.html
 */
export function roll(
  x: Tensor,
  ...args:
    | [shifts: Shifts, ...Rest<[dims: number | readonly number[] | null], Omit<RollOptions, 'shifts'>>]
    | [RollOptions]
): Tensor {
  checkTensor('roll', x);
  const { shifts, dims } = readArgs<RollOptions>('roll', args, ['shifts', 'dims']);
  const by = [shifts as Shifts].flat();
  for (const shift of by) checkInteger('roll', 'shifts', shift);
  const list = [dims ?? []].flat();
  if (list.length === 0 && by.length === 1) return reshape(rolled(reshape(x, [x.size]), 0, by[0]), x.shape);
  if (list.length !== by.length)
    shapeError('roll', `expected a dimension for each shift, got ${list.length} for ${by.length}`);
  return list.reduce((y, dim, i) => rolled(y, dimOf('roll', y, dim), by[i]), x);
}

function rolled(x: Tensor, dim: number, shift: number): Tensor {
  const size = x.shape[dim];
  const by = size === 0 ? 0 : ((shift % size) + size) % size;
  if (by === 0) return x;
  return cat([narrow(x, dim, size - by, by), narrow(x, dim, 0, size - by)], dim);
}

/** Arguments of {@link rot90}, by name. */
export interface Rot90Options {
  /** How many quarter turns, from the first of `dims` to the second; negative ones the other way. Default 1. */
  readonly k?: number;
  /** The plane to turn in. Default [0, 1]. */
  readonly dims?: readonly number[];
}

/**
 * `x` turned by quarters in the plane of two dimensions.
 * Gradient: `g` turned back.
 * @see https://pytorch.org/docs/stable/generated/torch.rot90.html
 */
export function rot90(x: Tensor, ...rest: Rest<[k: number, dims: readonly number[]], Rot90Options>): Tensor {
  checkTensor('rot90', x);
  const { k = 1, dims = [0, 1] } = readArgs<Rot90Options>('rot90', rest, ['k', 'dims']);
  checkInteger('rot90', 'k', k);
  if (!Array.isArray(dims) || dims.length !== 2)
    shapeError('rot90', `dims: expected two dimensions, got ${describe(dims)}`);
  const [a, b] = (dims as number[]).map((dim) => dimOf('rot90', x, dim));
  if (a === b) rangeError('rot90', `dims: expected two different dimensions, got [${dims.join(', ')}]`);
  const turns = ((k % 4) + 4) % 4;
  if (turns === 0) return x;
  if (turns === 2) return flipped('rot90', x, [a, b]);
  return transpose(flipped('rot90', x, [turns === 1 ? b : a]), a, b);
}
