import { backend } from '../backend/select.js';
import { checkBoolean, rangeError } from '../errors.js';
import { readArgs, type Rest } from '../ops/arguments.js';
import type { Tensor } from '../tensor.js';
import { checkNumber, Optimizer, zerosFor, type FullGroup, type Params } from './optimizer.js';

/** Options of {@link SGD}. */
export interface SGDOptions {
  /** Learning rate. Default 0.001. */
  lr: number;
  /** How much of the last step is kept. Default 0. */
  momentum: number;
  /** How much of the new gradient is left out of the momentum. Default 0. */
  dampening: number;
  /** L2 penalty, added to the gradient. Default 0. */
  weightDecay: number;
  /** Nesterov's momentum: look ahead before the step. Default false. */
  nesterov: boolean;
  /** Go up instead of down. Default false. */
  maximize: boolean;
}

/** @inline */
export interface SGDState {
  /** What is kept of the last steps; null before there is any. */
  momentumBuffer: Tensor | null;
}

type Positional = [lr: number, momentum: number, dampening: number, weightDecay: number, nesterov: boolean];

/**
 * Stochastic gradient descent, with momentum (also Nesterov's), fused: one pass over each parameter a step.
 * @see https://pytorch.org/docs/stable/generated/torch.optim.SGD.html
 */
export class SGD extends Optimizer<SGDOptions, SGDState> {
  constructor(params: Params<SGDOptions>, ...rest: Rest<Positional, Partial<SGDOptions>>) {
    const names = ['lr', 'momentum', 'dampening', 'weightDecay', 'nesterov'] as const;
    const options = readArgs<SGDOptions>('SGD', rest, names, ['maximize']);
    const defaults = {
      lr: 1e-3,
      momentum: 0,
      dampening: 0,
      weightDecay: 0,
      nesterov: false,
      maximize: false,
    };
    super('SGD', params, options, defaults, (group) => {
      checkNumber('SGD', 'lr', group.lr);
      checkNumber('SGD', 'momentum', group.momentum);
      checkNumber('SGD', 'weightDecay', group.weightDecay);
      checkNumber('SGD', 'dampening', group.dampening, -Infinity);
      checkBoolean('SGD', 'nesterov', group.nesterov);
      checkBoolean('SGD', 'maximize', group.maximize);
      if (group.nesterov && (group.momentum <= 0 || group.dampening !== 0))
        rangeError('SGD', 'nesterov: expected a momentum above 0 and no dampening');
    });
  }

  protected initialState(): SGDState {
    return { momentumBuffer: null };
  }

  protected descend(param: Tensor, grad: Tensor, group: FullGroup<SGDOptions>, state: SGDState): void {
    const first = state.momentumBuffer === null;
    if (group.momentum !== 0) state.momentumBuffer ??= zerosFor(param);
    backend.sgd(param, grad, group.momentum === 0 ? null : state.momentumBuffer, { ...group, first });
  }
}
