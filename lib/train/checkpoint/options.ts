import { checkBoolean, describe, rangeError, typeError } from '../../errors.js';
import { checkInteger, checkNumber, isOptions } from '../../ops/arguments.js';
import { checkOptions } from '../../ops/primitive.js';
import { checkPlain, type CheckpointState } from './file.js';
import type { Mode } from '../metrics/metric.js';
import type { Monitor, ReadMonitor } from '../options.js';

/** When and where {@link fit} writes checkpoints, and whether it resumes from them. */
export interface CheckpointOptions {
  /**
   * The folder, which is created if need be. Each training needs one of its own: one that another training of the thread is
   * using is an error.
   */
  readonly dir: string;
  /** Write one after this many epochs, and at the end. Default 1. */
  readonly everyEpochs?: number;
  /** Also write one after this many steps. Default: never. */
  readonly everySteps?: number;
  /** Also write one after the first step that ends this many seconds after the last checkpoint. Default: never. */
  readonly everySeconds?: number;
  /** How many of the newest are kept, besides the best. Default 3. */
  readonly keep?: number;
  /**
   * What makes an epoch the best, whose checkpoint is kept as `best.safetensors`: `loss`, `valLoss`, or the name of a metric.
   * Default `valLoss`, or `loss` without validation.
   */
  readonly monitor?: string;
  /** Whether smaller or larger is better. Default: the metric's own `mode`; `min` for losses. */
  readonly mode?: Mode;
  /** Whether to resume from the newest checkpoint in the folder; `false` refuses a folder that has any. Default true. */
  readonly resume?: boolean;
  /** Plain values and tensors of your own, to keep in the checkpoints. Default: none. */
  readonly config?: CheckpointState;
}

/** {@link CheckpointOptions}, checked and complete. */
export interface CheckpointPlan {
  readonly dir: string;
  readonly everyEpochs: number;
  readonly everySteps: number | null;
  readonly everySeconds: number | null;
  readonly keep: number;
  readonly monitor: Monitor;
  readonly resume: boolean;
  readonly config: CheckpointState;
}

const OP = 'fit';
const NAMES: readonly (keyof CheckpointOptions)[] = [
  ...(['dir', 'everyEpochs', 'everySteps', 'everySeconds', 'keep'] as const),
  ...(['monitor', 'mode', 'resume', 'config'] as const),
];

/** @throws TypeError, RangeError for what is wrong */
export function readCheckpoint(given: unknown, readMonitor: ReadMonitor): CheckpointPlan | null {
  if (given === undefined) return null;
  const options = typeof given === 'string' ? { dir: given } : given;
  if (!isOptions(options))
    typeError(OP, `checkpoint: expected the path of a folder, or options, got ${describe(given)}`);
  checkOptions(OP, options, NAMES);
  const { dir, everyEpochs = 1, everySteps, everySeconds, keep = 3 } = options as Partial<CheckpointOptions>;
  const { monitor, mode, resume = true, config = {} } = options as Partial<CheckpointOptions>;
  if (typeof dir !== 'string' || dir === '')
    typeError(OP, `checkpoint: dir: expected the path of a folder, got ${describe(dir)}`);
  checkInteger(OP, 'checkpoint: everyEpochs', everyEpochs, 1);
  if (everySteps !== undefined) checkInteger(OP, 'checkpoint: everySteps', everySteps, 1);
  if (everySeconds !== undefined) {
    checkNumber(OP, 'checkpoint: everySeconds', everySeconds);
    if (!(everySeconds >= 0))
      rangeError(OP, `checkpoint: everySeconds: expected a number from 0, got ${everySeconds}`);
  }
  checkInteger(OP, 'checkpoint: keep', keep, 1);
  checkBoolean(OP, 'checkpoint: resume', resume);
  checkPlain(OP, 'checkpoint: config', config);
  return {
    dir,
    everyEpochs,
    everySteps: everySteps ?? null,
    everySeconds: everySeconds ?? null,
    keep,
    monitor: readMonitor(monitor, mode),
    resume,
    config,
  };
}
