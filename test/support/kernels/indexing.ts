import { SCATTER, type Operand, type ScatterOp } from '../../../lib/backend/contract.js';
import { DTYPES, isFloat, type DType } from '../../../lib/dtype.js';
import { contiguousStrides, sizeOf, type Shape } from '../../../lib/shape.js';
import type { Random } from './random-values.js';
import { operand, positions, read, readAs, trial, view, type Expectation, type Row } from './trial.js';

const ANY = ['contiguous', 'strided', 'expanded'] as const;

/** A shape with a dimension to index, which is not empty. */
function indexed(random: Random): { shape: number[]; dim: number } {
  const ndim = random.pick([1, 2, 2, 3, 4]);
  const shape = random.shape({ ndim, empty: false, long: random.chance(0.5) });
  const dim = random.integer(0, ndim - 1);
  if (ndim > 1 && random.chance(0.05)) shape[(dim + 1) % ndim] = 0;
  return { shape, dim };
}

/** Indices into a dimension of `size`; now and then one is bad. */
function indices(random: Random, shape: Shape, size: number): { index: Operand; bad: number } {
  const isGood = random.chance(0.8);
  const index = operand(random, 'int32', shape, random.pick(ANY), () =>
    !isGood && random.chance(0.03)
      ? random.pick([-1, size, size + 7, -size, 2 ** 31 - 1, -(2 ** 31)])
      : random.integer(0, size - 1),
  );
  return { index, bad: read(index).findIndex((i) => i < 0 || i >= size) };
}

/** For a shape that fits into `shape` outside of `dim`. */
const fitting = (random: Random, shape: Shape, dim: number): number[] =>
  shape.map((size, i) =>
    i === dim ? random.pick([0, 1, 2, 3, 7, size]) : random.chance(0.3) ? random.integer(0, size) : size,
  );

/** The place in a contiguous tensor of `shape` that each element of `index` (walked as `as`) names along `dim`. */
function targets(shape: Shape, dim: number, as: Shape, index: readonly number[]): number[] {
  const strides = contiguousStrides(shape);
  const held = strides.map((stride, i) => (i === dim ? 0 : stride));
  return positions({ offset: 0, shape: as, strides: held }).map((at, i) => at + index[i] * strides[dim]);
}

/** A 1-D index, repeated for every element of the slices it names. */
function repeated(index: Operand, dim: number, as: Shape): number[] {
  const strides = as.map((_, i) => (i === dim ? index.strides[0] : 0));
  return read(view(index.storage, index.offset, as, strides));
}

/** What comes to what is there. Floats are rounded to their dtype at each step. */
const COMBINED: Record<ScatterOp, (a: number, b: number, dtype: DType) => number> = {
  add: (a, b, dtype) => (dtype === 'bool' ? a | b : a + b),
  mul: (a, b, dtype) =>
    dtype === 'bool'
      ? a & b
      : dtype === 'float32'
        ? Math.fround(a * b)
        : isFloat(dtype)
          ? a * b
          : Math.imul(a, b) & (dtype === 'uint8' ? 255 : -1),
  max: (a, b) => (Number.isNaN(a) || Number.isNaN(b) ? NaN : a > b ? a : b),
  min: (a, b) => (Number.isNaN(a) || Number.isNaN(b) ? NaN : a < b ? a : b),
  set: (_a, b) => b,
};

/** What `out` holds after `src` came to the places `at`. */
function scattered(op: ScatterOp, out: Operand, at: readonly number[], src: readonly number[]): Expectation {
  const values = read(out);
  const scale = values.map(Math.abs);
  at.forEach((place, i) => {
    values[place] = COMBINED[op](values[place], src[i], out.dtype);
    scale[place] =
      op === 'mul' ? Math.max(scale[place], Math.abs(values[place])) : scale[place] + Math.abs(src[i]);
  });
  // Int32 sums stay far below 2⁵³: the typed array that they are compared in wraps them around.
  return { values, scale: isFloat(out.dtype) ? scale : undefined };
}

const gatherRow = (dtype: DType): Row => ({
  title: `gather ${dtype}`,
  draw(random) {
    const { shape, dim } = indexed(random);
    const x = operand(random, dtype, shape, random.pick(ANY), random.values(dtype, 'wild'));
    const { index, bad } = indices(random, fitting(random, shape, dim), shape[dim]);
    const X = readAs(x, shape);
    return trial({
      options: { dim },
      operands: { x, index, out: operand(random, dtype, index.shape, 'contiguous', random.values(dtype)) },
      run: (kernels, { x, index, out }) => kernels.gather(x, dim, index, out),
      returns: bad,
      expected: {
        out: { values: targets(shape, dim, index.shape, read(index)).map((at) => X[at]), signOfZero: true },
      },
    });
  },
});

const scatterRow = (dtype: DType): Row => ({
  title: `scatter ${dtype}`,
  draw(random) {
    const { shape, dim } = indexed(random);
    const { index, bad } = indices(random, fitting(random, shape, dim), shape[dim]);
    const op = random.pick(SCATTER);
    const src = operand(random, dtype, index.shape, random.pick(ANY), random.values(dtype));
    const out = operand(random, dtype, shape, 'contiguous', random.values(dtype));
    const at = bad < 0 ? targets(shape, dim, index.shape, read(index)) : [];
    return trial({
      options: { op, dim },
      operands: { out, index, src },
      run: (kernels, { out, index, src }) => kernels.scatter(op, out, dim, index, src),
      returns: bad,
      expected: { out: scattered(op, out, at, read(src)) },
    });
  },
});

const indexSelectRow = (dtype: DType): Row => ({
  title: `indexSelect ${dtype}`,
  draw(random) {
    const { shape, dim } = indexed(random);
    const x = operand(random, dtype, shape, random.pick(ANY), random.values(dtype, 'wild'));
    const { index, bad } = indices(random, [random.pick([0, 1, 3, 8, 17])], shape[dim]);
    const outShape = shape.map((size, i) => (i === dim ? index.size : size));
    const X = readAs(x, shape);
    const at = bad < 0 ? targets(shape, dim, outShape, repeated(index, dim, outShape)) : [];
    return trial({
      options: { dim },
      operands: { x, index, out: operand(random, dtype, outShape, 'contiguous', random.values(dtype)) },
      run: (kernels, { x, index, out }) => kernels.indexSelect(x, dim, index, out),
      returns: bad,
      expected: { out: { values: at.map((place) => X[place]), signOfZero: true } },
    });
  },
});

const scatterSlicesRow = (dtype: DType): Row => ({
  title: `scatterSlices ${dtype}`,
  draw(random) {
    const { shape, dim } = indexed(random);
    const { index, bad } = indices(random, [random.pick([0, 1, 3, 8, 17])], shape[dim]);
    const op = random.pick(SCATTER);
    const srcShape = shape.map((size, i) => (i === dim ? index.size : size));
    const src = operand(random, dtype, srcShape, random.pick(ANY), random.values(dtype));
    const out = operand(random, dtype, shape, 'contiguous', random.values(dtype));
    const at = bad < 0 ? targets(shape, dim, srcShape, repeated(index, dim, srcShape)) : [];
    return trial({
      options: { op, dim },
      operands: { out, index, src },
      run: (kernels, { out, index, src }) => kernels.scatterSlices(op, out, dim, index, src),
      returns: bad,
      expected: { out: scattered(op, out, at, sizeOf(srcShape) === 0 ? [] : read(src)) },
    });
  },
});

const indexOffsetsRow: Row = {
  title: 'indexOffsets',
  draw(random) {
    const shape = random.shape({ ndim: random.pick([0, 1, 2, 3]), long: random.chance(0.5) });
    const [size, stride, adds] = [random.integer(0, 50), random.integer(0, 1000), random.chance(0.5)];
    const index = operand(random, 'int32', shape, random.pick(ANY), () =>
      size === 0 || random.chance(0.002)
        ? random.pick([size, -size - 1, 2 ** 31 - 1, -(2 ** 31)])
        : random.integer(-size, size - 1),
    );
    const out = operand(random, 'int32', shape, 'contiguous', random.values('int32'));
    const before = read(out);
    const indices = read(index);
    const bad = indices.findIndex((i) => i < -size || i >= size);
    const values = indices.map((i, n) => (adds ? before[n] : 0) + stride * (i < 0 ? i + size : i));
    return trial({
      options: { size, stride, adds },
      operands: { index, out },
      run: (kernels, { index, out }) => kernels.indexOffsets(index, out, size, stride, adds),
      returns: bad,
      expected: { out: { values } },
    });
  },
};

export const indexingRows = {
  gather: DTYPES.map(gatherRow),
  scatter: DTYPES.map(scatterRow),
  indexSelect: DTYPES.map(indexSelectRow),
  scatterSlices: DTYPES.map(scatterSlicesRow),
  indexOffsets: [indexOffsetsRow],
};
