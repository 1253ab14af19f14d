// Runs the tests on an addon that watches itself: `npm run sanitize [address|thread|undefined] [-- arguments of ava]`.
// OpenBLAS is not instrumented: what it does with wrong sizes is not seen, so the guards of native/ must not let them in.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { fromRoot } from './setup/run.mjs';

const KINDS = { address: 'asan', thread: 'tsan', undefined: 'ubsan' };
const [kind = 'address', ...args] = process.argv.slice(2);
if (!Object.hasOwn(KINDS, kind)) {
  process.stderr.write(`sanitize: expected ${Object.keys(KINDS).join(', ')}, got ${kind}\n`);
  process.exit(2);
}

// Left out unless they are asked for: sanitizers keep freed memory, which has bounds there, and are preloaded into browsers and servers.
const OUTSIDE = /^(memory|server|service)/;
const suites = readdirSync(fromRoot('test'), { recursive: true }).filter(
  (name) => name.endsWith('.test.ts') && !OUTSIDE.test(name),
);
if (args.length === 0) args.push(...suites.map((name) => `test/${name}`));

/** Runs Node and returns its exit code. */
function run(argv, env) {
  const options = { cwd: fromRoot(), stdio: 'inherit', env: { ...process.env, ...env } };
  return spawnSync(process.execPath, argv, options).status ?? 1;
}

// node-gyp-build looks in $MGP_NODE_PREBUILD/build/Release first.
const folder = fromRoot(`build-${KINDS[kind]}`);
const cmakeJs = fromRoot('node_modules/cmake-js/bin/cmake-js');
const build = run([
  cmakeJs,
  'build',
  '--parallel',
  '2',
  '--out',
  `${folder}/build`,
  `--CDMGP_SANITIZE=${kind}`,
]);
if (build !== 0) process.exit(build);

// Node itself is not instrumented, so the library must be there before it.
const library = execFileSync(process.env.CXX ?? 'g++', [`-print-file-name=lib${KINDS[kind]}.so`], {
  encoding: 'utf8',
});
const reports = `${folder}/reports`;
rmSync(reports, { recursive: true, force: true });
mkdirSync(reports);
process.exitCode = run([fromRoot('node_modules/ava/entrypoints/cli.mjs'), ...args], {
  MGP_NODE_PREBUILD: folder,
  MGP_BACKEND: 'native',
  LD_PRELOAD: library.trim(),
  // V8 leaves memory to the system at exit.
  ASAN_OPTIONS: `detect_leaks=0:${process.env.ASAN_OPTIONS ?? ''}`,
  UBSAN_OPTIONS: `print_stacktrace=1:${process.env.UBSAN_OPTIONS ?? ''}`,
  TSAN_OPTIONS: `log_path=${reports}/tsan:exitcode=0:${process.env.TSAN_OPTIONS ?? ''}`,
});

// ThreadSanitizer also sees races inside Node, which is not instrumented. Ours have the addon somewhere on the stack.
const races = readdirSync(reports)
  .flatMap((name) => readFileSync(`${reports}/${name}`, 'utf8').split(/^={18}$/m))
  .filter((report) => report.includes('mgp.node'));
if (races.length > 0) {
  process.stderr.write(`${races.join('')}\nsanitize: ${races.length} races\n`);
  process.exitCode = 1;
}
