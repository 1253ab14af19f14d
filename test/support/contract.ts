import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TestFn } from 'ava';

// The gradient contract, docs/ops.md, is made of what tests note here once they have passed; scripts/contract.mjs
// puts it together.

/** What a test of an op has shown, on a backend or on all of them. */
export type Check =
  | `forward ${string}`
  | `alike ${string}`
  | `first ${string}`
  | `second ${string}`
  | 'no gradient'
  | 'float32 derivatives'
  | 'layouts';

const FOLDER = new URL('../../build/contract/', import.meta.url);

/**
 * Where a test file notes what its tests have shown. Written to a file of its own when all of them have run.
 * @param file the name of the test file
 */
export function contract(test: TestFn, file: string): (op: string, ...checks: Check[]) => void {
  const notes: Record<string, string[]> = {};
  test.after.always('notes for docs/ops.md', () => {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(fileURLToPath(new URL(`${file}.json`, FOLDER)), JSON.stringify(notes));
  });
  return (op, ...checks) => {
    (notes[op] ??= []).push(...checks);
  };
}

/** What the table needs to know besides: other names of ops, and ops without a row. */
export function writeNames(names: object): void {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(fileURLToPath(new URL('names.json', FOLDER)), JSON.stringify(names));
}
