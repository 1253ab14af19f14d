import test from 'ava';
import { manualSeed, nn } from '../../lib/index.js';
import { checkRow, testOnnx } from './check.js';
import { FUNCTIONS } from './rows-functions.js';
import { IMAGES } from './rows-images.js';
import { SEQUENCES } from './rows-sequences.js';

// Every module, exported, and run by onnxruntime.

const ROWS = { ...FUNCTIONS, ...IMAGES, ...SEQUENCES };

/** Modules without a row, and why. */
const WITHOUT: Readonly<Record<string, string>> = {
  Module: 'is abstract',
  ModuleDict: 'has no forward',
  ModuleList: 'has no forward',
  ParameterDict: 'has no forward',
  ParameterList: 'has no forward',
  CTCLoss: 'reads lengths and targets in JavaScript: what it computes depends on their values',
};

test('every exported module has a row, or a reason to have none', (t) => {
  const isModule = (value: unknown): boolean =>
    typeof value === 'function' && (value === nn.Module || value.prototype instanceof nn.Module);
  const names = Object.entries(nn).flatMap(([name, value]) => (isModule(value) ? [name] : []));
  t.deepEqual(
    names.filter((name) => !(name in ROWS) && !(name in WITHOUT)),
    [],
  );
  t.deepEqual(
    [...Object.keys(ROWS), ...Object.keys(WITHOUT)].filter((name) => !names.includes(name)),
    [],
  );
});

for (const [name, rows] of Object.entries(ROWS))
  testOnnx(name, async (t) => {
    manualSeed(1);
    for (const [i, row] of rows.entries()) await checkRow(t, `${name} ${i}: ${row.model.toString()}`, row);
  });
