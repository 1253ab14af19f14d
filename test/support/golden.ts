import { readFileSync } from 'node:fs';

/** Values that PyTorch gave, from test/golden; scripts/golden made them. */
export const golden = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../golden/${name}.json`, import.meta.url), 'utf8'));

/** The largest difference between two lists, relative where numbers are large. */
export function difference(actual: readonly number[], expected: readonly number[]): number {
  if (actual.length !== expected.length) return Infinity;
  return actual.reduce((most, x, i) => {
    const apart = Math.abs(x - expected[i]) / Math.max(1, Math.abs(expected[i]));
    return Number.isNaN(apart) || apart > most ? apart : most;
  }, 0);
}
