export type { FitMessage } from './channels.js';
export { loadCheckpoint, saveCheckpoint, type CheckpointState } from './checkpoint/file.js';
export type { CheckpointOptions } from './checkpoint/options.js';
export type {
  CheckpointEvent,
  DoneEvent,
  EpochEvent,
  FitEvent,
  FitResult,
  Reason,
  ResumeEvent,
  StepEvent,
} from './events.js';
export { fit, Training } from './fit.js';
export { Metric, type Mode } from './metrics/metric.js';
export {
  accuracy,
  f1,
  precision,
  recall,
  topK,
  type Average,
  type AverageOptions,
  type ThresholdOptions,
} from './metrics/classes.js';
export { mae, r2, rocAuc } from './metrics/numbers.js';
export type {
  Batches,
  ClipOptions,
  EarlyStoppingOptions,
  FitOptions,
  Loss,
  ScheduleOptions,
} from './options.js';
export { trainInWorker, WorkerTraining, type WorkerContext, type WorkerOptions } from './worker/worker.js';
export type { ProgressStream } from './progress.js';
export { writeReport, type ReportOptions } from './report/report.js';
export type { BinRule, Bins } from './tensorboard/histogram.js';
export type {
  EventOptions,
  HistogramOptions,
  HparamsOptions,
  ImageOptions,
  ScalarOptions,
  SummaryWriterOptions,
} from './tensorboard/options.js';
export type { HparamDomains, HparamValue } from './tensorboard/summaries.js';
export { SummaryWriter } from './tensorboard/writer.js';
