import { getRngState, manualSeed, setRngState, type RandomState } from '../random.js';

/** Half of all counters. The lower half of the same key is what `manualSeed(seed)` uses: they never meet. */
const FIRST_COUNTER = 2 ** 52;

/** Random numbers of one's own, by a seed; or, without one, those that all share and `manualSeed` seeds. */
export class RandomStream {
  #own: RandomState | null;

  constructor(seed?: number) {
    this.#own = seed === undefined ? null : startOf(seed);
  }

  /** Where the numbers have got to. */
  get state(): RandomState {
    return this.#own ?? getRngState();
  }

  /** Puts the numbers of one's own to where they were; those that all share stay. */
  set state(state: RandomState) {
    if (this.#own !== null) this.#own = state;
  }

  /** Runs `fn`, which draws from this stream. */
  draw<T>(fn: () => T): T {
    if (this.#own === null) return fn();
    const { result, after } = drawFrom(this.#own, fn);
    this.#own = after;
    return result;
  }

  /** Runs `fn` again, which drew from this stream when its state was `state`. One's own numbers go on from there. */
  redraw<T>(state: RandomState, fn: () => T): T {
    const { result, after } = drawFrom(state, fn);
    this.state = after;
    return result;
  }
}

/** Runs `fn` with the common generator in another state, and puts it back. */
export function drawFrom<T>(state: RandomState, fn: () => T): { result: T; after: RandomState } {
  const common = getRngState();
  setRngState(state);
  try {
    const result = fn();
    return { result, after: getRngState() };
  } finally {
    setRngState(common);
  }
}

/** The state of a generator that nobody else draws from. */
function startOf(seed: number): RandomState {
  const common = getRngState();
  manualSeed(seed);
  const { key } = getRngState();
  setRngState(common);
  return { key, counter: FIRST_COUNTER };
}
