import { describe, isClass, rangeError, typeError } from '../errors.js';
import { Module } from '../nn/module.js';
import { checkInteger, checkNumber, checkOneOf, isOptions } from '../ops/arguments.js';
import { checkOptions } from '../ops/primitive.js';
import { Optimizer } from '../optim/optimizer.js';
import { ReduceLROnPlateau } from '../optim/schedulers/plateau.js';
import { LRScheduler } from '../optim/schedulers/scheduler.js';
import { Tensor } from '../tensor.js';
import { readCheckpoint, type CheckpointOptions, type CheckpointPlan } from './checkpoint/options.js';
import { Metric, type Mode } from './metrics/metric.js';
import type { ProgressStream } from './progress.js';

/** Whatever can be iterated over once per epoch: a `DataLoader`, a list of batches, an async iterable. */
export type Batches<Batch> = Iterable<Batch> | AsyncIterable<Batch>;

/** A loss: a module such as `nn.CrossEntropyLoss`, or a function. */
export type Loss<Out = Tensor> =
  { forward(output: Out, target: Tensor): Tensor } | ((output: Out, target: Tensor) => Tensor);

/** A learning rate scheduler, and when it steps. */
export interface ScheduleOptions {
  readonly scheduler: LRScheduler;
  /** After each epoch (the default), or each step. */
  readonly every?: 'epoch' | 'step';
  /** What `ReduceLROnPlateau` watches, as in {@link EarlyStoppingOptions}. */
  readonly monitor?: string;
}

/** When training stops for lack of progress. */
export interface EarlyStoppingOptions {
  /** What is watched: `loss`, `valLoss`, or the name of a metric. Default `valLoss`, or `loss` without validation. */
  readonly monitor?: string;
  /** Whether smaller or larger is better. Default: the metric's own `mode`; `min` for losses. */
  readonly mode?: Mode;
  /** How many epochs in a row without progress end the training, at least 1. Default 5. */
  readonly patience?: number;
  /** Only a change of more than this counts as progress; at least 0. Default 0. */
  readonly minDelta?: number;
}

/** The norm that gradients are clipped to, as by `nn.utils.clipGradNorm`. */
export interface ClipOptions {
  /** Above 0. */
  readonly maxNorm: number;
  /** Which norm: 1, 2, `Infinity`, … Default 2. */
  readonly normType?: number;
}

/** Options of {@link fit}. */
export interface FitOptions<Batch = readonly Tensor[], Out = Tensor> {
  /** The batches of an epoch: lists of tensors, of which the last is the target and the others go to the model. */
  readonly data: Batches<Batch>;
  /** Batches that the model is evaluated on after each epoch, in `eval` mode and without gradients. Default: none. */
  readonly validation?: Batches<Batch>;
  /** A module or function of outputs and target; it returns a tensor of one element. */
  readonly loss: Loss<Out>;
  /** Steps after each batch. It has the parameters that are trained. */
  readonly optimizer: Optimizer<{ lr: number }>;
  /** Steps after each epoch, or as {@link ScheduleOptions} say. It must be of the same optimizer. */
  readonly scheduler?: LRScheduler | ScheduleOptions;
  /** How many times to go through the data, counting those before a resumed checkpoint. Default 1. */
  readonly epochs?: number;
  /** What is measured besides the loss: on the validation data or, without any, while training. */
  readonly metrics?: readonly Metric[] | Readonly<Record<string, Metric>>;
  /** The norm that gradients are clipped to before each step. Default: no clipping. */
  readonly clipGradNorm?: number | ClipOptions;
  /** Stops for lack of progress: the `patience`, or {@link EarlyStoppingOptions}. Default: never. */
  readonly earlyStopping?: number | EarlyStoppingOptions;
  /** Where checkpoints are written and resumed from: a folder, or {@link CheckpointOptions}. Default: nowhere. */
  readonly checkpoint?: string | CheckpointOptions;
  /** Stops the training at the end of the step, with a checkpoint if these are written. */
  readonly signal?: AbortSignal;
  /** Turns a batch into output and target. Default: `[...inputs, target]` into `[model.forward(...inputs), target]`. */
  readonly apply?: (batch: Batch) => readonly [output: Out, target: Tensor];
  /**
   * Whether steps are recorded and replayed as one native call, with the same bits: see `compile` for what a model may then
   * do. Default false.
   */
  readonly compile?: boolean;
  /** Whether and where to show progress. Default true: on standard error. */
  readonly progress?: boolean | ProgressStream;
}

const NAMES: readonly (keyof FitOptions)[] = [
  'data',
  'validation',
  'loss',
  'optimizer',
  'scheduler',
  'epochs',
  'metrics',
  'clipGradNorm',
  'earlyStopping',
  'checkpoint',
  'signal',
  'apply',
  'compile',
  'progress',
];

/** {@link FitOptions}, checked and complete. */
export interface Plan {
  readonly model: Module<never[], unknown>;
  readonly data: Batches<unknown>;
  readonly validation: Batches<unknown> | null;
  readonly loss: (output: unknown, target: Tensor) => Tensor;
  readonly optimizer: Optimizer<{ lr: number }>;
  readonly schedule: Schedule | null;
  readonly epochs: number;
  readonly metrics: ReadonlyMap<string, Metric>;
  readonly clip: Required<ClipOptions> | null;
  readonly earlyStopping: (Monitor & { readonly patience: number; readonly minDelta: number }) | null;
  readonly checkpoint: CheckpointPlan | null;
  readonly signal: AbortSignal | null;
  readonly apply: (batch: unknown) => readonly [output: unknown, target: Tensor];
  readonly compile: boolean;
  readonly progress: ProgressStream | null;
}

/** A schedule; `monitor` is for the one that watches something. */
interface Schedule {
  readonly scheduler: LRScheduler;
  readonly every: 'epoch' | 'step';
  readonly monitor: Monitor | null;
}

/** A value of an epoch, and whether more of it is better. */
export interface Monitor {
  readonly name: string;
  readonly mode: Mode;
}

const OP = 'fit';

/** @throws TypeError, RangeError for what is wrong, before anything is changed */
export function readFitOptions(model: unknown, options: unknown): Plan {
  if (!(model instanceof Module)) typeError(OP, `model: expected a module, got ${describe(model)}`);
  if (!isOptions(options)) typeError(OP, `options: expected an object, got ${describe(options)}`);
  checkOptions(OP, options, NAMES);
  const given = options as unknown as Partial<FitOptions<unknown, unknown>>;
  const { data, validation, optimizer, signal, epochs = 1, apply, compile = false, progress = true } = given;
  checkBatches('data', data);
  if (validation !== undefined) checkBatches('validation', validation);
  if (!(optimizer instanceof Optimizer))
    typeError(OP, `optimizer: expected an optimizer, got ${describe(optimizer)}`);
  checkInteger(OP, 'epochs', epochs, 0);
  if (signal !== undefined && !(signal instanceof AbortSignal))
    typeError(OP, `signal: expected an AbortSignal, got ${describe(signal)}`);
  if (apply !== undefined && typeof apply !== 'function')
    typeError(OP, `apply: expected a function, got ${describe(apply)}`);
  if (typeof compile !== 'boolean')
    typeError(OP, `compile: expected true or false, got ${describe(compile)}`);
  const metrics = readMetrics(given.metrics);
  const monitor = (name?: unknown, mode?: unknown): Monitor =>
    readMonitor({ name, mode, metrics, validated: validation !== undefined });
  return {
    model: model as Module<never[], unknown>,
    data,
    validation: validation ?? null,
    loss: readLoss(given.loss),
    optimizer,
    schedule: readSchedule(given.scheduler, optimizer, monitor),
    epochs,
    metrics,
    clip: readClip(given.clipGradNorm),
    earlyStopping: readEarlyStopping(given.earlyStopping, monitor),
    checkpoint: readCheckpoint(given.checkpoint, monitor),
    signal: signal ?? null,
    apply: apply ?? ((batch) => forward(model as Module<unknown[], unknown>, batch)),
    compile,
    progress: readProgress(progress),
  };
}

/** What a batch of the usual kind comes to. */
function forward(model: Module<unknown[], unknown>, batch: unknown): readonly [unknown, Tensor] {
  const target: unknown = Array.isArray(batch) ? batch.at(-1) : undefined;
  if (!Array.isArray(batch) || batch.length < 2 || !(target instanceof Tensor))
    typeError(
      OP,
      `data: expected batches [...inputs, target] of tensors, got ${describe(batch)}: for others there is the option apply`,
    );
  return [model.forward(...(batch.slice(0, -1) as unknown[])), target];
}

function checkBatches(name: string, value: unknown): asserts value is Batches<unknown> {
  if (
    typeof value !== 'object' ||
    value === null ||
    value instanceof Tensor ||
    !(Symbol.iterator in value || Symbol.asyncIterator in value)
  )
    typeError(OP, `${name}: expected batches, as a DataLoader or a list, got ${describe(value)}`);
}

function readLoss(loss: unknown): Plan['loss'] {
  if (typeof loss === 'function' && !isClass(loss)) return loss;
  if (typeof (loss as { forward?: unknown } | null | undefined)?.forward !== 'function')
    typeError(OP, `loss: expected a module or a function, got ${describe(loss)}`);
  return (output, target) => (loss as { forward: Plan['loss'] }).forward(output, target);
}

function readMetrics(metrics: unknown = []): ReadonlyMap<string, Metric> {
  if (typeof metrics !== 'object' || metrics === null || metrics instanceof Metric)
    typeError(OP, `metrics: expected a list, or an object of metrics by name, got ${describe(metrics)}`);
  const entries: [string, unknown][] = Array.isArray(metrics)
    ? metrics.map((metric: unknown, i) => [metric instanceof Metric ? metric.name : String(i), metric])
    : Object.entries(metrics);
  const map = new Map<string, Metric>();
  for (const [name, metric] of entries) {
    if (!(metric instanceof Metric))
      typeError(OP, `metrics: ${name}: expected a metric, got ${describe(metric)}`);
    if (map.has(name)) rangeError(OP, `metrics: ${name} is there twice: give them names, { name: metric }`);
    if (name === 'loss' || name === 'valLoss')
      rangeError(OP, `metrics: ${name} is the name of a loss: give the metric another`);
    map.set(name, metric);
  }
  return map;
}

interface MonitorArgs {
  readonly name: unknown;
  readonly mode: unknown;
  readonly metrics: Plan['metrics'];
  readonly validated: boolean;
}

function readMonitor({ name, mode, metrics, validated }: MonitorArgs): Monitor {
  const watched = name ?? (validated ? 'valLoss' : 'loss');
  const known = ['loss', ...(validated ? ['valLoss'] : []), ...metrics.keys()];
  checkOneOf(OP, 'monitor', watched, known);
  if (mode !== undefined) checkOneOf(OP, 'mode', mode, ['min', 'max']);
  return { name: watched, mode: mode ?? metrics.get(watched)?.mode ?? 'min' };
}

/** Finds what is watched, by its name and mode as they were given. */
export type ReadMonitor = (name?: unknown, mode?: unknown) => Monitor;

function readSchedule(given: unknown, optimizer: unknown, readWatched: ReadMonitor): Schedule | null {
  if (given === undefined) return null;
  const options = given instanceof LRScheduler ? { scheduler: given } : given;
  if (!isOptions(options)) typeError(OP, `scheduler: expected a scheduler, got ${describe(given)}`);
  checkOptions(OP, options, ['scheduler', 'every', 'monitor']);
  const { scheduler, every = 'epoch', monitor } = options as Partial<ScheduleOptions>;
  if (!(scheduler instanceof LRScheduler))
    typeError(OP, `scheduler: expected a scheduler, got ${describe(scheduler)}`);
  checkOneOf(OP, 'every', every, ['epoch', 'step']);
  if (scheduler.optimizer !== optimizer) typeError(OP, 'scheduler: expected one of the same optimizer');
  const watches = scheduler instanceof ReduceLROnPlateau;
  if (watches && every === 'step')
    rangeError(OP, "every: expected 'epoch' for a scheduler that watches what comes of epochs");
  if (!watches && monitor !== undefined)
    typeError(OP, 'monitor: expected none, for a scheduler that watches nothing');
  return { scheduler, every, monitor: watches ? readWatched(monitor) : null };
}

function readClip(clip: unknown): Required<ClipOptions> | null {
  if (clip === undefined) return null;
  const options = typeof clip === 'number' ? { maxNorm: clip } : clip;
  if (!isOptions(options)) typeError(OP, `clipGradNorm: expected a number, got ${describe(clip)}`);
  checkOptions(OP, options, ['maxNorm', 'normType']);
  const { maxNorm, normType = 2 } = options as Partial<ClipOptions>;
  checkNumber(OP, 'clipGradNorm', maxNorm);
  if (!(maxNorm > 0)) rangeError(OP, `clipGradNorm: expected a number above 0, got ${maxNorm}`);
  checkNumber(OP, 'normType', normType);
  return { maxNorm, normType };
}

function readEarlyStopping(given: unknown, readWatched: ReadMonitor): Plan['earlyStopping'] {
  if (given === undefined) return null;
  const options = typeof given === 'number' ? { patience: given } : given;
  if (!isOptions(options))
    typeError(OP, `earlyStopping: expected a number of epochs, or options, got ${describe(given)}`);
  checkOptions(OP, options, ['monitor', 'mode', 'patience', 'minDelta']);
  const { monitor, mode, patience = 5, minDelta = 0 } = options as EarlyStoppingOptions;
  checkInteger(OP, 'earlyStopping: patience', patience, 1);
  checkNumber(OP, 'earlyStopping: minDelta', minDelta);
  if (!(minDelta >= 0)) rangeError(OP, `earlyStopping: minDelta: expected a number from 0, got ${minDelta}`);
  return { ...readWatched(monitor, mode), patience, minDelta };
}

function readProgress(progress: unknown): ProgressStream | null {
  if (progress === true) return process.stderr;
  if (progress === false) return null;
  if (typeof (progress as ProgressStream | null)?.write !== 'function')
    typeError(OP, `progress: expected true, false or a stream, got ${describe(progress)}`);
  return progress as ProgressStream;
}
