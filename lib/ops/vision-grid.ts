import { checkBoolean, describe, shapeError, typeError } from '../errors.js';
import { noGrad } from '../grad-mode.js';
import { checkShape, formatShape } from '../shape.js';
import { empty, viewOf, type Tensor } from '../tensor.js';
import { checkOneOf, readArgs, type Rest } from './arguments.js';
import { expand, reshape } from './broadcast.js';
import { tensor } from './create.js';
import { gather } from './indexing.js';
import { matmul } from './matmul.js';
import { add, mul, where } from './pointwise.js';
import { cast, track } from './primitive.js';
import { cat, select, transpose } from './shape.js';
import { placesOf, tapsOf, type GridMode, type GridPadding } from './vision-taps.js';
import { checkImages } from './window.js';

/** How {@link gridSample} reads between elements and beyond the border. */
export interface GridSampleOptions {
  /** Default 'bilinear', which in three dimensions is trilinear. */
  readonly mode?: GridMode;
  /** What lies outside: 'zeros' (default), the 'border', or the image's 'reflection'. */
  readonly paddingMode?: GridPadding;
  /** Whether -1 and 1 are the centres of the corner elements, and not their outer edges. Default false. */
  readonly alignCorners?: boolean | null;
}

/**
 * The elements of images at places that lie anywhere. The last dimension of `grid` is a place: (x, y) or (x, y, z), from -1
 * to 1 across the image.
 * Shapes: input (N, C, H, W), grid (N, OH, OW, 2) → (N, C, OH, OW); input (N, C, D, H, W), grid (N, OD, OH, OW, 3) →
 * (N, C, OD, OH, OW).
 * Gradients: input: `g` by the weights of the neighbours that were read; grid: `g` times the slope between them, 0 for
 * 'nearest', and along directions in which a place was moved to the border.
 * @throws ShapeError when shapes do not fit; RangeError for 'bicubic' in three dimensions.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.grid_sample.html
 */
export function gridSample(
  input: Tensor,
  grid: Tensor,
  ...rest: Rest<[mode: GridMode, paddingMode: GridPadding, alignCorners: boolean | null], GridSampleOptions>
): Tensor {
  const op = 'gridSample';
  checkImages(op, input);
  checkImages(op, grid, 'grid');
  const {
    mode = 'bilinear',
    paddingMode = 'zeros',
    alignCorners = false,
  } = readArgs<GridSampleOptions>(op, rest, ['mode', 'paddingMode', 'alignCorners']);
  checkOneOf(op, 'mode', mode, ['bilinear', 'nearest', 'bicubic']);
  checkOneOf(op, 'paddingMode', paddingMode, ['zeros', 'border', 'reflection']);
  if (alignCorners !== null) checkBoolean(op, 'alignCorners', alignCorners);
  if (grid.dtype !== input.dtype) typeError(op, `grid: expected ${input.dtype}, got ${grid.dtype}`);
  const dims = input.ndim - 2;
  const [n, c, ...image] = input.shape;
  if (
    (dims !== 2 && dims !== 3) ||
    grid.ndim !== input.ndim ||
    grid.shape[0] !== n ||
    grid.shape[dims + 1] !== dims ||
    image.some((size) => size === 0)
  )
    shapeError(
      op,
      `expected input (N, C, H, W) and grid (N, OH, OW, 2), or input (N, C, D, H, W) and grid (N, OD, OH, OW, 3), got ${formatShape(input.shape)} and ${formatShape(grid.shape)}`,
    );
  if (mode === 'bicubic' && dims === 3)
    checkOneOf(op, 'mode in three dimensions', mode as string, ['bilinear', 'nearest']);

  const out = grid.shape.slice(1, -1);
  const count = out.reduce((a, b) => a * b, 1);
  const pixels = reshape(input, [n, c, image.reduce((a, b) => a * b, 1)]);
  // For each direction, outermost first, the neighbours and their weights; x comes first in the grid.
  const axes = image.map((size, i) => {
    const place = placesOf(select(grid, -1, dims - 1 - i), size, alignCorners ?? false);
    return tapsOf(reshape(place, [n, count]), size, mode, paddingMode, alignCorners ?? false);
  });
  let sum: Tensor | null = null;
  for (const taps of combinations(axes)) {
    const index = noGrad(() =>
      taps.reduce<Tensor | null>(
        (all, tap, i) => (all === null ? tap.position : add(mul(all, image[i]), tap.position)),
        null,
      ),
    ) as Tensor;
    const read = gather(pixels, 2, expand(reshape(index, [n, 1, count]), [n, c, count]));
    const weight = taps.reduce<Tensor | null>(
      (all, tap) => (all === null || tap.weight === null ? (all ?? tap.weight) : mul(all, tap.weight)),
      null,
    );
    const weighted = weight === null ? read : mul(read, reshape(weight, [n, 1, count]));
    const isInside = noGrad(() => taps.map((tap) => tap.isInside).reduce((a, b) => mul(a, b)));
    const part = where(reshape(isInside, [n, 1, count]), weighted, 0);
    sum = sum === null ? part : add(sum, part);
  }
  const y = reshape(sum as Tensor, [n, c, ...out]);
  return mode === 'nearest' ? alsoOf(y, grid) : y;
}

/** `y` as a result of `grid`, too, whose gradient is 0. */
function alsoOf(y: Tensor, grid: Tensor): Tensor {
  return track('gridSample', viewOf(y, y.shape, y.strides), [y, grid], [], (g) => [
    () => g,
    () => empty(grid.shape, grid.dtype, true),
  ]);
}

/** One of each list, in every combination. */
function combinations<T>(lists: readonly (readonly T[])[]): T[][] {
  return lists.reduce<T[][]>((all, one) => all.flatMap((head) => one.map((item) => [...head, item])), [[]]);
}

/**
 * The places that {@link gridSample} reads for an affine map of images: for each of `size`, (x, y, 1) or (x, y, z, 1) times
 * `theta`.
 * Shapes: theta (N, 2, 3), size (N, C, H, W) → (N, H, W, 2); theta (N, 3, 4), size (N, C, D, H, W) → (N, D, H, W, 3).
 * Gradient: `g` times the places, summed.
 * @throws ShapeError when theta and size do not fit.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.affine_grid.html
 */
export function affineGrid(
  theta: Tensor,
  ...rest: Rest<
    [size: readonly number[], alignCorners: boolean | null],
    { readonly size?: readonly number[]; readonly alignCorners?: boolean | null }
  >
): Tensor {
  const op = 'affineGrid';
  checkImages(op, theta, 'theta');
  const { size, alignCorners = false } = readArgs<{
    size?: readonly number[];
    alignCorners?: boolean | null;
  }>(op, rest, ['size', 'alignCorners']);
  if (size === undefined) typeError(op, `size: expected an array of sizes, got ${describe(size)}`);
  checkShape(op, size);
  if (alignCorners !== null) checkBoolean(op, 'alignCorners', alignCorners);
  const image = size.slice(2);
  const dims = image.length;
  const isFit = theta.ndim === 3 && theta.shape[1] === dims && theta.shape[2] === dims + 1;
  if ((dims !== 2 && dims !== 3) || !isFit || theta.shape[0] !== size[0])
    shapeError(
      op,
      `expected theta (N, 2, 3) and size (N, C, H, W), or theta (N, 3, 4) and size (N, C, D, H, W), got ${formatShape(theta.shape)} and ${formatShape(size)}`,
    );
  const count = image.reduce((a, b) => a * b, 1);
  const columns = image.map((length, i) => {
    const across = tensor(spread(length, alignCorners ?? false), { dtype: theta.dtype });
    return reshape(expand(reshape(across, [length, ...image.slice(i + 1).map(() => 1)]), image), [count, 1]);
  });
  const ones = reshape(expand(cast(tensor(1), theta.dtype), image), [count, 1]);
  const places = cat([...columns.reverse(), ones], 1);
  return reshape(matmul(places, transpose(theta, 1, 2)), [size[0], ...image, dims]);
}

/** From -1 to 1 in equal steps, from centre to centre of the elements at the ends or from edge to edge. */
function spread(length: number, alignCorners: boolean): number[] {
  if (length === 1) return [0];
  const reach = alignCorners ? 1 : (length - 1) / length;
  return Array.from({ length }, (_, i) => (-1 + (2 * i) / (length - 1)) * reach);
}
