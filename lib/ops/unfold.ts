import { backend } from '../backend/select.js';
import type { Window2d } from '../backend/contract.js';
import { shapeError } from '../errors.js';
import { formatShape, type Shape } from '../shape.js';
import { empty, type Tensor } from '../tensor.js';
import { readArgs, type Rest } from './arguments.js';
import { contiguous, reshape } from './broadcast.js';
import { checkOptions, track } from './primitive.js';
import {
  asWindow2d,
  checkImages,
  readWindow,
  sizes,
  WINDOW_OPTIONS,
  windowsIn,
  type Pair,
  type WindowOptions,
} from './window.js';

/**
 * Every window of an image as a column: convolution becomes one matrix product. {@link unfold} is PyTorch's form of it.
 * Shapes: (N, C, H, W) → (N, C·kh·kw, L), with L = OH·OW windows in row-major order.
 * Gradient: {@link col2im}.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Unfold.html
 */
export function im2col(x: Tensor, kernelSize: Pair, options: WindowOptions = {}): Tensor {
  checkImages('im2col', x);
  checkOptions('im2col', options, WINDOW_OPTIONS);
  if (x.ndim !== 4) shapeError('im2col', `expected (N, C, H, W), got ${formatShape(x.shape)}`);
  const window = readWindow('im2col', kernelSize, options, 2);
  windowsIn('im2col', x.shape.slice(2), window);
  return columnsOf(x, asWindow2d(window));
}

/**
 * Adds every column back to the window it came from. {@link fold} is PyTorch's form of it.
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
  const window = readWindow('col2im', kernelSize, options, 2);
  const size = sizes('col2im', 'output size', outputSize, 2, 1);
  const area = window.kernel[0] * window.kernel[1];
  const [oh, ow] = windowsIn('col2im', size, window);
  if (columns.ndim !== 3 || columns.shape[1] % area !== 0 || columns.shape[2] !== oh * ow)
    shapeError('col2im', `expected (N, C·${area}, ${oh * ow}), got ${formatShape(columns.shape)}`);
  return imageOf(columns, size, asWindow2d(window));
}

/** {@link im2col} of images in which the window fits. */
export function columnsOf(x: Tensor, window: Window2d): Tensor {
  const [n, c, h, w] = x.shape;
  const [oh, ow] = windowsIn('im2col', [h, w], window);
  const out = empty([n, c * window.kernel[0] * window.kernel[1], oh * ow], x.dtype);
  backend.im2col(contiguous(x), out, window);
  return track('im2col', out, [x], [], (g) => [() => imageOf(g, [h, w], window)]);
}

/** {@link col2im} of columns that fit. */
export function imageOf(columns: Tensor, [h, w]: Shape, window: Window2d): Tensor {
  const [n, rows] = columns.shape;
  const out = empty([n, rows / window.kernel[0] / window.kernel[1], h, w], columns.dtype);
  backend.col2im(contiguous(columns), out, window);
  return track('col2im', out, [columns], [], (g) => [() => columnsOf(g, window)]);
}

/**
 * The windows of {@link unfold}.
 * @inline
 */
export interface UnfoldOptions {
  readonly kernelSize?: Pair;
  /** Steps between the elements of a window. Default 1. */
  readonly dilation?: Pair;
  /** Zeros around the image. Default 0. */
  readonly padding?: Pair;
  /** Steps between windows. Default 1. */
  readonly stride?: Pair;
}

/**
 * {@link fold}'s, and the size of the image.
 * @inline
 */
export interface FoldOptions extends UnfoldOptions {
  /** [H, W]. */
  readonly outputSize?: Pair;
}

export const UNFOLD_NAMES = ['kernelSize', 'dilation', 'padding', 'stride'] as const;
export const FOLD_NAMES = ['outputSize', ...UNFOLD_NAMES] as const;

/**
 * Every window of an image as a column. In the namespace `functional`: `Tensor.unfold` is another function.
 * Shapes: (N, C, H, W) or (C, H, W) → (N, C·kh·kw, L) or (C·kh·kw, L), with L windows in row-major order.
 * Gradient: {@link fold} of `g`.
 * @throws ShapeError when the window does not fit.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.unfold.html
 */
export function unfold(
  input: Tensor,
  ...rest: Rest<[kernelSize: Pair, dilation: Pair, padding: Pair, stride: Pair], UnfoldOptions>
): Tensor {
  checkImages('functional.unfold', input);
  const options = readArgs<UnfoldOptions>('functional.unfold', rest, UNFOLD_NAMES);
  const window = readWindow('functional.unfold', options.kernelSize, options, 2);
  if (input.ndim !== 4 && input.ndim !== 3)
    shapeError('functional.unfold', `expected (N, C, H, W) or (C, H, W), got ${formatShape(input.shape)}`);
  windowsIn('functional.unfold', input.shape.slice(-2), window);
  if (input.ndim === 4) return columnsOf(input, asWindow2d(window));
  const out = columnsOf(reshape(input, [1, ...input.shape]), asWindow2d(window));
  return reshape(out, out.shape.slice(1));
}

/**
 * Adds every column back to the window it came from: where windows overlap, their elements add up. In the namespace
 * `functional`.
 * Shapes: (N, C·kh·kw, L) or (C·kh·kw, L) → (N, C, H, W) or (C, H, W), for `outputSize` [H, W].
 * Gradient: {@link unfold} of `g`.
 * @throws ShapeError when the columns are not as many or not as long as the windows say.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.fold.html
 */
export function fold(
  input: Tensor,
  ...rest: Rest<
    [outputSize: Pair, kernelSize: Pair, dilation: Pair, padding: Pair, stride: Pair],
    FoldOptions
  >
): Tensor {
  checkImages('functional.fold', input);
  const options = readArgs<FoldOptions>('functional.fold', rest, FOLD_NAMES);
  const size = sizes('functional.fold', 'output size', options.outputSize, 2, 1);
  const window = readWindow('functional.fold', options.kernelSize, options, 2);
  const area = window.kernel[0] * window.kernel[1];
  const [oh, ow] = windowsIn('functional.fold', size, window);
  const [rows, count] = input.shape.slice(-2);
  if ((input.ndim !== 3 && input.ndim !== 2) || rows % area !== 0 || count !== oh * ow)
    shapeError(
      'functional.fold',
      `expected (N, C·${area}, ${oh * ow}) or (C·${area}, ${oh * ow}), got ${formatShape(input.shape)}`,
    );
  if (input.ndim === 3) return imageOf(input, size, asWindow2d(window));
  const out = imageOf(reshape(input, [1, ...input.shape]), size, asWindow2d(window));
  return reshape(out, out.shape.slice(1));
}
