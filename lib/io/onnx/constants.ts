import type { DType, TypedArray } from '../../dtype.js';
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
  if (!first.values.every((value, i) => Object.is(value, second.values[i])))
    builder.fail(
      'numbers that do not come from the input depend on the size of the batch: export with dynamicBatch: false',
    );
  return builder.constant(first);
}

const sizesAt = (shape: readonly Size[], batch: number): number[] =>
  shape.map(({ times, isBatch }) => (isBatch ? times * batch : times));

/** The elements with one in place of each dimension that is not kept; they must all be the same there. */
function withoutDims(
  builder: Builder,
  dtype: DType,
  values: TypedArray,
  shape: readonly number[],
  keeps: readonly boolean[],
): { dtype: DType; shape: number[]; values: TypedArray } {
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
