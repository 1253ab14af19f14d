import { nonzero, positive, real, wide } from '../support/inputs.js';
import { at, build, zip, type Nd } from '../support/oracle.js';
import { floats, row, unary, type Arg, type Row } from '../support/row.js';

const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const clamp = (x: number, least: number, most: number): number => Math.min(Math.max(x, least), most);

/** An activation with arguments: numbers by position, or all by name. */
const withArgs =
  (f: (...args: number[]) => number, ...names: string[]) =>
  (x: Nd, ...rest: (number | Record<string, number>)[]): Nd => {
    const options = rest.find((arg) => typeof arg === 'object') ?? {};
    const args = names.map((name, i) => (typeof rest[i] === 'number' ? rest[i] : options[name]));
    // What was not given is undefined, for which there are defaults.
    return zip((v) => f(v, ...args))(x);
  };

const shapes = (...rest: Arg[]): Arg[][] => [[2, 3], [], [0], [2, 1, 3]].map((s) => [wide(...s), ...rest]);

const elu = (x: number, alpha = 1): number => (x > 0 ? x : alpha * Math.expm1(x));

function prelu(x: Nd, weight: Nd | { weight: Nd }): Nd {
  const w = 'weight' in weight ? weight.weight : weight;
  return build(x.shape, (i) => {
    const v = at(x, i);
    return v > 0 ? v : v * w.data[w.data.length === 1 ? 0 : i[1]];
  });
}

/** Activations that are made of other ops. */
export const ACTIVATION: readonly Row[] = [
  unary('logSigmoid', real, (x) => -softplus(-x)),
  unary('softsign', nonzero, (x) => x / (1 + Math.abs(x))),
  unary('relu6', wide, (x) => clamp(x, 0, 6)),
  unary('selu', wide, (x) => 1.0507009873554805 * elu(x, 1.6732632423543772)),
  unary('mish', real, (x) => x * Math.tanh(softplus(x))),
  unary('hardsigmoid', wide, (x) => clamp(x + 3, 0, 6) / 6),
  unary('hardswish', wide, (x) => (x * clamp(x + 3, 0, 6)) / 6),
  unary('tanhshrink', real, (x) => x - Math.tanh(x)),
  row('softplus', { oracle: withArgs((x, beta = 1, threshold = 20) => (x * beta > threshold ? x : softplus(x * beta) / beta), 'beta', 'threshold'), dtypes: floats },
    ...shapes(), ...shapes(2, 4), ...shapes({ beta: 0.5 }), ...shapes(3, { threshold: 0.2 })),
  row('leakyRelu', { oracle: withArgs((x, slope = 0.01) => (x > 0 ? x : x * slope), 'negativeSlope'), dtypes: floats }, ...shapes(), ...shapes(0.2), ...shapes({ negativeSlope: -1.5 })),
  row('elu', { oracle: withArgs(elu, 'alpha'), dtypes: floats }, ...shapes(), ...shapes(0.3), ...shapes({ alpha: 2 })),
  row('celu', { oracle: withArgs((x, alpha = 1) => (x > 0 ? x : alpha * Math.expm1(x / alpha)), 'alpha'), dtypes: floats }, ...shapes(), ...shapes(0.6), ...shapes({ alpha: 2 })),
  row('hardtanh', { oracle: withArgs((x, least = -1, most = 1) => Math.min(Math.max(x, least), most), 'minVal', 'maxVal'), dtypes: floats },
    ...shapes(), ...shapes(-2, 0.5), ...shapes({ minVal: -4.5 }), ...shapes({ minVal: 1, maxVal: 0.3 })),
  row('hardshrink', { oracle: withArgs((x, lambd = 0.5) => (x >= -lambd && x <= lambd ? 0 : x), 'lambd'), dtypes: floats }, ...shapes(), ...shapes(2), ...shapes({ lambd: -0.5 })),
  row('softshrink', { oracle: withArgs((x, lambd = 0.5) => (x > lambd ? x - lambd : x < -lambd ? x + lambd : 0), 'lambd'), dtypes: floats }, ...shapes(), ...shapes(2), ...shapes({ lambd: 0 })),
  row('threshold', { oracle: withArgs((x, least, value) => (x > least ? x : value), 'threshold', 'value'), dtypes: floats }, ...shapes(0.5, 7), ...shapes(-3, { value: -1 }), ...shapes({ threshold: 1, value: 0 })),
  row('rrelu', { oracle: withArgs((x, lower = 1 / 8, upper = 1 / 3) => (x > 0 ? x : (x * (lower + upper)) / 2), 'lower', 'upper'), dtypes: floats }, ...shapes(), ...shapes(0.5, 1, false), ...shapes({ upper: 0.7 })),
  row('prelu', { oracle: prelu, dtypes: floats },
    [nonzero(2, 3), positive(3)], [nonzero(2, 3, 2), real(3)], [nonzero(2, 3), real()], [nonzero(4), real(1)], [nonzero(), real()], [nonzero(2, 3), { weight: real(3) }], [nonzero(0, 2), real(2)]),
  row('glu', { oracle: (x: Nd, dim: number | { dim: number } = -1) => {
    const named = typeof dim === 'object' ? dim.dim : dim;
    const d = named < 0 ? named + x.shape.length : named;
    return build(x.shape.with(d, x.shape[d] / 2), (i) => at(x, i) * sigmoid(at(x, i.with(d, i[d] + x.shape[d] / 2))));
  }, dtypes: floats },
    [real(2, 4)], [real(4, 3), 0], [real(2, 4, 3), { dim: 1 }], [real(6), -1], [real(0, 2), 1], [real(3, 0), 1]),
]; // prettier-ignore
