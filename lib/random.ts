import { describe, rangeError, typeError } from './errors.js';
import { fromHost } from './recording.js';

/** The state of the generator: with the same one, the same numbers follow. */
export interface RandomState {
  /** The seed, in two unsigned 32-bit halves: the key of Philox. */
  key: readonly [number, number];
  /** How many counter blocks have been used. */
  counter: number;
}

const state: RandomState = { key: splitSeed(randomSeed()), counter: 0 };

/** A whole number that nobody chose. */
function randomSeed(): number {
  return Math.floor(Math.random() * Number.MAX_SAFE_INTEGER);
}

function splitSeed(seed: number): [number, number] {
  return [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
}

/**
 * Sets the seed of all random numbers of this thread: from here on the same calls give the same numbers.
 * @param seed a whole number from 0 to 2⁵³ - 1
 * @see https://pytorch.org/docs/stable/generated/torch.manual_seed.html
 */
export function manualSeed(seed: number): void {
  if (typeof seed !== 'number') typeError('manualSeed', `expected a number, got ${describe(seed)}`);
  if (!Number.isSafeInteger(seed) || seed < 0)
    rangeError('manualSeed', `expected a whole number from 0 to 2^53 - 1, got ${seed}`);
  move(splitSeed(seed), 0);
}

/** Sets the state, in a recorded step each time. */
function move(key: readonly [number, number], counter: number): void {
  let before = getRngState();
  fromHost(
    () => {
      before = getRngState();
      Object.assign(state, { key, counter });
    },
    () => Object.assign(state, before),
  );
}

/** The state of this thread's generator, to save. */
export const getRngState = (): RandomState => ({ key: [...state.key], counter: state.counter });

/** Puts the generator of this thread into a state that {@link getRngState} gave. */
export function setRngState(saved: RandomState): void {
  const isWord = (n: unknown): boolean =>
    Number.isInteger(n) && (n as number) >= 0 && (n as number) < 2 ** 32;
  if (typeof saved !== 'object' || saved === null)
    typeError('setRngState', `expected a state, got ${describe(saved)}`);
  if (!Array.isArray(saved.key) || saved.key.length !== 2 || !saved.key.every(isWord))
    typeError('setRngState', 'key: expected two unsigned 32-bit numbers');
  if (!Number.isSafeInteger(saved.counter) || saved.counter < 0)
    rangeError('setRngState', `counter: expected a whole number from 0, got ${describe(saved.counter)}`);
  move([saved.key[0], saved.key[1]], saved.counter);
}

/**
 * Remembers where the random numbers have got to. What it returns runs a function from there, so that it draws the same
 * numbers again, and goes on afterwards where they were before; in a recorded step, too.
 */
export function rememberRandom(): <T>(fn: () => T) => T {
  let then = getRngState();
  fromHost(() => {
    then = getRngState();
  });
  return (fn) => {
    let now = getRngState();
    const goBack = (): void => {
      Object.assign(state, now);
    };
    fromHost(() => {
      now = getRngState();
      Object.assign(state, then);
    }, goBack);
    try {
      return fn();
    } finally {
      fromHost(goBack);
    }
  };
}

/** The key, and the first of `blocks` counter blocks that are the caller's alone. */
export function drawBlocks(blocks: number): RandomState {
  const drawn = { key: state.key, counter: state.counter };
  state.counter += blocks;
  return drawn;
}
