import type { Operand } from '../../../lib/backend/contract.js';
import type { DType } from '../../../lib/dtype.js';
import { contiguousStrides, sizeOf } from '../../../lib/shape.js';
import type { Random } from './random-values.js';
import { operand, place, positions, read, trial, type Row } from './trial.js';

const FLOATS: readonly DType[] = ['float32', 'float64'];

/** A batch of matrices as the contract allows them: row by row or column by column, with gaps, any batch strides. */
function matrices(
  random: Random,
  dtype: DType,
  batch: readonly number[],
  rows: number,
  columns: number,
): Operand {
  const isTransposed = random.chance(0.5);
  const [long, short] = isTransposed ? [columns, rows] : [rows, columns];
  const lead = random.chance(0.3) ? random.integer(1, 5) : 0;
  const stride = Math.max(1, short) + lead;
  // Along a dimension of one element there is no next one, and the stride may be anything.
  const inner = short === 1 && random.chance(0.3) ? random.integer(1, 40) : 1;
  const strides = isTransposed ? [inner, stride] : [stride, inner];
  const outer = long === 1 && random.chance(0.3) ? random.integer(-7, 7) : stride;
  strides[isTransposed ? 1 : 0] = outer;
  const size = stride * Math.max(1, long) + inner;
  const batchStrides = contiguousStrides(batch).map((step) =>
    random.chance(0.2) ? 0 : step * (size + random.integer(0, 3)) * (random.chance(0.2) ? -1 : 1),
  );
  const values = random.values(dtype, random.chance(0.2) ? 'wild' : 'tame');
  return place(random, dtype, [...batch, rows, columns], [...batchStrides, ...strides], values);
}

function sizes(random: Random): { batch: number[]; m: number; n: number; k: number } {
  if (random.chance(0.05))
    return { batch: [], m: random.integer(60, 130), n: random.integer(60, 130), k: random.integer(60, 300) };
  const size = (): number => (random.chance(0.03) ? 0 : random.pick([1, 1, 2, 3, 4, 5, 8, 13, 16, 17, 33]));
  const batch = random.pick([[], [], [1], [2], [5], [2, 3], [3, 1, 2], [0], [40]]);
  return { batch, m: size(), n: size(), k: size() };
}

/** Where the matrices of `x` start, one for each of `batch`. */
const startsOf = (x: Operand, batch: readonly number[]): number[] => {
  const own = x.shape.slice(0, -2);
  const lead = batch.length - own.length;
  const strides = batch.map((_, dim) => (dim < lead || own[dim - lead] === 1 ? 0 : x.strides[dim - lead]));
  return positions({ offset: x.offset, shape: batch, strides });
};

const matmulRow = (dtype: DType): Row => ({
  title: `matmul ${dtype}`,
  draw(random) {
    const { batch, m, n, k } = sizes(random);
    const a = matrices(random, dtype, random.broadcastable(batch), m, k);
    const b = matrices(random, dtype, random.broadcastable(batch), k, n);
    const out = operand(random, dtype, [...batch, m, n], 'contiguous', random.values(dtype, 'tame'));
    const bias = random.chance(0.4)
      ? operand(random, dtype, [n], 'contiguous', random.values(dtype, 'tame'))
      : null;
    const [aStarts, bStarts] = [startsOf(a, batch), startsOf(b, batch)];
    const biases = bias && read(bias);
    const [aRow, aColumn] = a.strides.slice(-2);
    const [bRow, bColumn] = b.strides.slice(-2);
    const values: number[] = [];
    const scale: number[] = [];
    for (let at = 0; at < sizeOf(batch); at++)
      for (let i = 0; i < m; i++)
        for (let j = 0; j < n; j++) {
          let sum = biases === null ? 0 : biases[j];
          let terms = Math.abs(sum);
          for (let l = 0; l < k; l++) {
            const term =
              a.storage.array[aStarts[at] + i * aRow + l * aColumn] *
              b.storage.array[bStarts[at] + l * bRow + j * bColumn];
            sum += term;
            terms += Math.abs(term);
          }
          values.push(sum);
          scale.push(terms);
        }
    return trial({
      operands: { a, b, bias, out },
      run: (kernels, { a, b, bias, out }) => kernels.matmul(a, b, bias, out),
      expected: { out: { values, scale } },
    });
  },
});

export const matmulRows = { matmul: FLOATS.map(matmulRow) };
