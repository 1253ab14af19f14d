import type { DType } from '../../../lib/dtype.js';
import { sizeOf } from '../../../lib/shape.js';

/** Random choices that are the same in every run: all follow from the name. */
export class Random {
  #state = 0;

  constructor(name: string) {
    for (const letter of name) this.#state = Math.imul(this.#state ^ letter.codePointAt(0)!, 0x01000193) + 1;
  }

  /** From 0 to 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `least` to `most`, both included. */
  integer(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  uniform(least: number, most: number): number {
    return least + this.next() * (most - least);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.integer(0, list.length - 1)];
  }

  shuffle<T>(list: readonly T[]): T[] {
    const out = [...list];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.integer(0, i);
      [out[i], out[j]] = [out[j], out[i]];
    }
    return out;
  }

  /** Up to four dimensions; now and then empty, now and then long enough to be split among threads. */
  shape({ ndim = this.pick([0, 1, 1, 2, 2, 3, 4]), empty = true, long = true } = {}): number[] {
    if (long && this.chance(0.03)) return LONG[ndim] ?? [];
    for (;;) {
      const sizes = Array.from({ length: ndim }, () => this.pick([1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33, 65]));
      if (empty && ndim > 0 && this.chance(0.05)) sizes[this.integer(0, ndim - 1)] = 0;
      if (sizeOf(sizes) <= 1500) return sizes;
    }
  }

  /** A shape that broadcasts to `shape`: some sizes are 1, leading ones may be missing. */
  broadcastable(shape: readonly number[]): number[] {
    const sizes = shape.map((size) => (this.chance(0.3) ? 1 : size));
    return this.chance(0.3) ? sizes.slice(this.integer(0, sizes.length)) : sizes;
  }

  /**
   * Draws numbers of a dtype.
   * `tame`: small ones. `wild`: with NaN, infinities, zeros of both signs and the tiniest numbers among them.
   * `extreme`: with the largest, too.
   */
  values(dtype: DType, kind: 'tame' | 'wild' | 'extreme' = this.pick(['tame', 'wild'])): () => number {
    if (dtype === 'bool') return () => this.integer(0, 1);
    if (dtype === 'uint8') return () => this.integer(0, kind === 'tame' ? 9 : 255);
    if (dtype === 'int32')
      return () =>
        kind === 'tame' || this.chance(0.7)
          ? this.integer(-9, 9)
          : this.pick([2 ** 31 - 1, -(2 ** 31), this.integer(-(2 ** 31), 2 ** 31 - 1)]);
    const tiny = dtype === 'float32' ? 2 ** -140 : 2 ** -1060;
    const huge = dtype === 'float32' ? 1e30 : 1e200;
    const tame = (): number =>
      this.pick([this.uniform(-3, 3), this.uniform(-0.01, 0.01), this.integer(-3, 3)]);
    if (kind === 'tame') return tame;
    const specials = [NaN, Infinity, -Infinity, 0, -0, 1, -1, tiny, -tiny];
    if (kind === 'extreme')
      specials.push(huge, -huge, 88.5, -88.5, 103, -103, 709.5, -745, 2 ** 24 + 1, 0.5, 2, 3);
    // Few, or in long sums nothing would be left to compare.
    const share = kind === 'wild' ? 0.04 : 0.3;
    return () => (this.chance(share) ? this.pick(specials) : tame());
  }
}

const LONG = [[], [70_001], [300, 301], [41, 43, 45], [16, 17, 18, 19]];
