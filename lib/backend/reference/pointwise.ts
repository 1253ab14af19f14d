import type { DType, TypedArray } from '../../dtype.js';
import type { BinaryOp, CompareOp, Operand, UnaryOp } from '../contract.js';
import * as special from './special.js';
import { Walk } from './walk.js';

// One small function per op, each with a loop of its own: a shared loop that calls a function per element becomes
// five times slower once V8 has seen several functions in it. The arguments say it all: `n` elements, input `x` from
// `i` in steps of `di`, input `y` from `j` in steps of `dj`, into `out` from `o` in steps of `d`.
// Everything is computed in float64 and rounded by the store; stores into integers wrap around.

type UnaryRow = (
  n: number,
  x: TypedArray,
  i: number,
  di: number,
  out: TypedArray,
  o: number,
  d: number,
) => void;

/** For functions that cost much more than a call. */
const each =
  (f: (x: number) => number): UnaryRow =>
  (n, x, i, di, out, o, d) => {
    for (; n > 0; n--, i += di, o += d) out[o] = f(x[i]);
  };

const UNARY_ROWS: Record<UnaryOp, UnaryRow> = {
  neg(n, x, i, di, out, o, d) {
    for (; n > 0; n--, i += di, o += d) out[o] = -x[i];
  },
  abs(n, x, i, di, out, o, d) {
    for (; n > 0; n--, i += di, o += d) out[o] = Math.abs(x[i]);
  },
  sign(n, x, i, di, out, o, d) {
    for (; n > 0; n--, i += di, o += d) out[o] = x[i] > 0 ? 1 : x[i] < 0 ? -1 : 0;
  },
  square(n, x, i, di, out, o, d) {
    for (; n > 0; n--, i += di, o += d) out[o] = x[i] * x[i];
  },
  exp(n, x, i, di, out, o, d) {
    for (; n > 0; n--, i += di, o += d) out[o] = Math.exp(x[i]);
  },
  log(n, x, i, di, out, o, d) {
    for (; n > 0; n--, i += di, o += d) out[o] = Math.log(x[i]);
  },
  sqrt(n, x, i, di, out, o, d) {
    for (; n > 0; n--, i += di, o += d) out[o] = Math.sqrt(x[i]);
  },
  reciprocal(n, x, i, di, out, o, d) {
    for (; n > 0; n--, i += di, o += d) out[o] = 1 / x[i];
  },
  relu(n, x, i, di, out, o, d) {
    for (; n > 0; n--, i += di, o += d) out[o] = x[i] <= 0 ? 0 : x[i]; // A NaN is not <= 0, and stays.
  },
  tanh(n, x, i, di, out, o, d) {
    for (; n > 0; n--, i += di, o += d) out[o] = Math.tanh(x[i]);
  },
  sigmoid(n, x, i, di, out, o, d) {
    for (; n > 0; n--, i += di, o += d) out[o] = sigmoid(x[i]);
  },
  logicalNot(n, x, i, di, out, o, d) {
    for (; n > 0; n--, i += di, o += d) out[o] = x[i] === 0 ? 1 : 0;
  },
  erf(n, x, i, di, out, o, d) {
    for (; n > 0; n--, i += di, o += d) out[o] = special.erf(x[i]);
  },
  gelu(n, x, i, di, out, o, d) {
    for (; n > 0; n--, i += di, o += d) out[o] = x[i] * normalCdf(x[i]);
  },
  geluTanh(n, x, i, di, out, o, d) {
    for (; n > 0; n--, i += di, o += d) out[o] = 0.5 * x[i] * (1 + cubicTanh(x[i]));
  },
  silu(n, x, i, di, out, o, d) {
    for (; n > 0; n--, i += di, o += d) out[o] = x[i] * sigmoid(x[i]);
  },
  softplus(n, x, i, di, out, o, d) {
    for (; n > 0; n--, i += di, o += d) out[o] = Math.max(x[i], 0) + Math.log1p(Math.exp(-Math.abs(x[i])));
  },
  exp2: each((x) => 2 ** x),
  expm1: each(Math.expm1),
  log1p: each(Math.log1p),
  log2: each(Math.log2),
  log10: each(Math.log10),
  rsqrt: each((x) => 1 / Math.sqrt(x)),
  sin: each(Math.sin),
  cos: each(Math.cos),
  tan: each(Math.tan),
  asin: each(Math.asin),
  acos: each(Math.acos),
  atan: each(Math.atan),
  sinh: each(Math.sinh),
  cosh: each(Math.cosh),
  asinh: each(Math.asinh),
  acosh: each(Math.acosh),
  atanh: each(Math.atanh),
  floor: each(Math.floor),
  ceil: each(Math.ceil),
  round: each(special.roundHalfEven),
  trunc: each(Math.trunc),
  erfc: each(special.erfc),
  erfcx: each(special.erfcx),
  erfinv: each(special.erfinv),
  ndtri: each(special.ndtri),
  lgamma: each(special.lgamma),
  digamma: each(special.digamma),
  i0e: each(special.i0e),
  i1e: each(special.i1e),
  bitwiseNot: each((x) => ~x),
};

function sigmoid(x: number): number {
  const e = Math.exp(-Math.abs(x)); // At most 1: no overflow.
  return x < 0 ? e / (1 + e) : 1 / (1 + e);
}

/** The cumulative distribution function of the standard normal distribution, Φ. */
const normalCdf = (x: number): number => 0.5 * (1 + special.erf(x / Math.SQRT2));

/** tanh of √(2/π)·(x + 0.044715·x³), which is close to 2·Φ(x) - 1. */
const ROOT = Math.sqrt(2 / Math.PI);
const cubicTanh = (x: number): number => Math.tanh(ROOT * (x + 0.044715 * x ** 3));

// A product of two int32 may have more than the 53 bits of a float64: Math.imul keeps the lower 32.
const squareInt: UnaryRow = (n, x, i, di, out, o, d) => {
  for (; n > 0; n--, i += di, o += d) out[o] = Math.imul(x[i], x[i]);
};

export function unary(op: UnaryOp, x: Operand, out: Operand): void {
  const row = op === 'square' && x.dtype === 'int32' ? squareInt : UNARY_ROWS[op];
  const [from, to] = [x.storage.array, out.storage.array];
  for (const walk = new Walk(out.shape, [x, out]); walk.more; walk.next())
    row(walk.length, from, walk.at[0], walk.step[0], to, walk.at[1], walk.step[1]);
}

type BinaryRow = (
  n: number,
  x: TypedArray,
  i: number,
  di: number,
  y: TypedArray,
  j: number,
  dj: number,
  out: TypedArray,
  o: number,
  d: number,
) => void;

const eachPair =
  (f: (a: number, b: number) => number): BinaryRow =>
  (n, x, i, di, y, j, dj, out, o, d) => {
    for (; n > 0; n--, i += di, j += dj, o += d) out[o] = f(x[i], y[j]);
  };

const BINARY_ROWS: Record<BinaryOp, BinaryRow> = {
  add(n, x, i, di, y, j, dj, out, o, d) {
    for (; n > 0; n--, i += di, j += dj, o += d) out[o] = x[i] + y[j];
  },
  sub(n, x, i, di, y, j, dj, out, o, d) {
    for (; n > 0; n--, i += di, j += dj, o += d) out[o] = x[i] - y[j];
  },
  mul(n, x, i, di, y, j, dj, out, o, d) {
    for (; n > 0; n--, i += di, j += dj, o += d) out[o] = x[i] * y[j];
  },
  div(n, x, i, di, y, j, dj, out, o, d) {
    for (; n > 0; n--, i += di, j += dj, o += d) out[o] = x[i] / y[j];
  },
  pow(n, x, i, di, y, j, dj, out, o, d) {
    // C says 1 where JavaScript says NaN: 1 to the power of anything, and -1 to the power of ±∞.
    for (; n > 0; n--, i += di, j += dj, o += d)
      out[o] = x[i] === 1 || (x[i] === -1 && Math.abs(y[j]) === Infinity) ? 1 : x[i] ** y[j];
  },
  maximum(n, x, i, di, y, j, dj, out, o, d) {
    for (; n > 0; n--, i += di, j += dj, o += d) out[o] = Math.max(x[i], y[j]);
  },
  minimum(n, x, i, di, y, j, dj, out, o, d) {
    for (; n > 0; n--, i += di, j += dj, o += d) out[o] = Math.min(x[i], y[j]);
  },
  reluGrad(n, x, i, di, y, j, dj, out, o, d) {
    for (; n > 0; n--, i += di, j += dj, o += d) out[o] = y[j] <= 0 ? 0 : x[i];
  },
  sigmoidGrad(n, x, i, di, y, j, dj, out, o, d) {
    for (; n > 0; n--, i += di, j += dj, o += d) out[o] = x[i] * y[j] * (1 - y[j]);
  },
  tanhGrad(n, x, i, di, y, j, dj, out, o, d) {
    for (; n > 0; n--, i += di, j += dj, o += d) out[o] = x[i] * (1 - y[j] * y[j]);
  },
  geluGrad(n, x, i, di, y, j, dj, out, o, d) {
    for (; n > 0; n--, i += di, j += dj, o += d) {
      const density = Math.exp(-0.5 * y[j] * y[j]) / Math.sqrt(2 * Math.PI);
      out[o] = x[i] * (normalCdf(y[j]) + y[j] * density);
    }
  },
  geluTanhGrad(n, x, i, di, y, j, dj, out, o, d) {
    for (; n > 0; n--, i += di, j += dj, o += d) {
      const t = cubicTanh(y[j]);
      const slope = ROOT * (1 + 3 * 0.044715 * y[j] * y[j]);
      out[o] = x[i] * 0.5 * (1 + t + y[j] * (1 - t * t) * slope);
    }
  },
  siluGrad(n, x, i, di, y, j, dj, out, o, d) {
    for (; n > 0; n--, i += di, j += dj, o += d) {
      const s = sigmoid(y[j]);
      out[o] = x[i] * s * (1 + y[j] * (1 - s));
    }
  },
  fmod: eachPair((a, b) => a % b),
  remainder: eachPair(special.remainder),
  floorDivide: eachPair(special.floorDivide),
  atan2: eachPair(Math.atan2),
  hypot: eachPair(Math.hypot),
  copysign: eachPair(special.copysign),
  fmax: eachPair((a, b) => (a > b || Number.isNaN(b) ? a : b)),
  fmin: eachPair((a, b) => (a < b || Number.isNaN(b) ? a : b)),
  bitwiseAnd: eachPair((a, b) => a & b),
  bitwiseOr: eachPair((a, b) => a | b),
  bitwiseXor: eachPair((a, b) => a ^ b),
  bitwiseLeftShift: eachPair((a, b) => (b < 0 || b > 31 ? 0 : a << b)),
  bitwiseRightShift: eachPair((a, b) => a >> (b < 0 || b > 31 ? 31 : b)),
  gcd: eachPair(special.gcd),
  zeta: eachPair(special.zeta),
};

const mulInt: BinaryRow = (n, x, i, di, y, j, dj, out, o, d) => {
  for (; n > 0; n--, i += di, j += dj, o += d) out[o] = Math.imul(x[i], y[j]);
};

// Booleans: the only sum that needs care is 1 + 1.
const or: BinaryRow = (n, x, i, di, y, j, dj, out, o, d) => {
  for (; n > 0; n--, i += di, j += dj, o += d) out[o] = x[i] | y[j];
};

function binaryRow(op: BinaryOp, dtype: DType): BinaryRow {
  if (op === 'mul' && dtype === 'int32') return mulInt;
  if (op === 'add' && dtype === 'bool') return or;
  return BINARY_ROWS[op];
}

const COMPARE_ROWS: Record<CompareOp, BinaryRow> = {
  eq(n, x, i, di, y, j, dj, out, o, d) {
    for (; n > 0; n--, i += di, j += dj, o += d) out[o] = x[i] === y[j] ? 1 : 0;
  },
  ne(n, x, i, di, y, j, dj, out, o, d) {
    for (; n > 0; n--, i += di, j += dj, o += d) out[o] = x[i] !== y[j] ? 1 : 0;
  },
  lt(n, x, i, di, y, j, dj, out, o, d) {
    for (; n > 0; n--, i += di, j += dj, o += d) out[o] = x[i] < y[j] ? 1 : 0;
  },
  le(n, x, i, di, y, j, dj, out, o, d) {
    for (; n > 0; n--, i += di, j += dj, o += d) out[o] = x[i] <= y[j] ? 1 : 0;
  },
  gt(n, x, i, di, y, j, dj, out, o, d) {
    for (; n > 0; n--, i += di, j += dj, o += d) out[o] = x[i] > y[j] ? 1 : 0;
  },
  ge(n, x, i, di, y, j, dj, out, o, d) {
    for (; n > 0; n--, i += di, j += dj, o += d) out[o] = x[i] >= y[j] ? 1 : 0;
  },
};

function binaryRows(row: BinaryRow, a: Operand, b: Operand, out: Operand): void {
  const [x, y, to] = [a.storage.array, b.storage.array, out.storage.array];
  for (const walk = new Walk(out.shape, [a, b, out]); walk.more; walk.next()) {
    const { at, step } = walk;
    row(walk.length, x, at[0], step[0], y, at[1], step[1], to, at[2], step[2]);
  }
}

export function binary(op: BinaryOp, a: Operand, b: Operand, out: Operand): void {
  binaryRows(binaryRow(op, out.dtype), a, b, out);
}

export function compare(op: CompareOp, a: Operand, b: Operand, out: Operand): void {
  binaryRows(COMPARE_ROWS[op], a, b, out);
}

export function where(condition: Operand, a: Operand, b: Operand, out: Operand): void {
  const [c, x, y, to] = [condition.storage.array, a.storage.array, b.storage.array, out.storage.array];
  for (const walk = new Walk(out.shape, [condition, a, b, out]); walk.more; walk.next()) {
    let [k, i, j, o] = walk.at;
    const [dk, di, dj, d] = walk.step;
    for (let n = walk.length; n > 0; n--, k += dk, i += di, j += dj, o += d) to[o] = c[k] !== 0 ? x[i] : y[j];
  }
}

/**
 * Stores convert as C does. Where C leaves the result open (NaN, or a number that does not fit into the integer) they
 * take it modulo 2³² or 2⁸, NaN and infinities as 0; native does the same for numbers below 2⁶³.
 */
export function copy(x: Operand, out: Operand): void {
  const [from, to] = [x.storage.array, out.storage.array];
  const toBool = out.dtype === 'bool' && x.dtype !== 'bool';
  for (const walk = new Walk(out.shape, [x, out]); walk.more; walk.next()) {
    const { length } = walk;
    let [i, o] = walk.at;
    const [di, d] = walk.step;
    if (toBool) for (let n = length; n > 0; n--, i += di, o += d) to[o] = from[i] !== 0 ? 1 : 0;
    else if (di === 1 && d === 1 && length >= BULK) to.set(from.subarray(i, i + length), o);
    else for (let n = length; n > 0; n--, i += di, o += d) to[o] = from[i];
  }
}

/** From so many elements on, `set` and `fill` are faster than a loop. */
const BULK = 64;

export function fill(value: number, out: Operand): void {
  const to = out.storage.array;
  const element = out.dtype === 'bool' ? Number(value !== 0) : value;
  for (const walk = new Walk(out.shape, [out]); walk.more; walk.next()) {
    const { length } = walk;
    let [o] = walk.at;
    const [d] = walk.step;
    if (d === 1 && length >= BULK) to.fill(element, o, o + length);
    else for (let n = length; n > 0; n--, o += d) to[o] = element;
  }
}
