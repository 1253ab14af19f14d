// better-sqlite3, which examples/server keeps its jobs in: an addon that is downloaded for this Node or, where that cannot be,
// compiled. Only the server and its tests need it.

import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { npmBesideNode } from './packages.mjs';
import { fromRoot, run, say, StepError, which } from './run.mjs';
import { installCommand } from './system.mjs';

const folder = fromRoot('node_modules/better-sqlite3');
const binary = join(folder, 'build/Release/better_sqlite3.node');

/** Where the addon is kept: `npm ci` empties node_modules. It fits one version of SQLite and of Node. */
function keptBinary() {
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const { platform, arch, versions } = process;
  return fromRoot('build', `better-sqlite3-${version}-${platform}-${arch}-${versions.modules}.node`);
}

/** Whether the addon is there, the one for this Node. */
export const sqliteIsCurrent = () =>
  existsSync(binary) && existsSync(keptBinary()) && readFileSync(binary).equals(readFileSync(keptBinary()));

/**
 * Brings the addon.
 * @throws StepError
 */
export function buildSqlite() {
  const kept = keptBinary();
  if (!existsSync(kept)) {
    if (!download()) compile();
    if (!existsSync(binary)) throw new StepError(`building better-sqlite3 made no ${binary}`);
    mkdirSync(dirname(kept), { recursive: true });
    copyFileSync(binary, kept);
  }
  mkdirSync(dirname(binary), { recursive: true });
  copyFileSync(kept, binary);
}

/** @returns whether there was one to be had */
function download() {
  try {
    run('sqlite', process.execPath, [fromRoot('node_modules/prebuild-install/bin.js')], {
      cwd: folder,
      quiet: true,
    });
    return true;
  } catch (error) {
    if (error instanceof StepError) return false;
    throw error;
  }
}

function compile() {
  const missing = [];
  if (!['c++', 'g++', 'clang++'].some((name) => which(name))) missing.push('compiler');
  if (!which('make')) missing.push('make');
  const program = which('python3') ? nodeGyp() : undefined;
  if (missing.length > 0 || program === undefined) {
    const wanted = [...missing, ...(which('python3') ? [] : ['Python']), ...(nodeGyp() ? [] : ['npm'])];
    const command = installCommand(missing);
    throw new StepError(
      `the server needs better-sqlite3: it could not be downloaded, and to compile it there is no ${wanted.join(', ')}` +
        (missing.length > 0 && command ? `: ${command}` : ''),
    );
  }
  say('compiling SQLite for examples/server, once (log: build/setup-sqlite.log)');
  // Headers of Node are usually beside it; otherwise node-gyp downloads them.
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, 'include/node/node.h')) ? [`--nodedir=${prefix}`] : [];
  run('sqlite', process.execPath, [program, 'rebuild', '--release', ...headers], {
    cwd: folder,
    append: true,
    env: { JOBS: String(availableParallelism()) },
    what: 'compiling better-sqlite3',
    lines: 25,
  });
}

/** npm brings it. */
function nodeGyp() {
  const npm = process.env.npm_execpath?.endsWith('npm-cli.js') ? process.env.npm_execpath : npmBesideNode();
  const path = npm && join(dirname(dirname(npm)), 'node_modules/node-gyp/bin/node-gyp.js');
  return path && existsSync(path) ? path : undefined;
}
