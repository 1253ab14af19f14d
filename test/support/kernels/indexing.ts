import type { Operand } from '../../../lib/backend/contract.js';
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

/** What `out` holds after `src` was added at the places `at`. */
function added(out: Operand, at: readonly number[], src: readonly number[]): Expectation {
  const values = read(out);
  const scale = values.map(Math.abs);
  at.forEach((place, i) => {
    values[place] = out.dtype === 'bool' ? values[place] | src[i] : values[place] + src[i];
    scale[place] += Math.abs(src[i]);
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

const scatterAddRow = (dtype: DType): Row => ({
  title: `scatterAdd ${dtype}`,
  draw(random) {
    const { shape, dim } = indexed(random);
    const { index, bad } = indices(random, fitting(random, shape, dim), shape[dim]);
    const src = operand(random, dtype, index.shape, random.pick(ANY), random.values(dtype));
    const out = operand(random, dtype, shape, 'contiguous', random.values(dtype));
    const at = bad < 0 ? targets(shape, dim, index.shape, read(index)) : [];
    return trial({
      options: { dim },
      operands: { out, index, src },
      run: (kernels, { out, index, src }) => kernels.scatterAdd(out, dim, index, src),
      returns: bad,
      expected: { out: added(out, at, read(src)) },
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

const indexAddRow = (dtype: DType): Row => ({
  title: `indexAdd ${dtype}`,
  draw(random) {
    const { shape, dim } = indexed(random);
    const { index, bad } = indices(random, [random.pick([0, 1, 3, 8, 17])], shape[dim]);
    const srcShape = shape.map((size, i) => (i === dim ? index.size : size));
    const src = operand(random, dtype, srcShape, random.pick(ANY), random.values(dtype));
    const out = operand(random, dtype, shape, 'contiguous', random.values(dtype));
    const at = bad < 0 ? targets(shape, dim, srcShape, repeated(index, dim, srcShape)) : [];
    return trial({
      options: { dim },
      operands: { out, index, src },
      run: (kernels, { out, index, src }) => kernels.indexAdd(out, dim, index, src),
      returns: bad,
      expected: { out: added(out, at, sizeOf(srcShape) === 0 ? [] : read(src)) },
    });
  },
});

export const indexingRows = {
  gather: DTYPES.map(gatherRow),
  scatterAdd: DTYPES.map(scatterAddRow),
  indexSelect: DTYPES.map(indexSelectRow),
  indexAdd: DTYPES.map(indexAddRow),
};
