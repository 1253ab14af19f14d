/** A piece of memory, and when it is in use: from step `first` to step `last`, both included. */
export interface Lifetime {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

const ALIGNMENT = 64;
const align = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/**
 * Places pieces of memory in one arena, so that no two that are in use at the same time overlap. The largest come first,
 * each as low as it fits: "greedy by size" of Pisarchyk & Lee, 2020.
 * @see https://arxiv.org/abs/2001.03288
 */
export function layOut(pieces: readonly Lifetime[]): { offsets: number[]; bytes: number } {
  const offsets = new Array<number>(pieces.length).fill(0);
  const placed: number[] = []; // By offset.
  let bytes = 0;
  const bySize = pieces.map((_, i) => i).sort((a, b) => pieces[b].bytes - pieces[a].bytes);
  for (const i of bySize) {
    const { first, last } = pieces[i];
    const size = align(pieces[i].bytes);
    let offset = 0;
    for (const j of placed) {
      if (pieces[j].first > last || pieces[j].last < first) continue;
      if (offset + size <= offsets[j]) break;
      offset = Math.max(offset, offsets[j] + align(pieces[j].bytes));
    }
    offsets[i] = offset;
    bytes = Math.max(bytes, offset + size);
    const at = placed.findIndex((j) => offsets[j] > offset);
    placed.splice(at < 0 ? placed.length : at, 0, i);
  }
  return { offsets, bytes };
}
