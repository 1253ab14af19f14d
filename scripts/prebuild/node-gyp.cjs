#!/usr/bin/env node
// prebuildify runs this for node-gyp, in the folder where it wants build/Release/*.node: the build is cmake-js's. There is
// no version of Node to build for: the addon uses Node-API alone.
const { spawnSync } = require('node:child_process');
const { join, resolve } = require('node:path');

const root = resolve(__dirname, '../..');
const arch = process.argv.filter((argument) => argument.startsWith('--arch='));
const { status } = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules/cmake-js/bin/cmake-js'),
    'rebuild',
    ...arch,
    '--directory',
    root,
    '--out',
    resolve('build'),
  ],
  { stdio: 'inherit', env: { ...process.env, CMAKE_BUILD_PARALLEL_LEVEL: '2' } },
);
process.exit(status ?? 1);
