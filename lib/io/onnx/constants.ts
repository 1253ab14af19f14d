import { isFloat, type DType, type TypedArray } from '../../dtype.js';
import { contiguousStrides } from '../../shape.js';
import type { Builder, Value } from './builder.js';
import type { View } from './merge.js';
import { BATCHES, exampleOf, type Size } from './sizes.js';

/**
 * Elements that do not depend on the inputs. Where a dimension follows the batch, or elements repeat, there is one element, to
 * broadcast.
 */
export function constantOf(
  builder: Builder,
  { shape, strides, dtype }: Pick<View, 'shape' | 'strides' | 'dtype'>,
  [a, b]: readonly [TypedArray, TypedArray],
): Value {
  const keeps = shape.map((size, dim) => !size.isBatch && exampleOf(strides[dim]) !== 0);
  const first = withoutDims(builder, dtype, a, sizesAt(shape, BATCHES[0]), keeps);
  const second = withoutDims(builder, dtype, b, sizesAt(shape, BATCHES[1]), keeps);
  if (first.values.every((value, i) => Object.is(value, second.values[i]))) return builder.constant(first);
  return (
    inProportion(builder, first, second.values) ??
    builder.fail(
      'numbers that do not come from the input depend on the size of the batch: export with dynamicBatch: false',
    )
  );
}

/** Numbers that are multiplied with the size of the batch, or divided by it, as means are; null where they are not. */
function inProportion(builder: Builder, first: Numbers, second: TypedArray): Value | null {
  const { dtype, shape, values } = first;
  const [a, b] = BATCHES;
  const follow = (factor: number, other: number): boolean =>
    values.every(
      (value, i) => Math.abs(value * factor - second[i] * other) <= 1e-6 * Math.abs(value * factor),
    );
  const isProduct = follow(b, a);
  if (!isProduct && !(isFloat(dtype) && follow(a, b))) return null;
  const unit = values.map((value) => (isProduct ? value / a : value * a));
  const batch = builder.cast(builder.positions([{ fixed: 0, batch: 1 }]), dtype);
  const factor = shape.length === 0 ? builder.reshape(batch, []) : batch;
  return builder.pointwise(isProduct ? 'Mul' : 'Div', [
    builder.constant({ dtype, shape, values: unit }),
    factor,
  ]);
}

const sizesAt = (shape: readonly Size[], batch: number): number[] =>
  shape.map(({ times, isBatch }) => (isBatch ? times * batch : times));

/** A constant in the making. */
interface Numbers {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly values: TypedArray;
}

/** The elements with one in place of each dimension that is not kept; they must all be the same there. */
function withoutDims(
  builder: Builder,
  dtype: DType,
  values: TypedArray,
  shape: readonly number[],
  keeps: readonly boolean[],
): Numbers {
  const kept = shape.map((size, dim) => (keeps[dim] ? size : 1));
  if (keeps.every(Boolean)) return { dtype, shape: kept, values };
  const strides = contiguousStrides(shape);
  const keptStrides = contiguousStrides(kept);
  const out = values.slice(
    0,
    kept.reduce((all, size) => all * size, 1),
  );
  const seen = new Uint8Array(out.length);
  for (let i = 0; i < values.length; i++) {
    let at = 0;
    for (let dim = 0; dim < shape.length; dim++)
      if (keeps[dim]) at += (Math.floor(i / strides[dim]) % shape[dim]) * keptStrides[dim];
    if (seen[at] === 0) out[at] = values[i];
    else if (!Object.is(out[at], values[i]))
      builder.fail(
        'numbers that do not come from the input differ along the batch: export with dynamicBatch: false',
      );
    seen[at] = 1;
  }
  return { dtype, shape: kept, values: out };
}
