import { distinct, index, Input, real } from '../support/inputs.js';
import { at, build, scattered, type Nd } from '../support/oracle.js';
import { row, type Row } from '../support/row.js';

/** What one entry of an index does to the dimensions that are left: how many it takes, and which elements. */
type Entry =
  Nd | number | null | string | readonly unknown[] | { start?: number; end?: number; step?: number };

const isNd = (entry: unknown): entry is Nd => entry !== null && typeof entry === 'object' && 'data' in entry;

/** Nested arrays as an `Nd`, and whether they are truth. */
function toNd(list: unknown): Nd & { isMask: boolean } {
  const shape: number[] = [];
  for (let level = list; Array.isArray(level); level = level[0]) shape.push(level.length);
  const leaves = [list].flat(Infinity) as (number | boolean)[];
  return {
    shape,
    data: leaves.map(Number),
    isMask: leaves.length > 0 && leaves.every((v) => typeof v === 'boolean'),
  };
}

const wrap = (i: number, size: number): number => (i < 0 ? i + size : i);

/** The positions that a range names. */
function range(entry: string | { start?: number; end?: number; step?: number }, size: number): number[] {
  const { start, end, step } = typeof entry === 'string' ? fromText(entry) : entry;
  const bound = (i: number): number => Math.min(size, Math.max(0, wrap(i, size)));
  const list: number[] = [];
  for (let i = bound(start ?? 0); i < bound(end ?? size); i += step ?? 1) list.push(i);
  return list;
}

function fromText(text: string): { start?: number; end?: number; step?: number } {
  const [start, end, step] = text.split(':').map((part) => (part.trim() === '' ? undefined : Number(part)));
  return { start, end, step };
}

/**
 * How an index reads `x`: the shape of what it gives, and where in `x` each element of it lies.
 * With the rules of NumPy's documentation, but numbers go first: they drop their dimension.
 */
function reading(x: Nd, entries: readonly Entry[]): { shape: number[]; from: (i: number[]) => number[] } {
  const lists = entries.map((entry) => (Array.isArray(entry) ? toNd(entry) : entry));
  const isMask = (entry: unknown): entry is Nd =>
    isNd(entry) && (entry as { isMask?: boolean }).isMask === true;
  const taken = lists.map((entry) =>
    entry === null || entry === '...' ? 0 : isMask(entry) ? entry.shape.length : 1,
  );
  const free = x.shape.length - taken.reduce((a, b) => a + b, 0);
  const full = lists.includes('...') ? lists : [...lists, '...'];
  // One slot for each dimension of the view: what makes the coordinate of `x`, or nothing for a new one.
  const slots: { dim: number | null; list?: number[]; positions?: Nd }[] = [];
  const fixed: [number, number][] = [];
  let dim = 0;
  for (const entry of full)
    if (entry === '...') for (let i = 0; i < free; i++) slots.push({ dim, list: range(':', x.shape[dim++]) });
    else if (entry === null) slots.push({ dim: null, list: [0] });
    else if (typeof entry === 'number') fixed.push([dim, wrap(entry, x.shape[dim++])]);
    else if (isMask(entry)) {
      const hits: number[][] = [];
      build(entry.shape, (i) => (at(entry, i) ? hits.push(i) : 0));
      entry.shape.forEach((_, i) =>
        slots.push({ dim: dim++, positions: { shape: [hits.length], data: hits.map((hit) => hit[i]) } }),
      );
    } else if (isNd(entry)) {
      const size = x.shape[dim];
      slots.push({
        dim: dim++,
        positions: { shape: entry.shape, data: entry.data.map((i) => wrap(i, size)) },
      });
    } else slots.push({ dim, list: range(entry as string, x.shape[dim++]) });
  const picked = slots.flatMap(({ positions }, slot) => (positions ? [slot] : []));
  const ranks = picked.map((slot) => slots[slot].positions!.shape.length);
  const rank = Math.max(0, ...ranks);
  const common = Array.from({ length: rank }, (_, i) => {
    const sizes = picked.map((slot, k) => slots[slot].positions!.shape[i - rank + ranks[k]] ?? 1);
    return sizes.find((size) => size !== 1) ?? 1;
  });
  const areNeighbours = picked.every((slot, i) => slot === picked[0] + i);
  const first = picked.length > 0 && areNeighbours ? picked[0] : 0;
  const rest = slots.filter(({ positions }) => !positions);
  const shape = [
    ...rest.slice(0, first).map((s) => s.list!.length),
    ...common,
    ...rest.slice(first).map((s) => s.list!.length),
  ];
  return {
    shape,
    from(i) {
      const own = [...i.slice(0, first), ...i.slice(first + rank)];
      const shared = i.slice(first, first + rank);
      const out = x.shape.map(() => 0);
      for (const [d, value] of fixed) out[d] = value;
      rest.forEach((slot, k) => slot.dim !== null && (out[slot.dim] = slot.list![own[k]]));
      for (const slot of picked) {
        const { dim, positions } = slots[slot] as { dim: number; positions: Nd };
        const lead = rank - positions.shape.length;
        out[dim] = at(
          positions,
          positions.shape.map((size, k) => (size === 1 ? 0 : shared[lead + k])),
        );
      }
      return out;
    },
  };
}

/** What an index should give. */
export function read(x: Nd, ...entries: Entry[]): Nd {
  const { shape, from } = reading(x, entries);
  return build(shape, (i) => at(x, from(i)));
}
function put(
  x: Nd,
  entries: readonly Entry[],
  values: Nd | number,
  accumulate?: boolean | { accumulate: boolean },
): Nd {
  const { shape, from } = reading(x, entries);
  const isAdded = accumulate === true || (typeof accumulate === 'object' && accumulate.accumulate);
  const src =
    typeof values === 'number'
      ? build(shape, () => values)
      : build(shape, (i) => {
          const own = i.slice(shape.length - values.shape.length);
          return at(
            values,
            values.shape.map((size, k) => (size === 1 ? 0 : own[k])),
          );
        });
  if (isAdded) return scattered(x, src, from);
  const out = { shape: x.shape, data: [...x.data] };
  const strides = x.shape.map((_, i) => x.shape.slice(i + 1).reduce((a, b) => a * b, 1));
  build(shape, (i) => (out.data[from(i).reduce((sum, k, d) => sum + k * strides[d], 0)] = at(src, i)));
  return out;
}

const taken = (x: Nd, where: Nd): Nd => ({
  shape: where.shape,
  data: where.data.map((i) => x.data[wrap(i, x.data.length)]),
});

function puttingFlat(x: Nd, where: Nd, src: Nd, accumulate = false): Nd {
  const data = [...x.data];
  where.data.forEach((i, k) => (data[i] = accumulate ? data[i] + src.data[k] : src.data[k]));
  return { shape: x.shape, data };
}

/** Positions that differ: which of several values stays is decided, but not the same for derivatives at a kink. */
const once = (...positions: number[]): Input => new Input([positions.length], () => positions, 'index');

/** The index syntax, reading and writing. */
export const INDEXING_AT: readonly Row[] = [
  row('at', { oracle: read },
    [real(3, 4), 0], [real(3, 4), -1, 2], [real(4, 5), ':', '1:4:2'], [real(5), '::2'], [real(5), '-3:'], [real(5), ':-2'], [real(5), '3:1'],
    [real(2, 3, 4), '...', 1], [real(2, 3, 4), 1, '...', '1:'], [real(2, 3), null, 1], [real(2, 3), ':', null, '1:'], [real(2, 3)],
    [real(4), { start: 1, end: -1 }], [real(4), { step: 3 }], [real()], [real(), '...'], [real(), null], [real(0, 3), ':', 1], [real(2, 0), 1],
    [real(3, 4), [0, 2]], [real(3, 4), [[0, 2], [-1, 1]]], [real(3, 4), ':', [3, 0, 3]], [real(3, 4), [0, 2, 2], [1, -1, 1]],
    [real(3, 4), [[0], [2]], [1, 3]], [real(2, 3, 4), ':', [0, 2], [1, 3]], [real(2, 3, 4), [0, 1], ':', [1, 3]], [real(2, 3, 4), 0, ':', [1, 3]],
    [real(2, 3, 4), [1, 1], null, '1:', [0, 2]], [real(2, 3, 4), '...', [2, 0]], [real(3, 4), []], [real(3, 4), '1:', [0, 0]],
    [real(3, 4), index(3, 2)], [real(3, 4), index(3, 2), index(4, 2)], [real(3, 4), index(3, 2, 1), index(4, 3)], [real(3, 4), index(3)],
    [real(3, 4), ':', index(4, 0)], [real(2, 3, 2, 2), ':', index(3, 2), ':', index(2, 2)]),
  row('indexPut', { oracle: put },
    [real(3, 4), [0], real(4)], [real(3, 4), ['1:', [0, 2]], real(2, 2)], [real(3, 4), [index(3, 5), index(4, 5)], real(5), true],
    [real(3, 4), [index(3, 5)], real(4), { accumulate: true }], [real(3, 4), [once(2, 0)], real(1, 4)], [real(3, 4), [once(2, 0), once(1, 3)], real()],
    [real(2, 3, 4), [[0, 1], ':', [1, 3]], real(2, 3)], [real(3, 4), ['...', -1], 7], [real(3), [[0, 1]], real(2)], [real(), ['...'], real()],
    [real(0, 3), [':', 1], real(0)], [real(3, 4), [[0, 0], [1, 1]], real(2)]),
  row('take', { oracle: taken }, [real(3, 4), index(12, 2, 3)], [real(3, 4), index(12)], [real(5), index(5, 0)], [distinct(2, 2), index(4, 6)]),
  row('put', { oracle: puttingFlat },
    [real(3, 4), once(2, 7, 5), real(3)], [real(3, 4), index(12, 2, 3), real(2, 3), true], [real(4), once(1, 1), real(2)], [real(4), index(4, 0), real(0)]),
]; // prettier-ignore
