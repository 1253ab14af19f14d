import type { Window2d } from '../backend/contract.js';
import { backend } from '../backend/select.js';
import { checkBoolean, rangeError, shapeError } from '../errors.js';
import { formatShape, type Shape } from '../shape.js';
import { emptyInOrder, type Tensor } from '../tensor.js';
import { likewise, reshape } from './broadcast.js';
import { gather } from './indexing.js';
import { checkOptions, track } from './primitive.js';
import type { ValuesAndIndices } from './reduce.js';
import {
  asWindow2d,
  checkImages,
  readWindow,
  WINDOW_OPTIONS,
  type Pair,
  type WindowOptions,
} from './window.js';

/** How the window of {@link maxPool2d} moves. */
export interface MaxPool2dOptions extends WindowOptions {
  /** Steps between windows. Default: the size of the window, so that windows neither overlap nor leave gaps. */
  readonly stride?: Pair;
  /** Whether a last window may reach past the padding, when it starts before. Default false. */
  readonly ceilMode?: boolean;
  /** Whether the positions of the maxima are returned, too. Default false. */
  readonly returnIndices?: boolean;
}

/**
 * The largest element of every window of every channel. Padding is never the largest; NaN always is.
 * Shapes: (N, C, H, W) or (C, H, W) → (N, C, OH, OW) or (C, OH, OW), with
 * OH = ⌊(H + 2·padding - dilation·(kernel - 1) - 1) / stride⌋ + 1, or ⌈…⌉ in `ceilMode`.
 * Gradient: `g` where the maximum was, the first of several; 0 elsewhere.
 * @returns the maxima, and with `returnIndices` their positions `y·W + x` in the image, as int32
 * @throws ShapeError when the window does not fit; RangeError when padding is more than half a window.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.max_pool2d.html
 */
export function maxPool2d(
  x: Tensor,
  kernelSize: Pair,
  options: MaxPool2dOptions & { readonly returnIndices: true },
): ValuesAndIndices;
export function maxPool2d(
  x: Tensor,
  kernelSize: Pair,
  options?: MaxPool2dOptions & { readonly returnIndices?: false },
): Tensor;
export function maxPool2d(
  x: Tensor,
  kernelSize: Pair,
  options: MaxPool2dOptions = {},
): Tensor | ValuesAndIndices {
  checkImages('maxPool2d', x);
  const { window, ceilMode, returnIndices } = readMaxPool('maxPool2d', kernelSize, options);
  if (x.ndim !== 4 && x.ndim !== 3)
    shapeError('maxPool2d', `expected (N, C, H, W) or (C, H, W), got ${formatShape(x.shape)}`);
  const images = x.ndim === 4 ? x : reshape(x, [1, ...x.shape]);
  const [n, c, h, w] = images.shape;
  const shape = [n, c, stopsAlong(0, h, window, ceilMode), stopsAlong(1, w, window, ceilMode)];
  if (h * w > 2 ** 31 - 1) shapeError('maxPool2d', `images of ${h}·${w} pixels are too large`);
  const out = emptyInOrder(images, shape);
  const index = emptyInOrder(images, shape, 'int32');
  backend.maxPool2d(images, out, index, window);
  const values = track('maxPool2d', out, [images], [index], (g) => [
    () => maxPool2dGrad(g, index, images.shape, window),
  ]);
  const unbatched = (y: Tensor): Tensor => (x.ndim === 4 ? y : reshape(y, shape.slice(1)));
  return returnIndices ? { values: unbatched(values), indices: unbatched(index) } : unbatched(values);
}

/** The options of {@link maxPool2d}, checked. */
export function readMaxPool(
  op: string,
  kernelSize: Pair,
  options: MaxPool2dOptions,
  mayReturnIndices = true,
): { window: Window2d; ceilMode: boolean; returnIndices: boolean } {
  checkOptions(op, options, [...WINDOW_OPTIONS, 'ceilMode', ...(mayReturnIndices ? ['returnIndices'] : [])]);
  const { ceilMode = false, returnIndices = false, stride = kernelSize } = options;
  checkBoolean(op, 'ceilMode', ceilMode);
  checkBoolean(op, 'returnIndices', returnIndices);
  const window = asWindow2d(readWindow(op, kernelSize, { ...options, stride }, 2));
  window.padding.forEach((padding, i) => {
    if (2 * padding > window.kernel[i])
      rangeError(op, `padding: expected at most half of the window of ${window.kernel[i]}, got ${padding}`);
  });
  return { window, ceilMode, returnIndices };
}

/** How often the window stops along a dimension. It sees some of the image at every stop. */
function stopsAlong(i: 0 | 1, size: number, window: Window2d, ceilMode: boolean): number {
  const [kernel, stride, padding, dilation] = [
    window.kernel[i],
    window.stride[i],
    window.padding[i],
    window.dilation[i],
  ];
  const span = dilation * (kernel - 1) + 1;
  const room = size + 2 * padding - span;
  const stops = Math.floor(room / stride) + 1;
  // In wide steps the first window may go from the padding before a small image straight to that after it.
  const firstInside = Math.ceil(padding / dilation) * dilation - padding;
  if (room < 0 || firstInside >= size)
    shapeError(
      'maxPool2d',
      `a window of ${span} does not fit into ${size} with padding ${padding} and dilation ${dilation}`,
    );
  // The overhanging window starts in the image, or in the padding before it.
  const overhangs = ceilMode && room % stride !== 0 && stops * stride < size + padding;
  return overhangs ? stops + 1 : stops;
}

/** `g`, added up where `index` says: the gradient, whose own gradient picks elements there. */
function maxPool2dGrad(g: Tensor, index: Tensor, shape: Shape, window: Window2d): Tensor {
  const out = emptyInOrder(index, shape, g.dtype);
  backend.maxPool2dGrad(likewise(g, index), index, out, window);
  return track('maxPool2dGrad', out, [g], [index], (h) => [
    () => {
      const [n, c, height, width] = h.shape;
      const flat = reshape(index, [n, c, index.shape[2] * index.shape[3]]);
      return reshape(gather(reshape(h, [n, c, height * width]), 2, flat), index.shape);
    },
  ]);
}
