import { backend } from '../backend/select.js';
import type { ScatterOp } from '../backend/contract.js';
import type { DType } from '../dtype.js';
import { rangeError, shapeError, typeError } from '../errors.js';
import { formatShape, sameShape, sizeOf, type Shape } from '../shape.js';
import { checkTensor, empty, type Tensor, viewOf } from '../tensor.js';
import { expand, reshape } from './broadcast.js';
import { arange } from './ranges.js';
import { div, eq, mul, where } from './pointwise.js';
import { cast, scalar, track } from './primitive.js';
import { narrow } from './shape.js';

// What an index names along one dimension, element by element or slice by slice, and what may be done there. The gradient
// of each thing is another one at the same place.

/** An index tensor as kernels take it: int32. */
export function toIndex(op: string, index: unknown): Tensor {
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

/** 0-d tensors index as 1-d ones of a single element, as in PyTorch. */
export const atLeast1d = (x: Tensor): Tensor => (x.ndim === 0 ? reshape(x, [1]) : x);

/** The elements or slices of a tensor of some shape that an index names. */
export interface Place {
  /** What lies there. Gradient: `g`, added to zeros there. */
  readonly pick: (x: Tensor) => Tensor;
  /** A copy of `x` with what comes there added. Gradients: `g`; what lies there in `g`. */
  readonly add: (x: Tensor, src: Tensor) => Tensor;
  /**
   * A copy of `x` with what comes there in its place: the last, where several do. Gradients: `g` with zeros there; what lies
   * there in `g` for what stayed, 0 for the rest.
   */
  readonly set: (x: Tensor, src: Tensor) => Tensor;
  /** Does something there in place, outside the graph. */
  readonly change: (how: ScatterOp, out: Tensor, src: Tensor) => void;
  /** What comes there, checked: of the right dtype, and of no more elements than there are indices. */
  readonly fit: (src: Tensor, dtype: DType) => Tensor;
  /** One number for everything there. */
  readonly filled: (value: number, dtype: DType) => Tensor;
  readonly index: Tensor;
}

/** How the kernels of a place are called. */
interface Kernels {
  readonly shape: Shape;
  readonly index: Tensor;
  readonly picked: Shape;
  readonly read: (x: Tensor, out: Tensor) => number;
  readonly write: (how: ScatterOp, out: Tensor, src: Tensor) => number;
  readonly size: number;
  readonly fit: (src: Tensor, dtype: DType) => Tensor;
}

function placeOf(op: string, { shape, index, picked, read, write, size, fit }: Kernels): Place {
  const change = (how: ScatterOp, out: Tensor, src: Tensor): void => {
    checkIndices(op, write(how, out, src), index, size);
  };
  const pick = (x: Tensor): Tensor => {
    const out = empty(picked, x.dtype);
    checkIndices(op, read(x, out), index, size);
    return track(op, out, [x], [index], (g) => [() => add(empty(shape, g.dtype, true), g)]);
  };
  const add = (x: Tensor, src: Tensor): Tensor => {
    const out = copy(x);
    change('add', out, src);
    return track(op, out, [x, src], [index], (g) => [() => g, () => pick(g)]);
  };
  const set = (x: Tensor, src: Tensor): Tensor => {
    const out = copy(x);
    change('set', out, src);
    return track(op, out, [x, src], [index], (g) => [
      () => set(g, filled(0, g.dtype)),
      () => where(stayed(), pick(g), scalar(0, g.dtype)),
    ]);
  };
  const filled = (value: number, dtype: DType): Tensor =>
    expand(scalar(dtype === 'bool' ? value !== 0 : value, dtype), picked);
  /** Which of what was put there stayed. */
  const stayed = (): Tensor => {
    const numbers = reshape(arange(sizeOf(picked)), picked);
    const last = empty(shape, 'int32', true);
    change('set', last, numbers);
    return eq(pick(last), numbers);
  };
  return { pick, add, set, change, fit, filled, index };
}

/** Single elements: for `dim` 1 element [i, j] of the index names element [i, index[i, j]]. */
export function elementsAt(op: string, shape: Shape, dim: number, index: Tensor): Place {
  if (shape.length !== index.ndim || index.shape.some((size, i) => i !== dim && size > shape[i]))
    shapeError(
      op,
      `index of shape ${formatShape(index.shape)} does not fit into ${formatShape(shape)} outside dim ${dim}`,
    );
  return placeOf(op, {
    shape,
    index,
    picked: index.shape,
    size: shape[dim],
    read: (x, out) => backend.gather(x, dim, index, out),
    write: (how, out, src) => backend.scatter(how, out, dim, index, src),
    fit: (src, dtype) => {
      checkDTypes(op, dtype, src);
      if (src.ndim !== index.ndim || index.shape.some((size, i) => size > src.shape[i]))
        shapeError(op, `index ${formatShape(index.shape)} is larger than src ${formatShape(src.shape)}`);
      return index.shape.reduce(
        (part, size, i) => (part.shape[i] === size ? part : narrow(part, i, 0, size)),
        src,
      );
    },
  });
}

/** Whole slices along a dimension: the index has one dimension. */
export function slicesAt(op: string, shape: Shape, dim: number, index: Tensor): Place {
  if (index.ndim !== 1) shapeError(op, `index: expected one dimension, got ${formatShape(index.shape)}`);
  const picked = shape.with(dim, index.size);
  return placeOf(op, {
    shape,
    index,
    picked,
    size: shape[dim],
    read: (x, out) => backend.indexSelect(x, dim, index, out),
    write: (how, out, src) => backend.scatterSlices(how, out, dim, index, src),
    fit: (src, dtype) => {
      checkDTypes(op, dtype, src);
      if (!sameShape(src.shape, picked))
        shapeError(op, `src: expected ${formatShape(picked)}, got ${formatShape(src.shape)}`);
      return src;
    },
  });
}

/**
 * A copy of `x` with what comes to a place multiplied to it.
 * Gradients: `g` times the product of what came; for each that came `g` times the product of all others there.
 */
export function productInto(op: string, place: Place, x: Tensor, src: Tensor): Tensor {
  const { pick, add } = place;
  const out = copy(x);
  place.change('mul', out, src);
  const one = scalar(1, x.dtype);
  return track(op, out, [x, src], [src, out, place.index, x], (g) => [
    () => mul(g, productInto(op, place, expand(one, x.shape), src)),
    () => {
      const isZero = eq(src, 0);
      const zeros = pick(add(empty(x.shape, x.dtype, true), cast(isZero, x.dtype)));
      const isOnly = mul(isZero, eq(zeros, 1));
      // Of an only zero the others' product is that with 1 in its place; of what is not 0, the quotient of all by it.
      const others = productInto(op, place, x, where(isOnly, one, src));
      const quotient = div(pick(mul(g, out)), where(isZero, one, src));
      return refusesSecond(op, zeros, where(isOnly, pick(mul(g, others)), quotient));
    },
  ]);
}

/** `gradient`, whose own is wrong where two zeros meet: that is an error, as in PyTorch. */
function refusesSecond(op: string, zeros: Tensor, gradient: Tensor): Tensor {
  return track(op, viewOf(gradient, gradient.shape, gradient.strides), [gradient], [zeros], (h) => {
    if (zeros.toArray().some((count) => count > 1))
      throw new Error(
        `[${op}] a product has no second derivative here for what comes to a place with two zeros`,
      );
    return [() => h];
  });
}

/** A contiguous copy outside the graph. */
export function copy(x: Tensor): Tensor {
  const out = empty(x.shape, x.dtype);
  backend.copy(x, out);
  return out;
}

export function checkDTypes(op: string, dtype: DType, src: Tensor): void {
  if (src.dtype !== dtype) typeError(op, `src: expected ${dtype}, got ${src.dtype}`);
}
