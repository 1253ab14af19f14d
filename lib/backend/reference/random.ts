import { randomPerBlock, type Operand, type RandomKind } from '../contract.js';

/** The upper 32 bits of the 64-bit product of two unsigned 32-bit numbers, in steps that stay below 2⁵³. */
function multiplyHigh(a: number, b: number): number {
  const low = (a & 0xffff) * b;
  const high = (a >>> 16) * b;
  return Math.floor((high + Math.floor(low / 0x10000)) / 0x10000);
}

/**
 * Philox4x32-10: scrambles a counter block of four 32-bit words, in place, under a key of two. Ten rounds of
 * multiplying, swapping and xor-ing make neighbouring counters look unrelated, so there is no state to carry along:
 * any number of the sequence can be computed on its own.
 * @see https://www.thesalmons.org/john/random123/papers/random123sc11.pdf
 */
export function philox(block: Uint32Array, key: readonly [number, number]): void {
  let [a, b, c, d] = block;
  let [key0, key1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, a);
    const high1 = multiplyHigh(0xcd9e8d57, c);
    const low0 = Math.imul(0xd2511f53, a) >>> 0;
    const low1 = Math.imul(0xcd9e8d57, c) >>> 0;
    [a, b, c, d] = [(high1 ^ b ^ key0) >>> 0, low1, (high0 ^ d ^ key1) >>> 0, low0];
    key0 = (key0 + 0x9e3779b9) | 0; // The golden ratio,
    key1 = (key1 + 0xbb67ae85) | 0; // and √3 - 1, as 32-bit fractions.
  }
  block[0] = a;
  block[1] = b;
  block[2] = c;
  block[3] = d;
}

/** The upper 53 bits of two words, as a fraction in [0, 1). */
const fraction = (high: number, low: number): number => ((high >>> 5) * 2 ** 26 + (low >>> 6)) * 2 ** -53;

/** Turns the words of one block into numbers. */
type Draw = (words: Uint32Array, numbers: Float64Array, a: number, b: number) => void;

// Where rounding reaches b, which is not in [a, b), it gives a.

const uniform32: Draw = (words, numbers, a, b) => {
  for (let j = 0; j < 4; j++) {
    const number = Math.fround(a + (words[j] >>> 8) * 2 ** -24 * (b - a));
    numbers[j] = number < b ? number : a;
  }
};

const uniform64: Draw = (words, numbers, a, b) => {
  for (let j = 0; j < 2; j++) {
    const number = a + fraction(words[2 * j], words[2 * j + 1]) * (b - a);
    numbers[j] = number < b ? number : a;
  }
};

/** Box–Muller: a point at angle 2πv and distance √(-2 ln u) has two independent normal coordinates. */
function boxMuller(
  u: number,
  v: number,
  numbers: Float64Array,
  j: number,
  mean: number,
  deviation: number,
): void {
  const radius = Math.sqrt(-2 * Math.log(u));
  numbers[j] = mean + deviation * (radius * Math.cos(2 * Math.PI * v));
  numbers[j + 1] = mean + deviation * (radius * Math.sin(2 * Math.PI * v));
}

const normal32: Draw = (words, numbers, mean, deviation) => {
  boxMuller((words[0] + 1) * 2 ** -32, words[1] * 2 ** -32, numbers, 0, mean, deviation);
  boxMuller((words[2] + 1) * 2 ** -32, words[3] * 2 ** -32, numbers, 2, mean, deviation);
};

const normal64: Draw = (words, numbers, mean, deviation) => {
  boxMuller(1 - fraction(words[0], words[1]), fraction(words[2], words[3]), numbers, 0, mean, deviation);
};

const integer: Draw = (words, numbers, a, b) => {
  for (let j = 0; j < 2; j++) numbers[j] = a + Math.floor(fraction(words[2 * j], words[2 * j + 1]) * (b - a));
};

function drawOf(kind: RandomKind, isFloat32: boolean): Draw {
  if (kind === 'integer') return integer;
  if (kind === 'uniform') return isFloat32 ? uniform32 : uniform64;
  return isFloat32 ? normal32 : normal64;
}

export function random(
  kind: RandomKind,
  out: Operand,
  key: readonly [number, number],
  counter: number,
  a: number,
  b: number,
): void {
  const to = out.storage.array;
  const draw = drawOf(kind, out.dtype === 'float32');
  const perBlock = randomPerBlock(kind, out.dtype);
  const words = new Uint32Array(4);
  const numbers = new Float64Array(4);
  for (let i = 0; i < out.size; i += perBlock, counter++) {
    words[0] = counter % 2 ** 32;
    words[1] = Math.floor(counter / 2 ** 32);
    words[2] = 0;
    words[3] = 0;
    philox(words, key);
    draw(words, numbers, a, b);
    const count = Math.min(perBlock, out.size - i);
    for (let j = 0; j < count; j++) to[out.offset + i + j] = numbers[j];
  }
}
