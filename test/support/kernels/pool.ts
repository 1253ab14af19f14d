import type { Operand, Window2d } from '../../../lib/backend/contract.js';
import type { DType } from '../../../lib/dtype.js';
import { sizeOf } from '../../../lib/shape.js';
import type { Random } from './random-values.js';
import { operand, place, positions, read, trial, type Row } from './trial.js';

const FLOATS: readonly DType[] = ['float32', 'float64'];

type Sizes4 = [number, number, number, number];

interface Sizes {
  readonly image: Sizes4;
  readonly out: Sizes4;
  readonly window: Window2d;
}

function draw(random: Random): Sizes {
  for (;;) {
    const pair = (list: readonly number[]): [number, number] => [random.pick(list), random.pick(list)];
    const size = pair([1, 2, 3, 5, 6, 8, 17, 34]);
    const kernel = pair([1, 2, 2, 3, 5]);
    const window = {
      kernel,
      stride: random.chance(0.4) ? kernel : pair([1, 1, 2, 3]),
      padding: kernel.map((k) => random.integer(0, Math.floor(k / 2))) as [number, number],
      dilation: random.chance(0.7) ? ([1, 1] as const) : pair([1, 2, 3]),
    };
    const ceil = random.chance(0.3);
    const stops = size.map((n, i) => {
      const [stride, padding] = [window.stride[i], window.padding[i]];
      const room = n + 2 * padding - window.dilation[i] * (kernel[i] - 1) - 1;
      const firstInside = Math.ceil(padding / window.dilation[i]) * window.dilation[i] - padding;
      if (room < 0 || firstInside >= n) return 0;
      const count = Math.floor(room / stride) + 1;
      return ceil && room % stride > 0 && count * stride < n + padding ? count + 1 : count;
    });
    const images = random.chance(0.05) ? 0 : random.pick([1, 2, 3, 9, 33, 70]);
    const channels = random.integer(1, 3);
    if (stops.every((count) => count > 0) && images * channels * size[0] * size[1] <= 20_000)
      return {
        image: [images, channels, size[0], size[1]],
        out: [images, channels, stops[0], stops[1]],
        window,
      };
  }
}

type Order = 'row-major' | 'images innermost' | 'any';

/** An operand in one of the layouts that kernels know, or in any. */
function ordered(random: Random, dtype: DType, shape: Sizes4, order: Order, values: () => number): Operand {
  const [n, c, h, w] = shape;
  if (order === 'row-major') return place(random, dtype, shape, [c * h * w, h * w, w, 1], values);
  if (order === 'images innermost') return place(random, dtype, shape, [1, h * w * n, w * n, n], values);
  return operand(random, dtype, shape, 'strided', values);
}

/** For every stop, in row-major order: the positions in its image that the window sees. */
function seen({ image, out, window }: Sizes): number[][] {
  const list: number[][] = [];
  for (let plane = 0; plane < out[0] * out[1]; plane++)
    for (let oy = 0; oy < out[2]; oy++)
      for (let ox = 0; ox < out[3]; ox++) {
        const inside: number[] = [];
        for (let ky = 0; ky < window.kernel[0]; ky++)
          for (let kx = 0; kx < window.kernel[1]; kx++) {
            const y = oy * window.stride[0] - window.padding[0] + ky * window.dilation[0];
            const x = ox * window.stride[1] - window.padding[1] + kx * window.dilation[1];
            if (y >= 0 && y < image[2] && x >= 0 && x < image[3]) inside.push(y * image[3] + x);
          }
        list.push(inside);
      }
  return list;
}

const orderOf = (random: Random): Order =>
  random.pick(['row-major', 'row-major', 'images innermost', 'images innermost', 'any']);

const maxPool2dRow = (dtype: DType): Row => ({
  title: `maxPool2d ${dtype}`,
  draw(random) {
    const sizes = draw(random);
    const order = orderOf(random);
    const x = ordered(random, dtype, sizes.image, order, random.values(dtype));
    const out = ordered(random, dtype, sizes.out, order, random.values(dtype));
    const index = ordered(random, 'int32', sizes.out, order, random.values('int32'));
    const X = read(x);
    const [stops, pixels] = [sizes.out[2] * sizes.out[3], sizes.image[2] * sizes.image[3]];
    const found = seen(sizes).map((inside, stop) => {
      const values = inside.map((at) => X[Math.floor(stop / stops) * pixels + at]);
      const most = values.some(Number.isNaN)
        ? values.findIndex(Number.isNaN)
        : values.indexOf(Math.max(...values));
      return [values[most], inside[most]];
    });
    return trial({
      options: { ...sizes.window, order },
      operands: { x, out, index },
      run: (kernels, { x, out, index }) => kernels.maxPool2d(x, out, index, sizes.window),
      expected: {
        out: { values: found.map(([value]) => value) },
        index: { values: found.map(([, at]) => at) },
      },
    });
  },
});

const maxPool2dGradRow = (dtype: DType): Row => ({
  title: `maxPool2dGrad ${dtype}`,
  draw(random) {
    const sizes = draw(random);
    const order = orderOf(random);
    const grad = ordered(random, dtype, sizes.out, order, random.values(dtype, 'tame'));
    const out = ordered(random, dtype, sizes.image, order, random.values(dtype));
    // Any position that the window sees.
    const choices = seen(sizes).map((inside) => random.pick(inside));
    const index = ordered(random, 'int32', sizes.out, order, () => 0);
    positions(index).forEach((where, stop) => (index.storage.array[where] = choices[stop]));
    const [stops, pixels] = [sizes.out[2] * sizes.out[3], sizes.image[2] * sizes.image[3]];
    const [values, scale] = [new Float64Array(sizeOf(sizes.image)), new Float64Array(sizeOf(sizes.image))];
    read(grad).forEach((g, stop) => {
      values[Math.floor(stop / stops) * pixels + choices[stop]] += g;
      scale[Math.floor(stop / stops) * pixels + choices[stop]] += Math.abs(g);
    });
    return trial({
      options: { ...sizes.window, order },
      operands: { grad, index, out },
      run: (kernels, { grad, index, out }) => kernels.maxPool2dGrad(grad, index, out, sizes.window),
      expected: { out: { values, scale } },
    });
  },
});

export const poolRows = {
  maxPool2d: FLOATS.map(maxPool2dRow),
  maxPool2dGrad: FLOATS.map(maxPool2dGradRow),
};
