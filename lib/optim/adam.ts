import { backend } from '../backend/select.js';
import { checkBoolean } from '../errors.js';
import { readArgs, type Rest } from '../ops/arguments.js';
import type { Tensor } from '../tensor.js';
import { checkBetas, checkNumber, Optimizer, zerosFor, type FullGroup, type Params } from './optimizer.js';

/** Options of {@link Adam} and {@link AdamW}. */
export interface AdamOptions {
  /** Learning rate. Default 0.001. */
  lr: number;
  /** How slowly the averages of gradient and squared gradient move. Default [0.9, 0.999]. */
  betas: readonly [number, number];
  /** Added to the denominator. Default 1e-8. */
  eps: number;
  /** {@link Adam}: L2 penalty, added to the gradient, default 0. {@link AdamW}: shrinks the weights, default 0.01. */
  weightDecay: number;
  /** Divide by the largest average of squared gradients so far (Reddi et al., 2018). Default false. */
  amsgrad: boolean;
  /** Go up instead of down. Default false. */
  maximize: boolean;
}

/** @inline */
export interface AdamState {
  step: number;
  expAvg: Tensor;
  expAvgSq: Tensor;
  /** Only with `amsgrad`. */
  maxExpAvgSq: Tensor | null;
}

type Rests = Rest<
  [lr: number, betas: readonly [number, number], eps: number, weightDecay: number, amsgrad: boolean],
  Partial<AdamOptions>
>;

/** Adam, in two kinds of weight decay. */
abstract class AdamBase extends Optimizer<AdamOptions, AdamState> {
  readonly #decoupled: boolean;

  protected constructor(
    op: string,
    params: Params<AdamOptions>,
    rest: Rests,
    decoupled: boolean,
    weightDecay: number,
  ) {
    const names = ['lr', 'betas', 'eps', 'weightDecay', 'amsgrad'] as const;
    const options = readArgs<AdamOptions>(op, rest, names, ['maximize']);
    const defaults = {
      lr: 1e-3,
      betas: [0.9, 0.999] as const,
      eps: 1e-8,
      weightDecay,
      amsgrad: false,
      maximize: false,
    };
    super(op, params, options, defaults, (group) => {
      checkNumber(op, 'lr', group.lr);
      checkBetas(op, group.betas);
      checkNumber(op, 'eps', group.eps);
      checkNumber(op, 'weightDecay', group.weightDecay);
      checkBoolean(op, 'amsgrad', group.amsgrad);
      checkBoolean(op, 'maximize', group.maximize);
    });
    this.#decoupled = decoupled;
  }

  protected initialState(param: Tensor, { amsgrad }: FullGroup<AdamOptions>): AdamState {
    const maxExpAvgSq = amsgrad ? zerosFor(param) : null;
    return { step: 0, expAvg: zerosFor(param), expAvgSq: zerosFor(param), maxExpAvgSq };
  }

  protected descend(param: Tensor, grad: Tensor, group: FullGroup<AdamOptions>, state: AdamState): void {
    const { lr, betas, eps, weightDecay, amsgrad, maximize } = group;
    const { expAvg, expAvgSq } = state;
    if (amsgrad) state.maxExpAvgSq ??= zerosFor(param);
    backend.adam(param, grad, expAvg, expAvgSq, amsgrad ? state.maxExpAvgSq : null, {
      lr,
      beta1: betas[0],
      beta2: betas[1],
      eps,
      weightDecay,
      step: ++state.step,
      maximize,
      decoupled: this.#decoupled,
    });
  }
}

/**
 * Adam (Kingma & Ba, 2015), fused: one pass over each parameter a step.
 * @see https://pytorch.org/docs/stable/generated/torch.optim.Adam.html
 */
export class Adam extends AdamBase {
  constructor(params: Params<AdamOptions>, ...rest: Rests) {
    super('Adam', params, rest, false, 0);
  }
}

/**
 * Adam whose weight decay shrinks the weights themselves, apart from the gradient (Loshchilov & Hutter, 2019).
 * @see https://pytorch.org/docs/stable/generated/torch.optim.AdamW.html
 */
export class AdamW extends AdamBase {
  constructor(params: Params<AdamOptions>, ...rest: Rests) {
    super('AdamW', params, rest, true, 0.01);
  }
}
