import test from 'ava';
import { backward, grad, noGrad, tidy, type Tensor } from '../lib/index.js';
import { BACKENDS, onBackend, poison, sameBits, snapshot } from './support/check.js';
import { make, Random, real } from './support/inputs.js';
import type { Nd } from './support/oracle.js';
import { randomGraph, randomLeaves, type Graph } from './support/random-graph.js';

// Backward recycles the gradients it makes while it runs. A buffer given back too early would show as a gradient that
// is wrong now and then. So: thousands of random expressions, each gone back through in every way there is, with the free
// list full of NaN, and all ways must agree to the last bit. `FUZZ_GRAPHS=100000` looks harder.

const GRAPHS = Number(process.env.FUZZ_GRAPHS ?? 1200);
const STEPS = 24;

type Gradients = readonly (Nd | null)[];
const save = (gradients: readonly (Tensor | null)[]): Gradients => gradients.map((g) => g && snapshot(g));
const same = (a: Gradients, b: Gradients): boolean =>
  a.every((x, i) => x === b[i] || (x !== null && b[i] !== null && sameBits(x, b[i])));

/** The same expression again, from the same numbers in leaves of their own. */
function fresh(name: string, mixDTypes: boolean): Graph {
  const random = new Random(name);
  const leaves = randomLeaves(random);
  return randomGraph(random, leaves, STEPS, mixDTypes);
}

const wantedOf = ({ leaves }: Graph): Tensor[] => leaves.filter((leaf) => leaf.requiresGrad);

/** Goes back, and checks that no tensor of the expression has changed on the way. */
function back(graph: Graph, go: () => Gradients): Gradients {
  const before = graph.nodes.map(snapshot);
  poison(1);
  const gradients = go();
  poison(1);
  graph.nodes.forEach((node, i) => {
    if (!sameBits(node, before[i])) throw new Error(`backward changed tensor ${i}, a result of ${node.op}`);
  });
  return gradients;
}

/** Every way back: all give the gradients of the leaves. */
const WAYS: Record<string, (graph: Graph) => Gradients> = {
  'createGraph, where nothing is recycled': (graph) =>
    save(grad(graph.loss, wantedOf(graph), { createGraph: true, allowUnused: true })),
  backward: (graph) => {
    graph.loss.backward();
    return save(wantedOf(graph).map((leaf) => leaf.grad));
  },
  grad: (graph) => save(grad(graph.loss, wantedOf(graph), { allowUnused: true })),
  'the second of two passes over a retained graph': (graph) => {
    grad(graph.loss, wantedOf(graph), { allowUnused: true, retainGraph: true });
    poison(1);
    return save(grad(graph.loss, wantedOf(graph), { allowUnused: true }));
  },
  'backward inside tidy': (graph) => {
    tidy(() => {
      graph.loss.backward(undefined, { retainGraph: true });
    });
    poison(1);
    return save(wantedOf(graph).map((leaf) => leaf.grad));
  },
  'grad inside tidy': (graph) => {
    const gradients = tidy(() => grad(graph.loss, wantedOf(graph), { allowUnused: true, retainGraph: true }));
    poison(1);
    return save(gradients);
  },
  'leaf by leaf': (graph) =>
    save(
      wantedOf(graph).map((leaf) => grad(graph.loss, [leaf], { allowUnused: true, retainGraph: true })[0]),
    ),
  'backward with every gradient retained': (graph) => {
    for (const node of graph.nodes) if (node.requiresGrad) node.retainGrad();
    graph.loss.backward();
    return save(wantedOf(graph).map((leaf) => leaf.grad));
  },
  'half of two accumulated passes': (graph) => {
    graph.loss.backward(undefined, { retainGraph: true });
    graph.loss.backward();
    return save(wantedOf(graph).map((leaf) => leaf.grad && noGrad(() => leaf.grad!.mul(0.5))));
  },
};

for (const backend of BACKENDS) {
  for (const [way, go] of Object.entries(WAYS).slice(1))
    test(`random expressions on ${backend}: ${way} gives what createGraph gives, to the last bit`, (t) => {
      onBackend(backend, () => {
        for (let i = 0; i < GRAPHS; i++) {
          const name = `graph ${i}`;
          const graph = fresh(name, i % 4 === 0);
          if (!graph.loss.requiresGrad) continue;
          const [reference] = Object.values(WAYS);
          const expected = reference(graph);
          const again = fresh(name, i % 4 === 0);
          const got = back(again, () => go(again));
          if (!same(got, expected))
            t.fail(`${name}: ${JSON.stringify(got)} instead of ${JSON.stringify(expected)}`);
        }
      });
      t.pass();
    });

  test(`random expressions on ${backend}: gradients of tensors in the middle`, (t) => {
    onBackend(backend, () => {
      for (let i = 0; i < GRAPHS; i++) {
        const name = `graph ${i}`;
        const graph = fresh(name, false);
        const inner = graph.nodes.flatMap((node, at) => (node.requiresGrad ? [at] : []));
        if (!graph.loss.requiresGrad) continue;
        const expected = save(
          grad(
            graph.loss,
            inner.map((at) => graph.nodes[at]),
            { createGraph: true, allowUnused: true },
          ),
        );
        const again = fresh(name, false);
        const nodes = inner.map((at) => again.nodes[at]);
        const got = back(again, () =>
          save(grad(again.loss, nodes, { allowUnused: true, retainGraph: true })),
        );
        if (!same(got, expected)) t.fail(`${name}: grad`);
        for (const node of nodes) node.retainGrad();
        const retained = back(again, () => {
          again.loss.backward();
          return save(nodes.map((node) => node.grad));
        });
        // A tensor that nothing depends on has no gradient either way.
        if (!same(retained, expected)) t.fail(`${name}: retainGrad`);
      }
    });
    t.pass();
  });

  test(`random expressions on ${backend}: no two gradients share memory`, (t) => {
    onBackend(backend, () => {
      for (let i = 0; i < GRAPHS; i++) {
        const graph = fresh(`graph ${i}`, false);
        if (!graph.loss.requiresGrad) continue;
        for (const node of graph.nodes) if (node.requiresGrad) node.retainGrad();
        backward(graph.loss);
        const tensors = [...graph.nodes, ...graph.nodes.flatMap((node) => node.grad ?? [])];
        const gradients = graph.nodes.flatMap((node) => node.grad?.storage ?? []);
        if (new Set(gradients).size !== new Set(graph.nodes.filter((node) => node.grad)).size)
          t.fail(`graph ${i}`);
        const buffers = gradients.map((s) => s.array.buffer);
        const places = gradients.map((s, k) => `${buffers.indexOf(buffers[k])}:${s.array.byteOffset}`);
        if (new Set(places).size !== new Set(gradients).size) t.fail(`graph ${i}`);
        if (tensors.some((x) => x.storage.handle === null)) t.fail(`graph ${i}: a tensor was given back`);
      }
    });
    t.pass();
  });

  test(`random expressions on ${backend}: first and second derivatives against finite differences`, (t) => {
    onBackend(backend, () => {
      for (let i = 0; i < GRAPHS; i++) {
        const name = `graph ${i}`;
        const leaves = randomLeaves(new Random(name));
        const directions = leaves.map((leaf, n) =>
          make(real(...leaf.shape), 'float64', 'contiguous', new Random(`${name} ${n}`)),
        );
        /** The expression, `step` away from the leaves in that direction. */
        const moved = (step: number): Graph => {
          const random = new Random(name);
          const own = randomLeaves(random).map((leaf, n) => {
            const next = noGrad(() => leaf.add(directions[n].mul(leaf.requiresGrad ? step : 0)));
            next.requiresGrad = leaf.requiresGrad;
            return next;
          });
          return randomGraph(random, own, STEPS);
        };
        /** How fast the loss changes in that direction, by autograd: a number with a graph. */
        const slope = (graph: Graph, createGraph: boolean): Tensor | null => {
          const wanted = graph.leaves.flatMap((leaf, n) => (leaf.requiresGrad ? [n] : []));
          const gradients = grad(
            graph.loss,
            wanted.map((n) => graph.leaves[n]),
            { createGraph, allowUnused: true },
          );
          const parts = gradients.flatMap((g, n) => (g ? [g.mul(directions[wanted[n]]).sum()] : []));
          return parts.length === 0 ? null : parts.reduce((a, b) => a.add(b));
        };
        const graph = moved(0);
        if (!graph.loss.requiresGrad) continue;
        const first = slope(graph, true);
        if (first === null) continue;
        const eps = 1e-5;
        const [above, below] = [moved(eps), moved(-eps)];
        const numeric = (above.loss.item() - below.loss.item()) / (2 * eps);
        if (!(Math.abs(first.item() - numeric) <= 1e-5 * (1 + Math.abs(numeric))))
          t.fail(`${name}: autograd says ${first.item()}, finite differences say ${numeric}`);
        if (!first.requiresGrad) continue;
        const curvature = slope({ ...graph, loss: first }, false)?.item() ?? 0;
        const numeric2 = (slope(above, false)!.item() - slope(below, false)!.item()) / (2 * eps);
        if (!(Math.abs(curvature - numeric2) <= 1e-4 * (1 + Math.abs(numeric2))))
          t.fail(
            `${name}: second derivative: autograd says ${curvature}, finite differences say ${numeric2}`,
          );
      }
    });
    t.pass();
  });
}
