import { backend } from '../backend/select.js';
import { checkBoolean } from '../errors.js';
import { readArgs, type Rest } from '../ops/arguments.js';
import type { Tensor } from '../tensor.js';
import { checkBetas, checkNumbers, Optimizer, zerosFor, type FullGroup, type Params } from './optimizer.js';

/** Options of {@link Adamax}. */
export interface AdamaxOptions {
  /** Learning rate. Default 0.002. */
  lr: number;
  /** How slowly the average of the gradient and its largest size move. Default [0.9, 0.999]. */
  betas: readonly [number, number];
  /** Added to the size of each gradient. Default 1e-8. */
  eps: number;
  /** L2 penalty, added to the gradient. Default 0. */
  weightDecay: number;
  /** Go up instead of down. Default false. */
  maximize: boolean;
}

/** @inline */
export interface AdamaxState {
  step: number;
  expAvg: Tensor;
  expInf: Tensor;
}

type Positional = [lr: number, betas: readonly [number, number], eps: number, weightDecay: number];

/**
 * Adam with the infinity norm (Kingma & Ba, 2015): steps are divided by the largest gradient, which fades.
 * @see https://pytorch.org/docs/stable/generated/torch.optim.Adamax.html
 */
export class Adamax extends Optimizer<AdamaxOptions, AdamaxState> {
  constructor(params: Params<AdamaxOptions>, ...rest: Rest<Positional, Partial<AdamaxOptions>>) {
    const names = ['lr', 'betas', 'eps', 'weightDecay'] as const;
    const options = readArgs<AdamaxOptions>('Adamax', rest, names, ['maximize']);
    const defaults = { lr: 2e-3, betas: [0.9, 0.999] as const, eps: 1e-8, weightDecay: 0, maximize: false };
    super('Adamax', params, options, defaults, (group) => {
      checkNumbers('Adamax', group, 'lr', 'eps', 'weightDecay');
      checkBetas('Adamax', group.betas);
      checkBoolean('Adamax', 'maximize', group.maximize);
    });
  }

  protected initialState(param: Tensor): AdamaxState {
    return { step: 0, expAvg: zerosFor(param), expInf: zerosFor(param) };
  }

  protected descend(param: Tensor, grad: Tensor, group: FullGroup<AdamaxOptions>, state: AdamaxState): void {
    const { lr, eps, weightDecay, maximize } = group;
    const [beta1, beta2] = group.betas;
    const step = ++state.step;
    const coefficients = [1 - beta1, beta2, eps, lr / (1 - beta1 ** step)];
    const params = { maximize, weightDecay, shrink: 0, coefficients };
    backend.descend('adamax', param, grad, [state.expAvg, state.expInf], params);
  }
}
