import type { Operand, Window2d } from '../contract.js';

/** Where an element of a 4-D operand lies. */
const place = ({ offset, strides }: Operand, n: number, c: number, y: number, x: number): number =>
  offset + n * strides[0] + c * strides[1] + y * strides[2] + x * strides[3];

export function maxPool2d(x: Operand, out: Operand, index: Operand, window: Window2d): void {
  const { kernel, stride, padding, dilation } = window;
  const [images, channels, height, width] = x.shape;
  const [from, to, found] = [x.storage.array, out.storage.array, index.storage.array];
  for (let n = 0; n < images; n++) {
    for (let c = 0; c < channels; c++) {
      for (let oy = 0; oy < out.shape[2]; oy++) {
        for (let ox = 0; ox < out.shape[3]; ox++) {
          let best = -Infinity;
          let position = -1;
          for (let ky = 0; ky < kernel[0]; ky++) {
            const y = oy * stride[0] - padding[0] + ky * dilation[0];
            if (y < 0 || y >= height) continue;
            for (let kx = 0; kx < kernel[1]; kx++) {
              const column = ox * stride[1] - padding[1] + kx * dilation[1];
              if (column < 0 || column >= width) continue;
              const value = from[place(x, n, c, y, column)];
              // Once NaN is the best, nothing is better.
              if (position >= 0 && !(value > best) && !(Number.isNaN(value) && !Number.isNaN(best))) continue;
              best = value;
              position = y * width + column;
            }
          }
          to[place(out, n, c, oy, ox)] = best;
          found[place(index, n, c, oy, ox)] = position;
        }
      }
    }
  }
}

export function maxPool2dGrad(grad: Operand, index: Operand, out: Operand): void {
  const [images, channels, height, width] = out.shape;
  const [from, found, to] = [grad.storage.array, index.storage.array, out.storage.array];
  const image = new Float64Array(height * width); // Sums in float64, rounded once.
  for (let n = 0; n < images; n++) {
    for (let c = 0; c < channels; c++) {
      image.fill(0);
      for (let oy = 0; oy < grad.shape[2]; oy++)
        for (let ox = 0; ox < grad.shape[3]; ox++)
          image[found[place(index, n, c, oy, ox)]] += from[place(grad, n, c, oy, ox)];
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) to[place(out, n, c, y, x)] = image[y * width + x];
    }
  }
}
