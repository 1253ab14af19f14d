import { at, build, col2im, im2col, indices, reshaped, type Nd } from './oracle.js';

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
