import { backend } from '../backend/select.js';
import { checkBoolean } from '../errors.js';
import { readArgs, type Rest } from '../ops/arguments.js';
import type { Tensor } from '../tensor.js';
import { checkBetas, checkNumbers, Optimizer, zerosFor, type FullGroup, type Params } from './optimizer.js';

/** Options of {@link RAdam}. */
export interface RAdamOptions {
  /** Learning rate. Default 0.001. */
  lr: number;
  /** How slowly the averages of gradient and squared gradient move. Default [0.9, 0.999]. */
  betas: readonly [number, number];
  /** Added to the denominator. Default 1e-8. */
  eps: number;
  /** L2 penalty, added to the gradient; or the share of the weights that a step takes, times `lr`. Default 0. */
  weightDecay: number;
  /** Whether weight decay shrinks the weights themselves, as in `AdamW`. Default false. */
  decoupledWeightDecay: boolean;
  /** Go up instead of down. Default false. */
  maximize: boolean;
}

/** @inline */
export interface RAdamState {
  step: number;
  expAvg: Tensor;
  expAvgSq: Tensor;
}

type Positional = [
  lr: number,
  betas: readonly [number, number],
  eps: number,
  weightDecay: number,
  decoupledWeightDecay: boolean,
];

/**
 * Adam whose first steps, when the squares are not yet known well, do without them (Liu et al., 2020).
 * @see https://pytorch.org/docs/stable/generated/torch.optim.RAdam.html
 */
export class RAdam extends Optimizer<RAdamOptions, RAdamState> {
  constructor(params: Params<RAdamOptions>, ...rest: Rest<Positional, Partial<RAdamOptions>>) {
    const names = ['lr', 'betas', 'eps', 'weightDecay', 'decoupledWeightDecay'] as const;
    const options = readArgs<RAdamOptions>('RAdam', rest, names, ['maximize']);
    const defaults = {
      lr: 1e-3,
      betas: [0.9, 0.999] as const,
      eps: 1e-8,
      weightDecay: 0,
      decoupledWeightDecay: false,
      maximize: false,
    };
    super('RAdam', params, options, defaults, (group) => {
      checkNumbers('RAdam', group, 'lr', 'eps', 'weightDecay');
      checkBetas('RAdam', group.betas);
      checkBoolean('RAdam', 'decoupledWeightDecay', group.decoupledWeightDecay);
      checkBoolean('RAdam', 'maximize', group.maximize);
    });
  }

  protected initialState(param: Tensor): RAdamState {
    return { step: 0, expAvg: zerosFor(param), expAvgSq: zerosFor(param) };
  }

  protected descend(param: Tensor, grad: Tensor, group: FullGroup<RAdamOptions>, state: RAdamState): void {
    const { lr, eps, weightDecay, decoupledWeightDecay, maximize } = group;
    const [beta1, beta2] = group.betas;
    const step = ++state.step;
    const plain = lr / (1 - beta1 ** step);
    const scale = rectification(beta2, step) * Math.sqrt(1 - beta2 ** step);
    const isRectified = scale > 0;
    backend.descend('radam', param, grad, [state.expAvg, state.expAvgSq], {
      maximize,
      weightDecay: decoupledWeightDecay ? 0 : weightDecay,
      shrink: decoupledWeightDecay ? lr * weightDecay : 0,
      coefficients: [1 - beta1, beta2, 1 - beta2, eps, isRectified ? 0 : plain, plain * scale],
    });
  }
}

/** How far the average of the squares is to be trusted after so many steps; 0 when not at all. */
function rectification(beta2: number, step: number): number {
  const most = 2 / (1 - beta2) - 1;
  const length = most - (2 * step * beta2 ** step) / (1 - beta2 ** step);
  if (length <= 5) return 0;
  return Math.sqrt(((length - 4) * (length - 2) * most) / ((most - 4) * (most - 2) * length));
}
