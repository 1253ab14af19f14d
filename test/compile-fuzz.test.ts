import test from 'ava';
import { isFloat } from '../lib/dtype.js';
import { compile, getBackend, grad, noGrad, type Tensor } from '../lib/index.js';
import { ROWS } from './cases.js';
import { poison, sameBits, snapshot } from './support/check.js';
import { dtypeFor, LAYOUTS, make, Random } from './support/inputs.js';
import type { Nd } from './support/oracle.js';
import { randomGraph, randomLeaves } from './support/random-graph.js';
import { Call } from './support/row.js';

// Every op, and random expressions of many, forward and backward, recorded and run again on other numbers: the bits have
// to be those of the step as it is. On the reference backend a compiled step is the step, so there is nothing to record.

const recorded = getBackend() === 'native';
const RUNS = 3;

const sameAll = (a: readonly Nd[], b: readonly Nd[]): boolean =>
  a.length === b.length && a.every((x, i) => sameBits(x, b[i]));

/** Runs a step as it is and compiled, each on the same inputs, and says where they differ. */
function differ(
  step: (...inputs: Tensor[]) => Tensor[],
  inputsOf: (run: number) => Tensor[],
  allowed: number,
): string {
  const compiled = compile(step);
  const runs = Array.from({ length: RUNS }, (_, run) => {
    const own = inputsOf(run);
    return { inputs: inputsOf(run), expected: step(...own).map(snapshot), changed: own.map(snapshot) };
  });
  const kept: { tensors: Tensor[]; values: readonly Nd[] }[] = [];
  for (const [run, { inputs, expected, changed }] of runs.entries()) {
    poison(1);
    const tensors = compiled(...inputs);
    poison(1);
    const values = tensors.map(snapshot);
    if (!sameAll(values, expected))
      return `run ${run}: ${JSON.stringify(values)} instead of ${JSON.stringify(expected)}`;
    if (!sameAll(inputs.map(snapshot), changed)) return `run ${run}: the inputs differ`;
    kept.push({ tensors, values });
  }
  for (const { tensors, values } of kept)
    if (!sameAll(tensors.map(snapshot), values)) return 'a result changed in a later run';
  const { recordings } = compiled;
  return recorded && recordings > allowed ? `${recordings} recordings` : '';
}

/** Ops that decide by values what to do, in some of their calls. */
const DECIDE = [
  'linalg.lstsq',
  'linalg.matrixExp',
  'matrixExp',
  'embeddingBag',
  'quantile',
  'nanquantile',
  'cov',
];

for (const row of ROWS.filter(({ op }) => DECIDE.includes(op)))
  test(`${row.op} in a compiled step is refused, or gives the same as outside`, (t) => {
    for (const args of row.calls) {
      const call = new Call(row, args);
      const inputs = call.make('float64', 'contiguous');
      const expected = call.run(inputs).map(snapshot);
      let found: Tensor[];
      try {
        found = compile((...xs: Tensor[]) => call.run(xs))(...inputs);
      } catch (error) {
        t.regex((error as Error).message, /^\[compile\] the step reads the values/, call.title);
        continue;
      }
      t.true(sameAll(found.map(snapshot), expected), call.title);
    }
  });

for (const row of ROWS.filter(({ op }) => !DECIDE.includes(op)))
  test(`${row.op} in a compiled step gives the same bits as outside${row.reads ? ', or is refused' : ''}`, (t) => {
    for (const call of row.calls.map((args) => new Call(row, args)))
      for (const dtype of ['float32', 'float64'] as const)
        for (const layout of LAYOUTS) {
          if (call.resultDType(dtype) === null) continue;
          const inputsOf = (run: number): Tensor[] => {
            const random = new Random(`${call.title} ${layout} ${run}`);
            return call.inputs.map((input) => make(input, dtype, layout, random));
          };
          const step = (...inputs: Tensor[]): Tensor[] => {
            const leaves = inputs.map((x, i) => {
              const leaf = x.detach();
              if (row.differentiable && isFloat(dtypeFor(call.inputs[i], dtype))) leaf.requiresGrad = true;
              return leaf;
            });
            const results = call.run(leaves);
            const wanted = leaves.filter((leaf) => leaf.requiresGrad);
            const out = results.filter((y) => y.requiresGrad);
            if (wanted.length === 0 || out.length === 0) return results;
            // Weights that JavaScript makes are constants; these follow from the result.
            const weights = out.map((y) => noGrad(() => y.mul(0.7).add(0.3)));
            const gradients = grad(out, wanted, { gradOutputs: weights, allowUnused: true });
            return [...results, ...gradients.flatMap((g) => g ?? [])];
          };
          if (row.reads) {
            // Where there is nothing, there is nothing to read.
            if (recorded && inputsOf(0).every((x) => x.size > 0))
              t.throws(() => compile(step)(...inputsOf(0)), { message: /reads the values/ });
            continue;
          }
          const problem = differ(step, inputsOf, layout === 'mixed' ? RUNS : 1);
          if (problem !== '') t.fail(`${call.title} ${dtype} ${layout}: ${problem}`);
        }
    t.pass();
  });

const GRAPHS = Number(process.env.FUZZ_GRAPHS ?? 300);

for (const mixed of [false, true])
  test(`random expressions${mixed ? ' of two dtypes' : ''}, compiled, give the same bits as they are`, (t) => {
    for (let i = 0; i < GRAPHS; i++) {
      const name = `compiled ${i}`;
      const step = (...inputs: Tensor[]): Tensor[] => {
        const random = new Random(name);
        const leaves = inputs.map((x) => x.detach());
        leaves.forEach((leaf) => (leaf.requiresGrad = random.next() < 0.85));
        const { nodes, loss } = randomGraph(random, leaves, 24, mixed);
        const wanted = leaves.filter((leaf) => leaf.requiresGrad);
        const some = nodes.filter((_, at) => at % 5 === 0);
        if (!loss.requiresGrad) return [loss, ...some];
        for (const node of some) if (node.requiresGrad) node.retainGrad();
        loss.backward();
        const gradients = [...wanted, ...some].flatMap((x) => x.grad ?? []);
        return [loss, ...some, ...gradients];
      };
      const inputsOf = (run: number): Tensor[] => {
        const shapes = randomLeaves(new Random(name));
        return shapes.map((leaf, n) => {
          const x = leaf.detach();
          leaf.storage.array.forEach((v, k, all) => (all[k] = v * (1 - 0.1 * run) + 0.01 * n));
          return x;
        });
      };
      const problem = differ(step, inputsOf, 1);
      if (problem !== '') t.fail(`${name}: ${problem}`);
    }
    t.pass();
  });
