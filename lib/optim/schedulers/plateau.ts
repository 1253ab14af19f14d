import { describe, rangeError, typeError } from '../../errors.js';
import { checkInteger, checkNumber, checkOneOf, readArgs, type Rest } from '../../ops/arguments.js';
import { Tensor } from '../../tensor.js';
import { LRScheduler, perGroup, type Scheduled } from './scheduler.js';

/** Options of {@link ReduceLROnPlateau}. */
export interface ReduceLROnPlateauOptions {
  /** Whether the metric is to get smaller or larger. Default min. */
  mode: 'min' | 'max';
  /** What the learning rates are multiplied by, below 1. Default 0.1. */
  factor: number;
  /** How many epochs without progress are borne. Default 10. */
  patience: number;
  /** What counts as progress. Default 1e-4. */
  threshold: number;
  /** Whether that is a share of the best or a difference to it. Default rel. */
  thresholdMode: 'rel' | 'abs';
  /** How many epochs after a reduction are not counted. Default 0. */
  cooldown: number;
  /** Where it ends, for all groups or for each. Default 0. */
  minLr: number | readonly number[];
  /** A smaller change is none. Default 1e-8. */
  eps: number;
}

type Positional = [
  mode: 'min' | 'max',
  factor: number,
  patience: number,
  threshold: number,
  thresholdMode: 'rel' | 'abs',
  cooldown: number,
  minLr: number | readonly number[],
  eps: number,
];

/**
 * Reduces the learning rates when a metric makes no progress any more: `scheduler.step(validationLoss)`.
 * @see https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ReduceLROnPlateau.html
 */
export class ReduceLROnPlateau extends LRScheduler {
  readonly mode: 'min' | 'max';
  readonly factor: number;
  readonly patience: number;
  readonly threshold: number;
  readonly thresholdMode: 'rel' | 'abs';
  readonly cooldown: number;
  readonly minLrs: readonly number[];
  readonly eps: number;
  /** The best metric so far; null before the first. */
  best: number | null = null;
  numBadEpochs = 0;
  cooldownCounter = 0;

  constructor(optimizer: Scheduled, ...rest: Rest<Positional, Partial<ReduceLROnPlateauOptions>>) {
    const op = 'ReduceLROnPlateau';
    const options = readArgs<ReduceLROnPlateauOptions>(op, rest, [
      'mode',
      'factor',
      'patience',
      'threshold',
      'thresholdMode',
      'cooldown',
      'minLr',
      'eps',
    ]);
    const { mode = 'min', factor = 0.1, patience = 10, threshold = 1e-4, thresholdMode = 'rel' } = options;
    const { cooldown = 0, minLr = 0, eps = 1e-8 } = options;
    super(op, optimizer);
    checkOneOf(op, 'mode', mode, ['min', 'max']);
    checkNumber(op, 'factor', factor);
    if (!(factor < 1)) rangeError(op, `factor: expected a number below 1, got ${factor}`);
    checkInteger(op, 'patience', patience, 0);
    checkNumber(op, 'threshold', threshold);
    checkOneOf(op, 'thresholdMode', thresholdMode, ['rel', 'abs']);
    checkInteger(op, 'cooldown', cooldown, 0);
    checkNumber(op, 'eps', eps);
    this.mode = mode;
    this.factor = factor;
    this.patience = patience;
    this.threshold = threshold;
    this.thresholdMode = thresholdMode;
    this.cooldown = cooldown;
    this.minLrs = perGroup(op, 'minLr', minLr, this.groups.length);
    this.eps = eps;
    this.lastEpoch = 0;
  }

  /**
   * Goes on by one epoch.
   * @param metrics what is watched, such as the loss on the validation set: a number or a tensor of one
   */
  override step(metrics: number | Tensor, epoch?: number): void;
  /** Without a metric there is nothing to go by. */
  override step(): never;
  override step(metrics?: number | Tensor, epoch?: number): void {
    const value = metrics instanceof Tensor && metrics.size === 1 ? metrics.item() : metrics;
    if (typeof value !== 'number')
      typeError('ReduceLROnPlateau', `step: expected a number as metric, got ${describe(metrics)}`);
    this.change(() => this.#watch(value, epoch));
  }

  #watch(value: number, epoch = this.lastEpoch + 1): void {
    this.lastEpoch = epoch;
    if (this.#isBetter(value)) {
      this.best = value;
      this.numBadEpochs = 0;
    } else this.numBadEpochs++;
    if (this.cooldownCounter > 0) {
      this.cooldownCounter--;
      this.numBadEpochs = 0;
    }
    let rates = this.getLr();
    if (this.numBadEpochs > this.patience) {
      rates = rates.map((lr, i) => {
        const lower = Math.max(lr * this.factor, this.minLrs[i]);
        return lr - lower > this.eps ? lower : lr;
      });
      this.cooldownCounter = this.cooldown;
      this.numBadEpochs = 0;
    }
    this.apply(rates);
  }

  #isBetter(value: number): boolean {
    const { mode, threshold, thresholdMode } = this;
    const best = this.best ?? (mode === 'min' ? Infinity : -Infinity);
    const sign = mode === 'min' ? -1 : 1;
    const bar = thresholdMode === 'rel' ? best * (1 + sign * threshold) : best + sign * threshold;
    return mode === 'min' ? value < bar : value > bar;
  }

  getLr(): number[] {
    return this.groups.map(({ lr }) => lr);
  }
}
