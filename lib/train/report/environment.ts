import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { getBackend, getNumThreads } from '../../backend/select.js';

/** The version of this package, wherever in it this file lies. */
export const version = (): string =>
  (createRequire(import.meta.url)('mgp-node/package.json') as { version: string }).version;

/** What a run was made on. */
export const environment = (): Record<string, string | number> => ({
  Backend: getBackend(),
  Threads: getNumThreads(),
  Processor: cpus()[0]?.model.trim() ?? 'unknown',
  Platform: `${process.platform} ${process.arch}`,
  'Node.js': process.version.slice(1),
  'mgp-node': version(),
});
