import { backend } from '../backend/select.js';
import { checkBoolean } from '../errors.js';
import { readArgs, type Rest } from '../ops/arguments.js';
import type { Tensor } from '../tensor.js';
import { checkBetas, checkNumbers, Optimizer, zerosFor, type FullGroup, type Params } from './optimizer.js';

/** Options of {@link NAdam}. */
export interface NAdamOptions {
  /** Learning rate. Default 0.002. */
  lr: number;
  /** How slowly the averages of gradient and squared gradient move. Default [0.9, 0.999]. */
  betas: readonly [number, number];
  /** Added to the denominator. Default 1e-8. */
  eps: number;
  /** L2 penalty, added to the gradient; or the share of the weights that a step takes, times `lr`. Default 0. */
  weightDecay: number;
  /** How fast the momentum grows. Default 0.004. */
  momentumDecay: number;
  /** Whether weight decay shrinks the weights themselves, as in `AdamW`. Default false. */
  decoupledWeightDecay: boolean;
  /** Go up instead of down. Default false. */
  maximize: boolean;
}

/** @inline */
export interface NAdamState {
  step: number;
  /** The product of the momenta of all steps. */
  muProduct: number;
  expAvg: Tensor;
  expAvgSq: Tensor;
}

type Positional = [
  lr: number,
  betas: readonly [number, number],
  eps: number,
  weightDecay: number,
  momentumDecay: number,
  decoupledWeightDecay: boolean,
];

/**
 * Adam with Nesterov's momentum (Dozat, 2016). The momentum of the next step enters its bias correction as in PyTorch
 * 1.13, with the product of the momenta times this step's, which is in the product already.
 * @see https://pytorch.org/docs/1.13/generated/torch.optim.NAdam.html
 */
export class NAdam extends Optimizer<NAdamOptions, NAdamState> {
  constructor(params: Params<NAdamOptions>, ...rest: Rest<Positional, Partial<NAdamOptions>>) {
    const names = ['lr', 'betas', 'eps', 'weightDecay', 'momentumDecay', 'decoupledWeightDecay'] as const;
    const options = readArgs<NAdamOptions>('NAdam', rest, names, ['maximize']);
    const defaults = {
      lr: 2e-3,
      betas: [0.9, 0.999] as const,
      eps: 1e-8,
      weightDecay: 0,
      momentumDecay: 4e-3,
      decoupledWeightDecay: false,
      maximize: false,
    };
    super('NAdam', params, options, defaults, (group) => {
      checkNumbers('NAdam', group, 'lr', 'eps', 'weightDecay', 'momentumDecay');
      checkBetas('NAdam', group.betas);
      checkBoolean('NAdam', 'decoupledWeightDecay', group.decoupledWeightDecay);
      checkBoolean('NAdam', 'maximize', group.maximize);
    });
  }

  protected initialState(param: Tensor): NAdamState {
    return { step: 0, muProduct: 1, expAvg: zerosFor(param), expAvgSq: zerosFor(param) };
  }

  protected descend(param: Tensor, grad: Tensor, group: FullGroup<NAdamOptions>, state: NAdamState): void {
    const { lr, eps, weightDecay, momentumDecay, decoupledWeightDecay, maximize } = group;
    const [beta1, beta2] = group.betas;
    const step = ++state.step;
    const momentum = (t: number): number => beta1 * (1 - 0.5 * 0.96 ** (t * momentumDecay));
    const [mu, next] = [momentum(step), momentum(step + 1)];
    state.muProduct *= mu;
    const coefficients = [
      1 - beta1,
      beta2,
      1 - beta2,
      1 / (1 - beta2 ** step),
      eps,
      (lr * (1 - mu)) / (1 - state.muProduct),
      (lr * next) / (1 - state.muProduct * mu * next),
    ];
    backend.descend('nadam', param, grad, [state.expAvg, state.expAvgSq], {
      maximize,
      weightDecay: decoupledWeightDecay ? 0 : weightDecay,
      shrink: decoupledWeightDecay ? lr * weightDecay : 0,
      coefficients,
    });
  }
}
