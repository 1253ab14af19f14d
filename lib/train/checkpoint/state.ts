import { describe } from '../../errors.js';
import { clone } from '../../ops/broadcast.js';
import { getRngState, setRngState, type RandomState } from '../../random.js';
import type { Tensor } from '../../tensor.js';
import type { CheckpointState } from './file.js';
import type { EpochEvent } from '../events.js';
import type { Metric } from '../metrics/metric.js';
import type { Plan } from '../options.js';

/** Where a training is, as plain values. */
export interface RunState {
  /** The epoch that is under way, or comes next; counts from 1. */
  epoch: number;
  /** Steps, samples, the sum of their losses and seconds, of this epoch. */
  step: number;
  samples: number;
  losses: number;
  seconds: number;
  /** Whether the steps of this epoch are done, and its validation is next. */
  trained: boolean;
  /** The random numbers when this epoch began. */
  random: RandomState;
  /** Steps of all epochs. */
  steps: number;
  history: EpochEvent[];
  /** The best value that early stopping has seen, and for how many epochs there has been none. */
  best: number | null;
  stale: number;
  /** The value of the best checkpoint, and whether this is it. */
  bestSaved: number | null;
  isBest: boolean;
}

export const freshState = (): RunState => ({
  ...{ epoch: 1, step: 0, samples: 0, losses: 0, seconds: 0, trained: false, random: getRngState() },
  ...{ steps: 0, history: [], best: null, stale: 0, bestSaved: null, isBest: false },
});

/** What has a position to save: loaders, their `batchSampler`, and whatever else brings these two. */
interface Positioned {
  stateDict(): unknown;
  loadStateDict(state: unknown): void;
}

/** Where the data is to go on, if it knows itself. */
export function positionedOf(data: unknown): Positioned | null {
  const { stateDict, loadStateDict } = data as Partial<Record<keyof Positioned, unknown>>;
  return typeof stateDict === 'function' && typeof loadStateDict === 'function' ? (data as Positioned) : null;
}

/** The number of the layout of {@link capture}'s states. */
const LAYOUT = 1;

/** What a training is made of. */
export interface Parts {
  readonly plan: Plan;
  readonly run: RunState;
  /** The metrics that are measured while the model is trained. */
  readonly trained: ReadonlyMap<string, Metric>;
}

/** All that a training needs to go on with the same bits. */
export function capture({ plan, run, trained }: Parts): CheckpointState {
  const { model, optimizer, schedule, data, validation, checkpoint, epochs, clip, compile } = plan;
  return {
    fit: LAYOUT,
    model: model.stateDict(),
    optimizer: optimizer.stateDict(),
    scheduler: schedule === null ? null : schedule.scheduler.stateDict(),
    random: getRngState(),
    data: positionedOf(data)?.stateDict() ?? null,
    validation: validation === null ? null : (positionedOf(validation)?.stateDict() ?? null),
    metrics: Object.fromEntries([...trained].map(([name, metric]) => [name, metric.stateDict()])),
    run: { ...run, history: [...run.history] },
    options: { epochs, clipGradNorm: clip, compile },
    config: checkpoint?.config ?? {},
  };
}

/**
 * Puts a training to where {@link capture} was called.
 * @throws Error for a state that does not fit; then everything is as it was
 */
export function restore(parts: Parts, saved: CheckpointState): void {
  const { plan, run, trained } = parts;
  if (saved.fit !== LAYOUT) throw new Error('the state of a training is missing, or of another version');
  const { scheduler = null } = saved;
  if ((scheduler === null) !== (plan.schedule === null))
    throw new Error(
      `expected ${plan.schedule === null ? 'no' : 'a'} scheduler, as there is ${scheduler === null ? 'none' : 'one'} in it`,
    );
  checkRun(saved.run);
  const now = capture(parts);
  const copies = Object.entries(plan.model.stateDict()).map(([name, x]): [string, Tensor] => [
    name,
    clone(x),
  ]);
  const before = { ...now, model: Object.fromEntries(copies) };
  try {
    setRngState(saved.run.random); // It throws for what is no state.
    put(plan, trained, saved);
  } catch (error) {
    put(plan, trained, before);
    throw error;
  }
  Object.assign(run, saved.run);
}

/** Throws unless a value is where a training can be: the others' states are checked by what they are of. */
function checkRun(run: unknown): asserts run is RunState {
  for (const [name, example] of Object.entries(freshState())) {
    const value = (run as Record<string, unknown> | null | undefined)?.[name];
    const expected = Array.isArray(example) ? 'a list' : `a ${typeof (example ?? 0)}`;
    const fits =
      (example === null && value === null) ||
      (typeof value === typeof (example ?? 0) && Array.isArray(value) === Array.isArray(example));
    if (!fits) throw new TypeError(`run: ${name}: expected ${expected}, got ${describe(value)}`);
  }
}

/** Puts data to where it was, if both know of it. */
function place(data: unknown, position: unknown): void {
  if (position !== null && position !== undefined) positionedOf(data)?.loadStateDict(position);
}

function put(
  { model, optimizer, schedule, data, validation }: Plan,
  trained: Parts['trained'],
  saved: CheckpointState,
): void {
  // Each of them checks what it gets.
  const states = saved as Record<string, never>;
  model.loadStateDict(states.model);
  optimizer.loadStateDict(states.optimizer);
  schedule?.scheduler.loadStateDict(states.scheduler);
  place(data, saved.data);
  if (validation !== null) place(validation, saved.validation);
  const metrics = saved.metrics as Record<string, unknown> | null;
  if (typeof metrics !== 'object' || metrics === null)
    throw new TypeError(`metrics: expected an object, got ${describe(metrics)}`);
  for (const [name, metric] of trained) if (Object.hasOwn(metrics, name)) metric.loadStateDict(metrics[name]);
  setRngState(states.random);
}
