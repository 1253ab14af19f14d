import test from 'ava';
import { grad, gradcheck, gradgradcheck } from '../lib/index.js';
import { ROWS } from './cases.js';
import { BACKENDS, onBackend, poison } from './support/check.js';
import { contract } from './support/contract.js';
import { LAYOUTS } from './support/inputs.js';
import { Call } from './support/row.js';

// First and second derivatives of every row against finite differences, in float64.

const note = contract(test, 'ops-gradients');

/** Second derivatives take longer; the layouts that matter most. */
const FEWER = ['contiguous', 'mixed'] as const;

for (const row of ROWS) {
  const calls = row.calls.map((args) => new Call(row, args));

  if (!row.differentiable) {
    test(`${row.op}: has no gradient, and says so`, (t) => {
      for (const call of calls) {
        const leaves = call.leaves('contiguous');
        const [result] = call.run(leaves);
        t.false(result.requiresGrad, call.title);
        t.throws(() => grad(result, leaves[0]), { message: /does not require grad/ }, call.title);
      }
      if (t.passed) note(row.op, 'no gradient');
    });
    continue;
  }

  for (const backend of BACKENDS) {
    test(`${row.op}: first derivatives on ${backend}`, (t) => {
      onBackend(backend, () => {
        for (const call of calls)
          for (const layout of LAYOUTS) {
            const leaves = call.leaves(layout);
            if (!leaves.some((leaf) => leaf.requiresGrad)) continue;
            poison();
            t.notThrows(() => gradcheck((...xs) => call.run(xs), leaves), `${call.title} ${layout}`);
            t.true(call.run(leaves)[0].requiresGrad, `${call.title} cuts the graph`);
          }
      });
      if (t.passed) note(row.op, 'layouts', `first ${backend}`);
    });

    test(`${row.op}: second derivatives on ${backend}`, (t) => {
      onBackend(backend, () => {
        for (const call of calls)
          for (const layout of FEWER) {
            const leaves = call.leaves(layout);
            if (!leaves.some((leaf) => leaf.requiresGrad)) continue;
            poison();
            t.notThrows(() => gradgradcheck((...xs) => call.run(xs), leaves), `${call.title} ${layout}`);
          }
      });
      if (t.passed) note(row.op, `second ${backend}`);
    });
  }
}
