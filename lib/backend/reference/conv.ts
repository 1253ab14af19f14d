import { itemSize, type TypedArray } from '../../dtype.js';
import { contiguousStrides } from '../../shape.js';
import { Storage } from '../../storage.js';
import type { Conv2dParams, Operand, Window2d } from '../contract.js';
import { multiply } from './matmul.js';
import { copy } from './pointwise.js';

// Convolution as a matrix product. A window slides over an image; `im2col` writes what it sees at each stop as one
// column of a matrix. Then weight @ columns is every dot product of a filter with a window: the convolution.
// @see https://cs231n.github.io/convolutional-networks/#implementation-as-matrix-multiplication

/** How a window moves over images of one size. */
interface Windows extends Window2d {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** How often the window stops, vertically and horizontally. */
  readonly stops: readonly [number, number];
}

function windowsOver(channels: number, height: number, width: number, window: Window2d): Windows {
  const stopsIn = (size: number, i: 0 | 1): number => {
    const room = size + 2 * window.padding[i] - (window.dilation[i] * (window.kernel[i] - 1) + 1);
    return Math.max(0, Math.floor(room / window.stride[i]) + 1);
  };
  const { kernel, stride, padding, dilation } = window;
  return {
    kernel,
    stride,
    padding,
    dilation,
    channels,
    height,
    width,
    stops: [stopsIn(height, 0), stopsIn(width, 1)],
  };
}

/** One image into one matrix. Row (channel, y, x in the window), column (vertical stop, horizontal stop). */
function imageToColumns(
  image: TypedArray,
  from: number,
  columns: TypedArray,
  to: number,
  windows: Windows,
): void {
  const { channels, height, width, stops, kernel, stride, padding, dilation } = windows;
  for (let channel = 0; channel < channels; channel++) {
    for (let ky = 0; ky < kernel[0]; ky++) {
      for (let kx = 0; kx < kernel[1]; kx++) {
        for (let oy = 0; oy < stops[0]; oy++) {
          const y = oy * stride[0] - padding[0] + ky * dilation[0];
          const row = from + (channel * height + y) * width;
          let x = kx * dilation[1] - padding[1];
          const isInside = y >= 0 && y < height;
          for (let ox = 0; ox < stops[1]; ox++, x += stride[1])
            columns[to++] = isInside && x >= 0 && x < width ? image[row + x] : 0;
        }
      }
    }
  }
}

/** The reverse: adds every element of the matrix to where `imageToColumns` reads it in the image. */
function addColumnsToImage(columns: TypedArray, from: number, image: Float64Array, windows: Windows): void {
  const { channels, height, width, stops, kernel, stride, padding, dilation } = windows;
  for (let channel = 0; channel < channels; channel++) {
    for (let ky = 0; ky < kernel[0]; ky++) {
      for (let kx = 0; kx < kernel[1]; kx++) {
        for (let oy = 0; oy < stops[0]; oy++) {
          const y = oy * stride[0] - padding[0] + ky * dilation[0];
          const row = (channel * height + y) * width;
          let x = kx * dilation[1] - padding[1];
          const isInside = y >= 0 && y < height;
          for (let ox = 0; ox < stops[1]; ox++, x += stride[1], from++)
            if (isInside && x >= 0 && x < width) image[row + x] += columns[from];
        }
      }
    }
  }
}

export function im2col(x: Operand, out: Operand, window: Window2d): void {
  const [n, c, h, w] = x.shape;
  const windows = windowsOver(c, h, w, window);
  const [, rows, columns] = out.shape;
  for (let i = 0; i < n; i++)
    imageToColumns(
      x.storage.array,
      x.offset + i * c * h * w,
      out.storage.array,
      out.offset + i * rows * columns,
      windows,
    );
}

export function col2im(columns: Operand, out: Operand, window: Window2d): void {
  const [n, c, h, w] = out.shape;
  const windows = windowsOver(c, h, w, window);
  const [, rows, stops] = columns.shape;
  const image = new Float64Array(c * h * w); // Sums in float64, rounded once.
  for (let i = 0; i < n; i++) {
    image.fill(0);
    addColumnsToImage(columns.storage.array, columns.offset + i * rows * stops, image, windows);
    out.storage.array.set(image, out.offset + i * c * h * w);
  }
}

/** The sizes that a convolution and both of its gradients share, per group of channels. */
function geometry(x: Operand, weight: Operand, grad: Operand, params: Conv2dParams) {
  const [n, c, h, w] = x.shape;
  const windows = windowsOver(c / params.groups, h, w, params);
  const stops = windows.stops[0] * windows.stops[1];
  return {
    n,
    groups: params.groups,
    windows,
    stops,
    /** Output channels of a group. */
    filters: weight.shape[0] / params.groups,
    /** Elements of a filter, and rows of the matrix of columns. */
    area: weight.shape[1] * params.kernel[0] * params.kernel[1],
    /** Where the part of an image, of an output and of the weight that belongs to a group starts. */
    imageAt: (i: number, group: number): number =>
      x.offset + (i * params.groups + group) * windows.channels * h * w,
    outputAt: (i: number, group: number): number =>
      grad.offset + (i * params.groups + group) * (weight.shape[0] / params.groups) * stops,
    weightAt: (group: number): number => weight.offset + (group * weight.size) / params.groups,
  };
}

/** Room for the columns of one image, of the dtype of `like`. */
const scratch = (like: TypedArray, length: number): TypedArray =>
  like instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);

/** The elements of `x` in row-major order: `x` itself where they lie so, else a copy; or just the room for one. */
function inRowMajor(x: Operand, isResult = false): Operand {
  if (x.isContiguous) return x;
  const { dtype, shape, size } = x;
  const strides = contiguousStrides(shape);
  const storage = new Storage(new ArrayBuffer(size * itemSize(dtype)), dtype);
  const copied = { storage, dtype, offset: 0, shape, strides, size, isContiguous: true };
  if (!isResult) copy(x, copied);
  return copied;
}

/** out = weight @ columns(x) + bias, image by image and group by group. */
export function conv2d(
  images: Operand,
  weight: Operand,
  bias: Operand | null,
  out: Operand,
  params: Conv2dParams,
): void {
  const [x, y] = [inRowMajor(images), inRowMajor(out, true)];
  const { n, groups, windows, stops, filters, area, imageAt, outputAt, weightAt } = geometry(
    x,
    weight,
    y,
    params,
  );
  const [X, W, Y] = [x.storage.array, weight.storage.array, y.storage.array];
  const columns = scratch(X, area * stops);
  for (let i = 0; i < n; i++) {
    for (let group = 0; group < groups; group++) {
      const at = outputAt(i, group);
      for (let f = 0; bias !== null && f < filters; f++) {
        const value = bias.storage.array[bias.offset + group * filters + f];
        Y.fill(value, at + f * stops, at + (f + 1) * stops);
      }
      imageToColumns(X, imageAt(i, group), columns, 0, windows);
      multiply(
        filters,
        stops,
        area,
        { array: W, at: weightAt(group), row: area, column: 1 },
        { array: columns, at: 0, row: stops, column: 1 },
        { array: Y, at, row: stops, column: 1 },
        bias !== null,
      );
    }
  }
  if (y !== out) copy(y, out);
}

/** columns = weightᵀ @ grad, added back to where they came from in the image. */
export function conv2dInput(g: Operand, weight: Operand, out: Operand, params: Conv2dParams): void {
  const [grad, x] = [inRowMajor(g), inRowMajor(out, true)];
  const { n, groups, windows, stops, filters, area, imageAt, outputAt, weightAt } = geometry(
    x,
    weight,
    grad,
    params,
  );
  const [G, W, X] = [grad.storage.array, weight.storage.array, x.storage.array];
  const columns = new Float64Array(area * stops);
  const image = new Float64Array(windows.channels * windows.height * windows.width);
  for (let i = 0; i < n; i++) {
    for (let group = 0; group < groups; group++) {
      multiply(
        area,
        stops,
        filters,
        { array: W, at: weightAt(group), row: 1, column: area },
        { array: G, at: outputAt(i, group), row: stops, column: 1 },
        { array: columns, at: 0, row: stops, column: 1 },
        false,
      );
      image.fill(0);
      addColumnsToImage(columns, 0, image, windows);
      X.set(image, imageAt(i, group));
    }
  }
  if (x !== out) copy(x, out);
}

/** out = grad @ columns(x)ᵀ, summed over the images. */
export function conv2dWeight(images: Operand, g: Operand, out: Operand, params: Conv2dParams): void {
  const [x, grad] = [inRowMajor(images), inRowMajor(g)];
  const { n, groups, windows, stops, filters, area, imageAt, outputAt, weightAt } = geometry(
    x,
    out,
    grad,
    params,
  );
  const [X, G, to] = [x.storage.array, grad.storage.array, out.storage.array];
  const columns = scratch(X, area * stops);
  const total = new Float64Array(filters * area);
  for (let group = 0; group < groups; group++) {
    total.fill(0);
    for (let i = 0; i < n; i++) {
      imageToColumns(X, imageAt(i, group), columns, 0, windows);
      multiply(
        filters,
        area,
        stops,
        { array: G, at: outputAt(i, group), row: stops, column: 1 },
        { array: columns, at: 0, row: 1, column: stops },
        { array: total, at: 0, row: area, column: 1 },
        true,
      );
    }
    to.set(total, weightAt(group));
  }
}
