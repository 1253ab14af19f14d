import { mkdirSync, mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the package. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A new folder, whose programs import the built package as everybody's do. */
export function newProject(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mgp-project-'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules', 'mgp-node'), 'dir');
  return folder;
}
