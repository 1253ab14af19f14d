// Makes a fresh clone ready: `npm test` and `npm run mnist` call this first. It needs nothing but Node, does only what
// is not done yet, and says nothing when there is nothing to do. With --server it brings what examples/server needs, too.
//
// Exit code 0: ready, with the addon or, after a warning, without. 1: not ready.

import { buildJavaScript, javascriptIsCurrent } from './setup/javascript.mjs';
import { buildNative, nativeIsCurrent, remindOfFallback } from './setup/native.mjs';
import { installPackages, packagesAreCurrent } from './setup/packages.mjs';
import { exclusively, say, StepError } from './setup/run.mjs';
import { buildSqlite, sqliteIsCurrent } from './setup/sqlite.mjs';

const OLDEST_NODE = [20, 19];

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  throw new StepError(
    `Node.js ${OLDEST_NODE.join('.')} or later is needed, this is ${process.versions.node}`,
  );
}

function main() {
  checkNode();
  // `npm run setup` tries again what failed before; `npm test` does not, every time anew.
  const retry = process.env.npm_lifecycle_event === 'setup';
  const forServer = process.argv.includes('--server');
  const isReady = () =>
    packagesAreCurrent() &&
    nativeIsCurrent({ retry }) &&
    javascriptIsCurrent() &&
    (!forServer || sqliteIsCurrent());
  if (isReady()) {
    remindOfFallback();
    return;
  }
  const start = performance.now();
  exclusively(() => {
    if (!packagesAreCurrent()) installPackages();
    if (!nativeIsCurrent({ retry })) buildNative();
    else remindOfFallback();
    if (!javascriptIsCurrent()) buildJavaScript();
    if (forServer && !sqliteIsCurrent()) buildSqlite();
  });
  say(`ready after ${Math.round((performance.now() - start) / 1000)} s`);
}

try {
  main();
} catch (error) {
  if (!(error instanceof StepError)) throw error;
  say(`error: ${error.message}`);
  process.exitCode = 1;
}
