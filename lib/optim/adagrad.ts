import { backend } from '../backend/select.js';
import { checkBoolean } from '../errors.js';
import { readArgs, type Rest } from '../ops/arguments.js';
import type { Tensor } from '../tensor.js';
import { checkNumbers, filledFor, Optimizer, type FullGroup, type Params } from './optimizer.js';

/** Options of {@link Adagrad}. */
export interface AdagradOptions {
  /** Learning rate. Default 0.01. */
  lr: number;
  /** How fast the learning rate falls with the number of steps. Default 0. */
  lrDecay: number;
  /** L2 penalty, added to the gradient. Default 0. */
  weightDecay: number;
  /** What the sum of squares begins with. Default 0. */
  initialAccumulatorValue: number;
  /** Added to the denominator. Default 1e-10. */
  eps: number;
  /** Go up instead of down. Default false. */
  maximize: boolean;
}

/** @inline */
export interface AdagradState {
  step: number;
  sum: Tensor;
}

type Positional = [
  lr: number,
  lrDecay: number,
  weightDecay: number,
  initialAccumulatorValue: number,
  eps: number,
];

/**
 * Steps divided by the size of all gradients so far (Duchi et al., 2011).
 * @see https://pytorch.org/docs/stable/generated/torch.optim.Adagrad.html
 */
export class Adagrad extends Optimizer<AdagradOptions, AdagradState> {
  constructor(params: Params<AdagradOptions>, ...rest: Rest<Positional, Partial<AdagradOptions>>) {
    const names = ['lr', 'lrDecay', 'weightDecay', 'initialAccumulatorValue', 'eps'] as const;
    const options = readArgs<AdagradOptions>('Adagrad', rest, names, ['maximize']);
    const defaults = {
      lr: 0.01,
      lrDecay: 0,
      weightDecay: 0,
      initialAccumulatorValue: 0,
      eps: 1e-10,
      maximize: false,
    };
    super('Adagrad', params, options, defaults, (group) => {
      checkNumbers('Adagrad', group, 'lr', 'lrDecay', 'weightDecay', 'initialAccumulatorValue', 'eps');
      checkBoolean('Adagrad', 'maximize', group.maximize);
    });
  }

  protected initialState(param: Tensor, group: FullGroup<AdagradOptions>): AdagradState {
    return { step: 0, sum: filledFor(param, group.initialAccumulatorValue) };
  }

  protected descend(
    param: Tensor,
    grad: Tensor,
    group: FullGroup<AdagradOptions>,
    state: AdagradState,
  ): void {
    const { lr, lrDecay, weightDecay, eps, maximize } = group;
    const rate = lr / (1 + state.step++ * lrDecay);
    const params = { maximize, weightDecay, shrink: 0, coefficients: [eps, rate] };
    backend.descend('adagrad', param, grad, [state.sum], params);
  }
}
