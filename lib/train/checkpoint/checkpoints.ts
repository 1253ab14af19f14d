import { CheckpointFolder } from './folder.js';
import type { CheckpointPlan } from './options.js';
import type { CheckpointEvent, ResumeEvent } from '../events.js';
import { capture, restore, type Parts } from './state.js';

/** When a training writes checkpoints, and what it goes on from. */
export class Checkpoints {
  readonly #parts: Parts;
  readonly #plan: CheckpointPlan;
  readonly #folder: CheckpointFolder;
  /** The steps and whole epochs of the last checkpoint, and when that was. */
  #last = { steps: -1, epochs: 0, time: performance.now() };

  constructor(parts: Parts, plan: CheckpointPlan) {
    this.#parts = parts;
    this.#plan = plan;
    this.#folder = new CheckpointFolder(plan.dir, plan.keep);
  }

  /**
   * Goes on from the newest checkpoint, if there is one.
   * @throws Error where there are some that cannot be gone on from, or must not; nothing is changed then
   */
  async resume(): Promise<ResumeEvent | null> {
    try {
      await this.#folder.open();
    } catch (cause) {
      const { message } = cause as Error;
      throw new Error(`[fit] checkpoint: ${this.#plan.dir} cannot be used: ${message}`, { cause });
    }
    this.#last.time = performance.now();
    if (!this.#plan.resume) {
      const [path] = await this.#folder.list();
      if (path === undefined) return null;
      throw new Error(`[fit] checkpoint: resume is false, and there are checkpoints already: ${path}`);
    }
    const found = await this.#folder.find();
    if (found === null) return null;
    const { path, state, damaged } = found;
    try {
      restore(this.#parts, state);
    } catch (cause) {
      const { message } = cause as Error;
      throw new Error(`[fit] checkpoint: ${path} is not of this training: ${message}`, { cause });
    }
    await this.#folder.putAside(damaged);
    for (const { error } of damaged)
      process.emitWarning(`${error.message}\nGoing on from ${path}.`, { type: 'MgpCheckpointWarning' });
    const { run } = this.#parts;
    // The training may have ended before the file got its second name.
    if (run.isBest) await this.#folder.markBest(path);
    run.isBest = false;
    Object.assign(this.#last, { steps: run.steps, epochs: run.history.length });
    return { type: 'resume', path, epoch: run.epoch, step: run.step, steps: run.steps, damaged };
  }

  /**
   * Writes one.
   * @throws Error when it cannot be written; those that are there stay as they are
   */
  async save(): Promise<CheckpointEvent> {
    const { run } = this.#parts;
    const { epoch, step, steps, isBest: best } = run;
    let path: string;
    try {
      path = await this.#folder.save(steps, capture(this.#parts), best);
    } catch (cause) {
      const { message } = cause as Error;
      throw new Error(`[fit] checkpoint: after ${steps} steps none could be written: ${message}`, { cause });
    }
    run.isBest = false;
    this.#last = { steps, epochs: run.history.length, time: performance.now() };
    return { type: 'checkpoint', path, epoch, step, steps, best };
  }

  /** Whether the last one holds all steps and epochs. */
  get isComplete(): boolean {
    const { steps, history } = this.#parts.run;
    return this.#last.steps === steps && this.#last.epochs === history.length;
  }

  /** Leaves the folder to other trainings. */
  close(): void {
    this.#folder.close();
  }

  /** Whether one is to be written after a step. */
  isDueAfterStep(): boolean {
    const { everySteps, everySeconds } = this.#plan;
    const seconds = (performance.now() - this.#last.time) / 1000;
    return (
      (everySteps !== null && this.#parts.run.steps % everySteps === 0) ||
      (everySeconds !== null && seconds >= everySeconds)
    );
  }

  /** Whether one is to be written after an epoch. */
  isDueAfterEpoch(epoch: number): boolean {
    return this.#parts.run.isBest || epoch % this.#plan.everyEpochs === 0;
  }
}
