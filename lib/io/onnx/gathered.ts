import type { Builder, Value } from './builder.js';
import type { Layout, Level } from './levels.js';
import { constant } from './proto.js';
import { exampleOf, isOne, ONE, productOf, quotient, type Size } from './sizes.js';

/**
 * A view that is no box of the levels, such as a diagonal, or one backwards: its elements are looked up one by one, in each
 * row of the batch. Null where that does not go.
 * @param x a value with a dimension for each level
 */
export function gatherFrom(builder: Builder, x: Value, levels: readonly Level[], view: Layout): Value | null {
  const { shape, strides, offset } = view;
  const shown = shape.map((size, dim) => (exampleOf(strides[dim]) === 0 ? ONE : size));
  const across = shown.findIndex((size) => size.isBatch);
  const batch = levels.findIndex(({ size }) => size.isBatch);
  if (batch < 0) {
    const all = builder.reshape(x, [productOf(levels.map(({ size }) => size)) as Size]);
    const at = addresses(
      shown,
      strides.map(({ times }) => times),
      offset.fixed,
    );
    return builder.node('Gather', [all, index(builder, shown, at)], shown, { axis: 0 });
  }
  if (batch !== 0 || across < 0 || offset.batch !== 0) return null;
  // The batch is outermost: rows of it follow each other, each as long as a step of the view.
  const row = strides[across];
  const rows = quotient(productOf(levels.map(({ size }) => size)) as Size, row);
  if (row.isBatch || rows?.times !== shown[across].times) return null;
  const table = builder.reshape(x, [rows, row]);
  const others = shown.map((_, dim) => dim).filter((dim) => dim !== across);
  if (others.some((dim) => !isOne(shown[dim]) && strides[dim].isBatch)) return null;
  const sizes = others.map((dim) => shown[dim]);
  const at = addresses(
    sizes,
    others.map((dim) => strides[dim].times),
    offset.fixed,
  );
  if (at.some((each) => each < 0 || each >= row.times)) return null;
  const y = builder.node('Gather', [table, index(builder, sizes, at)], [rows, ...sizes], { axis: 1 });
  const order = shown.map((_, dim) => (dim === across ? 0 : 1 + others.indexOf(dim)));
  return builder.transpose(y, order);
}

const index = (builder: Builder, shape: readonly Size[], values: readonly number[]): Value =>
  builder.constant(constant('int64', shape.map(({ times }) => times), values)); // prettier-ignore

/** Where the elements of a view lie, in row-major order. */
function addresses(shape: readonly Size[], strides: readonly number[], offset: number): number[] {
  return shape.reduce<number[]>(
    (all, { times }, dim) =>
      all.flatMap((at) => Array.from({ length: times }, (_, i) => at + (times === 1 ? 0 : i * strides[dim]))),
    [offset],
  );
}
