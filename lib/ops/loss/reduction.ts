import { describe, rangeError, shapeError } from '../../errors.js';
import { formatShape, sameShape } from '../../shape.js';
import { checkTensor, type Tensor } from '../../tensor.js';
import { readSettings, type Settings } from '../arguments.js';
import { sum } from '../broadcast.js';
import { toFloat } from '../primitive.js';
import { mean } from '../reduce.js';

/** How a loss over many elements becomes one number, or stays many. */
export type Reduction = 'mean' | 'sum' | 'none';

/** What every loss takes. */
export interface LossOptions {
  /** `mean`, `sum`, or `none` for a loss an element (or a row, where a loss is made of rows). Default `mean`. */
  readonly reduction?: Reduction;
}

/** Throws unless the value names a reduction. */
export function checkReduction(op: string, reduction: unknown): asserts reduction is Reduction {
  if (reduction !== 'mean' && reduction !== 'sum' && reduction !== 'none')
    rangeError(op, `reduction: expected 'mean', 'sum' or 'none', got ${describe(reduction)}`);
}

/** The mean of losses, their sum, or all of them. */
export const reduced = (losses: Tensor, reduction: Reduction): Tensor =>
  reduction === 'mean' ? mean(losses) : reduction === 'sum' ? sum(losses) : losses;

/** The default of a reduction. */
export const MEAN: Reduction = 'mean';

/** Reads the arguments of a loss by their defaults, `reduction` among them. */
export function readLoss<D extends Parameters<typeof readSettings>[2] & { readonly reduction: Reduction }>(
  op: string,
  rest: readonly unknown[],
  defaults: D,
  positions?: number,
): Settings<D> {
  const settings = readSettings(op, rest, defaults, positions);
  checkReduction(op, settings.reduction);
  return settings;
}

/** Reads the only argument of many losses. */
export const readReduction = (op: string, rest: readonly unknown[]): Required<LossOptions> =>
  readLoss(op, rest, { reduction: MEAN }, 0);

/** Tensors as floats, checked by name. */
export function floatInputs<N extends string>(op: string, inputs: Record<N, Tensor>): Record<N, Tensor> {
  const floats = { ...inputs };
  for (const name of Object.keys(inputs) as N[]) {
    checkTensor(op, inputs[name], name);
    floats[name] = toFloat(inputs[name]);
  }
  return floats;
}

/** Input and target as floats. @throws ShapeError when shapes differ: a loss that broadcasts is nearly always a mistake. */
export function floatPair(op: string, input: Tensor, target: Tensor): [Tensor, Tensor] {
  checkTensor(op, input);
  checkTensor(op, target, 'target');
  if (!sameShape(input.shape, target.shape))
    shapeError(op, `input ${formatShape(input.shape)} and target ${formatShape(target.shape)} differ`);
  return [toFloat(input), toFloat(target)];
}
