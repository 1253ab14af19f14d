// The thread of a training: see worker.ts.

import { parentPort, workerData } from 'node:worker_threads';
import { limitThreads, setBackend } from '../../backend/select.js';
import { pack, unpack } from '../../data/transfer.js';
import { describe } from '../../errors.js';
import { subscribeToAll } from '../channels.js';
import type { FitEvent, FitResult } from '../events.js';
import type { Training } from '../fit.js';
import { addEvent } from './event-queue.js';
import { layOut, SharedWeights } from './shared-weights.js';
import { packError, type JobData, type JobMessage, type JobRequest } from './messages.js';
import type { WorkerContext } from './worker.js';

/** Milliseconds between two messages with events. */
const TELL = 50;
/** Milliseconds between two copies of the weights, and how many times longer than a copy that is at least. */
const SHARE = 200;
const RARELY = 50;

const { url, data, threads, backend, allSteps } = workerData as JobData;
const port = parentPort;
if (port === null) throw new Error('[trainInWorker] thread.js is for worker threads');
const tell = (message: JobMessage, transfer: ArrayBuffer[] = []): void => {
  port.postMessage(message, transfer);
};

setBackend(backend);
limitThreads(threads);

/** Tells of a training: steps now and then, everything else at once; and where its weights are. */
class Reporter {
  #weights: SharedWeights | null = null;
  #model: Training['model'] | null = null;
  #events: FitEvent[] = [];
  #told = performance.now();
  #shared = 0;
  #pause = SHARE;
  /** Of the training that ended last. */
  result: FitResult | null = null;

  begin({ model }: Training): void {
    this.#model = model;
    const layout = layOut(model.stateDict());
    this.#weights = new SharedWeights(layout);
    this.share();
    tell({ type: 'weights', layout });
  }

  event(event: FitEvent): void {
    addEvent(this.#events, event, allSteps);
    const now = performance.now();
    if (event.type !== 'step' || now - this.#shared > this.#pause) this.share();
    if (event.type !== 'step' || now - this.#told > TELL) this.flush();
    if (event.type !== 'done') return;
    const { type: _, ...result } = event;
    this.result = result;
  }

  /** Writes the weights to where the other thread reads them. */
  share(): void {
    const began = performance.now();
    this.#weights?.write(this.#model?.stateDict() ?? {});
    this.#shared = performance.now();
    this.#pause = Math.max(SHARE, RARELY * (this.#shared - began));
  }

  flush(): void {
    if (this.#events.length > 0) tell({ type: 'events', events: this.#events });
    this.#events = [];
    this.#told = performance.now();
  }
}

const controller = new AbortController();
const reporter = new Reporter();
/** Those under way: a module may make several at once. */
const trainings = new Set<Training>();

port.on('message', (request: JobRequest) => {
  if (request !== 'abort') return;
  controller.abort();
  for (const training of trainings) training.abort();
});

subscribeToAll(({ training, event }, kind) => {
  if (kind === 'start') {
    trainings.add(training);
    reporter.begin(training);
    if (controller.signal.aborted) training.abort();
    return;
  }
  if (kind === 'done' || kind === 'error') trainings.delete(training);
  if (event !== undefined) reporter.event(event);
});

try {
  const { default: start } = (await import(url)) as { readonly default?: unknown };
  if (typeof start !== 'function')
    throw new TypeError(
      `[trainInWorker] ${url}: expected a function as its default export, got ${describe(start)}`,
    );
  const context: WorkerContext = { data: unpack(data), signal: controller.signal, threads };
  const given: unknown = await (start as (context: WorkerContext) => unknown)(context);
  const transfer: ArrayBuffer[] = [];
  const result = pack(given ?? reporter.result, transfer);
  reporter.flush();
  tell({ type: 'result', result }, transfer);
} catch (error) {
  reporter.flush();
  tell({ type: 'error', error: packError(error) });
} finally {
  port.close();
}
