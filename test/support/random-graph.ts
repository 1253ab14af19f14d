import { cat, matmul, softmax, stack, tensor, where, type Tensor } from '../../lib/index.js';
import { LAYOUTS, make, real, type Random } from './inputs.js';

// Random expressions whose value and gradients stay of moderate size, and which have no kinks: what to throw at a
// backward pass that recycles memory. Which ops come depends on the random numbers and on shapes alone, so the same seed
// makes the same expression from other leaves.

/** An expression over some leaves: all its tensors, in the order they were made. */
export interface Graph {
  readonly leaves: readonly Tensor[];
  readonly nodes: readonly Tensor[];
  /** A number that depends on several of the nodes. */
  readonly loss: Tensor;
}

const LEAF_SHAPES = [[2, 3], [3], [1, 3], [2, 1], [], [3, 2], [2, 2, 3], [1], [3, 3]]; // prettier-ignore
/** Larger results are cut down, or the expression would grow without bound. */
const MAX_SIZE = 48;

export function randomLeaves(random: Random): Tensor[] {
  return Array.from({ length: 1 + random.below(4) }, () => {
    const leaf = make(real(...random.pick(LEAF_SHAPES)), 'float64', random.pick(LAYOUTS), random);
    leaf.requiresGrad = random.next() < 0.85;
    return leaf;
  });
}

export function randomGraph(
  random: Random,
  leaves: readonly Tensor[],
  steps: number,
  mixDTypes = false,
): Graph {
  const nodes = [...leaves];
  for (let i = 0; i < steps; i++) {
    const step = random.pick(mixDTypes ? [...STEPS, toOtherDType] : STEPS);
    const node = step(random, nodes);
    if (node !== null && node.size <= MAX_SIZE) nodes.push(node);
  }
  // From several places at once, so that gradients meet.
  const ends = [
    nodes[nodes.length - 1],
    ...Array.from({ length: random.below(3) }, () => pick(random, nodes)),
  ];
  const loss = ends.map((node) => weighted(random, node)).reduce((a, b) => a.add(b));
  return { leaves, nodes, loss };
}

type Step = (random: Random, nodes: readonly Tensor[]) => Tensor | null;

/** Mostly one of the latest, so that expressions are deep; now and then any, so that they are wide. */
const pick = (random: Random, nodes: readonly Tensor[]): Tensor =>
  random.next() < 0.6
    ? nodes[nodes.length - 1 - random.below(Math.min(3, nodes.length))]
    : random.pick(nodes);

const weighted = (random: Random, x: Tensor): Tensor =>
  x
    .mul(make(real(...x.shape), x.dtype, 'contiguous', random))
    .sum()
    .to('float64');

const one =
  (f: (random: Random, x: Tensor) => Tensor | null): Step =>
  (random, nodes) =>
    f(random, pick(random, nodes));

const dimOf = (random: Random, x: Tensor): number =>
  random.below(x.ndim) - (random.next() < 0.3 ? x.ndim : 0);
const needsDims =
  (f: (random: Random, x: Tensor) => Tensor | null): Step =>
  (random, nodes) => {
    const x = pick(random, nodes);
    return x.ndim === 0 ? null : f(random, x);
  };

const broadcasts = (a: Tensor, b: Tensor): boolean =>
  [...a.shape].reverse().every((size, i) => {
    const other = b.shape[b.ndim - 1 - i] ?? 1;
    return size === other || size === 1 || other === 1;
  });

const two =
  (f: (a: Tensor, b: Tensor) => Tensor): Step =>
  (random, nodes) => {
    const a = pick(random, nodes);
    const b = random.next() < 0.15 ? a : pick(random, nodes);
    return broadcasts(a, b) ? f(a, b) : null;
  };

const indexFor = (random: Random, size: number, length: number): Tensor =>
  tensor(
    Array.from({ length }, () => random.below(size)),
    { dtype: 'int32' },
  );

const STEPS: readonly Step[] = [
  // Gradients that are `g` itself, or shared between parents: where aliasing would hide.
  two((a, b) => a.add(b)),
  two((a, b) => a.add(b)),
  two((a, b) => a.sub(b)),
  one((_, x) => x.clone()),
  one((_, x) => x.contiguous()),
  one((_, x) => x.add(x)),
  one((_, x) => x.neg()),
  // Saved tensors.
  two((a, b) => a.mul(b).tanh()),
  two((a, b) => a.div(b.square().add(1))),
  one((_, x) => x.tanh()),
  one((_, x) => x.sigmoid()),
  one((_, x) => x.tanh().exp()),
  one((_, x) => x.tanh().square()),
  one((_, x) => x.square().add(0.5).sqrt().tanh()),
  needsDims((r, x) => softmax(x, dimOf(r, x))),
  needsDims((r, x) => x.logSoftmax(dimOf(r, x)).tanh()),
  // Views.
  needsDims((r, x) => x.transpose(dimOf(r, x), dimOf(r, x))),
  one((r, x) => x.permute(r.shuffle(x.shape.map((_, d) => d)))),
  one((_, x) => x.reshape(-1)),
  one((_, x) => x.reshape(1, -1, 1)),
  one((_, x) => (x.size % 2 === 0 ? x.reshape(2, -1) : x.reshape(-1))),
  one((_, x) => x.squeeze()),
  one((r, x) => x.unsqueeze(r.below(x.ndim + 1))),
  one((r, x) => x.unsqueeze(0).expand([1 + r.below(3), ...x.shape])),
  needsDims((r, x) => x.slice(dimOf(r, x), r.below(2), null, 1 + r.below(2))),
  needsDims((r, x) => {
    const dim = dimOf(r, x);
    const size = x.shape.at(dim) as number;
    return size === 0 ? null : x.select(dim, r.below(size));
  }),
  needsDims((r, x) => {
    const dim = dimOf(r, x);
    const size = x.shape.at(dim) as number;
    const start = r.below(size + 1);
    return x.narrow(dim, start, r.below(size - start + 1));
  }),
  // Reductions, and their way back.
  one((_, x) => x.sum().tanh()),
  needsDims((r, x) => x.sum(dimOf(r, x), r.next() < 0.5).tanh()),
  needsDims((r, x) => (x.size > 0 ? x.mean(dimOf(r, x), r.next() < 0.5) : null)),
  // Many to one, and one to many.
  needsDims((r, x) => cat(r.next() < 0.5 ? [x, x] : [x, x.neg(), x], dimOf(r, x))),
  one((r, x) => stack([x, x.mul(0.5)], r.below(x.ndim + 1))),
  (r, nodes) => {
    const a = pick(r, nodes);
    const same = nodes.filter((b) => b.shape.join() === a.shape.join() && b.dtype === a.dtype);
    return stack([a, r.pick(same), r.pick(same)], 0);
  },
  one((_, x) => (x.ndim === 2 ? matmul(x, x.T).tanh() : null)),
  (r, nodes) => {
    const [a, b] = [pick(r, nodes), pick(r, nodes)];
    return a.ndim > 0 &&
      b.ndim > 0 &&
      a.shape.at(-1) === b.shape.at(b.ndim === 1 ? 0 : -2) &&
      (a.ndim <= 2 || b.ndim <= 2)
      ? matmul(a, b).tanh()
      : null;
  },
  needsDims((r, x) => {
    const dim = dimOf(r, x);
    const size = x.shape.at(dim) as number;
    return size === 0 ? null : x.indexSelect(dim, indexFor(r, size, 1 + r.below(3)));
  }),
  (r, nodes) => {
    const [a, b] = [pick(r, nodes), pick(r, nodes)];
    const mask = tensor(
      Array.from({ length: a.size }, () => r.below(2) === 1),
      { dtype: 'bool' },
    ).reshape(a.shape);
    return broadcasts(a, b) ? where(mask, a, b) : null;
  },
];

const toOtherDType: Step = one((_, x) => x.to(x.dtype === 'float64' ? 'float32' : 'float64'));
