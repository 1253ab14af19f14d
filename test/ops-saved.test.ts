import test from 'ava';
import { grad, tidy, type Tensor } from '../lib/index.js';
import { overlaps } from '../lib/shape.js';
import { ROWS } from './cases.js';
import { BACKENDS, disturb, onBackend, poison, sameBits, snapshot } from './support/check.js';
import type { Nd } from './support/oracle.js';
import { make, real, Random } from './support/inputs.js';
import { Call } from './support/row.js';

// What an op saves for its gradient. Any tensor it touches may be changed in place between forward and backward: then
// backward must refuse, or give the gradient it would have given. Nothing between the two is acceptable.

/** One pass over a graph: its tensors, and a function that goes back from its results. */
interface Pass {
  readonly tensors: readonly Tensor[];
  readonly back: () => (Tensor | null)[];
}

const gradientsOf = (
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  gradOutputs: readonly Tensor[],
  createGraph = false,
) => {
  const used = outputs.flatMap((y, i) => (y.requiresGrad ? [i] : []));
  const wanted = inputs.filter((x) => x.requiresGrad);
  return grad(
    used.map((i) => outputs[i]),
    wanted,
    {
      gradOutputs: used.map((i) => gradOutputs[i]),
      allowUnused: true,
      createGraph,
    },
  );
};

const gradientsLike = (outputs: readonly Tensor[], name: string): Tensor[] =>
  outputs.map((y, i) => make(real(...y.shape), 'float64', 'contiguous', new Random(`${name} ${i}`)));

/** Forward; back to the inputs. */
function first(call: Call): Pass {
  const leaves = call.leaves('contiguous');
  const outputs = call.run(leaves);
  const gs = gradientsLike(outputs, call.title);
  return { tensors: [...leaves, ...outputs], back: () => gradientsOf(outputs, leaves, gs) };
}

/** Forward, back with a graph; back over that, to the inputs or to the gradients it started from. */
function second(call: Call, toInputs: boolean): Pass {
  const leaves = call.leaves('contiguous');
  const outputs = call.run(leaves);
  const gs = gradientsLike(outputs, call.title);
  for (const g of gs) g.requiresGrad = true;
  const gradients = gradientsOf(outputs, leaves, gs, true).filter((g) => g !== null);
  const hs = gradientsLike(gradients, `${call.title} second`);
  return {
    tensors: [...leaves, ...outputs, ...gs, ...gradients],
    back: () =>
      gradients.some((g) => g.requiresGrad) ? gradientsOf(gradients, toInputs ? leaves : gs, hs) : [],
  };
}

// Each way on its own: a tensor that only one of the rules reads must not be watched over by another.
const PASSES: Record<string, (call: Call) => Pass> = {
  first,
  'second, to the inputs,': (call) => second(call, true),
  'second, to the gradients,': (call) => second(call, false),
};

const sameGradients = (a: readonly (Tensor | null)[], b: readonly (Nd | null)[]): boolean =>
  a.every((x, i) => (x === null || b[i] === null ? x === b[i] : sameBits(x, b[i])));

for (const row of ROWS.filter((one) => one.differentiable)) {
  const calls = row.calls
    .map((args) => new Call(row, args))
    .filter((call) => call.leaves('contiguous').some((x) => x.requiresGrad));

  for (const [order, pass] of Object.entries(PASSES))
    test(`${row.op}: a tensor changed in place is noticed, or makes no difference to ${order} derivatives`, (t) => {
      for (const call of calls) {
        const untouched = pass(call);
        const expected = untouched.back().map((g) => g && snapshot(g));
        for (let i = 0; i < untouched.tensors.length; i++) {
          const { tensors, back } = pass(call);
          // A view whose elements share memory cannot be changed: that of its input is, which is disturbed too.
          if (overlaps(tensors[i].shape, tensors[i].strides)) continue;
          disturb(tensors[i]);
          let got: (Tensor | null)[] | null = null;
          try {
            got = back();
          } catch (error) {
            t.regex((error as Error).message, /was changed in place/, `${call.title}, tensor ${i}`);
          }
          t.true(
            got === null || sameGradients(got, expected),
            `${call.title}: a wrong gradient after tensor ${i} was changed in place`,
          );
        }
      }
    });

  for (const backend of BACKENDS)
    test(`${row.op}: inside tidy on ${backend}, nothing that lives on is given back`, (t) => {
      onBackend(backend, () => {
        for (const call of calls) {
          const outside = first(call);
          const expected = [...outside.tensors, ...outside.back()].map((x) => x && snapshot(x));
          poison();
          const inside = tidy(() => {
            const { tensors, back } = first(call);
            return [...tensors, ...back()];
          });
          poison();
          t.true(sameGradients(inside, expected), call.title);
        }
      });
    });
}
