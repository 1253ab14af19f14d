import { at, build, col2im, im2col, indices, reshaped, total, type Nd } from './oracle.js';

// Convolutions and pooling in any number of dimensions, as sums and maxima over windows.

type Sizes = number | readonly number[];

interface Options {
  readonly bias?: Nd | null;
  readonly stride?: Sizes;
  readonly padding?: Sizes | 'same' | 'valid';
  readonly dilation?: Sizes;
  readonly groups?: number;
  readonly outputPadding?: Sizes;
}

const list = (value: Sizes | undefined, otherwise: number, dims: number): readonly number[] =>
  typeof value === 'object' ? value : new Array<number>(dims).fill(value ?? otherwise);

/** Arguments that came by position, by name, or both, as one object. */
export const byName = (names: readonly string[], rest: readonly unknown[]): object => {
  const isOptions = (arg: unknown): arg is object =>
    typeof arg === 'object' && arg !== null && !Array.isArray(arg) && !('data' in arg);
  const given = rest.map((arg, i) => (isOptions(arg) ? arg : { [names[i]]: arg ?? undefined }));
  return Object.assign({}, ...given) as object;
};

const CONV = ['bias', 'stride', 'padding', 'dilation', 'groups'];
const TRANSPOSE = ['bias', 'stride', 'padding', 'outputPadding', 'groups', 'dilation'];

/** Runs `f` on images with a batch dimension, and takes it away again. */
export const batched =
  <R extends unknown[]>(dims: number, f: (x: Nd, ...rest: R) => Nd) =>
  (x: Nd, ...rest: R): Nd => {
    if (x.shape.length === dims + 2) return f(x, ...rest);
    const out = f(reshaped(x, [1, ...x.shape]), ...rest);
    return reshaped(out, out.shape.slice(1));
  };

/** The element at `place` of an image of a channel, 0 outside. */
const pixel = (x: Nd, n: number, c: number, place: readonly number[]): number =>
  place.every((p, i) => p >= 0 && p < x.shape[i + 2]) ? at(x, [n, c, ...place]) : 0;

/** A convolution in `dims` dimensions. */
export const conv = (dims: number) =>
  batched(dims, (x: Nd, weight: Nd, ...rest: unknown[]): Nd => {
    const options = byName(CONV, rest) as Options;
    const { bias = null } = options;
    const kernel = weight.shape.slice(2);
    const [stride, dilation] = [list(options.stride, 1, dims), list(options.dilation, 1, dims)];
    const isSame = options.padding === 'same';
    const before = isSame
      ? kernel.map((k, i) => Math.floor((dilation[i] * (k - 1)) / 2))
      : list(options.padding === 'valid' ? 0 : options.padding, 0, dims);
    const counts = x.shape
      .slice(2)
      .map((size, i) =>
        isSame
          ? size
          : Math.floor((size + 2 * before[i] - dilation[i] * (kernel[i] - 1) - 1) / stride[i]) + 1,
      );
    const perOut = weight.shape[0] / (options.groups ?? 1);
    return build([x.shape[0], weight.shape[0], ...counts], ([n, o, ...window]) => {
      let sum = bias ? bias.data[o] : 0;
      for (const [c, ...tap] of indices(weight.shape.slice(1))) {
        const place = window.map((w, i) => w * stride[i] - before[i] + tap[i] * dilation[i]);
        sum += at(weight, [o, c, ...tap]) * pixel(x, n, Math.floor(o / perOut) * weight.shape[1] + c, place);
      }
      return sum;
    });
  });

/** A transposed convolution in `dims` dimensions. */
export const convTranspose = (dims: number) =>
  batched(dims, (x: Nd, weight: Nd, ...rest: unknown[]): Nd => {
    const options = byName(TRANSPOSE, rest) as Options;
    const { bias = null } = options;
    const kernel = weight.shape.slice(2);
    const [stride, dilation] = [list(options.stride, 1, dims), list(options.dilation, 1, dims)];
    const padding = list(options.padding as Sizes, 0, dims);
    const more = list(options.outputPadding, 0, dims);
    const groups = options.groups ?? 1;
    const [perGroup, perIn] = [weight.shape[1], weight.shape[0] / groups];
    const size = x.shape
      .slice(2)
      .map((n, i) => (n - 1) * stride[i] - 2 * padding[i] + dilation[i] * (kernel[i] - 1) + more[i] + 1);
    return build([x.shape[0], perGroup * groups, ...size], ([n, o, ...place]) => {
      let sum = bias ? bias.data[o] : 0;
      for (const [c, ...tap] of indices([perIn, ...kernel])) {
        const channel = Math.floor(o / perGroup) * perIn + c;
        const from = place.map((p, i) => (p + padding[i] - tap[i] * dilation[i]) / stride[i]);
        if (from.every(Number.isInteger))
          sum += at(weight, [channel, o % perGroup, ...tap]) * pixel(x, n, channel, from);
      }
      return sum;
    });
  });

const UNFOLD = ['kernelSize', 'dilation', 'padding', 'stride'];
type Pair = number | readonly [number, number];
type Unfold = Record<'kernelSize' | 'dilation' | 'padding' | 'stride' | 'outputSize', Pair>;

export const unfold = batched(2, (x: Nd, ...rest: unknown[]): Nd => {
  const { kernelSize, ...options } = byName(UNFOLD, rest) as Unfold;
  return im2col(x, kernelSize, options);
});

export const fold = batched(1, (x: Nd, ...rest: unknown[]): Nd => {
  const { outputSize, kernelSize, ...options } = byName(['outputSize', ...UNFOLD], rest) as Unfold;
  return col2im(x, outputSize, kernelSize, options);
});

interface PoolOptions {
  readonly normType?: number;
  readonly kernelSize?: Sizes;
  readonly stride?: Sizes | null;
  readonly padding?: Sizes;
  readonly dilation?: Sizes;
  readonly ceilMode?: boolean;
  readonly returnIndices?: boolean;
  readonly countIncludePad?: boolean;
  readonly divisorOverride?: number | null;
}

/** Where a window starts along each dimension, and how often it stops. */
function stopsOf(x: Nd, dims: number, options: PoolOptions) {
  const kernel = list(options.kernelSize, 1, dims);
  const stride =
    options.stride === undefined || options.stride === null ? kernel : list(options.stride, 1, dims);
  const [padding, dilation] = [list(options.padding, 0, dims), list(options.dilation, 1, dims)];
  const counts = x.shape.slice(2).map((size, i) => {
    const stops = (size + 2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1) / stride[i] + 1;
    if (!options.ceilMode || Number.isInteger(stops)) return Math.floor(stops);
    return Math.floor(stops) * stride[i] < size + padding[i] ? Math.ceil(stops) : Math.floor(stops);
  });
  return {
    kernel,
    padding,
    dilation,
    counts,
    start: (stop: number, i: number) => stop * stride[i] - padding[i],
  };
}

const isInside = (x: Nd, place: readonly number[]): boolean =>
  place.every((p, i) => p >= 0 && p < x.shape[i + 2]);

/** The first of the largest among some places of an image: its value and its position. */
function largest(x: Nd, n: number, c: number, places: readonly number[][]): [number, number] {
  const seen = places
    .filter((place) => isInside(x, place))
    .map((place): [number, number] => [
      at(x, [n, c, ...place]),
      place.reduce((position, p, i) => position * x.shape[i + 2] + p, 0),
    ]);
  return seen.reduce((a, b) => (b[0] > a[0] ? b : a));
}

/** An oracle of maxima, with or without a batch. */
const maximaOf =
  (dims: number, names: readonly string[], find: (x: Nd, options: never) => [Nd, Nd]) =>
  (x: Nd, ...rest: unknown[]): Nd | readonly Nd[] => {
    const options = byName(names, rest) as { returnIndices?: boolean };
    const isBatched = x.shape.length === dims + 2;
    const found = find(isBatched ? x : reshaped(x, [1, ...x.shape]), options as never);
    const all = isBatched ? found : found.map((y) => reshaped(y, y.shape.slice(1)));
    return options.returnIndices ? all : all[0];
  };

export const maxPool = (dims: number) =>
  maximaOf(
    dims,
    ['kernelSize', 'stride', 'padding', 'dilation', 'ceilMode', 'returnIndices'],
    (x, options: PoolOptions) => {
      const { kernel, dilation, counts, start } = stopsOf(x, dims, options);
      const shape = [...x.shape.slice(0, 2), ...counts];
      const places = (stops: number[]): number[][] =>
        [...indices(kernel)].map((tap) => tap.map((t, i) => start(stops[i], i) + t * dilation[i]));
      const find = ([n, c, ...stops]: number[]): [number, number] => largest(x, n, c, places(stops));
      return [build(shape, (index) => find(index)[0]), build(shape, (index) => find(index)[1])];
    },
  );

/** The elements of window `o` of `count` over `size`. */
const spread = (o: number, count: number, size: number): number[] =>
  Array.from({ length: size }, (_, i) => i).filter(
    (i) => (i + 1) * count > o * size && i * count < (o + 1) * size,
  );

const adaptiveCounts = (x: Nd, dims: number, outputSize: Sizes | null): number[] =>
  (Array.isArray(outputSize) ? outputSize : new Array(dims).fill(outputSize)).map(
    (size: number | null, i) => size ?? x.shape[i + 2],
  );

/** Every combination of one element from each list, in order. */
const combinations = (lists: readonly number[][]): number[][] =>
  lists.reduce<number[][]>((all, one) => all.flatMap((head) => one.map((item) => [...head, item])), [[]]);

const adaptivePlaces = (x: Nd, counts: readonly number[], stops: readonly number[]): number[][] =>
  combinations(stops.map((o, i) => spread(o, counts[i], x.shape[i + 2])));

export const adaptiveMaxPool = (dims: number) =>
  maximaOf(dims, ['outputSize', 'returnIndices'], (x, { outputSize }: { outputSize: Sizes }) => {
    const counts = adaptiveCounts(x, dims, outputSize);
    const shape = [...x.shape.slice(0, 2), ...counts];
    const find = ([n, c, ...stops]: number[]): [number, number] =>
      largest(x, n, c, adaptivePlaces(x, counts, stops));
    return [build(shape, (index) => find(index)[0]), build(shape, (index) => find(index)[1])];
  });

export const adaptiveAvgPool = (dims: number) =>
  batched(dims, (x: Nd, ...rest: unknown[]): Nd => {
    const { outputSize } = byName(['outputSize'], rest) as { outputSize: Sizes };
    const counts = adaptiveCounts(x, dims, outputSize);
    return build([...x.shape.slice(0, 2), ...counts], ([n, c, ...stops]) => {
      const places = adaptivePlaces(x, counts, stops);
      return total(places.map((place) => at(x, [n, c, ...place]))) / places.length;
    });
  });

export const avgPool = (dims: number) =>
  batched(dims, (x: Nd, ...rest: unknown[]): Nd => {
    const names = ['kernelSize', 'stride', 'padding', 'ceilMode', 'countIncludePad', 'divisorOverride'];
    const options = byName(names, rest) as PoolOptions;
    const { kernel, padding, counts, start } = stopsOf(x, dims, options);
    return build([...x.shape.slice(0, 2), ...counts], ([n, c, ...stops]) => {
      const places = [...indices(kernel)].map((tap) => tap.map((t, i) => start(stops[i], i) + t));
      const padded = places.filter((place) => place.every((p, i) => p < x.shape[i + 2] + padding[i]));
      const seen = places.filter((place) => isInside(x, place));
      const divisor =
        options.divisorOverride ?? (options.countIncludePad === false ? seen.length : padded.length);
      return total(seen.map((place) => at(x, [n, c, ...place]))) / divisor;
    });
  });

export const lpPool = (dims: number) =>
  batched(dims, (x: Nd, ...rest: unknown[]): Nd => {
    const options = byName(['normType', 'kernelSize', 'stride', 'ceilMode'], rest) as PoolOptions;
    const { kernel, counts, start } = stopsOf(x, dims, options);
    const p = options.normType as number;
    return build([...x.shape.slice(0, 2), ...counts], ([n, c, ...stops]) => {
      const places = [...indices(kernel)].map((tap) => tap.map((t, i) => start(stops[i], i) + t));
      const seen = places.filter((place) => isInside(x, place));
      // Of a window that overhangs, as PyTorch has it: as if the rest were like what is there.
      const sum = total(seen.map((place) => at(x, [n, c, ...place]) ** p));
      return ((sum * places.length) / seen.length) ** (1 / p);
    });
  });

export const maxUnpool = (dims: number) =>
  batched(dims, (x: Nd, where: Nd, ...rest: unknown[]): Nd => {
    const names = ['kernelSize', 'stride', 'padding', 'outputSize'];
    const { kernelSize, outputSize } = byName(names, rest) as PoolOptions & { outputSize?: number[] };
    const image = x.shape.slice(2);
    const sizes = outputSize?.slice(-dims) ?? image.map((n, i) => n * list(kernelSize, 1, dims)[i]);
    const shape = [...x.shape.slice(0, 2), ...sizes];
    const [each, area] = [image, sizes].map((all) => all.reduce((a, b) => a * b, 1));
    const data = build(shape, () => 0).data.slice();
    where.data.forEach((position, i) => (data[Math.floor(i / each) * area + position] = x.data[i]));
    return { shape, data };
  });
