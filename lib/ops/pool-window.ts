import { rangeError, shapeError } from '../errors.js';
import { formatShape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { reshape } from './broadcast.js';
import { checkImages, imageShapes, readWindow, type Window } from './window.js';

/** The window of a pooling: it moves by its own size unless told otherwise. */
export function readPoolWindow(
  op: string,
  dims: number,
  options: { kernelSize?: unknown; stride?: unknown; padding?: unknown; dilation?: unknown },
): Window {
  const { kernelSize, stride, padding, dilation } = options;
  const isOwn = stride === undefined || stride === null || (Array.isArray(stride) && stride.length === 0);
  const window = readWindow(op, kernelSize, { stride: isOwn ? kernelSize : stride, padding, dilation }, dims);
  window.padding.forEach((padding, i) => {
    if (2 * padding > window.kernel[i])
      rangeError(op, `padding: expected at most half of the window of ${window.kernel[i]}, got ${padding}`);
  });
  return window;
}

/** `x` with a batch dimension, and what takes it away from a result again. */
export function withBatch(
  op: string,
  dims: number,
  x: Tensor,
): [images: Tensor, unbatched: (y: Tensor) => Tensor] {
  checkImages(op, x);
  if (x.ndim === dims + 2) return [x, (y) => y];
  if (x.ndim !== dims + 1)
    shapeError(op, `expected ${imageShapes(dims).join(' or ')}, got ${formatShape(x.shape)}`);
  return [reshape(x, [1, ...x.shape]), (y) => reshape(y, y.shape.slice(1))];
}

/** How often the window stops along each dimension. It sees some of the image at every stop. */
export function stopsIn(op: string, image: readonly number[], window: Window, ceilMode: boolean): number[] {
  return image.map((size, i) => {
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
        op,
        `a window of ${span} does not fit into ${size} with padding ${padding} and dilation ${dilation}`,
      );
    // The overhanging window starts in the image, or in the padding before it.
    const overhangs = ceilMode && room % stride !== 0 && stops * stride < size + padding;
    return overhangs ? stops + 1 : stops;
  });
}
