import type { ReduceOp } from '../backend/contract.js';
import { backend } from '../backend/select.js';
import { isFloat } from '../dtype.js';
import { rangeError, typeError } from '../errors.js';
import { formatShape, normalizeDim, normalizeDims, reducedShape, sizeOf } from '../shape.js';
import { checkTensor, empty, Tensor } from '../tensor.js';
import { expand, reshape, sum } from './broadcast.js';
import { gather } from './indexing.js';
import { add, div, eq, maximum, minimum, mul, ne } from './pointwise.js';
import { cast, track, type Keepdim } from './primitive.js';
import { readReduce, type ReduceRest } from './reduce-args.js';

/** A result of `max` or `min` along one dimension: the extrema, and where they were (int32). */
export interface ValuesAndIndices {
  readonly values: Tensor;
  readonly indices: Tensor;
}

/**
 * The mean over `dim` (one, several, or all when not given). NaN over nothing. Floats only.
 * Gradient: `g/n`, expanded to the shape of `x`.
 * @see https://pytorch.org/docs/stable/generated/torch.mean.html
 */
export function mean(input: Tensor, ...rest: ReduceRest): Tensor {
  checkTensor('mean', input);
  const { dim, keepdim, dtype } = readReduce('mean', rest);
  const x = dtype === undefined ? input : cast(input, dtype);
  if (!isFloat(x.dtype))
    typeError('mean', `expected float32 or float64, got ${x.dtype}; convert with .to('float32')`);
  const dims = normalizeDims('mean', dim, x.ndim);
  const out = empty(reducedShape(x.shape, dims, keepdim), x.dtype);
  if (dims.length === 0) backend.copy(x, out);
  else backend.reduce('mean', x, dims, out);
  const kept = reducedShape(x.shape, dims, true);
  const count = sizeOf(dims.map((d) => x.shape[d]));
  return track('mean', out, [x], [], (g) => [() => expand(mul(reshape(g, kept), 1 / count), x.shape)]);
}

/** The extremum over several dimensions; ties share the gradient evenly. */
function extremum(op: 'max' | 'min', name: string, x: Tensor, rest: readonly unknown[]): Tensor {
  checkTensor(name, x);
  const { dim, keepdim } = readReduce(name, rest);
  const dims = normalizeDims(name, dim, x.ndim);
  const out = reduceNonEmpty(op, name, x, dims, keepdim, x.dtype);
  const kept = reducedShape(x.shape, dims, true);
  return track(name, out, [x], [x, out], (g) => [
    () => {
      const best = reshape(out, kept);
      // Of all elements, as in PyTorch, those that are NaN when the extremum is.
      const isIt = name === op ? add(eq(x, best), mul(ne(x, x), ne(best, best))) : eq(x, best);
      const isExtremum = cast(isIt, x.dtype);
      const share = div(isExtremum, sum(isExtremum, dims, true));
      return mul(share, reshape(g, kept));
    },
  ]);
}

function reduceNonEmpty(
  op: ReduceOp,
  name: string,
  x: Tensor,
  dims: readonly number[],
  keepdim: boolean,
  dtype: Tensor['dtype'],
): Tensor {
  const out = empty(reducedShape(x.shape, dims, keepdim), dtype);
  if (out.size > 0 && dims.some((d) => x.shape[d] === 0))
    rangeError(
      name,
      `nothing to choose from: shape ${formatShape(x.shape)} is empty along dim ${dims.join(', ')}`,
    );
  if (dims.length === 0 && (op === 'argmax' || op === 'argmin')) backend.fill(0, out);
  else if (dims.length === 0) backend.copy(x, out);
  else backend.reduce(op, x, dims, out);
  return out;
}

/**
 * The largest element over `dim` (one, several, or all when not given), NaN if one is.
 * Gradient: to the largest; shared evenly among equal ones.
 * @throws RangeError over nothing.
 * @see https://pytorch.org/docs/stable/generated/torch.amax.html
 */
export const amax = (x: Tensor, ...rest: ReduceRest): Tensor => extremum('max', 'amax', x, rest);

/** The smallest element over `dim`; all else as {@link amax}. */
export const amin = (x: Tensor, ...rest: ReduceRest): Tensor => extremum('min', 'amin', x, rest);

/**
 * Without `dim`, or with a list of dims: the largest element, as {@link amax}. With one `dim`: the largest elements
 * along it and their positions; the gradient then goes to those positions alone.
 * @throws RangeError over nothing.
 * @see https://pytorch.org/docs/stable/generated/torch.max.html
 */
export function max(x: Tensor): Tensor;
export function max(x: Tensor, dim: number, keepdim?: Keepdim): ValuesAndIndices;
export function max(x: Tensor, dim?: readonly number[] | null, keepdim?: Keepdim): Tensor;
export function max(x: Tensor, other: Tensor): Tensor;
export function max(
  x: Tensor,
  options: { readonly dim: number; readonly keepdim?: boolean },
): ValuesAndIndices;
export function max(x: Tensor, ...rest: unknown[]): Tensor | ValuesAndIndices {
  if (rest[0] instanceof Tensor) return maximum(x, rest[0]);
  const { dim, keepdim } = readReduce('max', rest);
  return typeof dim === 'number' ? along('max', x, dim, keepdim) : extremum('max', 'max', x, rest);
}

/** The smallest element; all else as {@link max}. @see https://pytorch.org/docs/stable/generated/torch.min.html */
export function min(x: Tensor): Tensor;
export function min(x: Tensor, dim: number, keepdim?: Keepdim): ValuesAndIndices;
export function min(x: Tensor, dim?: readonly number[] | null, keepdim?: Keepdim): Tensor;
export function min(x: Tensor, other: Tensor): Tensor;
export function min(
  x: Tensor,
  options: { readonly dim: number; readonly keepdim?: boolean },
): ValuesAndIndices;
export function min(x: Tensor, ...rest: unknown[]): Tensor | ValuesAndIndices {
  if (rest[0] instanceof Tensor) return minimum(x, rest[0]);
  const { dim, keepdim } = readReduce('min', rest);
  return typeof dim === 'number' ? along('min', x, dim, keepdim) : extremum('min', 'min', x, rest);
}

function along(op: 'max' | 'min', x: Tensor, dim: number, keep: boolean): ValuesAndIndices {
  checkTensor(op, x);
  const at = normalizeDim(op, dim, x.ndim);
  if (x.ndim === 0) return { values: extremum(op, op, x, []), indices: empty([], 'int32', true) };
  const positions = reduceNonEmpty(op === 'max' ? 'argmax' : 'argmin', op, x, [at], true, 'int32');
  const values = gather(x, at, positions);
  if (keep) return { values, indices: positions };
  const shape = reducedShape(x.shape, [at], false);
  return { values: reshape(values, shape), indices: reshape(positions, shape) };
}

/**
 * The position (int32) of the first largest element along `dim`, or in the flattened tensor when not given. A NaN is
 * larger than everything. No gradient.
 * @throws RangeError over nothing.
 * @see https://pytorch.org/docs/stable/generated/torch.argmax.html
 */
export const argmax = (x: Tensor, ...rest: ReduceRest): Tensor => position('argmax', x, rest);

/** The position of the first smallest element; all else as {@link argmax}. */
export const argmin = (x: Tensor, ...rest: ReduceRest): Tensor => position('argmin', x, rest);

function position(op: 'argmax' | 'argmin', x: Tensor, rest: readonly unknown[]): Tensor {
  checkTensor(op, x);
  const { dim, keepdim } = readReduce(op, rest);
  const dims = dim === null ? normalizeDims(op, null, x.ndim) : [normalizeDim(op, dim, x.ndim)];
  return reduceNonEmpty(op, op, x, x.ndim === 0 ? [] : dims, keepdim, 'int32');
}
