import { describe, rangeError, shapeError, typeError } from '../../errors.js';
import { checkBoolean } from '../../errors.js';
import { noGrad } from '../../grad-mode.js';
import { checkNumber, readArgs, type Rest } from '../../ops/arguments.js';
import { reshape, sum } from '../../ops/broadcast.js';
import { zeros } from '../../ops/create.js';
import { copy_, mul_ } from '../../ops/inplace.js';
import { abs, add, div, maximum, minimum, mul, pow, sqrt, square } from '../../ops/pointwise.js';
import { cast, scalar } from '../../ops/primitive.js';
import { amax, amin } from '../../ops/reduce.js';
import { cat, slice, stack } from '../../ops/shape.js';
import { formatShape, sizeOf } from '../../shape.js';
import { checkTensor, Tensor } from '../../tensor.js';
import { isFloat, promote } from '../../dtype.js';

/**
 * Parameters: one, or several in anything that can be gone through.
 * @inline
 */
type Parameters = Tensor | Iterable<Tensor>;

function toList(op: string, parameters: unknown): Tensor[] {
  if (parameters instanceof Tensor) return [parameters];
  if (typeof parameters !== 'object' || parameters === null || !(Symbol.iterator in parameters))
    typeError(op, `parameters: expected parameters in a list or an iterator, got ${describe(parameters)}`);
  return Array.from(parameters as Iterable<unknown>, (x, i) => {
    checkTensor(op, x, `parameters[${i}]`);
    return x;
  });
}

const gradsOf = (parameters: readonly Tensor[]): Tensor[] =>
  parameters.map((x) => x.grad).filter((grad) => grad !== null);

/** @inline */
interface ClipGradNormOptions {
  readonly normType?: number;
  readonly errorIfNonfinite?: boolean;
}

/**
 * Scales the gradients of all parameters, in place, so that their norm, taken as if they were one vector, is at most
 * `maxNorm`.
 * @param rest `normType`: the p of the norm, Infinity for the largest; default 2. `errorIfNonfinite`: whether a norm that is
 *   NaN or infinite is an error; default false.
 * @returns the norm before
 * @see https://pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html
 */
export function clipGradNorm(
  parameters: Parameters,
  maxNorm: number,
  ...rest: Rest<[normType: number, errorIfNonfinite: boolean], ClipGradNormOptions>
): Tensor {
  const op = 'clipGradNorm';
  const list = toList(op, parameters);
  checkNumber(op, 'maxNorm', maxNorm);
  const read = readArgs<ClipGradNormOptions>(op, rest, ['normType', 'errorIfNonfinite']);
  const { normType = 2, errorIfNonfinite = false } = read;
  checkNumber(op, 'normType', normType);
  checkBoolean(op, 'errorIfNonfinite', errorIfNonfinite);
  return noGrad(() => {
    const grads = gradsOf(list).filter((grad) => grad.size > 0);
    if (grads.length === 0) return zeros([]);
    const dtype = grads.map((grad) => grad.dtype).reduce(promote);
    const total = norm(stack(grads.map((grad) => cast(norm(grad, normType), dtype))), normType);
    if (errorIfNonfinite && !Number.isFinite(total.item()))
      throw new Error(`[${op}] the norm of the gradients is ${total.item()}, and cannot be scaled`);
    // Multiplied by 1 where nothing is to be done: looking would make a recorded step stop.
    const factor = minimum(div(maxNorm, add(total, 1e-6)), 1);
    for (const grad of grads) mul_(grad, cast(factor, grad.dtype));
    return total;
  });
}

/** The p-norm of all elements. */
function norm(x: Tensor, p: number): Tensor {
  if (p === Infinity) return amax(abs(x));
  if (p === -Infinity) return amin(abs(x));
  if (p === 2) return sqrt(sum(square(x)));
  if (p === 1) return sum(abs(x));
  return pow(sum(pow(abs(x), p)), 1 / p);
}

/** PyTorch's name of {@link clipGradNorm}. */
export const clipGradNorm_ = clipGradNorm;

/**
 * Brings every element of the gradients of all parameters into ±`clipValue`, in place.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_value_.html
 */
export function clipGradValue(parameters: Parameters, clipValue: number): void {
  const op = 'clipGradValue';
  const list = toList(op, parameters);
  checkNumber(op, 'clipValue', clipValue);
  noGrad(() => {
    for (const grad of gradsOf(list)) {
      const limit = scalar(clipValue, grad.dtype);
      copy_(grad, minimum(maximum(grad, mul(limit, -1)), limit));
    }
  });
}

/** PyTorch's name of {@link clipGradValue}. */
export const clipGradValue_ = clipGradValue;

/**
 * All parameters as one vector, in the graph.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.utils.parameters_to_vector.html
 */
export function parametersToVector(parameters: Iterable<Tensor>): Tensor {
  const list = toList('parametersToVector', parameters);
  if (list.length === 0) rangeError('parametersToVector', 'parameters: expected at least one');
  return cat(list.map((x) => reshape(x, [x.size])));
}

/**
 * Copies a vector into parameters, one after the other.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.utils.vector_to_parameters.html
 */
export function vectorToParameters(vec: Tensor, parameters: Iterable<Tensor>): void {
  const op = 'vectorToParameters';
  checkTensor(op, vec, 'vec');
  if (!isFloat(vec.dtype)) typeError(op, `vec: expected float32 or float64, got ${vec.dtype}`);
  const list = toList(op, parameters);
  const count = list.reduce((total, { shape }) => total + sizeOf(shape), 0);
  if (vec.ndim !== 1 || vec.size !== count)
    shapeError(op, `vec: expected shape (${count},), got ${formatShape(vec.shape)}`);
  noGrad(() => {
    let at = 0;
    for (const x of list) {
      copy_(x, reshape(slice(vec, 0, at, at + x.size), x.shape));
      at += x.size;
    }
  });
}
