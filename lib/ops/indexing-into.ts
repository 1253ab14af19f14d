import { backend } from '../backend/select.js';
import { shapeError } from '../errors.js';
import { formatShape, sameShape } from '../shape.js';
import { checkTensor, type Tensor } from '../tensor.js';
import { readAll, readArgs, type Args, type Rest } from './arguments.js';
import { expand } from './broadcast.js';
import { checkDTypes, copy } from './indexing-place.js';
import { scalar, track } from './primitive.js';
import { dimOf, rangeOf, select, sliceView, type SelectOptions, type SliceOptions } from './shape.js';
import { diagonalOf, type DiagonalOptions } from './shape-diagonal.js';

// A tensor with another one in the place that a view shows.

/**
 * A copy of `x` with `src` in the place that `place` shows.
 * Gradients: `g` with zeros there; that place of `g`.
 */
function overwritten(op: string, x: Tensor, src: Tensor, place: (whole: Tensor) => Tensor): Tensor {
  checkTensor(op, src, 'src');
  checkDTypes(op, x.dtype, src);
  const out = copy(x);
  const target = place(out);
  if (!sameShape(src.shape, target.shape))
    shapeError(op, `src: expected ${formatShape(target.shape)}, got ${formatShape(src.shape)}`);
  backend.copy(src, target);
  return track(op, out, [x, src], [], (g) => [
    () => overwritten(op, g, expand(scalar(0, g.dtype), src.shape), place),
    () => place(g),
  ]);
}

/** Arguments of {@link selectScatter}, by name. */
export interface SelectScatterOptions extends SelectOptions {
  readonly src: Tensor;
}

/**
 * A copy of `x` with `src` in the place of element `index` of a dimension.
 * Gradients: `g`, 0 there; `g` there.
 * @throws ShapeError when `src` does not have the shape of that place.
 * @see https://pytorch.org/docs/stable/generated/torch.select_scatter.html
 */
export function selectScatter(
  x: Tensor,
  ...args: Args<[src: Tensor, dim: number, index: number], SelectScatterOptions>
): Tensor {
  checkTensor('selectScatter', x);
  const [src, dim, index] = readAll<[Tensor, number, number]>('selectScatter', args, ['src', 'dim', 'index']);
  return overwritten('selectScatter', x, src, (whole) => select(whole, dim, index));
}

/** Arguments of {@link sliceScatter}, by name. */
export interface SliceScatterOptions extends SliceOptions {
  readonly src: Tensor;
}

/**
 * A copy of `x` with `src` in the place of a slice: elements `start` up to `end` of `dim` (default 0), every `step`-th.
 * Gradients: `g`, 0 there; `g` there.
 * @throws ShapeError when `src` does not have the shape of that place.
 * @see https://pytorch.org/docs/stable/generated/torch.slice_scatter.html
 */
export function sliceScatter(
  x: Tensor,
  ...args:
    | [
        src: Tensor,
        ...Rest<
          [dim: number, start: number | null, end: number | null, step: number],
          Omit<SliceScatterOptions, 'src'>
        >,
      ]
    | [SliceScatterOptions]
): Tensor {
  checkTensor('sliceScatter', x);
  const { src, dim = 0, start, end, step } = readArgs<SliceScatterOptions>('sliceScatter', args, ['src', 'dim', 'start', 'end', 'step']); // prettier-ignore
  const at = dimOf('sliceScatter', x, dim);
  const range = rangeOf('sliceScatter', x.shape[at], start, end, step);
  return overwritten('sliceScatter', x, src as Tensor, (whole) =>
    sliceView('sliceScatter', whole, at, range),
  );
}

/** Arguments of {@link diagonalScatter}, by name. */
export interface DiagonalScatterOptions extends DiagonalOptions {
  readonly src: Tensor;
}

/**
 * A copy of `x` with `src` on a diagonal of two dimensions.
 * Gradients: `g`, 0 there; `g` there.
 * @throws ShapeError when `src` does not have the shape of that place.
 * @see https://pytorch.org/docs/stable/generated/torch.diagonal_scatter.html
 */
export function diagonalScatter(
  x: Tensor,
  ...args:
    | [src: Tensor, ...Rest<[offset: number, dim1: number, dim2: number], DiagonalOptions>]
    | [DiagonalScatterOptions]
): Tensor {
  checkTensor('diagonalScatter', x);
  const { src, ...where } = readArgs<DiagonalScatterOptions>('diagonalScatter', args, ['src', 'offset', 'dim1', 'dim2']); // prettier-ignore
  return overwritten('diagonalScatter', x, src as Tensor, (whole) =>
    diagonalOf('diagonalScatter', whole, [where]),
  );
}
