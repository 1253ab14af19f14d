import { checkBoolean, describe, rangeError, shapeError, typeError } from '../errors.js';
import { formatShape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { checkOneOf, readArgs, type Rest } from './arguments.js';
import { resizedByArea } from './pool-adaptive.js';
import { runsFor } from './vision-kernels.js';
import { alongLast } from './runs.js';
import { checkImages } from './window.js';

/**
 * One number for all directions, or one for each, the outermost first.
 * @inline
 */
export type Numbers = number | readonly number[];

/** How {@link interpolate} reads between pixels. */
export type InterpolateMode =
  'nearest' | 'nearest-exact' | 'linear' | 'bilinear' | 'bicubic' | 'trilinear' | 'area';

/** How images are resized. */
export interface InterpolateOptions {
  /** The sizes of the result's images. Either these or `scaleFactor`. */
  readonly size?: Numbers | null;
  /** How often larger the result's images are. */
  readonly scaleFactor?: Numbers | null;
  /** Default 'nearest'. */
  readonly mode?: InterpolateMode;
  /**
   * Whether the centres of the corner elements stay where they are, and not their outer edges. Only for linear, bilinear,
   * bicubic and trilinear. Default false.
   */
  readonly alignCorners?: boolean | null;
  /** Whether places are computed from the sizes that `scaleFactor` led to, and not from itself. Default false. */
  readonly recomputeScaleFactor?: boolean | null;
  /** Whether images are smoothed before they shrink. Only for bilinear and bicubic. Default false. */
  readonly antialias?: boolean;
}

const MODES = [
  'nearest',
  'nearest-exact',
  'linear',
  'bilinear',
  'bicubic',
  'trilinear',
  'area',
] as const satisfies InterpolateMode[];
/** How many dimensions images have in a mode that is not for all. */
const DIMS: Partial<Record<InterpolateMode, number>> = { linear: 1, bilinear: 2, bicubic: 2, trilinear: 3 };

const NAMES = ['size', 'scaleFactor', 'mode', 'alignCorners', 'recomputeScaleFactor', 'antialias'] as const;
type Positions = [
  size: Numbers | null | undefined,
  scaleFactor: Numbers | null | undefined,
  mode: InterpolateMode,
  alignCorners: boolean | null | undefined,
];

/**
 * Images of other sizes. Along each dimension an element is made of its neighbours at its place in the input: the nearest
 * one, two (linear), four (bicubic, Keys' kernel with a = -0.75) or all that it covers (area).
 * Shapes: (N, C, L), (N, C, H, W) or (N, C, D, H, W) → the same with `size`, or ⌊size · scaleFactor⌋.
 * Gradient: to each neighbour its weight's part of `g`.
 * @throws ShapeError when a mode does not fit the dimensions; RangeError for sizes that are not positive, and for both or
 *   neither of `size` and `scaleFactor`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html
 */
export function interpolate(
  input: Tensor,
  ...rest: Rest<
    [...Positions, recomputeScaleFactor: boolean | null | undefined, antialias: boolean],
    InterpolateOptions
  >
): Tensor {
  return resize('interpolate', input, readArgs<InterpolateOptions>('interpolate', rest, NAMES));
}

/**
 * {@link interpolate} by its older name.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.upsample.html
 */
export function upsample(
  input: Tensor,
  ...rest: Rest<Positions, Omit<InterpolateOptions, 'recomputeScaleFactor' | 'antialias'>>
): Tensor {
  return resize('upsample', input, readArgs<InterpolateOptions>('upsample', rest, NAMES.slice(0, 4)));
}

type SizeRest = Rest<
  [size: Numbers | null | undefined, scaleFactor: Numbers | null],
  Pick<InterpolateOptions, 'size' | 'scaleFactor'>
>;

/**
 * {@link interpolate} in mode 'nearest'.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.upsample_nearest.html
 */
export function upsampleNearest(input: Tensor, ...rest: SizeRest): Tensor {
  const options = readArgs<InterpolateOptions>('upsampleNearest', rest, ['size', 'scaleFactor']);
  return resize('upsampleNearest', input, { ...options, mode: 'nearest' });
}

/**
 * {@link interpolate} in mode 'bilinear' with `alignCorners`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.upsample_bilinear.html
 */
export function upsampleBilinear(input: Tensor, ...rest: SizeRest): Tensor {
  const options = readArgs<InterpolateOptions>('upsampleBilinear', rest, ['size', 'scaleFactor']);
  return resize('upsampleBilinear', input, { ...options, mode: 'bilinear', alignCorners: true });
}

function resize(op: string, input: Tensor, options: InterpolateOptions): Tensor {
  checkImages(op, input);
  const { mode, alignCorners, antialias, recomputes } = readResize(op, options);
  const dims = input.ndim - 2;
  const wanted = DIMS[mode];
  if (dims < 1 || dims > 3 || (wanted !== undefined && dims !== wanted))
    shapeError(
      op,
      `mode '${mode}': expected ${wanted === undefined ? '3 to 5' : wanted + 2} dimensions, got ${formatShape(input.shape)}`,
    );
  const image = input.shape.slice(2);
  if (image.some((size) => size === 0))
    shapeError(op, `expected images with elements, got ${formatShape(input.shape)}`);
  const factors = numbers(op, 'scaleFactor', options.scaleFactor, dims);
  const sizes =
    numbers(op, 'size', options.size, dims) ?? image.map((n, i) => Math.floor(n * (factors?.[i] ?? 1)));
  for (const size of sizes)
    if (!Number.isInteger(size) || size < 1)
      rangeError(op, `size: expected whole numbers from 1, got ${describe(size)}`);
  if (mode === 'area') return resizedByArea(op, input, sizes);
  const given = recomputes ? null : factors;
  const how = { mode, alignCorners, antialias, dtype: input.dtype };
  return alongLast(
    input,
    image.map((size, i) => runsFor(size, sizes[i], given?.[i], how)),
  );
}

/** The options of a resizing, checked as far as they can be without images. */
export function readResize(op: string, options: InterpolateOptions) {
  const { mode = 'nearest', antialias = false } = options;
  checkOneOf(op, 'mode', mode, MODES);
  const [alignCorners, recomputes] = [options.alignCorners ?? null, options.recomputeScaleFactor ?? false];
  if (alignCorners !== null) checkBoolean(op, 'alignCorners', alignCorners);
  checkBoolean(op, 'recomputeScaleFactor', recomputes);
  checkBoolean(op, 'antialias', antialias);
  if (alignCorners !== null && DIMS[mode] === undefined)
    rangeError(op, `alignCorners: only linear, bilinear, bicubic and trilinear take it, got mode '${mode}'`);
  if (antialias && mode !== 'bilinear' && mode !== 'bicubic')
    rangeError(op, `antialias: only bilinear and bicubic take it, got mode '${mode}'`);
  const [size, factor] = [options.size ?? null, options.scaleFactor ?? null];
  if ((size === null) === (factor === null))
    rangeError(op, `expected either size or scaleFactor, got ${size === null ? 'neither' : 'both'}`);
  if (recomputes && size !== null) rangeError(op, 'recomputeScaleFactor: needs a scaleFactor, got a size');
  return { mode, alignCorners: alignCorners ?? false, antialias, recomputes };
}

/** A number for each direction; null where none is given. */
function numbers(op: string, name: string, value: unknown, dims: number): number[] | null {
  if (value === undefined || value === null) return null;
  const list: unknown[] = Array.isArray(value) ? value : new Array<unknown>(dims).fill(value);
  if (list.length !== dims || list.some((n) => typeof n !== 'number'))
    typeError(op, `${name}: expected a number or ${dims} of them, got ${describe(value)}`);
  for (const n of list as number[])
    if (!(n > 0) || n === Infinity) rangeError(op, `${name}: expected numbers above 0, got ${n}`);
  return list as number[];
}
