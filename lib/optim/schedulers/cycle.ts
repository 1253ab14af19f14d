import { checkBoolean, describe, rangeError, typeError } from '../../errors.js';
import { checkInteger, checkNumber, checkOneOf, readArgs, type Rest } from '../../ops/arguments.js';
import { LRScheduler, perGroup, required, type Scheduled, type ScheduledGroup } from './scheduler.js';

/** Sets the momentum of a group, which Adam and its kin call their first beta. */
function setMomentum(group: ScheduledGroup, momentum: number): void {
  if (group.betas === undefined) group.momentum = momentum;
  else group.betas = [momentum, group.betas[1]];
}

/** Throws unless an optimizer has a momentum. */
function checkMomentum(op: string, { defaults }: Scheduled): void {
  if (!('momentum' in defaults) && !('betas' in defaults))
    rangeError(op, 'cycleMomentum: expected an optimizer with momentum or betas; or set it to false');
}

/** Options of {@link CyclicLR}. */
export interface CyclicLROptions {
  /** The lowest learning rate, of all groups or of each. */
  baseLr: number | readonly number[];
  /** The highest. */
  maxLr: number | readonly number[];
  /** Steps on the way up. Default 2000. */
  stepSizeUp: number;
  /** Steps on the way down. Default: as many as up. */
  stepSizeDown: number | null;
  /** How the height of cycles changes: not, halved each time, or by `gamma` to the number of steps. Default triangular. */
  mode: 'triangular' | 'triangular2' | 'exp_range';
  /** Default 1. */
  gamma: number;
  /** What a cycle's number, or a step's, makes of the height, instead of `mode`. */
  scaleFn: ((x: number) => number) | null;
  /** Which of the two `scaleFn` gets. Default cycle. */
  scaleMode: 'cycle' | 'iterations';
  /** Whether the momentum goes down when the learning rate goes up. Default true. */
  cycleMomentum: boolean;
  /** The lowest momentum. Default 0.8. */
  baseMomentum: number | readonly number[];
  /** The highest. Default 0.9. */
  maxMomentum: number | readonly number[];
  lastEpoch: number;
}

type CyclicPositional = [
  baseLr: number | readonly number[],
  maxLr: number | readonly number[],
  stepSizeUp: number,
  stepSizeDown: number | null,
  mode: CyclicLROptions['mode'],
  gamma: number,
  scaleFn: CyclicLROptions['scaleFn'],
  scaleMode: CyclicLROptions['scaleMode'],
  cycleMomentum: boolean,
  baseMomentum: number | readonly number[],
  maxMomentum: number | readonly number[],
  lastEpoch: number,
];

/**
 * Learning rates that go up and down between two bounds, and momenta against them (Smith, 2017). One step a batch.
 * @see https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CyclicLR.html
 */
export class CyclicLR extends LRScheduler {
  readonly maxLrs: readonly number[];
  readonly totalSize: number;
  readonly stepRatio: number;
  readonly mode: CyclicLROptions['mode'];
  readonly gamma: number;
  readonly scaleMode: CyclicLROptions['scaleMode'];
  readonly cycleMomentum: boolean;
  readonly baseMomentums: readonly number[];
  readonly maxMomentums: readonly number[];
  readonly #scaleFn: ((x: number) => number) | null;

  constructor(optimizer: Scheduled, ...rest: Rest<CyclicPositional, Partial<CyclicLROptions>>) {
    const op = 'CyclicLR';
    const options = readArgs<CyclicLROptions>(op, rest, [
      'baseLr',
      'maxLr',
      'stepSizeUp',
      'stepSizeDown',
      'mode',
      'gamma',
      'scaleFn',
      'scaleMode',
      'cycleMomentum',
      'baseMomentum',
      'maxMomentum',
      'lastEpoch',
    ]);
    const {
      stepSizeUp = 2000,
      mode = 'triangular',
      gamma = 1,
      scaleFn = null,
      scaleMode = 'cycle',
    } = options;
    const { cycleMomentum = true, baseMomentum = 0.8, maxMomentum = 0.9, lastEpoch = -1 } = options;
    super(op, optimizer, lastEpoch);
    const { groups } = this;
    const stepSizeDown = options.stepSizeDown ?? stepSizeUp;
    checkNumber(op, 'stepSizeUp', stepSizeUp);
    checkNumber(op, 'stepSizeDown', stepSizeDown);
    if (!(stepSizeUp > 0 && stepSizeDown > 0))
      rangeError(op, `stepSizeUp: expected steps above 0, got ${stepSizeUp} up and ${stepSizeDown} down`);
    checkOneOf(op, 'mode', mode, ['triangular', 'triangular2', 'exp_range']);
    checkNumber(op, 'gamma', gamma);
    if (scaleFn !== null && typeof scaleFn !== 'function')
      typeError(op, `scaleFn: expected a function, got ${describe(scaleFn)}`);
    checkOneOf(op, 'scaleMode', scaleMode, ['cycle', 'iterations']);
    checkBoolean(op, 'cycleMomentum', cycleMomentum);
    if (cycleMomentum) checkMomentum(op, optimizer);

    this.baseLrs = perGroup(op, 'baseLr', required(op, 'baseLr', options.baseLr), groups.length);
    this.maxLrs = perGroup(op, 'maxLr', required(op, 'maxLr', options.maxLr), groups.length);
    this.totalSize = stepSizeUp + stepSizeDown;
    this.stepRatio = stepSizeUp / this.totalSize;
    this.mode = mode;
    this.gamma = gamma;
    this.#scaleFn = scaleFn;
    this.scaleMode = scaleFn === null ? (mode === 'exp_range' ? 'iterations' : 'cycle') : scaleMode;
    this.cycleMomentum = cycleMomentum;
    this.baseMomentums = perGroup(op, 'baseMomentum', baseMomentum, groups.length);
    this.maxMomentums = perGroup(op, 'maxMomentum', maxMomentum, groups.length);
    if (lastEpoch === -1) groups.forEach((group, i) => (group.lr = this.baseLrs[i]));
    this.begin();
  }

  #scale(x: number): number {
    if (this.#scaleFn !== null) return this.#scaleFn(x);
    if (this.mode === 'triangular') return 1;
    return this.mode === 'triangular2' ? 1 / 2 ** (x - 1) : this.gamma ** x;
  }

  getLr(): number[] {
    const { lastEpoch, totalSize, stepRatio } = this;
    const cycle = Math.floor(1 + lastEpoch / totalSize);
    const x = 1 + lastEpoch / totalSize - cycle;
    const slope = x <= stepRatio ? x / stepRatio : (x - 1) / (stepRatio - 1);
    const height = slope * this.#scale(this.scaleMode === 'cycle' ? cycle : lastEpoch);
    if (this.cycleMomentum)
      this.groups.forEach((group, i) => {
        const [base, max] = [this.baseMomentums[i], this.maxMomentums[i]];
        setMomentum(group, max - (max - base) * height);
      });
    return this.baseLrs.map((base, i) => base + (this.maxLrs[i] - base) * height);
  }
}

/** Options of {@link OneCycleLR}. */
export interface OneCycleLROptions {
  /** The highest learning rate, of all groups or of each. */
  maxLr: number | readonly number[];
  /** Steps of the cycle; or `epochs` times `stepsPerEpoch`. */
  totalSteps: number | null;
  epochs: number | null;
  stepsPerEpoch: number | null;
  /** The share of the cycle in which the learning rate rises. Default 0.3. */
  pctStart: number;
  /** Default cos. */
  annealStrategy: 'cos' | 'linear';
  /** Whether the momentum goes down when the learning rate goes up. Default true. */
  cycleMomentum: boolean;
  /** The lowest momentum. Default 0.85. */
  baseMomentum: number | readonly number[];
  /** The highest. Default 0.95. */
  maxMomentum: number | readonly number[];
  /** The highest learning rate by the first. Default 25. */
  divFactor: number;
  /** The first learning rate by the last. Default 10,000. */
  finalDivFactor: number;
  /** Whether there is a third phase below the first learning rate. Default false. */
  threePhase: boolean;
  lastEpoch: number;
}

type OneCyclePositional = [
  maxLr: number | readonly number[],
  totalSteps: number | null,
  epochs: number | null,
  stepsPerEpoch: number | null,
  pctStart: number,
  annealStrategy: 'cos' | 'linear',
  cycleMomentum: boolean,
  baseMomentum: number | readonly number[],
  maxMomentum: number | readonly number[],
  divFactor: number,
  finalDivFactor: number,
  threePhase: boolean,
  lastEpoch: number,
];

/**
 * A part of the cycle: until which step, and between which options of the groups.
 * @inline
 */
interface Phase {
  readonly end: number;
  readonly lr: readonly [LrName, LrName];
  readonly momentum: readonly [MomentumName, MomentumName];
}
/** @inline */
type LrName = 'initialLr' | 'maxLr' | 'minLr';
/** @inline */
type MomentumName = 'baseMomentum' | 'maxMomentum';

/**
 * One cycle: learning rates up to `maxLr` and down far below where they began, and momenta against them (Smith & Topin,
 * 2018). One step a batch.
 * @throws RangeError from `step` after the last step of the cycle
 * @see https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.OneCycleLR.html
 */
export class OneCycleLR extends LRScheduler {
  readonly totalSteps: number;
  readonly annealStrategy: 'cos' | 'linear';
  readonly cycleMomentum: boolean;
  readonly phases: readonly Phase[];

  constructor(optimizer: Scheduled, ...rest: Rest<OneCyclePositional, Partial<OneCycleLROptions>>) {
    const op = 'OneCycleLR';
    const options = readArgs<OneCycleLROptions>(op, rest, [
      'maxLr',
      'totalSteps',
      'epochs',
      'stepsPerEpoch',
      'pctStart',
      'annealStrategy',
      'cycleMomentum',
      'baseMomentum',
      'maxMomentum',
      'divFactor',
      'finalDivFactor',
      'threePhase',
      'lastEpoch',
    ]);
    const { pctStart = 0.3, annealStrategy = 'cos', cycleMomentum = true, threePhase = false } = options;
    const { baseMomentum = 0.85, maxMomentum = 0.95, divFactor = 25, finalDivFactor = 1e4 } = options;
    const { lastEpoch = -1 } = options;
    super(op, optimizer, lastEpoch);
    const total = countSteps(op, options);
    checkNumber(op, 'pctStart', pctStart);
    if (!(pctStart >= 0 && pctStart <= 1))
      rangeError(op, `pctStart: expected a number from 0 to 1, got ${pctStart}`);
    checkOneOf(op, 'annealStrategy', annealStrategy, ['cos', 'linear']);
    checkBoolean(op, 'cycleMomentum', cycleMomentum);
    checkBoolean(op, 'threePhase', threePhase);
    checkNumber(op, 'divFactor', divFactor);
    checkNumber(op, 'finalDivFactor', finalDivFactor);
    if (cycleMomentum) checkMomentum(op, optimizer);
    const { groups } = this;
    const highest = perGroup(op, 'maxLr', required(op, 'maxLr', options.maxLr), groups.length);
    const low = perGroup(op, 'baseMomentum', baseMomentum, groups.length);
    const high = perGroup(op, 'maxMomentum', maxMomentum, groups.length);

    this.totalSteps = total;
    this.annealStrategy = annealStrategy;
    this.cycleMomentum = cycleMomentum;
    const up: Phase = {
      end: pctStart * total - 1,
      lr: ['initialLr', 'maxLr'],
      momentum: ['maxMomentum', 'baseMomentum'],
    };
    this.phases = threePhase
      ? [
          up,
          {
            end: 2 * pctStart * total - 2,
            lr: ['maxLr', 'initialLr'],
            momentum: ['baseMomentum', 'maxMomentum'],
          },
          { end: total - 1, lr: ['initialLr', 'minLr'], momentum: ['maxMomentum', 'maxMomentum'] },
        ]
      : [up, { end: total - 1, lr: ['maxLr', 'minLr'], momentum: ['baseMomentum', 'maxMomentum'] }];
    if (lastEpoch === -1)
      groups.forEach((group, i) => {
        group.initialLr = highest[i] / divFactor;
        group.maxLr = highest[i];
        group.minLr = group.initialLr / finalDivFactor;
        if (!cycleMomentum) return;
        setMomentum(group, high[i]);
        group.maxMomentum = high[i];
        group.baseMomentum = low[i];
      });
    this.baseLrs = groups.map(({ initialLr }) => initialLr as number);
    this.begin();
  }

  override advance(epoch?: number): void {
    const next = epoch ?? this.lastEpoch + 1;
    if (next > this.totalSteps)
      rangeError(
        'OneCycleLR',
        `step: the cycle has ${this.totalSteps} steps, and this would be number ${next + 1}`,
      );
    super.advance(epoch);
  }

  getLr(): number[] {
    const { lastEpoch, phases } = this;
    let index = phases.findIndex(({ end }) => lastEpoch <= end);
    if (index < 0) index = phases.length - 1;
    const start = index === 0 ? 0 : phases[index - 1].end;
    const { end, lr, momentum } = phases[index];
    const share = (lastEpoch - start) / (end - start);
    return this.groups.map((group) => {
      if (this.cycleMomentum) {
        const [from, to] = momentum;
        setMomentum(group, this.#between(group[from] as number, group[to] as number, share));
      }
      return this.#between(group[lr[0]] as number, group[lr[1]] as number, share);
    });
  }

  #between(start: number, end: number, share: number): number {
    if (this.annealStrategy === 'linear') return (end - start) * share + start;
    return end + ((start - end) / 2) * (Math.cos(Math.PI * share) + 1);
  }
}

function countSteps(op: string, options: Partial<OneCycleLROptions>): number {
  const { totalSteps = null, epochs = null, stepsPerEpoch = null } = options;
  if (totalSteps !== null) {
    checkInteger(op, 'totalSteps', totalSteps, 1);
    return totalSteps;
  }
  if (epochs === null || stepsPerEpoch === null)
    typeError(op, 'totalSteps: expected it, or epochs and stepsPerEpoch');
  checkInteger(op, 'epochs', epochs, 1);
  checkInteger(op, 'stepsPerEpoch', stepsPerEpoch, 1);
  return epochs * stepsPerEpoch;
}
