// Steps that tell, in one line each, what is done, and keep their output in a file.

import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const build = join(root, 'build');

export const say = (text) => process.stderr.write(`setup: ${text}\n`);

export const fromRoot = (...parts) => join(root, ...parts);

/** The path of a program, or undefined. Reading PATH is faster than asking a shell. */
export function which(name) {
  if (name.includes('/')) return existsSync(name) ? name : undefined;
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path) && statSync(path).isFile());
}

/** What a step that failed leaves: the end of its output, and where the rest is. */
export class StepError extends Error {
  constructor(message, log) {
    super(message);
    this.log = log;
  }
}

/**
 * Runs a command, its output in build/setup-<name>.log.
 * @throws StepError when it fails, after its last lines were shown (unless `quiet`)
 */
export function run(name, command, args, options = {}) {
  mkdirSync(build, { recursive: true });
  const log = join(build, `setup-${name}.log`);
  const file = openSync(log, options.append ? 'a' : 'w');
  writeFileSync(file, `$ ${[command, ...args].join(' ')}\n`);
  // No standard input: whatever wants to ask something must fail, not wait.
  const result = spawnSync(command, args, {
    cwd: options.cwd ?? root,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', file, file],
  });
  closeSync(file);
  if (result.signal === 'SIGINT') process.exit(130);
  if (result.status === 0) return;
  const lines = options.quiet ? [] : readFileSync(log, 'utf8').trimEnd().split('\n');
  for (const line of lines.slice(-(options.lines ?? 15))) process.stderr.write(`    ${line}\n`);
  const how =
    result.error?.message ?? (result.signal ? `signal ${result.signal}` : `exit code ${result.status}`);
  throw new StepError(
    `${options.what ?? name} failed (${how}); all of its output: ${relative(root, log)}`,
    log,
  );
}

/** Runs `work` while no other set-up of this folder runs: two builds in one folder would spoil both. */
export function exclusively(work) {
  const lock = join(build, '.setup-lock');
  mkdirSync(build, { recursive: true });
  for (let told = false; !take(lock); told = true) {
    if (!told) say('waiting for another set-up of this folder to end');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  }
  try {
    return work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function take(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    if (!isAlive(lock)) rmSync(lock, { force: true });
    return false;
  }
}

function isAlive(lock) {
  try {
    process.kill(Number(readFileSync(lock, 'utf8')), 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
