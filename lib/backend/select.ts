import { describe, rangeError } from '../errors.js';
import type { Backend } from './contract.js';
import { loadNative } from './native.js';
import { reference } from './reference/index.js';

/** The kernels in use. Ops read this binding at every call. */
export let backend: Backend = choose(process.env.MGP_BACKEND);

/**
 * Chooses the kernels: `native` (the addon) or `reference` (plain TypeScript). Tensors work with either.
 * @throws Error, with the cause and the cure, when the addon cannot be loaded; RangeError for another name.
 */
export function setBackend(name: 'native' | 'reference'): void {
  if (name !== 'native' && name !== 'reference')
    rangeError('setBackend', `expected 'native' or 'reference', got ${describe(name)}`);
  backend = name === 'native' ? loadNative() : reference;
}

/** Runs `fn` on other kernels, such as those that note what they are called with. */
export function withBackend<T>(kernels: Backend, fn: () => T): T {
  const restore = useBackend(kernels);
  try {
    return fn();
  } finally {
    restore();
  }
}

/** Goes on with other kernels, until what it returns is called. */
export function useBackend(kernels: Backend): () => void {
  const before = backend;
  backend = kernels;
  return () => {
    backend = before;
  };
}

/** The name of the kernels in use. */
export const getBackend = (): 'native' | 'reference' => backend.name;

/** How many threads kernels may use in this process; by default, as many as there are cores. */
export const setNumThreads = (count: number): void => {
  backend.setNumThreads(count);
};

/** Has the kernels that this thread calls use fewer threads, for good: worker threads share those of the process. */
export const limitThreads = (count: number): void => {
  backend.limitThreads(count);
};

/** How many threads kernels that this thread calls may use. */
export const getNumThreads = (): number => backend.getNumThreads();

/** Native by default; reference, with one warning, where the addon cannot be loaded. */
function choose(wanted: string | undefined): Backend {
  if (wanted === 'reference') return reference;
  if (wanted !== undefined && wanted !== '' && wanted !== 'native')
    rangeError('MGP_BACKEND', `expected native or reference, got ${describe(wanted)}`);
  try {
    return loadNative();
  } catch (error) {
    if (wanted === 'native') throw error;
    process.emitWarning(`${(error as Error).message}\nUsing the reference backend, which is much slower.`, {
      type: 'MgpBackendWarning',
    });
    return reference;
  }
}
