import { Worker } from 'node:worker_threads';
import { CODE } from './place.js';

/**
 * Starts a worker thread in a file of the library.
 * @param file relative to its code, without an extension
 */
export function startThread(file: string, workerData: unknown): Worker {
  if (!CODE.pathname.endsWith('/lib/')) return new Worker(new URL(`${file}.js`, CODE), { workerData });
  // From source, a thread needs what runs TypeScript in this one.
  const url = JSON.stringify(new URL(`${file}.ts`, CODE));
  const code = `import('tsx/esm/api').then(({ register }) => { register(); return import(${url}); })`;
  return new Worker(code, { workerData, eval: true });
}
