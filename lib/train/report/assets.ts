import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** A text file of a package. */
const read = (name: string): string => readFileSync(require.resolve(name), 'utf8');

/** uPlot, as a script that defines a global, and its styles. */
export const uplotScript = (): string => read('uplot/dist/uPlot.iife.min.js');
export const uplotStyle = (): string => read('uplot/dist/uPlot.min.css');
