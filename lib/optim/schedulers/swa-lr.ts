import { checkInteger, checkOneOf, readArgs, type Rest } from '../../ops/arguments.js';
import { LRScheduler, perGroup, required, type Scheduled } from './scheduler.js';

/** Options of {@link SWALR}. */
export interface SWALROptions {
  /** The learning rate to go to, of all groups or of each. */
  swaLr: number | readonly number[];
  /** In how many steps. Default 10. */
  annealEpochs: number;
  /** Default cos. */
  annealStrategy: 'cos' | 'linear';
  lastEpoch: number;
}

/**
 * Brings the learning rates to one that stays, with which weights are averaged.
 * @see https://pytorch.org/docs/stable/optim.html#swa-learning-rate-schedules
 */
export class SWALR extends LRScheduler {
  readonly annealEpochs: number;
  readonly annealStrategy: 'cos' | 'linear';

  constructor(
    optimizer: Scheduled,
    ...rest: Rest<
      [
        swaLr: number | readonly number[],
        annealEpochs: number,
        annealStrategy: 'cos' | 'linear',
        lastEpoch: number,
      ],
      Partial<SWALROptions>
    >
  ) {
    const op = 'SWALR';
    const names = ['swaLr', 'annealEpochs', 'annealStrategy', 'lastEpoch'] as const;
    const options = readArgs<SWALROptions>(op, rest, names);
    const { annealEpochs = 10, annealStrategy = 'cos', lastEpoch } = options;
    super(op, optimizer, lastEpoch);
    checkInteger(op, 'annealEpochs', annealEpochs, 0);
    checkOneOf(op, 'annealStrategy', annealStrategy, ['cos', 'linear']);
    const rates = perGroup(op, 'swaLr', required(op, 'swaLr', options.swaLr), this.groups.length);
    this.groups.forEach((group, i) => (group.swaLr = rates[i]));
    this.annealEpochs = annealEpochs;
    this.annealStrategy = annealStrategy;
    this.begin();
  }

  getLr(): number[] {
    const { annealEpochs } = this;
    const step = annealEpochs === 0 ? Math.max(1, this.stepCount - 1) : this.stepCount - 1;
    const before = this.#share(step - 1);
    const share = this.#share(step);
    return this.groups.map((group) => {
      const swaLr = group.swaLr as number;
      const first = before === 1 ? swaLr : (group.lr - before * swaLr) / (1 - before);
      return swaLr * share + first * (1 - share);
    });
  }

  /** How much of the new learning rate there is after so many steps. */
  #share(step: number): number {
    const t = Math.max(0, Math.min(1, step / Math.max(1, this.annealEpochs)));
    return this.annealStrategy === 'linear' ? t : (1 - Math.cos(Math.PI * t)) / 2;
  }
}
