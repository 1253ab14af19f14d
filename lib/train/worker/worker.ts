import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { getBackend, getNumThreads } from '../../backend/select.js';
import { pack, unpack } from '../../data/transfer.js';
import { checkBoolean, describe, rangeError, typeError } from '../../errors.js';
import { checkInteger } from '../../ops/arguments.js';
import { checkOptions } from '../../ops/primitive.js';
import type { Tensor } from '../../tensor.js';
import { startThread } from '../../thread.js';
import { takeThreads } from './budget.js';
import { EventQueue } from './event-queue.js';
import type { FitEvent, FitResult } from '../events.js';
import { SharedWeights } from './shared-weights.js';
import { packError, unpackError, type JobData, type JobMessage, type JobRequest } from './messages.js';

/** The argument of the function that a training's module exports. */
export interface WorkerContext<Data = unknown> {
  /** What `trainInWorker` was given. */
  readonly data: Data;
  /** Aborted when the training is. Every `fit` in the thread stops then, whether or not it was given this signal. */
  readonly signal: AbortSignal;
  /** How many threads the kernels of this training use. */
  readonly threads: number;
}

/** Options of {@link trainInWorker}. */
export interface WorkerOptions {
  /** What the module's function gets, copied into its thread: plain values, typed arrays, tensors. Default: undefined. */
  readonly data?: unknown;
  /**
   * How many threads its kernels use, of those that all trainings of the process share (`setNumThreads`); it waits in line
   * while fewer are free. Default: all but one, and at least one.
   */
  readonly threads?: number;
  /** Stops the training at the end of the step, with a checkpoint if `fit` writes these. */
  readonly signal?: AbortSignal;
  /**
   * Whether to deliver every step event. Default false: one every 50 ms or so. While nobody listens, at most 10,000 are kept for
   * whoever begins to.
   */
  readonly allSteps?: boolean;
}

const OP = 'trainInWorker';

/** Milliseconds that a thread has to end by itself once the result is there. */
const LINGER = 1000;

/**
 * Trains in a worker thread, while the event loop of this one stays free. The thread calls the default export of a module,
 * which trains with `fit`:
 *
 * ```js
 * // train.js
 * export default async function ({ data }) {
 *   const model = …;
 *   await fit(model, { …, checkpoint: data.dir });
 * }
 *
 * // server.js
 * const job = train.trainInWorker(new URL('./train.js', import.meta.url), { data: { dir: 'runs/1' } });
 * for await (const event of job) …        // the events of fit
 * const { history } = await job;          // or what the function returns
 * model.loadStateDict(job.stateDict());   // weights for predictions, at any time
 * ```
 *
 * It begins at once, or as soon as enough threads are free.
 * @param url the URL of the module, or its path: absolute, or beginning with `./` or `../` and relative to the process's folder,
 *   as for Node's `Worker`
 * @param options see {@link WorkerOptions}
 * @throws TypeError, RangeError for wrong options at once. What the thread throws rejects the result, with its stack.
 */
export function trainInWorker<Result = FitResult>(
  url: URL | string,
  options: WorkerOptions = {},
): WorkerTraining<Result> {
  if (!(url instanceof URL) && typeof url !== 'string')
    typeError(OP, `url: expected the address of a module, got ${describe(url)}`);
  checkOptions(OP, options, ['data', 'threads', 'signal', 'allSteps']);
  const budget = getNumThreads();
  const { data, threads = Math.max(1, budget - 1), signal, allSteps = false } = options;
  checkInteger(OP, 'threads', threads, 1);
  if (threads > budget)
    rangeError(OP, `threads: expected at most ${budget}, those of the process, got ${threads}`);
  if (signal !== undefined && !(signal instanceof AbortSignal))
    typeError(OP, `signal: expected an AbortSignal, got ${describe(signal)}`);
  checkBoolean(OP, 'allSteps', allSteps);
  const job = { url: addressOf(url), data: copyOf(data), threads, allSteps, backend: getBackend() };
  return new WorkerTraining<Result>(job, signal);
}

/** Paths as addresses: in the thread they would be relative to a file of this package. */
function addressOf(url: URL | string): string {
  if (typeof url !== 'string') return url.href;
  if (isAbsolute(url) || /^\.\.?[/\\]/.test(url)) return pathToFileURL(url).href;
  if (!URL.canParse(url))
    typeError(
      OP,
      `url: expected a URL, or a path that is absolute or begins with ./ or ../, got ${describe(url)}`,
    );
  return url;
}

/** The values as they are now: the thread may begin later. */
function copyOf(data: unknown): unknown {
  const transfer: ArrayBuffer[] = [];
  try {
    const packed = pack(data, transfer);
    return structuredClone(packed, { transfer });
  } catch (cause) {
    throw new TypeError(`[${OP}] data: ${(cause as Error).message}`, { cause });
  }
}

/** A training in a worker thread: {@link trainInWorker} starts it. */
export class WorkerTraining<Result = FitResult> implements AsyncIterable<FitEvent>, PromiseLike<Result> {
  readonly #result: Promise<Result>;
  readonly #events: EventQueue;
  readonly #controller = new AbortController();
  #worker: Worker | null = null;
  #weights: SharedWeights | null = null;
  #listened = false;
  #terminated = false;

  /** @internal */
  constructor(job: JobData, signal?: AbortSignal) {
    this.#events = new EventQueue(job.allSteps);
    const abort = (): void => this.abort();
    if (signal?.aborted) this.abort();
    else signal?.addEventListener('abort', abort);
    this.#result = this.#run(job).finally(() => {
      signal?.removeEventListener('abort', abort);
      this.#events.end();
    });
    // Whoever listens to the events gets the error there.
    this.#result.catch(() => undefined);
  }

  /**
   * The events of its `fit`. A slow listener misses step events, unless `allSteps`.
   * @throws Error for a second listener
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<FitEvent, void> {
    if (this.#listened) throw new Error(`[${OP}] the events of a training go to one listener`);
    this.#listened = true;
    yield* this.#events;
    await this.#result;
  }

  /** What the module's function returned or, if that is nothing, the result of its last `fit`. */
  then<A = Result, B = never>(
    onFulfilled?: ((result: Result) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#result.then(onFulfilled, onRejected);
  }

  /** As of a promise: see {@link WorkerTraining.then}. */
  catch<B = never>(onRejected?: ((error: unknown) => B | PromiseLike<B>) | null): Promise<Result | B> {
    return this.#result.catch(onRejected);
  }

  /** As of a promise: see {@link WorkerTraining.then}. */
  finally(onFinally?: (() => void) | null): Promise<Result> {
    return this.#result.finally(onFinally);
  }

  /**
   * The weights and buffers of the model as they were at the end of some step, a fraction of a second ago: copies out of
   * memory that both threads share.
   * @returns null before the training has begun
   */
  stateDict(): Record<string, Tensor> | null {
    return this.#weights?.read() ?? null;
  }

  /** Stops the training at the end of the step, as `signal` does. */
  abort(): void {
    this.#controller.abort();
  }

  /** Ends the thread at once, wherever it is, without a checkpoint. The result is an error, unless it has arrived. */
  async terminate(): Promise<void> {
    this.#terminated = true;
    this.#controller.abort();
    await this.#worker?.terminate();
    await this.#result.catch(() => undefined);
  }

  async #run(job: JobData): Promise<Result> {
    const { signal } = this.#controller;
    const giveBack = await takeThreads(job.threads, signal);
    // Also where it was ended at once: no thread begins then.
    if (giveBack === null || signal.aborted) {
      giveBack?.();
      if (this.#terminated) throw new Error(`[${OP}] the training was terminated`);
      const nothing: FitResult = { history: [], steps: 0, reason: 'aborted', seconds: 0 };
      this.#events.push({ type: 'done', ...nothing });
      return nothing as Result;
    }
    try {
      return await this.#follow(startThread('train/worker/thread', job), signal);
    } finally {
      giveBack();
    }
  }

  async #follow(worker: Worker, signal: AbortSignal): Promise<Result> {
    this.#worker = worker;
    const abort = (): void => worker.postMessage('abort' satisfies JobRequest);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort);
    try {
      return await new Promise<Result>((resolve, reject) => {
        worker.on('message', (message: JobMessage) => {
          // What cannot be made of a message is an error of this training, not of the process.
          try {
            if (message.type === 'weights') this.#weights = new SharedWeights(message.layout);
            else if (message.type === 'events') message.events.forEach((event) => this.#events.push(event));
            else if (message.type === 'error') reject(unpackError(message.error));
            else resolve(unpack(message.result) as Result);
          } catch (error) {
            reject(unpackError(packError(error)));
          }
        });
        worker.on('messageerror', reject);
        worker.on('error', (error) => reject(unpackError(packError(error))));
        worker.on('exit', (code) => {
          reject(
            new Error(
              `[${OP}] the ${this.#terminated ? 'training was terminated' : `thread ended with code ${code} before its training did`}`,
            ),
          );
        });
      });
    } finally {
      signal.removeEventListener('abort', abort);
      worker.unref();
      // A timer or a server that the module left open would keep the thread, and its memory, for ever.
      const end = setTimeout(() => void worker.terminate(), LINGER).unref();
      worker.once('exit', () => clearTimeout(end));
    }
  }
}
