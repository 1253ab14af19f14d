import { backend } from '../backend/select.js';
import { checkBoolean } from '../errors.js';
import { readArgs, type Rest } from '../ops/arguments.js';
import type { Tensor } from '../tensor.js';
import { checkBetas, checkNumbers, Optimizer, zerosFor, type FullGroup, type Params } from './optimizer.js';

/** Options of {@link Lion}. */
export interface LionOptions {
  /** Learning rate: how far each weight moves in a step. Default 0.0001. */
  lr: number;
  /** How much of the average there is in the step, and how slowly it moves. Default [0.9, 0.99]. */
  betas: readonly [number, number];
  /** The share of the weights that a step takes, times `lr`. Default 0. */
  weightDecay: number;
  /** Go up instead of down. Default false. */
  maximize: boolean;
}

/** @inline */
export interface LionState {
  expAvg: Tensor;
}

type Positional = [lr: number, betas: readonly [number, number], weightDecay: number];

/**
 * The sign of an average of gradients (Chen et al., 2023): half the state of Adam. Learning rates are three to ten times
 * smaller than Adam's, and weight decay as much larger.
 * @see https://arxiv.org/abs/2302.06675
 */
export class Lion extends Optimizer<LionOptions, LionState> {
  constructor(params: Params<LionOptions>, ...rest: Rest<Positional, Partial<LionOptions>>) {
    const options = readArgs<LionOptions>('Lion', rest, ['lr', 'betas', 'weightDecay'], ['maximize']);
    const defaults = { lr: 1e-4, betas: [0.9, 0.99] as const, weightDecay: 0, maximize: false };
    super('Lion', params, options, defaults, (group) => {
      checkNumbers('Lion', group, 'lr', 'weightDecay');
      checkBetas('Lion', group.betas);
      checkBoolean('Lion', 'maximize', group.maximize);
    });
  }

  protected initialState(param: Tensor): LionState {
    return { expAvg: zerosFor(param) };
  }

  protected descend(param: Tensor, grad: Tensor, group: FullGroup<LionOptions>, state: LionState): void {
    const { lr, betas, weightDecay, maximize } = group;
    const params = { maximize, weightDecay: 0, shrink: lr * weightDecay, coefficients: [...betas, lr] };
    backend.descend('lion', param, grad, [state.expAvg], params);
  }
}
