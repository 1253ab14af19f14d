import test from 'ava';
import { loadNative } from '../lib/backend/native.js';
import { reference } from '../lib/backend/reference/index.js';
import { attentionRows } from './support/kernels/attention.js';
import { convRows } from './support/kernels/conv.js';
import { indexingRows } from './support/kernels/indexing.js';
import { linalgRows } from './support/kernels/linalg.js';
import { matmulRows } from './support/kernels/matmul.js';
import { normalizationRows } from './support/kernels/normalization.js';
import { optimizerRows } from './support/kernels/optimizer.js';
import { pointwiseRows } from './support/kernels/pointwise.js';
import { poolRows } from './support/kernels/pool.js';
import { Random } from './support/kernels/random-values.js';
import { randomRows } from './support/kernels/random.js';
import { reduceRows } from './support/kernels/reduce.js';
import { rowsRows } from './support/kernels/rows.js';
import { runsRows } from './support/kernels/runs.js';
import { attempt, attemptTwins, describeTrial, type Row } from './support/kernels/trial.js';

// Every kernel of the contract on random shapes, strides and values: the reference against definitions written out in
// `support/kernels`, and native against its twin. `KERNEL_TRIALS=1000` looks harder; with MGP_BACKEND=reference only
// the reference is checked. Without that, an addon that does not load fails every test here: silence would look like
// agreement.

const TRIALS = Number(process.env.KERNEL_TRIALS ?? 40);
const referenceOnly = process.env.MGP_BACKEND === 'reference';

const ROWS: Record<string, readonly Row[]> = {
  ...pointwiseRows,
  ...reduceRows,
  ...matmulRows,
  ...linalgRows,
  ...convRows,
  ...poolRows,
  ...rowsRows,
  ...runsRows,
  ...attentionRows,
  ...normalizationRows,
  ...indexingRows,
  ...randomRows,
  ...optimizerRows,
};

/** What a backend has besides kernels. */
const NOT_KERNELS = ['allocate', 'setNumThreads', 'limitThreads', 'getNumThreads'];

test('every kernel of the contract has a row here', (t) => {
  const kernels = Object.entries(reference).filter(([, value]) => typeof value === 'function');
  const names = kernels.map(([name]) => name).filter((name) => !NOT_KERNELS.includes(name));
  t.deepEqual(Object.keys(ROWS).sort(), names.sort());
  for (const name of names) t.true(ROWS[name].length > 0, name);
});

for (const { title, draw } of Object.values(ROWS).flat()) {
  test(title, (t) => {
    const native = referenceOnly ? null : loadNative();
    for (let i = 0; i < TRIALS; i++) {
      // Everything about a trial follows from this name.
      const name = `${title} #${i}`;
      const it = draw(new Random(name));
      const complaint = native ? attemptTwins(it, reference, native) : attempt(it, reference).complaint;
      if (complaint) t.fail(`${name}: ${complaint}\n  ${describeTrial(it)}`);
    }
    t.pass();
  });
}
