import type { Conv2dParams, Operand } from '../../../lib/backend/contract.js';
import type { DType } from '../../../lib/dtype.js';
import type { Random } from './random-values.js';
import { operand, place, read, trial, type Expectation, type Row } from './trial.js';

const FLOATS: readonly DType[] = ['float32', 'float64'];

type Sizes4 = [number, number, number, number];

/** The sizes of a convolution: channels and filters of one group, and everything else of all. */
interface Sizes {
  readonly images: number;
  readonly channels: number;
  readonly filters: number;
  readonly image: readonly [number, number];
  readonly out: readonly [number, number];
  readonly params: Conv2dParams;
}

/** As most layers of deep networks are: 3×3 and many channels, for which there are ways of their own. */
function drawDeep(random: Random, groups: number): Sizes {
  const pair = (list: readonly number[]): [number, number] => [random.pick(list), random.pick(list)];
  const image = pair([3, 4, 5, 6, 9]);
  const padding = pair([0, 1, 1, 2]);
  return {
    images: random.pick([8, 9, 16, 21, 33]),
    channels: random.pick([16, 17, 22]),
    filters: random.pick([16, 19, 24]),
    image,
    out: [image[0] + 2 * padding[0] - 2, image[1] + 2 * padding[1] - 2],
    params: { kernel: [3, 3], stride: [1, 1], padding, dilation: [1, 1], groups },
  };
}

function draw(random: Random, groups: number): Sizes {
  if (groups < 3 && random.chance(0.1)) return drawDeep(random, groups);
  for (;;) {
    const pair = (list: readonly number[]): [number, number] => [random.pick(list), random.pick(list)];
    const image = pair([1, 2, 3, 5, 6, 7, 8, 12]);
    const params = {
      kernel: pair([1, 1, 2, 3, 3, 5]),
      stride: pair([1, 1, 2, 3]),
      padding: pair([0, 0, 1, 2, 4]),
      dilation: pair([1, 1, 2, 3]),
      groups,
    };
    const fit = (i: 0 | 1): number => {
      const span = params.dilation[i] * (params.kernel[i] - 1) + 1;
      return Math.floor((image[i] + 2 * params.padding[i] - span) / params.stride[i]) + 1;
    };
    const out = [fit(0), fit(1)] as const;
    const isEmpty = random.chance(0.04);
    if (out[0] > 0 && out[1] > 0)
      return {
        images: isEmpty ? 0 : random.pick([1, 2, 3, 3, 8, 9, 16, 21, 32, 40]),
        channels: random.pick([1, 1, 2, 3]),
        filters: random.pick([1, 2, 3, 4]),
        image,
        out,
        params,
      };
  }
}

/**
 * Everything there is to a convolution: which element of the input meets which element of the weight, for which
 * element of the output. Seven loops, positions in row-major order.
 */
function* meetings({
  images,
  channels,
  filters,
  image,
  out,
  params,
}: Sizes): Generator<[x: number, w: number, y: number]> {
  const { kernel, stride, padding, dilation, groups } = params;
  for (let n = 0; n < images; n++)
    for (let f = 0; f < filters * groups; f++)
      for (let oy = 0; oy < out[0]; oy++)
        for (let ox = 0; ox < out[1]; ox++)
          for (let c = 0; c < channels; c++)
            for (let ky = 0; ky < kernel[0]; ky++)
              for (let kx = 0; kx < kernel[1]; kx++) {
                const y = oy * stride[0] - padding[0] + ky * dilation[0];
                const x = ox * stride[1] - padding[1] + kx * dilation[1];
                if (y < 0 || y >= image[0] || x < 0 || x >= image[1]) continue;
                const channel = Math.floor(f / filters) * channels + c;
                yield [
                  ((n * channels * groups + channel) * image[0] + y) * image[1] + x,
                  ((f * channels + c) * kernel[0] + ky) * kernel[1] + kx,
                  ((n * filters * groups + f) * out[0] + oy) * out[1] + ox,
                ];
              }
}

const imageShape = ({ images, channels, image, params }: Sizes): Sizes4 => [
  images,
  channels * params.groups,
  ...image,
];
const outShape = ({ images, filters, out, params }: Sizes): Sizes4 => [
  images,
  filters * params.groups,
  ...out,
];
const weightShape = ({ channels, filters, params }: Sizes): Sizes4 => [
  filters * params.groups,
  channels,
  ...params.kernel,
];

const contiguous = (random: Random, dtype: DType, shape: readonly number[]): Operand =>
  operand(random, dtype, shape, 'contiguous', random.values(dtype, 'tame'));

/** Images in row-major order, innermost, or anyhow. */
function images(random: Random, dtype: DType, shape: Sizes4, isResult = false): Operand {
  const values = random.values(dtype, 'tame');
  const chance = random.integer(0, 5);
  if (chance < 2) return operand(random, dtype, shape, 'contiguous', values);
  if (chance === 2) return operand(random, dtype, shape, isResult ? 'strided' : 'expanded', values);
  if (chance === 3) return operand(random, dtype, shape, 'strided', values);
  const [n, , height, width] = shape;
  return place(random, dtype, shape, [1, n * width * height, n * width, n], values);
}

/** Sums products into `size` places. */
function accumulate(size: number, products: Iterable<readonly [at: number, product: number]>): Expectation {
  const [values, scale] = [new Float64Array(size), new Float64Array(size)];
  for (const [at, product] of products) {
    values[at] += product;
    scale[at] += Math.abs(product);
  }
  return { values, scale };
}

function* map<T, U>(items: Iterable<T>, fn: (item: T) => U): Generator<U> {
  for (const item of items) yield fn(item);
}

const conv2dRow = (dtype: DType, groups: number): Row => ({
  title: `conv2d ${dtype}, ${groups} groups`,
  draw(random) {
    const sizes = draw(random, groups);
    const x = images(random, dtype, imageShape(sizes));
    const weight = contiguous(random, dtype, weightShape(sizes));
    const bias = random.chance(0.5) ? contiguous(random, dtype, [sizes.filters * groups]) : null;
    const out = images(random, dtype, outShape(sizes), true);
    const [X, W] = [read(x), read(weight)];
    const sums = accumulate(
      out.size,
      map(meetings(sizes), ([x, w, y]) => [y, X[x] * W[w]]),
    );
    const area = sizes.out[0] * sizes.out[1];
    const added = Array.from({ length: out.size }, (_, i) =>
      bias ? read(bias)[Math.floor(i / area) % (sizes.filters * groups)] : 0,
    );
    return trial({
      options: sizes.params,
      operands: { x, weight, bias, out },
      run: (kernels, { x, weight, bias, out }) => kernels.conv2d(x, weight, bias, out, sizes.params),
      expected: {
        out: {
          values: added.map((value, i) => value + sums.values[i]),
          scale: added.map((value, i) => Math.abs(value) + sums.scale![i]),
        },
      },
    });
  },
});

const conv2dInputRow = (dtype: DType, groups: number): Row => ({
  title: `conv2dInput ${dtype}, ${groups} groups`,
  draw(random) {
    const sizes = draw(random, groups);
    const grad = images(random, dtype, outShape(sizes));
    const weight = contiguous(random, dtype, weightShape(sizes));
    const out = images(random, dtype, imageShape(sizes), true);
    const [G, W] = [read(grad), read(weight)];
    return trial({
      options: sizes.params,
      operands: { grad, weight, out },
      run: (kernels, { grad, weight, out }) => kernels.conv2dInput(grad, weight, out, sizes.params),
      expected: {
        out: accumulate(
          out.size,
          map(meetings(sizes), ([x, w, y]) => [x, G[y] * W[w]]),
        ),
      },
    });
  },
});

const conv2dWeightRow = (dtype: DType, groups: number): Row => ({
  title: `conv2dWeight ${dtype}, ${groups} groups`,
  draw(random) {
    const sizes = draw(random, groups);
    const x = images(random, dtype, imageShape(sizes));
    const grad = images(random, dtype, outShape(sizes));
    const out = contiguous(random, dtype, weightShape(sizes));
    const [X, G] = [read(x), read(grad)];
    return trial({
      options: sizes.params,
      operands: { x, grad, out },
      run: (kernels, { x, grad, out }) => kernels.conv2dWeight(x, grad, out, sizes.params),
      expected: {
        out: accumulate(
          out.size,
          map(meetings(sizes), ([x, w, y]) => [w, X[x] * G[y]]),
        ),
      },
    });
  },
});

/** The same windows without a weight: where element (row, stop) of the columns of an image lies in the image. */
function* windows(sizes: Sizes): Generator<[x: number, column: number]> {
  const rows = sizes.channels * sizes.params.kernel[0] * sizes.params.kernel[1];
  const stops = sizes.out[0] * sizes.out[1];
  // One filter a channel is enough to see every window once.
  for (const [x, w, y] of meetings({ ...sizes, filters: 1 })) {
    const image = Math.floor(y / stops);
    yield [x, (image * rows + w) * stops + (y % stops)];
  }
}

const columnsShape = ({ images, channels, out, params }: Sizes): number[] => [
  images,
  channels * params.kernel[0] * params.kernel[1],
  out[0] * out[1],
];

const im2colRow = (dtype: DType): Row => ({
  title: `im2col ${dtype}`,
  draw(random) {
    const sizes = draw(random, 1);
    const x = contiguous(random, dtype, imageShape(sizes));
    const out = contiguous(random, dtype, columnsShape(sizes));
    const X = read(x);
    const values = new Float64Array(out.size);
    for (const [x, column] of windows(sizes)) values[column] = X[x];
    return trial({
      options: sizes.params,
      operands: { x, out },
      run: (kernels, { x, out }) => kernels.im2col(x, out, sizes.params),
      expected: { out: { values } },
    });
  },
});

const col2imRow = (dtype: DType): Row => ({
  title: `col2im ${dtype}`,
  draw(random) {
    const sizes = draw(random, 1);
    const columns = contiguous(random, dtype, columnsShape(sizes));
    const out = contiguous(random, dtype, imageShape(sizes));
    const C = read(columns);
    return trial({
      options: sizes.params,
      operands: { columns, out },
      run: (kernels, { columns, out }) => kernels.col2im(columns, out, sizes.params),
      expected: {
        out: accumulate(
          out.size,
          map(windows(sizes), ([x, column]) => [x, C[column]]),
        ),
      },
    });
  },
});

const perGroups = (row: (dtype: DType, groups: number) => Row): Row[] =>
  FLOATS.flatMap((dtype) => [1, 2, 3].map((groups) => row(dtype, groups)));

export const convRows = {
  im2col: FLOATS.map(im2colRow),
  col2im: FLOATS.map(col2imRow),
  conv2d: perGroups(conv2dRow),
  conv2dInput: perGroups(conv2dInputRow),
  conv2dWeight: perGroups(conv2dWeightRow),
};
