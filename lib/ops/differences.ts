import { describe, rangeError, shapeError, typeError } from '../errors.js';
import { formatShape, normalizeDim } from '../shape.js';
import { checkTensor, Tensor } from '../tensor.js';
import { checkInteger, readArgs, type Rest } from './arguments.js';
import { clone, reshape } from './broadcast.js';
import { add, div, mul, ne, sub } from './pointwise.js';
import { toFloat } from './primitive.js';
import { cat, narrow } from './shape.js';

// Differences of neighbours, and slopes made of them.

/** What {@link diff} takes. */
export interface DiffOptions {
  /** How often. Default 1. */
  readonly n?: number;
  /** Default -1. */
  readonly dim?: number;
  /** What to put before `x` along the dimension, and behind it, first; unless `n` is 0. */
  readonly prepend?: Tensor | null;
  readonly append?: Tensor | null;
}

/**
 * The differences `xᵢ₊₁ - xᵢ` along `dim` (default the last), `n` times over. Of booleans: whether they differ.
 * Gradient: `gᵢ₋₁ - gᵢ`.
 * @throws ShapeError for a 0-d tensor.
 * @see https://pytorch.org/docs/stable/generated/torch.diff.html
 */
export function diff(
  x: Tensor,
  ...rest: Rest<
    [n: number, dim: number, prepend: Tensor | null | undefined, append: Tensor | null | undefined],
    DiffOptions
  >
): Tensor {
  checkTensor('diff', x);
  const names = ['n', 'dim', 'prepend', 'append'] as const;
  const { n = 1, dim = -1, prepend = null, append = null } = readArgs<DiffOptions>('diff', rest, names);
  checkInteger('diff', 'n', n, 0);
  if (x.ndim === 0) shapeError('diff', 'expected at least one dimension, got shape ()');
  const at = normalizeDim('diff', dim, x.ndim);
  for (const [name, part] of Object.entries({ prepend, append })) {
    if (part === null) continue;
    checkTensor('diff', part, name);
    if (part.ndim !== x.ndim || part.shape.some((size, d) => d !== at && size !== x.shape[d]))
      shapeError(
        'diff',
        `${name}: expected ${formatShape(x.shape)} but for dim ${at}, got ${formatShape(part.shape)}`,
      );
  }
  if (n === 0) return clone(x);
  const parts = [prepend, x, append].filter((part) => part !== null);
  let y = parts.length === 1 ? x : cat(parts, at);
  for (let i = 0; i < n; i++) {
    const count = Math.max(0, y.shape[at] - 1);
    const [low, high] = [narrow(y, at, 0, count), narrow(y, at, y.shape[at] - count, count)];
    y = y.dtype === 'bool' ? ne(high, low) : sub(high, low);
  }
  return y;
}

/** @inline */
type Spacing = number | Tensor | readonly (number | Tensor)[];

/** What {@link gradient} takes by name. */
export interface GradientOptions {
  /** How far elements lie apart, one number for all dimensions or one for each; or where they lie. Default 1. */
  readonly spacing?: Spacing | null;
  /** Default all. */
  readonly dim?: number | readonly number[] | null;
  /** With how many neighbours the slopes at the ends are estimated: 1 (default) or 2. */
  readonly edgeOrder?: number;
}

/**
 * The slopes of a function that `x` has the values of, along each of the dimensions: in the middle from the neighbours at
 * both sides, to the second order, at the ends from the nearest. A list with a tensor of the shape of `x` for each dimension.
 * Gradient: that of the differences.
 * @throws ShapeError where a dimension has fewer than `edgeOrder + 1` elements.
 * @see https://pytorch.org/docs/stable/generated/torch.gradient.html
 */
export function gradient(input: Tensor, ...rest: Rest<[], GradientOptions>): Tensor[] {
  checkTensor('gradient', input);
  const names = ['spacing', 'dim', 'edgeOrder'] as const;
  const {
    spacing = null,
    dim = null,
    edgeOrder = 1,
  } = readArgs<GradientOptions>('gradient', rest, [], names);
  if (edgeOrder !== 1 && edgeOrder !== 2)
    rangeError('gradient', `edgeOrder: expected 1 or 2, got ${describe(edgeOrder)}`);
  const x = toFloat(input);
  const given = dim === null ? x.shape.map((_, d) => d) : [dim].flat();
  const dims = given.map((d: number) => normalizeDim('gradient', d, x.ndim));
  const spaces = readSpacing(spacing, dims.length);
  return dims.map((d, i) => {
    if (x.shape[d] <= edgeOrder)
      shapeError(
        'gradient',
        `expected at least ${edgeOrder + 1} elements along dim ${d}, got shape ${formatShape(x.shape)}`,
      );
    return slopes(x, d, spaces[i], edgeOrder);
  });
}

function readSpacing(spacing: unknown, count: number): (number | Tensor)[] {
  const list: readonly unknown[] = Array.isArray(spacing)
    ? spacing
    : spacing instanceof Tensor
      ? [spacing]
      : new Array<unknown>(count).fill(spacing ?? 1);
  if (list.length !== count)
    rangeError('gradient', `spacing: expected one for each of ${count} dimensions, got ${list.length}`);
  return list.map((one) => {
    if (typeof one === 'number' || one instanceof Tensor) return one;
    typeError('gradient', `spacing: expected numbers or tensors, got ${describe(one)}`);
  });
}

/** The steps between points along a dimension: a number where all are the same, else a tensor that broadcasts. */
function stepsOf(x: Tensor, dim: number, spacing: number | Tensor): number | Tensor {
  if (typeof spacing === 'number') return spacing;
  if (spacing.ndim !== 1 || spacing.size !== x.shape[dim])
    shapeError(
      'gradient',
      `spacing: expected ${x.shape[dim]} points, got shape ${formatShape(spacing.shape)}`,
    );
  return toFloat(
    reshape(
      diff(spacing),
      x.shape.map((_, d) => (d === dim ? x.shape[dim] - 1 : 1)),
    ),
  );
}

function slopes(x: Tensor, dim: number, spacing: number | Tensor, edgeOrder: 1 | 2): Tensor {
  const n = x.shape[dim];
  const h = stepsOf(x, dim, spacing);
  const slope = div(diff(x, 1, dim), h); // Between each element and the next one.
  const step = (i: number): Tensor | number => (typeof h === 'number' ? h : narrow(h, dim, i, 1));
  const at = (i: number): Tensor => narrow(slope, dim, i, 1);
  // A parabola through three points: the slope at the end lies as far beyond the one next to it as that beyond the other.
  const end = (i: number, next: number): Tensor => {
    if (edgeOrder === 1) return at(i);
    const [a, b] = [step(i), step(next)];
    const share = typeof a === 'number' ? 0.5 : div(a, add(a, b));
    return add(at(i), mul(sub(at(i), at(next)), share));
  };
  const inner = (): Tensor => {
    const [before, after] = [narrow(slope, dim, 0, n - 2), narrow(slope, dim, 1, n - 2)];
    if (typeof h === 'number') return mul(add(before, after), 0.5);
    const [low, high] = [narrow(h, dim, 0, n - 2), narrow(h, dim, 1, n - 2)];
    return div(add(mul(before, high), mul(after, low)), add(low, high));
  };
  return cat([end(0, 1), ...(n > 2 ? [inner()] : []), end(n - 2, n - 3)], dim);
}
