import type { BinaryOp } from '../backend/contract.js';
import { backend } from '../backend/select.js';
import { checkFits, isFloat, promoteScalar } from '../dtype.js';
import { describe, shapeError, typeError } from '../errors.js';
import { isGradEnabled, isInferenceModeEnabled } from '../grad-mode.js';
import { broadcastShapes, formatShape, overlaps, sameShape } from '../shape.js';
import { checkTensor, emptyLike, Tensor } from '../tensor.js';
import { cast, checkScalar, commonDType, recording, scalar, type TensorLike } from './primitive.js';

// Changes in place. They are not part of any graph: they are for parameters and buffers, under `noGrad`. Each counts
// up the version of the storage, so that a graph that saved the old values notices.

/**
 * Throws unless `x` may be changed: autograd records no change in place, so it must not have to.
 */
export function checkWritable(op: string, x: unknown, ...sources: Tensor[]): asserts x is Tensor {
  checkTensor(op, x);
  if (x.storage.inference && !isInferenceModeEnabled())
    throw new Error(
      `[${op}] a tensor made in inferenceMode cannot be changed in place outside it: clone() it first`,
    );
  if (isGradEnabled() && x.requiresGrad)
    throw new Error(`[${op}] a tensor that requires grad cannot be changed in place outside noGrad(() => …)`);
  if (recording(sources))
    throw new Error(
      `[${op}] the source requires grad, and its gradient would be lost: detach() it or use noGrad`,
    );
  if (x.size > 0 && !x.isContiguous && overlaps(x.shape, x.strides))
    throw new Error(
      `[${op}] several elements of this view share one place in memory, as after expand or unfold; clone() it first`,
    );
}

/** Copies `src` (broadcast, converted) into `x`. @see https://pytorch.org/docs/stable/generated/torch.Tensor.copy_.html */
export function copy_(x: Tensor, src: Tensor): Tensor {
  checkTensor('copy_', src, 'src');
  checkWritable('copy_', x, src);
  checkBroadcasts('copy_', x, src);
  const source = src.storage === x.storage && !sameView(x, src) ? copyOf(src) : src;
  backend.copy(source, x);
  x.storage.version++;
  return x;
}

/** Sets every element to `value`. */
export function fill_(x: Tensor, value: number | boolean): Tensor {
  if (typeof value !== 'number' && typeof value !== 'boolean')
    typeError('fill_', `expected a number, got ${describe(value)}`);
  checkWritable('fill_', x);
  checkFits('fill_', x.dtype, Number(value));
  backend.fill(Number(value), x);
  x.storage.version++;
  return x;
}

/** Sets every element to 0. */
export const zero_ = (x: Tensor): Tensor => fill_(x, 0);

function inPlace(name: string, op: BinaryOp) {
  return (x: Tensor, other: TensorLike): Tensor => {
    checkTensor(name, x);
    if (!(other instanceof Tensor)) checkScalar(name, other);
    const result = other instanceof Tensor ? commonDType(x, other) : promoteScalar(x.dtype, other);
    if ((isFloat(result) && !isFloat(x.dtype)) || (x.dtype === 'bool' && result !== 'bool'))
      typeError(name, `the result is ${result}, which does not fit into ${x.dtype}`);
    if (op === 'sub' && x.dtype === 'bool') typeError(name, 'expected numbers, got bool tensors');
    if (op === 'div' && !isFloat(x.dtype)) typeError(name, `a quotient does not fit into ${x.dtype}`);
    if (!(other instanceof Tensor)) checkFits(name, x.dtype, Number(other));
    const source = other instanceof Tensor ? other : scalar(other, x.dtype);
    checkWritable(name, x, source);
    checkBroadcasts(name, x, source);
    const b = cast(source, x.dtype);
    backend.binary(op, x, b.storage === x.storage && !sameView(x, b) ? copyOf(b) : b, x);
    x.storage.version++;
    return x;
  };
}

/** `x += other`. @see https://pytorch.org/docs/stable/generated/torch.Tensor.add_.html */
export const add_ = inPlace('add_', 'add');
/** `x -= other`. */
export const sub_ = inPlace('sub_', 'sub');
/** `x *= other`. */
export const mul_ = inPlace('mul_', 'mul');
/** `x /= other`, for floats. */
export const div_ = inPlace('div_', 'div');

function checkBroadcasts(op: string, x: Tensor, src: Tensor): void {
  if (!sameShape(broadcastShapes(op, x.shape, src.shape), x.shape))
    shapeError(op, `shape ${formatShape(src.shape)} does not broadcast to ${formatShape(x.shape)}`);
}

const sameView = (a: Tensor, b: Tensor): boolean =>
  a.offset === b.offset && sameShape(a.shape, b.shape) && sameShape(a.strides, b.strides);

/** Overlapping memory is read before it is written. */
function copyOf(x: Tensor): Tensor {
  const out = emptyLike(x);
  backend.copy(x, out);
  return out;
}
