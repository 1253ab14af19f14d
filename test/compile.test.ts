import test from 'ava';
import { layOut } from '../lib/backend/layout.js';
import {
  add,
  compile,
  crossEntropy,
  eye,
  fromArray,
  getBackend,
  keep,
  manualSeed,
  matmul,
  mul,
  nn,
  noGrad,
  optim,
  rand,
  randint,
  randn,
  sum,
  type Tensor,
  tensor,
  zeros,
} from '../lib/index.js';

// A compiled step has to give what the step itself gives, to the last bit, however often and on whatever it runs. On the
// reference backend it is the step itself, so these tests hold there too, but for the number of recordings.

const recorded = getBackend() === 'native';

class Net extends nn.Module {
  conv = new nn.Conv2d(1, 3, 3, { padding: 1 });
  fc = new nn.Linear(3 * 36, 5);

  forward(x: Tensor): Tensor {
    x = this.conv.forward(x).relu();
    return this.fc.forward(x.reshape(x.shape[0], 3 * 36));
  }
}

const batch = (n: number): [Tensor, Tensor] => [randn([n, 1, 6, 6]), randint(5, [n])];

type Optimizers = (parameters: Iterable<Tensor>) => optim.Optimizer<object>;
const OPTIMIZERS: Record<string, Optimizers> = {
  Adam: (p) => new optim.Adam(p, { lr: 0.01 }),
  'SGD with momentum': (p) => new optim.SGD(p, { lr: 0.05, momentum: 0.9, nesterov: true }),
};

/** Trains for some steps, on batches of these sizes, and returns all that can be seen of it. */
function train(compiled: boolean, optimizers: Optimizers, sizes: readonly number[]) {
  manualSeed(3);
  const model = new Net();
  const optimizer = optimizers(model.parameters());
  const step = (x: Tensor, y: Tensor): Tensor => {
    const noisy = add(x, mul(rand(x.shape), 0.1));
    const loss = crossEntropy(model.forward(noisy), y);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss;
  };
  const run = compiled ? compile(step) : step;
  const losses = sizes.map((n, i) => {
    if (i === 5) (optimizer.paramGroups[0] as { lr?: number }).lr = 0.002;
    return run(...batch(n)).item();
  });
  return {
    losses,
    weights: [...model.parameters()].map((p) => p.tolist()),
    gradients: [...model.parameters()].map((p) => p.grad?.tolist()),
    recordings: 'recordings' in run ? run.recordings : 0,
  };
}

for (const [name, optimizers] of Object.entries(OPTIMIZERS))
  test(`a compiled training step gives the same bits as the step: ${name}`, (t) => {
    const sizes = [8, 8, 8, 5, 8, 8, 5, 8, 8, 3];
    const { recordings, ...result } = train(true, optimizers, sizes);
    const { recordings: _, ...expected } = train(false, optimizers, sizes);
    t.deepEqual(result, expected);
    t.is(recordings, recorded ? 3 : 0, 'one for each batch size');
  });

test('gradients are dropped in the step, dropped outside, or added up, as the step says', (t) => {
  const x = tensor([1, 2, 3]);
  const results = [true, false].map((compiled) => {
    const w = tensor([1, 1, 1], { requiresGrad: true });
    const step = (input: Tensor): Tensor => {
      const loss = sum(mul(mul(w, w), input));
      loss.backward();
      return loss;
    };
    const run = compiled ? compile(step) : step;
    const seen: unknown[] = [];
    for (let i = 0; i < 6; i++) {
      if (i >= 3) w.grad = null;
      run(x);
      seen.push(w.grad?.tolist());
    }
    return seen;
  });
  t.deepEqual(results[0], results[1]);
  t.deepEqual(results[0][2], [6, 12, 18]);
  t.deepEqual(results[0][5], [2, 4, 6]);
});

test('arguments may be views, share memory, and be changed in place', (t) => {
  const results = [true, false].map((compiled) => {
    const memory = fromArray(Float64Array.from({ length: 40 }, (_, i) => i));
    const step = (a: Tensor, b: Tensor): Tensor => {
      a.add_(1);
      return matmul(a, b.transpose(0, 1));
    };
    const run = compiled ? compile(step) : step;
    const view = (from: number): Tensor => memory.narrow(0, from, 12).reshape(3, 4);
    return [0, 4, 12, 20]
      .map((from) => run(view(from), view(from + 4).mul(2)).tolist())
      .concat(
        [0, 8].map((from) => run(view(from), view(from + 4)).tolist()),
        [memory.tolist()],
        [memory.storage.version],
      );
  });
  t.deepEqual(results[0], results[1]);
});

test('what the step finds outside is not an argument, even when it is the same tensor', (t) => {
  const x = tensor([1, 2]);
  const step = compile((input: Tensor) => mul(input, x));
  t.deepEqual(step(x).tolist(), [1, 4]);
  t.deepEqual(step(tensor([10, 10])).tolist(), [10, 20]);
});

test('a result may be nested, an argument, a parameter, a gradient or a plain value', (t) => {
  const w = tensor([2, 3], { requiresGrad: true });
  const step = compile((x: Tensor, scale: number) => {
    w.grad = null;
    const y = mul(mul(w, x), scale);
    sum(y).backward();
    return {
      y,
      halves: [y.narrow(0, 0, 1), y.narrow(0, 1, 1)],
      x,
      w,
      grad: keep(w.grad as unknown as Tensor),
      size: y.size,
    };
  });
  const first = step(tensor([1, 1]), 10);
  const second = step(tensor([1, 2]), 10);
  t.deepEqual(first.y.tolist(), [20, 30]);
  t.deepEqual(first.grad.tolist(), [10, 10]);
  t.deepEqual(second.y.tolist(), [20, 60]);
  t.deepEqual(
    second.halves.map((half) => half.tolist()),
    [[20], [60]],
  );
  t.is(second.halves[0].storage, second.y.storage);
  t.deepEqual(second.x.tolist(), [1, 2]);
  t.is(second.w.storage, w.storage);
  t.deepEqual(second.grad.tolist(), [10, 20]);
  t.is(second.size, 2);
  t.deepEqual(step(tensor([1, 2]), -1).y.tolist(), [-2, -6], 'another plain argument is another step');
  t.is(step.recordings, recorded ? 2 : 0);
});

test('constants that JavaScript makes in the step keep their values', (t) => {
  const step = compile((x: Tensor) => {
    const shifted = add(matmul(x, eye(3)), tensor([1, 2, 3]));
    return [mul(shifted, 0.5), add(zeros([3]), 4), zeros([2, 2])] as const;
  });
  for (let i = 0; i < 4; i++) {
    const [y, four, nothing] = step(mul(eye(3), i));
    t.deepEqual(y.tolist(), mul(add(mul(eye(3), i), tensor([1, 2, 3])), 0.5).tolist());
    t.deepEqual(four.tolist(), [4, 4, 4]);
    t.deepEqual(nothing.tolist(), [
      [0, 0],
      [0, 0],
    ]);
    four.fill_(9);
    nothing.fill_(9);
  }
});

test('another mode of a module, and another parameter that is frozen, are recorded anew', (t) => {
  const model = new Net();
  const step = compile((x: Tensor) => {
    model.zeroGrad();
    const y = model.training ? model.forward(x) : mul(model.forward(x), 2);
    sum(y).backward();
    return y;
  });
  const [x] = batch(2);
  const trained = step(x).tolist();
  model.eval();
  const evaluated = step(x);
  t.notDeepEqual(evaluated.tolist(), trained);
  model.train();
  t.deepEqual(step(x).tolist(), trained);
  model.conv.requiresGrad_(false);
  step(x);
  t.is(model.conv.weight.grad, null);
  t.not(model.fc.weight.grad, null);
  const without = noGrad(() => compile((input: Tensor) => model.forward(input))(x));
  t.deepEqual(without.tolist(), trained);
});

test('a step that reads values is refused at the line that reads', (t) => {
  const w = tensor([1, 2], { requiresGrad: true });
  const reads: Record<string, (x: Tensor) => unknown> = {
    item: (x) => sum(mul(w, x)).item(),
    tolist: (x) => x.tolist(),
    data: (x) => mul(x, 2).data[0],
    print: (x) => String(add(x, 1)),
    parameter: () => w.toArray(),
  };
  for (const [name, read] of Object.entries(reads)) {
    const step = compile((x: Tensor) => {
      read(x);
      return x;
    });
    if (recorded)
      t.throws(() => step(tensor([1, 2])), { message: /^\[compile\] the step reads the values/ }, name);
    else t.notThrows(() => step(tensor([1, 2])));
  }
  t.deepEqual(add(w, 1).tolist(), [2, 3], 'and nothing stays behind');
});

test('wrong arguments, steps and results', (t) => {
  const x = tensor([1], { requiresGrad: true });
  t.throws(() => compile(3 as never), {
    instanceOf: TypeError,
    message: /^\[compile\] expected a function, got/,
  });
  t.throws(() => compile((y: Tensor) => y)(x), { message: /^\[compile\] argument 1 requires grad/ });
  t.throws(() => compile(() => new Map())(), { message: /^\[compile\] the step returned/ });
  t.throws(() => void compile(async () => Promise.resolve(1))(), { message: /async/ });
  t.throws(
    () =>
      compile(() => {
        throw new Error('mine');
      })(),
    { message: 'mine' },
  );
  t.is(compile(() => 3)(), 3);
  t.deepEqual(compile(() => tensor([1, 2]))().tolist(), [1, 2]);
});

test('a bad target is an error, and the step after it goes on as if it had not been', (t) => {
  const results = [true, false].map((faulty) => {
    manualSeed(5);
    const model = new nn.Linear(4, 3);
    const adam = new optim.Adam(model.parameters(), { lr: 0.1 });
    const step = compile((x: Tensor, y: Tensor) => {
      const loss = crossEntropy(model.forward(x), y);
      adam.zeroGrad();
      loss.backward();
      adam.step();
      return loss;
    });
    const x = randn([2, 4]);
    const good = tensor([0, 2], { dtype: 'int32' });
    step(x, good);
    if (faulty)
      t.throws(() => step(x, tensor([0, 3], { dtype: 'int32' })), {
        instanceOf: RangeError,
        message: /^\[crossEntropy\]/,
      });
    return [step(x, good).item(), model.weight.tolist()];
  });
  t.deepEqual(results[0], results[1]);
});

test('options of an optimizer are checked before each run', (t) => {
  const w = tensor([1, 2], { requiresGrad: true });
  const adam = new optim.Adam([w], { lr: 0.1 });
  const step = compile(() => {
    adam.zeroGrad();
    sum(mul(w, w)).backward();
    adam.step();
  });
  step();
  const before = w.tolist();
  adam.paramGroups[0].lr = NaN;
  t.throws(step, { instanceOf: RangeError, message: /^\[Adam\] lr: expected a number/ });
  t.deepEqual(w.tolist(), before);
});

test('a graph outside notices that a compiled step changed what it saved', (t) => {
  const w = tensor([1, 2], { requiresGrad: true });
  const sgd = new optim.SGD([w], { lr: 0.1 });
  const step = compile(() => {
    sgd.zeroGrad();
    sum(mul(w, w)).backward();
    sgd.step();
  });
  step();
  const loss = sum(mul(w, w));
  step();
  t.throws(
    () => {
      loss.backward();
    },
    { message: /changed in place/ },
  );
});

test('a tensor made in the step is freed at its end, unless it is kept', (t) => {
  let inner: Tensor | undefined;
  let kept: Tensor | undefined;
  const step = compile((x: Tensor) => {
    inner = mul(x, 2);
    kept = keep(add(inner, 1));
    return sum(kept);
  });
  t.is(step(tensor([1, 2])).item(), 8);
  t.is(step(tensor([2, 3])).item(), 12);
  t.throws(() => inner?.tolist(), { message: /freed/ });
  t.deepEqual(kept?.tolist(), [5, 7]);
});

test('pieces of memory that are in use at the same time do not overlap', (t) => {
  manualSeed(1);
  for (let trial = 0; trial < 50; trial++) {
    const numbers = randint(0, 1000, [40, 3]).tolist() as number[][];
    const pieces = numbers.map(([bytes, a, b]) => ({ bytes, first: Math.min(a, b), last: Math.max(a, b) }));
    const { offsets, bytes } = layOut(pieces);
    pieces.forEach((p, i) => {
      t.true(offsets[i] % 64 === 0 && offsets[i] + p.bytes <= bytes);
      pieces.forEach((q, j) => {
        if (i === j || p.first > q.last || q.first > p.last) return;
        t.true(offsets[i] + p.bytes <= offsets[j] || offsets[j] + q.bytes <= offsets[i]);
      });
    });
    t.true(bytes <= pieces.reduce((total, p) => total + p.bytes + 63, 0));
  }
});
