import { checkBoolean, describe, typeError } from '../errors.js';
import { backend } from '../backend/select.js';
import { noGrad } from '../grad-mode.js';
import { contiguous } from '../ops/broadcast.js';
import { persistent } from '../ops/create.js';
import { fromHost, unrecorded } from '../recording.js';
import type { Tensor } from '../tensor.js';
import { checkGrad, checkNumber, Optimizer, type ParamGroup } from './optimizer.js';

export interface AdamOptions {
  /** Learning rate. Default 0.001. */
  lr: number;
  /** How slowly the averages of gradient and squared gradient move. Default [0.9, 0.999]. */
  betas: readonly [number, number];
  /** Added to the denominator. Default 1e-8. */
  eps: number;
  /** L2 penalty, added to the gradient. Default 0. */
  weightDecay: number;
  /** Go up instead of down. Default false. */
  maximize: boolean;
}

interface AdamState {
  step: number;
  readonly m: Tensor;
  readonly v: Tensor;
}

/**
 * Adam (Kingma & Ba, 2015), fused: one pass over each parameter a step.
 * @see https://pytorch.org/docs/stable/generated/torch.optim.Adam.html
 */
export class Adam extends Optimizer<AdamOptions> {
  readonly #state = new Map<Tensor, AdamState>();

  constructor(
    params: Iterable<Tensor> | Iterable<ParamGroup<AdamOptions>>,
    options: Partial<AdamOptions> = {},
  ) {
    const defaults = { lr: 1e-3, betas: [0.9, 0.999] as const, eps: 1e-8, weightDecay: 0, maximize: false };
    super('Adam', params, options, defaults, (group) => {
      checkNumber('Adam', 'lr', group.lr);
      if (!Array.isArray(group.betas) || group.betas.length !== 2)
        typeError('Adam', `betas: expected two numbers, got ${describe(group.betas)}`);
      checkNumber('Adam', 'betas[0]', group.betas[0], 0, 1);
      checkNumber('Adam', 'betas[1]', group.betas[1], 0, 1);
      checkNumber('Adam', 'eps', group.eps);
      checkNumber('Adam', 'weightDecay', group.weightDecay);
      checkBoolean('Adam', 'maximize', group.maximize);
    });
  }

  step(): void {
    fromHost(this.checkGroups);
    for (const group of this.paramGroups) {
      for (const param of group.params) {
        if (param.grad === null) continue;
        const grad = checkGrad('Adam', param, param.grad);
        let state = this.#state.get(param);
        if (state === undefined) {
          const zeros = (): Tensor => unrecorded(() => persistent(param.shape, param.dtype));
          state = { step: 0, m: zeros(), v: zeros() };
          this.#state.set(param, state);
        }
        const { m, v } = state;
        const dense = noGrad(() => contiguous(grad));
        const move = (): void => {
          const { lr, betas, eps, weightDecay, maximize } = group;
          const step = ++state.step;
          const scalars = { lr, beta1: betas[0], beta2: betas[1], eps, weightDecay, step, maximize };
          backend.adam(param, dense, m, v, scalars);
        };
        fromHost(move, () => state.step--);
        param.storage.version++;
      }
    }
  }
}
