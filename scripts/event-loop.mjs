// How free the event loop is while a training goes on in a worker thread: an HTTP server answers predictions 200 times a second,
// with and without a training beside it. Prints the event loop's delay and the times of the answers.
//
//     node scripts/event-loop.mjs [seconds] [requests a second]

import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { clearInterval, setInterval, setTimeout } from 'node:timers';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { nn, noGrad, rand, setNumThreads, tidy, train } from 'mgp-node';

const [seconds = 10, rate = 200] = process.argv.slice(2).map(Number);
const width = 512;
const load = fileURLToPath(new URL('event-loop/load.mjs', import.meta.url));

const model = new nn.Sequential(new nn.Linear(784, width), new nn.ReLU(), new nn.Linear(width, 10));
const x = rand([1, 784]);
const server = createServer((_, response) => {
  const scores = tidy(() => noGrad(() => model.forward(x).tolist()));
  response.setHeader('content-type', 'application/json').end(JSON.stringify(scores));
});
await new Promise((resolve) => server.listen(0, resolve));
const { port } = server.address();

async function measure(name, job) {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  const began = performance.now();
  const refresh = setInterval(() => {
    const state = job?.stateDict() ?? null;
    if (state !== null) model.loadStateDict(state);
  }, 1000);
  histogram.enable();
  const first = job?.steps ?? 0;
  const { stdout } = await promisify(execFile)(process.execPath, [load, port, rate, seconds].map(String));
  histogram.disable();
  clearInterval(refresh);
  const steps = (job?.steps ?? 0) - first;
  const { count, p50, p99, max } = JSON.parse(stdout);
  const ms = (value) => value.toFixed(2).padStart(8);
  console.log(
    `${name.padEnd(28)} delay p50 ${ms(histogram.percentile(50) / 1e6)} p99 ${ms(histogram.percentile(99) / 1e6)} ms` +
      `   ${count} answers p50 ${ms(p50)} p99 ${ms(p99)} max ${ms(max)} ms` +
      (job ? `   ${Math.round(steps / ((performance.now() - began) / 1000))} steps/s` : ''),
  );
}

/** A training, and how many steps it has made. */
async function started(threads) {
  const job = train.trainInWorker(new URL('event-loop/train.mjs', import.meta.url), {
    data: { width },
    threads,
  });
  const counted = { steps: 0, stateDict: () => job.stateDict(), end: () => job.terminate() };
  void (async () => {
    for await (const event of job) counted.steps = event.steps;
  })().catch(() => undefined);
  while (counted.steps === 0) await new Promise((resolve) => setTimeout(resolve, 50));
  return counted;
}

setNumThreads(2);
await measure('nothing beside it (warm-up)');
await measure('nothing beside it');
for (const threads of [1, 2]) {
  const job = await started(threads);
  const before = job.steps;
  await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  console.log(`nobody asks: ${Math.round((job.steps - before) / seconds)} steps/s`);
  await measure(`a training on ${threads} thread${threads > 1 ? 's' : ''}`, job);
  await job.end();
}
server.close();
