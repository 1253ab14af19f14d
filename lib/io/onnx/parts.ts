import type { Builder, Value } from './builder.js';
import type { Box } from './levels.js';
import { exampleOf, fixed, sameSize, sameSizes, type Size } from './sizes.js';
import type { Piece } from './views.js';

// Tensors that several kernels have written a part of, as nodes.

/** What a kernel has written, as a box of levels. */
export interface Part {
  readonly box: Box;
  readonly value: Value;
}

/** The value of a piece with a dimension for each level, of which it fills a box. */
export function laidOut(builder: Builder, piece: Piece, box: Box): Part {
  const groups = box.groups.map((levels) => levels.map((level) => box.sizes[level]));
  const split = builder.reshape(piece.value, groups.flat());
  const order = box.groups.flat();
  const sorted = builder.transpose(
    split,
    order.map((_, i) => i).sort((a, b) => order[a] - order[b]),
  );
  return { box, value: builder.reshape(sorted, box.sizes) };
}

export const isWhole = (box: Box, shape: readonly Size[]): boolean => sameSizes(box.sizes, shape);

/** Parts that lie side by side along one level and leave nothing out; null where that is not so. */
export function joined(builder: Builder, parts: readonly Part[], shape: readonly Size[]): Value | null {
  const dims = shape.map((_, dim) => dim);
  const partial = dims.filter((dim) => parts.some(({ box }) => !sameSize(box.sizes[dim], shape[dim])));
  if (partial.length !== 1) return null;
  const [dim] = partial;
  const startOf = ({ box }: Part): number =>
    box.starts[dim].fixed + exampleOf({ times: box.starts[dim].batch, isBatch: true });
  const sorted = [...parts].sort((a, b) => startOf(a) - startOf(b));
  let at = 0;
  for (const part of sorted) {
    if (startOf(part) !== at) return null;
    at += exampleOf(part.box.sizes[dim]);
  }
  if (at !== exampleOf(shape[dim])) return null;
  return builder.concat(
    sorted.map(({ value }) => value),
    dim,
    shape[dim],
  );
}

/** A part in a shape that is filled with a number. */
export function padded(
  builder: Builder,
  { box, value }: Part,
  shape: readonly Size[],
  filling: number,
): Value {
  const before = box.starts;
  const after = shape.map((size, dim) => ({
    fixed:
      (size.isBatch ? 0 : size.times) -
      before[dim].fixed -
      (box.sizes[dim].isBatch ? 0 : box.sizes[dim].times),
    batch:
      (size.isBatch ? size.times : 0) -
      before[dim].batch -
      (box.sizes[dim].isBatch ? box.sizes[dim].times : 0),
  }));
  const pads = builder.positions([...before, ...after]);
  return builder.node('Pad', [value, pads, builder.scalar(value.dtype, filling)], shape);
}

/** Puts a part into a value of the whole, from level `dim` on. */
export function insert(builder: Builder, whole: Value, part: Part, from: number): Value {
  const { box } = part;
  const dim = box.sizes.findIndex((size, i) => i >= from && !sameSize(size, whole.shape[i]));
  if (dim < 0) return part.value;
  const [size, start, length] = [whole.shape[dim], box.starts[dim], box.sizes[dim]];
  const end = {
    fixed: start.fixed + (length.isBatch ? 0 : length.times),
    batch: start.batch + (length.isBatch ? length.times : 0),
  };
  if (size.isBatch || start.batch !== 0 || end.batch !== 0)
    return builder.fail('a part of the batch is written to');
  const zero = { fixed: 0, batch: 0 };
  const middle = insert(builder, builder.slice(whole, [{ dim, start, size: length }]), part, dim + 1);
  const left =
    start.fixed > 0 ? [builder.slice(whole, [{ dim, start: zero, size: fixed(start.fixed) }])] : [];
  const rest = size.times - end.fixed;
  const right = rest > 0 ? [builder.slice(whole, [{ dim, start: end, size: fixed(rest) }])] : [];
  return builder.concat([...left, middle, ...right], dim, size);
}
