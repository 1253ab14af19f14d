// Makes prebuilds/<platform>-<arch>/: the addon as it goes into the npm package, with OpenBLAS and the C++ library inside.
// `npm pack` then needs nothing more.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { fromRoot } from './setup/run.mjs';
import { filesUnder } from './setup/stale.mjs';

function run(script, args, env) {
  const { status } = spawnSync(process.execPath, [fromRoot(script), ...args], {
    cwd: fromRoot(),
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  if (status !== 0) process.exit(status ?? 1);
}

run('scripts/setup.mjs', []);

// In a folder of its own, so that build/ stays what it was.
const staging = fromRoot('build-prebuild');
rmSync(staging, { recursive: true, force: true });
rmSync(fromRoot('prebuilds'), { recursive: true, force: true });
mkdirSync(staging);
run('node_modules/prebuildify/bin.js', [
  '--napi',
  '--strip',
  '--tag-libc',
  '--name=mgp-node',
  `--cwd=${staging}`,
  `--out=${fromRoot()}`,
  `--node-gyp=${fromRoot('scripts/prebuild/node-gyp.cjs')}`,
]);
copyFileSync(fromRoot('cmake/OpenBLAS-LICENSE.txt'), fromRoot('prebuilds/OpenBLAS-LICENSE.txt'));
rmSync(staging, { recursive: true, force: true });

// A shared OpenBLAS, which most machines have not, would be found missing only there.
const [binary] = filesUnder(`prebuilds/${platform()}-${arch()}`);
if (/openblas[^\0/]*[.](so|dylib)/.test(readFileSync(binary, 'latin1'))) {
  process.stderr.write(
    `prebuild: ${binary} needs a shared OpenBLAS; install the static one (see \`npm run setup\`)\n`,
  );
  process.exit(1);
}
// What is in the package must load, from there, and the package must be well made.
run('scripts/prebuild/check.mjs', [binary], { PREBUILDS_ONLY: '1', MGP_BACKEND: 'native' });
run('node_modules/publint/src/cli.js', ['--strict']);
