import { backend } from '../backend/select.js';
import { checkBoolean } from '../errors.js';
import { readArgs, type Rest } from '../ops/arguments.js';
import type { Tensor } from '../tensor.js';
import { checkNumbers, Optimizer, zerosFor, type FullGroup, type Params } from './optimizer.js';

/** Options of {@link RMSprop}. */
export interface RMSpropOptions {
  /** Learning rate. Default 0.01. */
  lr: number;
  /** How slowly the average of the squared gradient moves. Default 0.99. */
  alpha: number;
  /** Added to the denominator. Default 1e-8. */
  eps: number;
  /** L2 penalty, added to the gradient. Default 0. */
  weightDecay: number;
  /** How much of the last step is kept. Default 0. */
  momentum: number;
  /** Divide by the deviation of the gradients instead of their size. Default false. */
  centered: boolean;
  /** Go up instead of down. Default false. */
  maximize: boolean;
}

/** @inline */
export interface RMSpropState {
  step: number;
  squareAvg: Tensor;
  /** Only with `momentum`. */
  momentumBuffer: Tensor | null;
  /** Only when `centered`. */
  gradAvg: Tensor | null;
}

type Positional = [
  lr: number,
  alpha: number,
  eps: number,
  weightDecay: number,
  momentum: number,
  centered: boolean,
];

/**
 * Steps divided by the size of the latest gradients (Hinton), also centered (Graves, 2013).
 * @see https://pytorch.org/docs/stable/generated/torch.optim.RMSprop.html
 */
export class RMSprop extends Optimizer<RMSpropOptions, RMSpropState> {
  constructor(params: Params<RMSpropOptions>, ...rest: Rest<Positional, Partial<RMSpropOptions>>) {
    const names = ['lr', 'alpha', 'eps', 'weightDecay', 'momentum', 'centered'] as const;
    const options = readArgs<RMSpropOptions>('RMSprop', rest, names, ['maximize']);
    const defaults = {
      lr: 0.01,
      alpha: 0.99,
      eps: 1e-8,
      weightDecay: 0,
      momentum: 0,
      centered: false,
      maximize: false,
    };
    super('RMSprop', params, options, defaults, (group) => {
      checkNumbers('RMSprop', group, 'lr', 'alpha', 'eps', 'weightDecay', 'momentum');
      checkBoolean('RMSprop', 'centered', group.centered);
      checkBoolean('RMSprop', 'maximize', group.maximize);
    });
  }

  protected initialState(param: Tensor, { momentum, centered }: FullGroup<RMSpropOptions>): RMSpropState {
    return {
      step: 0,
      squareAvg: zerosFor(param),
      momentumBuffer: momentum > 0 ? zerosFor(param) : null,
      gradAvg: centered ? zerosFor(param) : null,
    };
  }

  protected descend(
    param: Tensor,
    grad: Tensor,
    group: FullGroup<RMSpropOptions>,
    state: RMSpropState,
  ): void {
    const { lr, alpha, eps, weightDecay, momentum, centered, maximize } = group;
    state.step++;
    if (centered) state.gradAvg ??= zerosFor(param);
    if (momentum > 0) state.momentumBuffer ??= zerosFor(param);
    const coefficients = [alpha, 1 - alpha, eps, lr, momentum];
    const params = { maximize, weightDecay, shrink: 0, coefficients };
    const buffers = [centered ? state.gradAvg : null, momentum > 0 ? state.momentumBuffer : null];
    backend.descend('rmsprop', param, grad, [state.squareAvg, ...buffers], params);
  }
}
