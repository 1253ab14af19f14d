import type { Window2d } from '../backend/contract.js';
import { isFloat } from '../dtype.js';
import { describe, rangeError, shapeError, typeError } from '../errors.js';
import { formatShape, type Shape } from '../shape.js';
import { checkTensor, type Tensor } from '../tensor.js';

/** One number, alone or in a list. */
export type Single = number | readonly [number];
/** One number for both directions, or [vertical, horizontal]. */
export type Pair = number | readonly [number, number];
/** One number for all directions, or [depth, vertical, horizontal]. */
export type Triple = number | readonly [number, number, number];

/** How a window moves. */
export interface WindowOf<S> {
  /** Steps between windows. Default 1. */
  readonly stride?: S;
  /** Zeros around the image. Default 0. */
  readonly padding?: S;
  /** Steps between the elements of a window. Default 1. */
  readonly dilation?: S;
}

/** How a window moves over an image. */
export type WindowOptions = WindowOf<Pair>;

/** A window of 1 to 3 dimensions, the outermost first. */
export interface Window {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
}

export const WINDOW_OPTIONS = ['stride', 'padding', 'dilation'] as const;

const EXPECTED = ['', 'a number', 'a number or a pair of numbers', 'a number or three numbers'];

/** A size for each of `dims` directions, from one number for all or a list: a copy, which the caller cannot change. */
export function sizes(op: string, name: string, value: unknown, dims: number, least: number): number[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  if ((list.length !== 1 && list.length !== dims) || list.some((n) => typeof n !== 'number'))
    typeError(op, `${name}: expected ${EXPECTED[dims]}, got ${describe(value)}`);
  for (const n of list as number[])
    if (!Number.isInteger(n) || n < least || n > 2 ** 30)
      rangeError(op, `${name}: expected whole numbers from ${least}, got ${describe(n)}`);
  return list.length === dims ? [...(list as number[])] : new Array<number>(dims).fill((list as number[])[0]);
}

export function readWindow(
  op: string,
  kernel: unknown,
  options: { readonly [K in keyof WindowOptions]?: unknown },
  dims: number,
): Window {
  return {
    kernel: sizes(op, 'kernel size', kernel, dims, 1),
    stride: sizes(op, 'stride', options.stride ?? 1, dims, 1),
    padding: sizes(op, 'padding', options.padding ?? 0, dims, 0),
    dilation: sizes(op, 'dilation', options.dilation ?? 1, dims, 1),
  };
}

/** A window of one or two dimensions as kernels take it. */
export function asWindow2d({ kernel, stride, padding, dilation }: Window): Window2d {
  const two = (list: readonly number[], missing: number): [number, number] =>
    list.length === 2 ? [list[0], list[1]] : [missing, list[0]];
  return {
    kernel: two(kernel, 1),
    stride: two(stride, 1),
    padding: two(padding, 0),
    dilation: two(dilation, 1),
  };
}

/** How many windows fit along each dimension: ⌊(size + 2·padding - dilation·(kernel - 1) - 1) / stride⌋ + 1. */
export function windowsIn(op: string, image: Shape, window: Window): number[] {
  return image.map((size, i) => {
    const span = window.dilation[i] * (window.kernel[i] - 1) + 1;
    const room = size + 2 * window.padding[i];
    if (span > room)
      shapeError(
        op,
        `a window of ${span} does not fit into ${room} (input ${formatShape(image)}, with padding)`,
      );
    return Math.floor((room - span) / window.stride[i]) + 1;
  });
}

/** Throws unless `x` is a tensor of floats. */
export function checkImages(op: string, x: unknown, name = 'input'): asserts x is Tensor {
  checkTensor(op, x, name);
  if (!isFloat(x.dtype)) typeError(op, `${name}: expected float32 or float64, got ${x.dtype}`);
}

const DIMS = ['', 'L', 'H, W', 'D, H, W'];

/** How the shape of images with `dims` directions is written, with a batch and without one. */
export const imageShapes = (dims: number, channels = 'C'): [batched: string, unbatched: string] => [
  `(N, ${channels}, ${DIMS[dims]})`,
  `(${channels}, ${DIMS[dims]})`,
];
