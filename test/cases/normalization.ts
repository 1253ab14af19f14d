import { distinct, nonzero, positive, real } from '../support/inputs.js';
import * as oracle from '../support/oracle.js';
import { at, build, product, reshaped, total, type Nd } from '../support/oracle.js';
import { floats, floatsOnly, row, type Row } from '../support/row.js';

interface Options {
  weight?: Nd | null;
  bias?: Nd | null;
  eps?: number;
}

/** Tensors, numbers and flags by position, and the rest by name. */
const isNamed = (arg: unknown): arg is object => typeof arg === 'object' && arg !== null && !('data' in arg);

function read<O>(rest: readonly unknown[], names: readonly (keyof O)[]): Partial<O> {
  const named = rest.find(isNamed) as Partial<O> | undefined;
  const positional = rest.filter((arg) => !isNamed(arg));
  return { ...named, ...Object.fromEntries(positional.map((arg, i) => [names[i], arg])) };
}

const scaled = (x: Nd, { weight, bias }: Options): Nd =>
  build(x.shape, (i) => at(x, i) * (weight?.data[i[1]] ?? 1) + (bias?.data[i[1]] ?? 0));

function groupNorm(x: Nd, groups: number, ...rest: unknown[]): Nd {
  const options = read<Options>(rest, ['weight', 'bias', 'eps']);
  const length = product(x.shape) / (x.shape[0] * groups || 1);
  const normal = oracle.layerNorm(reshaped(x, [x.shape[0] * groups, length]), length, null, null, options);
  return scaled(reshaped(normal, x.shape), options);
}

interface InstanceOptions extends Options {
  runningMean?: Nd | null;
  runningVar?: Nd | null;
  useInputStats?: boolean;
  momentum?: number;
}
function instanceNorm(x: Nd, ...rest: unknown[]): Nd {
  const options = read<InstanceOptions>(rest, [
    'runningMean',
    'runningVar',
    'weight',
    'bias',
    'useInputStats',
    'momentum',
    'eps',
  ]);
  const { runningMean = null, runningVar = null, weight, bias, useInputStats = true, eps } = options;
  if (!useInputStats) return oracle.batchNorm(x, runningMean, runningVar, weight, bias, { eps });
  const sizes = x.shape.slice(2);
  const rows = reshaped(x, [x.shape[0] * x.shape[1], product(sizes)]);
  return scaled(reshaped(oracle.layerNorm(rows, product(sizes), null, null, { eps }), x.shape), options);
}

function rmsNorm(x: Nd, shape: number | readonly number[], ...rest: unknown[]): Nd {
  const { weight, eps = 2 ** -23 } = read<Options>(rest, ['weight', 'eps']);
  const length = product([shape].flat());
  const data = x.data.map((value, i) => {
    const line = x.data.slice(Math.floor(i / length) * length).slice(0, length);
    return (
      (value / Math.sqrt(total(line.map((v) => v * v)) / length + eps)) * (weight?.data[i % length] ?? 1)
    );
  });
  return { shape: x.shape, data };
}

function localResponseNorm(x: Nd, size: number, ...rest: unknown[]): Nd {
  const {
    alpha = 1e-4,
    beta = 0.75,
    k = 1,
  } = read<{ alpha: number; beta: number; k: number }>(rest, ['alpha', 'beta', 'k']);
  return build(x.shape, (i) => {
    const first = i[1] - Math.floor(size / 2);
    const channels = Array.from({ length: size }, (_, n) => first + n).filter(
      (c) => c >= 0 && c < x.shape[1],
    );
    const mean = total(channels.map((c) => at(x, i.with(1, c)) ** 2)) / size;
    return at(x, i) / (k + alpha * mean) ** beta;
  });
}

function normalize(x: Nd, ...rest: unknown[]): Nd {
  const {
    p = 2,
    dim = 1,
    eps = 1e-12,
  } = read<{ p: number; dim: number; eps: number }>(rest, ['p', 'dim', 'eps']);
  return oracle.along((values) => {
    const sizes = values.map(Math.abs);
    const norm =
      p === Infinity
        ? Math.max(...sizes)
        : p === 0
          ? sizes.filter((v) => v > 0).length
          : total(sizes.map((v) => v ** p)) ** (1 / p);
    return values.map((v) => v / Math.max(norm, eps));
  })(x, dim);
}

function bilinear(a: Nd, b: Nd, weight: Nd, bias?: Nd | { bias: Nd } | null): Nd {
  const added = bias && 'bias' in bias ? bias.bias : bias;
  const [outputs, first, second] = weight.shape;
  return build([...a.shape.slice(0, -1), outputs], (i) => {
    const lead = i.slice(0, -1);
    const o = i.at(-1)!;
    let sum = added?.data[o] ?? 0;
    for (let j = 0; j < first; j++)
      for (let k = 0; k < second; k++)
        sum += at(a, [...lead, j]) * at(weight, [o, j, k]) * at(b, [...lead, k]);
    return sum;
  });
}

/** Normalizations of groups, images and vectors; bilinear forms. */
export const NORMALIZATION: readonly Row[] = [
  row('groupNorm', { oracle: groupNorm, dtypes: floatsOnly },
    [distinct(2, 4, 3), 2, real(4), real(4)], [distinct(2, 6, 2, 1), 3, null, real(6), { eps: 0.1 }], [distinct(3, 4), 1, { weight: real(4) }], [distinct(1, 2, 3), 2], [distinct(3, 2), 1, null, null, 0.5], [real(0, 4, 2), 2, real(4)]),
  row('instanceNorm', { oracle: instanceNorm, dtypes: floatsOnly },
    [distinct(2, 3, 4)], [distinct(2, 2, 2, 2), null, null, real(2), real(2)], [distinct(1, 2, 3), { weight: real(2), eps: 0.1 }], [distinct(2, 3, 2), null, null, null, real(3), true, 0.3, 0.5],
    [distinct(2, 3, 2), real(3), positive(3), { useInputStats: false, bias: real(3) }], [real(0, 2, 3), null, null, real(2)]),
  row('rmsNorm', { oracle: rmsNorm, dtypes: floatsOnly },
    [nonzero(2, 3, 4), 4, real(4), 0.01], [nonzero(3, 2, 3), [2, 3], { weight: real(2, 3), eps: 1e-5 }], [nonzero(5), 5, null, 0.2], [real(0, 3), 3, real(3)], [real(2, 3), 3, { eps: 0.3 }]),
  row('localResponseNorm', { oracle: localResponseNorm, dtypes: floats },
    [real(2, 4, 3), 3], [real(1, 5, 2, 2), 2, 0.5, 0.8, 2], [real(2, 3, 2), 5, { alpha: 1, k: 1.5 }], [real(1, 1, 3), 1], [real(0, 2, 3), 2]),
  row('normalize', { oracle: normalize, dtypes: floats },
    [nonzero(2, 3)], [nonzero(2, 3, 2), 1, -1], [nonzero(3), { dim: 0, eps: 3 }], [nonzero(2, 3), 3, 0], [nonzero(2, 3), { p: 1.5 }], [real(2, 3), Infinity], [nonzero(3, 2), 0], [nonzero(), { dim: 0 }], [nonzero(0, 2)]),
  row('bilinear', { oracle: bilinear, dtypes: floats },
    [real(2, 3), real(2, 4), real(5, 3, 4), real(5)], [real(3), real(2), real(2, 3, 2)], [real(2, 2, 3), real(2, 2, 1), real(2, 3, 1), { bias: real(2) }], [real(0, 2), real(0, 3), real(2, 2, 3), null], [real(2, 0), real(2, 3), real(1, 0, 3)]),
]; // prettier-ignore
