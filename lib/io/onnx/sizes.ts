// Sizes that follow the batch. A model is run with two batches of different sizes, and what is eight and nine times the same
// number is that many times the size of the batch.

/**
 * The two sizes of batches that models are run with: from eight images on results of convolutions have another layout, and both
 * runs are to have the same.
 */
export const BATCHES = [8, 9] as const;

/** `times`, or `times` times the size of the batch. */
export interface Size {
  readonly times: number;
  readonly isBatch: boolean;
}

export const fixed = (times: number): Size => ({ times, isBatch: false });
export const ONE = fixed(1);

/** What a size is that is `a` and `b` with the two batches; null where it is neither fixed nor a multiple of the batch. */
export function sizeFrom(a: number, b: number): Size | null {
  if (a === b) return fixed(a);
  const times = a / BATCHES[0];
  return Number.isInteger(times) && times * BATCHES[1] === b ? { times, isBatch: true } : null;
}

/** A position: `fixed`, and `batch` times the size of the batch. */
export interface Position {
  readonly fixed: number;
  readonly batch: number;
}

export function positionFrom(a: number, b: number): Position {
  const batch = (b - a) / (BATCHES[1] - BATCHES[0]);
  return { fixed: a - batch * BATCHES[0], batch };
}

export const sameSize = (a: Size, b: Size): boolean =>
  a.times === b.times && (a.isBatch === b.isBatch || a.times === 0);
export const sameSizes = (a: readonly Size[], b: readonly Size[]): boolean =>
  a.length === b.length && a.every((size, i) => sameSize(size, b[i]));
export const samePosition = (a: Position, b: Position): boolean => a.fixed === b.fixed && a.batch === b.batch;
export const isOne = (size: Size): boolean => size.times === 1 && !size.isBatch;

/** How large a size is with the first batch. */
export const exampleOf = ({ times, isBatch }: Size): number => (isBatch ? times * BATCHES[0] : times);

/** a · b; null where both follow the batch. */
export const product = (a: Size, b: Size): Size | null =>
  a.isBatch && b.isBatch ? null : { times: a.times * b.times, isBatch: a.isBatch || b.isBatch };

export function productOf(sizes: readonly Size[]): Size | null {
  return sizes.reduce<Size | null>((all, size) => all && product(all, size), ONE);
}

/** a / b; null where that is not a whole number for every batch. */
export function quotient(a: Size, b: Size): Size | null {
  if (b.times === 0 || a.times % b.times !== 0 || (b.isBatch && !a.isBatch)) return null;
  return { times: a.times / b.times, isBatch: a.isBatch && !b.isBatch };
}

/** How a size is written: `3`, `batch`, `3*batch`. */
export const formatSize = ({ times, isBatch }: Size): string =>
  !isBatch ? String(times) : times === 1 ? 'batch' : `${times}*batch`;
