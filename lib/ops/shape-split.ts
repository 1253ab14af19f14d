import { backend } from '../backend/select.js';
import { describe, rangeError, shapeError, typeError } from '../errors.js';
import { formatShape } from '../shape.js';
import { checkTensor, emptyInOrder, Tensor } from '../tensor.js';
import { checkInteger, readArgs, type Args, type Rest } from './arguments.js';
import { track, trackAll } from './primitive.js';
import { dimOf, select, sliceView, viewOfElement, viewOfRange, type DimOption, type Range } from './shape.js';

// A tensor in pieces. The pieces are the results of one op: their gradients are written into one tensor, which a gradient
// of its own for each, in zeros of the whole, would take much longer to add up to.

/** Where a piece lies: a view of the whole, as it is and as part of the graph. */
interface Place {
  readonly view: (whole: Tensor) => Tensor;
  readonly tracked: (whole: Tensor) => Tensor;
}

function piecesAt(op: string, x: Tensor, places: readonly Place[]): Tensor[] {
  const pieces = places.map(({ view }) => view(x));
  return trackAll(op, pieces, [x], [], (grads) => [() => joined(grads, places, x)]);
}

/**
 * Pieces in their places in a tensor laid out as `x`: zeros where there is none.
 * Gradients: each its place of `g`.
 */
function joined(pieces: readonly (Tensor | null)[], places: readonly Place[], x: Tensor): Tensor {
  const out = emptyInOrder(x, x.shape);
  places.forEach(({ view }, i) => {
    const piece = pieces[i] ?? null;
    if (piece === null) backend.fill(0, view(out));
    else backend.copy(piece, view(out));
  });
  const there = places.flatMap((place, i) => {
    const piece = pieces[i] ?? null;
    return piece === null ? [] : [{ piece, place }];
  });
  return track(
    'cat',
    out,
    there.map(({ piece }) => piece),
    [],
    (g) =>
      there.map(
        ({ place }) =>
          () =>
            place.tracked(g),
      ),
  );
}

/** Pieces of these sizes along a dimension, which they fill. */
function ofSizes(op: string, x: Tensor, dim: number, sizes: readonly number[]): Tensor[] {
  let start = 0;
  const ranges = sizes.map((length): Range => {
    const range = { start, length, step: 1 };
    start += length;
    return range;
  });
  return piecesAt(
    op,
    x,
    ranges.map((range) => ({
      view: (whole) => viewOfRange(whole, dim, range),
      tracked: (whole) => sliceView(op, whole, dim, range),
    })),
  );
}

/**
 * The slices of a dimension, without it: views.
 * Gradient: each `g` in its place.
 * @see https://pytorch.org/docs/stable/generated/torch.unbind.html
 */
export function unbind(x: Tensor, ...rest: Rest<[dim: number], DimOption>): Tensor[] {
  checkTensor('unbind', x);
  const { dim = 0 } = readArgs<DimOption>('unbind', rest, ['dim']);
  const at = dimOf('unbind', x, dim);
  return piecesAt(
    'unbind',
    x,
    Array.from({ length: x.shape[at] }, (_, i) => ({
      view: (whole) => viewOfElement(whole, at, i),
      tracked: (whole) => select(whole, at, i),
    })),
  );
}

/** Arguments of {@link split}, by name. */
export interface SplitOptions extends DimOption {
  readonly splitSizeOrSections: number | readonly number[];
}

/**
 * `x` in pieces along a dimension (default 0), each a view: of `splitSizeOrSections` elements, the last perhaps smaller; or
 * of the sizes in that list, which add up to the whole.
 * Gradient: each `g` in its place.
 * @throws RangeError when the sizes do not add up.
 * @see https://pytorch.org/docs/stable/generated/torch.split.html
 */
export function split(
  x: Tensor,
  ...args:
    [splitSizeOrSections: number | readonly number[], ...Rest<[dim: number], DimOption>] | [SplitOptions]
): Tensor[] {
  checkTensor('split', x);
  const { splitSizeOrSections: sizes, dim = 0 } = readArgs<SplitOptions>('split', args, [
    'splitSizeOrSections',
    'dim',
  ]);
  const at = dimOf('split', x, dim);
  if (Array.isArray(sizes)) return ofSizes('split', x, at, checkedSizes('split', x, at, sizes));
  checkInteger('split', 'splitSize', sizes, x.shape[at] === 0 ? 0 : 1);
  return ofSizes('split', x, at, evenly(x.shape[at], sizes));
}

/** Pieces of one size, the last perhaps smaller; of nothing, one. */
function evenly(total: number, size: number): number[] {
  const count = Math.max(1, Math.ceil(total / Math.max(1, size)));
  return Array.from({ length: count }, (_, i) => Math.min(size, total - i * size));
}

function checkedSizes(op: string, x: Tensor, dim: number, sizes: readonly unknown[]): readonly number[] {
  let total = 0;
  for (const size of sizes) {
    checkInteger(op, 'sizes', size, 0);
    total += size;
  }
  if (total !== x.shape[dim])
    rangeError(op, `sizes: expected a sum of ${x.shape[dim]}, the size of dim ${dim}, got ${total}`);
  return sizes as readonly number[];
}

/** Arguments of {@link splitWithSizes}, by name. */
export interface SplitWithSizesOptions extends DimOption {
  readonly splitSizes: readonly number[];
}

/**
 * {@link split} into pieces of given sizes.
 * @throws RangeError when the sizes do not add up.
 */
export function splitWithSizes(
  x: Tensor,
  ...args: [splitSizes: readonly number[], ...Rest<[dim: number], DimOption>] | [SplitWithSizesOptions]
): Tensor[] {
  checkTensor('splitWithSizes', x);
  const { splitSizes, dim = 0 } = readArgs<SplitWithSizesOptions>('splitWithSizes', args, [
    'splitSizes',
    'dim',
  ]);
  if (!Array.isArray(splitSizes))
    typeError('splitWithSizes', `splitSizes: expected a list of sizes, got ${describe(splitSizes)}`);
  const at = dimOf('splitWithSizes', x, dim);
  return ofSizes('splitWithSizes', x, at, checkedSizes('splitWithSizes', x, at, splitSizes));
}

/** Arguments of {@link chunk}, by name. */
export interface ChunkOptions extends DimOption {
  readonly chunks: number;
}

/**
 * `x` in `chunks` pieces along a dimension (default 0), each a view, all of one size but the last: so there may be fewer.
 * Gradient: each `g` in its place.
 * @see https://pytorch.org/docs/stable/generated/torch.chunk.html
 */
export function chunk(
  x: Tensor,
  ...args: [chunks: number, ...Rest<[dim: number], DimOption>] | [ChunkOptions]
): Tensor[] {
  checkTensor('chunk', x);
  const { chunks, dim = 0 } = readArgs<ChunkOptions>('chunk', args, ['chunks', 'dim']);
  const at = dimOf('chunk', x, dim);
  checkInteger('chunk', 'chunks', chunks, 1);
  const total = x.shape[at];
  return ofSizes(
    'chunk',
    x,
    at,
    total === 0 ? new Array<number>(chunks).fill(0) : evenly(total, Math.ceil(total / chunks)),
  );
}

/** Arguments of {@link tensorSplit}, by name. */
export interface TensorSplitOptions extends DimOption {
  readonly indicesOrSections: number | readonly number[] | Tensor;
}

/**
 * `x` in pieces along a dimension (default 0), each a view: in so many, the first ones larger by one where it does not come
 * out even; or cut before the elements in a list (or tensor), as slices are.
 * Gradient: each `g` in its place; where pieces overlap, their sum.
 * @see https://pytorch.org/docs/stable/generated/torch.tensor_split.html
 */
export function tensorSplit(
  x: Tensor,
  ...args:
    | [indicesOrSections: number | readonly number[] | Tensor, ...Rest<[dim: number], DimOption>]
    | [TensorSplitOptions]
): Tensor[] {
  checkTensor('tensorSplit', x);
  const { indicesOrSections, dim = 0 } = readArgs<TensorSplitOptions>('tensorSplit', args, [
    'indicesOrSections',
    'dim',
  ]);
  return cutAt('tensorSplit', x, dimOf('tensorSplit', x, dim), indicesOrSections);
}

function cutAt(op: string, x: Tensor, dim: number, given: unknown): Tensor[] {
  const where = given instanceof Tensor ? given.tolist() : given;
  const total = x.shape[dim];
  if (!Array.isArray(where)) {
    checkInteger(op, 'indicesOrSections', where, 1);
    return ofSizes(
      op,
      x,
      dim,
      Array.from({ length: where }, (_, i) => Math.floor(total / where) + (i < total % where ? 1 : 0)),
    );
  }
  const cuts = where.map((cut: unknown) => {
    checkInteger(op, 'indicesOrSections', cut);
    return Math.min(Math.max(cut < 0 ? cut + total : cut, 0), total);
  });
  const starts = [0, ...cuts];
  const ends = [...cuts, total];
  if (starts.every((start, i) => start <= ends[i]))
    return ofSizes(
      op,
      x,
      dim,
      starts.map((start, i) => ends[i] - start),
    );
  // They overlap: each has a gradient of its own.
  return starts.map((start, i) =>
    sliceView(op, x, dim, { start, length: Math.max(0, ends[i] - start), step: 1 }),
  );
}

/** Arguments of {@link hsplit}, {@link vsplit} and {@link dsplit}, by name. */
export interface HsplitOptions {
  readonly indicesOrSections: number | readonly number[];
}
/** @inline */
type Cuts = Args<[indicesOrSections: number | readonly number[]], HsplitOptions>;

/** Cuts along a fixed dimension; a number of pieces must come out even there. */
function cutting(op: string, least: number, dimFor: (ndim: number) => number) {
  return (x: Tensor, ...args: Cuts): Tensor[] => {
    checkTensor(op, x);
    const { indicesOrSections } = readArgs<HsplitOptions>(op, args, ['indicesOrSections']);
    if (x.ndim < least)
      shapeError(
        op,
        `expected at least ${least} dimension${least === 1 ? '' : 's'}, got shape ${formatShape(x.shape)}`,
      );
    const dim = dimFor(x.ndim);
    if (typeof indicesOrSections === 'number' && x.shape[dim] % indicesOrSections !== 0)
      rangeError(
        op,
        `${x.shape[dim]} elements of dim ${dim} do not come in ${indicesOrSections} equal pieces`,
      );
    return cutAt(op, x, dim, indicesOrSections);
  };
}

/** {@link tensorSplit} into columns. @see https://pytorch.org/docs/stable/generated/torch.hsplit.html */
export const hsplit = cutting('hsplit', 1, (ndim) => (ndim === 1 ? 0 : 1));
/** {@link tensorSplit} into rows. @see https://pytorch.org/docs/stable/generated/torch.vsplit.html */
export const vsplit = cutting('vsplit', 2, () => 0);
/** {@link tensorSplit} along dim 2. @see https://pytorch.org/docs/stable/generated/torch.dsplit.html */
export const dsplit = cutting('dsplit', 3, () => 2);
