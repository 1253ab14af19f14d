import type { DType } from '../../dtype.js';
import { arrayOf } from '../../dtype.js';
import { clone } from '../../ops/broadcast.js';
import { fromArray } from '../../ops/create.js';
import { copy_ } from '../../ops/inplace.js';
import { noGrad } from '../../grad-mode.js';
import { sizeOf, type Shape } from '../../shape.js';
import type { Tensor } from '../../tensor.js';

/** Where a tensor lies in each half of the memory. */
interface Place {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly start: number;
}

/** Memory that two threads have, and what lies in it. It goes from one to the other in a message. */
export interface SharedLayout {
  readonly memory: SharedArrayBuffer;
  readonly places: readonly Place[];
  /** Bytes of each half. */
  readonly half: number;
}

// Two halves, written by turns, so that whoever reads the one that is complete is not disturbed. The numbers before them
// count how often writing has begun and ended.
const BEGUN = 0;
const ENDED = 1;
const HEAD = 64;

/** Alignment of tensors: a line of the cache. */
const LINE = 64;

type State = Readonly<Record<string, Tensor>>;

/** Memory for tensors like these. */
export function layOut(state: State): SharedLayout {
  let end = 0;
  const places = Object.entries(state).map(([name, { dtype, shape }]): Place => {
    const start = end;
    const bytes = sizeOf(shape) * arrayOf(dtype).BYTES_PER_ELEMENT;
    end = Math.ceil((start + bytes) / LINE) * LINE;
    return { name, dtype, shape, start };
  });
  return { memory: new SharedArrayBuffer(HEAD + 2 * end), places, half: end };
}

/** Tensors that one thread writes and others read, each time as a whole. */
export class SharedWeights {
  readonly #counts: Int32Array;
  readonly #halves: readonly (readonly [string, Tensor][])[];

  constructor({ memory, places, half }: SharedLayout) {
    this.#counts = new Int32Array(memory, 0, 2);
    this.#halves = [0, 1].map((i) =>
      places.map(({ name, dtype, shape, start }): [string, Tensor] => {
        const values = new (arrayOf(dtype))(memory, HEAD + i * half + start, sizeOf(shape));
        return [name, fromArray(values, shape, { dtype })];
      }),
    );
  }

  /** Writes the tensors of a state, in the other half than the last time. */
  write(state: State): void {
    const begun = Atomics.add(this.#counts, BEGUN, 1) + 1;
    noGrad(() => {
      for (const [name, shared] of this.#halves[begun % 2]) copy_(shared, state[name]);
    });
    Atomics.store(this.#counts, ENDED, begun);
  }

  /** Copies of what was written last; null before anything was. */
  read(): Record<string, Tensor> | null {
    for (;;) {
      const ended = Atomics.load(this.#counts, ENDED);
      if (ended === 0) return null;
      const copies = this.#halves[ended % 2].map(([name, shared]): [string, Tensor] => [name, clone(shared)]);
      // The next is written into the other half, and only the one after it into this.
      if (Atomics.load(this.#counts, BEGUN) <= ended + 1) return Object.fromEntries(copies);
    }
  }
}
