import test from 'ava';
import { DTYPES, type DType } from '../lib/dtype.js';
import { functional, Tensor } from '../lib/index.js';
import { ROWS, WITHOUT_ROW } from './cases.js';
import { BACKENDS, differs, onBackend, poison, sameBits, snapshot, TOLERANCE } from './support/check.js';
import { Input, LAYOUTS } from './support/inputs.js';
import { contract, writeNames } from './support/contract.js';
import { Call, OPS } from './support/row.js';

// Forward, for every row of the table: values, shapes, dtypes, on every backend and in every layout.

const note = contract(test, 'ops');

test('every exported op has one row, or a reason to have none', (t) => {
  const known = new Set([...ROWS.map((row) => row.op), ...Object.keys(WITHOUT_ROW)]);
  // Another name of an op that has a row needs none.
  const tested = new Set([...known].map((name) => OPS.get(name)));
  t.deepEqual(
    [...OPS].filter(([name, op]) => !known.has(name) && !tested.has(op)).map(([name]) => name),
    [],
  );
  t.deepEqual(
    [...known].filter((name) => !OPS.has(name)),
    [],
  );
  for (const row of ROWS) t.true(row.calls.length > 0, row.op);
  const aliases = [...OPS].filter(([name]) => !known.has(name));
  const nameOf = new Map([...known].map((name) => [OPS.get(name), name]));
  writeNames({ aliases: aliases.map(([name, op]) => [name, nameOf.get(op)]), without: WITHOUT_ROW });
});

test('every op that takes a tensor first is a method too', (t) => {
  const first = ROWS.filter(
    (row) => !row.op.includes('.') && row.calls.some(([arg]) => arg instanceof Input),
  );
  const missing = first.filter((row) => !(row.op in Tensor.prototype)).map((row) => row.op);
  // What is in `functional`, takes several tensors, or is a tool of gradients reads better as a function.
  const others = missing.filter((name) => !(name in functional));
  t.deepEqual(others.toSorted(), [
    ...['atleast1d', 'atleast2d', 'atleast3d', 'blockDiag', 'broadcastTensors', 'cartesianProd', 'cdist'],
    ...['chainMatmul', 'combinations', 'constantPadNd', 'gradient', 'tensordot', 'unbroadcast', 'vander'],
    'zerosLike',
  ]);
});

/** Dtypes whose arithmetic the oracles, which count in float64, agree with. */
const TO_ORACLE: readonly DType[] = ['float32', 'float64', 'int32'];

for (const row of ROWS) {
  const calls = row.calls.map((args) => new Call(row, args));

  if (row.oracle)
    for (const backend of BACKENDS)
      test(`${row.op}: forward on ${backend}`, (t) => {
        const dtypes = new Set<DType>();
        onBackend(backend, () => {
          for (const call of calls)
            for (const layout of LAYOUTS)
              for (const dtype of TO_ORACLE.filter((d) => call.resultDType(d) !== null)) {
                const inputs = call.make(dtype, layout);
                const before = inputs.map(snapshot);
                poison(1);
                const results = call.run(inputs);
                const expected = call.expected(inputs) ?? [];
                const where = `${call.title} ${dtype} ${layout}`;
                t.is(results.length, expected.length, where);
                results.forEach((y, i) => t.is(differs(y, expected[i]), '', where));
                inputs.forEach((x, i) => t.true(sameBits(x, before[i]), `${where} changed its input ${i}`));
                dtypes.add(dtype);
              }
        });
        if (t.passed)
          note(row.op, 'layouts', ...[...dtypes].map((dtype) => `forward ${backend} ${dtype}` as const));
      });

  test(`${row.op}: dtypes, on every backend alike`, (t) => {
    const taken = new Set<DType>();
    for (const call of calls)
      for (const dtype of DTYPES) {
        const expected = call.resultDType(dtype);
        for (const layout of ['contiguous', 'mixed'] as const) {
          const inputs = call.make(dtype, layout);
          const where = `${call.title} ${dtype} ${layout}`;
          if (expected === null) {
            const error = t.throws(() => call.run(inputs), { instanceOf: TypeError }, where);
            t.true(error?.message.startsWith(`[${row.op}] `), `${where}: ${error?.message}`);
            continue;
          }
          const [first, ...twins] = BACKENDS.map((backend) => onBackend(backend, () => call.run(inputs)));
          t.is(first[0].dtype, expected, where);
          for (const twin of twins)
            twin.forEach((y, i) => {
              t.is(y.dtype, first[i].dtype, where);
              t.is(
                differs(y, snapshot(first[i]), TOLERANCE[y.dtype]),
                '',
                `${where}: native against reference`,
              );
            });
          for (const y of first)
            if (y.dtype === 'bool')
              t.true(
                y.toArray().every((v) => v <= 1),
                `${where}: a bool that is not 0 or 1`,
              );
          taken.add(dtype);
        }
      }
    if (t.passed) note(row.op, 'layouts', ...[...taken].map((dtype) => `alike ${dtype}` as const));
  });

  test(`${row.op}: as a method`, (t) => {
    for (const call of calls) {
      const inputs = call.make('float64', 'contiguous');
      const asMethod = call.runMethod(inputs);
      asMethod?.forEach((y, i) => t.true(sameBits(y, call.run(inputs)[i]), call.title));
    }
    t.pass();
  });
}
