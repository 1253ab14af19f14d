import { exampleOf, isOne, productOf, quotient, sameSize, type Position, type Size } from './sizes.js';

// Memory that is filled in row-major order can be taken apart into levels: dimensions each of whose strides is what lies
// below. Views of it are made of whole levels, and of stretches of single ones.

/** A dimension of memory; they come outermost first, and each stride is the next one's size times its stride. */
export interface Level {
  readonly size: Size;
  readonly stride: Size;
}

/** A tensor as it lies in memory. */
export interface Layout {
  readonly shape: readonly Size[];
  readonly strides: readonly Size[];
  readonly offset: Position;
}

/** The dimensions with more than one element, those with the largest strides first. */
export function orderOf({ shape, strides }: Pick<Layout, 'shape' | 'strides'>): number[] {
  const dims = shape.map((_, dim) => dim).filter((dim) => !isOne(shape[dim]));
  return dims.sort((a, b) => exampleOf(strides[b]) - exampleOf(strides[a]) || a - b);
}

/** The levels of what fills its memory; null where there are gaps, or elements repeat. */
export function levelsOf(layout: Pick<Layout, 'shape' | 'strides'>): Level[] | null {
  const levels = orderOf(layout).map((dim): Level => ({
    size: layout.shape[dim],
    stride: layout.strides[dim],
  }));
  for (const [i, { stride }] of levels.entries()) {
    const below = productOf(levels.slice(i + 1).map(({ size }) => size));
    if (below === null || !sameSize(stride, below)) return null;
  }
  return levels;
}

/** Splits a level where there is a stride between its own and the next; null where that does not go. */
export function refine(levels: readonly Level[], stride: Size): Level[] | null {
  for (const [i, level] of levels.entries()) {
    if (sameSize(level.stride, stride)) return [...levels];
    const inner = quotient(stride, level.stride);
    if (inner === null || exampleOf(inner) <= 0 || exampleOf(inner) >= exampleOf(level.size)) continue;
    const outer = quotient(level.size, inner);
    if (outer === null) continue;
    const split = [
      { size: outer, stride },
      { size: inner, stride: level.stride },
    ];
    return [...levels.slice(0, i), ...split, ...levels.slice(i + 1)];
  }
  return null;
}

/** What of the levels a view shows. */
export interface Box {
  /** For each dimension of the view the levels it goes through, outermost first. */
  readonly groups: readonly (readonly number[])[];
  /** For each level, where it begins and how much is seen. */
  readonly starts: readonly Position[];
  readonly sizes: readonly Size[];
}

/** Finds a view in the levels; null where it is no box of them. */
export function boxOf(levels: readonly Level[], { shape, strides, offset }: Layout): Box | null {
  const starts = startsOf(levels, offset);
  if (starts === null) return null;
  const sizes: Size[] = levels.map(() => ({ times: 1, isBatch: false }));
  const taken = new Set<number>();
  const groups: number[][] = shape.map(() => []);
  for (const [dim, size] of shape.entries()) {
    if (isOne(size) || exampleOf(strides[dim]) === 0) continue;
    let level = levels.findIndex(({ stride }) => sameSize(stride, strides[dim]));
    let rest = size;
    while (!isOne(rest)) {
      if (level < 0 || taken.has(level)) return null;
      taken.add(level);
      groups[dim].unshift(level);
      const whole = levels[level].size;
      const above = quotient(rest, whole);
      if (above !== null) {
        sizes[level] = whole;
        rest = above;
        level--;
        continue;
      }
      if (exampleOf(rest) > exampleOf(whole)) return null;
      sizes[level] = rest;
      rest = { times: 1, isBatch: false };
    }
  }
  for (const [i, { size }] of levels.entries()) {
    const isWhole = sameSize(sizes[i], size);
    if (isWhole && (starts[i].fixed !== 0 || starts[i].batch !== 0)) return null;
    if (exampleSum(starts[i], sizes[i]) > exampleOf(size)) return null;
  }
  return { groups, starts, sizes };
}

const exampleSum = (start: Position, size: Size): number =>
  start.fixed + exampleOf({ times: start.batch, isBatch: true }) + exampleOf(size);

/** Where in each level an element lies. */
function startsOf(levels: readonly Level[], offset: Position): Position[] | null {
  let { fixed, batch } = offset;
  const starts = levels.map(({ size, stride }): Position => {
    const start = { fixed: 0, batch: 0 };
    if (stride.isBatch) {
      start.fixed = Math.floor(batch / stride.times);
      batch -= start.fixed * stride.times;
      return start;
    }
    if (size.isBatch) {
      start.batch = Math.floor(batch / stride.times);
      batch -= start.batch * stride.times;
    }
    start.fixed = Math.floor(fixed / stride.times);
    fixed -= start.fixed * stride.times;
    return start;
  });
  return fixed === 0 && batch === 0 && starts.every((start) => start.fixed >= 0 && start.batch >= 0)
    ? starts
    : null;
}
