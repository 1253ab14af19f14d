// Compiles lib/ into dist/ and bundles the command line into dist/cli/. (Not an npm script called "build": npm would run
// the script "prebuild", which makes the binaries, before it.)

import { spawnSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bundleCli } from './build/cli.mjs';
import { fromRoot } from './setup/run.mjs';

// dist/ is exchanged at the end, so that nobody meets half of it.
const fresh = fromRoot('dist-new');
rmSync(fresh, { recursive: true, force: true });

const tsc = fromRoot('node_modules/typescript/bin/tsc');
const { status } = spawnSync(
  process.execPath,
  [tsc, '-p', fromRoot('tsconfig.build.json'), '--outDir', fresh],
  {
    stdio: 'inherit',
  },
);
if (status !== 0) {
  rmSync(fresh, { recursive: true, force: true });
  process.exit(1);
}
if (existsSync(fromRoot('lib/cli/main.ts'))) await bundleCli(join(fresh, 'cli'));
rmSync(fromRoot('dist'), { recursive: true, force: true });
renameSync(fresh, fromRoot('dist'));
