import { describe, rangeError, typeError } from '../../errors.js';
import { readArgs, type Rest } from '../../ops/arguments.js';
import { LRScheduler, type Scheduled } from './scheduler.js';

/** What a number of steps makes of the learning rate. */
export type LrLambda = (epoch: number) => number;

/** @inline */
interface Options {
  lrLambda: LrLambda | readonly LrLambda[];
  lastEpoch: number;
}
type Rests = Rest<[lrLambda: LrLambda | readonly LrLambda[], lastEpoch: number], Partial<Options>>;

/** A schedule by functions, one for all groups or one for each. They are not in the state dict. */
abstract class ByLambda extends LRScheduler {
  readonly #lambdas: readonly LrLambda[];

  constructor(op: string, optimizer: Scheduled, rest: Rests) {
    const { lrLambda, lastEpoch } = readArgs<Options>(op, rest, ['lrLambda', 'lastEpoch']);
    super(op, optimizer, lastEpoch);
    const { length } = this.groups;
    const list: readonly unknown[] = Array.isArray(lrLambda)
      ? lrLambda
      : new Array<unknown>(length).fill(lrLambda);
    if (list.length !== length)
      rangeError(op, `lrLambda: expected ${length} functions, one for each group, got ${list.length}`);
    for (const lambda of list)
      if (typeof lambda !== 'function')
        typeError(op, `lrLambda: expected functions, got ${describe(lambda)}`);
    this.#lambdas = list as LrLambda[];
    this.begin();
  }

  /** What the functions say now. */
  protected get factors(): number[] {
    return this.#lambdas.map((lambda) => lambda(this.lastEpoch));
  }
}

/**
 * Multiplies the first learning rates by what functions make of the number of steps.
 * @see https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LambdaLR.html
 */
export class LambdaLR extends ByLambda {
  /** @param rest lrLambda, a function or one for each group; lastEpoch, default -1 */
  constructor(optimizer: Scheduled, ...rest: Rests) {
    super('LambdaLR', optimizer, rest);
  }

  getLr(): number[] {
    return this.factors.map((factor, i) => this.baseLrs[i] * factor);
  }
}

/**
 * Multiplies the last learning rates by what functions make of the number of steps.
 * @see https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.MultiplicativeLR.html
 */
export class MultiplicativeLR extends ByLambda {
  /** @param rest lrLambda, a function or one for each group; lastEpoch, default -1 */
  constructor(optimizer: Scheduled, ...rest: Rests) {
    super('MultiplicativeLR', optimizer, rest);
  }

  getLr(): number[] {
    if (this.lastEpoch <= 0) return this.groups.map(({ lr }) => lr);
    return this.factors.map((factor, i) => this.groups[i].lr * factor);
  }
}
