import { backend } from '../backend/select.js';
import { checkBoolean } from '../errors.js';
import { readArgs, type Rest } from '../ops/arguments.js';
import type { Tensor } from '../tensor.js';
import { checkNumbers, Optimizer, zerosFor, type FullGroup, type Params } from './optimizer.js';

/** Options of {@link ASGD}. */
export interface ASGDOptions {
  /** Learning rate. Default 0.01. */
  lr: number;
  /** How fast weights, and the learning rate, decay. Default 0.0001. */
  lambd: number;
  /** The power with which the learning rate falls. Default 0.75. */
  alpha: number;
  /** After how many steps the averaging begins. Default 1,000,000. */
  t0: number;
  /** L2 penalty, added to the gradient. Default 0. */
  weightDecay: number;
  /** Go up instead of down. Default false. */
  maximize: boolean;
}

/** @inline */
export interface ASGDState {
  step: number;
  /** The learning rate of the next step. */
  eta: number;
  /** How far the average moves in the next step. */
  mu: number;
  /** The average of the parameter. */
  ax: Tensor;
}

type Positional = [lr: number, lambd: number, alpha: number, t0: number, weightDecay: number];

/**
 * Averaged stochastic gradient descent (Polyak & Juditsky, 1992). The averages are in the state, as `ax`.
 * @see https://pytorch.org/docs/stable/generated/torch.optim.ASGD.html
 */
export class ASGD extends Optimizer<ASGDOptions, ASGDState> {
  constructor(params: Params<ASGDOptions>, ...rest: Rest<Positional, Partial<ASGDOptions>>) {
    const names = ['lr', 'lambd', 'alpha', 't0', 'weightDecay'] as const;
    const options = readArgs<ASGDOptions>('ASGD', rest, names, ['maximize']);
    const defaults = { lr: 0.01, lambd: 1e-4, alpha: 0.75, t0: 1e6, weightDecay: 0, maximize: false };
    super('ASGD', params, options, defaults, (group) => {
      checkNumbers('ASGD', group, 'lr', 'lambd', 'alpha', 't0', 'weightDecay');
      checkBoolean('ASGD', 'maximize', group.maximize);
    });
  }

  protected initialState(param: Tensor, { lr }: FullGroup<ASGDOptions>): ASGDState {
    return { step: 0, eta: lr, mu: 1, ax: zerosFor(param) };
  }

  protected descend(param: Tensor, grad: Tensor, group: FullGroup<ASGDOptions>, state: ASGDState): void {
    const { lr, lambd, alpha, t0, weightDecay, maximize } = group;
    const { eta, mu, ax } = state;
    const coefficients = [1 - lambd * eta, eta, mu];
    backend.descend('asgd', param, grad, [ax], { maximize, weightDecay, shrink: 0, coefficients });
    const step = ++state.step;
    state.eta = lr / (1 + lambd * lr * step) ** alpha;
    state.mu = 1 / Math.max(1, step - t0);
  }
}
