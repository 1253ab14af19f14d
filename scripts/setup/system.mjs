// What comes from the system: a C++ compiler, CMake, make or Ninja, and OpenBLAS.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run, say, which } from './run.mjs';

/** Package managers, and what they call the things we need. `quiet` is for us, not for a user who types it. */
const MANAGERS = {
  'apt-get': {
    packages: { openblas: 'libopenblas-serial-dev', cmake: 'cmake', make: 'make', compiler: 'g++' },
    install: 'install',
    quiet: ['-y', '--no-install-recommends', '-o', 'Acquire::Retries=1', '-o', 'DPkg::Lock::Timeout=120'],
    update: 'update',
    hasLists: () => listFolder('/var/lib/apt/lists').some((name) => name.includes('_Packages')),
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  },
  dnf: {
    packages: {
      openblas: 'openblas-devel openblas-static',
      cmake: 'cmake',
      make: 'make',
      compiler: 'gcc-c++',
    },
    install: 'install',
    quiet: ['-y'],
  },
  apk: {
    packages: { openblas: 'openblas-dev', cmake: 'cmake', make: 'make', compiler: 'g++' },
    install: 'add',
    update: 'update',
    hasLists: () => listFolder('/var/cache/apk').length > 0,
  },
  pacman: {
    packages: { openblas: 'openblas', cmake: 'cmake', make: 'make', compiler: 'gcc' },
    install: '-S',
    quiet: ['--noconfirm', '--needed'],
  },
  brew: {
    packages: { openblas: 'openblas', cmake: 'cmake', make: 'make', compiler: 'gcc' },
    install: 'install',
    asUser: true,
  },
};

const listFolder = (path) => (existsSync(path) ? readdirSync(path) : []);

/** What is needed and not there: 'compiler', 'cmake', 'make', 'openblas'. */
export function missingTools() {
  const missing = [];
  const compilers = [process.env.CXX?.split(' ')[0], 'c++', 'g++', 'clang++'];
  if (!compilers.some((name) => name && which(name))) missing.push('compiler');
  if (!which('cmake')) missing.push('cmake');
  if (!which('make') && !which('ninja')) missing.push('make');
  if (!findOpenblas()) missing.push('openblas');
  return missing;
}

/** Where OpenBLAS is, roughly: CMake looks closer. */
export function findOpenblas() {
  if (process.env.OPENBLAS_DIR) return process.env.OPENBLAS_DIR;
  const multiarch = listFolder('/usr/lib').filter((name) => /-linux-/.test(name));
  const folders = [
    ...multiarch.map((name) => `/usr/lib/${name}/openblas-serial`),
    ...multiarch.map((name) => `/usr/lib/${name}`),
    ...[
      '/usr/lib64',
      '/usr/lib',
      '/usr/local/lib',
      '/opt/homebrew/opt/openblas/lib',
      '/usr/local/opt/openblas/lib',
    ],
  ];
  const names = ['libopenblas.a', 'libopenblas.so', 'libopenblas.dylib'];
  return folders
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((path) => existsSync(path));
}

/**
 * Whether a better OpenBLAS could be had than the one found: Debian's plain libopenblas-dev is threaded, and threads of
 * OpenBLAS do not live well in Node.
 */
export const openblasIsSecondBest = () =>
  !process.env.OPENBLAS_DIR && !!which('apt-get') && !findOpenblas()?.includes('openblas-serial');

function packageManager() {
  const name = Object.keys(MANAGERS).find((candidate) => which(candidate));
  return name && { name, ...MANAGERS[name] };
}

const packagesFor = (manager, missing) => missing.flatMap((tool) => manager.packages[tool].split(' '));

/** The command that brings what is missing, as a user would type it. */
export function installCommand(missing) {
  const manager = packageManager();
  if (!manager) return undefined;
  const sudo = manager.asUser || process.getuid?.() === 0 ? '' : 'sudo ';
  return `${sudo}${manager.name} ${manager.install} ${packagesFor(manager, missing).join(' ')}`;
}

/**
 * Installs what is missing, where this user may do so without being asked for a password.
 * @returns whether it did
 * @throws StepError
 */
export function installTools(missing) {
  const manager = packageManager();
  if (!manager) return false;
  const prefix = manager.asUser ? [] : rootPrefix();
  if (prefix === undefined) return false;
  const packages = packagesFor(manager, missing);
  say(`installing ${packages.join(', ')} (${manager.name})`);
  const step = (...args) => {
    const [command, ...rest] = [...prefix, manager.name, ...args];
    run('system', command, rest, { append: true, env: manager.env, what: `${manager.name} ${args[0]}` });
  };
  let fresh = false;
  if (manager.update && !manager.hasLists()) {
    step(manager.update);
    fresh = true;
  }
  const install = () => step(manager.install, ...(manager.quiet ?? []), ...packages);
  try {
    install();
  } catch (error) {
    if (!manager.update || fresh) throw error;
    // Old lists name versions that no longer exist.
    say(`trying again with fresh lists of packages (${manager.name} ${manager.update})`);
    step(manager.update);
    install();
  }
  return true;
}

/** How to run something as root: nothing to add, `sudo -n`, or undefined when we may not. */
function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  const sudo = which('sudo');
  if (!sudo) return undefined;
  return spawnSync(sudo, ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? [sudo, '-n'] : undefined;
}
