import { describe, rangeError, typeError } from '../../errors.js';
import { checkInteger, checkNumber, readArgs, type Rest } from '../../ops/arguments.js';
import { LRScheduler, required, type Scheduled } from './scheduler.js';

/**
 * Multiplies the learning rates by `gamma` every `stepSize` steps.
 * @see https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.StepLR.html
 */
export class StepLR extends LRScheduler {
  readonly stepSize: number;
  readonly gamma: number;

  /** @param rest stepSize; gamma, default 0.1; lastEpoch, default -1 */
  constructor(
    optimizer: Scheduled,
    ...rest: Rest<
      [stepSize: number, gamma: number, lastEpoch: number],
      { stepSize?: number; gamma?: number; lastEpoch?: number }
    >
  ) {
    const {
      stepSize,
      gamma = 0.1,
      lastEpoch,
    } = readArgs<{ stepSize: number; gamma: number; lastEpoch: number }>('StepLR', rest, [
      'stepSize',
      'gamma',
      'lastEpoch',
    ]);
    super('StepLR', optimizer, lastEpoch);
    this.stepSize = required('StepLR', 'stepSize', stepSize);
    checkInteger('StepLR', 'stepSize', stepSize, 1);
    checkNumber('StepLR', 'gamma', gamma);
    this.gamma = gamma;
    this.begin();
  }

  getLr(): number[] {
    const { lastEpoch, stepSize, gamma } = this;
    const factor = lastEpoch === 0 || lastEpoch % stepSize !== 0 ? 1 : gamma;
    return this.groups.map(({ lr }) => lr * factor);
  }

  protected override closedForm(): number[] {
    return this.baseLrs.map((lr) => lr * this.gamma ** Math.floor(this.lastEpoch / this.stepSize));
  }
}

/**
 * Multiplies the learning rates by `gamma` after each of some numbers of steps.
 * @see https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.MultiStepLR.html
 */
export class MultiStepLR extends LRScheduler {
  readonly milestones: readonly number[];
  readonly gamma: number;

  /** @param rest milestones, in any order; gamma, default 0.1; lastEpoch, default -1 */
  constructor(
    optimizer: Scheduled,
    ...rest: Rest<
      [milestones: readonly number[], gamma: number, lastEpoch: number],
      { milestones?: readonly number[]; gamma?: number; lastEpoch?: number }
    >
  ) {
    const op = 'MultiStepLR';
    const options = readArgs<{ milestones: readonly number[]; gamma: number; lastEpoch: number }>(op, rest, [
      'milestones',
      'gamma',
      'lastEpoch',
    ]);
    const { milestones, gamma = 0.1, lastEpoch } = options;
    super(op, optimizer, lastEpoch);
    if (!Array.isArray(milestones))
      typeError(op, `milestones: expected a list of numbers, got ${describe(milestones)}`);
    for (const milestone of milestones as readonly unknown[]) checkInteger(op, 'milestones', milestone, 0);
    checkNumber(op, 'gamma', gamma);
    this.milestones = (milestones as number[]).toSorted((a, b) => a - b);
    this.gamma = gamma;
    this.begin();
  }

  getLr(): number[] {
    const times = this.milestones.filter((milestone) => milestone === this.lastEpoch).length;
    return this.groups.map(({ lr }) => (times === 0 ? lr : lr * this.gamma ** times));
  }

  protected override closedForm(): number[] {
    const times = this.milestones.filter((milestone) => milestone <= this.lastEpoch).length;
    return this.baseLrs.map((lr) => lr * this.gamma ** times);
  }
}

/**
 * Multiplies the learning rates by `gamma` every step.
 * @see https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ExponentialLR.html
 */
export class ExponentialLR extends LRScheduler {
  readonly gamma: number;

  /** @param rest gamma; lastEpoch, default -1 */
  constructor(
    optimizer: Scheduled,
    ...rest: Rest<[gamma: number, lastEpoch: number], { gamma?: number; lastEpoch?: number }>
  ) {
    const { gamma, lastEpoch } = readArgs<{ gamma: number; lastEpoch: number }>('ExponentialLR', rest, [
      'gamma',
      'lastEpoch',
    ]);
    super('ExponentialLR', optimizer, lastEpoch);
    this.gamma = required('ExponentialLR', 'gamma', gamma);
    checkNumber('ExponentialLR', 'gamma', gamma);
    this.begin();
  }

  getLr(): number[] {
    return this.groups.map(({ lr }) => (this.lastEpoch === 0 ? lr : lr * this.gamma));
  }

  protected override closedForm(): number[] {
    return this.baseLrs.map((lr) => lr * this.gamma ** this.lastEpoch);
  }
}

/**
 * Multiplies the learning rates by `factor` for the first `totalIters` steps.
 * @see https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ConstantLR.html
 */
export class ConstantLR extends LRScheduler {
  readonly factor: number;
  readonly totalIters: number;

  /** @param rest factor, from 0 to 1, default 1/3; totalIters, default 5; lastEpoch, default -1 */
  constructor(
    optimizer: Scheduled,
    ...rest: Rest<
      [factor: number, totalIters: number, lastEpoch: number],
      { factor?: number; totalIters?: number; lastEpoch?: number }
    >
  ) {
    const op = 'ConstantLR';
    const options = readArgs<{ factor: number; totalIters: number; lastEpoch: number }>(op, rest, [
      'factor',
      'totalIters',
      'lastEpoch',
    ]);
    const { factor = 1 / 3, totalIters = 5, lastEpoch } = options;
    super(op, optimizer, lastEpoch);
    checkShare(op, 'factor', factor);
    checkInteger(op, 'totalIters', totalIters, 0);
    this.factor = factor;
    this.totalIters = totalIters;
    this.begin();
  }

  getLr(): number[] {
    const { lastEpoch, totalIters, factor } = this;
    const by = lastEpoch === 0 ? factor : lastEpoch === totalIters ? 1 / factor : 1;
    return this.groups.map(({ lr }) => lr * by);
  }

  protected override closedForm(): number[] {
    const by = this.lastEpoch >= this.totalIters ? 1 : this.factor;
    return this.baseLrs.map((lr) => lr * by);
  }
}

/**
 * Multiplies the learning rates by a factor that goes from `startFactor` to `endFactor` in `totalIters` steps.
 * @see https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LinearLR.html
 */
export class LinearLR extends LRScheduler {
  readonly startFactor: number;
  readonly endFactor: number;
  readonly totalIters: number;

  /** @param rest startFactor, default 1/3; endFactor, default 1; totalIters, default 5; lastEpoch, default -1 */
  constructor(
    optimizer: Scheduled,
    ...rest: Rest<
      [startFactor: number, endFactor: number, totalIters: number, lastEpoch: number],
      { startFactor?: number; endFactor?: number; totalIters?: number; lastEpoch?: number }
    >
  ) {
    const op = 'LinearLR';
    const options = readArgs<{
      startFactor: number;
      endFactor: number;
      totalIters: number;
      lastEpoch: number;
    }>(op, rest, ['startFactor', 'endFactor', 'totalIters', 'lastEpoch']);
    const { startFactor = 1 / 3, endFactor = 1, totalIters = 5, lastEpoch } = options;
    super(op, optimizer, lastEpoch);
    checkShare(op, 'startFactor', startFactor);
    if (startFactor === 0) rangeError(op, 'startFactor: expected a number above 0, got 0');
    checkShare(op, 'endFactor', endFactor);
    checkInteger(op, 'totalIters', totalIters, 1);
    this.startFactor = startFactor;
    this.endFactor = endFactor;
    this.totalIters = totalIters;
    this.begin();
  }

  getLr(): number[] {
    const { lastEpoch, startFactor, totalIters } = this;
    const rise = this.endFactor - startFactor;
    if (lastEpoch === 0) return this.groups.map(({ lr }) => lr * startFactor);
    if (lastEpoch > totalIters) return this.groups.map(({ lr }) => lr);
    const by = 1 + rise / (totalIters * startFactor + (lastEpoch - 1) * rise);
    return this.groups.map(({ lr }) => lr * by);
  }

  protected override closedForm(): number[] {
    const { lastEpoch, startFactor, endFactor, totalIters } = this;
    const by = startFactor + ((endFactor - startFactor) * Math.min(totalIters, lastEpoch)) / totalIters;
    return this.baseLrs.map((lr) => lr * by);
  }
}

/**
 * Brings the learning rates to 0 in `totalIters` steps, as `(1 - step/totalIters)` to a power.
 * @see https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.PolynomialLR.html
 */
export class PolynomialLR extends LRScheduler {
  readonly totalIters: number;
  readonly power: number;

  /** @param rest totalIters, default 5; power, default 1; lastEpoch, default -1 */
  constructor(
    optimizer: Scheduled,
    ...rest: Rest<
      [totalIters: number, power: number, lastEpoch: number],
      { totalIters?: number; power?: number; lastEpoch?: number }
    >
  ) {
    const op = 'PolynomialLR';
    const options = readArgs<{ totalIters: number; power: number; lastEpoch: number }>(op, rest, [
      'totalIters',
      'power',
      'lastEpoch',
    ]);
    const { totalIters = 5, power = 1, lastEpoch } = options;
    super(op, optimizer, lastEpoch);
    checkInteger(op, 'totalIters', totalIters, 1);
    checkNumber(op, 'power', power);
    this.totalIters = totalIters;
    this.power = power;
    this.begin();
  }

  getLr(): number[] {
    const { lastEpoch, totalIters, power } = this;
    if (lastEpoch === 0 || lastEpoch > totalIters) return this.groups.map(({ lr }) => lr);
    const by = ((1 - lastEpoch / totalIters) / (1 - (lastEpoch - 1) / totalIters)) ** power;
    return this.groups.map(({ lr }) => lr * by);
  }

  protected override closedForm(): number[] {
    const { lastEpoch, totalIters, power } = this;
    return this.baseLrs.map((lr) => lr * (1 - Math.min(totalIters, lastEpoch) / totalIters) ** power);
  }
}

/** Throws unless a factor is from 0 to 1. */
function checkShare(op: string, name: string, value: number): void {
  checkNumber(op, name, value);
  if (!(value >= 0 && value <= 1)) rangeError(op, `${name}: expected a number from 0 to 1, got ${value}`);
}
