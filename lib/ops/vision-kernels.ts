import { makeRuns, type Runs } from './runs.js';

// Which neighbours an element of a resized image is made of, along one dimension, and by which weights: as PyTorch
// computes them, rounding included.

export type Mode = 'nearest' | 'nearest-exact' | 'linear' | 'bilinear' | 'bicubic' | 'trilinear';

interface How {
  readonly mode: Mode;
  readonly alignCorners: boolean;
  readonly antialias: boolean;
  readonly dtype: string;
}

/** From `size` elements to `count`; `factor` is the scale that was asked for, if one was. */
export function runsFor(size: number, count: number, factor: number | undefined, how: How): Runs {
  const { mode, alignCorners, dtype } = how;
  const round = dtype === 'float32' ? Math.fround : (x: number): number => x;
  const ratio = factor === undefined ? size / count : 1 / factor;
  const scale = round(alignCorners ? (count > 1 ? (size - 1) / (count - 1) : 0) : ratio);
  /** Where in the input the centre of an element lies. */
  const place = (o: number): number =>
    alignCorners ? round(scale * o) : round(round(scale * (o + 0.5)) - 0.5);

  if (mode === 'nearest')
    return makeRuns(size, count, (o) => [Math.min(Math.floor(Math.fround(round(o * scale))), size - 1), [1]]);
  if (mode === 'nearest-exact')
    return makeRuns(size, count, (o) => [
      Math.min(Math.floor(Math.fround(Math.max(place(o), 0) + 0.5)), size - 1),
      [1],
    ]);
  if (how.antialias) return smoothed(size, count, scale, mode === 'bicubic' ? cubicFilter : linearFilter);
  if (mode === 'bicubic')
    return makeRuns(size, count, (o) => {
      const x = place(o);
      const first = Math.floor(x);
      return gathered(size, first - 1, cubicWeights(x - first));
    });
  // As many as there were stay as they are, whatever the factor.
  if (size === count) return makeRuns(size, count, (o) => [o, [1]]);
  return makeRuns(size, count, (o) => {
    const x = Math.max(place(o), 0);
    const first = Math.min(Math.floor(x), size - 1);
    const weight = Math.min(Math.max(x - first, 0), 1);
    return first < size - 1 ? [first, [1 - weight, weight]] : [first, [1]];
  });
}

const A = -0.75;

/** Keys' cubic convolution: the weights of the four neighbours of a place that is `t` after the second. */
export function cubicWeights(t: number): number[] {
  const near = (x: number): number => ((A + 2) * x - (A + 3)) * x * x + 1;
  const far = (x: number): number => ((A * x - 5 * A) * x + 8 * A) * x - 4 * A;
  return [far(t + 1), near(t), near(1 - t), far(2 - t)];
}

/** Weights of neighbours from `first` on, of which those outside stand for the border element. */
function gathered(size: number, first: number, weights: readonly number[]): [number, number[]] {
  const inside = (i: number): number => Math.min(Math.max(first + i, 0), size - 1);
  const start = inside(0);
  const sums = new Array<number>(inside(weights.length - 1) - start + 1).fill(0);
  weights.forEach((weight, i) => (sums[inside(i) - start] += weight));
  return [start, sums];
}

interface Filter {
  readonly reach: number;
  readonly at: (x: number) => number;
}
const linearFilter: Filter = { reach: 1, at: (x) => Math.max(0, 1 - Math.abs(x)) };
const cubicFilter: Filter = {
  reach: 2,
  at: (value) => {
    const x = Math.abs(value);
    const a = -0.5;
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
  },
};

/** A filter that is as wide as what an element covers. */
function smoothed(size: number, count: number, scale: number, { reach, at }: Filter): Runs {
  const stretch = Math.max(scale, 1);
  return makeRuns(size, count, (o) => {
    const centre = scale * (o + 0.5);
    const start = Math.max(Math.trunc(centre - reach * stretch + 0.5), 0);
    const end = Math.min(Math.trunc(centre + reach * stretch + 0.5), size);
    const weights = Array.from({ length: end - start }, (_, k) => at((start + k - centre + 0.5) / stretch));
    const total = weights.reduce((a, b) => a + b, 0);
    return [start, weights.map((weight) => weight / total)];
  });
}
