import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { fit, getNumThreads, nn, setNumThreads, tensor, train, type Tensor } from '../lib/index.js';
import { EventQueue } from '../lib/train/worker/event-queue.js';
import { makeModel, makeOptions, type JobOptions } from './support/jobs/training.js';

const dir = await mkdtemp(join(tmpdir(), 'mgp-'));
test.after.always(() => rm(dir, { recursive: true, force: true }));

const JOBS = new URL('support/jobs/training.ts', import.meta.url);
const start = <Result = train.FitResult>(
  data: JobOptions,
  options: train.WorkerOptions = {},
): train.WorkerTraining<Result> => train.trainInWorker<Result>(JOBS, { threads: 1, ...options, data });

const bitsOf = (state: Readonly<Record<string, Tensor>>): unknown =>
  Object.entries(state).map(([name, x]) => [name, Array.from(x.toArray())]);

const threads = getNumThreads();
test.beforeEach(() => setNumThreads(Math.max(2, threads)));
test.after(() => setNumThreads(threads));

test.serial('a training in a worker is the one that it is here', async (t) => {
  const model = makeModel();
  const here: train.FitEvent[] = [];
  for await (const event of fit(model, makeOptions(model, {}))) here.push(event);
  const job = start({ what: 'training' }, { allSteps: true });
  const there: train.FitEvent[] = [];
  for await (const event of job) there.push(event);
  const timeless = (events: readonly train.FitEvent[]): unknown =>
    events.map((event) => ({
      ...event,
      seconds: 0,
      ...('history' in event && { history: timeless(event.history) }),
    }));
  t.deepEqual(timeless(there), timeless(here));
  const result = await job;
  t.is(result.reason, 'finished');
  t.is(result.history.length, 2);
  t.deepEqual(bitsOf(job.stateDict() ?? {}), bitsOf(model.stateDict()));
  t.is(job.stateDict()?.['1.num_batches_tracked']?.dtype ?? 'int32', 'int32');
});

test.serial('a module may be given by its path, relative to the folder of the process', async (t) => {
  const path = fileURLToPath(JOBS);
  for (const url of [path, `./${relative(process.cwd(), path)}`, JOBS.href]) {
    const job = train.trainInWorker(url, { threads: 1, data: { what: 'training' } });
    t.is((await job).reason, 'finished', url);
  }
});

test.serial('weights can be used here while the training goes on there', async (t) => {
  const job = start({ what: 'training', epochs: 100_000 });
  t.is(job.stateDict(), null);
  const model = makeModel();
  model.eval();
  const x = tensor([[1, 2, 3, 4]]);
  const outputs = new Set<string>();
  for await (const event of job) {
    if (event.type !== 'step') continue;
    const state = job.stateDict();
    if (state === null) return t.fail('there are no weights after a step');
    model.loadStateDict(state);
    outputs.add(String(model.forward(x).tolist()));
    if (outputs.size > 3) job.abort();
  }
  t.true(outputs.size > 3);
  t.is((await job).reason, 'aborted');
  const [last, again] = [job.stateDict() ?? {}, job.stateDict() ?? {}];
  t.deepEqual(bitsOf(last), bitsOf(again));
  last['0.weight'].fill_(0);
  t.deepEqual(bitsOf(job.stateDict() ?? {}), bitsOf(again), 'what is given are copies');
});

test.serial('a signal ends it at the end of a step, with a checkpoint that it goes on from', async (t) => {
  const controller = new AbortController();
  const data = { what: 'training', epochs: 400, dir: join(dir, 'aborted') };
  const job = start(data, { signal: controller.signal });
  for await (const event of job) if (event.type === 'epoch' && event.epoch === 3) controller.abort();
  const { reason, steps } = await job;
  t.is(reason, 'aborted');
  t.true(steps >= 48);
  t.true((await readdir(data.dir)).includes(`step-${String(steps).padStart(8, '0')}.safetensors`));
  const epochs = Math.ceil(steps / 16) + 1;
  const events: train.FitEvent[] = [];
  const second = start({ ...data, epochs });
  for await (const event of second) events.push(event);
  t.like(events[0], { type: 'resume', steps });
  const whole = makeModel();
  await fit(whole, makeOptions(whole, { epochs }));
  t.deepEqual(bitsOf(second.stateDict() ?? {}), bitsOf(whole.stateDict()));
});

test.serial('what the function gets and gives goes through whole', async (t) => {
  const weight = tensor([1, 2]);
  const result = await start<{ threads: number; numThreads: number; sum: Tensor; aborted: boolean }>(
    { what: 'says', weight },
    { threads: 2 },
  );
  t.like(result, { threads: 2, aborted: false });
  t.is(result.numThreads, process.env.MGP_BACKEND === 'reference' ? 1 : 2);
  t.deepEqual(result.sum.tolist(), [2, 3]);
  t.deepEqual(weight.tolist(), [1, 2]);
});

test.serial('errors come with the stack of the thread', async (t) => {
  const error = await t.throwsAsync(async () => start({ what: 'throws' }));
  t.like(error, { name: 'Odd', message: 'on purpose', code: 'ODD' });
  t.regex(error.stack ?? '', /jobs\/training\.ts/);
  t.like(error.cause, { name: 'RangeError', message: 'the reason' });
  await t.throwsAsync(async () => start({ what: 'throws later' }), {
    name: 'TypeError',
    message: 'uncaught',
  });
  let ended = false;
  const job = start({ what: 'throws' });
  await t.throwsAsync(
    job.finally(() => (ended = true)),
    { message: 'on purpose' },
  );
  t.true(ended);
  t.is(await job.catch((reason: unknown) => (reason as Error).message), 'on purpose');
  await t.throwsAsync(async () => start({ what: 'exits' }), {
    message: '[trainInWorker] the thread ended with code 3 before its training did',
  });
  const listening = start({ what: 'throws' });
  await t.throwsAsync(
    async () => {
      for await (const event of listening) t.fail(event.type);
    },
    { message: 'on purpose' },
  );
  await t.throwsAsync(async () => train.trainInWorker(new URL('support/check.ts', import.meta.url)), {
    message: /^\[trainInWorker\] file:.*: expected a function as its default export, got undefined$/,
  });
  await t.throwsAsync(async () => train.trainInWorker(new URL('none.js', import.meta.url)), {
    message: /none\.js/,
  });
});

test.serial('errors that are their own cause come through', async (t) => {
  const error = await t.throwsAsync(async () => start({ what: 'throws in a circle' }));
  t.is(error.message, 'round');
  t.is((error.cause as Error).message, 'round');
});

test.serial('odd errors and results reject, and leave the process alone', async (t) => {
  await t.throwsAsync(async () => start({ what: 'throws an object' }), { name: 'Error', message: /object/i });
  await t.throwsAsync(async () => start({ what: 'gives what looks like a tensor' }), { name: 'TypeError' });
});

test.serial('an abort ends all trainings of a module', async (t) => {
  const job = start<string[]>({ what: 'two at once' });
  for await (const event of job) if (event.type === 'epoch') job.abort();
  t.deepEqual(await job, ['aborted', 'aborted']);
});

test.serial('a thread ends after its training, whatever it left open', async (t) => {
  const counter = new Int32Array(new SharedArrayBuffer(4));
  await start({ what: 'leaves a timer', counter });
  // However long the machine takes: a thread that never ended would count on for ever.
  let before: number;
  do {
    [before] = counter;
    await setTimeout(500);
  } while (before === 0 || counter[0] > before);
  t.is(counter[0], before);
});

test.serial('trainings share the threads of the process, and wait in line', async (t) => {
  setNumThreads(2);
  const long = start({ what: 'waits' });
  const beside = start<{ threads: number }>({ what: 'says' });
  t.is((await beside).threads, 1);
  const order: string[] = [];
  const both = start<{ threads: number }>({ what: 'says' }, { threads: 2 });
  const after = start<{ threads: number }>({ what: 'says' });
  const dropped = start({ what: 'says' }, { signal: AbortSignal.abort() });
  void both.then(() => order.push('both'));
  void after.then(() => order.push('after'));
  t.is((await dropped).reason, 'aborted');
  const left = start({ what: 'says' });
  left.abort();
  t.is((await left).steps, 0);
  t.deepEqual(order, []);
  long.abort();
  t.is(await (long as PromiseLike<unknown>), 'stopped');
  await both;
  await after;
  t.deepEqual(order, ['both', 'after']);
});

test.serial('a thread can be terminated, and gives its threads back', async (t) => {
  setNumThreads(2);
  const job = start({ what: 'training', epochs: 1e6, width: 512 }, { threads: 2 });
  for await (const event of job) if (event.type === 'step') break;
  const next = start<{ threads: number }>({ what: 'says' }, { threads: 2 });
  await job.terminate();
  await t.throwsAsync(async () => job, { message: '[trainInWorker] the training was terminated' });
  t.is((await next).threads, 2);
  const waiting = start({ what: 'waits' }, { threads: 2 });
  const never = start({ what: 'says' }, { threads: 2 });
  await never.terminate();
  await t.throwsAsync(async () => never, { message: '[trainInWorker] the training was terminated' });
  await waiting.terminate();
});

test.serial('what is terminated or aborted at once never begins', async (t) => {
  const counter = new Int32Array(new SharedArrayBuffer(4));
  const job = start({ what: 'counts for ever', counter });
  await job.terminate();
  await t.throwsAsync(async () => job, { message: '[trainInWorker] the training was terminated' });
  const other = start({ what: 'counts for ever', counter });
  other.abort();
  other.abort();
  t.like(await other, { reason: 'aborted', steps: 0 });
  t.is(counter[0], 0);
});

test.serial('tensors in sets and in objects without a prototype go through, too', async (t) => {
  const given = { what: 'gives back', set: new Set([tensor([1])]), bare: Object.create(null) as object };
  Object.assign(given.bare, { x: tensor([2]) });
  const { set, bare } = await start<{ set: Set<Tensor>; bare: { x: Tensor } }>(given);
  t.deepEqual([...[...set].map((x) => x.tolist()), bare.x.tolist()], [[1], [2]]);
});

test('events that nobody listens to do not pile up, and many are listened to fast', async (t) => {
  const step = (steps: number): train.FitEvent => ({
    ...{ type: 'step', epoch: 1, step: steps, steps, loss: 1, lr: 1, samples: 1, seconds: 1 },
  });
  const queue = new EventQueue(true);
  for (let i = 1; i <= 25_000; i++) queue.push(step(i));
  queue.end();
  const left: train.FitEvent[] = [];
  for await (const event of queue) left.push(event);
  t.is(left.length, 5000);
  t.like(left.at(-1), { steps: 25_000 });

  const slow = new EventQueue(true);
  const events = slow[Symbol.asyncIterator]();
  const first = events.next();
  for (let i = 1; i <= 300_000; i++) slow.push(step(i));
  slow.end();
  t.like((await first).value, { steps: 1 });
  let count = 1;
  const since = performance.now();
  for await (const event of events) if (event.type !== 'step' || event.steps !== ++count) t.fail();
  t.is(count, 300_000);
  t.true(performance.now() - since < 30_000);
});

test.serial('wrong options are refused at once', (t) => {
  const wrong: [unknown, unknown, string][] = [
    [3, {}, '[trainInWorker] url: expected the address of a module, got 3'],
    [
      'train.js',
      {},
      '[trainInWorker] url: expected a URL, or a path that is absolute or begins with ./ or ../, got "train.js"',
    ],
    [JOBS, { threads: 0 }, '[trainInWorker] threads: expected a whole number from 1, got 0'],
    [
      ...[JOBS, { threads: 1000 }],
      `[trainInWorker] threads: expected at most ${getNumThreads()}, those of the process, got 1000`,
    ] as [unknown, unknown, string],
    [JOBS, { signal: 1 }, '[trainInWorker] signal: expected an AbortSignal, got 1'],
    [JOBS, { allSteps: 1 }, '[trainInWorker] allSteps: expected true or false, got 1'],
    [
      JOBS,
      { thread: 1 },
      "[trainInWorker] options: unknown option 'thread'; there is data, threads, signal, allSteps",
    ],
  ];
  for (const [url, options, message] of wrong)
    t.throws(() => train.trainInWorker(url as string, options as never), { message });
  t.throws(() => train.trainInWorker(JOBS, { data: { model: new nn.Linear(1, 1) } }), {
    instanceOf: TypeError,
    message: '[trainInWorker] data: a Linear cannot go to another thread: send its stateDict()',
  });
  t.throws(() => train.trainInWorker(JOBS, { data: { f: () => 1 } }), {
    instanceOf: TypeError,
    message: /^\[trainInWorker\] data: .*could not be cloned/,
  });
});
