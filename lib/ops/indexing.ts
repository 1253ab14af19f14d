import { checkFits } from '../dtype.js';
import { shapeError } from '../errors.js';
import { broadcastShapes, formatShape, normalizeDim } from '../shape.js';
import { checkTensor, type Tensor } from '../tensor.js';
import { checkOneOf, readAll, readArgs, type Args, type Rest } from './arguments.js';
import { expand, reshape } from './broadcast.js';
import { atLeast1d, elementsAt, productInto, toIndex } from './indexing-place.js';

// Single elements along one dimension: picked, added to, replaced. Slices: indexing-slices.ts.

/** Arguments of {@link gather}, by name. */
export interface GatherOptions {
  readonly dim: number;
  readonly index: Tensor;
}

/**
 * Picks elements along a dimension: for `dim` 1, `out[i][j] = x[i][index[i][j]]`. `index` is int32; the result has its
 * shape.
 * Gradient: {@link scatterAdd} of `g` into zeros.
 * @throws RangeError when an index is out of range.
 * @see https://pytorch.org/docs/stable/generated/torch.gather.html
 */
export function gather(x: Tensor, ...args: Args<[dim: number, index: Tensor], GatherOptions>): Tensor {
  checkTensor('gather', x);
  const [dim, index] = readAll<[number, Tensor]>('gather', args, ['dim', 'index']);
  const where = toIndex('gather', index);
  const at = normalizeDim('gather', dim, x.ndim);
  if (x.ndim === 0 || where.ndim === 0)
    return reshape(gather(atLeast1d(x), 0, atLeast1d(where)), where.shape);
  return elementsAt('gather', x.shape, at, where).pick(x);
}

/** Arguments of {@link takeAlongDim}, by name. */
export interface TakeAlongDimOptions {
  readonly indices: Tensor;
  /** Default: `x` and the indices as if they lay in one dimension. */
  readonly dim?: number | null;
}

/**
 * {@link gather} of an `x` and indices that broadcast together but for `dim`.
 * Gradient: `g` added to where it was taken from.
 * @throws RangeError when an index is out of range.
 * @see https://pytorch.org/docs/stable/generated/torch.take_along_dim.html
 */
export function takeAlongDim(
  x: Tensor,
  ...args:
    | [indices: Tensor, ...Rest<[dim: number | null], Omit<TakeAlongDimOptions, 'indices'>>]
    | [TakeAlongDimOptions]
): Tensor {
  checkTensor('takeAlongDim', x);
  const { indices, dim } = readArgs<TakeAlongDimOptions>('takeAlongDim', args, ['indices', 'dim']);
  const where = toIndex('takeAlongDim', indices);
  if (dim === undefined || dim === null) return gather(reshape(x, [x.size]), 0, reshape(where, [where.size]));
  const at = normalizeDim('takeAlongDim', dim, x.ndim);
  if (x.ndim !== where.ndim)
    shapeError(
      'takeAlongDim',
      `indices: expected ${x.ndim} dimensions as in ${formatShape(x.shape)}, got ${formatShape(where.shape)}`,
    );
  if (x.ndim === 0) return gather(x, 0, where);
  const shape = broadcastShapes('takeAlongDim', x.shape.with(at, 1), where.shape.with(at, 1));
  return gather(expand(x, shape.with(at, x.shape[at])), at, expand(where, shape.with(at, where.shape[at])));
}

/** Arguments of {@link scatterAdd}, by name. */
export interface ScatterAddOptions extends GatherOptions {
  readonly src: Tensor;
}

/**
 * A copy of `x` with elements of `src` added along a dimension: for `dim` 1, `out[i][index[i][j]] += src[i][j]`.
 * Gradients: `g`; {@link gather} of `g`.
 * @throws RangeError when an index is out of range.
 * @see https://pytorch.org/docs/stable/generated/torch.Tensor.scatter_add_.html
 */
export function scatterAdd(
  x: Tensor,
  ...args: Args<[dim: number, index: Tensor, src: Tensor], ScatterAddOptions>
): Tensor {
  const [dim, index, src] = readAll<[number, Tensor, Tensor]>('scatterAdd', args, ['dim', 'index', 'src']);
  return scattered('scatterAdd', 'add', x, dim, index, src);
}

/** Arguments of {@link scatter}, by name. */
export interface ScatterOptions extends GatherOptions {
  /** A tensor at least as large as `index`, or a number. */
  readonly src?: Tensor | number;
  /** The same, as PyTorch calls a number. */
  readonly value?: number;
  /** `add` to what is there or `multiply` it, instead of taking its place. */
  readonly reduce?: 'add' | 'multiply' | null;
}

/**
 * A copy of `x` with elements of `src`, or one number, put in along a dimension: for `dim` 1,
 * `out[i][index[i][j]] = src[i][j]`. Where several come to one place, the last stays.
 * Gradients: `g`, 0 where something was put; `g` at the place of each element that stayed, 0 for the others (where
 * PyTorch's is undefined).
 * @throws RangeError when an index is out of range.
 * @see https://pytorch.org/docs/stable/generated/torch.scatter.html
 */
export function scatter(
  x: Tensor,
  ...args:
    | [dim: number, index: Tensor, src: Tensor | number, ...Rest<[], Pick<ScatterOptions, 'reduce'>>]
    | [dim: number, index: Tensor, options: Omit<ScatterOptions, 'dim' | 'index'>]
    | [ScatterOptions]
): Tensor {
  const { dim, index, src, value, reduce } = readArgs<ScatterOptions>(
    'scatter',
    args,
    ['dim', 'index', 'src'],
    ['value', 'reduce'],
  );
  checkTensor('scatter', x);
  const given = src ?? value;
  if (typeof given === 'number') checkFits('scatter', x.dtype, given);
  else checkTensor('scatter', given, 'src');
  if (reduce === undefined || reduce === null)
    return scattered('scatter', 'set', x, dim as number, index as Tensor, given);
  checkOneOf('scatter', 'reduce', reduce, ['add', 'multiply']);
  return scattered('scatter', reduce === 'add' ? 'add' : 'mul', x, dim as number, index as Tensor, given);
}

function scattered(
  op: string,
  how: 'add' | 'set' | 'mul',
  x: Tensor,
  dim: number,
  index: Tensor,
  src: Tensor | number,
): Tensor {
  checkTensor(op, x);
  if (typeof src !== 'number') checkTensor(op, src, 'src');
  const where = toIndex(op, index);
  const at = normalizeDim(op, dim, x.ndim);
  if (x.ndim === 0)
    return reshape(
      scattered(op, how, atLeast1d(x), 0, atLeast1d(where), typeof src === 'number' ? src : atLeast1d(src)),
      [],
    );
  const place = elementsAt(op, x.shape, at, where);
  const used = typeof src === 'number' ? place.filled(src, x.dtype) : place.fit(src, x.dtype);
  if (how === 'mul') return productInto(op, place, x, used);
  return how === 'add' ? place.add(x, used) : place.set(x, used);
}

export { indexAdd, indexSelect } from './indexing-slices.js';
