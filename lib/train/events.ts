/** What `fit` yields after each step. */
export interface StepEvent {
  readonly type: 'step';
  /** Counts from 1, as do `step` and `steps`. */
  readonly epoch: number;
  /** The number of the step in this epoch. */
  readonly step: number;
  /** The number of the step in all epochs. */
  readonly steps: number;
  /** The loss of the step's batch, before the step. */
  readonly loss: number;
  /** The learning rate of the step (of the first parameter group). */
  readonly lr: number;
  /** Samples trained on in this epoch so far. */
  readonly samples: number;
  /** Seconds of training in this epoch. */
  readonly seconds: number;
}

/** What `fit` yields after each epoch. */
export interface EpochEvent {
  readonly type: 'epoch';
  /** Counts from 1. */
  readonly epoch: number;
  /** Steps in all epochs. */
  readonly steps: number;
  /** The mean loss of the samples at the time they were trained on. */
  readonly loss: number;
  /** The mean loss of the validation samples after the epoch; null without validation. */
  readonly valLoss: number | null;
  /** By name: on the validation data or, without any, on the batches as they were trained on. */
  readonly metrics: Readonly<Record<string, number>>;
  /** The learning rate at the end of the epoch (of the first parameter group), before the scheduler's step. */
  readonly lr: number;
  /** Samples trained on. */
  readonly samples: number;
  /** Seconds of training, without validation. */
  readonly seconds: number;
}

/** What `fit` yields when a checkpoint is on the disk. */
export interface CheckpointEvent {
  readonly type: 'checkpoint';
  readonly path: string;
  /** The epoch in which training resumes from it, and how many steps of that are done. */
  readonly epoch: number;
  readonly step: number;
  /** Steps in all epochs. */
  readonly steps: number;
  /** Whether it is `best.safetensors` now, too. */
  readonly best: boolean;
}

/** What `fit` yields first when it resumes from a checkpoint. */
export interface ResumeEvent {
  readonly type: 'resume';
  readonly path: string;
  /** The epoch in which it resumes, and how many steps of that are done. */
  readonly epoch: number;
  readonly step: number;
  /** Steps in all epochs. */
  readonly steps: number;
  /** Newer checkpoints that could not be read, and why. They were set aside: `.damaged` was appended to their names. */
  readonly damaged: readonly { readonly path: string; readonly error: Error }[];
}

/** Why training ended: all epochs were done, there was no more progress, or it was stopped. */
export type Reason = 'finished' | 'earlyStopping' | 'aborted';

/** The result of `fit`. */
export interface FitResult {
  /** The epochs that were completed, also before a resumed checkpoint. */
  readonly history: readonly EpochEvent[];
  /** Steps in all epochs. */
  readonly steps: number;
  readonly reason: Reason;
  /** Seconds that this run took, with validation. */
  readonly seconds: number;
}

/** The last event of `fit`. */
export interface DoneEvent extends FitResult {
  readonly type: 'done';
}

/** The events of `fit`. */
export type FitEvent = ResumeEvent | StepEvent | EpochEvent | CheckpointEvent | DoneEvent;
