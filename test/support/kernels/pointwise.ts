import {
  BINARY,
  COMPARE,
  UNARY,
  type BinaryOp,
  type CompareOp,
  type Operand,
  type UnaryOp,
} from '../../../lib/backend/contract.js';
import { DTYPES, isFloat, type DType } from '../../../lib/dtype.js';
import type { Shape } from '../../../lib/shape.js';
import * as special from '../../../lib/backend/reference/special.js';
import { erf } from '../oracle.js';
import type { Random } from './random-values.js';
import { operand, read, readAs, trial, type Expectation, type Layout, type Row } from './trial.js';

const FLOATS: readonly DType[] = ['float32', 'float64'];
const NUMBERS: readonly DType[] = ['uint8', 'int32', 'float32', 'float64'];

const BITS: readonly DType[] = ['bool', 'uint8', 'int32'];

const ANY: readonly Layout[] = ['contiguous', 'strided', 'expanded'];
const DISTINCT: readonly Layout[] = ['contiguous', 'strided'];

/** How an op is checked, number by number. */
interface Definition<Args extends number[]> {
  readonly dtypes: readonly DType[];
  /** The result, in as many digits as JavaScript has. */
  readonly value: (...args: Args) => number;
  /** How large the terms are that it is made of; exact when not given. */
  readonly scale?: (...args: Args) => number;
  /** Whether -0 may come out as 0. */
  readonly anyZero?: boolean;
  /** Whether the op is made for small numbers: squares of the largest overflow in one precision and not in another. */
  readonly small?: boolean;
}

const normalCdf = (x: number): number => 0.5 * (1 + erf(x / Math.SQRT2));
const cubicTanh = (x: number): number => Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3));
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

const near = { scale: (): number => 0 }; // Close to the result itself, and no closer than its last digits.

const UNARY_DEFINITIONS: Record<UnaryOp, Definition<[number]>> = {
  neg: { dtypes: NUMBERS, value: (x) => -x },
  abs: { dtypes: NUMBERS, value: (x) => Math.abs(x) },
  sign: { dtypes: NUMBERS, value: (x) => Math.sign(x) || 0, anyZero: true },
  square: { dtypes: NUMBERS, value: (x) => x * x },
  exp: { dtypes: FLOATS, value: Math.exp, ...near },
  log: { dtypes: FLOATS, value: Math.log, ...near },
  sqrt: { dtypes: FLOATS, value: Math.sqrt },
  reciprocal: { dtypes: FLOATS, value: (x) => 1 / x },
  relu: { dtypes: NUMBERS, value: (x) => Math.max(x, 0), anyZero: true },
  tanh: { dtypes: FLOATS, value: Math.tanh, ...near },
  sigmoid: { dtypes: FLOATS, value: (x) => 1 / (1 + Math.exp(-x)), ...near },
  logicalNot: { dtypes: ['bool'], value: (x) => 1 - x },
  erf: { dtypes: FLOATS, value: erf, ...near },
  gelu: { dtypes: FLOATS, value: (x) => x * normalCdf(x), scale: Math.abs, anyZero: true },
  geluTanh: { dtypes: FLOATS, value: (x) => 0.5 * x * (1 + cubicTanh(x)), scale: Math.abs, anyZero: true },
  silu: { dtypes: FLOATS, value: (x) => x / (1 + Math.exp(-x)), scale: Math.abs, anyZero: true },
  softplus: {
    dtypes: FLOATS,
    value: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    ...near,
    anyZero: true,
  },
  ...ofMath('expm1', 'log1p', 'log2', 'log10', 'sin', 'cos', 'tan', 'asin', 'acos', 'atan'),
  ...ofMath('sinh', 'cosh', 'asinh', 'acosh', 'atanh', 'floor', 'ceil', 'trunc'),
  exp2: { dtypes: FLOATS, value: (x) => 2 ** x, ...near },
  rsqrt: { dtypes: FLOATS, value: (x) => 1 / Math.sqrt(x), ...near },
  round: { dtypes: FLOATS, value: special.roundHalfEven, anyZero: true },
  // test/special.test.ts compares these with numbers from elsewhere.
  ...ofSpecial('erfc', 'erfcx', 'erfinv', 'ndtri', 'lgamma', 'digamma', 'i0e', 'i1e'),
  bitwiseNot: { dtypes: ['uint8', 'int32'], value: (x) => ~x },
};

type MathOp =
  | 'expm1'
  | 'log1p'
  | 'log2'
  | 'log10'
  | 'sin'
  | 'cos'
  | 'tan'
  | 'asin'
  | 'acos'
  | 'atan'
  | 'sinh'
  | 'cosh'
  | 'asinh'
  | 'acosh'
  | 'atanh'
  | 'floor'
  | 'ceil'
  | 'trunc';

/** Functions that JavaScript has, too. */
function ofMath<K extends MathOp>(...names: K[]): Record<K, Definition<[number]>> {
  const entries = names.map((name) => [
    name,
    { dtypes: FLOATS, value: (x: number) => Math[name](x), ...near, anyZero: true },
  ]);
  return Object.fromEntries(entries) as Record<K, Definition<[number]>>;
}

/** Functions of the reference backend, with the error of sums of large terms. */
function ofSpecial<K extends keyof typeof special & UnaryOp>(...names: K[]): Record<K, Definition<[number]>> {
  const entries = names.map((name): [K, Definition<[number]>] => [
    name,
    {
      dtypes: FLOATS,
      value: special[name],
      scale: (x: number) => 100 * (1 + Math.abs(special[name](x))),
      anyZero: true,
      small: true,
    },
  ]);
  return Object.fromEntries(entries) as Record<K, Definition<[number]>>;
}

/** C's pow: unlike JavaScript's, 1 is 1 to any power, and -1 to the power of ±∞ is 1. */
const pow = (x: number, y: number): number =>
  x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y;

const BINARY_DEFINITIONS: Record<BinaryOp, Definition<[number, number]>> = {
  add: { dtypes: DTYPES, value: (a, b) => a + b },
  sub: { dtypes: NUMBERS, value: (a, b) => a - b },
  mul: { dtypes: DTYPES, value: (a, b) => a * b },
  div: { dtypes: FLOATS, value: (a, b) => a / b },
  pow: { dtypes: FLOATS, value: pow, ...near },
  maximum: { dtypes: DTYPES, value: Math.max, anyZero: true },
  minimum: { dtypes: DTYPES, value: Math.min, anyZero: true },
  reluGrad: { dtypes: FLOATS, value: (a, b) => (b <= 0 ? 0 : a) },
  sigmoidGrad: {
    dtypes: FLOATS,
    value: (a, b) => a * b * (1 - b),
    scale: (a, b) => Math.abs(a * b) * (1 + Math.abs(b)),
    anyZero: true,
    small: true,
  },
  tanhGrad: {
    dtypes: FLOATS,
    value: (a, b) => a * (1 - b * b),
    scale: (a, b) => Math.abs(a) * (1 + b * b),
    anyZero: true,
    small: true,
  },
  geluGrad: {
    dtypes: FLOATS,
    value: (a, b) => a * (normalCdf(b) + (b * Math.exp(-0.5 * b * b)) / Math.sqrt(2 * Math.PI)),
    scale: (a, b) => Math.abs(a) * (1 + Math.abs(b)),
    anyZero: true,
    small: true,
  },
  geluTanhGrad: {
    dtypes: FLOATS,
    value: (a, b) => {
      const t = cubicTanh(b);
      return a * 0.5 * (1 + t + b * (1 - t * t) * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * b * b));
    },
    scale: (a, b) => Math.abs(a) * (1 + Math.abs(b) ** 3),
    anyZero: true,
    small: true,
  },
  siluGrad: {
    dtypes: FLOATS,
    value: (a, b) => a * sigmoid(b) * (1 + b * (1 - sigmoid(b))),
    scale: (a, b) => Math.abs(a) * (1 + Math.abs(b)),
    anyZero: true,
    small: true,
  },
  fmod: { dtypes: NUMBERS, value: (a, b) => a % b, anyZero: true },
  remainder: {
    dtypes: NUMBERS,
    value: special.remainder,
    scale: (_a, b) => Math.abs(b),
    anyZero: true,
    small: true,
  },
  floorDivide: {
    dtypes: ['uint8', 'int32'],
    value: (a, b) => (b === 0 ? 0 : Math.floor(a / b)),
    anyZero: true,
  },
  atan2: { dtypes: FLOATS, value: Math.atan2, ...near, anyZero: true },
  hypot: { dtypes: FLOATS, value: Math.hypot, ...near },
  copysign: { dtypes: FLOATS, value: special.copysign },
  fmax: { dtypes: NUMBERS, value: (a, b) => (Number.isNaN(b) || a > b ? a : b), anyZero: true },
  fmin: { dtypes: NUMBERS, value: (a, b) => (Number.isNaN(b) || a < b ? a : b), anyZero: true },
  bitwiseAnd: { dtypes: BITS, value: (a, b) => a & b },
  bitwiseOr: { dtypes: BITS, value: (a, b) => a | b },
  bitwiseXor: { dtypes: BITS, value: (a, b) => a ^ b },
  bitwiseLeftShift: { dtypes: ['uint8', 'int32'], value: (a, b) => (b < 0 || b > 31 ? 0 : a << b) },
  bitwiseRightShift: { dtypes: ['uint8', 'int32'], value: (a, b) => a >> (b < 0 || b > 31 ? 31 : b) },
  gcd: { dtypes: ['uint8', 'int32'], value: special.gcd },
  zeta: {
    dtypes: FLOATS,
    value: special.zeta,
    scale: (s, q) => 100 * Math.abs(special.zeta(s, q)),
    small: true,
  },
};

const COMPARE_DEFINITIONS: Record<CompareOp, (a: number, b: number) => boolean> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
};

/** What a number becomes in an integer dtype: the exact one modulo its width. */
function wrapped(dtype: DType, exact: () => bigint): number {
  if (dtype === 'bool') return exact() === 0n ? 0 : 1;
  return Number(dtype === 'uint8' ? BigInt.asUintN(8, exact()) : BigInt.asIntN(32, exact()));
}

/** Products of integers, with all their digits. */
const EXACT: Partial<Record<UnaryOp | BinaryOp, (a: bigint, b: bigint) => bigint>> = {
  neg: (a) => -a,
  abs: (a) => (a < 0n ? -a : a),
  square: (a) => a * a,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
};

function expectation<Args extends number[]>(
  op: UnaryOp | BinaryOp,
  dtype: DType,
  { value, scale, anyZero }: Definition<Args>,
  inputs: readonly Args[],
): Expectation {
  const exact = isFloat(dtype) ? undefined : EXACT[op];
  const wrap = (x: number): number =>
    isFloat(dtype) || Number.isNaN(x) ? x : wrapped(dtype, () => BigInt(x));
  const values = inputs.map((args) =>
    exact ? wrapped(dtype, () => exact(BigInt(args[0]), BigInt(args[1] ?? 0))) : wrap(value(...args)),
  );
  return { values, scale: scale && inputs.map((args) => scale(...args)), signOfZero: !anyZero };
}

/** Numbers an op must cope with: all there are, or all that are not huge. */
const numbers = (random: Random, dtype: DType, isSmall = false): (() => number) =>
  random.values(dtype, isSmall ? 'wild' : random.pick(['wild', 'extreme']));

/** An operand that broadcasts to `shape`. */
const input = (random: Random, dtype: DType, shape: Shape, values = numbers(random, dtype)): Operand =>
  operand(random, dtype, random.broadcastable(shape), random.pick(ANY), values);

/** An operand without repetitions: what is written to, or an input that may be. */
const whole = (random: Random, dtype: DType, shape: Shape, values = numbers(random, dtype)): Operand =>
  operand(random, dtype, shape, random.pick(DISTINCT), values);

const unaryRow = (op: UnaryOp, dtype: DType): Row => ({
  title: `unary ${op} ${dtype}`,
  draw(random) {
    const shape = random.shape();
    const inPlace = random.chance(0.3);
    const values = numbers(random, dtype, UNARY_DEFINITIONS[op].small);
    const x = operand(random, dtype, shape, random.pick(inPlace ? DISTINCT : ANY), values);
    const inputs = read(x).map((value): [number] => [value]);
    return trial({
      operands: { x, out: inPlace ? x : whole(random, dtype, shape) },
      run: (kernels, { x, out }) => kernels.unary(op, x, out),
      expected: { out: expectation(op, dtype, UNARY_DEFINITIONS[op], inputs) },
    });
  },
});

const binaryRow = (op: BinaryOp, dtype: DType): Row => ({
  title: `binary ${op} ${dtype}`,
  draw(random) {
    const shape = random.shape();
    const inPlace = random.chance(0.3);
    const values = numbers(random, dtype, BINARY_DEFINITIONS[op].small);
    const a = (inPlace ? whole : input)(random, dtype, shape, values);
    const b = random.chance(0.05) && inPlace ? a : input(random, dtype, shape, values);
    const second = readAs(b, shape);
    const inputs = readAs(a, shape).map((value, i): [number, number] => [value, second[i]]);
    return trial({
      operands: { a, b, out: inPlace ? a : whole(random, dtype, shape) },
      run: (kernels, { a, b, out }) => kernels.binary(op, a, b, out),
      expected: { out: expectation(op, dtype, BINARY_DEFINITIONS[op], inputs) },
    });
  },
});

const compareRow = (op: CompareOp, dtype: DType): Row => ({
  title: `compare ${op} ${dtype}`,
  draw(random) {
    const shape = random.shape();
    const [a, b] = [input(random, dtype, shape), input(random, dtype, shape)];
    const second = readAs(b, shape);
    const holds = COMPARE_DEFINITIONS[op];
    return trial({
      operands: { a, b, out: whole(random, 'bool', shape) },
      run: (kernels, { a, b, out }) => kernels.compare(op, a, b, out),
      expected: { out: { values: readAs(a, shape).map((value, i) => Number(holds(value, second[i]))) } },
    });
  },
});

const whereRow = (dtype: DType): Row => ({
  title: `where ${dtype}`,
  draw(random) {
    const shape = random.shape();
    const condition = input(random, 'bool', shape);
    const [a, b] = [input(random, dtype, shape), input(random, dtype, shape)];
    const [first, second] = [readAs(a, shape), readAs(b, shape)];
    return trial({
      operands: { condition, a, b, out: whole(random, dtype, shape) },
      run: (kernels, { condition, a, b, out }) => kernels.where(condition, a, b, out),
      expected: {
        out: {
          values: readAs(condition, shape).map((holds, i) => (holds ? first[i] : second[i])),
          signOfZero: true,
        },
      },
    });
  },
});

/** Numbers whose conversion C defines: those that fit, once the fraction is cut off. */
function convertible(random: Random, from: DType, to: DType): () => number {
  if (!isFloat(from)) return random.values(from, 'wild');
  if (to === 'int32')
    return () => random.uniform(-(2 ** 31), 2 ** 31 - 1) * random.pick([1, 2 ** -16, 2 ** -28, 0]);
  if (to === 'uint8') return () => random.uniform(-0.99, 255.99);
  return random.values(from, 'extreme');
}

const copyRow = (from: DType, to: DType): Row => ({
  title: `copy ${from} to ${to}`,
  draw(random) {
    const shape = random.shape();
    const x = operand(
      random,
      from,
      random.broadcastable(shape),
      random.pick(ANY),
      convertible(random, from, to),
    );
    const convert =
      to === 'bool' ? (value: number) => Number(value !== 0) : isFloat(to) ? (v: number) => v : Math.trunc;
    return trial({
      operands: { x, out: whole(random, to, shape) },
      run: (kernels, { x, out }) => kernels.copy(x, out),
      expected: { out: { values: readAs(x, shape).map(convert), signOfZero: true } },
    });
  },
});

const fillRow = (dtype: DType): Row => ({
  title: `fill ${dtype}`,
  draw(random) {
    const out = whole(random, dtype, random.shape());
    const value = isFloat(dtype)
      ? random.pick([0, -0, 1, 0.1, NaN, -Infinity, 2 ** -140])
      : random.values(dtype)();
    return trial({
      options: { value: String(value) },
      operands: { out },
      run: (kernels, { out }) => kernels.fill(value, out),
      expected: { out: { values: new Array<number>(out.size).fill(value), signOfZero: true } },
    });
  },
});

export const pointwiseRows = {
  unary: UNARY.flatMap((op) => UNARY_DEFINITIONS[op].dtypes.map((dtype) => unaryRow(op, dtype))),
  binary: BINARY.flatMap((op) => BINARY_DEFINITIONS[op].dtypes.map((dtype) => binaryRow(op, dtype))),
  compare: COMPARE.flatMap((op) => DTYPES.map((dtype) => compareRow(op, dtype))),
  where: DTYPES.map(whereRow),
  copy: DTYPES.flatMap((from) => DTYPES.map((to) => copyRow(from, to))),
  fill: DTYPES.map(fillRow),
};
