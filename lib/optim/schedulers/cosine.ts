import { rangeError } from '../../errors.js';
import { checkInteger, checkNumber, readArgs, type Rest } from '../../ops/arguments.js';
import { LRScheduler, required, type Scheduled } from './scheduler.js';

/** @inline */
interface CosineOptions {
  tMax: number;
  etaMin: number;
  lastEpoch: number;
}

/**
 * Brings the learning rates down to `etaMin` in `tMax` steps along half a cosine, and up again.
 * @see https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingLR.html
 */
export class CosineAnnealingLR extends LRScheduler {
  readonly tMax: number;
  readonly etaMin: number;

  /** @param rest tMax (`T_max`); etaMin, default 0; lastEpoch, default -1 */
  constructor(
    optimizer: Scheduled,
    ...rest: Rest<[tMax: number, etaMin: number, lastEpoch: number], Partial<CosineOptions>>
  ) {
    const op = 'CosineAnnealingLR';
    const {
      tMax,
      etaMin = 0,
      lastEpoch,
    } = readArgs<CosineOptions>(op, rest, ['tMax', 'etaMin', 'lastEpoch']);
    super(op, optimizer, lastEpoch);
    this.tMax = required(op, 'tMax', tMax);
    checkInteger(op, 'tMax', tMax, 1);
    checkNumber(op, 'etaMin', etaMin);
    this.etaMin = etaMin;
    this.begin();
  }

  getLr(): number[] {
    const { lastEpoch, tMax, etaMin, stepCount, baseLrs, groups } = this;
    if (lastEpoch === 0) return groups.map(({ lr }) => lr);
    if (stepCount === 1 && lastEpoch > 0) return this.closedForm();
    // Up from the bottom, where there is nothing to multiply.
    if ((lastEpoch - 1 - tMax) % (2 * tMax) === 0)
      return groups.map(({ lr }, i) => lr + ((baseLrs[i] - etaMin) * (1 - Math.cos(Math.PI / tMax))) / 2);
    const height = (epoch: number): number => 1 + Math.cos((Math.PI * epoch) / tMax);
    return groups.map(({ lr }) => (height(lastEpoch) / height(lastEpoch - 1)) * (lr - etaMin) + etaMin);
  }

  protected override closedForm(): number[] {
    const { lastEpoch, tMax, etaMin } = this;
    const share = (1 + Math.cos((Math.PI * lastEpoch) / tMax)) / 2;
    return this.baseLrs.map((lr) => etaMin + (lr - etaMin) * share);
  }
}

/** @inline */
interface RestartOptions {
  t0: number;
  tMult: number;
  etaMin: number;
  lastEpoch: number;
}

/**
 * Brings the learning rates down to `etaMin` along half a cosine, and begins anew after `t0` steps, `t0·tMult`,
 * `t0·tMult²`, … . `step` also takes fractions of an epoch.
 * @see https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingWarmRestarts.html
 */
export class CosineAnnealingWarmRestarts extends LRScheduler {
  readonly t0: number;
  readonly tMult: number;
  readonly etaMin: number;
  /** How long the present cosine is, and where on it we are. */
  protected tI: number;
  protected tCur: number;

  /** @param rest t0 (`T_0`); tMult (`T_mult`), default 1; etaMin, default 0; lastEpoch, default -1 */
  constructor(
    optimizer: Scheduled,
    ...rest: Rest<[t0: number, tMult: number, etaMin: number, lastEpoch: number], Partial<RestartOptions>>
  ) {
    const op = 'CosineAnnealingWarmRestarts';
    const names = ['t0', 'tMult', 'etaMin', 'lastEpoch'] as const;
    const { t0, tMult = 1, etaMin = 0, lastEpoch = -1 } = readArgs<RestartOptions>(op, rest, names);
    super(op, optimizer, lastEpoch);
    this.t0 = required(op, 't0', t0);
    checkInteger(op, 't0', t0, 1);
    checkInteger(op, 'tMult', tMult, 1);
    checkNumber(op, 'etaMin', etaMin);
    this.tMult = tMult;
    this.etaMin = etaMin;
    this.tI = this.t0;
    this.tCur = lastEpoch;
    this.begin();
  }

  getLr(): number[] {
    const share = (1 + Math.cos((Math.PI * this.tCur) / this.tI)) / 2;
    return this.baseLrs.map((lr) => this.etaMin + (lr - this.etaMin) * share);
  }

  override advance(to?: number): void {
    const { t0, tMult } = this;
    let epoch = to ?? (this.lastEpoch < 0 ? 0 : undefined);
    if (epoch === undefined) {
      epoch = this.lastEpoch + 1;
      this.tCur++;
      if (this.tCur >= this.tI) {
        this.tCur -= this.tI;
        this.tI *= tMult;
      }
    } else {
      if (!(epoch >= 0))
        rangeError('CosineAnnealingWarmRestarts', `step: expected an epoch from 0, got ${epoch}`);
      const past =
        tMult === 1 || epoch < t0
          ? 0
          : Math.trunc(Math.log((epoch / t0) * (tMult - 1) + 1) / Math.log(tMult));
      this.tCur = tMult === 1 ? epoch % t0 : epoch - (t0 * (tMult ** past - 1)) / (tMult - 1);
      this.tI = t0 * tMult ** past;
    }
    this.stepCount++;
    this.lastEpoch = Math.floor(epoch);
    this.apply(this.getLr());
  }
}
