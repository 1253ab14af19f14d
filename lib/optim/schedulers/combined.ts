import { describe, rangeError, typeError } from '../../errors.js';
import { checkInteger, readArgs, type Rest } from '../../ops/arguments.js';
import { checkState, LRScheduler, type Scheduled, type SchedulerStateDict } from './scheduler.js';
import { ReduceLROnPlateau } from './plateau.js';

/** A schedule that is made of others. */
abstract class Combined extends LRScheduler {
  readonly #schedulers: readonly LRScheduler[];

  constructor(op: string, optimizer: Scheduled, schedulers: readonly LRScheduler[]) {
    super(op, optimizer);
    schedulers.forEach((scheduler, i) => {
      if (scheduler.optimizer !== optimizer)
        rangeError(op, `schedulers: expected all to be of the same optimizer, and number ${i} is of another`);
      if (scheduler instanceof ReduceLROnPlateau)
        typeError(
          op,
          `schedulers: number ${i} is a ReduceLROnPlateau, which needs a metric: step it by itself`,
        );
    });
    this.#schedulers = schedulers;
  }

  /** The schedules that this one is made of. */
  protected get schedulers(): readonly LRScheduler[] {
    return this.#schedulers;
  }

  getLr(): number[] {
    return this.groups.map(({ lr }) => lr);
  }

  override stateDict(): SchedulerStateDict {
    return { ...super.stateDict(), schedulers: this.#schedulers.map((scheduler) => scheduler.stateDict()) };
  }

  override loadStateDict(state: SchedulerStateDict): void {
    const op = this.constructor.name;
    const { schedulers, ...rest } = state ?? {};
    checkState(op, this, rest);
    if (!Array.isArray(schedulers) || schedulers.length !== this.#schedulers.length)
      typeError(
        op,
        `loadStateDict: expected the states of ${this.#schedulers.length} schedulers, got ${describe(schedulers)}`,
      );
    const states = schedulers as SchedulerStateDict[];
    const before = this.#schedulers.map((scheduler) => scheduler.stateDict());
    try {
      states.forEach((each, i) => this.#schedulers[i].loadStateDict(each));
    } catch (error) {
      before.forEach((each, i) => this.#schedulers[i].loadStateDict(each));
      throw error;
    }
    super.loadStateDict(rest);
  }
}

function checkList(op: string, schedulers: unknown): asserts schedulers is readonly LRScheduler[] {
  if (!Array.isArray(schedulers) || !schedulers.every((scheduler) => scheduler instanceof LRScheduler))
    typeError(op, `schedulers: expected a list of schedulers, got ${describe(schedulers)}`);
  if (schedulers.length === 0) rangeError(op, 'schedulers: expected at least one, got none');
}

/** @inline */
interface SequentialOptions {
  schedulers: readonly LRScheduler[];
  milestones: readonly number[];
  lastEpoch: number;
}

/**
 * One schedule after the other: the next begins at each milestone.
 * @see https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.SequentialLR.html
 */
export class SequentialLR extends Combined {
  readonly milestones: readonly number[];

  /** @param rest schedulers; milestones, one less; lastEpoch, default -1 */
  constructor(
    optimizer: Scheduled,
    ...rest: Rest<
      [schedulers: readonly LRScheduler[], milestones: readonly number[], lastEpoch: number],
      Partial<SequentialOptions>
    >
  ) {
    const op = 'SequentialLR';
    const names = ['schedulers', 'milestones', 'lastEpoch'] as const;
    const { schedulers, milestones, lastEpoch = -1 } = readArgs<SequentialOptions>(op, rest, names);
    checkList(op, schedulers);
    if (!Array.isArray(milestones) || milestones.length !== schedulers.length - 1)
      rangeError(op, `milestones: expected ${schedulers.length - 1} numbers, got ${describe(milestones)}`);
    for (const milestone of milestones as readonly unknown[]) checkInteger(op, 'milestones', milestone, 0);
    checkInteger(op, 'lastEpoch', lastEpoch, -1);
    super(op, optimizer, schedulers);
    this.milestones = [...(milestones as number[])];
    this.lastEpoch = lastEpoch + 1;
    // All have made their first step. Only that of the first counts.
    for (const group of this.groups) group.lr = group.initialLr as number;
    for (const scheduler of schedulers) scheduler.lastEpoch--;
    schedulers[0].begin();
    this.lastLr = schedulers[0].getLastLr();
  }

  override advance(): void {
    this.lastEpoch++;
    const index = this.milestones.filter((milestone) => milestone <= this.lastEpoch).length;
    const scheduler = this.schedulers[index];
    if (index > 0 && this.milestones[index - 1] === this.lastEpoch) scheduler.advance(0);
    else scheduler.advance();
    this.lastLr = scheduler.getLastLr();
  }
}

/**
 * Several schedules at once, each from what the one before has made.
 * @see https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ChainedScheduler.html
 */
export class ChainedScheduler extends Combined {
  /** @param optimizer default: that of the schedulers */
  constructor(schedulers: readonly LRScheduler[], optimizer?: Scheduled) {
    checkList('ChainedScheduler', schedulers);
    super('ChainedScheduler', optimizer ?? schedulers[0].optimizer, [...schedulers]);
  }

  override advance(): void {
    for (const scheduler of this.schedulers) scheduler.advance();
    this.lastLr = this.getLr();
  }
}
