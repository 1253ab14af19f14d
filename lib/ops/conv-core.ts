import type { Conv2dParams } from '../backend/contract.js';
import { backend } from '../backend/select.js';
import type { Shape } from '../shape.js';
import { empty, emptyLike, emptyOrdered, type Tensor } from '../tensor.js';
import { contiguous, sum } from './broadcast.js';
import { track } from './primitive.js';
import { windowsIn } from './window.js';

// Convolution, its gradient for the input and its gradient for the weight are each bilinear, and the derivatives of
// each are the other two: that closes the family. The second of them is the transposed convolution.

// From so many images on, results have the same pixel of all images side by side in memory: kernels then work on
// vectors of images, whatever the window. ByImages in native/conv.h has the same number.
const LEAST_INNERMOST = 8;
const IMAGES_INNERMOST = [0, 3, 2, 1];

/** Images of this shape, yet to be written, in the layout that kernels like best. */
export const emptyImages = (shape: Shape, dtype: Tensor['dtype']): Tensor =>
  shape[0] < LEAST_INNERMOST ? empty(shape, dtype) : emptyOrdered(shape, IMAGES_INNERMOST, dtype);

/** The convolution of images (N, C, H, W) with weight (O, C/groups, kh, kw), which fit. */
export function convolve(x: Tensor, weight: Tensor, bias: Tensor | null, params: Conv2dParams): Tensor {
  const [oh, ow] = windowsIn('conv2d', x.shape.slice(2), params);
  const out = emptyImages([x.shape[0], weight.shape[0], oh, ow], x.dtype);
  backend.conv2d(x, contiguous(weight), bias && contiguous(bias), out, params);
  return track('conv2d', out, bias ? [x, weight, bias] : [x, weight], [x, weight], (g) => [
    () => inputGradient(g, weight, emptyLike(x), params),
    () => weightGradient(x, g, weight.shape, params),
    () => sum(g, [0, 2, 3]),
  ]);
}

/** The gradient of a convolution for its input, written to `out`: the transposed convolution of `g`. */
export function inputGradient(g: Tensor, weight: Tensor, out: Tensor, params: Conv2dParams): Tensor {
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
    () => inputGradient(g, h, emptyLike(x), params),
    () => convolve(x, h, null, params),
  ]);
}
