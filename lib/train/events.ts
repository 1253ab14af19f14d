/** What `fit` tells after each step. */
export interface StepEvent {
  readonly type: 'step';
  /** Counts from 1, as do the others. */
  readonly epoch: number;
  /** In this epoch. */
  readonly step: number;
  /** In all epochs. */
  readonly steps: number;
  /** Of the step's batch, before the step. */
  readonly loss: number;
  /** The learning rate (of the first group) that the step was made with. */
  readonly lr: number;
  /** Samples trained on in this epoch so far. */
  readonly samples: number;
  /** Seconds of training in this epoch. */
  readonly seconds: number;
}

/** What `fit` tells after each epoch. */
export interface EpochEvent {
  readonly type: 'epoch';
  /** Counts from 1. */
  readonly epoch: number;
  /** Steps in all epochs. */
  readonly steps: number;
  /** The mean over the samples, each as it was trained on. */
  readonly loss: number;
  /** The mean over the validation's samples after the epoch; null without validation. */
  readonly valLoss: number | null;
  /** By name: of the validation, or, where there is none, of the batches as they were trained on. */
  readonly metrics: Readonly<Record<string, number>>;
  /** The learning rate (of the first group) at the end of the epoch, before the schedule's step. */
  readonly lr: number;
  /** Samples trained on. */
  readonly samples: number;
  /** Seconds of training, without the validation. */
  readonly seconds: number;
}

/** What `fit` tells when a checkpoint is on the disk. */
export interface CheckpointEvent {
  readonly type: 'checkpoint';
  readonly path: string;
  /** The epoch that a training goes on in from there, and how many of its steps are done. */
  readonly epoch: number;
  readonly step: number;
  /** Steps in all epochs. */
  readonly steps: number;
  /** Whether it is `best.safetensors` now, too. */
  readonly best: boolean;
}

/** What `fit` tells first when it goes on from a checkpoint. */
export interface ResumeEvent {
  readonly type: 'resume';
  readonly path: string;
  /** The epoch that it goes on in, and how many of its steps are done. */
  readonly epoch: number;
  readonly step: number;
  /** Steps in all epochs. */
  readonly steps: number;
  /** Newer checkpoints that could not be read, and why. They were put aside, under their name and `.damaged`. */
  readonly damaged: readonly { readonly path: string; readonly error: Error }[];
}

/** Why a training ended: all epochs are done, no progress, or somebody stopped it. */
export type Reason = 'finished' | 'earlyStopping' | 'aborted';

/** What a training came to. */
export interface FitResult {
  /** The epochs that were finished. */
  readonly history: readonly EpochEvent[];
  /** Steps in all epochs. */
  readonly steps: number;
  readonly reason: Reason;
  /** Seconds from the first step to the end, validation included, of this run. */
  readonly seconds: number;
}

/** The last thing `fit` tells. */
export interface DoneEvent extends FitResult {
  readonly type: 'done';
}

/** What `fit` tells. */
export type FitEvent = ResumeEvent | StepEvent | EpochEvent | CheckpointEvent | DoneEvent;
