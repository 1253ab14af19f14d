import { isFloat } from '../../dtype.js';
import { describe, rangeError, shapeError, typeError } from '../../errors.js';
import { noGrad } from '../../grad-mode.js';
import { broadcastShapes, formatShape } from '../../shape.js';
import { checkTensor, type Tensor } from '../../tensor.js';
import { checkNumber, checkOneOf, readArgs, type Rest } from '../arguments.js';
import { sum } from '../broadcast.js';
import { fromArray } from '../create.js';
import { indexSelect } from '../indexing.js';
import { matmul } from '../matmul.js';
import { add, div, eq, maximum, mul, sqrt, square, sub, where } from '../pointwise.js';
import { scalar, track } from '../primitive.js';
import { transpose, unsqueeze } from '../shape.js';
import { vectorNorm } from '../vector-norm.js';
import { toBatch } from './products.js';

const MODES = [
  'use_mm_for_euclid_dist_if_necessary',
  'use_mm_for_euclid_dist',
  'donot_use_mm_for_euclid_dist',
] as const;

/** Arguments of {@link cdist}, by name. */
export interface CdistOptions {
  /** The p of the norm, from 0 to Infinity. Default 2. */
  readonly p?: number;
  /**
   * Whether Euclidean distances may be computed by a matrix product, which is faster and a little less exact: default
   * for more than 25 rows.
   */
  readonly computeMode?: (typeof MODES)[number] | null;
}

/**
 * The distances between all rows of `x1` and all rows of `x2`: the p-norms of their differences.
 * Shapes: x1 (…, P, M), x2 (…, R, M), all but the last two broadcast → (…, P, R).
 * Gradient: that of the norm, 0 where two rows are equal.
 * Arguments: `p`, `computeMode`, by position or by name.
 * @throws ShapeError when rows differ in length; RangeError for a p below 0.
 * @see https://pytorch.org/docs/stable/generated/torch.cdist.html
 */
export function cdist(
  x1: Tensor,
  x2: Tensor,
  ...rest: Rest<[p: number, computeMode: CdistOptions['computeMode']], CdistOptions>
): Tensor {
  const op = 'cdist';
  const { p = 2, computeMode } = readArgs<CdistOptions>(op, rest, ['p', 'computeMode']);
  for (const [name, x] of Object.entries({ x1, x2 })) checkRows(op, name, x);
  if (x1.dtype !== x2.dtype) typeError(op, `x2: expected ${x1.dtype}, got ${x2.dtype}`);
  if (x1.shape[x1.ndim - 1] !== x2.shape[x2.ndim - 1])
    shapeError(op, `rows differ in length: ${formatShape(x1.shape)} and ${formatShape(x2.shape)}`);
  checkP(op, p);
  const mode = computeMode ?? MODES[0];
  checkOneOf(op, 'computeMode', mode, MODES);
  const batch = broadcastShapes(op, x1.shape.slice(0, -2), x2.shape.slice(0, -2));
  const isLarge = x1.shape[x1.ndim - 2] > 25 || x2.shape[x2.ndim - 2] > 25;
  const byProduct = p === 2 && (mode === MODES[1] || (mode === MODES[0] && isLarge));
  const [a, b] = [toBatch(x1, batch), toBatch(x2, batch)];
  return byProduct
    ? euclidean(a, b)
    : vectorNorm(sub(unsqueeze(a, -2), unsqueeze(b, -3)), p, [batch.length + 2], false, 'each');
}

/**
 * The distances between all pairs of different rows: those above the diagonal of `cdist(x, x, p)`, row by row.
 * Shapes: (N, M) → (N·(N-1)/2,). Gradient: as {@link cdist}.
 * Arguments: `p` (default 2), by position or by name.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.pdist.html
 */
export function pdist(input: Tensor, ...rest: Rest<[p: number], { readonly p?: number }>): Tensor {
  const op = 'pdist';
  const { p = 2 } = readArgs<{ readonly p?: number }>(op, rest, ['p']);
  checkRows(op, 'input', input);
  if (input.ndim !== 2) shapeError(op, `input: expected (N, M), got ${formatShape(input.shape)}`);
  checkP(op, p);
  const n = input.shape[0];
  const pairs = (n * (n - 1)) / 2;
  const [above, below] = [new Int32Array(pairs), new Int32Array(pairs)];
  for (let i = 0, at = 0; i < n; i++)
    for (let j = i + 1; j < n; j++, at++) {
      above[at] = i;
      below[at] = j;
    }
  const [first, second] = [above, below].map((index) => indexSelect(input, 0, fromArray(index)));
  return vectorNorm(sub(first, second), p, [1], false, 'each');
}

function checkRows(op: string, name: string, x: unknown): asserts x is Tensor {
  checkTensor(op, x, name);
  if (!isFloat(x.dtype)) typeError(op, `${name}: expected float32 or float64, got ${x.dtype}`);
  if (x.ndim < 2) shapeError(op, `${name}: expected at least two dimensions, got ${formatShape(x.shape)}`);
}

function checkP(op: string, p: unknown): void {
  checkNumber(op, 'p', p);
  if (!(p >= 0)) rangeError(op, `p: expected a number from 0, got ${describe(p)}`);
}

/** Euclidean distances by a matrix product: |a|² + |b|² - 2ab. */
function euclidean(a: Tensor, b: Tensor): Tensor {
  const y = noGrad(() => {
    const squares = add(sum(square(a), -1, true), transpose(sum(square(b), -1, true), -2, -1));
    const products = matmul(a, transpose(b, -2, -1));
    return sqrt(maximum(sub(squares, mul(products, 2)), scalar(0, a.dtype)));
  });
  return track('cdist', y, [a, b], [a, b, y], (g) => {
    const isZero = eq(y, 0);
    const w = where(isZero, scalar(0, a.dtype), div(g, where(isZero, scalar(1, a.dtype), y)));
    const pull = (weights: Tensor, from: Tensor, to: Tensor): Tensor =>
      sub(mul(from, sum(weights, -1, true)), matmul(weights, to));
    return [() => pull(w, a, b), () => pull(transpose(w, -2, -1), b, a)];
  });
}
