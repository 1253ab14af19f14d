import test from 'ava';
import {
  compile,
  getBackend,
  mean,
  nn,
  optim,
  square,
  sub,
  sum,
  tanh,
  tensor,
  type Tensor,
} from '../lib/index.js';
import { difference, golden } from './support/golden.js';

// Every optimizer follows PyTorch's for 100 steps in float64, to 1e-10.

interface Case {
  readonly name: string;
  readonly options: Record<string, unknown>;
  readonly groups: boolean;
  readonly steps: Record<string, { readonly loss: number; readonly params: readonly number[] }>;
}
interface Golden {
  readonly x: number[][];
  readonly y: number[][];
  readonly w: number[][];
  readonly b: number[];
  readonly cases: readonly Case[];
}
const { x, y, w, b, cases } = golden('optim') as Golden;

type Any = optim.Optimizer<{ lr: number }>;
type Maker = (params: Tensor[] | { params: Tensor[]; lr?: number }[], options?: object) => Any;
const make = (name: string): Maker => {
  const Class = optim[name as 'Adam'];
  return (params, options) => new Class(params as Tensor[], options ?? {});
};

const float64 = (values: number[] | number[][]): Tensor =>
  tensor(values, { dtype: 'float64', requiresGrad: true });

/** The problem of the golden values. */
function problem() {
  const [weight, bias] = [float64(w), float64(b)];
  const [input, target] = [x, y].map((values) => tensor(values, { dtype: 'float64' }));
  const loss = (): Tensor => {
    const output = tanh(input.matmul(weight.transpose(0, 1)).add(bias));
    return mean(square(sub(output, target))).add(sum(square(weight)).mul(0.02));
  };
  const values = (): number[] => [...weight.toArray(), ...bias.toArray()];
  return { weight, bias, loss, values };
}

for (const { name, options, groups, steps } of cases)
  test(`${name} ${JSON.stringify(options)}${groups ? ' in two groups' : ''} goes where PyTorch's goes`, (t) => {
    const { weight, bias, loss, values } = problem();
    const params = groups ? [{ params: [weight] }, { params: [bias], lr: 0.02 }] : [weight, bias];
    const optimizer = make(name)(params, options);
    const closure = (): Tensor => {
      optimizer.zeroGrad();
      const value = loss();
      value.backward();
      return value;
    };
    for (let step = 1; step <= 100; step++) {
      const value = optimizer.step(closure);
      if (!(step in steps)) continue;
      const expected = steps[step];
      t.true(difference([value.item()], [expected.loss]) < 1e-10, `loss of step ${step}`);
      const apart = difference(values(), expected.params);
      t.true(apart < 1e-10, `step ${step}: ${apart}`);
    }
  });

/** Newton and Schulz's iteration on arrays. */
function orthogonal(g: number[][], [p, q, r]: number[], times: number): number[][] {
  const times2 = (m: number[][], n: number[][]): number[][] =>
    m.map((row) => n[0].map((_, j) => row.reduce((all, value, k) => all + value * n[k][j], 0)));
  const turn = (m: number[][]): number[][] => m[0].map((_, j) => m.map((row) => row[j]));
  const tall = g.length > g[0].length;
  let m = tall ? turn(g) : g;
  const norm = Math.max(Math.hypot(...m.flat()), 1e-7);
  m = m.map((row) => row.map((value) => value / norm));
  for (let i = 0; i < times; i++) {
    const gram = times2(m, turn(m));
    const gram2 = times2(gram, gram);
    const change = times2(
      gram.map((row, j) => row.map((value, k) => q * value + r * gram2[j][k])),
      m,
    );
    m = m.map((row, j) => row.map((value, k) => p * value + change[j][k]));
  }
  return tall ? turn(m) : m;
}

// sum(tanh(w)²) of a matrix and its gradient, by hand.
const gradientOf = (m: number[][]): number[][] =>
  m.map((row) => row.map((value) => 2 * Math.tanh(value) * (1 - Math.tanh(value) ** 2)));

const references: [string, Record<string, unknown>, () => (m: number[][], g: number[][]) => number[][]][] = [
  [
    'Lion',
    { lr: 0.003, betas: [0.8, 0.95], weightDecay: 0.1 },
    () => {
      const average = w.map((row) => row.map(() => 0));
      return (m, g) =>
        m.map((row, i) =>
          row.map((value, j) => {
            const way = Math.sign(0.8 * average[i][j] + 0.2 * g[i][j]);
            average[i][j] = 0.95 * average[i][j] + 0.05 * g[i][j];
            return value * (1 - 0.003 * 0.1) - 0.003 * way;
          }),
        );
    },
  ],
  ...([true, false] as const).map(
    (nesterov): [string, Record<string, unknown>, () => (m: number[][], g: number[][]) => number[][]] => [
      'Muon',
      { lr: 0.004, momentum: 0.9, nesterov, adjustLrFn: nesterov ? 'original' : 'match_rms_adamw' },
      () => {
        let buffer = w.map((row) => row.map(() => 0));
        return (m, g) => {
          buffer = buffer.map((row, i) => row.map((value, j) => 0.9 * value + 0.1 * g[i][j]));
          const ahead = nesterov
            ? buffer.map((row, i) => row.map((value, j) => 0.9 * value + 0.1 * g[i][j]))
            : buffer;
          const step = orthogonal(ahead, [3.4445, -4.775, 2.0315], 5);
          const ratio = nesterov ? Math.sqrt(3 / 2) : 0.2 * Math.sqrt(3);
          return m.map((row, i) =>
            row.map((value, j) => value * (1 - 0.004 * 0.1) - 0.004 * ratio * step[i][j]),
          );
        };
      },
    ],
  ),
];

for (const [name, options, reference] of references)
  test(`${name} ${JSON.stringify(options)} follows a plain reference for 100 steps`, (t) => {
    const weight = float64(w);
    const optimizer = make(name)([weight], options);
    const next = reference();
    let expected = w;
    for (let step = 1; step <= 100; step++) {
      optimizer.zeroGrad();
      sum(square(tanh(weight))).backward();
      optimizer.step();
      expected = next(expected, gradientOf(expected));
    }
    t.true(difference([...weight.toArray()], expected.flat()) < 1e-10);
  });

test('Muon wants matrices', (t) => {
  t.throws(() => new optim.Muon([float64(b)]), {
    message: '[Muon] params: expected matrices, got (3,): the rest is for AdamW',
  });
});

// Each optimizer, with the options that give it the most to remember.
const FULL: [string, Record<string, unknown>][] = [
  ['SGD', { lr: 0.1, momentum: 0.9 }],
  ['Adam', { amsgrad: true, weightDecay: 0.1 }],
  ['AdamW', {}],
  ['Adamax', {}],
  ['NAdam', { decoupledWeightDecay: true, weightDecay: 0.1 }],
  ['RAdam', { lr: 0.05, decoupledWeightDecay: true, weightDecay: 0.1 }],
  ['RMSprop', { centered: true, momentum: 0.9 }],
  ['Adagrad', { lrDecay: 0.1, initialAccumulatorValue: 0.1 }],
  ['Adadelta', {}],
  ['Lion', { lr: 0.01 }],
  ['Rprop', {}],
  ['ASGD', { lr: 0.1, t0: 3, lambd: 0.1 }],
  ['Muon', { lr: 0.01 }],
  ['LBFGS', { lr: 0.1, maxIter: 2, historySize: 3 }],
  ['LBFGS', { maxIter: 2, historySize: 3, lineSearchFn: 'strong_wolfe' }],
];

/** A problem with matrices alone, and `n` steps on it. */
function walk(name: string, options: object) {
  const [first, second] = [float64(w), float64(x)];
  const optimizer = make(name)([first, second], options);
  const closure = (): Tensor => {
    optimizer.zeroGrad();
    const loss = sum(square(tanh(second.matmul(first.transpose(0, 1)).sub(0.5))));
    loss.backward();
    return loss;
  };
  const values = (): number[] => [...first.toArray(), ...second.toArray()];
  return { optimizer, closure, values, params: [first, second] };
}

for (const [name, options] of FULL) {
  test(`the state of ${name} ${JSON.stringify(options)} goes round, exactly`, (t) => {
    const one = walk(name, options);
    for (let i = 0; i < 7; i++) one.optimizer.step(one.closure);
    one.optimizer.paramGroups[0].lr *= 0.5;
    const saved = one.optimizer.stateDict();
    const where = one.values();
    for (let i = 0; i < 5; i++) one.optimizer.step(one.closure);

    const other = walk(name, {});
    other.params.forEach((param, i) => {
      const start = i === 0 ? 0 : w.flat().length;
      (param.data as Float64Array).set(where.slice(start, start + param.size));
    });
    other.optimizer.loadStateDict(saved);
    t.deepEqual(plain(other.optimizer.stateDict()), plain(saved));
    for (let i = 0; i < 5; i++) other.optimizer.step(other.closure);
    t.deepEqual(other.values(), one.values());
    t.notDeepEqual(plain(other.optimizer.stateDict()), plain(saved), 'what was saved is a copy');
  });

  if (name === 'LBFGS') continue;
  test(`${name} ${JSON.stringify(options)} does the same in a compiled step, under a changing learning rate`, (t) => {
    const results = [true, false].map((compiled) => {
      const { optimizer, closure, values } = walk(name, options);
      const step = (): Tensor => {
        const loss = closure();
        optimizer.step();
        return loss;
      };
      const run = compiled ? compile(step) : step;
      const losses: number[] = [];
      for (let i = 0; i < 12; i++) {
        optimizer.paramGroups[0].lr *= 0.9;
        losses.push(run().item());
      }
      if ('recordings' in run) t.is(run.recordings, getBackend() === 'native' ? 1 : 0);
      return { losses, values: values(), state: plain(optimizer.stateDict()) };
    });
    t.deepEqual(results[0], results[1]);
  });

  test(`${name} ${JSON.stringify(options)} does the same whatever the dtype, as far as it goes`, (t) => {
    const [wide, narrow] = (['float64', 'float32'] as const).map((dtype) => {
      const weight = tensor(w, { dtype, requiresGrad: true });
      const optimizer = make(name)([weight], options);
      for (let i = 0; i < 10; i++) {
        optimizer.zeroGrad();
        sum(square(tanh(weight))).backward();
        optimizer.step();
      }
      return [...weight.toArray()];
    });
    t.true(difference(narrow, wide) < 1e-3);
  });
}

/** A state dict without tensors. */
const plain = (dict: optim.OptimizerStateDict): unknown =>
  JSON.parse(
    JSON.stringify(dict, (_, value: unknown) =>
      value !== null && typeof value === 'object' && 'tolist' in value ? (value as Tensor).tolist() : value,
    ),
  );

test('the state dict has the shape of PyTorch, in camelCase', (t) => {
  const { optimizer, closure } = walk('Adam', { lr: 0.1 });
  optimizer.addParamGroup({ params: [float64(b)], lr: 0.5 });
  optimizer.step(closure);
  const { state, paramGroups } = optimizer.stateDict();
  t.deepEqual(Object.keys(state), ['0', '1'], 'the third has no gradient');
  t.deepEqual(Object.keys(state[0]), ['step', 'expAvg', 'expAvgSq']);
  t.is(state[0].step, 1);
  const rest = { betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, amsgrad: false, maximize: false };
  t.deepEqual(paramGroups, [
    { lr: 0.1, ...rest, params: [0, 1] },
    { lr: 0.5, ...rest, params: [2] },
  ]);
});

test('a state loads before and after any step, and back to none', (t) => {
  const one = walk('RMSprop', {});
  const empty = one.optimizer.stateDict();
  const start = one.values();
  one.optimizer.step(one.closure);
  const first = one.values();
  one.optimizer.loadStateDict(empty);
  one.params.forEach((param, i) =>
    (param.data as Float64Array).set(i === 0 ? start.slice(0, 6) : start.slice(6)),
  );
  one.optimizer.step(one.closure);
  t.deepEqual(one.values(), first);
});

test('a compiled step goes on from a state that was loaded, and with what was added', (t) => {
  const results = [true, false].map((compiled) => {
    const { optimizer, closure, values } = walk('Adam', { lr: 0.1 });
    const extra = float64(b);
    const step = (): Tensor => {
      const loss = closure();
      sum(square(extra)).backward();
      optimizer.step();
      return loss;
    };
    const run = compiled ? compile(step) : step;
    const saved = optimizer.stateDict();
    for (let i = 0; i < 4; i++) run();
    optimizer.loadStateDict(saved);
    for (let i = 0; i < 4; i++) run();
    optimizer.addParamGroup({ params: [extra], lr: 0.3 });
    for (let i = 0; i < 4; i++) run();
    return [values(), extra.tolist(), plain(optimizer.stateDict())];
  });
  t.deepEqual(results[0], results[1]);
});

test('parameters and groups may be pushed into paramGroups', (t) => {
  const results = [true, false].map((compiled) => {
    const [p, q, r] = [float64(b), float64(b), float64(b)];
    const optimizer = new optim.SGD([p], { lr: 0.1 });
    const step = compile(() => {
      optimizer.zeroGrad();
      for (const x of [p, q, r]) x.grad = null;
      const loss = sum(square(p))
        .add(sum(square(q)))
        .add(sum(square(r)));
      loss.backward();
      optimizer.step();
      return loss;
    });
    const run = compiled ? step : () => step();
    run();
    optimizer.paramGroups[0].params.push(q);
    run();
    optimizer.paramGroups.push({ params: [r], lr: 0.2 } as never);
    run();
    t.is(optimizer.paramGroups[1].momentum, 0);
    return [p.tolist(), q.tolist(), r.tolist()];
  });
  t.deepEqual(results[0], results[1]);
  const at = (share: number): number[] => b.map((value) => value * share);
  t.true(difference(results[0][0] as number[], at(0.8 ** 3)) < 1e-12);
  t.true(difference(results[0][1] as number[], at(0.8 ** 2)) < 1e-12);
  t.true(difference(results[0][2] as number[], at(0.6)) < 1e-12);
});

test('options come by position and by name', (t) => {
  const [p, q] = [float64(b), float64(b)];
  t.is(new optim.SGD([p], 0.3, 0.9).paramGroups[0].momentum, 0.9);
  t.is(new optim.SGD([p], 0.3, { momentum: 0.5 }).paramGroups[0].momentum, 0.5);
  const adam = new optim.Adam([{ params: [p] }, { params: [q], lr: 1, betas: [0, 0] }], 0.2, { eps: 1 });
  t.deepEqual(
    adam.paramGroups.map(({ lr, betas, eps }) => [lr, betas[0], eps]),
    [
      [0.2, 0.9, 1],
      [1, 0, 1],
    ],
  );
});

test('zeroGrad drops gradients or sets them to 0', (t) => {
  const p = float64(b);
  const optimizer = new optim.SGD([p]);
  sum(square(p)).backward();
  optimizer.zeroGrad(false);
  t.deepEqual(p.grad?.tolist(), [0, 0, 0]);
  optimizer.zeroGrad();
  t.is(p.grad, null);
});

test('L-BFGS without gradients stands still, and minds its arguments', (t) => {
  const p = float64(b);
  const optimizer = new optim.LBFGS([p], { lineSearchFn: 'strong_wolfe' });
  t.is(
    optimizer.step(() => 3),
    3,
  );
  t.deepEqual(p.tolist(), b);
  t.throws(() => (optimizer.step as () => void)(), { instanceOf: TypeError });
});

/** What loads into an Adam that has made one step. */
function load(change: (dict: optim.OptimizerStateDict) => unknown): unknown {
  const { optimizer, closure } = walk('Adam', {});
  optimizer.step(closure);
  const dict = optimizer.stateDict();
  const before = plain(dict);
  const changed = change(dict) ?? dict;
  try {
    optimizer.loadStateDict(changed as optim.OptimizerStateDict);
    return 'loaded';
  } catch (error) {
    if (JSON.stringify(plain(optimizer.stateDict())) !== JSON.stringify(before)) return 'something changed';
    return (error as Error).message;
  }
}

const wrong: [string, (dict: optim.OptimizerStateDict) => unknown, string][] = [
  [
    'nothing',
    () => [],
    '[Adam] loadStateDict: expected an object with state and paramGroups, got an array of 0',
  ],
  ['groups', (d) => ({ ...d, paramGroups: [] }), '[Adam] loadStateDict: expected 1 parameter groups, got 0'],
  [
    'parameters',
    (d) => void d.paramGroups[0].params.pop(),
    '[Adam] loadStateDict: expected 2 parameters in group 0, got 1',
  ],
  ['an option', (d) => void (d.paramGroups[0].lr = -1), '[Adam] lr: expected a number from 0, got -1'],
  [
    'an unknown option',
    (d) => void (d.paramGroups[0].momentum = 1),
    "[Adam] loadStateDict: group 0 has an unknown option 'momentum'",
  ],
  [
    'an unknown state',
    (d) => void (d.state[1].sum = 1),
    "[Adam] loadStateDict: state[1] has an unknown 'sum'",
  ],
  [
    'a missing state',
    (d) => ({ ...d, state: { ...d.state, 1: { step: 1, expAvgSq: d.state[1].expAvgSq } } }),
    '[Adam] loadStateDict: state[1].expAvg: expected a tensor, got null',
  ],
  [
    'a shape',
    (d) => void (d.state[1].expAvg = tensor([1])),
    '[Adam] loadStateDict: state[1].expAvg: expected shape (5, 2), got (1,)',
  ],
  [
    'a count',
    (d) => void (d.state[0].step = null),
    '[Adam] loadStateDict: state[0].step: expected a number, got null',
  ],
];
for (const [title, change, message] of wrong)
  test(`loadStateDict refuses ${title}`, (t) => t.is(load(change), message));

test('a group that is wrong is not added', (t) => {
  const p = new nn.Parameter(tensor(b));
  const optimizer = new optim.Adam([p]);
  t.throws(() => optimizer.addParamGroup({ params: [p] }), {
    message: '[Adam] params: a parameter is there twice',
  });
  t.throws(() => optimizer.addParamGroup({ params: [tensor(b)] }), { instanceOf: TypeError });
  t.throws(() => optimizer.addParamGroup({ params: [], lr: NaN }), { instanceOf: RangeError });
  t.throws(() => optimizer.addParamGroup({ params: [], momentum: 1 } as never), { instanceOf: TypeError });
  t.is(optimizer.paramGroups.length, 1);
});
