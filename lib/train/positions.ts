import { DataLoader } from '../data/loader.js';
import { getRngState, setRngState } from '../random.js';
import type { Batches } from './options.js';
import { positionedOf, type RunState } from './checkpoint/state.js';

type Pass = Iterator<unknown> | AsyncIterator<unknown>;

/** One pass, synchronously where that is possible. */
export function iterate(data: Batches<unknown>): Pass {
  const isAsync = Symbol.asyncIterator in data && (data instanceof DataLoader || !(Symbol.iterator in data));
  return isAsync ? data[Symbol.asyncIterator]() : (data as Iterable<unknown>)[Symbol.iterator]();
}

/** The rest of the pass of an epoch. What does not know where it was draws the same random numbers again on the way. */
export async function iterateFrom(data: Batches<unknown>, { step, random }: RunState): Promise<Pass> {
  if (step === 0 || positionedOf(data) !== null) return iterate(data);
  const now = getRngState();
  setRngState(random);
  try {
    const pass = iterate(data);
    for (let i = 0; i < step; i++) await pass.next();
    return pass;
  } finally {
    setRngState(now);
  }
}

/** How many batches a pass has, where anybody knows. */
export function lengthOf(data: Batches<unknown>): number | null {
  try {
    const { length } = data as { readonly length?: unknown };
    return typeof length === 'number' ? length : null;
  } catch {
    // A loader of samples that come one after the other.
    return null;
  }
}
