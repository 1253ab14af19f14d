import type { Window2d } from '../backend/contract.js';
import { rangeError, shapeError, typeError } from '../errors.js';
import { formatShape } from '../shape.js';
import { checkTensor, type Tensor } from '../tensor.js';
import { readArgs, type Rest } from './arguments.js';
import { reshape } from './broadcast.js';
import { checkBias, checkGroups, depthWindow, KERNEL, padEnd, withoutDepth } from './conv.js';
import { emptyImages, inputGradient } from './conv-core.js';
import { add } from './pointwise.js';
import { permute } from './shape.js';
import { imageOf } from './unfold.js';
import {
  asWindow2d,
  checkImages,
  imageShapes,
  readWindow,
  sizes,
  type Pair,
  type Single,
  type Triple,
  type Window,
} from './window.js';

/** What a transposed convolution takes besides input and weight. */
export interface ConvTransposeOptions<S> {
  /** (O). Default none. */
  readonly bias?: Tensor | null;
  /** Steps between the windows that are written. Default 1. */
  readonly stride?: S;
  /** How much is cut off on all sides: the padding of the convolution whose shapes this reverses. Default 0. */
  readonly padding?: S;
  /** How much longer the result is at its end, below stride or dilation. Default 0. */
  readonly outputPadding?: S;
  /** Channels are divided into this many groups that do not see each other. Default 1. */
  readonly groups?: number;
  /** Steps between the elements of a window. Default 1. */
  readonly dilation?: S;
}
export type ConvTranspose1dOptions = ConvTransposeOptions<Single>;
export type ConvTranspose2dOptions = ConvTransposeOptions<Pair>;
export type ConvTranspose3dOptions = ConvTransposeOptions<Triple>;

type TransposeRest<S> = Rest<
  [bias: Tensor | null | undefined, stride: S, padding: S, outputPadding: S, groups: number, dilation: S],
  ConvTransposeOptions<S>
>;

const NAMES = ['bias', 'stride', 'padding', 'outputPadding', 'groups', 'dilation'] as const;

/** A transposed convolution of images with a batch dimension, whose arguments fit. */
interface Transposed {
  readonly g: Tensor;
  readonly bias: Tensor | null;
  readonly window: Window;
  readonly groups: number;
  /** The sizes of the result's images. */
  readonly size: readonly number[];
  readonly features: number;
}

/**
 * 2-D transposed convolution: each element of the input adds the kernel, multiplied by it, to a window of the result. It
 * is the gradient of {@link conv2d} for its input.
 * Shapes: (N, C, H, W) or (C, H, W), weight (C, O/groups, kh, kw), bias (O) → (N, O, OH, OW) or (O, OH, OW), with
 * OH = (H - 1)·stride - 2·padding + dilation·(kernel - 1) + outputPadding + 1.
 * Gradients: input: {@link conv2d} of `g` with `weight`; weight: the correlation of `g` and input; bias: `g` summed over
 * all but channels.
 * @throws ShapeError when channels or groups do not fit, or nothing is left; RangeError when outputPadding is neither
 *   below stride nor below dilation.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose2d.html
 */
export function convTranspose2d(input: Tensor, weight: Tensor, ...rest: TransposeRest<Pair>): Tensor {
  const { g, bias, window, groups, size, features } = readTransposed(
    'convTranspose2d',
    2,
    input,
    weight,
    rest,
  );
  const out = transposed(g, weight, asWindow2d(window), groups, [g.shape[0], features, ...size]);
  return finish(out, bias, input.ndim === 4);
}

/**
 * 1-D transposed convolution: {@link convTranspose2d} of images that are one row high.
 * Shapes: (N, C, L) or (C, L), weight (C, O/groups, k), bias (O) → (N, O, OL) or (O, OL).
 * All else as for {@link convTranspose2d}.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose1d.html
 */
export function convTranspose1d(input: Tensor, weight: Tensor, ...rest: TransposeRest<Single>): Tensor {
  const { g, bias, window, groups, size, features } = readTransposed(
    'convTranspose1d',
    1,
    input,
    weight,
    rest,
  );
  const n = g.shape[0];
  const rows = reshape(g, [n, g.shape[1], 1, g.shape[2]]);
  const kernel = reshape(weight, [weight.shape[0], weight.shape[1], 1, weight.shape[2]]);
  const out = transposed(rows, kernel, asWindow2d(window), groups, [n, features, 1, size[0]]);
  return finish(reshape(out, [n, features, size[0]]), bias, input.ndim === 3);
}

/**
 * 3-D transposed convolution, as {@link convTranspose2d}.
 * Shapes: (N, C, D, H, W) or (C, D, H, W), weight (C, O/groups, kd, kh, kw), bias (O) → (N, O, OD, OH, OW) or
 * (O, OD, OH, OW).
 * All else as for {@link convTranspose2d}.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose3d.html
 */
export function convTranspose3d(input: Tensor, weight: Tensor, ...rest: TransposeRest<Triple>): Tensor {
  const { g, bias, window, groups, size, features } = readTransposed(
    'convTranspose3d',
    3,
    input,
    weight,
    rest,
  );
  // conv3d's way back: each depth of the input gives what its window sees as channels, and these are added up in depth.
  const [n, c, d, h, w] = g.shape;
  const [, perGroup, kd, kh, kw] = weight.shape;
  const [od, oh, ow] = size;
  const images = reshape(permute(g, [0, 2, 1, 3, 4]), [n * d, c, h, w]);
  const kernel = reshape(weight, [c, perGroup * kd, kh, kw]);
  const parts = transposed(images, kernel, withoutDepth(window), groups, [n * d, features * kd, oh, ow]);
  const columns = permute(reshape(parts, [n, d, features * kd, oh, ow]), [0, 2, 1, 3, 4]);
  const inDepth = depthWindow(window);
  const out = imageOf(reshape(columns, [n, features * kd, d * oh * ow]), [od, oh * ow], inDepth);
  return finish(reshape(out, [n, features, od, oh, ow]), bias, input.ndim === 5);
}

function transposed(
  g: Tensor,
  weight: Tensor,
  window: Window2d,
  groups: number,
  shape: readonly number[],
): Tensor {
  return inputGradient(g, weight, emptyImages(shape, g.dtype), { ...window, groups });
}

function finish(out: Tensor, bias: Tensor | null, isBatched: boolean): Tensor {
  const ones = out.shape.slice(2).map(() => 1);
  const y = bias === null ? out : add(out, reshape(bias, [bias.size, ...ones]));
  return isBatched ? y : reshape(y, y.shape.slice(1));
}

/** Reads and checks the arguments of a transposed convolution in `dims` dimensions. */
function readTransposed(
  op: string,
  dims: number,
  input: Tensor,
  weight: Tensor,
  rest: readonly unknown[],
): Transposed {
  checkImages(op, input);
  checkTensor(op, weight, 'weight');
  const options = readArgs<ConvTransposeOptions<unknown>>(op, rest, NAMES);
  const { bias = null, groups = 1, outputPadding = 0 } = options;
  const isBatched = input.ndim === dims + 2;
  if ((!isBatched && input.ndim !== dims + 1) || weight.ndim !== dims + 2)
    shapeError(
      op,
      `expected input ${imageShapes(dims).join(' or ')} and weight (C, O/groups, ${KERNEL[dims]}), got ${formatShape(input.shape)} and ${formatShape(weight.shape)}`,
    );
  if (weight.dtype !== input.dtype) typeError(op, `weight: expected ${input.dtype}, got ${weight.dtype}`);
  checkGroups(op, groups);
  const channels = input.shape[isBatched ? 1 : 0];
  if (channels !== weight.shape[0] || channels % groups !== 0)
    shapeError(
      op,
      `channels do not fit: input ${formatShape(input.shape)}, weight ${formatShape(weight.shape)}, groups ${groups}`,
    );
  const features = weight.shape[1] * groups;
  if (bias !== null) checkBias(op, bias, features, input.dtype);
  const window = readWindow(op, weight.shape.slice(2), options, dims);
  const more = sizes(op, 'output padding', outputPadding, dims, 0);
  more.forEach((n, i) => {
    if (n >= window.stride[i] && n >= window.dilation[i])
      rangeError(
        op,
        `output padding: expected less than the stride of ${window.stride[i]} or the dilation of ${window.dilation[i]}, got ${n}`,
      );
  });
  const x = isBatched ? input : reshape(input, [1, ...input.shape]);
  const image = x.shape.slice(2);
  const reach = window.kernel.map((k, i) => window.dilation[i] * (k - 1) + 1);
  const size = image.map((n, i) => (n - 1) * window.stride[i] - 2 * window.padding[i] + reach[i] + more[i]);
  if (size.some((n) => n < 1) || image.some((n) => n < 1))
    shapeError(op, `nothing is left: input ${formatShape(input.shape)} gives images ${formatShape(size)}`);
  // Output padding of a stride and more makes room for further windows: nothing is written there.
  const spare = more.map((n, i) => Math.floor(n / window.stride[i]));
  return { g: padEnd(x, spare), bias, window, groups, size, features };
}
