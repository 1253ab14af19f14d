// The npm packages.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fromRoot, run, say, which } from './run.mjs';

const readPackages = (path) => JSON.parse(readFileSync(fromRoot(path), 'utf8')).packages;

/** Whether node_modules is what package-lock.json says. npm leaves in it a lock file of what it installed. */
export function packagesAreCurrent() {
  if (!existsSync(fromRoot('node_modules/.package-lock.json'))) return false;
  const wanted = readPackages('package-lock.json');
  const there = readPackages('node_modules/.package-lock.json');
  for (const [path, { version, integrity, optional, peer }] of Object.entries(wanted)) {
    if (path === '') continue;
    const installed = there[path];
    // Optional packages are those of other platforms.
    if (installed === undefined && (optional || peer)) continue;
    if (installed?.version !== version || installed?.integrity !== integrity) return false;
  }
  return true;
}

/** @throws StepError */
export function installPackages() {
  const count = Object.keys(readPackages('package-lock.json')).length - 1;
  say(`installing ${count} npm packages (npm ci)`);
  // The npm that runs this script, if one does: another one in PATH may be older.
  const npm = process.env.npm_execpath ?? npmBesideNode();
  const [command, first] = npm?.endsWith('.js') ? [process.execPath, [npm]] : [which('npm') ?? 'npm', []];
  // No scripts: what must be built is built where it is needed (see sqlite.mjs), so that what cannot be built spoils nothing
  // else; and onnxruntime-node would download CUDA.
  const flags = ['--include=dev', '--ignore-scripts', '--no-audit', '--no-fund'];
  run('packages', command, [...first, 'ci', ...flags], { what: 'npm ci' });
}

/** npm's program, where there is one beside this Node. */
export function npmBesideNode() {
  const path = join(dirname(dirname(process.execPath)), 'lib/node_modules/npm/bin/npm-cli.js');
  return existsSync(path) ? path : undefined;
}
