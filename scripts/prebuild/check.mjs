// One product through a prebuilt addon, as a user's program would have it loaded.

import { statSync } from 'node:fs';
import { relative } from 'node:path';
import { fromRoot } from '../setup/run.mjs';

const { getBackend, tensor } = await import(fromRoot('dist/index.js'));
const product = tensor([[1, 2]]).matmul(tensor([[3], [4]]));
if (getBackend() !== 'native' || product.item() !== 11)
  throw new Error(`${getBackend()}: expected 11, got ${product}`);

const [, , binary] = process.argv;
const megabytes = (statSync(binary).size / 1e6).toFixed(1);
process.stdout.write(`prebuild: ${relative(fromRoot(), binary)}, ${megabytes} MB, loads and works\n`);
