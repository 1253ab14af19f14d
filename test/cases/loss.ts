import { classes, index, nonzero, positive, real, signs, unit, whole } from '../support/inputs.js';
import type { Tensor } from '../../lib/index.js';
import * as oracle from '../support/oracle.js';
import { at, build, toNd, total, zip, type Nd } from '../support/oracle.js';
import { floats, floatsOnly, row, type Row } from '../support/row.js';

interface LossOptions {
  reduction?: string;
  weight?: Nd | null;
  ignoreIndex?: number;
  labelSmoothing?: number;
}

const reduced = (losses: Nd, { reduction = 'mean' }: LossOptions = {}, count = losses.data.length): Nd =>
  reduction === 'none' ? losses : toNd(total(losses.data) / (reduction === 'sum' ? 1 : count));

/** A loss of numbers, at every element of arrays that broadcast; what comes after the arrays is options. */
const pointwise =
  <O extends LossOptions>(f: (options: O) => (...xs: number[]) => number) =>
  (...args: (Nd | O)[]): Nd => {
    const arrays = args.filter((arg) => 'data' in arg);
    const options = args.find((arg): arg is O => !('data' in arg)) ?? ({} as O);
    return reduced(zip(f(options))(...arrays), options);
  };

/** A loss with a margin: by position after `arrays` arrays, in options, or `standard`. */
const withMargin =
  (arrays: number, standard: number, f: (margin: number) => (...xs: number[]) => number) =>
  (...args: (Nd | number | { margin?: number; reduction?: string })[]): Nd => {
    const rest = args.slice(arrays);
    const options = rest.find((arg) => typeof arg === 'object') as
      (LossOptions & { margin?: number }) | undefined;
    const margin = rest.find((arg) => typeof arg === 'number') ?? options?.margin ?? standard;
    return reduced(zip(f(margin))(...(args.slice(0, arrays) as Nd[])), options);
  };

/** Class numbers as `[label, class, …]`: where their scores are. */
const place = (x: Nd, i: number[], label: number): number[] =>
  x.shape.length === 1 ? [label] : [i[0], label, ...i.slice(1)];

/** Losses of class numbers, from the logarithms of probabilities. */
function likelihood(logs: Nd, target: Nd, weight: Nd | null, options: LossOptions): Nd {
  const { ignoreIndex = -100, labelSmoothing = 0 } = options;
  const size = logs.shape[logs.shape.length === 1 ? 0 : 1];
  const weightOf = (label: number): number => weight?.data[label] ?? 1;
  const losses = build(target.shape, (i) => {
    const label = at(target, i);
    if (label === ignoreIndex) return 0;
    const all = Array.from({ length: size }, (_, c) => -weightOf(c) * at(logs, place(logs, i, c)));
    return (1 - labelSmoothing) * all[label] + (labelSmoothing * total(all)) / size;
  });
  return reduced(losses, options, total(target.data.map((c) => (c === ignoreIndex ? 0 : weightOf(c)))));
}

const nll = (x: Nd, target: Nd, weight?: Nd | LossOptions | null, options?: LossOptions): Nd =>
  weight && !('data' in weight)
    ? likelihood(x, target, weight.weight ?? null, weight)
    : likelihood(x, target, weight ?? null, options ?? {});

function crossEntropy(x: Nd, target: Nd, weight?: Nd | LossOptions | null, options?: LossOptions): Nd {
  const dim = x.shape.length === 1 ? 0 : 1;
  const logs = oracle.along((values) => oracle.softmax(values).map(Math.log))(x, dim);
  if (target.shape.length !== x.shape.length) return nll(logs, target, weight, options);
  const named = weight && !('data' in weight) ? weight : { ...options, weight: weight as Nd | null };
  const { labelSmoothing = 0 } = named;
  const losses = build(
    x.shape.filter((_, i) => i !== dim),
    (i) =>
      -total(
        Array.from({ length: x.shape[dim] }, (_, c) => {
          const p = at(target, place(x, i, c)) * (1 - labelSmoothing) + labelSmoothing / x.shape[dim];
          return p * at(logs, place(x, i, c)) * (named.weight?.data[c] ?? 1);
        }),
      ),
  );
  return reduced(losses, named);
}

const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const logLeast = (x: number): number => Math.max(Math.log(x), -100);

const binary = (p: number, t: number, w = 1): number => -w * (t * logLeast(p) + (1 - t) * logLeast(1 - p));
const binaryOfLogit = (x: number, t: number, w = 1, positive = 1): number =>
  w * (positive * t * softplus(-x) + (1 - t) * softplus(x));

function kl(x: Nd, target: Nd, options: LossOptions & { logTarget?: boolean } = {}): Nd {
  const losses = zip((a, t) =>
    options.logTarget ? Math.exp(t) * (t - a) : t === 0 ? 0 : t * (Math.log(t) - a),
  )(x, target);
  return options.reduction === 'batchmean'
    ? toNd(total(losses.data) / (x.shape[0] ?? 1))
    : reduced(losses, options);
}

const poisson =
  ({
    logInput = true,
    full = false,
    eps = 1e-8,
  }: LossOptions & { logInput?: boolean; full?: boolean; eps?: number }) =>
  (x: number, t: number): number =>
    (logInput ? Math.exp(x) - t * x : x - t * Math.log(x + eps)) +
    (full && t > 1 ? t * Math.log(t) - t + 0.5 * Math.log(2 * Math.PI * t) : 0);

function gaussian(
  x: Nd,
  target: Nd,
  variance: Nd,
  options: LossOptions & { full?: boolean; eps?: number } = {},
): Nd {
  const lacking = variance.shape.length < x.shape.length;
  const v = lacking ? { shape: [...variance.shape, 1], data: variance.data } : variance;
  const f = (a: number, t: number, given: number): number => {
    const least = Math.max(given, options.eps ?? 1e-6);
    return 0.5 * (Math.log(least) + (a - t) ** 2 / least + (options.full ? Math.log(2 * Math.PI) : 0));
  };
  return reduced(zip(f)(x, target, v), options);
}

/** The rows of an array, as lists. */
const rowsOf = (x: Nd): number[][] => {
  const width = x.shape.at(-1) ?? 1;
  return Array.from({ length: width === 0 ? 0 : x.data.length / width }, (_, i) => [
    ...x.data.slice(i * width, (i + 1) * width),
  ]);
};

/** A loss of rows: one number each, in the shape that is left. */
const ofRows = (x: Nd, f: (row: number[], i: number) => number, options?: LossOptions): Nd =>
  reduced({ shape: x.shape.slice(0, -1), data: rowsOf(x).map(f) }, options);

interface MultiMargin extends LossOptions {
  p?: number;
  margin?: number;
}
function multiMargin(x: Nd, target: Nd, ...rest: (number | Nd | MultiMargin)[]): Nd {
  const options = rest.find((arg): arg is MultiMargin => typeof arg === 'object' && !('data' in arg)) ?? {};
  const [p = options.p ?? 1, margin = options.margin ?? 1] = rest.filter((arg) => typeof arg === 'number');
  const weight = rest.find((arg): arg is Nd => typeof arg === 'object' && 'data' in arg) ?? options.weight;
  return ofRows(
    x,
    (row, i) => {
      const label = target.data[i];
      const terms = row.map((v, c) => (c === label ? 0 : Math.max(0, margin - row[label] + v) ** p));
      return (total(terms) * (weight?.data[label] ?? 1)) / row.length;
    },
    options,
  );
}

function multilabelMargin(x: Nd, target: Nd, options?: LossOptions): Nd {
  const labels = rowsOf(target).map((row) => row.slice(0, row.findIndex((v) => v < 0) >>> 0));
  return ofRows(
    x,
    (row, i) => {
      const others = row.filter((_, c) => !labels[i].includes(c));
      return total(labels[i].flatMap((t) => others.map((v) => Math.max(0, 1 - row[t] + v)))) / row.length;
    },
    options,
  );
}

function multilabelSoft(x: Nd, target: Nd, weight?: Nd | LossOptions | null, options?: LossOptions): Nd {
  const w = weight && 'data' in weight ? weight : toNd(1);
  const named = weight && !('data' in weight) ? weight : options;
  return ofRows(
    zip((a, t, by) => binaryOfLogit(a, t, by))(x, target, w),
    (row) => total(row) / row.length,
    named,
  );
}

const length = (v: readonly number[], p: number): number =>
  p === 0 ? v.filter((x) => x !== 0).length
  : p === Infinity ? Math.max(...v.map(Math.abs))
  : p === -Infinity ? Math.min(...v.map(Math.abs))
  : total(v.map((x) => Math.abs(x) ** p)) ** (1 / p); // prettier-ignore

function pairwise(
  a: Nd,
  b: Nd,
  ...rest: (number | boolean | { p?: number; eps?: number; keepdim?: boolean })[]
): Nd {
  const options = rest.find((arg) => typeof arg === 'object') ?? {};
  const [p = options.p ?? 2, eps = options.eps ?? 1e-6] = rest.filter((arg) => typeof arg === 'number');
  const d = zip((x, y) => x - y + eps)(a, b);
  const y = { shape: d.shape.slice(0, -1), data: rowsOf(d).map((row) => length(row, p)) };
  return options.keepdim ? { shape: [...y.shape, 1], data: y.data } : y;
}

function cosine(a: Nd, b: Nd, dim = 1, eps = 1e-8): Nd {
  const shape = oracle.broadcast(a.shape, b.shape);
  const d = dim < 0 ? dim + shape.length : dim;
  const line = (x: Nd, i: number[]): number[] =>
    shape.length === 0
      ? [...x.data]
      : Array.from({ length: shape[d] }, (_, n) => at(x, i.toSpliced(d, 0, n)));
  const rest = shape.filter((_, k) => k !== d);
  return build(rest, (i) => {
    const [p, q] = [line(a, i), line(b, i)];
    return total(p.map((v, n) => v * q[n])) / (Math.max(length(p, 2), eps) * Math.max(length(q, 2), eps));
  });
}

interface Margin extends LossOptions {
  margin?: number;
}

const cosineEmbedding = (a: Nd, b: Nd, target: Nd, ...rest: (number | Margin)[]): Nd => {
  const options = rest.find((arg) => typeof arg === 'object');
  const margin = rest.find((arg) => typeof arg === 'number') ?? options?.margin ?? 0;
  const [p, q] = [rowsOf(a), rowsOf(b)];
  const losses = target.data.map((t, i) => {
    const cos =
      total(p[i].map((v, n) => v * q[i][n])) /
      Math.sqrt((total(p[i].map((v) => v * v)) + 1e-12) * (total(q[i].map((v) => v * v)) + 1e-12));
    return t === 1 ? 1 - cos : t === -1 ? Math.max(0, cos - margin) : 0;
  });
  return reduced({ shape: target.shape, data: losses }, options);
};

interface Triplet extends LossOptions {
  margin?: number;
  p?: number;
  eps?: number;
  swap?: boolean;
}
const triplet = (a: Nd, b: Nd, c: Nd, ...rest: (number | boolean | Triplet)[]): Nd => {
  const options = rest.find((arg) => typeof arg === 'object') ?? {};
  const [margin = options.margin ?? 1, p = options.p ?? 2, eps = options.eps ?? 1e-6] = rest.filter(
    (arg) => typeof arg === 'number',
  );
  const d = (x: Nd, y: Nd): Nd => pairwise(x, y, p, eps);
  const far = options.swap ? zip(Math.min)(d(a, c), d(b, c)) : d(a, c);
  return reduced(zip((x, y) => Math.max(0, x - y + margin))(d(a, b), far), options);
};

interface Ctc extends LossOptions {
  blank?: number;
  zeroInfinity?: boolean;
}

/** The loss by definition: the probabilities of all the ways to draw the target, added up. */
function ctc(
  x: Nd,
  targets: Nd,
  times: number | number[],
  sizes: number | number[],
  ...rest: (number | string | Ctc)[]
): Nd {
  const options = rest.find((arg) => typeof arg === 'object') ?? {};
  const { blank = rest.find((arg) => typeof arg === 'number') ?? 0, zeroInfinity = false } = options;
  const batch = x.shape.length === 3;
  const [count, classCount] = batch ? [x.shape[1], x.shape[2]] : [1, x.shape[1]];
  const p = oracle.along(oracle.softmax)(batch ? x : oracle.reshaped(x, [x.shape[0], 1, classCount]), 2);
  let start = 0;
  const losses = Array.from({ length: count }, (_, n) => {
    const [time, size] = [[times].flat()[n], [sizes].flat()[n]];
    const from = targets.shape.length === 2 ? n * targets.shape[1] : start;
    start += size;
    const target = targets.data.slice(from, from + size).join();
    let sum = 0;
    for (let path = 0; path < classCount ** time; path++) {
      const drawn = Array.from({ length: time }, (_, t) => Math.floor(path / classCount ** t) % classCount);
      const read = drawn.filter((c, t) => c !== blank && c !== drawn[t - 1]);
      if (read.join() === target) sum += drawn.map((c, t) => at(p, [t, n, c])).reduce((a, b) => a * b, 1);
    }
    return sum === 0 && zeroInfinity ? 0 : -Math.log(sum);
  });
  const { reduction = rest.find((arg) => typeof arg === 'string') ?? 'mean' } = options;
  const shared = reduction === 'mean' ? losses.map((v, n) => v / Math.max([sizes].flat()[n], 1)) : losses;
  return reduced({ shape: batch ? [count] : [], data: shared }, { reduction });
}

/** Input and target of one shape. */
const PAIRS = [
  [real(2, 3), real(2, 3)], [real(2, 3), real(2, 3), { reduction: 'sum' }], [real(3), real(3), { reduction: 'none' }], [real(), real()], [real(2, 2, 2), real(2, 2, 2)], [real(0, 2), real(0, 2), { reduction: 'sum' }],
]; // prettier-ignore

/** Probabilities, losses and distances. */
export const LOSS: readonly Row[] = [
  row('softmax', { oracle: oracle.along(oracle.softmax), dtypes: floats }, [real(2, 3), 1], [real(2, 3, 2), 1], [real(3, 2), 0], [real(4), -1], [real(), 0], [real(0, 3), 1], [real(2, 0), 1]),
  row('logSoftmax', { oracle: oracle.along((v) => oracle.softmax(v).map(Math.log)), dtypes: floats }, [real(2, 3), 1], [real(2, 3, 2), 1], [real(3, 2), 0], [real(4), -1], [real(), 0], [real(0, 3), 1], [real(2, 0), 1]),
  row('softmin', { oracle: oracle.along((v) => oracle.softmax(v.map((x) => -x))), dtypes: floats }, [real(2, 3), 1], [real(2, 3, 2), 1], [real(3, 2), 0], [real(), 0], [real(0, 3), 1]),
  row('scaledDotProductAttention', { oracle: oracle.attention, dtypes: floatsOnly },
    [real(2, 2, 3, 4), real(2, 2, 5, 4), real(2, 2, 5, 3)], [real(3, 2), real(3, 2), real(3, 2), { isCausal: true }], [real(2, 3, 2), real(2, 4, 2), real(2, 4, 1), { scale: 0.3, isCausal: true }],
    [real(4, 2), real(2, 2), real(2, 3), { isCausal: true }], [real(2, 1, 2, 3), real(3, 2, 3), real(1, 2, 2)], [real(2, 1, 2, 2, 2), real(3, 1, 2, 2), real(2, 2, 2)],
    [real(1, 1), real(1, 1), real(1, 1)], [real(0, 2, 2), real(0, 3, 2), real(0, 3, 2)], [real(2, 0, 2), real(2, 3, 2), real(2, 3, 2)],
    [real(2, 2), real(0, 2), real(0, 3)], [real(2, 0), real(3, 0), real(3, 2)], [real(2, 3), real(3, 3), real(3, 0)]),
  row('crossEntropy', { oracle: crossEntropy, dtypes: floats },
    [real(3, 4), index(4, 3)], [real(3, 4), index(4, 3), { reduction: 'sum' }], [real(3, 4), index(4, 3), { reduction: 'none' }], [real(4), index(4)],
    [real(2, 3, 2), index(3, 2, 2)], [real(4, 3), classes(1, -100, 2, -100)], [real(3, 3), classes(0, 2, 1), { ignoreIndex: 2 }],
    [real(2, 3, 1, 2), index(3, 2, 1, 2), { reduction: 'none' }], [real(2, 1), index(1, 2)],
    [real(3, 4), index(4, 3), positive(4)], [real(2, 3, 2), index(3, 2, 2), positive(3), { labelSmoothing: 0.2 }], [real(4, 3), classes(1, -100, 2, 0), { labelSmoothing: 1 }],
    [real(4), index(4), { labelSmoothing: 0.1, reduction: 'none' }], [real(4, 3), classes(1, 0, 2, 0), { weight: positive(3), ignoreIndex: 0, reduction: 'sum' }], [real(0, 3), index(3, 0), { reduction: 'sum' }]),
  row('nllLoss', { oracle: nll, dtypes: floats },
    [real(3, 4), index(4, 3)], [real(3, 4), index(4, 3), positive(4)], [real(4, 3), classes(1, -100, 2, 0), null, { reduction: 'sum' }], [real(4), index(4)], [real(3), index(3), { weight: positive(3), reduction: 'none' }],
    [real(2, 3, 2), index(3, 2, 2), positive(3), { ignoreIndex: 1 }], [real(2, 3, 1, 2), index(3, 2, 1, 2), { reduction: 'none' }], [real(0, 3), index(3, 0), { reduction: 'sum' }]),
  row('mseLoss', { oracle: pointwise(() => (x, t) => (x - t) ** 2), dtypes: floats }, ...PAIRS),
  row('l1Loss', { oracle: pointwise(() => (x, t) => Math.abs(x - t)), dtypes: floats }, ...PAIRS),
  row('smoothL1Loss', { oracle: pointwise(({ beta = 1 }: LossOptions & { beta?: number }) => (x, t) => (Math.abs(x - t) < beta ? (x - t) ** 2 / (2 * beta) : Math.abs(x - t) - beta / 2)), dtypes: floats },
    ...PAIRS, [real(2, 3), real(2, 3), { beta: 0.4 }], [real(3), real(3), { beta: 0, reduction: 'none' }]),
  row('huberLoss', { oracle: pointwise(({ delta = 1 }: LossOptions & { delta?: number }) => (x, t) => (Math.abs(x - t) <= delta ? (x - t) ** 2 / 2 : delta * (Math.abs(x - t) - delta / 2))), dtypes: floats },
    ...PAIRS, [real(2, 3), real(2, 3), { delta: 0.4 }], [real(3), real(3), { delta: 2.5, reduction: 'none' }]),
  row('poissonNllLoss', { oracle: pointwise(poisson), dtypes: floats },
    ...PAIRS, [real(2, 3), positive(2, 3), { full: true }], [positive(2, 3), positive(3), { logInput: false, reduction: 'none' }], [positive(3), positive(3), { logInput: false, full: true, eps: 0.1 }]),
  row('gaussianNllLoss', { oracle: gaussian, dtypes: floats },
    [real(2, 3), real(2, 3), positive(2, 3)], [real(2, 3), real(2, 3), positive(2, 1), { reduction: 'none' }], [real(2, 3), real(3), positive(2), { full: true, reduction: 'sum' }],
    [real(3), real(3), positive()], [real(), real(), positive()], [real(0, 2), real(0, 2), positive(0, 2), { reduction: 'none' }]),
  row('binaryCrossEntropy', { oracle: (p: Nd, t: Nd, ...rest: (Nd | LossOptions)[]) => pointwise(() => binary)(p, t, ...rest), dtypes: floats },
    [unit(2, 3), unit(2, 3)], [unit(3), unit(3), { reduction: 'sum' }], [unit(2, 3), unit(2, 3), real(3), { reduction: 'none' }], [unit(), unit()], [unit(0), unit(0), { reduction: 'none' }]),
  row('binaryCrossEntropyWithLogits', { oracle: (x: Nd, t: Nd, w?: Nd | LossOptions, options?: LossOptions & { posWeight?: Nd }) => w && !('data' in w) ? pointwise(() => (a, b, p) => binaryOfLogit(a, b, 1, p))(x, t, (w as { posWeight?: Nd }).posWeight ?? toNd(1), { reduction: w.reduction }) : pointwise(() => binaryOfLogit)(x, t, w ?? toNd(1), options?.posWeight ?? toNd(1), { reduction: options?.reduction }), dtypes: floats },
    [real(2, 3), unit(2, 3)], [real(3), real(3), { reduction: 'sum' }], [real(2, 3), unit(2, 3), positive(3), { reduction: 'none' }], [real(2, 3), unit(2, 3), { posWeight: positive(3) }],
    [real(2, 2), unit(2, 2), positive(2, 1), { posWeight: positive() }], [real(), unit()], [real(0), unit(0), { reduction: 'none' }]),
  row('klDiv', { oracle: kl, dtypes: floats },
    [real(2, 3), positive(2, 3)], [real(2, 3), positive(2, 3), { reduction: 'batchmean' }], [real(2, 3), real(2, 3), { logTarget: true, reduction: 'none' }], [real(3), positive(3), { reduction: 'sum' }],
    [real(2, 3), positive(3)], [real(), positive()], [real(), real(), { logTarget: true, reduction: 'batchmean' }], [real(0, 2), positive(0, 2), { reduction: 'sum' }]),
  row('softMarginLoss', { oracle: pointwise(() => (x, t) => softplus(-t * x)), dtypes: floats }, ...PAIRS, [real(2, 3), signs(2, 3)]),
  row('hingeEmbeddingLoss', { oracle: withMargin(2, 1, (margin) => (x, t) => (t !== 1 ? Math.max(0, margin - x) : 0) + (t !== -1 ? x : 0)), dtypes: floats },
    [real(2, 3), signs(2, 3)], [real(3), signs(3), 0.3, { reduction: 'none' }], [real(2, 3), signs(3), { margin: -0.5, reduction: 'sum' }], [real(), signs()], [real(0), signs(0), { reduction: 'none' }]),
  row('marginRankingLoss', { oracle: withMargin(3, 0, (margin) => (a, b, t) => Math.max(0, margin - t * (a - b))), dtypes: floats },
    [real(2, 3), real(2, 3), real(2, 3)], [real(3), real(3), signs(3), 0.5], [real(2, 3), real(3), signs(2, 1), { margin: 0.2, reduction: 'none' }], [real(), real(), real()], [real(0), real(0), real(0), { reduction: 'sum' }]),
  row('multiMarginLoss', { oracle: multiMargin, dtypes: floats },
    [real(3, 4), index(4, 3)], [real(3, 4), index(4, 3), 2, 0.7, { reduction: 'none' }], [real(4), index(4)], [real(3), whole([1], [2]), { p: 2 }], [real(3, 4), index(4, 3), { weight: positive(4), reduction: 'sum' }],
    [real(2, 3), index(3, 2), 1, 0.4, positive(3)], [real(0, 2), index(2, 0), { reduction: 'none' }]),
  row('multilabelMarginLoss', { oracle: multilabelMargin, dtypes: floats },
    [real(3, 4), whole([3, 4], [3, 0, -1, 1, 2, -1, 0, 0, -1, 1, 2, 3])], [real(2, 3), whole([2, 3], [0, 1, 2, 1, -1, -1]), { reduction: 'none' }], [real(4), whole([4], [2, 1, -1, 0]), { reduction: 'sum' }], [real(), whole([], [0])]),
  row('multilabelSoftMarginLoss', { oracle: multilabelSoft, dtypes: floats },
    [real(2, 3), unit(2, 3)], [real(3), unit(3), { reduction: 'none' }], [real(2, 2, 3), unit(2, 2, 3), positive(3), { reduction: 'none' }], [real(2, 3), unit(2, 3), positive(2, 3), { reduction: 'sum' }], [real(0, 3), unit(0, 3), { reduction: 'sum' }]),
  row('cosineEmbeddingLoss', { oracle: cosineEmbedding, dtypes: floats },
    [nonzero(4, 3), nonzero(4, 3), signs(4)], [nonzero(3, 2), nonzero(3, 2), signs(3), -0.4, { reduction: 'none' }], [nonzero(3), nonzero(3), signs(), { margin: -0.9 }], [nonzero(2, 3), nonzero(2, 3), whole([2], [-1, -1]), { margin: -1, reduction: 'sum' }]),
  row('tripletMarginLoss', { oracle: triplet, dtypes: floats },
    [real(3, 4), real(3, 4), real(3, 4)], [real(3, 4), real(3, 4), real(3, 4), 2, 3, { reduction: 'none' }], [real(4), real(4), real(4), { swap: true, margin: 3 }], [real(2, 3), real(1, 3), real(2, 3), { reduction: 'sum', eps: 0.1, p: 1.5 }]),
  row('tripletMarginWithDistanceLoss', { oracle: (a: Nd, b: Nd, c: Nd, options: Triplet & { distanceFunction?: unknown } = {}) => options.distanceFunction === undefined ? triplet(a, b, c, options) : triplet(a, b, c, { ...options, p: 1, eps: 0 }), dtypes: floats },
    [real(3, 4), real(3, 4), real(3, 4)], [real(3, 4), real(3, 4), real(3, 4), { swap: true, margin: 3, reduction: 'none' }], [real(2, 3), real(2, 3), real(2, 3), { distanceFunction: (x: Tensor, y: Tensor) => x.sub(y).abs().sum(-1), reduction: 'sum' }]),
  row('ctcLoss', { oracle: ctc, dtypes: floats },
    [real(4, 2, 3), whole([2, 2], [1, 2, 2, 0]), [4, 3], [2, 1]], [real(5, 2, 3), whole([4], [1, 1, 2, 1]), [5, 4], [3, 1], { reduction: 'none' }], [real(4, 2), whole([1], [1]), 4, 1],
    [real(3, 2, 3), whole([2, 2], [2, 0, 0, 2]), [3, 3], [2, 2], 1, 'sum'], [real(2, 2, 3), whole([2, 2], [1, 1, 2, 1]), [2, 2], [2, 2], { zeroInfinity: true, reduction: 'sum' }], [real(3, 1, 2), whole([1, 1], [1]), [3], [0]],
    [real(3, 3, 2), whole([3, 0], []), [3, 2, 1], [0, 0, 0], { reduction: 'none' }]),
  row('pairwiseDistance', { oracle: pairwise, dtypes: floats },
    [real(2, 3), real(2, 3)], [real(2, 3), real(3), 1], [real(3), real(3), { p: 3, keepdim: true }], [real(2, 1, 3), real(2, 3), { p: 1.5, eps: 0.01 }], [real(2, 3), real(2, 3), Infinity], [real(2, 3), real(2, 3), { p: -Infinity }], [real(2, 3), real(2, 3), { p: 0.5 }],
    [real(2, 3), real(2, 3), -1], [real(0, 3), real(0, 3)]),
  row('cosineSimilarity', { oracle: cosine, dtypes: floats },
    [nonzero(2, 3), nonzero(2, 3)], [nonzero(2, 3), nonzero(3), -1], [nonzero(3), nonzero(3), 0, 0.5], [nonzero(2, 1, 3), nonzero(4, 3), 2], [nonzero(2, 3, 2), nonzero(2, 3, 2), -2], [nonzero(3, 2), nonzero(3, 2), 0], [nonzero(), nonzero(), 0]),
]; // prettier-ignore
