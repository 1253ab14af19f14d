import { backend } from '../backend/select.js';
import { isFloat } from '../dtype.js';
import { describe, rangeError, shapeError, typeError } from '../errors.js';
import { formatShape, sameShape } from '../shape.js';
import { checkTensor, empty, type Tensor } from '../tensor.js';
import { contiguous, expand, reshape, sum } from './broadcast.js';
import { scatterAdd } from './indexing.js';
import { div, mul, ne, square, sub } from './pointwise.js';
import { cast, checkOptions, scalar, toFloat, track } from './primitive.js';
import { mean } from './reduce.js';
import { permute } from './shape.js';
import { softmax } from './softmax.js';

/** How a loss over many elements becomes one number, or stays many. */
export type Reduction = 'mean' | 'sum' | 'none';

export interface CrossEntropyOptions {
  /** `mean` (over the targets that count), `sum`, or `none` for a loss an element. Default `mean`. */
  readonly reduction?: Reduction;
  /** A target that does not count. Default -100. */
  readonly ignoreIndex?: number;
}

/** Throws unless the value names a reduction. */
function checkReduction(op: string, reduction: unknown): asserts reduction is Reduction {
  if (reduction !== 'mean' && reduction !== 'sum' && reduction !== 'none')
    rangeError(op, `reduction: expected 'mean', 'sum' or 'none', got ${describe(reduction)}`);
}

/**
 * The negative log-likelihood of the target classes under `softmax(input)`, in one pass.
 * Shapes: input (N, C), target (N) of class numbers; or (C) and (); or (N, C, …) and (N, …).
 * Gradient: `g·(softmax(input) - onehot(target))`, divided by the count for `mean`.
 * @throws RangeError when a target is no class; ShapeError when shapes do not fit.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.cross_entropy.html
 */
export function crossEntropy(input: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor {
  checkTensor('crossEntropy', input);
  checkTensor('crossEntropy', target, 'target');
  checkOptions('crossEntropy', options, ['reduction', 'ignoreIndex']);
  const { reduction = 'mean', ignoreIndex = -100 } = options;
  checkReduction('crossEntropy', reduction);
  if (!Number.isInteger(ignoreIndex) || Math.abs(ignoreIndex) > 2 ** 31 - 1)
    rangeError('crossEntropy', `ignoreIndex: expected a whole number, got ${describe(ignoreIndex)}`);
  if (isFloat(target.dtype) || target.dtype === 'bool')
    typeError('crossEntropy', `target: expected class numbers in an int32 tensor, got ${target.dtype}`);
  const expected = input.ndim <= 1 ? [] : [input.shape[0], ...input.shape.slice(2)];
  if (input.ndim === 0 || !sameShape(target.shape, expected))
    shapeError(
      'crossEntropy',
      `input ${formatShape(input.shape)} needs target ${formatShape(expected)}, got ${formatShape(target.shape)}`,
    );
  const classes = input.shape[input.ndim === 1 ? 0 : 1];
  const last = input.ndim <= 2 ? input : permute(input, [0, ...input.shape.slice(2).map((_, i) => i + 2), 1]);
  const rows = contiguous(reshape(toFloat(last), [target.size, classes]));
  const flat = contiguous(reshape(cast(target, 'int32'), [target.size]));

  const losses = nll(rows, flat, ignoreIndex);
  if (reduction === 'none') return reshape(losses, target.shape);
  if (reduction === 'sum') return sum(losses);
  return div(sum(losses), cast(sum(ne(flat, ignoreIndex)), losses.dtype));
}

function nll(rows: Tensor, target: Tensor, ignoreIndex: number): Tensor {
  const out = empty([rows.shape[0]], rows.dtype);
  const bad = backend.crossEntropy(rows, target, out, ignoreIndex);
  if (bad >= 0)
    rangeError(
      'crossEntropy',
      `target ${target.toArray()[bad]} (element ${bad}) is not one of the ${rows.shape[1]} classes, 0 to ${rows.shape[1] - 1}`,
    );
  return track('crossEntropy', out, [rows], [rows, target], (g) => [
    () => nllGrad(rows, target, g, ignoreIndex),
  ]);
}

/** `g·(softmax(rows) - onehot(target))`, in one pass, with gradients of its own. */
function nllGrad(rows: Tensor, target: Tensor, g: Tensor, ignoreIndex: number): Tensor {
  const out = empty(rows.shape, rows.dtype);
  backend.crossEntropyGrad(rows, target, contiguous(g), out, ignoreIndex);
  return track('crossEntropyGrad', out, [rows, g], [rows, target, g], (h) => {
    const counted = reshape(cast(ne(target, ignoreIndex), rows.dtype), [rows.shape[0], 1]);
    const column = mul(reshape(g, [rows.shape[0], 1]), counted);
    return [
      () => {
        const p = softmax(rows, -1);
        const weighted = mul(h, p);
        return mul(column, sub(weighted, mul(p, sum(weighted, -1, true))));
      },
      () => {
        const classes = reshape(mul(target, cast(ne(target, ignoreIndex), 'int32')), [rows.shape[0], 1]);
        const ones = expand(scalar(-1, rows.dtype), classes.shape);
        const difference = mul(scatterAdd(softmax(rows, -1), 1, classes, ones), counted);
        return sum(mul(h, difference), -1);
      },
    ];
  });
}

/**
 * The squared differences of `input` and `target`, which have one shape.
 * Gradients: `2·g·(input - target)` and its negative, divided by the count for `mean`.
 * @throws ShapeError when shapes differ: a loss that broadcasts is nearly always a mistake.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.mse_loss.html
 */
export function mseLoss(
  input: Tensor,
  target: Tensor,
  options: { readonly reduction?: Reduction } = {},
): Tensor {
  checkTensor('mseLoss', input);
  checkTensor('mseLoss', target, 'target');
  checkOptions('mseLoss', options, ['reduction']);
  const { reduction = 'mean' } = options;
  checkReduction('mseLoss', reduction);
  if (!sameShape(input.shape, target.shape))
    shapeError('mseLoss', `input ${formatShape(input.shape)} and target ${formatShape(target.shape)} differ`);
  const losses = square(sub(toFloat(input), toFloat(target)));
  return reduction === 'mean' ? mean(losses) : reduction === 'sum' ? sum(losses) : losses;
}
