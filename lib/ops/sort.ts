import { backend } from '../backend/select.js';
import { isFloat } from '../dtype.js';
import { checkBoolean, rangeError } from '../errors.js';
import { noGrad } from '../grad-mode.js';
import { normalizeDim } from '../shape.js';
import { checkTensor, empty, type Tensor } from '../tensor.js';
import { checkInteger, readArgs, type Rest } from './arguments.js';
import { clone, contiguous, reshape, sum } from './broadcast.js';
import { gather } from './indexing.js';
import { bitwiseRightShift } from './logic.js';
import { add, div, eq, mul, ne, sub, where } from './pointwise.js';
import { cast, track } from './primitive.js';
import type { ValuesAndIndices } from './reduce.js';
import { alongRows } from './scan.js';
import { narrow } from './shape.js';

// Order along a dimension. NaN is larger than everything; equal elements stay in their order. Values are gathered by
// their positions, so that gradients go back to those.

/** What {@link sort} takes. */
export interface SortOptions {
  /** Default -1. */
  readonly dim?: number;
  /** Default false. */
  readonly descending?: boolean;
  /** It always is. */
  readonly stable?: boolean;
}

/** The positions of sorted elements. */
function order(x: Tensor, dim: number, descending: boolean): Tensor {
  return alongRows(x, dim, [x.dtype, 'int32'], (rows, out, index) => {
    backend.sort(rows, descending, out, index);
  })[1];
}

const pick = (x: Tensor, dim: number, indices: Tensor): Tensor =>
  x.ndim === 0 ? clone(x) : gather(x, dim, indices);

function readSort(op: string, x: Tensor, rest: readonly unknown[]): { dim: number; descending: boolean } {
  checkTensor(op, x);
  const { dim = -1, descending = false } = readArgs<SortOptions>(op, rest, ['dim', 'descending'], ['stable']);
  checkBoolean(op, 'descending', descending);
  return { dim: normalizeDim(op, dim, x.ndim), descending };
}

/**
 * The elements along `dim` (default the last) in ascending order, and where they were (int32).
 * Gradient: back to where they were.
 * @see https://pytorch.org/docs/stable/generated/torch.sort.html
 */
export function sort(
  x: Tensor,
  ...rest: Rest<[dim: number, descending: boolean], SortOptions>
): ValuesAndIndices {
  const { dim, descending } = readSort('sort', x, rest);
  const indices = order(x, dim, descending);
  return { values: pick(x, dim, indices), indices };
}

/** Where the elements of {@link sort} were. */
export function argsort(x: Tensor, ...rest: Rest<[dim: number, descending: boolean], SortOptions>): Tensor {
  const { dim, descending } = readSort('argsort', x, rest);
  return order(x, dim, descending);
}

/** The values of {@link sort} along the first dimension. */
export const msort = (x: Tensor): Tensor => (checkTensor('msort', x), sort(x, 0).values);

/** What {@link topk} takes. */
export interface TopkOptions {
  readonly k?: number;
  /** Default -1. */
  readonly dim?: number;
  /** Whether the largest or the smallest. Default true. */
  readonly largest?: boolean;
  /** They always are. */
  readonly sorted?: boolean;
}

/**
 * The `k` largest (or smallest) elements along `dim`, in order, and where they were.
 * @throws RangeError when there are not so many.
 * @see https://pytorch.org/docs/stable/generated/torch.topk.html
 */
export function topk(
  x: Tensor,
  ...rest: Rest<[k: number, dim: number, largest: boolean, sorted: boolean], TopkOptions>
): ValuesAndIndices {
  const {
    k,
    dim = -1,
    largest = true,
  } = readArgs<TopkOptions>('topk', rest, ['k', 'dim', 'largest', 'sorted']);
  checkTensor('topk', x);
  checkInteger('topk', 'k', k, 0);
  checkBoolean('topk', 'largest', largest);
  const at = normalizeDim('topk', dim, x.ndim);
  checkCount('topk', k, x.ndim === 0 ? 1 : x.shape[at]);
  if (x.ndim === 0) return { values: clone(x), indices: empty([], 'int32', true) };
  const indices = contiguous(narrow(order(x, at, largest), at, 0, k));
  return { values: gather(x, at, indices), indices };
}

function checkCount(op: string, k: number, length: number): void {
  if (k > length) rangeError(op, `k: expected at most ${length} elements, got ${k}`);
}

/** @inline */
interface KthOptions {
  readonly k?: number;
  readonly dim?: number;
  readonly keepdim?: boolean;
}

/** The elements at given positions in the order along a dimension, and where they were. */
function atRank(x: Tensor, dim: number, rank: Tensor | number, keepdim: boolean): ValuesAndIndices {
  if (x.ndim === 0) return { values: clone(x), indices: empty([], 'int32', true) };
  const sorted = order(x, dim, false);
  const indices =
    typeof rank === 'number' ? contiguous(narrow(sorted, dim, rank, 1)) : gather(sorted, dim, rank);
  const values = gather(x, dim, indices);
  if (keepdim) return { values, indices };
  const shape = x.shape.toSpliced(dim, 1);
  return { values: reshape(values, shape), indices: reshape(indices, shape) };
}

/**
 * The `k`-th smallest element along `dim` (default the last), counted from 1, and where it was.
 * @see https://pytorch.org/docs/stable/generated/torch.kthvalue.html
 */
export function kthvalue(
  x: Tensor,
  ...rest: Rest<[k: number, dim: number, keepdim: boolean], KthOptions>
): ValuesAndIndices {
  const { k, dim = -1, keepdim = false } = readArgs<KthOptions>('kthvalue', rest, ['k', 'dim', 'keepdim']);
  checkTensor('kthvalue', x);
  checkInteger('kthvalue', 'k', k, 1);
  checkBoolean('kthvalue', 'keepdim', keepdim);
  const at = normalizeDim('kthvalue', dim, x.ndim);
  checkCount('kthvalue', k, x.ndim === 0 ? 1 : x.shape[at]);
  return atRank(x, at, k - 1, keepdim);
}

/** @inline */
interface MedianOptions {
  readonly dim?: number;
  readonly keepdim?: boolean;
}
export type MedianRest = Rest<[dim: number, keepdim: boolean], MedianOptions>;

function middle(
  op: string,
  x: Tensor,
  rest: readonly unknown[],
  skipsNaN: boolean,
): Tensor | ValuesAndIndices {
  checkTensor(op, x);
  const { dim, keepdim = false } = readArgs<MedianOptions>(op, rest, ['dim', 'keepdim']);
  checkBoolean(op, 'keepdim', keepdim);
  if (dim === undefined) {
    if (x.size === 0 && !isFloat(x.dtype)) rangeError(op, `nothing to choose from: ${x.dtype} has no NaN`);
    if (x.size === 0) return add(empty([], x.dtype, true), NaN);
    const flat = reshape(x, [x.size]);
    const { values: y } = noGrad(() => middle(op, flat, [0], skipsNaN) as ValuesAndIndices);
    return track(op, y, [x], [x, y], (g) => [
      () => {
        const isIt = cast(add(eq(x, y), mul(ne(x, x), ne(y, y))), x.dtype);
        return mul(isIt, div(g, sum(isIt)));
      },
    ]);
  }
  const at = normalizeDim(op, dim, x.ndim);
  if (x.ndim === 0) return atRank(x, at, 0, keepdim);
  const n = x.shape[at];
  if (n === 0) rangeError(op, `nothing to choose from: dim ${at} has size 0`);
  const numbers = sum(eq(x, x), at, true);
  const half = floorHalf(numbers);
  // A NaN is the last in the order, and the median unless it is skipped.
  return atRank(x, at, skipsNaN ? half : where(ne(numbers, n), n - 1, half), keepdim);
}

/** ⌊(n - 1) / 2⌋, 0 for 0. */
function floorHalf(n: Tensor): Tensor {
  return bitwiseRightShift(where(eq(n, 0), 0, sub(n, 1)), 1);
}

/**
 * The median of all elements; with `dim` that along it, and where it is. Of an even number the lower one; NaN if one is.
 * Gradient: to the element that it is; without `dim`, shared evenly among equal ones.
 * @see https://pytorch.org/docs/stable/generated/torch.median.html
 */
export function median(x: Tensor): Tensor;
export function median(x: Tensor, ...rest: MedianRest): ValuesAndIndices;
export function median(x: Tensor, ...rest: MedianRest): Tensor | ValuesAndIndices {
  return middle('median', x, rest, false);
}

/** {@link median} of what is not NaN. */
export function nanmedian(x: Tensor): Tensor;
export function nanmedian(x: Tensor, ...rest: MedianRest): ValuesAndIndices;
export function nanmedian(x: Tensor, ...rest: MedianRest): Tensor | ValuesAndIndices {
  return middle('nanmedian', x, rest, true);
}
