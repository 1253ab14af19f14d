import { DataLoader } from '../data/loader.js';
import type { Batches } from './options.js';

/** One pass, synchronously where that is possible. */
export function iterate(data: Batches<unknown>): Iterator<unknown> | AsyncIterator<unknown> {
  const isAsync = Symbol.asyncIterator in data && (data instanceof DataLoader || !(Symbol.iterator in data));
  return isAsync ? data[Symbol.asyncIterator]() : (data as Iterable<unknown>)[Symbol.iterator]();
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
