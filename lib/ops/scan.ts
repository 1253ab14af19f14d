import type { ScanOp } from '../backend/contract.js';
import { backend } from '../backend/select.js';
import { checkDType, isFloat, type DType } from '../dtype.js';
import { noGrad } from '../grad-mode.js';
import { normalizeDim } from '../shape.js';
import { checkTensor, empty, type Tensor } from '../tensor.js';
import { checkNumber, readArgs, type Rest } from './arguments.js';
import { contiguous, expand, reshape, sum } from './broadcast.js';
import { zerosLike } from './create.js';
import { arange } from './ranges.js';
import { scatterAdd, gather } from './indexing.js';
import { add, eq, exp, ge, log, mul, sub, where } from './pointwise.js';
import { cast, toFloat, track } from './primitive.js';
import { amax, type ValuesAndIndices } from './reduce.js';
import { cat, narrow, transpose, unsqueeze } from './shape.js';

// What has come together up to each element along a dimension.

/** @inline */
interface ScanOptions {
  readonly dim?: number;
  readonly dtype?: DType;
}
type ScanRest = Rest<[dim: number], ScanOptions>;

/** Runs a kernel on the rows along `dim`; `kernel` gets them as (R, L), and room for its results. */
export function alongRows(
  x: Tensor,
  dim: number,
  results: readonly DType[],
  kernel: (rows: Tensor, ...outs: Tensor[]) => void,
): Tensor[] {
  return noGrad(() => {
    const last = contiguous(x.ndim > 0 ? transpose(x, dim, -1) : reshape(x, [1]));
    const length = last.shape[last.ndim - 1];
    const rows = reshape(last, [length === 0 ? 0 : x.size / length, length]);
    const outs = results.map((dtype) => empty(rows.shape, dtype));
    kernel(rows, ...outs);
    return outs.map((out) => {
      const shaped = reshape(out, last.shape);
      return x.ndim > 0 ? contiguous(transpose(shaped, dim, -1)) : reshape(shaped, []);
    });
  });
}

const run = (op: ScanOp, x: Tensor, dim: number): Tensor =>
  alongRows(x, dim, [x.dtype], (rows, out) => {
    backend.scan(op, rows, out, null);
  })[0];

function readScan(op: string, input: Tensor, rest: readonly unknown[]): { x: Tensor; dim: number } {
  checkTensor(op, input);
  const { dim, dtype } = readArgs<ScanOptions>(op, rest, ['dim'], ['dtype']);
  if (dtype !== undefined) checkDType(op, dtype);
  const x = cast(input, dtype ?? (input.dtype === 'bool' || input.dtype === 'uint8' ? 'int32' : input.dtype));
  return { x, dim: normalizeDim(op, dim, x.ndim) };
}

/**
 * Sums along `dim`: of each element and those before it. Booleans and uint8 are counted in int32.
 * Gradient: the sums of `g` from each element to the last.
 * @see https://pytorch.org/docs/stable/generated/torch.cumsum.html
 */
export function cumsum(input: Tensor, ...rest: ScanRest): Tensor {
  const { x, dim } = readScan('cumsum', input, rest);
  return track('cumsum', run('sum', x, dim), [x], [], (g) => [() => fromEnd(g, dim)]);
}

/** The sums from each element to the last. */
const fromEnd = (g: Tensor, dim: number): Tensor =>
  g.ndim === 0 ? g : add(sub(sum(g, dim, true), cumsum(g, dim)), g);

/**
 * Products along `dim`: of each element and those before it. Booleans and uint8 are counted in int32.
 * Gradient: the sums of `g·y` from each element to the last, over `x`; right also where `x` is 0.
 * @see https://pytorch.org/docs/stable/generated/torch.cumprod.html
 */
export function cumprod(input: Tensor, ...rest: ScanRest): Tensor {
  const { x, dim } = readScan('cumprod', input, rest);
  return track('cumprod', run('prod', x, dim), [x], [x], (g) => [() => cumprodGradient(g, x, dim)]);
}

/**
 * Σ over k of gₖ times the product of all elements up to k but the i-th: with that one replaced by 1, for every i. As
 * large as the square of a row, but there is no division, and so no trouble with zeros.
 */
function cumprodGradient(g: Tensor, x: Tensor, dim: number): Tensor {
  if (x.ndim === 0) return g;
  const n = x.shape[dim];
  if (n === 0) return zerosLike(x);
  const [rows, grads] = [x, g].map((one) => transpose(one, dim, -1));
  const at = arange(n);
  const isSelf = eq(reshape(at, [n, 1]), at);
  const others = where(isSelf, 1, unsqueeze(rows, -2)); // (…, i, j)
  const isFromHere = ge(at, reshape(at, [n, 1]));
  const products = where(isFromHere, cumprod(others, -1), 0);
  return transpose(sum(mul(products, unsqueeze(grads, -2)), -1), dim, -1);
}

/**
 * `ln Σ eˣ` along `dim` of each element and those before it, without overflow.
 * Gradient: `g` times the share of each element in the sums that it is part of.
 * @see https://pytorch.org/docs/stable/generated/torch.logcumsumexp.html
 */
export function logcumsumexp(input: Tensor, ...rest: Rest<[dim: number], { readonly dim?: number }>): Tensor {
  const { x: given, dim } = readScan('logcumsumexp', input, rest);
  const x = toFloat(given);
  if (x.size === 0 || x.ndim === 0) return add(x, 0);
  const most = amax(x, dim, true).detach();
  const shift = where(eq(sub(most, most), 0), most, 0); // Infinities are not taken off.
  return add(log(cumsum(exp(sub(x, shift)), dim)), shift);
}

/** The extrema so far, and where they are. */
function cumulative(op: 'cummax' | 'cummin', x: Tensor, rest: readonly unknown[]): ValuesAndIndices {
  checkTensor(op, x);
  const { dim: given } = readArgs<{ readonly dim?: number }>(op, rest, ['dim']);
  const dim = normalizeDim(op, given, x.ndim);
  const [values, indices] = alongRows(x, dim, [x.dtype, 'int32'], (rows, out, index) => {
    backend.scan(op === 'cummax' ? 'max' : 'min', rows, out, index);
  });
  const tracked = track(op, values, [x], [indices], (g) => [
    () => (x.ndim === 0 ? g : scatterAdd(zerosLike(x), dim, indices, g)),
  ]);
  return { values: tracked, indices };
}

/**
 * The largest of each element and those before it along `dim`, and where it is (of equal ones the last).
 * Gradient: to the largest.
 * @see https://pytorch.org/docs/stable/generated/torch.cummax.html
 */
export const cummax = (
  x: Tensor,
  ...rest: Rest<[dim: number], { readonly dim?: number }>
): ValuesAndIndices => cumulative('cummax', x, rest);

/** The smallest so far; all else as {@link cummax}. */
export const cummin = (
  x: Tensor,
  ...rest: Rest<[dim: number], { readonly dim?: number }>
): ValuesAndIndices => cumulative('cummin', x, rest);

/** The products of all other elements along `dim`. */
function productOfOthers(x: Tensor, dim: number): Tensor {
  const n = x.shape[dim];
  const one = add(zerosLike(narrow(x, dim, 0, 1)), 1);
  const before = cumprod(cat([one, narrow(x, dim, 0, n - 1)], dim), dim);
  const backwards = reversed(narrow(x, dim, 1, n - 1), dim);
  const after = reversed(cumprod(cat([one, backwards], dim), dim), dim);
  return mul(before, after);
}

/** The elements along `dim` from the last to the first. */
function reversed(x: Tensor, dim: number): Tensor {
  const n = x.shape[dim];
  const at = sub(n - 1, arange(n));
  const shape = x.shape.map((_, d) => (d === dim ? n : 1));
  return gather(x, dim, expand(reshape(at, shape), x.shape));
}

/** @inline */
interface ProdOptions {
  readonly dim?: number | null;
  readonly keepdim?: boolean;
  readonly dtype?: DType;
}

/**
 * The product of all elements, or of those along `dim`. Booleans and uint8 are counted in int32; over nothing it is 1.
 * Gradient: `g` times the product of the others.
 * @see https://pytorch.org/docs/stable/generated/torch.prod.html
 */
export function prod(
  input: Tensor,
  ...rest: Rest<[dim: number | null, keepdim: boolean], ProdOptions>
): Tensor {
  checkTensor('prod', input);
  const {
    dim = null,
    keepdim = false,
    dtype,
  } = readArgs<ProdOptions>('prod', rest, ['dim', 'keepdim'], ['dtype']);
  if (dtype !== undefined) checkDType('prod', dtype);
  const x = cast(input, dtype ?? (isFloat(input.dtype) ? input.dtype : 'int32'));
  if (dim === null) return x.ndim === 0 ? add(x, 0) : prod(reshape(x, [x.size]), 0);
  checkNumber('prod', 'dim', dim);
  const at = normalizeDim('prod', dim, x.ndim);
  if (x.ndim === 0) return add(x, 0);
  const n = x.shape[at];
  const kept = x.shape.with(at, 1);
  const y = noGrad(() =>
    n === 0 ? add(empty(kept, x.dtype, true), 1) : narrow(run('prod', x, at), at, n - 1, 1),
  );
  const out = noGrad(() => reshape(contiguous(y), keepdim ? kept : x.shape.toSpliced(at, 1)));
  return track('prod', out, [x], [x], (g) => [
    () => (n === 0 ? zerosLike(x) : mul(reshape(g, kept), productOfOthers(x, at))),
  ]);
}
