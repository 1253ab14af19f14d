import { isFloat, type DType } from '../dtype.js';
import { checkBoolean, typeError } from '../errors.js';
import { normalizeDim } from '../shape.js';
import { checkTensor, type Tensor } from '../tensor.js';
import { checkOneOf, readArgs, type Rest } from './arguments.js';
import { reshape } from './broadcast.js';
import { zeros } from './create.js';
import { atLeast1d, copy, elementsAt, productInto, slicesAt, toIndex, type Place } from './indexing-place.js';
import { add, div, eq, lt, maximum, mul, sub } from './pointwise.js';
import { cast, track } from './primitive.js';

// What comes to one place by index, made one number with what is there.

/** What {@link scatterReduce} makes of values that meet in one place. */
export type ScatterReduction = 'sum' | 'prod' | 'mean' | 'amax' | 'amin';

/** Arguments of {@link scatterReduce}, by name. */
export interface ScatterReduceOptions {
  readonly dim: number;
  readonly index: Tensor;
  readonly src: Tensor;
  readonly reduce: ScatterReduction;
  /** Whether what is there is one of the numbers, too. Default true. */
  readonly includeSelf?: boolean;
}

/**
 * A copy of `x` in which every element that `index` names, as in `scatter`, is the sum, product, mean or extremum of what
 * comes there from `src`, and of what was there.
 * Gradients: those of the reductions: `g`; `g` times the product of the others; `g / n`; `g` shared by equal extrema.
 * @throws RangeError when an index is out of range.
 * @see https://pytorch.org/docs/stable/generated/torch.Tensor.scatter_reduce_.html
 */
export function scatterReduce(
  x: Tensor,
  ...args:
    | [
        dim: number,
        index: Tensor,
        src: Tensor,
        reduce: ScatterReduction,
        ...Rest<[], Pick<ScatterReduceOptions, 'includeSelf'>>,
      ]
    | [ScatterReduceOptions]
): Tensor {
  checkTensor('scatterReduce', x);
  const { dim, index, src, reduce, includeSelf } = readArgs<ScatterReduceOptions>(
    'scatterReduce',
    args,
    ['dim', 'index', 'src', 'reduce'],
    ['includeSelf'],
  );
  checkTensor('scatterReduce', src, 'src');
  checkOneOf('scatterReduce', 'reduce', reduce, ['sum', 'prod', 'mean', 'amax', 'amin']);
  const at = normalizeDim('scatterReduce', dim, x.ndim);
  const where = toIndex('scatterReduce', index);
  const whole = atLeast1d(x);
  const place = elementsAt('scatterReduce', whole.shape, at, x.ndim === 0 ? atLeast1d(where) : where);
  const used = place.fit(x.ndim === 0 ? atLeast1d(src) : src, x.dtype);
  return reshape(reduced('scatterReduce', place, reduce, whole, used, includeSelf), x.shape);
}

/** Arguments of {@link indexReduce}, by name. */
export interface IndexReduceOptions {
  readonly dim: number;
  readonly index: Tensor;
  readonly source: Tensor;
  readonly reduce: Exclude<ScatterReduction, 'sum'>;
  /** Whether what is there is one of the numbers, too. Default true. */
  readonly includeSelf?: boolean;
}

/**
 * The same with slices, as in `indexAdd`.
 * Gradients: as those of {@link scatterReduce}.
 * @throws RangeError when an index is out of range.
 * @see https://pytorch.org/docs/stable/generated/torch.Tensor.index_reduce_.html
 */
export function indexReduce(
  x: Tensor,
  ...args:
    | [
        dim: number,
        index: Tensor,
        source: Tensor,
        reduce: Exclude<ScatterReduction, 'sum'>,
        ...Rest<[], Pick<IndexReduceOptions, 'includeSelf'>>,
      ]
    | [IndexReduceOptions]
): Tensor {
  checkTensor('indexReduce', x);
  const { dim, index, source, reduce, includeSelf } = readArgs<IndexReduceOptions>(
    'indexReduce',
    args,
    ['dim', 'index', 'source', 'reduce'],
    ['includeSelf'],
  );
  checkTensor('indexReduce', source, 'source');
  checkOneOf('indexReduce', 'reduce', reduce, ['prod', 'mean', 'amax', 'amin']);
  const at = normalizeDim('indexReduce', dim, x.ndim);
  const whole = atLeast1d(x);
  const place = slicesAt('indexReduce', whole.shape, at, atLeast1d(toIndex('indexReduce', index)));
  const used = place.fit(atLeast1d(source), x.dtype);
  return reshape(reduced('indexReduce', place, reduce, whole, used, includeSelf), x.shape);
}

/** What changes nothing. */
function neutral(reduce: ScatterReduction, dtype: DType): number {
  if (reduce === 'sum' || reduce === 'mean') return 0;
  if (reduce === 'prod') return 1;
  if (isFloat(dtype)) return reduce === 'amax' ? -Infinity : Infinity;
  if (dtype === 'int32') return reduce === 'amax' ? -(2 ** 31) : 2 ** 31 - 1;
  return reduce === 'amax' ? 0 : dtype === 'bool' ? 1 : 255;
}

function reduced(
  op: string,
  place: Place,
  reduce: ScatterReduction,
  x: Tensor,
  src: Tensor,
  includeSelf = true,
): Tensor {
  checkBoolean(op, 'includeSelf', includeSelf);
  if (x.dtype === 'bool') typeError(op, 'expected numbers, got a bool tensor');
  const base = includeSelf ? x : place.set(x, place.filled(neutral(reduce, x.dtype), x.dtype));
  if (reduce === 'sum') return place.add(base, src);
  if (reduce === 'prod') return productInto(op, place, base, src);
  if (reduce !== 'mean') return extremumInto(op, reduce === 'amax' ? 'max' : 'min', place, base, src);
  const came = place.add(zeros(x.shape, { dtype: 'int32' }), place.filled(1, 'int32'));
  const count = includeSelf ? add(came, 1) : maximum(came, 1);
  const total = place.add(base, src);
  return isFloat(x.dtype) ? div(total, cast(count, x.dtype)) : cast(floorDivided(total, count), x.dtype);
}

/** The quotient of integers, rounded down. */
function floorDivided(a: Tensor, b: Tensor): Tensor {
  const quotient = div(cast(a, 'float64'), cast(b, 'float64'));
  const cut = cast(quotient, 'int32');
  return sub(cut, cast(lt(quotient, cut), 'int32'));
}

/** The extremum of what comes to a place and what is there; equal ones share the gradient. */
function extremumInto(op: string, how: 'max' | 'min', place: Place, x: Tensor, src: Tensor): Tensor {
  const out = copy(x);
  place.change(how, out, src);
  return track(op, out, [x, src], [x, src, out, place.index], (g) => {
    const isThere = cast(eq(x, out), g.dtype);
    const came = cast(eq(src, place.pick(out.detach())), g.dtype);
    const share = div(g, place.add(isThere, came));
    return [() => mul(isThere, share), () => mul(came, place.pick(share))];
  });
}
