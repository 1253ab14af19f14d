import { describe, rangeError, shapeError, typeError } from '../errors.js';
import { enableGrad, noGrad } from '../grad-mode.js';
import { checkInteger, checkOneOf, readArgs, type Rest } from '../ops/arguments.js';
import { clone, reshape, sum } from '../ops/broadcast.js';
import { zeros } from '../ops/create.js';
import { add_, copy_ } from '../ops/inplace.js';
import { matmul } from '../ops/matmul.js';
import { abs, mul, neg, sub } from '../ops/pointwise.js';
import { amax } from '../ops/reduce.js';
import { cat, narrow } from '../ops/shape.js';
import { keep } from '../scope.js';
import { Tensor } from '../tensor.js';
import { checkGrad, checkNumbers, Optimizer, type Params } from './optimizer.js';
import type { StateValue } from './state-dict.js';
import { strongWolfe } from './strong-wolfe.js';

/** Options of {@link LBFGS}. */
export interface LBFGSOptions {
  /** Learning rate: the length of a step, the first that is tried by a line search. Default 1. */
  lr: number;
  /** Steps in a call of `step`. Default 20. */
  maxIter: number;
  /** Calls of the closure in a call of `step`; null is 1.25 times `maxIter`. Default null. */
  maxEval: number | null;
  /** Stop when no element of the gradient is larger. Default 1e-7. */
  toleranceGrad: number;
  /** Stop when neither loss nor parameters change by more. Default 1e-9. */
  toleranceChange: number;
  /** How many steps are remembered. Default 100. */
  historySize: number;
  /** How the length of a step is found: 'strong_wolfe', or null for always `lr`. Default null. */
  lineSearchFn: 'strong_wolfe' | null;
}

/**
 * What is remembered, under the first parameter: of all parameters, one after the other.
 * @inline
 */
export interface LBFGSState {
  funcEvals: number;
  nIter: number;
  /** The last direction, and how far along it the last step went. */
  d: Tensor | null;
  t: number | null;
  /** Changes of the gradient and of the parameters, and one over their product, oldest first. */
  oldDirs: Tensor[];
  oldStps: Tensor[];
  ro: number[];
  hDiag: number;
  prevFlatGrad: Tensor | null;
  prevLoss: number | null;
}

type Positional = [
  lr: number,
  maxIter: number,
  maxEval: number | null,
  toleranceGrad: number,
  toleranceChange: number,
  historySize: number,
  lineSearchFn: 'strong_wolfe' | null,
];

/**
 * L-BFGS, after minFunc: Newton's method with a curvature that is known from the latest steps. It calls the closure several
 * times a step, reads losses and gradients to decide, and therefore does not run inside a compiled step.
 *
 * ```ts
 * optimizer.step(() => {
 *   optimizer.zeroGrad();
 *   const loss = mseLoss(model.forward(x), y);
 *   loss.backward();
 *   return loss;
 * });
 * ```
 *
 * There is one group of parameters. Those without a gradient count as if it were 0.
 * @see https://pytorch.org/docs/stable/generated/torch.optim.LBFGS.html
 */
export class LBFGS extends Optimizer<LBFGSOptions, LBFGSState> {
  constructor(params: Params<LBFGSOptions>, ...rest: Rest<Positional, Partial<LBFGSOptions>>) {
    const options = readArgs<LBFGSOptions>('LBFGS', rest, [
      'lr',
      'maxIter',
      'maxEval',
      'toleranceGrad',
      'toleranceChange',
      'historySize',
      'lineSearchFn',
    ]);
    const defaults = {
      lr: 1,
      maxIter: 20,
      maxEval: null,
      toleranceGrad: 1e-7,
      toleranceChange: 1e-9,
      historySize: 100,
      lineSearchFn: null,
    };
    super('LBFGS', params, options, defaults, check);
    this.#checkOne();
  }

  /** Needs a closure. */
  override step(): never;
  /**
   * Moves the parameters, up to `maxIter` times.
   * @param closure drops the gradients, computes the loss and calls `backward`
   * @returns the loss before the first move
   */
  override step<Loss>(closure: () => Loss): Loss;
  override step<Loss>(closure?: () => Loss): Loss {
    if (typeof closure !== 'function')
      typeError('LBFGS', `step: expected a closure that computes the loss, got ${describe(closure)}`);
    this.begin();
    this.#checkOne();
    return noGrad(() => this.#step(() => enableGrad(closure)));
  }

  #checkOne(): void {
    if (this.paramGroups.length !== 1)
      rangeError('LBFGS', `params: expected one group of parameters, got ${this.paramGroups.length}`);
  }

  #step<Loss>(closure: () => Loss): Loss {
    const [group] = this.paramGroups;
    const { lr, maxIter, toleranceGrad, toleranceChange, lineSearchFn } = group;
    const maxEval = group.maxEval ?? Math.floor((maxIter * 5) / 4);
    const state = this.stateOf(group.params[0], group);

    const firstLoss = closure();
    let loss = lossOf(firstLoss);
    let evals = 1;
    state.funcEvals++;
    let grad = this.#flatGrad();
    if (largest(grad) <= toleranceGrad) return firstLoss;

    for (let i = 1; i <= maxIter; i++) {
      state.nIter++;
      const direction = this.#direction(state, grad, group.historySize);
      state.d = keep(direction);
      state.prevFlatGrad = keep(grad);
      state.prevLoss = loss;

      let length = state.nIter === 1 ? Math.min(1, 1 / sum(abs(grad)).item()) * lr : lr;
      state.t = length;
      const slope = dot(grad, direction);
      if (slope > -toleranceChange) break;

      let used = 0;
      const before = loss;
      if (lineSearchFn !== null) {
        const start = group.params.map((param) => clone(param));
        const evaluate = (t: number) => {
          this.#moveBy(direction, t);
          const found = lossOf(closure());
          const flat = this.#flatGrad();
          group.params.forEach((param, k) => copy_(param, start[k]));
          return { t, loss: found, grad: flat, slope: dot(flat, direction) };
        };
        const origin = { t: 0, loss, grad, slope };
        const found = strongWolfe(evaluate, origin, length, largest(direction), toleranceChange);
        ({ loss, grad, t: length } = found.point);
        used = found.evals;
        this.#moveBy(direction, length);
      } else {
        this.#moveBy(direction, length);
        if (i !== maxIter) {
          loss = lossOf(closure());
          grad = this.#flatGrad();
          used = 1;
        }
      }
      state.t = length;
      evals += used;
      state.funcEvals += used;
      if (evals >= maxEval || largest(grad) <= toleranceGrad) break;
      if (largest(mul(direction, length)) <= toleranceChange) break;
      if (Math.abs(loss - before) < toleranceChange) break;
    }
    return firstLoss;
  }

  /** Minus the gradient, by the inverse of the curvature that the latest steps have shown. */
  #direction(state: LBFGSState, grad: Tensor, historySize: number): Tensor {
    const { oldDirs, oldStps, ro } = state;
    if (state.prevFlatGrad === null || state.d === null || state.t === null) {
      oldDirs.length = oldStps.length = ro.length = 0;
      state.hDiag = 1;
      return neg(grad);
    }
    const y = sub(grad, state.prevFlatGrad);
    const s = mul(state.d, state.t);
    const ys = dot(y, s);
    if (ys > 1e-10) {
      if (oldDirs.length >= historySize) for (const list of [oldDirs, oldStps, ro]) list.shift();
      oldDirs.push(keep(y));
      oldStps.push(keep(s));
      ro.push(1 / ys);
      state.hDiag = ys / dot(y, y);
    }
    const q = neg(grad);
    const al = new Array<number>(oldDirs.length);
    for (let i = oldDirs.length - 1; i >= 0; i--) {
      al[i] = dot(oldStps[i], q) * ro[i];
      add_(q, mul(oldDirs[i], -al[i]));
    }
    const direction = mul(q, state.hDiag);
    for (let i = 0; i < oldDirs.length; i++) {
      const be = dot(oldDirs[i], direction) * ro[i];
      add_(direction, mul(oldStps[i], al[i] - be));
    }
    return direction;
  }

  /** The gradients of all parameters, one after the other, in memory of their own. */
  #flatGrad(): Tensor {
    const flat = this.paramGroups[0].params.map((param) =>
      param.grad === null
        ? zeros([param.size], { dtype: param.dtype })
        : reshape(checkGrad('LBFGS', param, param.grad), [param.size]),
    );
    return flat.length === 1 ? clone(flat[0]) : cat(flat, 0);
  }

  /** Moves the parameters along a direction. */
  #moveBy(direction: Tensor, length: number): void {
    let at = 0;
    for (const param of this.paramGroups[0].params) {
      add_(param, mul(reshape(narrow(direction, 0, at, param.size), param.shape), length));
      at += param.size;
    }
  }

  protected initialState(): LBFGSState {
    return {
      funcEvals: 0,
      nIter: 0,
      d: null,
      t: null,
      oldDirs: [],
      oldStps: [],
      ro: [],
      hDiag: 1,
      prevFlatGrad: null,
      prevLoss: null,
    };
  }

  /** Never: `step` moves all parameters at once. */
  protected descend(): void {
    this.#checkOne();
  }

  protected override readState(name: string, value: unknown, where: string): StateValue {
    const size = this.paramGroups[0].params.reduce((all, param) => all + param.size, 0);
    const tensor = (item: unknown): Tensor => {
      if (!(item instanceof Tensor))
        typeError('LBFGS', `loadStateDict: ${where}: expected a tensor, got ${describe(item)}`);
      if (item.ndim !== 1 || item.size !== size)
        shapeError('LBFGS', `loadStateDict: ${where}: expected ${size} elements, got ${item.size}`);
      return keep(noGrad(() => clone(item)));
    };
    const number = (item: unknown): number => {
      if (item instanceof Tensor && item.size === 1) return item.item();
      if (typeof item !== 'number')
        typeError('LBFGS', `loadStateDict: ${where}: expected a number, got ${describe(item)}`);
      return item;
    };
    if (name === 'oldDirs' || name === 'oldStps' || name === 'ro') {
      if (!Array.isArray(value))
        typeError('LBFGS', `loadStateDict: ${where}: expected an array, got ${describe(value)}`);
      return name === 'ro' ? value.map(number) : value.map(tensor);
    }
    if (value === null && name !== 'funcEvals' && name !== 'nIter' && name !== 'hDiag') return null;
    return name === 'd' || name === 'prevFlatGrad' ? tensor(value) : number(value);
  }
}

const dot = (a: Tensor, b: Tensor): number => matmul(a, b).item();

/** The size of the largest element. */
const largest = (x: Tensor): number => (x.size === 0 ? 0 : amax(abs(x)).item());

function lossOf(loss: unknown): number {
  const value = loss instanceof Tensor && loss.size === 1 ? loss.item() : loss;
  if (typeof value !== 'number')
    typeError('LBFGS', `step: expected a closure that returns the loss, got ${describe(loss)} from it`);
  return value;
}

function check(group: LBFGSOptions): void {
  checkNumbers('LBFGS', group, 'lr', 'toleranceGrad', 'toleranceChange');
  checkInteger('LBFGS', 'maxIter', group.maxIter, 1);
  if (group.maxEval !== null) checkInteger('LBFGS', 'maxEval', group.maxEval, 1);
  checkInteger('LBFGS', 'historySize', group.historySize, 1);
  if (group.lineSearchFn !== null) checkOneOf('LBFGS', 'lineSearchFn', group.lineSearchFn, ['strong_wolfe']);
}
