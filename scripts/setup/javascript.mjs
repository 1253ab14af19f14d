// The TypeScript, compiled into dist/, and the command line, bundled into dist/cli/.

import { existsSync } from 'node:fs';
import { fromRoot, run, say } from './run.mjs';
import { digest, readStamps, writeStamp } from './stale.mjs';

const sources = () =>
  digest([
    'lib/',
    'scripts/build.mjs',
    'scripts/build/',
    'tsconfig.json',
    'tsconfig.build.json',
    'package.json',
    'package-lock.json',
  ]);

export const javascriptIsCurrent = () =>
  readStamps().javascript === sources() &&
  existsSync(fromRoot('dist/index.js')) &&
  existsSync(fromRoot('dist/cli/mgp.js'));

/** @throws StepError */
export function buildJavaScript() {
  const before = sources();
  say('compiling TypeScript and bundling the command line');
  run('javascript', process.execPath, [fromRoot('scripts/build.mjs')], {
    what: 'the TypeScript build',
    lines: 30,
  });
  writeStamp('javascript', before);
}
