import type { Conv2dParams } from '../backend/contract.js';
import { describe, rangeError, shapeError, typeError } from '../errors.js';
import { formatShape, sameShape } from '../shape.js';
import { checkTensor, type Tensor } from '../tensor.js';
import { readArgs, type Rest } from './arguments.js';
import { reshape } from './broadcast.js';
import { convolve } from './conv-core.js';
import { embed, narrow, permute } from './shape.js';
import { columnsOf } from './unfold.js';
import {
  asWindow2d,
  checkImages,
  imageShapes,
  readWindow,
  windowsIn,
  type Pair,
  type Single,
  type Triple,
  type Window,
} from './window.js';

/** What a convolution takes besides input and weight. */
export interface ConvOptions<S> {
  /** (O). Default none. */
  readonly bias?: Tensor | null;
  /** Steps between windows. Default 1. */
  readonly stride?: S;
  /** Zeros around the image; 'valid' for none, 'same' for a result as large as the image. Default 0. */
  readonly padding?: S | 'same' | 'valid';
  /** Steps between the elements of a window. Default 1. */
  readonly dilation?: S;
  /** Channels are divided into this many groups that do not see each other. Default 1. */
  readonly groups?: number;
}
/** Arguments of {@link conv1d}, by name. */
export type Conv1dOptions = ConvOptions<Single>;
/** Arguments of {@link conv2d}, by name. */
export type Conv2dOptions = ConvOptions<Pair>;
/** Arguments of {@link conv3d}, by name. */
export type Conv3dOptions = ConvOptions<Triple>;

type ConvRest<S> = Rest<
  [bias: Tensor | null | undefined, stride: S, padding: S | 'same' | 'valid', dilation: S, groups: number],
  ConvOptions<S>
>;

const CONV_NAMES = ['bias', 'stride', 'padding', 'dilation', 'groups'] as const;

/** A convolution of images with a batch dimension, whose arguments fit. */
interface Conv {
  readonly x: Tensor;
  readonly bias: Tensor | null;
  readonly window: Window;
  readonly groups: number;
}

/**
 * 2-D convolution (cross-correlation, as everywhere in deep learning).
 * Shapes: (N, C, H, W) or (C, H, W), weight (O, C/groups, kh, kw), bias (O) → (N, O, OH, OW) or (O, OH, OW).
 * The result is dense, but from 8 images on not in row-major order: see "Layouts" in docs/design.md.
 * Gradients: input: the transposed convolution of `g` with `weight`; weight: the correlation of input and `g`; bias:
 * `g` summed over all but channels.
 * @throws ShapeError when channels, groups or window do not fit; RangeError for padding 'same' with a stride.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.conv2d.html
 */
export function conv2d(input: Tensor, weight: Tensor, ...rest: ConvRest<Pair>): Tensor {
  const { x, bias, window, groups } = readConv('conv2d', 2, input, weight, rest);
  const out = convolve(x, weight, bias, { ...window, groups } as unknown as Conv2dParams);
  return input.ndim === 4 ? out : reshape(out, out.shape.slice(1));
}

/**
 * 1-D convolution: {@link conv2d} of images that are one row high.
 * Shapes: (N, C, L) or (C, L), weight (O, C/groups, k), bias (O) → (N, O, OL) or (O, OL).
 * Gradients and what throws: as for {@link conv2d}.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.conv1d.html
 */
export function conv1d(input: Tensor, weight: Tensor, ...rest: ConvRest<Single>): Tensor {
  const { x, bias, window, groups } = readConv('conv1d', 1, input, weight, rest);
  const rows = reshape(x, [x.shape[0], x.shape[1], 1, x.shape[2]]);
  const kernel = reshape(weight, [weight.shape[0], weight.shape[1], 1, weight.shape[2]]);
  const out = convolve(rows, kernel, bias, { ...asWindow2d(window), groups });
  const shape = [out.shape[0], out.shape[1], out.shape[3]];
  return reshape(out, input.ndim === 3 ? shape : shape.slice(1));
}

/**
 * 3-D convolution: {@link conv2d} of every stop in depth, with what the window sees there side by side as channels.
 * Shapes: (N, C, D, H, W) or (C, D, H, W), weight (O, C/groups, kd, kh, kw), bias (O) → (N, O, OD, OH, OW) or
 * (O, OD, OH, OW).
 * Gradients and what throws: as for {@link conv2d}.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.conv3d.html
 */
export function conv3d(input: Tensor, weight: Tensor, ...rest: ConvRest<Triple>): Tensor {
  const { x, bias, window, groups } = readConv('conv3d', 3, input, weight, rest);
  const [n, c, d, h, w] = x.shape;
  const [o, perGroup, kd, kh, kw] = weight.shape;
  const inDepth = depthWindow(window);
  const [od] = windowsIn('conv3d', [d], { ...inDepth, kernel: [kd] });
  const columns = reshape(columnsOf(reshape(x, [n, c, d, h * w]), inDepth), [n, c * kd, od, h, w]);
  const images = reshape(permute(columns, [0, 2, 1, 3, 4]), [n * od, c * kd, h, w]);
  const kernel = reshape(weight, [o, perGroup * kd, kh, kw]);
  const out = convolve(images, kernel, bias, { ...withoutDepth(window), groups });
  const [, , oh, ow] = out.shape;
  const y = permute(reshape(out, [n, od, o, oh, ow]), [0, 2, 1, 3, 4]);
  return input.ndim === 5 ? y : reshape(y, y.shape.slice(1));
}

/** A 3-D window's way through the depth of images (N, C, D, H·W). */
export const depthWindow = ({ kernel, stride, padding, dilation }: Window): Conv2dParams => ({
  kernel: [kernel[0], 1],
  stride: [stride[0], 1],
  padding: [padding[0], 0],
  dilation: [dilation[0], 1],
  groups: 1,
});

/** A 3-D window's way through each image. */
export const withoutDepth = ({ kernel, stride, padding, dilation }: Window): Omit<Conv2dParams, 'groups'> =>
  asWindow2d({
    kernel: kernel.slice(1),
    stride: stride.slice(1),
    padding: padding.slice(1),
    dilation: dilation.slice(1),
  });

/** Reads and checks the arguments of a convolution in `dims` dimensions. */
function readConv(op: string, dims: number, input: Tensor, weight: Tensor, rest: readonly unknown[]): Conv {
  checkImages(op, input);
  checkTensor(op, weight, 'weight');
  const options = readArgs<ConvOptions<unknown>>(op, rest, CONV_NAMES);
  const { bias = null, stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  checkShapes(op, dims, input, weight);
  checkGroups(op, groups);
  const isBatched = input.ndim === dims + 2;
  const [channels, features] = [input.shape[isBatched ? 1 : 0], weight.shape[0]];
  if (channels !== weight.shape[1] * groups || features % groups !== 0)
    shapeError(
      op,
      `channels do not fit: input ${formatShape(input.shape)}, weight ${formatShape(weight.shape)}, groups ${groups}`,
    );
  if (bias !== null) checkBias(op, bias, features, input.dtype);
  let x = isBatched ? input : reshape(input, [1, ...input.shape]);
  const kernel = weight.shape.slice(2);
  let window: Window;
  if (typeof padding === 'string') {
    const filled = readSame(op, padding, dims, kernel, stride, dilation);
    x = padEnd(x, filled.more);
    window = filled.window;
  } else window = readWindow(op, kernel, { stride, padding, dilation }, dims);
  windowsIn(op, x.shape.slice(2), window);
  return { x, bias, window, groups };
}

/** A window with padding 'valid' or 'same', and the zeros that 'same' asks for at the end alone. */
function readSame(
  op: string,
  padding: string,
  dims: number,
  kernel: readonly number[],
  stride: unknown,
  dilation: unknown,
): { window: Window; more: number[] } {
  checkPadding(op, padding);
  const window = readWindow(op, kernel, { stride, dilation }, dims);
  if (padding === 'valid') return { window, more: [] };
  if (window.stride.some((n) => n !== 1))
    rangeError(op, `padding: 'same' needs a stride of 1, got ${describe(stride)}`);
  const total = window.kernel.map((k, i) => window.dilation[i] * (k - 1));
  const half = total.map((n) => Math.floor(n / 2));
  return { window: { ...window, padding: half }, more: total.map((n, i) => n - 2 * half[i]) };
}

/** Throws unless a padding that is a text is one that convolutions know. */
export function checkPadding(op: string, padding: string): void {
  if (padding !== 'same' && padding !== 'valid')
    typeError(op, `padding: expected numbers, 'same' or 'valid', got ${describe(padding)}`);
}

/** `x` (N, C, …) with zeros after the end of its last dimensions, `more` of them. */
export function padEnd(x: Tensor, more: readonly number[]): Tensor {
  if (more.every((n) => n === 0)) return x;
  const shape = x.shape.map((size, dim) => size + (dim < 2 ? 0 : more[dim - 2]));
  return embed(x, shape, (whole) =>
    more.reduce((part, n, i) => (n > 0 ? narrow(part, i + 2, 0, x.shape[i + 2]) : part), whole),
  );
}

function checkShapes(op: string, dims: number, input: Tensor, weight: Tensor): void {
  const fits = input.ndim === dims + 2 || input.ndim === dims + 1;
  if (!fits || weight.ndim !== dims + 2)
    shapeError(
      op,
      `expected input ${imageShapes(dims).join(' or ')} and weight (O, C/groups, ${KERNEL[dims]}), got ${formatShape(input.shape)} and ${formatShape(weight.shape)}`,
    );
  if (weight.dtype !== input.dtype) typeError(op, `weight: expected ${input.dtype}, got ${weight.dtype}`);
}

/** How the sizes of a kernel are written. */
export const KERNEL = ['', 'k', 'kh, kw', 'kd, kh, kw'];

/** Throws unless `groups` is a count. */
export function checkGroups(op: string, groups: unknown): asserts groups is number {
  if (typeof groups !== 'number' || !Number.isInteger(groups) || groups < 1)
    rangeError(op, `groups: expected a whole number from 1, got ${describe(groups)}`);
}

/** Throws unless a bias has one element for each feature. */
export function checkBias(
  op: string,
  bias: unknown,
  features: number,
  dtype: string,
): asserts bias is Tensor {
  checkTensor(op, bias, 'bias');
  if (bias.dtype !== dtype) typeError(op, `bias: expected ${dtype}, got ${bias.dtype}`);
  if (!sameShape(bias.shape, [features]))
    shapeError(op, `bias: expected (${features},), got ${formatShape(bias.shape)}`);
}
