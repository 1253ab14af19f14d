// Checks the layout of the C++ code, or with --write mends it.

import { spawnSync } from 'node:child_process';
import { fromRoot } from './setup/run.mjs';
import { filesUnder } from './setup/stale.mjs';

const files = filesUnder('native').filter((name) => /[.](cc|h)$/.test(name));
const mode = process.argv.includes('--write') ? ['-i'] : ['--dry-run', '-Werror'];
// The npm package carries the program, so that everybody has the same version.
const program = fromRoot('node_modules/clang-format/index.js');
const { status } = spawnSync(process.execPath, [program, ...mode, '-style=file', ...files], {
  stdio: 'inherit',
});
process.exitCode = files.length === 0 ? 0 : (status ?? 1);
