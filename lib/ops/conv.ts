import type { Conv2dParams, Window2d } from '../backend/contract.js';
import { backend } from '../backend/select.js';
import { isFloat } from '../dtype.js';
import { describe, rangeError, shapeError, typeError } from '../errors.js';
import { formatShape, sameShape, type Shape } from '../shape.js';
import { checkTensor, empty, emptyLike, emptyOrdered, type Tensor } from '../tensor.js';
import { contiguous, reshape, sum } from './broadcast.js';
import { checkOptions, track } from './primitive.js';

/** One number for both directions, or [vertical, horizontal]. */
export type Pair = number | readonly [number, number];

/** How a window moves over an image. */
export interface WindowOptions {
  /** Steps between windows. Default 1. */
  readonly stride?: Pair;
  /** Zeros around the image. Default 0. */
  readonly padding?: Pair;
  /** Steps between the elements of a window. Default 1. */
  readonly dilation?: Pair;
}

/** How {@link conv2d} moves, and into how many groups it divides the channels. */
export interface Conv2dOptions extends WindowOptions {
  /** Channels are divided into this many groups that do not see each other. Default 1. */
  readonly groups?: number;
}

export const WINDOW_OPTIONS = ['stride', 'padding', 'dilation'];

export function pair(op: string, name: string, value: unknown, least: number): [number, number] {
  const list: unknown[] = Array.isArray(value) ? value : [value, value];
  if (list.length !== 2 || list.some((n) => typeof n !== 'number'))
    typeError(op, `${name}: expected a number or a pair of numbers, got ${describe(value)}`);
  for (const n of list as number[])
    if (!Number.isInteger(n) || n < least || n > 2 ** 30)
      rangeError(op, `${name}: expected whole numbers from ${least}, got ${describe(n)}`);
  // A copy: what the caller does with the array afterwards must not change the gradient.
  return [list[0] as number, list[1] as number];
}

export function readWindow(op: string, kernel: Pair, options: WindowOptions): Window2d {
  return {
    kernel: pair(op, 'kernel size', kernel, 1),
    stride: pair(op, 'stride', options.stride ?? 1, 1),
    padding: pair(op, 'padding', options.padding ?? 0, 0),
    dilation: pair(op, 'dilation', options.dilation ?? 1, 1),
  };
}

const optionsOf = ({ stride, padding, dilation }: Window2d): WindowOptions => ({ stride, padding, dilation });

/** How many windows fit, [vertical, horizontal]: ⌊(size + 2·padding - dilation·(kernel - 1) - 1) / stride⌋ + 1. */
function windowsIn(op: string, height: number, width: number, window: Window2d): [number, number] {
  const fit = (size: number, i: 0 | 1): number => {
    const span = window.dilation[i] * (window.kernel[i] - 1) + 1;
    const room = size + 2 * window.padding[i];
    if (span > room)
      shapeError(
        op,
        `a window of ${span} does not fit into ${room} (input (${height}, ${width}), with padding)`,
      );
    return Math.floor((room - span) / window.stride[i]) + 1;
  };
  return [fit(height, 0), fit(width, 1)];
}

export function checkImages(op: string, x: unknown): asserts x is Tensor {
  checkTensor(op, x);
  if (!isFloat(x.dtype)) typeError(op, `input: expected float32 or float64, got ${x.dtype}`);
}

/**
 * Every window of an image as a column: convolution becomes one matrix product. PyTorch's `unfold`.
 * Shapes: (N, C, H, W) → (N, C·kh·kw, L), with L = OH·OW windows in row-major order.
 * Gradient: {@link col2im}.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Unfold.html
 */
export function im2col(x: Tensor, kernelSize: Pair, options: WindowOptions = {}): Tensor {
  checkImages('im2col', x);
  checkOptions('im2col', options, WINDOW_OPTIONS);
  if (x.ndim !== 4) shapeError('im2col', `expected (N, C, H, W), got ${formatShape(x.shape)}`);
  const window = readWindow('im2col', kernelSize, options);
  const [n, c, h, w] = x.shape;
  const [oh, ow] = windowsIn('im2col', h, w, window);
  const out = empty([n, c * window.kernel[0] * window.kernel[1], oh * ow], x.dtype);
  backend.im2col(contiguous(x), out, window);
  return track('im2col', out, [x], [], (g) => [() => col2im(g, [h, w], window.kernel, optionsOf(window))]);
}

/**
 * Adds every column back to the window it came from. PyTorch's `fold`.
 * Shapes: (N, C·kh·kw, L) → (N, C, H, W), for `outputSize` [H, W].
 * Gradient: {@link im2col}.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Fold.html
 */
export function col2im(
  columns: Tensor,
  outputSize: Pair,
  kernelSize: Pair,
  options: WindowOptions = {},
): Tensor {
  checkImages('col2im', columns);
  checkOptions('col2im', options, WINDOW_OPTIONS);
  const window = readWindow('col2im', kernelSize, options);
  const [h, w] = pair('col2im', 'output size', outputSize, 1);
  const area = window.kernel[0] * window.kernel[1];
  const [oh, ow] = windowsIn('col2im', h, w, window);
  if (columns.ndim !== 3 || columns.shape[1] % area !== 0 || columns.shape[2] !== oh * ow)
    shapeError('col2im', `expected (N, C·${area}, ${oh * ow}), got ${formatShape(columns.shape)}`);
  const out = empty([columns.shape[0], columns.shape[1] / area, h, w], columns.dtype);
  backend.col2im(contiguous(columns), out, window);
  return track('col2im', out, [columns], [], (g) => [() => im2col(g, window.kernel, optionsOf(window))]);
}

/**
 * 2-D convolution (cross-correlation, as everywhere in deep learning).
 * Shapes: (N, C, H, W) or (C, H, W), weight (O, C/groups, kh, kw), bias (O) → (N, O, OH, OW) or (O, OH, OW).
 * The result is dense, but from 8 images on not in row-major order: see "Layouts" in docs/design.md.
 * Gradients: input: the transposed convolution of `g` with `weight`; weight: the correlation of input and `g`; bias:
 * `g` summed over all but channels.
 * @throws ShapeError when channels, groups or window do not fit.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.conv2d.html
 */
export function conv2d(
  input: Tensor,
  weight: Tensor,
  bias?: Tensor | null,
  options: Conv2dOptions = {},
): Tensor {
  checkImages('conv2d', input);
  checkTensor('conv2d', weight, 'weight');
  checkOptions('conv2d', options, [...WINDOW_OPTIONS, 'groups']);
  if (input.ndim === 3) {
    const out = conv2d(reshape(input, [1, ...input.shape]), weight, bias, options);
    return reshape(out, out.shape.slice(1));
  }
  if (input.ndim !== 4 || weight.ndim !== 4)
    shapeError(
      'conv2d',
      `expected input (N, C, H, W) and weight (O, C/groups, kh, kw), got ${formatShape(input.shape)} and ${formatShape(weight.shape)}`,
    );
  if (weight.dtype !== input.dtype)
    typeError('conv2d', `weight: expected ${input.dtype}, got ${weight.dtype}`);
  const { groups = 1 } = options;
  if (!Number.isInteger(groups) || groups < 1)
    rangeError('conv2d', `groups: expected a whole number from 1, got ${describe(groups)}`);
  const params = { ...readWindow('conv2d', [weight.shape[2], weight.shape[3]], options), groups };
  const [channels, features] = [input.shape[1], weight.shape[0]];
  if (channels !== weight.shape[1] * groups || features % groups !== 0)
    shapeError(
      'conv2d',
      `channels do not fit: input ${formatShape(input.shape)}, weight ${formatShape(weight.shape)}, groups ${groups}`,
    );
  if (bias !== undefined && bias !== null) checkBias(bias, features, input.dtype);
  windowsIn('conv2d', input.shape[2], input.shape[3], params);
  return convolve(input, weight, bias ?? null, params);
}

function checkBias(bias: Tensor, features: number, dtype: string): void {
  checkTensor('conv2d', bias, 'bias');
  if (bias.dtype !== dtype) typeError('conv2d', `bias: expected ${dtype}, got ${bias.dtype}`);
  if (!sameShape(bias.shape, [features]))
    shapeError('conv2d', `bias: expected (${features},), got ${formatShape(bias.shape)}`);
}

// Convolution, its gradient for the input and its gradient for the weight are each bilinear, and the derivatives of
// each are the other two: that closes the family.

// From so many images on, results have the same pixel of all images side by side in memory: kernels then work on
// vectors of images, whatever the window. ByImages in native/conv.h has the same number.
const LEAST_INNERMOST = 8;
const IMAGES_INNERMOST = [0, 3, 2, 1];

function convolve(x: Tensor, weight: Tensor, bias: Tensor | null, params: Conv2dParams): Tensor {
  const [oh, ow] = windowsIn('conv2d', x.shape[2], x.shape[3], params);
  const shape = [x.shape[0], weight.shape[0], oh, ow];
  const out =
    shape[0] < LEAST_INNERMOST ? empty(shape, x.dtype) : emptyOrdered(shape, IMAGES_INNERMOST, x.dtype);
  backend.conv2d(x, contiguous(weight), bias && contiguous(bias), out, params);
  return track('conv2d', out, bias ? [x, weight, bias] : [x, weight], [x, weight], (g) => [
    () => inputGradient(g, weight, x, params),
    () => weightGradient(x, g, weight.shape, params),
    () => sum(g, [0, 2, 3]),
  ]);
}

/** The gradient of a convolution of `x`, of which only the layout matters. */
function inputGradient(g: Tensor, weight: Tensor, x: Tensor, params: Conv2dParams): Tensor {
  const out = emptyLike(x);
  backend.conv2dInput(g, contiguous(weight), out, params);
  return track('conv2dInput', out, [g, weight], [g, weight], (h) => [
    () => convolve(h, weight, null, params),
    () => weightGradient(h, g, weight.shape, params),
  ]);
}

function weightGradient(x: Tensor, g: Tensor, shape: Shape, params: Conv2dParams): Tensor {
  const out = empty(shape, g.dtype);
  backend.conv2dWeight(x, g, out, params);
  return track('conv2dWeight', out, [x, g], [x, g], (h) => [
    () => inputGradient(g, h, x, params),
    () => convolve(x, h, null, params),
  ]);
}
