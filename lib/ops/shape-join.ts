import { describe, shapeError, typeError } from '../errors.js';
import { promote } from '../dtype.js';
import { formatShape } from '../shape.js';
import { checkTensor, type Tensor } from '../tensor.js';
import { checkInteger, checkOneOf, isOptions, readArgs, type Rest } from './arguments.js';
import { expand, reshape } from './broadcast.js';
import { ones, tensor } from './create.js';
import { indexSelect } from './indexing-slices.js';
import { mul } from './pointwise.js';
import { cast } from './primitive.js';
import { cat, checkTensors, flatten, stack } from './shape.js';
import { pad } from './shape-pad.js';
import { atleast1d, atleast2d, atleast3d, tensorsOf } from './shape-view.js';

// Several tensors in one.

/** Tensors side by side: along dim 1, vectors along dim 0. @see https://pytorch.org/docs/stable/generated/torch.hstack.html */
export function hstack(tensors: readonly Tensor[]): Tensor {
  checkTensors('hstack', tensors);
  const list = atleast1d(tensors);
  return cat(list, list[0].ndim === 1 ? 0 : 1);
}

/** Tensors one below the other, vectors as rows. @see https://pytorch.org/docs/stable/generated/torch.vstack.html */
export function vstack(tensors: readonly Tensor[]): Tensor {
  checkTensors('vstack', tensors);
  return cat(atleast2d(tensors), 0);
}

/** PyTorch's second name for {@link vstack}. */
export const rowStack = vstack;

/** Tensors along a third dimension. @see https://pytorch.org/docs/stable/generated/torch.dstack.html */
export function dstack(tensors: readonly Tensor[]): Tensor {
  checkTensors('dstack', tensors);
  return cat(atleast3d(tensors), 2);
}

/** Tensors side by side, vectors as columns. @see https://pytorch.org/docs/stable/generated/torch.column_stack.html */
export function columnStack(tensors: readonly Tensor[]): Tensor {
  checkTensors('columnStack', tensors);
  return cat(
    tensors.map((x) => (x.ndim < 2 ? reshape(x, [x.size, 1]) : x)),
    1,
  );
}

/** Options of {@link meshgrid}. */
export interface MeshgridOptions {
  /** `'ij'` (default): dimension i of the results belongs to vector i. `'xy'`: the first two change places. */
  readonly indexing?: 'ij' | 'xy';
}

/**
 * The coordinates of a grid: for vectors of lengths l, m, n a tensor (l, m, n) for each, in which it varies along its own
 * dimension only. They come in a list or one by one; numbers are vectors of one element.
 * Gradients: sums over the other dimensions.
 * @throws ShapeError when one has more than one dimension.
 * @see https://pytorch.org/docs/stable/generated/torch.meshgrid.html
 */
export function meshgrid(
  ...tensors: Tensor[] | [...Tensor[], MeshgridOptions] | [readonly Tensor[], MeshgridOptions?]
): Tensor[] {
  const given = isOptions(tensors.at(-1)) ? tensors.slice(0, -1) : tensors;
  const { indexing = 'ij' } = readArgs<MeshgridOptions>(
    'meshgrid',
    tensors.slice(given.length),
    [],
    ['indexing'],
  );
  checkOneOf('meshgrid', 'indexing', indexing, ['ij', 'xy']);
  const list = tensorsOf(
    'meshgrid',
    given.filter((x) => x !== undefined),
  );
  for (const [i, x] of list.entries())
    if (x.ndim > 1)
      shapeError(
        'meshgrid',
        `tensors[${i}]: expected a vector or a number, got shape ${formatShape(x.shape)}`,
      );
  const swaps = indexing === 'xy' && list.length > 1;
  const place = (i: number): number => (swaps && i < 2 ? 1 - i : i);
  const shape = list.map((_, i) => list[place(i)].size);
  return list.map((x, i) => expand(reshape(x, shape.map((_, dim) => (dim === place(i) ? x.size : 1))), shape)); // prettier-ignore
}

/**
 * All combinations of one element of each vector, as the rows of a matrix: those of a single vector are that vector.
 * @throws ShapeError for anything but vectors.
 * @see https://pytorch.org/docs/stable/generated/torch.cartesian_prod.html
 */
export function cartesianProd(...tensors: Tensor[]): Tensor {
  const list = tensorsOf('cartesianProd', tensors);
  for (const [i, x] of list.entries())
    if (x.ndim !== 1)
      shapeError('cartesianProd', `tensors[${i}]: expected a vector, got shape ${formatShape(x.shape)}`);
  if (list.length === 1) return list[0];
  const grid = meshgrid(list);
  return stack(
    grid.map((x) => flatten(x)),
    1,
  );
}

/** Arguments of {@link combinations}, by name. */
export interface CombinationsOptions {
  /** How many elements. Default 2. */
  readonly r?: number;
  /** Whether an element may come several times. Default false. */
  readonly withReplacement?: boolean;
}

/**
 * All ways to choose `r` elements of a vector, in their order, as the rows of a matrix.
 * Gradient: for each element the sum over where it was chosen.
 * @throws ShapeError for anything but a vector.
 * @see https://pytorch.org/docs/stable/generated/torch.combinations.html
 */
export function combinations(
  x: Tensor,
  ...rest: Rest<[r: number, withReplacement: boolean], CombinationsOptions>
): Tensor {
  checkTensor('combinations', x);
  const { r = 2, withReplacement = false } = readArgs<CombinationsOptions>('combinations', rest, ['r', 'withReplacement']); // prettier-ignore
  checkInteger('combinations', 'r', r, 0);
  if (typeof withReplacement !== 'boolean')
    typeError('combinations', `withReplacement: expected true or false, got ${describe(withReplacement)}`);
  if (x.ndim !== 1) shapeError('combinations', `expected a vector, got shape ${formatShape(x.shape)}`);
  if (r === 0) return x.detach().narrow(0, 0, 0);
  const chosen: number[] = [];
  const choose = (from: number, before: readonly number[]): void => {
    if (before.length === r) chosen.push(...before);
    else for (let i = from; i < x.size; i++) choose(withReplacement ? i : i + 1, [...before, i]);
  };
  choose(0, []);
  return reshape(indexSelect(x, 0, tensor(new Int32Array(chosen))), [chosen.length / r, r]);
}

/**
 * A matrix of zeros with the given ones along its diagonal, each below and to the right of the last; vectors count as rows.
 * Gradients: each its part of `g`.
 * @throws ShapeError above two dimensions.
 * @see https://pytorch.org/docs/stable/generated/torch.block_diag.html
 */
export function blockDiag(...tensors: Tensor[]): Tensor {
  checkTensors('blockDiag', tensors);
  for (const [i, x] of tensors.entries())
    if (x.ndim > 2)
      shapeError(
        'blockDiag',
        `tensors[${i}]: expected at most 2 dimensions, got shape ${formatShape(x.shape)}`,
      );
  const dtype = tensors.map((x) => x.dtype).reduce(promote);
  const blocks = atleast2d(tensors).map((x) => cast(x, dtype));
  const width = blocks.reduce((sum, x) => sum + x.shape[1], 0);
  let left = 0;
  const rows = blocks.map((x) => {
    const padded = pad(x, [left, width - left - x.shape[1]]);
    left += x.shape[1];
    return padded;
  });
  return cat(rows, 0);
}

/** Arguments of {@link vander}, by name. */
export interface VanderOptions {
  /** How many columns. Default: as many as elements. */
  readonly N?: number | null;
  /** Whether powers rise from left to right. Default false. */
  readonly increasing?: boolean;
}

/**
 * The powers 0 to N - 1 of the elements of a vector, as the columns of a matrix: the highest first.
 * @throws ShapeError for anything but a vector.
 * @see https://pytorch.org/docs/stable/generated/torch.vander.html
 */
export function vander(
  x: Tensor,
  ...rest: Rest<[N: number | null, increasing: boolean], VanderOptions>
): Tensor {
  checkTensor('vander', x);
  const { N, increasing = false } = readArgs<VanderOptions>('vander', rest, ['N', 'increasing']);
  if (x.ndim !== 1) shapeError('vander', `expected a vector, got shape ${formatShape(x.shape)}`);
  const powers = powersOf('vander', x, N ?? x.size);
  return joinPowers(x, increasing ? powers : powers.reverse());
}

/** x⁰, x¹, … as products. */
export function powersOf(op: string, x: Tensor, count: number): Tensor[] {
  checkInteger(op, 'N', count, 0);
  const powers: Tensor[] = [];
  for (let i = 0; i < count; i++)
    powers.push(i === 0 ? ones(x.shape, { dtype: x.dtype }) : i === 1 ? x : mul(powers[i - 1], x));
  return powers;
}

export const joinPowers = (x: Tensor, powers: readonly Tensor[]): Tensor =>
  powers.length === 0 ? reshape(x.detach().narrow(0, 0, 0), [...x.shape, 0]) : stack(powers, -1);
