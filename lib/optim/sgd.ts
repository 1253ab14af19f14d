import { backend } from '../backend/select.js';
import { checkBoolean, rangeError } from '../errors.js';
import { noGrad } from '../grad-mode.js';
import { contiguous } from '../ops/broadcast.js';
import { persistent } from '../ops/create.js';
import { fromHost, unrecorded } from '../recording.js';
import type { Tensor } from '../tensor.js';
import { checkGrad, checkNumber, Optimizer, type ParamGroup } from './optimizer.js';

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

interface SGDState {
  readonly buffer: Tensor;
  /** Whether nothing is in the buffer yet. */
  first: boolean;
}

/**
 * Stochastic gradient descent, with momentum (also Nesterov's), fused.
 * @see https://pytorch.org/docs/stable/generated/torch.optim.SGD.html
 */
export class SGD extends Optimizer<SGDOptions> {
  readonly #state = new Map<Tensor, SGDState>();

  constructor(
    params: Iterable<Tensor> | Iterable<ParamGroup<SGDOptions>>,
    options: Partial<SGDOptions> = {},
  ) {
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

  step(): void {
    fromHost(this.checkGroups);
    for (const group of this.paramGroups) {
      for (const param of group.params) {
        if (param.grad === null) continue;
        const grad = checkGrad('SGD', param, param.grad);
        const dense = noGrad(() => contiguous(grad));
        fromHost(() => {
          const state = group.momentum === 0 ? null : this.#stateOf(param);
          backend.sgd(param, dense, state?.buffer ?? null, { ...group, first: state?.first ?? true });
          if (state !== null) state.first = false;
        });
        param.storage.version++;
      }
    }
  }

  #stateOf(param: Tensor): SGDState {
    let state = this.#state.get(param);
    if (state === undefined) {
      state = { buffer: unrecorded(() => persistent(param.shape, param.dtype)), first: true };
      this.#state.set(param, state);
    }
    return state;
  }
}
