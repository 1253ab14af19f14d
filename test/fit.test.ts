import test from 'ava';
import {
  crossEntropy,
  data,
  fit,
  manualSeed,
  nn,
  optim,
  randint,
  randn,
  tensor,
  tidy,
  train,
  type Tensor,
} from '../lib/index.js';

const quiet = { progress: false } as const;

/** 40 samples of two classes that a line can tell apart. */
function samples(): data.TensorDataset {
  manualSeed(1);
  const x = randn([40, 3]);
  const y = x.sum(1).gt(0).to('int32');
  return new data.TensorDataset(x, y);
}

function makeModel(): nn.Sequential {
  manualSeed(2);
  return new nn.Sequential(new nn.Linear(3, 8), new nn.Tanh(), new nn.Dropout(0.2), new nn.Linear(8, 2));
}

function setUp(model = makeModel()): Parameters<typeof fit<Tensor[], Tensor>>[1] & { optimizer: optim.Adam } {
  return {
    data: new data.DataLoader(samples(), { batchSize: 16, shuffle: true, seed: 3 }),
    loss: new nn.CrossEntropyLoss(),
    optimizer: new optim.Adam(model.parameters(), { lr: 0.05 }),
    ...quiet,
  };
}

const bitsOf = (model: nn.Module): number[][] => [...model.parameters()].map((p) => Array.from(p.toArray()));

async function listOf(training: train.Training): Promise<train.FitEvent[]> {
  const events: train.FitEvent[] = [];
  for await (const event of training) events.push(event);
  return events;
}

test.serial('fit makes the steps that a loop by hand makes, compiled or not', async (t) => {
  const byHand = makeModel();
  const { data: loader, optimizer } = setUp(byHand);
  manualSeed(7);
  for (let epoch = 0; epoch < 3; epoch++)
    for (const [x, y] of loader as Iterable<Tensor[]>)
      tidy(() => {
        const loss = crossEntropy(byHand.forward(x), y);
        optimizer.zeroGrad();
        loss.backward();
        nn.utils.clipGradNorm(byHand.parameters(), 0.5);
        optimizer.step();
      });
  for (const compile of [false, true]) {
    const model = makeModel();
    const options = setUp(model);
    manualSeed(7);
    const result = await fit(model, { ...options, epochs: 3, compile, clipGradNorm: 0.5 });
    t.deepEqual(bitsOf(model), bitsOf(byHand), `compile: ${compile}`);
    t.is(result.steps, 9);
    t.is(result.reason, 'finished');
    t.deepEqual(
      result.history.map(({ epoch, samples }) => [epoch, samples]),
      [1, 2, 3].map((epoch) => [epoch, 40]),
    );
  }
});

test.serial('events come in order, with the numbers of the training', async (t) => {
  const model = makeModel();
  const validation = new data.DataLoader(samples(), { batchSize: 40 });
  const metrics = { accuracy: train.accuracy(), best: train.topK(1) };
  const events = await listOf(fit(model, { ...setUp(model), validation, metrics, epochs: 2 }));
  t.deepEqual(
    events.map(({ type }) => type),
    ['step', 'step', 'step', 'epoch', 'step', 'step', 'step', 'epoch', 'done'],
  );
  const [first, second, third, epoch] = events as train.StepEvent[];
  t.like(first, { epoch: 1, step: 1, steps: 1, lr: 0.05, samples: 16 });
  t.like(third, { step: 3, steps: 3, samples: 40 });
  const { loss, metrics: values, valLoss } = epoch as unknown as train.EpochEvent;
  t.true(Math.abs(loss - (16 * first.loss + 16 * second.loss + 8 * third.loss) / 40) < 1e-12);
  t.is(values.accuracy, values.best);
  t.true(valLoss !== null && valLoss > 0);
  const last = events.at(-1) as train.DoneEvent;
  model.eval();
  const [x, y] = samples().tensors;
  const right = model.forward(x).argmax(1).eq(y).sum().item() / 40;
  t.is(last.history[1].metrics.accuracy, right);
  t.true(Math.abs(crossEntropy(model.forward(x), y).item() - (last.history[1].valLoss ?? 0)) < 1e-6);
});

test.serial('without validation, metrics are those of the batches trained on', async (t) => {
  for (const compile of [false, true]) {
    const model = makeModel();
    const { history } = await fit(model, {
      ...setUp(model),
      metrics: [train.accuracy()],
      epochs: 20,
      compile,
    });
    t.true(history[19].metrics.accuracy > history[0].metrics.accuracy);
    t.is(history[0].valLoss, null);
    t.is((history[19].metrics.accuracy * 40) % 1, 0);
  }
});

test.serial('schedules go on by epoch or by step, and those that watch get what they watch', async (t) => {
  const model = makeModel();
  const options = setUp(model);
  const scheduler = new optim.StepLR(options.optimizer, 1, 0.5);
  const { history } = await fit(model, { ...options, scheduler, epochs: 3 });
  t.deepEqual(
    history.map(({ lr }) => lr),
    [0.05, 0.025, 0.0125],
  );
  const again = setUp(model);
  const everyStep = { scheduler: new optim.StepLR(again.optimizer, 1, 0.5), every: 'step' } as const;
  const events = await listOf(fit(model, { ...again, scheduler: everyStep }));
  t.deepEqual(
    events.filter((event) => event.type === 'step').map(({ lr }) => lr),
    [0.05, 0.025, 0.0125],
  );
  const third = setUp(model);
  const plateau = new optim.ReduceLROnPlateau(third.optimizer, {
    patience: 0,
    threshold: 10,
    thresholdMode: 'abs',
  });
  const watched = await fit(model, { ...third, scheduler: plateau, epochs: 3 });
  t.is(plateau.best, watched.history[0].loss);
  t.true(watched.history[2].lr < 0.05);
});

test.serial('early stopping ends a training without progress', async (t) => {
  const model = makeModel();
  const options = setUp(model);
  options.optimizer.paramGroups[0].lr = 0;
  const validation = new data.DataLoader(samples(), { batchSize: 40 });
  let text = '';
  const progress = { write: (part: string) => (text += part) };
  const stopping = { validation, epochs: 50, earlyStopping: 2, progress };
  const { history, reason } = await fit(model, { ...options, ...stopping });
  t.is(reason, 'earlyStopping');
  t.true(text.endsWith('\nstopped: valLoss was no better for 2 epochs\n'), text);
  // The first is the best; two without progress follow.
  t.is(history.length, 3);
});

test.serial('a signal ends the training at the end of a step, also in the validation', async (t) => {
  const model = makeModel();
  const controller = new AbortController();
  const training = fit(model, { ...setUp(model), epochs: 50, signal: controller.signal });
  const events: train.FitEvent[] = [];
  for await (const event of training) {
    events.push(event);
    if (event.type === 'step' && event.steps === 5) controller.abort();
  }
  t.like(events.at(-1), { type: 'done', steps: 5, reason: 'aborted' });
  t.is((await training).history.length, 1);

  const other = new AbortController();
  function* validation(): Generator<readonly Tensor[]> {
    yield samples().getItems(tensor([0], { dtype: 'int32' }));
    other.abort();
    yield samples().getItems(tensor([1], { dtype: 'int32' }));
  }
  const again = { ...setUp(model), epochs: 2, validation: validation(), signal: other.signal };
  const result = await fit(model, again);
  t.like(result, { reason: 'aborted', steps: 3, history: [] });
  t.true(model.training);
});

test.serial('leaving the loop ends the training; the result says so', async (t) => {
  const model = makeModel();
  const dropout = [...model.children()][2];
  dropout.eval();
  const training = fit(model, { ...setUp(model), epochs: 5 });
  for await (const event of training) if (event.type === 'epoch') break;
  t.deepEqual([model.training, dropout.training], [true, false]);
  t.like(await training, { reason: 'aborted', steps: 3 });
  t.throws(() => training[Symbol.asyncIterator](), {
    message: '[fit] the training has begun: its events go to one listener, from the start',
  });
});

test.serial('data is closed however a training ends', async (t) => {
  const model = makeModel();
  let open = 0;
  const batches = {
    *[Symbol.iterator]() {
      open++;
      try {
        for (let i = 0; i < 3; i++) yield [...samples().tensors];
      } finally {
        open--;
      }
    },
  };
  for (const type of ['step', 'epoch'])
    for (const validation of [undefined, batches]) {
      const options = { ...setUp(model), data: batches, validation };
      for await (const event of fit(model, options)) if (event.type === type) break;
      t.is(open, 0);
      const failing = fit(model, { ...options, loss: () => t.fail as never });
      await t.throwsAsync(async () => failing);
      t.is(open, 0);
      const aborted = fit(model, options);
      for await (const event of aborted) if (event.type === type) aborted.abort();
      t.is(open, 0);
    }
});

test.serial('leaving before the first event settles the result, too', async (t) => {
  const model = makeModel();
  const training = fit(model, setUp(model));
  await training[Symbol.asyncIterator]().return();
  t.like(await training, { reason: 'aborted', steps: 0 });
});

test.serial('errors come to whoever listens or waits', async (t) => {
  const model = makeModel();
  const broken = { ...setUp(model), loss: (x: Tensor) => x.sum().mul(NaN) };
  const message = '[fit] the loss became NaN in epoch 1, step 1: try a smaller lr';
  await t.throwsAsync(Promise.resolve(fit(model, broken)), { message });
  await t.throwsAsync(listOf(fit(model, broken)), { message });
  t.is(await fit(model, broken).catch((error: unknown) => (error as Error).message), message);
  let ended = 0;
  await t.throwsAsync(
    fit(model, broken).finally(() => ended++),
    { message },
  );
  const good = makeModel();
  const { steps } = await fit(good, setUp(good)).finally(() => ended++);
  t.deepEqual([ended, steps], [2, 3]);
  await t.throwsAsync(Promise.resolve(fit(model, { ...setUp(model), loss: (x: Tensor) => x })), {
    message: '[fit] loss: expected one number of it, got (16, 2): is there a reduction?',
  });
  const once = (function* (): Generator<Tensor[]> {
    yield [...samples().tensors];
  })();
  const sound = makeModel();
  await t.throwsAsync(Promise.resolve(fit(sound, { ...setUp(sound), data: once, epochs: 2 })), {
    message: '[fit] data: expected batches, got none in epoch 2',
  });
  await t.throwsAsync(Promise.resolve(fit(sound, { ...setUp(sound), data: [randn([2])] as never })), {
    message: /^\[fit\] data: expected batches \[\.\.\.inputs, target\] of tensors, got a Tensor: /,
  });
});

test.serial('optimizers that ask several times, and batches of any kind', async (t) => {
  const model = new nn.Linear(2, 1);
  const x = randn([30, 2]);
  const y = x.matmul(tensor([[2], [-1]])).add(0.5);
  const { history } = await fit(model, {
    data: [{ x, y }],
    apply: (batch: { x: Tensor; y: Tensor }) => [model.forward(batch.x), batch.y],
    loss: new nn.MSELoss(),
    optimizer: new optim.LBFGS(model.parameters(), { lr: 0.5 }),
    metrics: [train.mae(), train.r2()],
    epochs: 20,
    ...quiet,
  });
  t.true((history.at(-1) as train.EpochEvent).loss < 1e-6);
  t.true((history.at(-1) as train.EpochEvent).metrics.r2 > 0.9999);

  async function* stream(): AsyncGenerator<Tensor[]> {
    for (let i = 0; i < 3; i++) yield await Promise.resolve([x, y]);
  }
  const streamed = { [Symbol.asyncIterator]: stream };
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.01 });
  const result = await fit(model, { data: streamed, loss: new nn.MSELoss(), optimizer, epochs: 2, ...quiet });
  t.is(result.steps, 6);
});

test.serial('the event loop turns while the training goes on', async (t) => {
  const model = new nn.Linear(256, 256);
  const batches = Array.from({ length: 200 }, () => [randn([256, 256]), randint(0, 256, [256])]);
  let turns = 0;
  const timer = setInterval(() => turns++, 10);
  const began = performance.now();
  await fit(model, {
    data: batches,
    loss: new nn.CrossEntropyLoss(),
    optimizer: new optim.SGD(model.parameters(), { lr: 0.01 }),
    ...quiet,
  });
  clearInterval(timer);
  t.true(turns >= (performance.now() - began) / 1000, `${turns} turns`);
});

test.serial('progress is a bar on a terminal, and lines elsewhere', async (t) => {
  const model = makeModel();
  for (const isTTY of [true, false]) {
    let text = '';
    const progress = { isTTY, columns: 100, write: (part: string) => (text += part) };
    const slow = {
      *[Symbol.iterator](): Generator<readonly Tensor[]> {
        for (let i = 0; i < 4; i++) {
          const until = performance.now() + 60;
          while (performance.now() < until);
          yield samples().getItems(tensor([0, 1], { dtype: 'int32' }));
        }
      },
      length: 4,
    };
    await fit(model, { ...setUp(model), data: slow, epochs: 2, progress });
    const lines = text.split('\n').map((line) => line.slice(line.lastIndexOf('\r') + 1));
    t.regex(lines[0].replace('\x1b[K', ''), /^epoch 1\/2 {2}loss \d\.\d{4} {2}\d+\.\d s {2}\d+ samples\/s$/);
    t.is(lines.length, 3);
    if (isTTY) t.regex(text, /\r.\[Kepoch 1\/2 {2}━+ +50% {2}\d+ samples\/s {2}\d s left {2}loss \d\.\d{4}/);
    else t.false(text.includes('\r'));
  }
});

test.serial('an optimizer of another model is an error, not a training without effect', async (t) => {
  for (const compile of [false, true]) {
    const model = makeModel();
    const before = bitsOf(model);
    const { optimizer } = setUp();
    await t.throwsAsync(async () => fit(model, { ...setUp(model), optimizer, compile }), {
      message: /^\[fit\] optimizer: none of its parameters got a gradient: was it made for another model/,
    });
    t.deepEqual(bitsOf(model), before);
  }
});

test('fit says at once what is wrong with its options', (t) => {
  const model = makeModel();
  const options = setUp(model);
  const call = (change: object, other: unknown = model): unknown =>
    fit(other as nn.Module, { ...options, ...change });
  const foreign = new optim.StepLR(new optim.SGD(makeModel().parameters(), { lr: 1 }), 1);
  const wrong: [() => unknown, string][] = [
    [() => call({}, {}), '[fit] model: expected a module, got an Object'],
    [() => call({ data: 3 }), '[fit] data: expected batches, as a DataLoader or a list, got 3'],
    [() => call({ loss: 'mse' }), '[fit] loss: expected a module or a function, got "mse"'],
    [
      () => call({ loss: nn.CrossEntropyLoss }),
      '[fit] loss: expected a module or a function, got the class CrossEntropyLoss',
    ],
    [() => call({ optimizer: 'adam' }), '[fit] optimizer: expected an optimizer, got "adam"'],
    [() => call({ epochs: 1.5 }), '[fit] epochs: expected a whole number from 0, got 1.5'],
    [() => call({ scheduler: foreign }), '[fit] scheduler: expected one of the same optimizer'],
    [() => call({ metrics: ['accuracy'] }), '[fit] metrics: 0: expected a metric, got "accuracy"'],
    [
      () => call({ metrics: [train.accuracy(), train.accuracy()] }),
      '[fit] metrics: accuracy is there twice: give them names, { name: metric }',
    ],
    [() => call({ clipGradNorm: 0 }), '[fit] clipGradNorm: expected a number above 0, got 0'],
    [
      () => call({ earlyStopping: { monitor: 'valLoss' } }),
      '[fit] monitor: expected \'loss\', got "valLoss"',
    ],
    [() => call({ signal: true }), '[fit] signal: expected an AbortSignal, got true'],
    [() => call({ progress: 1 }), '[fit] progress: expected true, false or a stream, got 1'],
  ];
  for (const [run, message] of wrong) t.throws(run, { message });
  t.throws(() => call({ epoch: 1 }), {
    message: /^\[fit\] options: unknown option 'epoch'; there is data, /,
  });
});
