import { RANDOM, randomPerBlock, type RandomKind } from '../../../lib/backend/contract.js';
import { DTYPES, type DType } from '../../../lib/dtype.js';
import { sizeOf } from '../../../lib/shape.js';
import type { Random } from './random-values.js';
import { operand, trial, type Expectation, type Row } from './trial.js';

const FLOATS: readonly DType[] = ['float32', 'float64'];
const WORD = 2n ** 32n;

/** Philox4x32-10 with whole numbers of any size: nothing can overflow, so nothing needs care. */
export function philoxBlock(counter: bigint, key: readonly [number, number]): bigint[] {
  let words = [counter % WORD, counter / WORD, 0n, 0n];
  let [k0, k1] = [BigInt(key[0]), BigInt(key[1])];
  for (let round = 0; round < 10; round++) {
    const [p, q] = [0xd2511f53n * words[0], 0xcd9e8d57n * words[2]];
    words = [(q / WORD) ^ words[1] ^ k0, q % WORD, (p / WORD) ^ words[3] ^ k1, p % WORD];
    [k0, k1] = [(k0 + 0x9e3779b9n) % WORD, (k1 + 0xbb67ae85n) % WORD];
  }
  return words;
}

const fraction53 = (high: bigint, low: bigint): number =>
  Number((high >> 5n) * 2n ** 26n + (low >> 6n)) * 2 ** -53;

function numbersOf(kind: RandomKind, dtype: DType, words: readonly bigint[], a: number, b: number): number[] {
  const pairs = [words.slice(0, 2), words.slice(2)];
  const isSingle = dtype === 'float32';
  if (kind === 'integer') return pairs.map(([high, low]) => a + Math.floor(fraction53(high, low) * (b - a)));
  if (kind === 'uniform') {
    const parts = isSingle
      ? words.map((w) => Number(w >> 8n) * 2 ** -24)
      : pairs.map(([h, l]) => fraction53(h, l));
    const round = isSingle ? Math.fround : Number;
    return parts.map((part) => round(a + part * (b - a))).map((x) => (x >= b ? a : x));
  }
  const points = isSingle
    ? pairs.map(([u, v]) => [(Number(u) + 1) * 2 ** -32, Number(v) * 2 ** -32])
    : [[1 - fraction53(words[0], words[1]), fraction53(words[2], words[3])]];
  return points.flatMap(([u, v]) => {
    const radius = Math.sqrt(-2 * Math.log(u));
    return [a + b * radius * Math.cos(2 * Math.PI * v), a + b * radius * Math.sin(2 * Math.PI * v)];
  });
}

/** [a, b]: a range, or mean and standard deviation. */
function bounds(random: Random, kind: RandomKind, dtype: DType): [number, number] {
  if (kind === 'normal') return [random.uniform(-2, 2), random.pick([0, 1, 1, 0.1, 30])];
  if (kind === 'uniform')
    return random.pick([
      [0, 1],
      [0, 1],
      [-1, 1],
      [-0.1, 0.1],
      [5, 5 + 2 ** -20],
      [1e6, 1e6 + 1],
    ]);
  if (dtype === 'bool') return [0, 2];
  if (dtype === 'uint8')
    return random.pick([
      [0, 256],
      [3, 10],
    ]);
  if (dtype === 'int32')
    return random.pick([
      [0, 10],
      [-5, 6],
      [-(2 ** 31), 2 ** 31 - 1],
      [7, 8],
    ]);
  return random.pick([
    [0, 10],
    [-(2 ** 24), 2 ** 24],
  ]);
}

const randomRow = (kind: RandomKind, dtype: DType): Row => ({
  title: `random ${kind} ${dtype}`,
  draw(random) {
    const shape = random.shape();
    const [a, b] = bounds(random, kind, dtype);
    const word = (): number => random.pick([0, 2 ** 32 - 1, random.integer(0, 2 ** 32 - 1)]);
    const key = [word(), word()] as const;
    // Also where the lower half of the counter runs over.
    const counter = random.pick([
      0,
      random.integer(0, 1000),
      2 ** 32 - 3,
      random.integer(2 ** 40, 2 ** 52),
      2 ** 53 - 2 ** 17,
    ]);
    const size = sizeOf(shape);
    const perBlock = randomPerBlock(kind, dtype);
    const values: number[] = [];
    for (let block = 0; values.length < size; block++)
      values.push(...numbersOf(kind, dtype, philoxBlock(BigInt(counter + block), key), a, b));
    values.length = size;
    const expected: Expectation = {
      values,
      scale: kind === 'normal' ? values.map((x) => Math.abs(a) + Math.abs(x - a) + b) : undefined,
    };
    return trial({
      options: { key, counter, a, b, perBlock },
      operands: { out: operand(random, dtype, shape, 'contiguous', random.values(dtype)) },
      run: (kernels, { out }) => kernels.random(kind, out, key, counter, a, b),
      expected: { out: expected },
    });
  },
});

export const randomRows = {
  random: RANDOM.flatMap((kind) =>
    (kind === 'integer' ? DTYPES : FLOATS).map((dtype) => randomRow(kind, dtype)),
  ),
};
