import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, watch } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { build } from 'esbuild';
import { data, fit, manualSeed, nn, optim, randint, randn, train, type Tensor } from '../lib/index.js';

const dir = await mkdtemp(join(tmpdir(), 'mgp-'));
test.after.always(() => rm(dir, { recursive: true, force: true }));

let folders = 0;
const newFolder = (): string => join(dir, String(folders++));

function samples(): data.TensorDataset {
  manualSeed(1);
  const x = randn([20, 3]);
  return new data.TensorDataset(x, x.sum(1).gt(0).to('int32'));
}

type Options = train.FitOptions;

interface SetUp {
  readonly model: nn.Sequential;
  readonly optimizer: optim.Adam;
  readonly options: Options;
}

/** A training with whatever has a state: dropout, running means, a schedule, metrics. 5 steps an epoch. */
function setUp(more: (base: SetUp) => Partial<Options> = () => ({})): SetUp {
  const dataset = samples();
  manualSeed(2);
  const model = new nn.Sequential(
    ...[new nn.Linear(3, 6), new nn.BatchNorm1d(6), new nn.Tanh(), new nn.Dropout(0.2), new nn.Linear(6, 2)],
  );
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.05 });
  const options: Options = {
    data: new data.DataLoader(dataset, { batchSize: 4, shuffle: true }),
    ...{ loss: new nn.CrossEntropyLoss(), optimizer, epochs: 3, progress: false },
  };
  return { model, optimizer, options: { ...options, ...more({ model, optimizer, options }) } };
}

/** All that a training comes to. */
function outcomeOf({ model, optimizer }: SetUp, { history, steps }: train.FitResult): unknown {
  const arrays = (value: unknown): unknown =>
    Array.isArray(value) ? value.map(arrays) : ((value as Tensor).toArray?.() ?? value);
  const state = Object.values(optimizer.stateDict().state).map((own) => Object.values(own).map(arrays));
  const values = history.map(({ seconds: _, ...rest }) => rest);
  return { model: Object.values(model.stateDict()).map(arrays), state, values, steps };
}

/** All of 20 numbers, each drawn from those that are left. */
class OneByOne implements data.Sampler {
  readonly length = 20;

  *[Symbol.iterator](): Generator<number, void> {
    const left = Array.from({ length: 20 }, (_, i) => i);
    while (left.length > 0) yield* left.splice(randint(left.length, []).item(), 1);
  }
}

const SAMPLES = samples();

/** 20 samples in a random order, with noise. */
function* drawn(): Generator<readonly Tensor[], void> {
  const [x, y] = SAMPLES.tensors;
  for (const i of data.randperm(20).toArray()) yield [x.select(0, i).add(randn([3])), y.select(0, i)];
}

const VARIANTS: Record<string, (base: SetUp) => Partial<Options>> = {
  plain: () => ({}),
  compiled: () => ({ compile: true }),
  'an order of its own': () => ({
    data: new data.DataLoader(samples(), { batchSize: 4, shuffle: true, seed: 3 }),
  }),
  'a sampler': () => {
    const set = samples();
    return { data: new data.DataLoader(set, { batchSize: 4, sampler: new data.RandomSampler(set) }) };
  },
  'a sampler that draws number by number': () => ({
    data: new data.DataLoader(samples(), { batchSize: 4, sampler: new OneByOne() }),
  }),
  'a sampler that draws from the seed of the loader': () => ({
    data: new data.DataLoader(samples(), { batchSize: 4, sampler: new OneByOne(), seed: 3 }),
  }),
  'a stream that is drawn': () => ({ data: new data.DataLoader(new data.IterableDataset(drawn), 4) }),
  'an asynchronous stream that is drawn': () => ({
    data: new data.DataLoader(
      new data.IterableDataset(async function* () {
        for (const sample of drawn()) yield await Promise.resolve(sample);
      }),
      4,
    ),
  }),
  'batches that draw, and do not know where they are': () => {
    const set = samples();
    return {
      data: {
        *[Symbol.iterator]() {
          for (let i = 0; i < 5; i++) yield [randn([4, 3]), set.tensors[1].narrow(0, 4 * i, 4)];
        },
      },
    };
  },
  'a schedule by step, metrics in training': ({ optimizer }) => ({
    scheduler: { scheduler: new optim.OneCycleLR(optimizer, { maxLr: 0.1, totalSteps: 15 }), every: 'step' },
    metrics: [train.accuracy(), train.rocAuc()],
  }),
  'validation, a schedule that watches': ({ optimizer }) => ({
    validation: new data.DataLoader(samples(), { batchSize: 7 }),
    scheduler: { scheduler: new optim.ReduceLROnPlateau(optimizer, { patience: 0 }), monitor: 'valLoss' },
    metrics: [train.f1()],
    earlyStopping: 10,
  }),
};

async function abortedAfter(
  steps: number,
  { model, options }: SetUp,
  folder: string,
): Promise<train.FitResult> {
  const controller = new AbortController();
  const training = fit(model, { ...options, signal: controller.signal, checkpoint: folder });
  for await (const event of training) if (event.type === 'step' && event.steps === steps) controller.abort();
  return training;
}

for (const [name, variant] of Object.entries(VARIANTS))
  test.serial(`a training that goes on has the bits of one that never stopped: ${name}`, async (t) => {
    const whole = setUp(variant);
    const expected = outcomeOf(whole, await fit(whole.model, whole.options));
    for (const steps of [1, 4, 5, 6, 12]) {
      const folder = newFolder();
      const first = setUp(variant);
      const { reason } = await abortedAfter(steps, first, folder);
      t.is(reason, 'aborted');
      // The random numbers of the second process are others.
      const second = setUp(variant);
      manualSeed(1000 + steps);
      const result = await fit(second.model, { ...second.options, checkpoint: folder });
      t.deepEqual(outcomeOf(second, result), expected, `stopped after ${steps} steps`);
    }
  });

test.serial('a folder serves one training at a time, under whatever name', async (t) => {
  const folder = newFolder();
  const other = newFolder();
  await mkdir(folder);
  await symlink(folder, other);
  const first = setUp();
  let refused = 0;
  for await (const event of fit(first.model, { ...first.options, checkpoint: folder })) {
    if (event.type !== 'epoch') continue;
    const second = setUp();
    for (const checkpoint of [folder, other])
      await t.throwsAsync(async () => fit(second.model, { ...second.options, checkpoint }), {
        message: `[fit] checkpoint: ${checkpoint} cannot be used: another training is using it`,
      });
    refused++;
  }
  t.is(refused, 3);
  // Free again after an end, an error, and a listener who left.
  for (const end of ['error', 'leave', 'none']) {
    const next = setUp();
    const options = { ...next.options, epochs: 9, checkpoint: other };
    const run = async (): Promise<void> => {
      for await (const event of fit(next.model, options)) {
        if (event.type !== 'step') continue;
        if (end === 'error') throw new Error(end);
        if (end === 'leave') break;
      }
    };
    await run().catch((error: unknown) => t.is((error as Error).message, end));
  }
});

test.serial('the last checkpoint has the last epoch, also where its last step was kept', async (t) => {
  const folder = newFolder();
  const { model, options } = setUp();
  const checkpoint = { dir: folder, everySteps: 5, everyEpochs: 2, monitor: 'loss', mode: 'max' } as const;
  await fit(model, { ...options, checkpoint });
  const { run } = await train.loadCheckpoint<{ run: { history: unknown[]; epoch: number } }>(
    join(folder, 'step-00000015.safetensors'),
  );
  t.is(run.history.length, 3);
});

test.serial('averages of the weights that are in the config go on, too', async (t) => {
  const { AveragedModel, getEmaAvgFn } = optim.swaUtils;
  const begin = (): SetUp & { average: optim.swaUtils.AveragedModel } => {
    const base = setUp();
    return { ...base, average: new AveragedModel(base.model as never, { avgFn: getEmaAvgFn(0.9) }) };
  };
  const run = async ({ model, options, average }: ReturnType<typeof begin>, dir: string, until = 99) => {
    const checkpoint = { dir, config: { average: average.stateDict() } };
    const training = fit(model, { ...options, checkpoint });
    for await (const event of training) {
      if (event.type === 'resume') {
        const { config } = await train.loadCheckpoint<{ config: typeof checkpoint.config }>(event.path);
        average.loadStateDict(config.average);
      }
      if (event.type !== 'step') continue;
      average.updateParameters();
      if (event.steps === until) training.abort();
    }
    return Object.entries(average.stateDict()).map(([name, x]) => [name, x.tolist()]);
  };
  const expected = await run(begin(), newFolder());
  const folder = newFolder();
  await run(begin(), folder, 7);
  t.deepEqual(await run(begin(), folder), expected);
});

test.serial('validations in an order of their own go on, too', async (t) => {
  const shuffled = (): SetUp =>
    setUp(() => ({ validation: new data.DataLoader(samples(), { batchSize: 7, shuffle: true, seed: 4 }) }));
  const whole = shuffled();
  const expected = outcomeOf(whole, await fit(whole.model, whole.options));
  const folder = newFolder();
  await abortedAfter(6, shuffled(), folder);
  // Stopped in a validation.
  const second = shuffled();
  const training = fit(second.model, {
    ...second.options,
    checkpoint: folder,
    apply: ([x, target]) => {
      if (!second.model.training) training.abort();
      return [second.model.forward(x), target];
    },
  });
  t.like(await training, { reason: 'aborted', steps: 10 });
  const third = shuffled();
  t.deepEqual(outcomeOf(third, await fit(third.model, { ...third.options, checkpoint: folder })), expected);
});

test.serial('a training that is stopped in its validation makes it again', async (t) => {
  const validation = new data.DataLoader(samples(), { batchSize: 7 });
  const whole = setUp(() => ({ validation }));
  const expected = outcomeOf(whole, await fit(whole.model, whole.options));
  const folder = newFolder();
  const controller = new AbortController();
  const first = setUp(() => ({
    validation: {
      *[Symbol.iterator]() {
        controller.abort();
        yield* validation;
      },
    },
    signal: controller.signal,
  }));
  t.is((await fit(first.model, { ...first.options, checkpoint: folder })).history.length, 0);
  const second = setUp(() => ({ validation }));
  const result = await fit(second.model, { ...second.options, checkpoint: folder });
  t.deepEqual(outcomeOf(second, result), expected);
});

test.serial('checkpoints come when they are asked for; the last and the best are kept', async (t) => {
  const folder = newFolder();
  const { model, options } = setUp(() => ({ epochs: 4 }));
  // Worse from epoch to epoch.
  class Falling extends train.Metric<number> {
    override readonly name = 'falling';
    override readonly mode = 'max';
    #value = 0;
    protected override start(): number {
      return 0;
    }
    override update(): void {
      // Nothing: it is asked once for each epoch.
    }
    override compute(): number {
      return --this.#value;
    }
  }
  const checkpoint = { dir: folder, everySteps: 3, everyEpochs: 2, keep: 2, monitor: 'falling' };
  const seen: [number, boolean][] = [];
  for await (const event of fit(model, { ...options, metrics: [new Falling()], checkpoint }))
    if (event.type === 'checkpoint') {
      seen.push([event.steps, event.best]);
      t.true(existsSync(event.path));
    }
  // Every 3 steps, after epochs 2 and 4, and after the first: it is the best.
  t.deepEqual(
    seen,
    [3, 5, 6, 9, 10, 12, 15, 18, 20].map((steps) => [steps, steps === 5]),
  );
  t.deepEqual((await readdir(folder)).sort(), [
    ...['best.safetensors', 'step-00000018.safetensors', 'step-00000020.safetensors'],
  ]);
  const best = await train.loadCheckpoint<{ run: { steps: number }; config: unknown }>(
    join(folder, 'best.safetensors'),
  );
  t.is(best.run.steps, 5);
});

test.serial('a finished training is not made again, and more epochs go on from its end', async (t) => {
  const folder = newFolder();
  const config = { layers: [6], note: 'mine' };
  const first = setUp(() => ({ checkpoint: { dir: folder, config } }));
  const { history } = await fit(first.model, first.options);
  const again = setUp(() => ({ checkpoint: folder }));
  const events: train.FitEvent[] = [];
  for await (const event of fit(again.model, again.options)) events.push(event);
  t.deepEqual(
    events.map(({ type }) => type),
    ['resume', 'done'],
  );
  t.deepEqual((events[1] as train.DoneEvent).history, history);
  const saved = await train.loadCheckpoint(join(folder, 'step-00000015.safetensors'));
  t.deepEqual(saved.config, config);
  const longer = setUp(() => ({ checkpoint: folder, epochs: 5 }));
  t.is((await fit(longer.model, longer.options)).steps, 25);
  const whole = setUp(() => ({ epochs: 5 }));
  await fit(whole.model, whole.options);
  t.deepEqual(longer.model.stateDict()['0.weight'].toArray(), whole.model.stateDict()['0.weight'].toArray());
});

const bad: Record<string, (bytes: Buffer) => Buffer> = {
  'cut short': (bytes) => bytes.subarray(0, bytes.length - 9),
  'a bit flipped': (bytes) => {
    bytes[bytes.length - 3] ^= 4;
    return bytes;
  },
  empty: () => Buffer.alloc(0),
};

for (const [name, damage] of Object.entries(bad))
  test.serial(`a damaged checkpoint is put aside and the one before it used: ${name}`, async (t) => {
    const folder = newFolder();
    const whole = setUp();
    const expected = outcomeOf(whole, await fit(whole.model, whole.options));
    const first = setUp();
    await fit(first.model, { ...first.options, checkpoint: folder });
    const paths = (await readdir(folder)).filter((file) => file.startsWith('step')).sort();
    for (const file of paths.slice(1)) {
      const path = join(folder, file);
      const damaged = damage(await readFile(path));
      await rm(path);
      await writeFile(path, damaged);
    }
    const warnings: string[] = [];
    const listen = ({ message }: Error): unknown => warnings.push(message);
    process.on('warning', listen);
    const second = setUp();
    const training = fit(second.model, { ...second.options, checkpoint: folder });
    for await (const event of training)
      if (event.type === 'resume') {
        t.like(event, { steps: 5, epoch: 2, step: 0 });
        t.is(event.damaged.length, 2);
        for (const { path, error } of event.damaged) t.true(error.message.includes(path), error.message);
      }
    process.off('warning', listen);
    t.is(warnings.length, 2);
    t.true(warnings[0].includes(paths[2]) && warnings[0].includes(`Going on from ${join(folder, paths[0])}`));
    t.deepEqual(outcomeOf(second, await training), expected);
    t.deepEqual((await readdir(folder)).filter((file) => file.endsWith('.damaged')).length, 2);

    for (const file of paths) await writeFile(join(folder, file), damage(await readFile(join(folder, file))));
    const third = setUp();
    const before = outcomeOf(third, { history: [], steps: 0, reason: 'aborted', seconds: 0 });
    const error = await t.throwsAsync(async () => fit(third.model, { ...third.options, checkpoint: folder }));
    t.regex(error.message, /^\[fit\] checkpoint: none of the 3 in .* can be read: \[loadCheckpoint\]/);
    t.deepEqual(outcomeOf(third, { history: [], steps: 0, reason: 'aborted', seconds: 0 }), before);
  });

test.serial('checkpoints of another training are refused, and nothing changes', async (t) => {
  const folder = newFolder();
  const first = setUp();
  await fit(first.model, { ...first.options, epochs: 1, checkpoint: folder });
  const before = await readdir(folder);
  const other = setUp();
  const model = new nn.Sequential(new nn.Linear(3, 2));
  await t.throwsAsync(
    async () =>
      fit(model, {
        ...other.options,
        optimizer: new optim.Adam(model.parameters()),
        checkpoint: folder,
      }),
    {
      message: /^\[fit\] checkpoint: .*step-00000005\.safetensors is not of this training: \[loadStateDict\]/,
    },
  );
  // What fits is not changed because of what does not.
  const bits = (): unknown => Object.values(other.model.stateDict()).map((x) => Array.from(x.toArray()));
  const untouched = bits();
  await t.throwsAsync(
    async () =>
      fit(other.model, {
        ...other.options,
        optimizer: new optim.SGD(other.model.parameters(), { lr: 1, momentum: 0.9 }),
        checkpoint: folder,
      }),
    { message: /is not of this training: \[SGD\] loadStateDict/ },
  );
  t.deepEqual(bits(), untouched);
  await t.throwsAsync(
    async () => fit(other.model, { ...other.options, checkpoint: { dir: folder, resume: false } }),
    { message: /^\[fit\] checkpoint: resume is false, and there are checkpoints already: / },
  );
  await t.throwsAsync(
    async () =>
      fit(other.model, {
        ...other.options,
        scheduler: new optim.StepLR(other.optimizer, 1),
        checkpoint: folder,
      }),
    { message: /expected a scheduler/ },
  );
  t.deepEqual(await readdir(folder), before);
});

test.serial('a checkpoint whose state was changed by hand is refused, and nothing changes', async (t) => {
  const folder = newFolder();
  const first = setUp();
  await fit(first.model, { ...first.options, epochs: 1, checkpoint: folder });
  const path = join(folder, 'step-00000005.safetensors');
  const sound = await train.loadCheckpoint(path);
  const { run } = sound as { run: Record<string, unknown> };
  const wrong: [train.CheckpointState, RegExp][] = [
    [{ run: undefined }, /run: epoch: expected a number, got undefined/],
    [{ run: { ...run, epoch: '2' } }, /run: epoch: expected a number, got "2"/],
    [{ run: { ...run, history: {} } }, /run: history: expected a list, got/],
    [{ run: { ...run, best: 'none' } }, /run: best: expected a number, got "none"/],
    [{ run: { ...run, random: {} } }, /setRngState/],
    [{ random: 3 }, /setRngState/],
    [{ model: null }, /loadStateDict/],
    [{ metrics: null }, /metrics: expected an object, got null/],
  ];
  for (const [change, message] of wrong) {
    await train.saveCheckpoint(path, { ...sound, ...change });
    const second = setUp(() => ({ metrics: [train.accuracy()] }));
    const before = outcomeOf(second, { history: [], steps: 0, reason: 'aborted', seconds: 0 });
    const training = fit(second.model, { ...second.options, checkpoint: folder });
    const error = await t.throwsAsync(async () => training);
    t.regex(error.message, /^\[fit\] checkpoint: .*step-00000005\.safetensors is not of this training: /);
    t.regex(error.message, message);
    t.deepEqual(outcomeOf(second, { history: [], steps: 0, reason: 'aborted', seconds: 0 }), before);
  }
  await train.saveCheckpoint(path, sound);
  const last = setUp();
  t.is((await fit(last.model, { ...last.options, checkpoint: folder })).steps, 15);
});

test.serial('what the system does not let read is no damage, and folders are no checkpoints', async (t) => {
  const folder = newFolder();
  const first = setUp();
  await fit(first.model, { ...first.options, epochs: 2, checkpoint: folder });
  await mkdir(join(folder, 'step-00000099.safetensors'));
  const newest = join(folder, 'step-00000010.safetensors');
  await rename(newest, `${newest}.elsewhere`);
  await symlink('nowhere', newest);
  const names = (await readdir(folder)).sort();
  const second = setUp();
  await t.throwsAsync(async () => fit(second.model, { ...second.options, checkpoint: folder }), {
    message: /^\[fit\] checkpoint: .*step-00000010\.safetensors cannot be read: ENOENT/,
  });
  t.deepEqual((await readdir(folder)).sort(), names);
  await rm(newest);
  await rename(`${newest}.elsewhere`, newest);
  const third = setUp();
  t.is((await fit(third.model, { ...third.options, checkpoint: folder })).steps, 15);
});

test.serial('a folder that cannot be one is an error', async (t) => {
  const file = newFolder();
  await writeFile(file, 'text');
  const { model, options } = setUp(() => ({ checkpoint: file }));
  await t.throwsAsync(async () => fit(model, options), {
    message: /^\[fit\] checkpoint: .* cannot be used: EEXIST/,
  });
  t.is(await readFile(file, 'utf8'), 'text');
});

test.serial('wrong options are refused at once', (t) => {
  const { model, options } = setUp();
  const wrong: [unknown, string][] = [
    [3, '[fit] checkpoint: expected the path of a folder, or options, got 3'],
    [{}, '[fit] checkpoint: dir: expected the path of a folder, got undefined'],
    [{ dir: 'x', keep: 0 }, '[fit] checkpoint: keep: expected a whole number from 1, got 0'],
    [{ dir: 'x', everySteps: 0 }, '[fit] checkpoint: everySteps: expected a whole number from 1, got 0'],
    [{ dir: 'x', everySeconds: -1 }, '[fit] checkpoint: everySeconds: expected a number from 0, got -1'],
    [{ dir: 'x', resume: 1 }, '[fit] checkpoint: resume: expected true or false, got 1'],
    [{ dir: 'x', monitor: 'f1' }, '[fit] monitor: expected \'loss\', got "f1"'],
    [
      { dir: 'x', config: { f: () => 1 } },
      '[fit] checkpoint: config.f: expected tensors and plain values, got a function',
    ],
  ];
  for (const [checkpoint, message] of wrong)
    t.throws(() => fit(model, { ...options, checkpoint } as never), { message });
  t.false(existsSync('x'));
});

/** The training of killed-training.ts, in one file: a process of it starts in a tenth of a second. */
const KILLED = fileURLToPath(new URL('../build/killed-training.mjs', import.meta.url));
const SOURCE = fileURLToPath(new URL('support/killed-training.ts', import.meta.url));
test.before(async () => {
  await build({
    ...{ entryPoints: [SOURCE], outfile: KILLED, bundle: true, platform: 'node', format: 'esm' },
    ...{ external: ['node-gyp-build'], logLevel: 'error' },
  });
});

const env = { ...process.env, NODE_OPTIONS: '' };

async function run(
  folder: string,
  epochs: number,
  live?: (child: ChildProcess) => void,
): Promise<string | null> {
  const child = spawn(process.execPath, [KILLED, folder, String(epochs)], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  child.stderr.setEncoding('utf8').on('data', (part: string) => (errors += part));
  live?.(child);
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.on('close', (...ended) => resolve(ended)),
  );
  if (signal === 'SIGKILL') return null;
  if (code !== 0) throw new Error(`code ${code}, signal ${signal}: ${errors}`);
  return text.trim().split('\n').at(-1) ?? '';
}

test.serial('a process that is killed 50 times, also while it writes, ends with the same bits', async (t) => {
  const epochs = 80;
  const expected = await run(newFolder(), epochs);
  const folder = newFolder();
  await mkdir(folder);
  let [kills, whileWriting] = [0, 0];
  let last: string | null = null;
  for (; kills < 50 && last === null; kills++) {
    last = await run(folder, epochs, (child) => {
      const kill = (): void => void child.kill('SIGKILL');
      // From before the library is there to some checkpoints later; every other time the moment is one of writing.
      const after = 50 + 250 * Math.random();
      if (kills % 2 === 0) setTimeout(kill, after).unref();
      else {
        const began = performance.now();
        const watcher = watch(folder, (_, name) => {
          if (!String(name).endsWith('.tmp') || performance.now() - began < after) return;
          watcher.close();
          kill();
        });
        child.on('close', () => watcher.close());
      }
    });
    if ((await readdir(folder)).some((name) => name.endsWith('.tmp'))) whileWriting++;
  }
  last ??= await run(folder, epochs);
  t.log(`${kills} kills, ${whileWriting} of them while a checkpoint was written`);
  t.is(last, expected);
  t.is(kills, 50, 'the training was over before it had been killed often enough');
  t.true((await readdir(folder)).every((name) => !name.includes('tmp') && !name.includes('damaged')));
});

/** A shell in which a process writes no file larger than some blocks of 512 or 1,024 bytes. */
const limits = spawnSync('sh', ['-c', "trap '' XFSZ; ulimit -f 1"]).status === 0;

(limits ? test.serial : test.serial.skip)(
  'a full disk is an error, and what was written before is used',
  async (t) => {
    const folder = newFolder();
    const runLimited = (blocks: number | null): ReturnType<typeof spawnSync> => {
      const command = `${blocks === null ? '' : `trap '' XFSZ; ulimit -f ${blocks}; `}exec "$0" "$@"`;
      const args = ['-c', command, process.execPath, KILLED, folder, '3'];
      return spawnSync('sh', args, { env, encoding: 'utf8' });
    };
    const first = runLimited(1);
    t.is(first.status, 1);
    t.regex(String(first.stderr), /\[fit\] checkpoint: after 2 steps none could be written: EFBIG/);
    t.deepEqual(await readdir(folder), []);
    await run(folder, 1);
    const before = await readdir(folder);
    t.is(runLimited(1).status, 1);
    t.deepEqual(await readdir(folder), before);
    const whole = await run(newFolder(), 3);
    t.true(whole !== null && String(runLimited(null).stdout).endsWith(`${whole}\n`));
  },
);
