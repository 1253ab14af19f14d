import { backend } from '../backend/select.js';
import { checkBoolean } from '../errors.js';
import { readArgs, type Rest } from '../ops/arguments.js';
import type { Tensor } from '../tensor.js';
import { checkNumber, checkNumbers, Optimizer, zerosFor, type FullGroup, type Params } from './optimizer.js';

/** Options of {@link Adadelta}. */
export interface AdadeltaOptions {
  /** What each step is multiplied by. Default 1. */
  lr: number;
  /** How slowly the averages of squares move, from 0 to 1. Default 0.9. */
  rho: number;
  /** Added to both averages. Default 1e-6. */
  eps: number;
  /** L2 penalty, added to the gradient. Default 0. */
  weightDecay: number;
  /** Go up instead of down. Default false. */
  maximize: boolean;
}

/** @inline */
export interface AdadeltaState {
  step: number;
  squareAvg: Tensor;
  accDelta: Tensor;
}

type Positional = [lr: number, rho: number, eps: number, weightDecay: number];

/**
 * Steps as large as the latest steps, by the size of the latest gradients (Zeiler, 2012).
 * @see https://pytorch.org/docs/stable/generated/torch.optim.Adadelta.html
 */
export class Adadelta extends Optimizer<AdadeltaOptions, AdadeltaState> {
  constructor(params: Params<AdadeltaOptions>, ...rest: Rest<Positional, Partial<AdadeltaOptions>>) {
    const names = ['lr', 'rho', 'eps', 'weightDecay'] as const;
    const options = readArgs<AdadeltaOptions>('Adadelta', rest, names, ['maximize']);
    const defaults = { lr: 1, rho: 0.9, eps: 1e-6, weightDecay: 0, maximize: false };
    super('Adadelta', params, options, defaults, (group) => {
      checkNumbers('Adadelta', group, 'lr', 'eps', 'weightDecay');
      checkNumber('Adadelta', 'rho', group.rho, 0, 1 + Number.EPSILON);
      checkBoolean('Adadelta', 'maximize', group.maximize);
    });
  }

  protected initialState(param: Tensor): AdadeltaState {
    return { step: 0, squareAvg: zerosFor(param), accDelta: zerosFor(param) };
  }

  protected descend(
    param: Tensor,
    grad: Tensor,
    group: FullGroup<AdadeltaOptions>,
    state: AdadeltaState,
  ): void {
    const { lr, rho, eps, weightDecay, maximize } = group;
    state.step++;
    const params = { maximize, weightDecay, shrink: 0, coefficients: [rho, 1 - rho, eps, lr] };
    backend.descend('adadelta', param, grad, [state.squareAvg, state.accDelta], params);
  }
}
