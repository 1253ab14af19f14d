/** More points than this only show how batches differ. */
const MAX_POINTS = 512;

/**
 * A curve of many numbers in few points, each the mean of as many neighbours. Memory stays the same however long it
 * gets.
 */
export class Curve {
  #sums: number[] = [];
  /** How many numbers make a point. */
  #width = 1;
  #last = 0;
  #count = 0;

  add(value: number): void {
    this.#last += value;
    this.#count++;
    if (this.#count % this.#width !== 0) return;
    this.#sums.push(this.#last);
    this.#last = 0;
    if (this.#sums.length < MAX_POINTS) return;
    this.#sums = Array.from({ length: MAX_POINTS / 2 }, (_, i) => this.#sums[2 * i] + this.#sums[2 * i + 1]);
    this.#width *= 2;
  }

  /** The points: how many numbers lie before its middle, and the mean. What is left over at the end is left out. */
  points(): { x: number[]; y: number[] } {
    return {
      x: this.#sums.map((_, i) => (i + 0.5) * this.#width),
      y: this.#sums.map((sum) => sum / this.#width),
    };
  }
}
