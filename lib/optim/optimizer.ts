import { describe, rangeError, shapeError, typeError } from '../errors.js';
import { checkOptions } from '../ops/primitive.js';
import { recorder } from '../recording.js';
import { formatShape, sameShape } from '../shape.js';
import { checkTensor, Tensor } from '../tensor.js';

/** Parameters that share their options; what a group does not name, it takes from the optimizer. */
export type ParamGroup<O> = Partial<O> & { params: Iterable<Tensor> };

type FullGroup<O> = O & { params: Tensor[] };

/**
 * The base of optimizers: parameter groups and their options.
 * @see https://pytorch.org/docs/stable/optim.html#torch.optim.Optimizer
 */
export abstract class Optimizer<O extends object> {
  /** The groups, with all their options. Options may be changed between steps. */
  readonly paramGroups: FullGroup<O>[];
  /** Throws when an option of a group was changed to what it cannot be, before anything is moved. */
  protected readonly checkGroups: () => void;

  protected constructor(
    op: string,
    params: Iterable<Tensor> | Iterable<ParamGroup<O>>,
    options: Partial<O>,
    defaults: O,
    check: (options: O) => void,
  ) {
    if (recorder !== null)
      throw new Error(
        '[compile] the step makes an optimizer, whose state would be of the first run: make it outside',
      );
    this.checkGroups = () => {
      this.paramGroups.forEach(check);
    };
    const known = Object.keys(defaults);
    checkOptions(op, options, known);
    checkList(op, params);
    const list = [...params];
    if (list.length === 0) rangeError(op, 'params: expected at least one parameter, got none');
    const groups = list[0] instanceof Tensor ? [{ params: list as Tensor[] }] : (list as ParamGroup<O>[]);
    const seen = new Set<Tensor>();
    this.paramGroups = groups.map((group) => {
      checkOptions(op, group ?? null, ['params', ...known]);
      checkList(op, group.params);
      const full = { ...defaults, ...options, ...group, params: [...group.params] };
      for (const param of full.params) {
        if (!(param instanceof Tensor) || !param.isLeaf || !param.requiresGrad)
          typeError(op, `params: expected leaf tensors that require grad, got ${describe(param)}`);
        if (!param.isContiguous) typeError(op, 'params: expected contiguous tensors');
        if (seen.has(param)) rangeError(op, 'params: a parameter is there twice');
        seen.add(param);
      }
      check(full);
      return full;
    });
  }

  /** Drops the gradients of all parameters. Call it before each `backward`. */
  zeroGrad(): void {
    for (const { params } of this.paramGroups) for (const param of params) param.grad = null;
  }

  /** Moves every parameter that has a gradient. */
  abstract step(): void;
}

function checkList(op: string, params: unknown): void {
  if (
    params instanceof Tensor ||
    typeof params !== 'object' ||
    params === null ||
    !(Symbol.iterator in params)
  )
    typeError(op, `params: expected parameters in a list or an iterator, got ${describe(params)}`);
}

/** Throws unless an option is a number from `least` (and below `below`). */
export function checkNumber(op: string, name: string, value: unknown, least = 0, below = Infinity): void {
  if (typeof value !== 'number' || Number.isNaN(value) || value < least || value >= below)
    rangeError(
      op,
      `${name}: expected a number from ${least}${below < Infinity ? ` and below ${below}` : ''}, got ${describe(value)}`,
    );
}

/** Throws unless a gradient fits its parameter, before anything is changed. */
export function checkGrad(op: string, param: Tensor, grad: unknown): Tensor {
  checkTensor(op, grad, 'grad');
  if (grad.dtype !== param.dtype || !sameShape(grad.shape, param.shape))
    shapeError(
      op,
      `grad: expected ${param.dtype} ${formatShape(param.shape)}, got ${grad.dtype} ${formatShape(grad.shape)}`,
    );
  return grad;
}
