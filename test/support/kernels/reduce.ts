import { REDUCE, type ReduceOp } from '../../../lib/backend/contract.js';
import { DTYPES, isFloat, type DType } from '../../../lib/dtype.js';
import type { Random } from './random-values.js';
import { operand, positions, read, trial, type Row } from './trial.js';

const FLOATS: readonly DType[] = ['float32', 'float64'];

/** The elements that make one result, in row-major order, and the result. */
interface Definition {
  readonly dtypes: readonly DType[];
  readonly out: (dtype: DType) => DType;
  readonly value: (elements: readonly number[]) => number;
  /** Sums are compared with a tolerance in floats. */
  readonly scale?: (elements: readonly number[]) => number;
}

const same = (dtype: DType): DType => dtype;
const add = (elements: readonly number[]): number => elements.reduce((sum, x) => sum + x, 0);
const magnitude = (elements: readonly number[]): number => elements.reduce((sum, x) => sum + Math.abs(x), 0);
const extremum = (elements: readonly number[], pick: (...list: number[]) => number): number =>
  elements.reduce((best, x) => pick(best, x));
/** The first position of a NaN, if there is one, or else of the extremum. */
const position = (elements: readonly number[], pick: (...list: number[]) => number): number => {
  const nan = elements.findIndex(Number.isNaN);
  return nan >= 0 ? nan : elements.indexOf(extremum(elements, pick));
};

const DEFINITIONS: Record<ReduceOp, Definition> = {
  sum: { dtypes: ['uint8', 'int32', ...FLOATS], out: same, value: add, scale: magnitude },
  mean: {
    dtypes: FLOATS,
    out: same,
    value: (elements) => add(elements) / elements.length,
    scale: (elements) => magnitude(elements) / elements.length,
  },
  max: { dtypes: DTYPES, out: same, value: (elements) => extremum(elements, Math.max) },
  min: { dtypes: DTYPES, out: same, value: (elements) => extremum(elements, Math.min) },
  argmax: { dtypes: DTYPES, out: () => 'int32', value: (elements) => position(elements, Math.max) },
  argmin: { dtypes: DTYPES, out: () => 'int32', value: (elements) => position(elements, Math.min) },
};

function shapeFor(random: Random, op: ReduceOp): { shape: number[]; dims: number[] } {
  const ndim = random.pick([1, 1, 2, 2, 3, 4]);
  const shape = random.shape({ ndim });
  const dims = random
    .shuffle(shape.map((_, dim) => dim))
    .slice(0, random.integer(1, ndim))
    .sort();
  // There is no largest of nothing; a sum of nothing is fine.
  const needsElements = op !== 'sum' && op !== 'mean';
  return {
    shape: needsElements ? shape.map((size, dim) => (dims.includes(dim) ? Math.max(1, size) : size)) : shape,
    dims,
  };
}

const reduceRow = (op: ReduceOp, dtype: DType): Row => ({
  title: `reduce ${op} ${dtype}`,
  draw(random) {
    const { shape, dims } = shapeFor(random, op);
    const { out: dtypeOf, value, scale } = DEFINITIONS[op];
    // A NaN among few: else nearly every sum would be one. Ties, so that the first must be found.
    const rare = random.values(dtype, 'wild');
    const common = random.values(dtype, isFloat(dtype) && random.chance(0.5) ? 'tame' : 'wild');
    const x = operand(random, dtype, shape, random.pick(['contiguous', 'strided', 'expanded']), () =>
      random.chance(0.05) ? rare() : common(),
    );

    const kept = shape.filter((_, dim) => !dims.includes(dim));
    const keptAt = positions({
      offset: x.offset,
      shape: kept,
      strides: x.strides.filter((_, dim) => !dims.includes(dim)),
    });
    const groups = keptAt.map((offset) =>
      positions({
        offset,
        shape: shape.filter((_, dim) => dims.includes(dim)),
        strides: x.strides.filter((_, dim) => dims.includes(dim)),
      }).map((at) => x.storage.array[at]),
    );
    const outShape = random.chance(0.5) ? kept : shape.map((size, dim) => (dims.includes(dim) ? 1 : size));
    return trial({
      options: { dims },
      operands: {
        x,
        out: operand(random, dtypeOf(dtype), outShape, 'contiguous', random.values(dtypeOf(dtype))),
      },
      run: (kernels, { x, out }) => kernels.reduce(op, x, dims, out),
      expected: {
        out: {
          values: groups.map((elements) => value(elements)),
          scale: scale && isFloat(dtype) ? groups.map((elements) => scale(elements)) : undefined,
        },
      },
    });
  },
});

/** log Σ exp, and the largest element, of a row. */
function logSumExp(row: readonly number[]): { shift: number; log: number } {
  const shift = row.reduce((best, x) => Math.max(best, x), -Infinity);
  return { shift, log: Math.log(add(row.map((x) => Math.exp(x - shift)))) };
}

const chunk = (list: readonly number[], size: number): number[][] =>
  Array.from({ length: size === 0 ? 0 : list.length / size }, (_, i) => list.slice(i * size, (i + 1) * size));

const logits = (random: Random, dtype: DType): (() => number) => {
  if (random.chance(0.2)) return random.values(dtype, 'wild');
  const spread = random.pick([1, 10, 100, 1000]);
  const shift = random.pick([0, 0, 1e4, -1e4]);
  return () => shift + random.uniform(-spread, spread);
};

const softmaxRow = (dtype: DType, log: boolean): Row => ({
  title: `softmax ${dtype}${log ? ' log' : ''}`,
  draw(random) {
    const shape = random.shape({ ndim: random.pick([1, 2, 2, 3]) });
    const x = operand(
      random,
      dtype,
      shape,
      random.pick(['contiguous', 'strided', 'expanded']),
      logits(random, dtype),
    );
    const values: number[] = [];
    const scale: number[] = [];
    for (const row of chunk(read(x), shape[shape.length - 1])) {
      const { shift, log: logSum } = logSumExp(row);
      for (const value of row) {
        const logarithm = value - shift - logSum;
        values.push(log ? logarithm : Math.exp(logarithm));
        // An error in the exponent, relative to the exponent, is one in the power.
        scale.push(
          log ? 1 + Math.abs(value) + Math.abs(shift) + logSum : Math.exp(logarithm) * (1 - logarithm),
        );
      }
    }
    return trial({
      operands: { x, out: operand(random, dtype, shape, 'contiguous', random.values(dtype)) },
      run: (kernels, { x, out }) => kernels.softmax(x, out, log),
      expected: { out: { values, scale } },
    });
  },
});

/** Logits, targets of which some are ignored, and now and then one that is no class. */
function classification(random: Random, dtype: DType) {
  const rows = random.chance(0.05) ? 5000 : random.integer(0, 40);
  const classes = random.pick([1, 2, 3, 10, 10, 17, 33]);
  const ignoreIndex = random.pick([-100, -1, 0, 2, 1000]);
  const isGood = random.chance(0.8);
  const x = operand(random, dtype, [rows, classes], 'contiguous', logits(random, dtype));
  const target = operand(random, 'int32', [rows], 'contiguous', () => {
    if (random.chance(0.1)) return ignoreIndex;
    if (!isGood && random.chance(0.05)) return random.pick([-1, classes, 2 ** 31 - 1, -(2 ** 31)]);
    return random.integer(0, classes - 1);
  });
  const targets = read(target);
  const bad = targets.findIndex((t) => t !== ignoreIndex && (t < 0 || t >= classes));
  return { rows, classes, ignoreIndex, x, target, targets, bad, logits: chunk(read(x), classes) };
}

const crossEntropyRow = (dtype: DType): Row => ({
  title: `crossEntropy ${dtype}`,
  draw(random) {
    const { rows, ignoreIndex, x, target, targets, bad, logits } = classification(random, dtype);
    const values: number[] = [];
    const scale: number[] = [];
    for (let n = 0; n < rows && bad < 0; n++) {
      const { shift, log } = logSumExp(logits[n]);
      const isIgnored = targets[n] === ignoreIndex;
      values.push(isIgnored ? 0 : log + (shift - logits[n][targets[n]]));
      // The sum of powers is at least 1, and is rounded.
      scale.push(isIgnored ? 0 : 1 + log + Math.abs(shift) + Math.abs(logits[n][targets[n]]));
    }
    return trial({
      options: { ignoreIndex },
      operands: { x, target, out: operand(random, dtype, [rows], 'contiguous', random.values(dtype)) },
      run: (kernels, { x, target, out }) => kernels.crossEntropy(x, target, out, ignoreIndex),
      returns: bad,
      expected: { out: { values, scale } },
    });
  },
});

const crossEntropyGradRow = (dtype: DType): Row => ({
  title: `crossEntropyGrad ${dtype}`,
  draw(random) {
    const { rows, classes, ignoreIndex, x, target, targets, bad, logits } = classification(random, dtype);
    // Finite: an infinity times a probability that float32 cannot hold is NaN in one precision and not in another.
    const grad = operand(random, dtype, [rows], 'contiguous', random.values(dtype, 'tame'));
    const grads = read(grad);
    const values: number[] = [];
    const scale: number[] = [];
    for (let n = 0; n < rows && bad < 0; n++) {
      const { shift, log } = logSumExp(logits[n]);
      logits[n].forEach((value, c) => {
        const power = Math.exp(value - shift - log);
        const isIgnored = targets[n] === ignoreIndex;
        values.push(isIgnored ? 0 : grads[n] * (power - Number(c === targets[n])));
        scale.push(isIgnored ? 0 : Math.abs(grads[n]) * (power * (1 + shift - value) + 1));
      });
    }
    return trial({
      options: { ignoreIndex },
      operands: {
        x,
        target,
        grad,
        out: operand(random, dtype, [rows, classes], 'contiguous', random.values(dtype)),
      },
      run: (kernels, { x, target, grad, out }) => kernels.crossEntropyGrad(x, target, grad, out, ignoreIndex),
      returns: bad,
      expected: { out: { values, scale } },
    });
  },
});

export const reduceRows = {
  reduce: REDUCE.flatMap((op) => DEFINITIONS[op].dtypes.map((dtype) => reduceRow(op, dtype))),
  softmax: FLOATS.flatMap((dtype) => [softmaxRow(dtype, false), softmaxRow(dtype, true)]),
  crossEntropy: FLOATS.map(crossEntropyRow),
  crossEntropyGrad: FLOATS.map(crossEntropyGradRow),
};
