import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Keeps the memory of a long run what it was in its first minute: V8 would let its nursery grow to 48 MB by and by, and
 * the garbage that outlived it lie until it has doubled. A training loop makes little garbage, of which hardly anything
 * lives on, so neither buys any speed.
 * @returns a full collection, of some milliseconds, for when nobody is in a hurry
 */
export function steadyHeap(): () => void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--expose-gc');
  // The function appears in contexts that are made from now on.
  return runInNewContext('gc') as () => void;
}
