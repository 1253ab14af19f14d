import { isFloat } from '../dtype.js';
import { describe, rangeError, shapeError, typeError } from '../errors.js';
import { noGrad } from '../grad-mode.js';
import { checkNumber, checkOneOf, readArgs, type Rest } from '../ops/arguments.js';
import { fromArray, randn, randomFill, rand } from '../ops/create.js';
import { copy_, fill_ } from '../ops/inplace.js';
import { matmul } from '../ops/matmul.js';
import { div, mul, sqrt, square, sub } from '../ops/pointwise.js';
import { reshape, sum } from '../ops/broadcast.js';
import { select, slice, transpose } from '../ops/shape.js';
import { formatShape, sizeOf, type Shape } from '../shape.js';
import { checkTensor, empty, type Tensor } from '../tensor.js';

// nn.init: each writes over a tensor outside the graph, and returns it.

/** The functions after a layer, in PyTorch's names or in camelCase. */
export type Nonlinearity =
  | 'linear'
  | `conv${1 | 2 | 3}d`
  | `convTranspose${1 | 2 | 3}d`
  | `conv_transpose${1 | 2 | 3}d`
  | 'sigmoid'
  | 'tanh'
  | 'relu'
  | 'leakyRelu'
  | 'leaky_relu'
  | 'selu';

/** Whether the variance is kept of what goes forward (fan in) or of the gradients that go back. */
export type FanMode = 'fanIn' | 'fanOut' | 'fan_in' | 'fan_out';

/** @inline */
interface KaimingOptions {
  readonly a?: number;
  readonly mode?: FanMode;
  readonly nonlinearity?: Nonlinearity;
}

type GainArgs = Rest<[gain: number], { readonly gain?: number }>;
type KaimingArgs = Rest<[a: number, mode: FanMode, nonlinearity: Nonlinearity], KaimingOptions>;

function check(op: string, x: unknown): asserts x is Tensor {
  checkTensor(op, x, 'tensor');
  if (!isFloat(x.dtype)) typeError(op, `tensor: expected float32 or float64, got ${x.dtype}`);
}

/** Copies numbers over a tensor, whatever requires a gradient. */
const write = (x: Tensor, values: Tensor): Tensor => noGrad(() => copy_(x, values));

const uniform = (x: Tensor, low: number, high: number): Tensor =>
  write(x, randomFill('uniform', empty(x.shape, x.dtype), low, high));
const normal = (x: Tensor, mean: number, std: number): Tensor =>
  write(x, randomFill('normal', empty(x.shape, x.dtype), mean, std));

/** Reads numbers that may come by position or by name; those left out have a default. */
function readNumbers<K extends string>(
  op: string,
  rest: readonly unknown[],
  defaults: Record<K, number>,
): Record<K, number> {
  const names = Object.keys(defaults) as K[];
  const read = { ...defaults, ...dropUndefined(readArgs<Record<K, number>>(op, rest, names)) };
  for (const name of names) checkNumber(op, name, read[name]);
  return read;
}

const dropUndefined = <T extends object>(x: T): T =>
  Object.fromEntries(Object.entries(x).filter(([, value]) => value !== undefined)) as T;

/**
 * Uniform numbers from `a` (default 0) to `b` (default 1).
 * @see https://pytorch.org/docs/stable/nn.init.html#torch.nn.init.uniform_
 */
export function uniform_(
  x: Tensor,
  ...rest: Rest<[a: number, b: number], { readonly a?: number; readonly b?: number }>
): Tensor {
  check('uniform_', x);
  const { a, b } = readNumbers('uniform_', rest, { a: 0, b: 1 });
  if (!(a <= b)) rangeError('uniform_', `expected a ≤ b, got ${a} and ${b}`);
  return uniform(x, a, b);
}

/**
 * Normal numbers of a `mean` (default 0) and a `std` (default 1).
 * @see https://pytorch.org/docs/stable/nn.init.html#torch.nn.init.normal_
 */
export function normal_(
  x: Tensor,
  ...rest: Rest<[mean: number, std: number], { readonly mean?: number; readonly std?: number }>
): Tensor {
  check('normal_', x);
  const { mean, std } = readNumbers('normal_', rest, { mean: 0, std: 1 });
  if (!(std >= 0)) rangeError('normal_', `std: expected a number from 0, got ${std}`);
  return normal(x, mean, std);
}

/** @inline */
interface TruncNormalOptions {
  readonly mean?: number;
  readonly std?: number;
  readonly a?: number;
  readonly b?: number;
}

/**
 * Normal numbers of a `mean` (default 0) and a `std` (default 1), but only those from `a` (default -2) to `b` (default 2).
 * @see https://pytorch.org/docs/stable/nn.init.html#torch.nn.init.trunc_normal_
 */
export function truncNormal_(
  x: Tensor,
  ...rest: Rest<[mean: number, std: number, a: number, b: number], TruncNormalOptions>
): Tensor {
  check('truncNormal_', x);
  const { mean, std, a, b } = readNumbers('truncNormal_', rest, { mean: 0, std: 1, a: -2, b: 2 });
  if (!(a <= b)) rangeError('truncNormal_', `expected a ≤ b, got ${a} and ${b}`);
  if (!(std > 0)) rangeError('truncNormal_', `std: expected a number above 0, got ${std}`);
  // In units of std, cut where the density is nothing beside that of the likeliest point.
  const [from, to] = [(a - mean) / std, (b - mean) / std];
  const peak = Math.min(Math.max(0, from), to);
  const [low, high] = [Math.max(from, peak - 9), Math.min(to, peak + 9)];
  const values = new Float64Array(x.size);
  // Points under the curve: uniform ones below the height of the peak, kept where the curve is higher.
  for (let found = 0; found < values.length;) {
    const count = Math.min(2 ** 16, 64 + 8 * (values.length - found));
    const drawn = rand([2, count], { dtype: 'float64' }).toArray();
    for (let i = 0; i < count && found < values.length; i++) {
      const z = low + (high - low) * drawn[i];
      if (drawn[count + i] <= Math.exp((peak * peak - z * z) / 2)) values[found++] = mean + std * z;
    }
  }
  return write(x, fromArray(values, x.shape));
}

/** One number everywhere. @see https://pytorch.org/docs/stable/nn.init.html#torch.nn.init.constant_ */
export function constant_(x: Tensor, val: number): Tensor {
  check('constant_', x);
  checkNumber('constant_', 'val', val);
  return noGrad(() => fill_(x, val));
}

/** Ones. */
export const ones_ = (x: Tensor): Tensor => {
  check('ones_', x);
  return noGrad(() => fill_(x, 1));
};

/** Zeros. */
export const zeros_ = (x: Tensor): Tensor => {
  check('zeros_', x);
  return noGrad(() => fill_(x, 0));
};

/** Writes zeros, and ones at the places that `places` gives. */
function writeOnes(x: Tensor, places: Iterable<readonly number[]>): Tensor {
  const values = new Float64Array(x.size);
  for (const index of places) values[index.reduce((offset, at, dim) => offset * x.shape[dim] + at, 0)] = 1;
  return write(x, fromArray(values, x.shape));
}

/** The identity, for a matrix: what goes through a linear layer stays. */
export function eye_(x: Tensor): Tensor {
  check('eye_', x);
  if (x.ndim !== 2) shapeError('eye_', `expected a matrix, got ${formatShape(x.shape)}`);
  return writeOnes(
    x,
    Array.from({ length: Math.min(...x.shape) }, (_, i) => [i, i]),
  );
}

/**
 * For the weight of a convolution, (out, in, …) with one to three dimensions of the window: what goes through stays, as many
 * channels as there are.
 * @param groups default 1
 * @see https://pytorch.org/docs/stable/nn.init.html#torch.nn.init.dirac_
 */
export function dirac_(x: Tensor, ...rest: Rest<[groups: number], { readonly groups?: number }>): Tensor {
  check('dirac_', x);
  const { groups } = readNumbers('dirac_', rest, { groups: 1 });
  if (x.ndim < 3 || x.ndim > 5)
    shapeError('dirac_', `expected three to five dimensions, got ${formatShape(x.shape)}`);
  const [out, channels, ...window] = x.shape;
  if (!Number.isInteger(groups) || groups < 1 || out % groups !== 0)
    rangeError('dirac_', `groups: expected a divisor of ${out}, got ${groups}`);
  const size = out / groups;
  const middle = window.map((n) => Math.floor(n / 2));
  const places: number[][] = [];
  for (let group = 0; group < groups; group++)
    for (let i = 0; i < Math.min(size, channels); i++) places.push([group * size + i, i, ...middle]);
  return writeOnes(x, places);
}

/** How many inputs each output sees, and how many outputs each input reaches, for a weight (out, in, …). */
export function calculateFanInAndFanOut(x: { readonly shape: Shape }): [fanIn: number, fanOut: number] {
  const { shape } = x;
  if (shape.length < 2)
    shapeError('init', `fans: expected at least two dimensions, got ${formatShape(shape)}`);
  const window = sizeOf(shape.slice(2));
  return [shape[1] * window, shape[0] * window];
}

/**
 * What the standard deviation of weights is multiplied by for the function that follows.
 * @param param the negative slope of `leakyRelu`. Default 0.01.
 * @see https://pytorch.org/docs/stable/nn.init.html#torch.nn.init.calculate_gain
 */
export function calculateGain(nonlinearity: Nonlinearity, param?: number | null): number {
  const name = typeof nonlinearity === 'string' ? camelCase(nonlinearity) : nonlinearity;
  if (/^(linear|sigmoid|conv(Transpose)?[123]d)$/.test(name)) return 1;
  if (name === 'tanh') return 5 / 3;
  if (name === 'relu') return Math.SQRT2;
  if (name === 'selu') return 3 / 4;
  if (name === 'leakyRelu') {
    if (param !== undefined && param !== null) checkNumber('calculateGain', 'param', param);
    return Math.sqrt(2 / (1 + (param ?? 0.01) ** 2));
  }
  rangeError(
    'calculateGain',
    `nonlinearity: expected linear, conv1d to convTranspose3d, sigmoid, tanh, relu, leakyRelu or selu, got ${describe(nonlinearity)}`,
  );
}

const camelCase = (name: string): string =>
  name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

function xavierStd(op: string, x: unknown, rest: readonly unknown[]): number {
  check(op, x);
  const { gain } = readNumbers(op, rest, { gain: 1 });
  const [fanIn, fanOut] = calculateFanInAndFanOut(x);
  return gain * Math.sqrt(2 / (fanIn + fanOut));
}

/**
 * Uniform numbers in ±gain·√(6 / (fanIn + fanOut)), for (out, in, …).
 * @param rest `gain`: default 1
 * @see https://pytorch.org/docs/stable/nn.init.html#torch.nn.init.xavier_uniform_
 */
export function xavierUniform_(x: Tensor, ...rest: GainArgs): Tensor {
  const bound = Math.sqrt(3) * xavierStd('xavierUniform_', x, rest);
  return uniform(x, -bound, bound);
}

/**
 * Normal numbers of the standard deviation gain·√(2 / (fanIn + fanOut)), for (out, in, …).
 * @param rest `gain`: default 1
 * @see https://pytorch.org/docs/stable/nn.init.html#torch.nn.init.xavier_normal_
 */
export function xavierNormal_(x: Tensor, ...rest: GainArgs): Tensor {
  return normal(x, 0, xavierStd('xavierNormal_', x, rest));
}

function kaimingStd(op: string, x: unknown, rest: readonly unknown[]): number {
  check(op, x);
  const read = readArgs<KaimingOptions>(op, rest, ['a', 'mode', 'nonlinearity']);
  const { a = 0, mode = 'fanIn', nonlinearity = 'leakyRelu' } = read;
  checkNumber(op, 'a', a);
  checkOneOf(op, 'mode', mode, ['fanIn', 'fanOut', 'fan_in', 'fan_out']);
  const [fanIn, fanOut] = calculateFanInAndFanOut(x);
  const fan = camelCase(mode) === 'fanIn' ? fanIn : fanOut;
  return calculateGain(nonlinearity, a) / Math.sqrt(Math.max(1, fan));
}

/**
 * Uniform numbers in ±gain·√(3 / fan), for (out, in, …).
 * @param rest `a`: the negative slope of a leaky ReLU, default 0; `mode`: default 'fanIn'; `nonlinearity`: default 'leakyRelu'
 * @see https://pytorch.org/docs/stable/nn.init.html#torch.nn.init.kaiming_uniform_
 */
export function kaimingUniform_(x: Tensor, ...rest: KaimingArgs): Tensor {
  const bound = Math.sqrt(3) * kaimingStd('kaimingUniform_', x, rest);
  return uniform(x, -bound, bound);
}

/**
 * Normal numbers of the standard deviation gain / √fan, for (out, in, …). Arguments as for {@link kaimingUniform_}.
 * @see https://pytorch.org/docs/stable/nn.init.html#torch.nn.init.kaiming_normal_
 */
export function kaimingNormal_(x: Tensor, ...rest: KaimingArgs): Tensor {
  return normal(x, 0, kaimingStd('kaimingNormal_', x, rest));
}

/**
 * A random matrix with orthogonal rows or columns, whichever are fewer, for (out, …) seen as a matrix.
 * @param rest `gain`: what it is multiplied by. Default 1.
 * @see https://pytorch.org/docs/stable/nn.init.html#torch.nn.init.orthogonal_
 */
export function orthogonal_(x: Tensor, ...rest: GainArgs): Tensor {
  check('orthogonal_', x);
  const { gain } = readNumbers('orthogonal_', rest, { gain: 1 });
  if (x.ndim < 2) shapeError('orthogonal_', `expected at least two dimensions, got ${formatShape(x.shape)}`);
  if (x.size === 0) return x;
  const [rows, columns] = [x.shape[0], x.size / x.shape[0]];
  const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)];
  return noGrad(() => {
    const random = randn([count, length], { dtype: 'float64' });
    const q = empty([count, length], 'float64');
    for (let i = 0; i < count; i++) {
      let v = select(random, 0, i);
      // Twice, or rounding leaves a rest of the other rows.
      for (let pass = 0; pass < 2 && i > 0; pass++) {
        const others = slice(q, 0, 0, i);
        v = sub(v, matmul(matmul(others, v), others));
      }
      copy_(select(q, 0, i), div(v, sqrt(sum(square(v)))));
    }
    const matrix = mul(rows <= columns ? q : transpose(q, 0, 1), gain);
    return copy_(x, reshape(matrix, x.shape));
  });
}

/**
 * Normal numbers with a share of zeros in each column, for a matrix.
 * @param sparsity the share, from 0 to 1
 * @param rest `std`: default 0.01
 * @see https://pytorch.org/docs/stable/nn.init.html#torch.nn.init.sparse_
 */
export function sparse_(
  x: Tensor,
  sparsity: number,
  ...rest: Rest<[std: number], { readonly std?: number }>
): Tensor {
  check('sparse_', x);
  checkNumber('sparse_', 'sparsity', sparsity);
  if (!(sparsity >= 0 && sparsity <= 1))
    rangeError('sparse_', `sparsity: expected a number from 0 to 1, got ${sparsity}`);
  const { std } = readNumbers('sparse_', rest, { std: 0.01 });
  if (x.ndim !== 2) shapeError('sparse_', `expected a matrix, got ${formatShape(x.shape)}`);
  const [rows, columns] = x.shape;
  const zeros = Math.ceil(sparsity * rows);
  const values = randn([rows, columns], { dtype: 'float64' }).toArray();
  const keys = rand([rows, columns], { dtype: 'float64' }).toArray();
  for (let column = 0; column < columns; column++) {
    const order = Array.from({ length: rows }, (_, row) => row * columns + column);
    order.sort((a, b) => keys[a] - keys[b]);
    order.forEach((at, i) => (values[at] = i < zeros ? 0 : values[at] * std));
  }
  return write(x, fromArray(values, x.shape));
}
