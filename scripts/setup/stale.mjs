// What was done already: a digest of everything that goes into a step, in build/.setup.json.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fromRoot } from './run.mjs';

const file = fromRoot('build', '.setup.json');

/** All files under a path (of the project), in a fixed order. */
export function filesUnder(path) {
  if (!existsSync(fromRoot(path))) return [];
  const entries = readdirSync(fromRoot(path), { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** A digest of files and folders of the project and of other facts. */
export function digest(paths, facts = []) {
  const hash = createHash('sha1');
  for (const path of paths) {
    const full = fromRoot(path);
    if (!existsSync(full)) continue;
    const files = path.endsWith('/') ? filesUnder(path) : [full];
    for (const name of files) hash.update(`${name}\0`).update(readFileSync(name)).update('\0');
  }
  return hash.update(JSON.stringify(facts)).digest('hex');
}

export function readStamps() {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return {};
  }
}

export function writeStamp(name, value) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ ...readStamps(), [name]: value }, null, 2));
}
