import { describe, rangeError, typeError } from '../../errors.js';
import { checkInteger } from '../../ops/arguments.js';
import { fromHost, recorder } from '../../recording.js';
import { Optimizer } from '../optimizer.js';

/** An optimizer with learning rates, and momenta perhaps. */
export type Scheduled = Optimizer<{ lr: number }>;

/**
 * The options of a group that schedules change.
 * @inline
 */
export type ScheduledGroup = Scheduled['paramGroups'][number] & {
  momentum?: number;
  betas?: readonly [number, number];
};

/** What a scheduler is, as plain values: it may be written as JSON. */
export type SchedulerStateDict = Record<string, unknown>;

/**
 * The base of schedules of the learning rate. A schedule begins when it is made, and goes on with each call of `step`,
 * after the optimizer's. Also inside a compiled step.
 * @see https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate
 */
export abstract class LRScheduler {
  readonly optimizer: Scheduled;
  /** How often `step` has been called. */
  lastEpoch: number;
  /** The learning rates of the groups that the schedule began with. */
  baseLrs: number[];
  protected stepCount = 0;
  protected lastLr: number[];

  protected constructor(op: string, optimizer: Scheduled, lastEpoch = -1) {
    checkOptimizer(op, optimizer);
    checkInteger(op, 'lastEpoch', lastEpoch, -1);
    this.optimizer = optimizer;
    this.lastEpoch = lastEpoch;
    const { groups } = this;
    groups.forEach((group, i) => {
      if (lastEpoch === -1) group.initialLr ??= group.lr;
      else if (group.initialLr === undefined)
        rangeError(op, `lastEpoch: group ${i} has no initialLr, which a schedule goes on from`);
    });
    this.baseLrs = groups.map(({ initialLr }) => initialLr as number);
    this.lastLr = groups.map(({ lr }) => lr);
  }

  /** The learning rates at this point, from those of the step before. */
  abstract getLr(): number[];

  /** The learning rates at this point, from where the schedule began; null when there is no such formula. */
  protected closedForm(): number[] | null {
    return null;
  }

  /** The learning rates that were last set, one for each group. */
  getLastLr(): number[] {
    return [...this.lastLr];
  }

  /**
   * Goes on by one step.
   * @param epoch goes to there instead
   */
  step(epoch?: number): void {
    if (epoch !== undefined && typeof epoch !== 'number')
      typeError(this.constructor.name, `step: expected the number of an epoch, got ${describe(epoch)}`);
    this.change(() => this.advance(epoch));
  }

  /** {@link step}, for schedules that are made of others. */
  advance(epoch?: number): void {
    this.stepCount++;
    let rates: number[];
    if (epoch === undefined) {
      this.lastEpoch++;
      rates = this.getLr();
    } else {
      this.lastEpoch = epoch;
      rates = this.closedForm() ?? this.getLr();
    }
    this.apply(rates);
  }

  /** The schedule's own numbers: all but the optimizer and functions. */
  stateDict(): SchedulerStateDict {
    const own = Object.entries(this).filter(([name]) => name !== 'optimizer');
    return structuredClone<SchedulerStateDict>(Object.fromEntries(own));
  }

  /**
   * Puts the schedule to where {@link stateDict} was called. The learning rates themselves are in the state of the optimizer.
   * @throws TypeError for a state of another kind of schedule, before anything is changed
   */
  loadStateDict(state: SchedulerStateDict): void {
    checkState(this.constructor.name, this, state);
    Object.assign(this, structuredClone(state));
  }

  /** The first step of a schedule, which sets the learning rates to begin with. */
  begin(): void {
    this.stepCount = 0;
    this.advance();
  }

  /** The groups of parameters whose learning rates are scheduled. */
  protected get groups(): ScheduledGroup[] {
    return this.optimizer.paramGroups;
  }

  /** Gives each group its learning rate. */
  protected apply(rates: readonly number[]): void {
    this.groups.forEach((group, i) => (group.lr = rates[i]));
    this.lastLr = this.groups.map(({ lr }) => lr);
  }

  /** Changes numbers of JavaScript's: in a recorded step, each time. */
  protected change(change: () => void): void {
    if (recorder === null) return change();
    let undo = (): void => undefined;
    fromHost(
      () => {
        const state = this.stateDict();
        const options = this.groups.map(({ params: _, ...rest }) => rest);
        undo = () => {
          this.loadStateDict(state);
          options.forEach((rest, i) => Object.assign(this.groups[i], rest));
        };
        change();
      },
      () => undo(),
    );
  }
}

export function checkOptimizer(op: string, optimizer: unknown): asserts optimizer is Scheduled {
  if (!(optimizer instanceof Optimizer))
    typeError(op, `optimizer: expected an optimizer, got ${describe(optimizer)}`);
  if (recorder !== null) throw new Error(`[compile] the step makes a scheduler (${op}): make it outside`);
}

/** Throws unless a state has the names of a schedule. */
export function checkState(op: string, own: object, state: unknown): void {
  if (typeof state !== 'object' || state === null)
    typeError(op, `loadStateDict: expected a state, got ${describe(state)}`);
  const names = Object.keys(own).filter((name) => name !== 'optimizer');
  const missing = names.filter((name) => !Object.hasOwn(state, name));
  const unexpected = Object.keys(state).filter((name) => !names.includes(name));
  if (missing.length + unexpected.length > 0)
    typeError(
      op,
      `loadStateDict: the state of another schedule: missing ${missing.join(', ') || 'nothing'}, ` +
        `unexpected ${unexpected.join(', ') || 'nothing'}`,
    );
}

/** One number for each group, from one for all or a list. */
export function perGroup(
  op: string,
  name: string,
  value: number | readonly number[],
  groups: number,
): number[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : new Array<unknown>(groups).fill(value);
  if (list.length !== groups)
    rangeError(op, `${name}: expected ${groups} numbers, one for each group, got ${list.length}`);
  for (const item of list)
    if (typeof item !== 'number' || Number.isNaN(item))
      typeError(op, `${name}: expected numbers, got ${describe(item)}`);
  return [...(list as number[])];
}

/** Throws for an argument that has no default and did not come. */
export function required<T>(op: string, name: string, value: T | undefined): T {
  if (value === undefined) typeError(op, `${name}: expected a value, got undefined`);
  return value;
}
