import type { Module } from '../nn/module.js';
import type { Tensor } from '../tensor.js';
import { publish } from './channels.js';
import type { FitEvent, FitResult } from './events.js';
import { Loop } from './loop.js';
import { readFitOptions, type FitOptions } from './options.js';

/**
 * Trains a model. The result can be awaited, or iterated over for events as the training goes on; it begins with either.
 * Between steps, every 50 ms or so, the event loop gets a turn.
 *
 * ```ts
 * const { history } = await fit(model, { data, loss: new nn.CrossEntropyLoss(), optimizer, epochs: 10 });
 *
 * for await (const event of fit(model, { …, validation, metrics: [train.accuracy()], earlyStopping: 3 }))
 *   if (event.type === 'epoch') console.log(event.epoch, event.valLoss, event.metrics.accuracy);
 * ```
 *
 * Leaving the loop (`break`, an error) ends the training at that step. Unless `progress` says otherwise, standard error shows
 * a progress bar, or an occasional line if it is not a terminal.
 * @param options see {@link FitOptions}
 * @throws TypeError, RangeError for wrong options at once, before anything is changed. Later: Error if the loss is no longer
 *   finite or a checkpoint cannot be read or written, RangeError for an epoch without batches, and whatever model, data and
 *   loss throw.
 */
export function fit<In extends unknown[], Out, Batch = readonly Tensor[]>(
  model: Module<In, Out>,
  options: FitOptions<Batch, Out>,
): Training {
  const plan = readFitOptions(model, options);
  return new Training(plan.model, new Loop(plan));
}

/** A training: what {@link fit} returns. */
export class Training implements AsyncIterable<FitEvent>, PromiseLike<FitResult> {
  readonly #loop: Loop;
  readonly #result: Promise<FitResult>;
  #settle!: { resolve: (result: FitResult) => void; reject: (error: unknown) => void };
  #begun = false;

  /** @internal */
  constructor(
    /** What is trained. */
    readonly model: Module<never[], unknown>,
    loop: Loop,
  ) {
    this.#loop = loop;
    this.#result = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Whoever listens to the events gets the error there.
    this.#result.catch(() => undefined);
  }

  /**
   * The events, for one listener. The training begins when the first is asked for.
   * @throws Error if the training has begun already
   */
  [Symbol.asyncIterator](): AsyncGenerator<FitEvent, void> {
    if (this.#begun)
      throw new Error('[fit] the training has begun: its events go to one listener, from the start');
    this.#begun = true;
    const events = this.#run();
    const leave = events.return.bind(events);
    // Who leaves before the first event leaves a generator that has not begun.
    events.return = async (value) => {
      const left = await leave(value);
      this.#settle.resolve(this.#loop.result('aborted'));
      return left;
    };
    return events;
  }

  /** The result, as of a promise. The training begins if it has not. */
  then<A = FitResult, B = never>(
    onFulfilled?: ((result: FitResult) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    if (!this.#begun) {
      this.#begun = true;
      void this.#drain();
    }
    return this.#result.then(onFulfilled, onRejected);
  }

  /** As of a promise: see {@link Training.then}. */
  catch<B = never>(onRejected?: ((error: unknown) => B | PromiseLike<B>) | null): Promise<FitResult | B> {
    return this.then(undefined, onRejected);
  }

  /** As of a promise: see {@link Training.then}. */
  finally(onFinally?: (() => void) | null): Promise<FitResult> {
    return this.then().finally(onFinally);
  }

  /** Stops the training at the end of the step, as `signal` does: with a checkpoint if these are written. */
  abort(): void {
    this.#loop.abort();
  }

  async #drain(): Promise<void> {
    const events = this.#run();
    try {
      while ((await events.next()).done !== true);
    } catch {
      // The result has it.
    }
  }

  async *#run(): AsyncGenerator<FitEvent, void> {
    const { resolve, reject } = this.#settle;
    try {
      publish('start', { training: this });
      for await (const event of this.#loop.run()) {
        publish(event.type, { training: this, event });
        if (event.type === 'done') {
          const { type: _, ...result } = event;
          resolve(result);
        }
        yield event;
      }
    } catch (error) {
      publish('error', { training: this, error });
      reject(error);
      throw error;
    } finally {
      // Where the listener has left; otherwise it is settled.
      resolve(this.#loop.result('aborted'));
    }
  }
}
