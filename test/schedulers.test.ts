import test from 'ava';
import { compile, nn, noGrad, optim, randn, sum, square, tensor, zeros, type Tensor } from '../lib/index.js';
import { difference, golden } from './support/golden.js';

// Every schedule follows PyTorch's for 100 steps, to 1e-12.

interface Trace {
  readonly lrs: number[][];
  readonly momenta: number[][];
}
interface Case extends Trace {
  readonly name: string;
  readonly options: Record<string, unknown>;
  readonly optimizer: 'SGD' | 'Adam';
}
const { cases, special, metrics } = golden('schedulers') as {
  cases: Case[];
  special: Record<'byLambda' | 'multiplicative' | 'sequential' | 'chained', Trace> & {
    jumps: { epoch: number; lrs: number[] }[];
  };
  metrics: number[];
};

const { lrScheduler, swaUtils } = optim;

function optimizerOf(kind: 'SGD' | 'Adam'): optim.Optimizer<{ lr: number }> {
  const [w, b] = [0, 1].map(() => zeros([2], { requiresGrad: true }));
  const groups = [{ params: [w] }, { params: [b], lr: 0.4 }];
  return kind === 'Adam' ? new optim.Adam(groups, 0.1) : new optim.SGD(groups, 0.1, 0.5);
}

interface Group {
  lr: number;
  momentum?: number;
  betas?: readonly number[];
}
const lrsOf = (optimizer: optim.Optimizer<{ lr: number }>): number[] =>
  optimizer.paramGroups.map(({ lr }) => lr);
const momentaOf = (optimizer: optim.Optimizer<{ lr: number }>): number[] =>
  optimizer.paramGroups.map((group: Group) => group.momentum ?? group.betas?.[0] ?? NaN);

function make(optimizer: optim.Optimizer<{ lr: number }>, name: string, options: object): optim.LRScheduler {
  const Class = name === 'SWALR' ? swaUtils.SWALR : lrScheduler[name as 'StepLR'];
  return new Class(optimizer, options);
}

const go = (scheduler: optim.LRScheduler, step: number): void => {
  if (scheduler instanceof optim.ReduceLROnPlateau) scheduler.step(metrics[step]);
  else scheduler.step();
};

function traceOf(
  optimizer: optim.Optimizer<{ lr: number }>,
  scheduler: optim.LRScheduler,
  steps: number,
): Trace {
  const trace: Trace = { lrs: [], momenta: [] };
  for (let step = 0; step < steps; step++) {
    if (step > 0) go(scheduler, step);
    trace.lrs.push(lrsOf(optimizer));
    trace.momenta.push(momentaOf(optimizer));
  }
  return trace;
}

const apart = (a: Trace, b: Trace): number =>
  Math.max(difference(a.lrs.flat(), b.lrs.flat()), difference(a.momenta.flat(), b.momenta.flat()));

for (const { name, options, optimizer: kind, ...expected } of cases) {
  const title = `${name} ${JSON.stringify(options)}${kind === 'Adam' ? ' of Adam' : ''}`;
  const steps = expected.lrs.length;

  test(`${title} goes as PyTorch's`, (t) => {
    const optimizer = optimizerOf(kind);
    const scheduler = make(optimizer, name, options);
    t.true(apart(traceOf(optimizer, scheduler, steps), expected) < 1e-12);
    t.deepEqual(scheduler.getLastLr(), lrsOf(optimizer));
  });

  test(`${title} goes on from its state, also as JSON`, (t) => {
    const optimizer = optimizerOf(kind);
    const scheduler = make(optimizer, name, options);
    traceOf(optimizer, scheduler, 30);
    const saved = JSON.parse(JSON.stringify([optimizer.stateDict(), scheduler.stateDict()])) as [
      optim.OptimizerStateDict,
      optim.SchedulerStateDict,
    ];
    const other = optimizerOf(kind);
    const again = make(other, name, options);
    other.loadStateDict(saved[0]);
    again.loadStateDict(saved[1]);
    for (let step = 30; step < steps; step++) {
      go(scheduler, step);
      go(again, step);
      t.deepEqual(lrsOf(other), lrsOf(optimizer));
      t.deepEqual(momentaOf(other), momentaOf(optimizer));
    }
    t.deepEqual(again.stateDict(), scheduler.stateDict());
  });
}

type Scheduled = optim.Optimizer<{ lr: number }>;
const combined: Record<
  'byLambda' | 'multiplicative' | 'sequential' | 'chained',
  (o: Scheduled) => optim.LRScheduler
> = {
  byLambda: (o) => new optim.LambdaLR(o, [(n) => 0.95 ** n, (n) => 1 / (n + 1)]),
  multiplicative: (o) => new optim.MultiplicativeLR(o, (n) => (n % 2 ? 0.97 : 1.01)),
  sequential: (o) =>
    new optim.SequentialLR(
      o,
      [
        new optim.LinearLR(o, 0.1, { totalIters: 10 }),
        new optim.CosineAnnealingLR(o, 50),
        new optim.ExponentialLR(o, 0.9),
      ],
      [10, 60],
    ),
  chained: (o) =>
    new optim.ChainedScheduler([
      new optim.LinearLR(o, { totalIters: 20 }),
      new optim.ExponentialLR(o, 0.97),
      new optim.StepLR(o, 30),
    ]),
};

for (const [name, create] of Object.entries(combined))
  test(`${name} goes as PyTorch's, and on from its state`, (t) => {
    const optimizer = optimizerOf('SGD');
    const scheduler = create(optimizer);
    t.true(apart(traceOf(optimizer, scheduler, 101), special[name as 'byLambda']) < 1e-12);

    const [one, other] = [optimizerOf('SGD'), optimizerOf('SGD')];
    const [first, second] = [create(one), create(other)];
    traceOf(one, first, 30);
    other.loadStateDict(one.stateDict());
    second.loadStateDict(first.stateDict());
    t.deepEqual(traceOf(other, second, 50), traceOf(one, first, 50));
  });

test('warm restarts jump to any epoch, and go on from there', (t) => {
  for (const { epoch, lrs } of special.jumps) {
    const optimizer = optimizerOf('SGD');
    const scheduler = new optim.CosineAnnealingWarmRestarts(optimizer, 5, 3);
    scheduler.step(epoch);
    scheduler.step();
    t.true(difference(lrsOf(optimizer), lrs) < 1e-12, `${epoch}`);
  }
});

test('a schedule runs inside a compiled step', (t) => {
  const create: ((o: Scheduled) => optim.LRScheduler)[] = [
    (o) => new optim.OneCycleLR(o, 0.5, 20),
    combined.sequential,
    combined.chained,
  ];
  for (const schedule of create) {
    const results = [true, false].map((compiled) => {
      const w = tensor([1, -2, 3], { requiresGrad: true });
      const optimizer = new optim.SGD([w], 0.01, 0.5);
      const scheduler = schedule(optimizer);
      const step = (): Tensor => {
        optimizer.zeroGrad();
        const loss = sum(square(w));
        loss.backward();
        optimizer.step();
        scheduler.step();
        return loss;
      };
      const run = compiled ? compile(step) : step;
      const losses = Array.from({ length: 15 }, () => run().item());
      return [losses, w.tolist(), lrsOf(optimizer), momentaOf(optimizer), scheduler.stateDict()];
    });
    t.deepEqual(results[0], results[1]);
  }
});

test('a compiled step that fails takes back the step of its schedule', (t) => {
  const w = tensor([1, -2, 3], { requiresGrad: true });
  const optimizer = new optim.SGD([w], 0.01);
  const scheduler = new optim.ExponentialLR(optimizer, 0.9);
  const step = compile(() => {
    scheduler.step();
    optimizer.step();
    return w.detach();
  });
  sum(square(w)).backward();
  step();
  const { lr } = optimizer.paramGroups[0];
  (optimizer.paramGroups[0] as { momentum: unknown }).momentum = 'much';
  t.throws(() => step(), { instanceOf: RangeError });
  t.is(optimizer.paramGroups[0].lr, lr);
  t.is(scheduler.lastEpoch, 1);
});

const sgd = (): optim.SGD => new optim.SGD([zeros([2], { requiresGrad: true })], 0.1);
const wrong: [() => unknown, string][] = [
  [() => new optim.StepLR({} as never, 3), '[StepLR] optimizer: expected an optimizer, got an Object'],
  [() => new optim.StepLR(sgd()), '[StepLR] stepSize: expected a value, got undefined'],
  [() => new optim.StepLR(sgd(), 0), '[StepLR] stepSize: expected a whole number from 1, got 0'],
  [
    () => new optim.StepLR(sgd(), 3, 0.1, 5),
    '[StepLR] lastEpoch: group 0 has no initialLr, which a schedule goes on from',
  ],
  [
    () => new optim.ExponentialLR(sgd(), { gama: 1 } as never),
    "[ExponentialLR] options: unknown option 'gama'; there is gamma, lastEpoch",
  ],
  [
    () => new optim.MultiStepLR(sgd(), 3 as never),
    '[MultiStepLR] milestones: expected a list of numbers, got 3',
  ],
  [() => new optim.ConstantLR(sgd(), 2), '[ConstantLR] factor: expected a number from 0 to 1, got 2'],
  [() => new optim.LinearLR(sgd(), 0), '[LinearLR] startFactor: expected a number above 0, got 0'],
  [
    () => new optim.LambdaLR(sgd(), [() => 1, () => 2]),
    '[LambdaLR] lrLambda: expected 1 functions, one for each group, got 2',
  ],
  [() => new optim.OneCycleLR(sgd(), 1), '[OneCycleLR] totalSteps: expected it, or epochs and stepsPerEpoch'],
  [
    () => new optim.OneCycleLR(new optim.Adagrad([zeros([2], { requiresGrad: true })]), 1, 9),
    '[OneCycleLR] cycleMomentum: expected an optimizer with momentum or betas; or set it to false',
  ],
  [
    () => new optim.CyclicLR(sgd(), [1, 2], 3),
    '[CyclicLR] baseLr: expected 1 numbers, one for each group, got 2',
  ],
  [
    () => new optim.ReduceLROnPlateau(sgd(), 'least' as never),
    "[ReduceLROnPlateau] mode: expected 'min' or 'max', got \"least\"",
  ],
  [
    () => (new optim.ReduceLROnPlateau(sgd()) as optim.LRScheduler).step(),
    '[ReduceLROnPlateau] step: expected a number as metric, got undefined',
  ],
  [() => new optim.ChainedScheduler([]), '[ChainedScheduler] schedulers: expected at least one, got none'],
  [
    () => new optim.ChainedScheduler([new optim.StepLR(sgd(), 1), new optim.StepLR(sgd(), 1)]),
    '[ChainedScheduler] schedulers: expected all to be of the same optimizer, and number 1 is of another',
  ],
  [
    () => new optim.StepLR(sgd(), 1).loadStateDict(new optim.ExponentialLR(sgd(), 1).stateDict()),
    '[StepLR] loadStateDict: the state of another schedule: missing stepSize, unexpected nothing',
  ],
];
for (const [call, message] of wrong) test(`wrong: ${message}`, (t) => t.is(t.throws(call)?.message, message));

test('a cycle ends', (t) => {
  const scheduler = new optim.OneCycleLR(sgd(), 1, 3);
  for (let i = 0; i < 3; i++) scheduler.step();
  t.throws(() => scheduler.step(), {
    message: '[OneCycleLR] step: the cycle has 3 steps, and this would be number 5',
  });
  t.is(scheduler.lastEpoch, 3);
});

class Net extends nn.Module {
  fc = new nn.Linear(3, 4, { dtype: 'float64' });
  norm = new nn.BatchNorm1d(4, { dtype: 'float64' });
  out = new nn.Linear(4, 1, { dtype: 'float64' });

  forward(x: Tensor): Tensor {
    return this.out.forward(this.norm.forward(this.fc.forward(x)).relu());
  }
}

const flat = (model: nn.Module): number[] => [...model.parameters()].flatMap((p) => [...p.toArray()]);

for (const [name, avgFn, average] of [
  [
    'SWA',
    undefined,
    (all: number[][]) => all[0].map((_, j) => all.reduce((s, row) => s + row[j], 0) / all.length),
  ],
  [
    'EMA',
    swaUtils.getEmaAvgFn(0.9),
    (all: number[][]) =>
      all.slice(1).reduce((mean, row) => mean.map((m, j) => 0.9 * m + 0.1 * row[j]), all[0]),
  ],
  [
    'an average of its own',
    (a: Tensor, b: Tensor, n: number) =>
      a
        .mul(n)
        .add(b)
        .div(n + 1),
    (all: number[][]) => all[0].map((_, j) => all.reduce((s, row) => s + row[j], 0) / all.length),
  ],
] as const)
  test(`${name} of weights, compiled or not`, (t) => {
    const model = new Net();
    const averaged = new swaUtils.AveragedModel(model, { ...(avgFn && { avgFn }) });
    const optimizer = new optim.SGD(model.parameters(), 0.1);
    const x = randn([8, 3], { dtype: 'float64' });
    const step = (): Tensor => {
      optimizer.zeroGrad();
      const loss = sum(square(model.forward(x)));
      loss.backward();
      optimizer.step();
      if (name !== 'an average of its own') averaged.updateParameters();
      return loss;
    };
    const run = compile(step);
    const all: number[][] = [];
    for (let i = 0; i < 6; i++) {
      run();
      if (name === 'an average of its own') averaged.updateParameters();
      all.push(flat(model));
    }
    t.is(averaged.nAveraged, 6);
    t.true(difference(flat(averaged), average(all)) < 1e-12);

    // It runs with the averages, and leaves the model as it was.
    averaged.eval();
    const before = [flat(model), model.training];
    const y = averaged.forward(x);
    t.deepEqual([flat(model), model.training], before);
    const other = new Net();
    other.loadStateDict(
      Object.fromEntries(
        Object.entries(averaged.stateDict())
          .filter(([key]) => key.startsWith('module.'))
          .map(([key, value]) => [key.slice(7), value]),
      ),
    );
    t.deepEqual(noGrad(() => other.eval().forward(x)).tolist(), y.tolist());

    const again = new swaUtils.AveragedModel(new Net());
    again.loadStateDict(averaged.stateDict());
    t.is(again.nAveraged, 6);
    t.deepEqual(flat(again), flat(averaged));
  });

test('updateBn takes the statistics of all batches, of a model or of its averages', (t) => {
  const model = new Net();
  const averaged = new swaUtils.AveragedModel(model);
  averaged.updateParameters();
  const batches = [0, 1, 2].map(() => randn([16, 3], { dtype: 'float64' }));
  const kept = model.norm.runningMean?.tolist();
  swaUtils.updateBn(batches, averaged);
  t.deepEqual(model.norm.runningMean?.tolist(), kept, 'the model has its own');
  swaUtils.updateBn(
    batches.map((x) => [x, 'label']),
    model.eval(),
  );
  t.false(model.training);
  t.is(model.norm.momentum, 0.1);
  const outputs = batches.map((x) => noGrad(() => model.fc.forward(x)));
  const mean = outputs.map((y) => y.mean(0).tolist() as number[]);
  const expected = mean[0].map((_, j) => (mean[0][j] + mean[1][j] + mean[2][j]) / 3);
  t.true(difference(model.norm.runningMean?.tolist() as number[], expected) < 1e-12);
  const saved = averaged.stateDict()['module.norm.running_mean'].tolist() as number[];
  t.true(difference(saved, expected) < 1e-12);
});
