import { backend } from '../backend/select.js';
import { rangeError, shapeError, typeError } from '../errors.js';
import { formatShape, normalizeDim, type Shape } from '../shape.js';
import { checkTensor, empty, type Tensor } from '../tensor.js';
import { reshape } from './broadcast.js';
import { cast, track } from './primitive.js';
import { narrow } from './shape.js';

/** An index tensor as kernels take it: int32. */
function toIndex(op: string, index: unknown): Tensor {
  checkTensor(op, index, 'index');
  if (index.dtype !== 'int32' && index.dtype !== 'uint8')
    typeError(op, `index: expected an int32 tensor, got ${index.dtype}`);
  return cast(index, 'int32');
}

/** Throws when a kernel has met an index that is out of range: `bad` is its position in `index`. */
export function checkIndices(op: string, bad: number, index: Tensor, size: number): void {
  if (bad >= 0)
    rangeError(
      op,
      `index ${index.toArray()[bad]} (element ${bad} of index) is out of range for size ${size}`,
    );
}

function checkGatherShapes(op: string, x: Shape, index: Shape, dim: number): void {
  if (x.length !== index.length || index.some((size, i) => i !== dim && size > x[i]))
    shapeError(
      op,
      `index of shape ${formatShape(index)} does not fit into ${formatShape(x)} outside dim ${dim}`,
    );
}

/** 0-d tensors index as 1-d ones of a single element, as in PyTorch. */
const atLeast1d = (x: Tensor): Tensor => (x.ndim === 0 ? reshape(x, [1]) : x);

/**
 * Picks elements along a dimension: for `dim` 1, `out[i][j] = x[i][index[i][j]]`. `index` is int32; the result has its
 * shape.
 * Gradient: {@link scatterAdd} of `g` into zeros.
 * @throws RangeError when an index is out of range.
 * @see https://pytorch.org/docs/stable/generated/torch.gather.html
 */
export function gather(x: Tensor, dim: number, index: Tensor): Tensor {
  checkTensor('gather', x);
  const where = toIndex('gather', index);
  const at = normalizeDim('gather', dim, x.ndim);
  if (x.ndim === 0 || where.ndim === 0)
    return reshape(gather(atLeast1d(x), 0, atLeast1d(where)), where.shape);
  checkGatherShapes('gather', x.shape, where.shape, at);
  const out = empty(where.shape, x.dtype);
  checkIndices('gather', backend.gather(x, at, where, out), where, x.shape[at]);
  return track('gather', out, [x], [where], (g) => [
    () => scatterAdd(empty(x.shape, g.dtype, true), at, where, g),
  ]);
}

/**
 * A copy of `x` with elements of `src` added along a dimension: for `dim` 1, `out[i][index[i][j]] += src[i][j]`.
 * Gradients: `g`; {@link gather} of `g`.
 * @throws RangeError when an index is out of range.
 * @see https://pytorch.org/docs/stable/generated/torch.Tensor.scatter_add.html
 */
export function scatterAdd(x: Tensor, dim: number, index: Tensor, src: Tensor): Tensor {
  checkTensor('scatterAdd', x);
  checkTensor('scatterAdd', src, 'src');
  const where = toIndex('scatterAdd', index);
  const at = normalizeDim('scatterAdd', dim, x.ndim);
  if (x.ndim === 0) return reshape(scatterAdd(atLeast1d(x), 0, atLeast1d(where), atLeast1d(src)), []);
  checkSameDType('scatterAdd', x, src);
  checkGatherShapes('scatterAdd', x.shape, where.shape, at);
  if (src.ndim !== where.ndim || where.shape.some((size, i) => size > src.shape[i]))
    shapeError(
      'scatterAdd',
      `index ${formatShape(where.shape)} is larger than src ${formatShape(src.shape)}`,
    );
  const used = shrink(src, where.shape);
  const out = copy(x);
  checkIndices('scatterAdd', backend.scatterAdd(out, at, where, used), where, x.shape[at]);
  return track('scatterAdd', out, [x, used], [where], (g) => [() => g, () => gather(g, at, where)]);
}

/**
 * The slices of `x` along `dim` that `index` (int32, 1-D) names, in its order.
 * Gradient: {@link indexAdd} of `g` into zeros.
 * @throws RangeError when an index is out of range.
 * @see https://pytorch.org/docs/stable/generated/torch.index_select.html
 */
export function indexSelect(x: Tensor, dim: number, index: Tensor): Tensor {
  checkTensor('indexSelect', x);
  const where = atLeast1d(toIndex('indexSelect', index));
  const at = normalizeDim('indexSelect', dim, x.ndim);
  if (x.ndim === 0) return reshape(indexSelect(atLeast1d(x), 0, where), []);
  if (where.ndim !== 1)
    shapeError('indexSelect', `index: expected one dimension, got ${formatShape(where.shape)}`);
  const out = empty(
    x.shape.map((size, i) => (i === at ? where.size : size)),
    x.dtype,
  );
  checkIndices('indexSelect', backend.indexSelect(x, at, where, out), where, x.shape[at]);
  return track('indexSelect', out, [x], [where], (g) => [
    () => indexAdd(empty(x.shape, g.dtype, true), at, where, g),
  ]);
}

/**
 * A copy of `x` with slices of `src` added to those along `dim` that `index` names.
 * Gradients: `g`; {@link indexSelect} of `g`.
 * @throws RangeError when an index is out of range.
 * @see https://pytorch.org/docs/stable/generated/torch.Tensor.index_add_.html
 */
export function indexAdd(x: Tensor, dim: number, index: Tensor, src: Tensor): Tensor {
  checkTensor('indexAdd', x);
  checkTensor('indexAdd', src, 'src');
  const where = atLeast1d(toIndex('indexAdd', index));
  const at = normalizeDim('indexAdd', dim, x.ndim);
  if (x.ndim === 0) return reshape(indexAdd(atLeast1d(x), 0, where, atLeast1d(src)), []);
  checkSameDType('indexAdd', x, src);
  const expected = x.shape.map((size, i) => (i === at ? where.size : size));
  if (where.ndim !== 1 || src.ndim !== x.ndim || src.shape.some((size, i) => size !== expected[i]))
    shapeError('indexAdd', `src: expected ${formatShape(expected)}, got ${formatShape(src.shape)}`);
  const out = copy(x);
  checkIndices('indexAdd', backend.indexAdd(out, at, where, src), where, x.shape[at]);
  return track('indexAdd', out, [x, src], [where], (g) => [() => g, () => indexSelect(g, at, where)]);
}

/** The first elements of every dimension, as many as `shape` says. */
const shrink = (x: Tensor, shape: Shape): Tensor =>
  shape.reduce((part, size, dim) => (part.shape[dim] === size ? part : narrow(part, dim, 0, size)), x);

/** A contiguous copy outside the graph. */
function copy(x: Tensor): Tensor {
  const out = empty(x.shape, x.dtype);
  backend.copy(x, out);
  return out;
}

function checkSameDType(op: string, x: Tensor, src: Tensor): void {
  if (x.dtype !== src.dtype) typeError(op, `src: expected ${x.dtype}, got ${src.dtype}`);
}
