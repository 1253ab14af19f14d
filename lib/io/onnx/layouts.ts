import { levelsOf, refine, type Layout, type Level } from './levels.js';
import { exampleOf, fixed, isOne, samePosition, sameSize, sameSizes, type Size } from './sizes.js';

// What layouts have to do with each other.

/** Whether two tensors are the same elements in the same order. */
export function sameLayout(a: Layout, b: Layout): boolean {
  return (
    sameSizes(a.shape, b.shape) &&
    samePosition(a.offset, b.offset) &&
    a.strides.every((stride, dim) => isOne(a.shape[dim]) || sameSize(stride, b.strides[dim]))
  );
}

/** Before which element a layout ends, counted from the beginning of memory. */
export function endOf({ shape, strides, offset }: Layout): Size {
  let [fixedEnd, batchEnd] = [offset.fixed + 1, offset.batch];
  for (const [dim, size] of shape.entries()) {
    const last = strides[dim].times * size.times;
    if (isOne(size)) continue;
    if (size.isBatch || strides[dim].isBatch) batchEnd += last;
    else fixedEnd += last;
    if (strides[dim].isBatch && !size.isBatch) batchEnd -= strides[dim].times;
    else fixedEnd -= strides[dim].times;
    if (strides[dim].isBatch && size.isBatch) fixedEnd = Infinity;
  }
  if (batchEnd === 0) return fixed(fixedEnd);
  // An end within the last row of a batch counts as the end of that row.
  return { times: batchEnd, isBatch: true };
}

/** The end of memory that is made of whole steps of the largest stride. */
export function roundedUp(end: Size, layouts: readonly Layout[]): Size {
  if (end.isBatch) return end;
  const strides = layouts.flatMap(({ shape, strides: all }) =>
    all.filter((_, dim) => !isOne(shape[dim])).map(({ times }) => times),
  );
  const largest = Math.max(1, ...strides);
  return fixed(Math.ceil(end.times / largest) * largest);
}

/** Whether a view lies within what a dense piece fills. */
export const reachesNoFurther = (view: Layout, piece: Layout): boolean =>
  levelsOf(piece) !== null &&
  view.offset.fixed >= piece.offset.fixed &&
  view.offset.batch >= piece.offset.batch &&
  exampleOf(endOf(view)) <= exampleOf(endOf(piece));

/** Levels split at all strides of the layouts. */
export function refineAll(levels: readonly Level[], layouts: readonly Layout[]): Level[] | null {
  const strides = layouts.flatMap(({ shape, strides: all }) =>
    all.filter((stride, dim) => !isOne(shape[dim]) && exampleOf(stride) > 0),
  );
  strides.sort((a, b) => exampleOf(b) - exampleOf(a));
  return strides.reduce<Level[] | null>((all, stride) => all && refine(all, stride), [...levels]);
}
