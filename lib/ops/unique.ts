import { checkBoolean, shapeError } from '../errors.js';
import { noGrad } from '../grad-mode.js';
import { formatShape, normalizeDim, reducedShape } from '../shape.js';
import { checkTensor, empty, type Tensor } from '../tensor.js';
import { readArgs, type Rest } from './arguments.js';
import { clone, contiguous, reshape } from './broadcast.js';
import { full, tensor, zerosLike } from './create.js';
import { arange } from './ranges.js';
import { gather, scatter } from './indexing.js';
import { indexSelect } from './indexing-slices.js';
import { nonzero } from './indexing-mask.js';
import { eq, logicalNot, ne, sub, where } from './pointwise.js';
import { argmax, type ValuesAndIndices } from './reduce.js';
import { cummax, cumsum } from './scan.js';
import { cat, narrow, transpose } from './shape.js';
import { movedim } from './shape-view.js';
import { argsort } from './sort.js';
import { any } from './statistics.js';

// Equal elements: each once, where they are, how many. NaN equals nothing.

/** What {@link uniqueConsecutive} takes. */
export interface UniqueConsecutiveOptions {
  /** Whether to tell for each element at what position it is in the result. Default false. */
  readonly returnInverse?: boolean;
  /** Whether to tell how many elements each of the result stands for. Default false. */
  readonly returnCounts?: boolean;
  /** The dimension whose slices are compared. Default: single elements are, as if they lay in one dimension. */
  readonly dim?: number | null;
}

/** What {@link unique} takes. */
export interface UniqueOptions extends UniqueConsecutiveOptions {
  /** They always are, as in PyTorch from 2.0 on. */
  readonly sorted?: boolean;
}

export type UniqueRest = Rest<
  [sorted: boolean, returnInverse: boolean, returnCounts: boolean, dim: number | null],
  UniqueOptions
>;
export type UniqueConsecutiveRest = Rest<
  [returnInverse: boolean, returnCounts: boolean, dim: number | null],
  UniqueConsecutiveOptions
>;

/**
 * Which of the other results are asked for, as far as types can tell.
 * @inline
 */
export interface FoundNone {
  readonly returnInverse?: false;
  readonly returnCounts?: false;
}
/** @inline */
export type FoundOne =
  | { readonly returnInverse: true; readonly returnCounts?: false }
  | { readonly returnInverse?: false; readonly returnCounts: true };
/** @inline */
export interface FoundBoth {
  readonly returnInverse: true;
  readonly returnCounts: true;
}

/** Where in rows (n, m) one begins that is not equal to that before it. */
function beginnings(rows: Tensor): Tensor {
  const n = rows.shape[0];
  if (n === 0) return empty([0], 'bool');
  const differs = any(ne(narrow(rows, 0, 1, n - 1), narrow(rows, 0, 0, n - 1)), 1);
  return cat([full([1], true, { dtype: 'bool' }), differs]);
}

/** The positions of rows (n, m) in the order of their first elements, then their second ones, and so on. */
function lexicographic(rows: Tensor): Tensor {
  const [n, m] = rows.shape;
  if (m === 1) return argsort(reshape(rows, [n]));
  const values = rows.toArray();
  const order = Int32Array.from({ length: n }, (_, i) => i);
  order.sort((a, b) => {
    for (let k = 0; k < m; k++) {
      const [u, v] = [values[a * m + k], values[b * m + k]];
      if (u === v || (u !== u && v !== v)) continue;
      return u < v || v !== v ? -1 : 1;
    }
    return a - b;
  });
  return tensor(order);
}

function distinct(
  op: string,
  x: Tensor,
  { returnInverse = false, returnCounts = false, dim = null }: UniqueConsecutiveOptions,
  isInOrder: boolean,
): Tensor | Tensor[] {
  checkBoolean(op, 'returnInverse', returnInverse);
  checkBoolean(op, 'returnCounts', returnCounts);
  const at = dim === null ? 0 : normalizeDim(op, dim, x.ndim);
  const items = dim === null || x.ndim === 0 ? reshape(x, [x.size]) : x;
  const n = items.shape[at];
  if (n > 0 && items.size === 0)
    shapeError(op, `cannot tell slices without elements apart: shape ${formatShape(x.shape)}, dim ${at}`);
  const { index, others } = noGrad(() => {
    const rows = reshape(contiguous(movedim(items, at, 0)), [n, n === 0 ? 1 : items.size / n]);
    const order = isInOrder ? null : lexicographic(rows);
    const begins = beginnings(order === null ? rows : indexSelect(rows, 0, order));
    const [first] = nonzero(begins, { asTuple: true });
    const extra: Tensor[] = [];
    if (returnInverse) {
      const numbers = sub(cumsum(begins, 0), 1);
      const inverse = order === null ? numbers : scatter(zerosLike(numbers), 0, order, numbers);
      extra.push(dim === null ? reshape(inverse, x.shape) : inverse);
    }
    if (returnCounts) {
      const ends = cat([first, full([1], n, { dtype: 'int32' })]);
      extra.push(n === 0 ? first : sub(narrow(ends, 0, 1, first.size), first));
    }
    return { index: order === null ? first : indexSelect(order, 0, first), others: extra };
  });
  const values = indexSelect(items, at, index);
  return others.length === 0 ? values : [values, ...others];
}

/**
 * The elements of `x` in ascending order, each once; with `dim` its slices along that, in the order of their first
 * elements, then of their second ones, and so on. With `returnInverse` a list with, next, where each element is in the
 * result (in the shape of `x`; with `dim` for each slice), and with `returnCounts`, how many there were of each (int32).
 * Gradient: `g`, to the first of equal elements.
 * @throws ShapeError for slices without elements.
 * @see https://pytorch.org/docs/stable/generated/torch.unique.html
 */
export function unique(x: Tensor, options?: UniqueOptions & FoundNone): Tensor;
export function unique(x: Tensor, options: UniqueOptions & FoundOne): [Tensor, Tensor];
export function unique(x: Tensor, options: UniqueOptions & FoundBoth): [Tensor, Tensor, Tensor];
export function unique(x: Tensor, ...rest: UniqueRest): Tensor | Tensor[];
export function unique(x: Tensor, ...rest: readonly unknown[]): Tensor | Tensor[] {
  checkTensor('unique', x);
  const names = ['sorted', 'returnInverse', 'returnCounts', 'dim'] as const;
  const options = readArgs<UniqueOptions>('unique', rest, names);
  checkBoolean('unique', 'sorted', options.sorted ?? true);
  return distinct('unique', x, options, false);
}

/**
 * `x` in one dimension, of equal elements that follow each other only the first; with `dim` its slices. Other results, and
 * the gradient, as {@link unique}'s.
 * @see https://pytorch.org/docs/stable/generated/torch.unique_consecutive.html
 */
export function uniqueConsecutive(x: Tensor, options?: UniqueConsecutiveOptions & FoundNone): Tensor;
export function uniqueConsecutive(x: Tensor, options: UniqueConsecutiveOptions & FoundOne): [Tensor, Tensor];
export function uniqueConsecutive(
  x: Tensor,
  options: UniqueConsecutiveOptions & FoundBoth,
): [Tensor, Tensor, Tensor];
export function uniqueConsecutive(x: Tensor, ...rest: UniqueConsecutiveRest): Tensor | Tensor[];
export function uniqueConsecutive(x: Tensor, ...rest: readonly unknown[]): Tensor | Tensor[] {
  checkTensor('uniqueConsecutive', x);
  const names = ['returnInverse', 'returnCounts', 'dim'] as const;
  const options = readArgs<UniqueConsecutiveOptions>('uniqueConsecutive', rest, names);
  return distinct('uniqueConsecutive', x, options, true);
}

/** @inline */
interface ModeOptions {
  readonly dim?: number;
  readonly keepdim?: boolean;
}

/**
 * The most frequent element along `dim` (default the last), of several the smallest, and where it is last (int32).
 * Gradient: to that place.
 * @throws ShapeError along a dimension of size 0.
 * @see https://pytorch.org/docs/stable/generated/torch.mode.html
 */
export function mode(
  x: Tensor,
  ...rest: Rest<[dim: number, keepdim: boolean], ModeOptions>
): ValuesAndIndices {
  checkTensor('mode', x);
  const { dim = -1, keepdim = false } = readArgs<ModeOptions>('mode', rest, ['dim', 'keepdim']);
  checkBoolean('mode', 'keepdim', keepdim);
  const at = normalizeDim('mode', dim, x.ndim);
  if (x.ndim === 0) return { values: clone(x), indices: empty([], 'int32', true) };
  const n = x.shape[at];
  if (n === 0) shapeError('mode', `nothing to choose from: dim ${at} has size 0`);
  const indices = noGrad(() => {
    const order = argsort(x, at);
    const rows = transpose(gather(x, at, order), at, -1);
    const isSame = eq(narrow(rows, -1, 1, n - 1), narrow(rows, -1, 0, n - 1));
    const isFirst = cat([full(rows.shape.with(-1, 1), true, { dtype: 'bool' }), logicalNot(isSame)], -1);
    // How many equal elements have come up to each; the first of the largest numbers is where they end.
    const starts = cummax(where(isFirst, arange(n), 0), -1).values;
    const ends = argmax(transpose(sub(arange(n), starts), at, -1), at, true);
    return gather(order, at, ends);
  });
  const values = gather(x, at, indices);
  if (keepdim) return { values, indices };
  const shape = reducedShape(x.shape, [at], false);
  return { values: reshape(values, shape), indices: reshape(indices, shape) };
}
