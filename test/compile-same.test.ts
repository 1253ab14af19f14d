import test from 'ava';
import {
  compile,
  crossEntropy,
  dropout,
  eye,
  fromArray,
  full,
  getBackend,
  getRngState,
  grad,
  keep,
  manualSeed,
  mul,
  nn,
  noGrad,
  ones,
  optim,
  rand,
  randn,
  sum,
  type Tensor,
  tensor,
  tidy,
  zeros,
} from '../lib/index.js';

// Steps that are easy to replay wrongly, each run several times as it is and compiled: both must show the same. `most` is
// how often it may be recorded.

type Step = (...args: never[]) => unknown;
type Compile = <S extends Step>(step: S) => S;

const list = (x: Tensor | null): unknown => x?.tolist() ?? null;
const leaf = (...values: number[]): Tensor => tensor(values, { requiresGrad: true });
const int = (...values: number[]): Tensor => tensor(values, { dtype: 'int32' });
/** Runs a step on [1, 1], [2, 2], … and collects what it returns. */
const times = (n: number, step: (i: number) => unknown): unknown[] =>
  Array.from({ length: n }, (_, i) => step(i + 1));

interface Case {
  readonly title: string;
  readonly most: number;
  readonly go: (compiled: Compile) => unknown;
}

const CASES: readonly Case[] = [
  {
    title: 'zeros that are kept, and changed in place, are zeros each time',
    most: 1,
    go: (compiled) => {
      const step = compiled((x: Tensor) => keep(zeros([2])).add_(x));
      return times(3, (i) => list(step(tensor([i, i]))));
    },
  },
  {
    title: 'modules that the step makes are new each time',
    most: 1,
    go: (compiled) => {
      manualSeed(1);
      const step = compiled((x: Tensor) => {
        const norm = new nn.BatchNorm1d(2);
        const y = norm.forward(new nn.Linear(2, 2).forward(x));
        return [y, norm.runningMean as Tensor];
      });
      return times(3, (i) => step(tensor([[i, 1], [2, i]])).map(list)); // prettier-ignore
    },
  },
  {
    title: 'one layer is taken out of training by hand, and put back',
    most: 3,
    go: (compiled) => {
      manualSeed(2);
      const [norm, drop] = [new nn.BatchNorm1d(2), new nn.Dropout(0.5)];
      const step = compiled((x: Tensor) => drop.forward(norm.forward(x)));
      return times(8, (i) => {
        drop.training = i < 3 || i > 6;
        drop.train(drop.training);
        return list(step(tensor([[i, 1], [2, i]]))); // prettier-ignore
      });
    },
  },
  {
    title: 'momentum is switched on, off and on, between steps with random numbers',
    most: 4,
    go: (compiled) => {
      manualSeed(4);
      const w = leaf(1, 1);
      const sgd = new optim.SGD([w], { lr: 0.1 });
      const step = compiled((x: Tensor) => {
        sgd.zeroGrad();
        sum(mul(mul(w, rand([2])), x)).backward();
        sgd.step();
      });
      return times(9, (i) => {
        sgd.paramGroups[0].momentum = [0, 0, 0, 0.9, 0.9, 0.9, 0, 0, 0.5, 0.5][i];
        step(tensor([i, 1]));
        return [list(w), getRngState().counter];
      });
    },
  },
  {
    title: 'a step that only moves parameters, with gradients from outside or none',
    most: 6,
    go: (compiled) => {
      const [w, unused] = [leaf(1, 1), leaf(1, 1)];
      const adam = new optim.Adam([w, unused], { lr: 0.1 });
      const step = compiled(() => {
        adam.step();
      });
      return times(6, (i) => {
        adam.zeroGrad();
        if (i % 3 !== 0) sum(mul(w, i)).backward();
        step();
        return [list(w), list(unused)];
      });
    },
  },
  {
    title: 'a gradient from outside is read',
    most: 4,
    go: (compiled) => {
      const w = leaf(1, 1);
      const step = compiled(() => mul(w.grad as Tensor, 2));
      return times(4, (i) => {
        w.grad = null;
        sum(mul(mul(w, w), i)).backward();
        return list(step());
      });
    },
  },
  {
    title: 'a gradient is replaced',
    most: 1,
    go: (compiled) => {
      const w = leaf(1, 1);
      const sgd = new optim.SGD([w], { lr: 0.1 });
      const step = compiled((x: Tensor) => {
        sgd.zeroGrad();
        sum(mul(mul(w, w), x)).backward();
        w.grad = mul(w.grad as Tensor, 0.5);
        sgd.step();
      });
      return times(4, (i) => {
        step(tensor([i, 1]));
        return [list(w), list(w.grad)];
      });
    },
  },
  {
    title: 'gradients are added up over several runs, and dropped outside',
    most: 2,
    go: (compiled) => {
      const w = leaf(1, 1);
      const sgd = new optim.SGD([w], { lr: 0.1 });
      const step = compiled((x: Tensor) => {
        sum(mul(mul(w, w), x)).backward();
      });
      return times(6, (i) => {
        sgd.zeroGrad();
        for (const x of [tensor([i, 1]), tensor([1, i]), tensor([1, i])]) step(x);
        sgd.step();
        return [list(w), list(w.grad)];
      });
    },
  },
  {
    title: 'gradients of gradients',
    most: 1,
    go: (compiled) => {
      const w = leaf(1, 2);
      const step = compiled((x: Tensor) => {
        w.grad = null;
        const [g] = grad(sum(mul(mul(w, w), mul(w, x))), [w], { createGraph: true });
        const penalty = sum(mul(g, g));
        penalty.backward();
        return [penalty, g];
      });
      return times(3, (i) => [...step(tensor([i, 1])).map(list), list(w.grad)]);
    },
  },
  {
    title: 'the gradient of an argument',
    most: 1,
    go: (compiled) => {
      const step = compiled((x: Tensor) => {
        const input = x.detach();
        input.requiresGrad = true;
        sum(mul(input, input)).backward();
        return input.grad as Tensor;
      });
      return times(3, (i) => list(step(tensor([i, 1]))));
    },
  },
  {
    title: 'memory from outside that a scope freed is an error',
    most: 1,
    go: (compiled) => {
      let step = (x: Tensor): Tensor => x;
      tidy(() => {
        const outside = randn([100]);
        step = compiled((x: Tensor) => mul(x, outside));
        step(ones([100]));
      });
      zeros([100]);
      try {
        return list(step(ones([100])));
      } catch (error) {
        return String(error);
      }
    },
  },
  {
    title: 'an argument that the step also finds outside is changed in place',
    most: 1,
    go: (compiled) => {
      const x = tensor([1, 2]);
      const step = compiled((input: Tensor) => {
        input.add_(1);
        return mul(input, x);
      });
      return times(3, () => list(step(x)));
    },
  },
  {
    title: 'two arguments over the same buffer',
    most: 1,
    go: (compiled) => {
      const values = Float32Array.of(1, 2);
      const step = compiled((a: Tensor, b: Tensor) => {
        a.add_(1);
        return mul(a, b);
      });
      return times(3, () => list(step(fromArray(values), fromArray(values))));
    },
  },
  {
    title: 'arguments over shared memory',
    most: 1,
    go: (compiled) => {
      const step = compiled((x: Tensor) => mul(x.add_(1), 2));
      return times(3, (i) => {
        const values = new Float32Array(new SharedArrayBuffer(16)).fill(i);
        return [list(step(fromArray(values))), [...values]];
      });
    },
  },
  {
    title: 'arguments without elements, wherever they lie',
    most: 1,
    go: (compiled) => {
      const step = compiled((x: Tensor, y: Tensor) => {
        x.add_(1);
        return [sum(x), x, mul(y, 2), y];
      });
      const memory = ones([8, 3]);
      return times(4, (i) => step(memory.narrow(0, 9 - 2 * i, 0), memory.narrow(0, i, 1)).map(list));
    },
  },
  {
    title: 'the generator is seeded in the step',
    most: 1,
    go: (compiled) => {
      const step = compiled(() => {
        manualSeed(7);
        return rand([3]);
      });
      return times(3, () => list(step()));
    },
  },
  {
    title: 'random numbers go on as they would after a step that failed',
    most: 1,
    go: (compiled) => {
      manualSeed(3);
      const step = compiled((x: Tensor, y: Tensor) => crossEntropy(dropout(x, 0.5), y).add(rand([1])));
      const x = tensor([[1, 2, 3]]);
      return [0, 5, 1, -7, 2].map((target) => {
        try {
          return [list(step(x, int(target))), getRngState().counter];
        } catch {
          return getRngState().counter;
        }
      });
    },
  },
  {
    title: 'an optimizer counts no step that failed because its input had been freed',
    most: 1,
    go: (compiled) => {
      const w = leaf(1, 1);
      const adam = new optim.Adam([w], { lr: 0.1 });
      const step = compiled((x: Tensor) => {
        adam.zeroGrad();
        sum(mul(mul(w, w), x)).backward();
        adam.step();
      });
      const freed: Tensor[] = [];
      tidy(() => {
        freed.push(randn([2]));
      });
      return times(4, (i) => {
        try {
          step(i === 3 ? freed[0] : tensor([i, 1]));
        } catch (error) {
          return String(error);
        }
        return list(w);
      });
    },
  },
  {
    title: 'the number that marks the end of a call',
    most: 1,
    go: (compiled) => {
      const step = compiled(() => full([2], 1.25e-300, { dtype: 'float64' }));
      return times(2, () => list(step()));
    },
  },
  {
    title: 'an op that throws, and is caught, leaves nothing behind',
    most: 1,
    go: (compiled) => {
      const freed: Tensor[] = [];
      tidy(() => {
        freed.push(randn([2, 2]));
      });
      const step = compiled((x: Tensor) => {
        try {
          mul(x, freed[0]);
        } catch {
          // Goes on without.
        }
        return mul(x.add(1), x);
      });
      return times(3, (i) => list(step(full([2, 2], i))));
    },
  },
  {
    title: 'indices into slices without elements',
    most: 1,
    go: (compiled) => {
      const step = compiled((x: Tensor, index: Tensor) => x.indexSelect(0, index));
      return [0, 1, 3, 2].map((i) => {
        try {
          return step(zeros([3, 0]), int(i, 0)).shape;
        } catch (error) {
          return (error as Error).name;
        }
      });
    },
  },
  {
    title: 'the same tensor several times in a result, and results changed by the caller',
    most: 1,
    go: (compiled) => {
      const outside = tensor([1, 2]);
      const step = compiled((x: Tensor) => {
        const y = mul(x, 2);
        return [y, y, y.T, x, x, outside, ones([2])];
      });
      const all = times(3, (i) => {
        const results = step(full([2, 2], i));
        noGrad(() => {
          results[0].add_(1);
          results[6].add_(1);
        });
        return results;
      }) as Tensor[][];
      return all.map((results) => results.map(list));
    },
  },
];

for (const { title, most, go } of CASES)
  test(`compiled or not: ${title}`, (t) => {
    let recordings = (): number => 0;
    const got = go((step) => {
      const compiled = compile(step as unknown as (...args: unknown[]) => unknown);
      recordings = () => compiled.recordings;
      return compiled as unknown as typeof step;
    });
    t.deepEqual(
      got,
      go((step) => step),
    );
    t.true(recordings() <= most, `${recordings()} recordings`);
  });

// On the reference a compiled step is the function itself: nothing is replayed.
const refused = getBackend() === 'native' ? test : test.skip;

refused('steps that cannot be replayed are refused, with the reason', (t) => {
  const w = leaf(1, 1);
  const x = tensor([1, 2]);
  const inPlace = /^\[compile\] the step makes a tensor from numbers of JavaScript's.*changes it in place/;
  const steps: [RegExp, () => unknown][] = [
    [inPlace, () => tensor([0, 0]).add_(x)],
    [inPlace, () => eye(2).add_(x)],
    [inPlace, () => fromArray(new Float32Array(2)).add_(x)],
    [
      inPlace,
      () => {
        w.grad = tensor([1, 1]);
        sum(mul(w, x)).backward();
      },
    ],
    [/^\[compile\] the step makes an optimizer/, () => new optim.SGD([w])],
    [
      /^\[compile\] the step reads the values/,
      () => {
        try {
          x.tolist();
        } catch {
          // Minds no errors.
        }
      },
    ],
    [
      /^\[compile\] the step went on after an error about indices/,
      () => {
        try {
          return crossEntropy(x.reshape(1, 2), int(2));
        } catch {
          return x;
        }
      },
    ],
    [/^\[crossEntropy\] target 2 \(element 0\) is not one of the 2 classes/, () => crossEntropy(x.reshape(1, 2), int(2))],
  ]; // prettier-ignore
  for (const [message, step] of steps) t.throws(compile(step), { message }, String(step));
});

test('arguments that hold others are refused: what is in them could change', (t) => {
  const step = compile((x: unknown) => x);
  for (const wrong of [[tensor([1])], { x: tensor([1]) }, Float32Array.of(1)])
    t.throws(() => step(wrong), {
      instanceOf: TypeError,
      message: /^\[compile\] argument 1: expected a tensor or a plain value, got a/,
    });
});

test('a graph outside notices what a compiled step changed before it failed', (t) => {
  const w = leaf(1, 2);
  const step = compile((x: Tensor, target: Tensor) => {
    noGrad(() => w.add_(1));
    return crossEntropy(x, target);
  });
  const x = tensor([[1, 2, 3]]);
  step(x, int(0));
  const loss = sum(mul(w, w));
  t.throws(() => step(x, int(3)), { message: /^\[crossEntropy\]/ });
  t.throws(
    () => {
      loss.backward();
    },
    { message: /changed in place/ },
  );
});
