// Bundles lib/ into dist/, with its types beside it, and the command line into dist/cli/. (Not an npm script called "build": npm would run
// the script "prebuild", which makes the binaries, before it.)

import { spawnSync } from 'node:child_process';
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bundleCli } from './build/cli.mjs';
import { bundleLibrary } from './build/library.mjs';
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
const shared = await bundleCli(join(fresh, 'cli'));
// Worker threads begin in a file of their own.
await bundleLibrary(fresh, ['index.ts', 'data/worker.ts', 'train/worker/thread.ts', ...shared]);
rmSync(fromRoot('dist'), { recursive: true, force: true });
renameSync(fresh, fromRoot('dist'));
