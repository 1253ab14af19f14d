// Runs the tests on an addon that watches itself: `npm run sanitize [address|thread|undefined] [-- arguments of ava]`.
// OpenBLAS is not instrumented: what it does with wrong sizes is not seen, so the guards of native/ must not let them in.

import { execFileSync, spawnSync } from 'node:child_process';
import { fromRoot } from './setup/run.mjs';

const KINDS = { address: 'asan', thread: 'tsan', undefined: 'ubsan' };
const [kind = 'address', ...args] = process.argv.slice(2);
if (!Object.hasOwn(KINDS, kind)) {
  process.stderr.write(`sanitize: expected ${Object.keys(KINDS).join(', ')}, got ${kind}\n`);
  process.exit(2);
}

function run(argv, env) {
  const options = { cwd: fromRoot(), stdio: 'inherit', env: { ...process.env, ...env } };
  const { status } = spawnSync(process.execPath, argv, options);
  if (status !== 0) process.exit(status ?? 1);
}

// node-gyp-build looks in $MGP_NODE_PREBUILD/build/Release first.
const folder = fromRoot(`build-${KINDS[kind]}`);
const cmakeJs = fromRoot('node_modules/cmake-js/bin/cmake-js');
run([cmakeJs, 'build', '--parallel', '2', '--out', `${folder}/build`, `--CDMGP_SANITIZE=${kind}`]);

// Node itself is not instrumented, so the library must be there before it.
const library = execFileSync(process.env.CXX ?? 'g++', [`-print-file-name=lib${KINDS[kind]}.so`], {
  encoding: 'utf8',
});
run([fromRoot('node_modules/ava/entrypoints/cli.mjs'), ...args], {
  MGP_NODE_PREBUILD: folder,
  MGP_BACKEND: 'native',
  LD_PRELOAD: library.trim(),
  // V8 leaves memory to the system at exit.
  ASAN_OPTIONS: `detect_leaks=0:${process.env.ASAN_OPTIONS ?? ''}`,
});
