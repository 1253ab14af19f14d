import { broadcastStrides, sizeOf, type Shape } from '../../shape.js';

/** How elements lie in memory: all of an operand that walking needs. */
export interface View {
  readonly offset: number;
  readonly shape: Shape;
  readonly strides: readonly number[];
}

/**
 * Visits the elements of several views side by side, in row-major order of `shape`, to which all of them broadcast.
 *
 * It goes row by row, because that is what makes plain loops fast: within a row every view moves by a constant `step`,
 * so a kernel is one tight loop over `length` elements. Dimensions that follow each other evenly in every view are
 * merged first; tensors without gaps become a single row, whatever their shape.
 *
 *     for (const walk = new Walk(out.shape, [x, out]); walk.more; walk.next())
 *       row(walk.at[0], walk.step[0], walk.at[1], walk.step[1], walk.length);
 */
export class Walk {
  /** Where the row starts in each view. */
  readonly at: number[];
  /** From one element of the row to the next, in each view. */
  readonly step: readonly number[];
  /** How many elements a row has. */
  readonly length: number;
  /** Whether there is a row to work on. */
  more: boolean;

  // The dimensions outside the row, innermost first: sizes, strides of every view, and the odometer.
  readonly #sizes: number[] = [];
  readonly #strides: (readonly number[])[] = [];
  readonly #index: number[] = [];

  constructor(shape: Shape, views: readonly View[]) {
    this.at = views.map((view) => view.offset);
    this.more = sizeOf(shape) > 0;
    const strides = views.map((view) => broadcastStrides(view.shape, view.strides, shape));
    for (let dim = shape.length - 1; dim >= 0; dim--) {
      if (shape[dim] === 1) continue;
      const here = strides.map((stride) => stride[dim]);
      const last = this.#sizes.length - 1;
      const size = this.#sizes[last];
      const inner = this.#strides[last];
      if (last >= 0 && here.every((stride, v) => stride === inner[v] * size)) {
        this.#sizes[last] *= shape[dim];
      } else {
        this.#sizes.push(shape[dim]);
        this.#strides.push(here);
        this.#index.push(0);
      }
    }
    this.length = this.#sizes.shift() ?? 1;
    this.step = this.#strides.shift() ?? views.map(() => 0);
    this.#index.pop();
  }

  /**
   * Goes to the next row, as an odometer counts: the innermost wheel turns, and when it is through, the next one.
   * Returns whether there is a row.
   */
  next(): boolean {
    for (let dim = 0; dim < this.#sizes.length; dim++) {
      const strides = this.#strides[dim];
      const size = this.#sizes[dim];
      const turned = ++this.#index[dim] < size;
      for (let v = 0; v < strides.length; v++) this.at[v] += turned ? strides[v] : strides[v] * (1 - size);
      if (turned) return true;
      this.#index[dim] = 0;
    }
    return (this.more = false);
  }
}
