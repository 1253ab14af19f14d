import { backend } from '../backend/select.js';
import { checkBoolean, describe, rangeError, typeError } from '../errors.js';
import { readArgs, type Rest } from '../ops/arguments.js';
import type { Tensor } from '../tensor.js';
import {
  checkNumber,
  checkNumbers,
  filledFor,
  Optimizer,
  zerosFor,
  type FullGroup,
  type Params,
} from './optimizer.js';

/** Options of {@link Rprop}. */
export interface RpropOptions {
  /** The size of the first step. Default 0.01. */
  lr: number;
  /** What the size of a step is multiplied by when the gradient turns, and when it does not. Default [0.5, 1.2]. */
  etas: readonly [number, number];
  /** The smallest and the largest size of a step. Default [1e-6, 50]. */
  stepSizes: readonly [number, number];
  /** Go up instead of down. Default false. */
  maximize: boolean;
}

/** @inline */
export interface RpropState {
  step: number;
  prev: Tensor;
  stepSize: Tensor;
}

/** @inline */
type Pair = readonly [number, number];

/**
 * Resilient backpropagation (Riedmiller & Braun, 1993): each weight has its own size of step, which only the signs of its
 * gradients change. For full batches.
 * @see https://pytorch.org/docs/stable/generated/torch.optim.Rprop.html
 */
export class Rprop extends Optimizer<RpropOptions, RpropState> {
  constructor(
    params: Params<RpropOptions>,
    ...rest: Rest<[lr: number, etas: Pair, stepSizes: Pair], Partial<RpropOptions>>
  ) {
    const options = readArgs<RpropOptions>('Rprop', rest, ['lr', 'etas', 'stepSizes'], ['maximize']);
    const defaults = {
      lr: 0.01,
      etas: [0.5, 1.2] as const,
      stepSizes: [1e-6, 50] as const,
      maximize: false,
    };
    super('Rprop', params, options, defaults, (group) => {
      checkNumbers('Rprop', group, 'lr');
      checkPair('etas', group.etas);
      checkPair('stepSizes', group.stepSizes);
      const [minus, plus] = group.etas;
      if (!(minus > 0 && minus < 1 && plus > 1))
        rangeError('Rprop', `etas: expected one between 0 and 1 and one above 1, got ${minus} and ${plus}`);
      checkBoolean('Rprop', 'maximize', group.maximize);
    });
  }

  protected initialState(param: Tensor, { lr }: FullGroup<RpropOptions>): RpropState {
    return { step: 0, prev: zerosFor(param), stepSize: filledFor(param, lr) };
  }

  protected descend(param: Tensor, grad: Tensor, group: FullGroup<RpropOptions>, state: RpropState): void {
    const { etas, stepSizes, maximize } = group;
    state.step++;
    const params = { maximize, weightDecay: 0, shrink: 0, coefficients: [...etas, ...stepSizes] };
    backend.descend('rprop', param, grad, [state.prev, state.stepSize], params);
  }
}

function checkPair(name: string, pair: unknown): void {
  if (!Array.isArray(pair) || pair.length !== 2)
    typeError('Rprop', `${name}: expected two numbers, got ${describe(pair)}`);
  checkNumber('Rprop', `${name}[0]`, pair[0]);
  checkNumber('Rprop', `${name}[1]`, pair[1]);
}
