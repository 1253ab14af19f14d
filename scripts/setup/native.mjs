// The addon. Where it cannot be built everything still works, on the reference backend.

import { availableParallelism } from 'node:os';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { fromRoot, run, say, which } from './run.mjs';
import { digest, filesUnder, readStamps, writeStamp } from './stale.mjs';
import { findOpenblas, installCommand, installTools, missingTools, openblasIsSecondBest } from './system.mjs';

const binary = fromRoot('build/Release/mgp.node');

/** Everything the addon is made from. */
function sources() {
  const versions = ['cmake-js', 'node-addon-api', 'node-api-headers'].map((name) => {
    const path = fromRoot('node_modules', name, 'package.json');
    return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).version : null;
  });
  const { CC, CXX, CFLAGS, CXXFLAGS, LDFLAGS, OPENBLAS_DIR } = process.env;
  return digest(
    ['native/', 'cmake/', 'CMakeLists.txt'],
    [versions, process.platform, process.arch, CC, CXX, CFLAGS, CXXFLAGS, LDFLAGS, OPENBLAS_DIR],
  );
}

/** What a failure may be due to: when it changes, another try is worth it. */
const surroundings = () =>
  [
    which('c++'),
    which('g++'),
    which('clang++'),
    which('cmake'),
    which('ninja'),
    which('make'),
    findOpenblas(),
  ].join();

/** Whether there is nothing to do: the addon is there, or the reason why it cannot be is known and still holds. */
export function nativeIsCurrent({ retry }) {
  const stamp = readStamps().native;
  if (stamp?.sources !== sources()) return false;
  if (stamp.reason === undefined) return existsSync(binary);
  return !retry && stamp.surroundings === surroundings();
}

/** Says again why there is no addon. */
export function remindOfFallback() {
  const { reason, cure } = readStamps().native ?? {};
  if (reason !== undefined) warn(reason, cure);
}

function warn(reason, cure) {
  say(
    `warning: no native addon: ${reason}. The reference backend does its work, much slower. To mend it: ${cure}`,
  );
}

/** Builds the addon, or says why it cannot be built. */
export function buildNative() {
  const failure = attempt();
  writeStamp('native', { sources: sources(), ...(failure && { ...failure, surroundings: surroundings() }) });
  if (failure) {
    // An addon of older sources is worse than none: it would be loaded in silence.
    rmSync(binary, { force: true });
    warn(failure.reason, failure.cure);
  }
}

/** @returns what went wrong and what helps, or undefined */
function attempt() {
  if (process.platform === 'win32')
    return { reason: 'it is not built on Windows yet', cure: 'use WSL, Linux or macOS' };
  const failure = provideTools();
  if (failure) return failure;
  forgetOtherConfiguration();
  const files = filesUnder('native').filter((name) => name.endsWith('.cc')).length;
  say(`building the addon: ${files} C++ files (log: build/setup-native.log)`);
  const parallel = String(Math.max(1, availableParallelism()));
  try {
    run(
      'native',
      process.execPath,
      [fromRoot('node_modules/cmake-js/bin/cmake-js'), 'build', '--parallel', parallel],
      {
        what: 'the C++ build',
        lines: 25,
      },
    );
  } catch (error) {
    return { reason: error.message, cure: 'mend what the log names, then `npm run setup`' };
  }
  return existsSync(binary)
    ? undefined
    : { reason: 'the build made no build/Release/mgp.node', cure: 'delete build/, then `npm run setup`' };
}

function provideTools() {
  let missing = missingTools();
  const cure = () => `${installCommand(missing) ?? `install ${missing.join(', ')}`}, then \`npm run setup\``;
  // A compiler is the user's choice.
  if (missing.includes('compiler')) return { reason: 'there is no C++ compiler', cure: cure() };
  const wanted = missing.length === 0 && openblasIsSecondBest() ? ['openblas'] : missing;
  if (wanted.length === 0) return undefined;
  let problem = '';
  try {
    if (!installTools(wanted)) problem = ', and this user may not install packages';
  } catch (error) {
    problem = `, and ${error.message}`;
  }
  missing = missingTools();
  if (missing.length === 0) return undefined;
  const names = { openblas: "OpenBLAS's development files", cmake: 'CMake', make: 'make' };
  return { reason: `missing: ${missing.map((tool) => names[tool]).join(', ')}${problem}`, cure: cure() };
}

/** CMake keeps what it found: a cache made in another folder, or with another OpenBLAS, is of no use. */
function forgetOtherConfiguration() {
  const cache = fromRoot('build/CMakeCache.txt');
  if (!existsSync(cache)) return;
  const text = readFileSync(cache, 'utf8');
  const entry = (name) => text.match(new RegExp(`^${name}:[^=]*=(.*)$`, 'm'))?.[1];
  const library = entry('OPENBLAS_LIBRARY');
  const isStale =
    entry('CMAKE_HOME_DIRECTORY') !== fromRoot().replace(/\/$/, '') ||
    !existsSync(entry('CMAKE_CXX_COMPILER') ?? '') ||
    !existsSync(entry('CMAKE_MAKE_PROGRAM') ?? '') ||
    !existsSync(library ?? '') ||
    (library !== findOpenblas() && !process.env.OPENBLAS_DIR);
  if (!isStale) return;
  rmSync(cache);
  rmSync(fromRoot('build/CMakeFiles'), { recursive: true, force: true });
}
