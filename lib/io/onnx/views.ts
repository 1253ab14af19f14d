import type { Builder, Value } from './builder.js';
import { orderOf, type Box, type Layout, type Level } from './levels.js';
import { exampleOf, ONE, product, sameSize, type Size } from './sizes.js';

// Views of tensors, as nodes.

/** A value, and where in memory its elements lie. */
export interface Piece extends Layout {
  readonly value: Value;
}

/** The value of a dense piece without dimensions of one element, the others in the order of memory. */
export function inMemoryOrder(builder: Builder, piece: Piece): Value {
  const order = orderOf(piece);
  const ones = piece.shape.map((_, dim) => dim).filter((dim) => !order.includes(dim));
  const sorted = builder.transpose(piece.value, [...ones, ...order]);
  return builder.reshape(
    sorted,
    order.map((dim) => piece.shape[dim]),
  );
}

/** The levels that each dimension of a dense piece is made of, in the order of its dimensions. */
function levelsByDim(piece: Piece, levels: readonly Level[]): number[] {
  const runs = new Map<number, number[]>();
  let level = 0;
  for (const dim of orderOf(piece)) {
    const run: number[] = [];
    for (let size = ONE; !sameSize(size, piece.shape[dim]); level++) {
      run.push(level);
      size = product(size, levels[level].size) as Size;
    }
    runs.set(dim, run);
  }
  return piece.shape.flatMap((_, dim) => runs.get(dim) ?? []);
}

/** A box of a dense piece, with the dimensions of the view. */
export function cut(builder: Builder, piece: Piece, levels: readonly Level[], box: Box, view: Layout): Value {
  const order = levelsByDim(piece, levels);
  const split = builder.reshape(
    piece.value,
    order.map((level) => levels[level].size),
  );
  const parts = order.flatMap((level, dim) =>
    sameSize(levels[level].size, box.sizes[level])
      ? []
      : [{ dim, start: box.starts[level], size: box.sizes[level] }],
  );
  const part = builder.slice(split, parts);
  const seen = box.groups.flat();
  const others = order.filter((level) => !seen.includes(level));
  const sorted = builder.transpose(
    part,
    [...others, ...seen].map((level) => order.indexOf(level)),
  );
  const shape = view.shape.map((size, dim) => (exampleOf(view.strides[dim]) === 0 ? ONE : size));
  return builder.reshape(sorted, shape);
}
