import { backend } from '../backend/select.js';
import type { DType } from '../dtype.js';
import { checkFits, isFloat, promote, promoteScalar } from '../dtype.js';
import { describe, typeError } from '../errors.js';
import { isGradEnabled } from '../grad-mode.js';
import { borrow } from '../storage.js';
import { checkTensor, empty, emptyLike, Tensor, type GradFn, type JointGradFn } from '../tensor.js';
import { anomaly } from './anomaly.js';

/** What pointwise ops take next to a tensor. */
export type TensorLike = Tensor | number | boolean;

/** Whether an op on these tensors has to record its history. */
export function recording(inputs: readonly Tensor[]): boolean {
  if (!isGradEnabled()) return false;
  for (let i = 0; i < inputs.length; i++) if (inputs[i].requiresGrad) return true;
  return false;
}

/**
 * Records how `out` was made, when a parent needs gradients and recording is on. Every op ends here.
 * @param saved the tensors whose values `gradFn` reads: if one is changed in place before `backward`, that is an error
 */
export function track(
  op: string,
  out: Tensor,
  parents: readonly Tensor[],
  saved: readonly Tensor[],
  gradFn: GradFn,
): Tensor {
  if (recording(parents)) out.recordHistory(op, parents, saved, gradFn);
  if (anomaly.enabled) anomaly.inspect(op, out, parents);
  return out;
}

/** What the joints of ops with several results lie in: nothing. */
const NOTHING = borrow(new ArrayBuffer(0), 'float32');

/**
 * Records how the results of an op with several were made: their gradients are computed together, once. A result that is no
 * float, or that `isDifferentiable` says no to, is left as it is.
 */
export function trackAll<T extends readonly Tensor[]>(
  op: string,
  outs: T,
  parents: readonly Tensor[],
  saved: readonly Tensor[],
  gradFn: JointGradFn,
  isDifferentiable: (out: Tensor) => boolean = () => true,
): T {
  let joint: Tensor | null = null;
  if (recording(parents)) {
    // `backward` knows a joint by its parts, and calls it as what it is.
    const rule = gradFn as unknown as GradFn;
    joint = new Tensor(NOTHING, 'float32', [0]).recordHistory(op, parents, saved, rule);
    for (let i = 0; i < outs.length; i++)
      if (isFloat(outs[i].dtype) && isDifferentiable(outs[i])) outs[i].recordPart(joint, i);
  }
  if (anomaly.enabled)
    for (const out of outs) {
      anomaly.inspect(op, out, parents);
      if (joint !== null) joint.madeAt = out.madeAt;
    }
  return outs;
}

/** `x` with another dtype; itself when it has it already. Gradients: cast back. */
export function cast(x: Tensor, dtype: DType): Tensor {
  if (x.dtype === dtype) return x;
  const y = emptyLike(x, dtype);
  backend.copy(x, y);
  // Integers carry no gradients, as in PyTorch: the result does not require one, and says so when it is asked.
  if (!isFloat(dtype) || !isFloat(x.dtype)) return y;
  return track('to', y, [x], [], (g) => [() => cast(g, x.dtype)]);
}

/** `x` as it is when it is a float tensor, or as float32. */
export const toFloat = (x: Tensor): Tensor => (isFloat(x.dtype) ? x : cast(x, 'float32'));

/** A 0-d tensor that holds a number. */
export function scalar(value: number | boolean, dtype: DType): Tensor {
  const out = empty([], dtype);
  out.storage.array[0] = Number(value);
  return out;
}

/**
 * Two operands as tensors of the dtype they meet in. Plain numbers take the dtype of the tensor.
 * @throws RangeError when a plain number does not fit into an integer dtype.
 */
export function meet(op: string, a: TensorLike, b: TensorLike): [Tensor, Tensor] {
  if (a instanceof Tensor) {
    if (b instanceof Tensor) {
      if (a.dtype === b.dtype) return [a, b];
      const dtype = commonDType(a, b);
      return [cast(a, dtype), cast(b, dtype)];
    }
    checkScalar(op, b);
    const dtype = promoteScalar(a.dtype, b);
    checkFits(op, dtype, Number(b));
    return [cast(a, dtype), scalar(b, dtype)];
  }
  checkTensor(op, b, 'one of the operands');
  checkScalar(op, a);
  const dtype = promoteScalar(b.dtype, a);
  checkFits(op, dtype, Number(a));
  return [scalar(a, dtype), cast(b, dtype)];
}

/** As {@link meet}, in floats: integers of two dtypes become float32 each for itself, or one would wrap around first. */
export function meetInFloats(op: string, a: TensorLike, b: TensorLike): [Tensor, Tensor] {
  const areMixed =
    a instanceof Tensor &&
    b instanceof Tensor &&
    a.dtype !== b.dtype &&
    !isFloat(a.dtype) &&
    !isFloat(b.dtype);
  if (areMixed) return [toFloat(a), toFloat(b)];
  const [x, y] = meet(op, a, b);
  return [toFloat(x), toFloat(y)];
}

export function checkScalar(op: string, value: unknown): asserts value is number | boolean {
  if (typeof value !== 'number' && typeof value !== 'boolean')
    typeError(op, `expected a tensor or a number, got ${describe(value)}`);
}

/**
 * The dtype two tensors meet in. As in PyTorch, a 0-d tensor does not widen one with dimensions within its kind
 * (floats, integers).
 * @see https://pytorch.org/docs/stable/tensor_attributes.html#type-promotion-doc
 */
export function commonDType(a: Tensor, b: Tensor): DType {
  if ((a.ndim === 0) !== (b.ndim === 0)) {
    const [full, zeroDim] = a.ndim === 0 ? [b.dtype, a.dtype] : [a.dtype, b.dtype];
    if (isFloat(full) || (!isFloat(zeroDim) && full !== 'bool')) return full;
  }
  return promote(a.dtype, b.dtype);
}

/** Throws when an options object has a key that the op does not know: a misspelt option must not be ignored. */
export function checkOptions(op: string, options: unknown, known: readonly string[]): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null || options instanceof Tensor || Array.isArray(options))
    typeError(op, `options: expected an object with ${known.join(', ')}, got ${describe(options)}`);
  for (const key of Object.keys(options))
    if (!known.includes(key)) typeError(op, `options: unknown option '${key}'; there is ${known.join(', ')}`);
}

/** How reductions take `keepdim`: alone, as in PyTorch's third position, or in options. */
export type Keepdim = boolean | { readonly keepdim?: boolean };

export function readKeepdim(op: string, value: Keepdim | undefined): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? false;
  checkOptions(op, value, ['keepdim']);
  const keepdim: unknown = value.keepdim ?? false;
  if (typeof keepdim !== 'boolean')
    typeError(op, `keepdim: expected true or false, got ${describe(keepdim)}`);
  return keepdim;
}
