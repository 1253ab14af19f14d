// Everything that must hold before a change goes in: `npm test`. All stages run, then the failed ones are named.
// With arguments (`npm test -- test/print.test.ts --match='*dtype*'`) only ava runs, with them.

import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fromRoot } from './setup/run.mjs';

const bin = (name) => fromRoot('node_modules', name);
const arguments_ = process.argv.slice(2);

const CHECKS = [
  ['format (prettier)', [bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.']],
  ['format (clang-format)', [fromRoot('scripts/clang-format.mjs')]],
  ['lint (eslint)', [bin('eslint/bin/eslint.js'), '--max-warnings', '0', '.']],
  ['types (tsc)', [bin('typescript/bin/tsc'), '--noEmit', '-p', fromRoot('tsconfig.json')]],
  [
    'imports (dependency-cruiser)',
    [bin('dependency-cruiser/bin/dependency-cruise.mjs'), '--config', '.dependency-cruiser.cjs', 'lib'],
  ],
];
const ava = [bin('ava/entrypoints/cli.mjs'), ...arguments_];
const stages =
  arguments_.length > 0
    ? [['tests (ava)', ava]]
    : [
        ...CHECKS,
        ['tests (ava)', [bin('c8/bin/c8.js'), process.execPath, ...ava]],
        ['gradient contract (docs/ops.md)', [fromRoot('scripts/contract.mjs'), '--check']],
      ];
// What earlier tests noted for the contract says nothing about these.
if (arguments_.length === 0) rmSync(fromRoot('build', 'contract'), { recursive: true, force: true });
const failed = [];
for (const [name, args] of stages) {
  process.stdout.write(`\n--- ${name}\n`);
  const start = performance.now();
  const { status, signal } = spawnSync(process.execPath, args, { cwd: fromRoot(), stdio: 'inherit' });
  if (signal === 'SIGINT') process.exit(130);
  if (status !== 0) failed.push(name);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  process.stdout.write(`--- ${name}: ${status === 0 ? 'ok' : 'FAILED'} (${seconds} s)\n`);
}
process.stdout.write(failed.length > 0 ? `\nFailed: ${failed.join(', ')}\n` : '\nAll stages passed.\n');
process.exitCode = failed.length > 0 ? 1 : 0;
