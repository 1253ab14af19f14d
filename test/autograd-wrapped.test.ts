import test from 'ava';
import {
  checkpoint,
  Function,
  grad,
  manualSeed,
  nn,
  randint,
  randn,
  tensor,
  type FunctionContext,
  type FunctionGradients,
  type Tensor,
} from '../lib/index.js';
import { BACKENDS, near, onBackend } from './support/check.js';

// Random computations, as they are and with their parts in checkpoints, ops of one's own and hooks: the gradients, and those of
// the gradients, are the same.

/** Two results, one of them a view of an input. */
class Twist extends Function {
  static forward(ctx: FunctionContext, a: Tensor, b: Tensor): [Tensor, Tensor] {
    ctx.saveForBackward(a, b);
    return [a.mul(b), a];
  }
  static backward(ctx: FunctionContext, forProduct: Tensor, forA: Tensor): FunctionGradients {
    const [a, b] = ctx.savedTensors;
    return [forProduct.mul(b).add(forA), forProduct.mul(a)];
  }
}

class Same extends nn.Module {
  forward(...inputs: Tensor[]): Tensor {
    return inputs[0];
  }
}

type Wrap = (fn: (a: Tensor, b: Tensor) => Tensor[], a: Tensor, b: Tensor) => Tensor[];

const plain: Wrap = (fn, a, b) => fn(a, b);
const checkpointed: Wrap = (fn, a, b) => checkpoint(fn, a, b);
const nested: Wrap = (fn, a, b) => checkpoint((x: Tensor) => checkpoint(fn, x, b), a);
const hooked: Wrap = (fn, a, b) => {
  const module = new Same();
  module.registerFullBackwardHook(() => undefined);
  const outs = fn(module.forward(a), b).map((out) => module.forward(out));
  for (const out of outs) if (out.requiresGrad) out.registerHook((g) => g.mul(1));
  return outs;
};

/** A computation of some steps over a pool of tensors, decided by `choices`; some steps use tensors from outside theirs. */
function compute(leaves: readonly Tensor[], choices: readonly number[], wraps: readonly Wrap[]): Tensor {
  const pool = [...leaves];
  for (let i = 0; i + 4 < choices.length; i += 5) {
    const [kind, first, second, outside, wrap] = choices.slice(i, i + 5);
    const pick = (n: number): Tensor => pool[n % pool.length];
    const captured = pick(outside);
    const steps: ((a: Tensor, b: Tensor) => Tensor[])[] = [
      (a, b) => [a.mul(b).tanh()],
      (a, b) => [a.add(b).sigmoid(), a.sub(captured)],
      (a, b) => Twist.apply(a, b),
      (a, b) => Twist.apply(a.tanh(), captured).map((x) => x.mul(b)),
      (a, b) => [a, b.mul(captured).tanh()],
      (a, b) => [a.sum().mul(b), b.detach().mul(a)],
    ];
    pool.push(...wraps[wrap % wraps.length](steps[kind % steps.length], pick(first), pick(second)));
  }
  return pool
    .map((x, i) =>
      x
        .mul(Math.sin(i + 1))
        .tanh()
        .sum(),
    )
    .reduce((a, b) => a.add(b));
}

for (const backend of BACKENDS)
  test(`random computations, wrapped and plain, on ${backend}`, (t) => {
    onBackend(backend, () => {
      for (let seed = 0; seed < 60; seed++) {
        manualSeed(seed);
        const values = [0, 1, 2].map(() => randn([2, 2], { dtype: 'float64' }));
        const choices = [...randint(1000, [5 * (1 + (seed % 6))]).toArray()];
        const derivatives = (wraps: readonly Wrap[]): number[] => {
          const leaves = values.map((x) => tensor(x.tolist(), { dtype: 'float64', requiresGrad: true }));
          const first = grad(compute(leaves, choices, wraps), leaves, {
            createGraph: true,
            allowUnused: true,
          });
          const mixed = first.map((g) => g!.mul(g!).sum()).reduce((a, b) => a.add(b));
          const second = grad(mixed, leaves, { allowUnused: true, retainGraph: true });
          mixed.backward();
          const third = leaves.map((x) => x.grad!);
          compute(leaves, choices, wraps).backward();
          return [...first, ...second, ...third, ...leaves.map((x) => x.grad!)].flatMap((g) =>
            g === null ? [NaN] : [...g.toArray()],
          );
        };
        const expected = derivatives([plain]);
        const found = derivatives([plain, checkpointed, nested, hooked]);
        t.is(found.length, expected.length);
        const at = found.findIndex((value, i) => !near(value, expected[i], 1e-11));
        t.is(at, -1, `seed ${seed}: number ${at} is ${found[at]}, expected ${expected[at]}`);
      }
    });
  });
