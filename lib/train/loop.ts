import { keepModes } from '../nn/mode.js';
import { getRngState, setRngState } from '../random.js';
import { Breath } from './breathe.js';
import { Checkpoints } from './checkpoint/checkpoints.js';
import type { DoneEvent, EpochEvent, FitEvent, FitResult, Reason, StepEvent } from './events.js';
import type { Metric } from './metrics/metric.js';
import type { Monitor, Plan } from './options.js';
import { iterate, iterateFrom, lengthOf } from './positions.js';
import { Progress } from './progress.js';
import { freshState, positionedOf } from './checkpoint/state.js';
import { makeStep, test } from './step.js';

/** The training itself. */
export class Loop {
  readonly #plan: Plan;
  readonly #state = freshState();
  readonly #learn: ReturnType<typeof makeStep>;
  /** Those that are measured while the model is trained. */
  readonly #trained: ReadonlyMap<string, Metric>;
  readonly #breath = new Breath();
  readonly #checkpoints: Checkpoints | null;
  #progress: Progress | null = null;
  #began = performance.now();
  #aborted = false;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#trained = plan.validation === null ? plan.metrics : new Map();
    this.#learn = makeStep(plan, this.#trained);
    const parts = { plan, run: this.#state, trained: this.#trained };
    this.#checkpoints = plan.checkpoint === null ? null : new Checkpoints(parts, plan.checkpoint);
  }

  /** What the training has come to. */
  result(reason: Reason): FitResult {
    const { history, steps } = this.#state;
    return { history: [...history], steps, reason, seconds: (performance.now() - this.#began) / 1000 };
  }

  async *run(): AsyncGenerator<FitEvent, void> {
    const { model, data, epochs, progress } = this.#plan;
    const state = this.#state;
    const giveModesBack = keepModes(model);
    state.random = getRngState();
    this.#began = performance.now();
    if (progress !== null) this.#progress = new Progress(progress, epochs, lengthOf(data));
    try {
      const resumed = await this.#checkpoints?.resume();
      if (resumed) {
        this.#progress?.resume(resumed);
        yield resumed;
      }
      while (state.epoch <= epochs && !this.#isStale() && !this.#isAborted()) yield* this.#runEpoch();
      const { earlyStopping } = this.#plan;
      const reason = this.#isStale() ? 'earlyStopping' : state.epoch > epochs ? 'finished' : 'aborted';
      if (reason === 'earlyStopping' && earlyStopping !== null) this.#progress?.stale(earlyStopping);
      // What stopped in the middle, and what its last epochs wrote none for.
      if (this.#checkpoints?.isComplete === false) yield await this.#checkpoints.save();
      this.#checkpoints?.close();
      yield { type: 'done', ...this.result(reason) } satisfies DoneEvent;
    } finally {
      this.#checkpoints?.close();
      this.#progress?.stop();
      giveModesBack();
    }
  }

  /** The rest of an epoch, as far as it gets. */
  async *#runEpoch(): AsyncGenerator<FitEvent, void> {
    const { model, validation } = this.#plan;
    const state = this.#state;
    model.train();
    if (state.step === 0) {
      for (const metric of this.#trained.values()) metric.reset();
      state.random = getRngState();
    }
    if (!state.trained) yield* this.#trainOn();
    if (this.#isAborted()) return;
    if (state.step === 0)
      throw new RangeError(`[fit] data: expected batches, got none in epoch ${state.epoch}`);
    const valLoss = validation === null ? null : await this.#validate(validation);
    // Stopped in the middle: it is made again.
    if (valLoss === undefined) return;
    const event = this.#epochEvent(valLoss);
    this.#stepSchedule('epoch', event);
    this.#watch(event);
    state.history.push(event);
    const fresh = { step: 0, samples: 0, losses: 0, seconds: 0, trained: false };
    Object.assign(state, { epoch: state.epoch + 1, ...fresh });
    this.#progress?.epoch(event);
    yield event;
    if (this.#checkpoints?.isDueAfterEpoch(event.epoch)) yield await this.#checkpoints.save();
  }

  /** The steps of an epoch. */
  async *#trainOn(): AsyncGenerator<FitEvent, void> {
    const state = this.#state;
    const batches = await iterateFrom(this.#plan.data, state);
    try {
      while (!this.#isAborted()) {
        const since = performance.now();
        const next = batches.next();
        const result = next instanceof Promise ? await next : next;
        if (result.done === true) {
          state.trained = true;
          return;
        }
        const event = this.#step(result.value, since);
        this.#progress?.step(event);
        yield event;
        if (this.#checkpoints?.isDueAfterStep()) yield await this.#checkpoints.save();
        if (this.#breath.due()) await this.#breath.take();
      }
    } finally {
      // Also where the listener left at a `yield`: files and threads of the data are to be closed.
      if (!state.trained) await batches.return?.();
    }
  }

  #step(batch: unknown, since: number): StepEvent {
    const state = this.#state;
    const { epoch } = state;
    const { lr } = this.#plan.optimizer.paramGroups[0];
    const { loss, samples } = this.#learn(batch);
    if (!Number.isFinite(loss))
      throw new Error(
        `[fit] the loss became ${loss} in epoch ${epoch}, step ${state.step + 1}: try a smaller lr`,
      );
    this.#stepSchedule('step');
    state.step++;
    state.steps++;
    state.samples += samples;
    state.losses += loss * samples;
    state.seconds += (performance.now() - since) / 1000;
    const { step, steps, seconds } = state;
    return { type: 'step', epoch, step, steps, loss, lr, samples: state.samples, seconds };
  }

  /** The mean loss; undefined where it was stopped. */
  async #validate(validation: Plan['data']): Promise<number | undefined> {
    const { model, metrics } = this.#plan;
    const random = getRngState();
    const position = positionedOf(validation);
    const begin = position?.stateDict();
    for (const metric of metrics.values()) metric.reset();
    model.eval();
    let losses = 0;
    let count = 0;
    try {
      for await (const batch of { [Symbol.asyncIterator]: () => asyncOf(iterate(validation)) }) {
        if (this.#isAborted()) {
          // As if it had not begun.
          setRngState(random);
          position?.loadStateDict(begin);
          return undefined;
        }
        const { loss, samples } = test(this.#plan, batch);
        losses += loss * samples;
        count += samples;
        if (this.#breath.due()) await this.#breath.take();
      }
    } finally {
      model.train();
    }
    if (count === 0) throw new RangeError('[fit] validation: expected batches, got none');
    return losses / count;
  }

  #epochEvent(valLoss: number | null): EpochEvent {
    const { epoch, steps, losses, samples, seconds } = this.#state;
    const { metrics, optimizer } = this.#plan;
    const values = [...metrics].map(([name, metric]): [string, number] => [name, metric.compute()]);
    return {
      ...{
        type: 'epoch',
        epoch,
        steps,
        loss: losses / samples,
        valLoss,
        metrics: Object.fromEntries(values),
      },
      ...{ lr: optimizer.paramGroups[0].lr, samples, seconds },
    };
  }

  #stepSchedule(every: 'step' | 'epoch', event?: EpochEvent): void {
    const { schedule } = this.#plan;
    if (schedule?.every !== every) return;
    const { scheduler, monitor } = schedule;
    if (monitor === null || event === undefined) scheduler.step();
    else scheduler.step(valueOf(event, monitor));
  }

  /** Counts epochs without progress, and sees which is the best. */
  #watch(event: EpochEvent): void {
    const { earlyStopping, checkpoint } = this.#plan;
    const state = this.#state;
    if (checkpoint !== null) {
      const { monitor } = checkpoint;
      const value = valueOf(event, monitor);
      state.isBest = isBetter(value, state.bestSaved, monitor.mode);
      if (state.isBest) state.bestSaved = value;
    }
    if (earlyStopping === null) return;
    const value = valueOf(event, earlyStopping);
    const { mode, minDelta } = earlyStopping;
    if (isBetter(value, state.best, mode, minDelta)) {
      state.best = value;
      state.stale = 0;
    } else state.stale++;
  }

  #isStale(): boolean {
    const { earlyStopping } = this.#plan;
    return earlyStopping !== null && this.#state.stale >= earlyStopping.patience;
  }

  /** Ends the training at the end of the step. */
  abort(): void {
    this.#aborted = true;
  }

  #isAborted(): boolean {
    return this.#aborted || this.#plan.signal?.aborted === true;
  }
}

/** A value of an epoch. */
export function valueOf({ loss, valLoss, metrics }: EpochEvent, { name }: Monitor): number {
  if (name === 'loss') return loss;
  return name === 'valLoss' ? (valLoss as number) : metrics[name];
}

/** Whether a value is better than the best so far. */
export function isBetter(value: number, best: number | null, mode: 'min' | 'max', minDelta = 0): boolean {
  if (Number.isNaN(value)) return false;
  return best === null || (mode === 'min' ? value < best - minDelta : value > best + minDelta);
}

const asyncOf = (batches: Iterator<unknown> | AsyncIterator<unknown>): AsyncIterator<unknown> => ({
  next: async () => batches.next(),
  return: async () => (await batches.return?.()) ?? { done: true, value: undefined },
});
