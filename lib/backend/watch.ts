import type { Backend, Operand } from './contract.js';

/** What a backend has besides kernels. */
const OTHERS: ReadonlySet<string> = new Set<keyof Backend>([
  'name',
  'allocate',
  'setNumThreads',
  'limitThreads',
  'getNumThreads',
]);

/** Called in place of a kernel, by its name, with its arguments: `run` calls the kernel itself. */
type Around = (name: string, args: readonly unknown[], run: () => unknown) => unknown;

/** The same kernels, with `around` around each call. */
export function watched(kernels: Backend, around: Around): Backend {
  const table = kernels as unknown as Record<string, unknown>;
  const all: Record<string, unknown> = {};
  for (const name of Object.keys(table)) {
    const kernel = table[name];
    all[name] =
      typeof kernel !== 'function' || OTHERS.has(name)
        ? kernel
        : (...args: unknown[]) =>
            around(name, args, () => (kernel as (...all: unknown[]) => unknown).apply(kernels, args));
  }
  return all as unknown as Backend;
}

/** Whether an argument of a kernel is a tensor. */
export const isOperand = (value: unknown): value is Operand =>
  typeof value === 'object' && value !== null && 'storage' in value && 'strides' in value;
