import { isFloat } from '../../dtype.js';
import { describe, rangeError, shapeError, typeError } from '../../errors.js';
import { noGrad } from '../../grad-mode.js';
import { recorder } from '../../recording.js';
import { formatShape } from '../../shape.js';
import { checkTensor, Tensor } from '../../tensor.js';
import { checkInteger, type Rest } from '../arguments.js';
import { expand, reshape } from '../broadcast.js';
import { full, tensor } from '../create.js';
import { gather, indexSelect } from '../indexing.js';
import { add, div, exp, gt, log, maximum, mul, ne, neg, sub, where } from '../pointwise.js';
import { cast, scalar, toFloat } from '../primitive.js';
import { cat, narrow, select, stack, unsqueeze } from '../shape.js';
import { logSoftmax } from '../softmax.js';
import { MEAN, readLoss, reduced, type LossOptions, type Reduction } from './reduction.js';

/** What {@link ctcLoss} takes by name. */
export interface CtcLossOptions extends LossOptions {
  /** The class that stands for nothing. Default 0. */
  readonly blank?: number;
  /** Whether losses of targets that do not fit into their inputs are 0, not infinite. Default false. */
  readonly zeroInfinity?: boolean;
}

/** The arguments of {@link ctcLoss}, checked. */
export function readCtc(op: string, rest: readonly unknown[]): Required<CtcLossOptions> {
  const settings = readLoss(op, rest, { blank: 0, reduction: MEAN, zeroInfinity: false });
  checkInteger(op, 'blank', settings.blank, 0);
  return settings;
}

/** How long each input or target is. */
export type Lengths = Tensor | number | readonly number[];

/**
 * The logarithm of the probability of what cannot be: finite, since the difference of two infinities would be NaN. Sums of
 * it stay below what a float32 holds.
 */
const NEVER = -1e30;

/**
 * Connectionist temporal classification: the negative logarithm of the probability that a sequence of classes, drawn
 * independently at each time, is the target once repeats are drawn together and blanks left out. `mean` divides each loss
 * by the length of its target first.
 *
 * `logProbs` are logarithms of probabilities, as `logSoftmax` gives them; they are normalized once more, which changes none
 * but makes the gradient `g·(exp(logProbs) - posterior)` the true one. It is PyTorch's.
 * Shapes: logProbs (T, N, C) or (T, C); targets (N, S), of which the first ones count, or all one after the other in one
 * dimension; inputLengths and targetLengths (N) or one number.
 * @throws ShapeError when shapes do not fit; RangeError for a class or a length that does not; TypeError when targets or
 *   lengths are no whole numbers.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.ctc_loss.html
 * @see Graves et al., "Connectionist Temporal Classification", 2006
 */
export function ctcLoss(
  logProbs: Tensor,
  targets: Tensor,
  inputLengths: Lengths,
  targetLengths: Lengths,
  ...rest: Rest<[blank: number, reduction: Reduction, zeroInfinity: boolean], CtcLossOptions>
): Tensor {
  const op = 'ctcLoss';
  checkTensor(op, logProbs, 'logProbs');
  checkTensor(op, targets, 'targets');
  const { blank, reduction, zeroInfinity } = readCtc(op, rest);
  if (logProbs.ndim !== 3 && logProbs.ndim !== 2)
    shapeError(op, `logProbs: expected (T, N, C) or (T, C), got ${formatShape(logProbs.shape)}`);
  if (isFloat(targets.dtype) || targets.dtype === 'bool')
    typeError(op, `targets: expected class numbers in an int32 tensor, got ${targets.dtype}`);
  const isBatch = logProbs.ndim === 3;
  const scores = isBatch ? toFloat(logProbs) : unsqueeze(toFloat(logProbs), 1);
  const [time, count, classes] = scores.shape;
  if (count === 0) shapeError(op, `expected at least one sequence, got ${formatShape(logProbs.shape)}`);
  if (blank >= classes) rangeError(op, `blank: expected one of the ${classes} classes, got ${blank}`);
  const times = readLengths(op, 'inputLengths', inputLengths, count, time, 1);
  const sizes = readLengths(op, 'targetLengths', targetLengths, count, targets.shape.at(-1) ?? 0, 0);
  const labels = padded(op, targets, sizes, classes, blank);

  const losses = neg(forward(logSoftmax(scores, 2), labels, times, sizes, blank));
  const finite = where(gt(losses, -NEVER / 2), zeroInfinity ? 0 : Infinity, losses);
  const shaped = isBatch ? finite : reshape(finite, []);
  if (reduction !== 'mean') return reduced(shaped, reduction);
  const divisors = tensor(
    sizes.map((size) => Math.max(size, 1)),
    { dtype: scores.dtype },
  );
  return reduced(div(finite, divisors), 'mean');
}

/** Lengths as numbers, checked. */
function readLengths(
  op: string,
  name: string,
  value: unknown,
  count: number,
  most: number,
  least: number,
): number[] {
  if (value instanceof Tensor && (isFloat(value.dtype) || value.dtype === 'bool'))
    typeError(op, `${name}: expected whole numbers, got ${value.dtype}`);
  const lengths: unknown[] =
    value instanceof Tensor
      ? [...value.toArray()]
      : Array.isArray(value)
        ? [...(value as unknown[])]
        : [value];
  if (lengths.length !== count)
    shapeError(op, `${name}: expected ${count} number${count === 1 ? '' : 's'}, got ${lengths.length}`);
  return lengths.map((length) => {
    if (typeof length !== 'number') typeError(op, `${name}: expected whole numbers, got ${describe(length)}`);
    if (!Number.isInteger(length) || length < least || length > most)
      rangeError(op, `${name}: expected whole numbers from ${least} to ${most}, got ${length}`);
    return length;
  });
}

/** Targets as (N, S), with blanks after each. */
function padded(
  op: string,
  targets: Tensor,
  sizes: readonly number[],
  classes: number,
  blank: number,
): Tensor {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const width = Math.max(0, ...sizes);
  const inOne = targets.ndim === 1;
  if (targets.ndim !== 2 && !inOne)
    shapeError(op, `targets: expected (N, S) or one dimension, got ${formatShape(targets.shape)}`);
  if (inOne ? targets.size !== total && sizes.length > 1 : targets.shape[0] !== sizes.length)
    shapeError(
      op,
      `targets: expected (${inOne ? `${total},` : `${sizes.length}, S`}), got ${formatShape(targets.shape)}`,
    );
  const places: number[] = [];
  const counts: boolean[] = [];
  let start = 0;
  for (const [n, size] of sizes.entries()) {
    for (let s = 0; s < width; s++) {
      counts.push(s < size);
      places.push(s < size ? (inOne ? start : n * targets.shape[1]) + s : 0);
    }
    start += size;
  }
  const shape = [sizes.length, width];
  if (sizes.length * width === 0) return full(shape, blank, { dtype: 'int32' });
  const all = reshape(cast(targets, 'int32'), [targets.size]);
  const picked = reshape(indexSelect(all, 0, tensor(places, { dtype: 'int32' })), shape);
  const labels = where(reshape(tensor(counts), shape), picked, blank);
  // A recorded step cannot look at values.
  if (recorder !== null) return labels;
  const wrong = labels
    .toArray()
    .find((label, i) => counts[i] && (label < 0 || label >= classes || label === blank));
  if (wrong !== undefined)
    rangeError(op, `target ${wrong} is not one of the ${classes} classes but the blank, ${blank}`);
  return labels;
}

/** The logarithms of the probabilities of the targets, (N): the forward variables, time after time. */
function forward(
  logs: Tensor,
  labels: Tensor,
  times: readonly number[],
  sizes: readonly number[],
  blank: number,
): Tensor {
  const [, count] = logs.shape;
  const { dtype } = logs;
  const blanks = expand(full([1, 1], blank, { dtype: 'int32' }), [count, labels.shape[1]]);
  const pairs = reshape(stack([blanks, labels], 2), [count, 2 * labels.shape[1]]);
  // Blank, label, blank, …, label, blank: (N, L).
  const path = cat([pairs, full([count, 1], blank, { dtype: 'int32' })], 1);
  const length = path.shape[1];
  const never = (width: number): Tensor => full([count, width], NEVER, { dtype });
  // A blank may be left out between two labels that differ.
  const before = cat([full([count, 2], blank, { dtype: 'int32' }), path], 1);
  const skips = mul(ne(path, blank), ne(path, narrow(before, 1, 0, length)));
  const skip = where(skips, scalar(0, dtype), NEVER);
  const here = gather(logs, 2, expand(path, [logs.shape[0], count, length]));
  const first = Math.min(2, length);
  const begin = cat([full([count, first], 0, { dtype }), never(length - first)], 1);

  let alpha = add(select(here, 0, 0), begin);
  for (let t = 1; t < Math.max(...times); t++) {
    const last = cat([never(2), alpha], 1);
    const from = [alpha, narrow(last, 1, 1, length), add(narrow(last, 1, 0, length), skip)];
    const next = add(logSum(from), select(here, 0, t));
    const running = times.map((end) => [t < end]);
    alpha = running.every(([more]) => more) ? next : where(tensor(running), next, alpha);
  }
  const ends = tensor(
    sizes.map((size) => [2 * size, Math.max(2 * size - 1, 0)]),
    { dtype: 'int32' },
  );
  const isLabel = tensor(sizes.map((size) => [size > 0]));
  const both = gather(alpha, 1, ends);
  const [ofBlank, ofLabel] = [select(both, 1, 0), where(select(isLabel, 1, 0), select(both, 1, 1), NEVER)];
  return logSum([ofBlank, ofLabel]);
}

/** `log Σ exp` of tensors, element by element. */
function logSum(terms: readonly Tensor[]): Tensor {
  // Any number may be taken out of the sum: the largest lets nothing overflow, and needs no gradient.
  const most = noGrad(() => terms.reduce((a, b) => maximum(a, b)));
  return add(log(terms.map((term) => exp(sub(term, most))).reduce((a, b) => add(a, b))), most);
}
