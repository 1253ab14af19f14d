import { describe, typeError } from '../errors.js';
import { isFloat, type FloatDType } from '../dtype.js';
import { noGrad } from '../grad-mode.js';
import { persistent } from '../ops/create.js';
import { copy_ } from '../ops/inplace.js';
import { cast } from '../ops/primitive.js';
import { modeChanged } from '../recording.js';
import { Tensor } from '../tensor.js';

/**
 * A tensor that a module learns: a leaf that requires grad, in memory of its own that no scope frees.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.parameter.Parameter.html
 */
export class Parameter extends Tensor {
  /**
   * @param values copied
   * @param requiresGrad default true
   */
  constructor(values: Tensor, requiresGrad = true) {
    if (!(values instanceof Tensor)) typeError('Parameter', `expected a tensor, got ${describe(values)}`);
    if (!isFloat(values.dtype)) typeError('Parameter', `expected float32 or float64, got ${values.dtype}`);
    const own = persistent(values.shape, values.dtype);
    noGrad(() => copy_(own, values));
    super(own.storage, own.dtype, own.shape);
    this.requiresGrad = requiresGrad;
  }
}

/** Gives a parameter or buffer another dtype, and its gradient too: it stays the same tensor, for whoever holds it. */
export function convert(x: Tensor, dtype: FloatDType): void {
  if (x.dtype === dtype) return;
  const { grad } = x;
  const { version } = x.storage;
  const own = persistent(x.shape, dtype);
  noGrad(() => copy_(own, x));
  // A graph that saved the old values notices.
  own.storage.version = version + 1;
  const { storage, strides, offset, isContiguous } = own;
  Object.assign(x, { storage, dtype, strides, offset, isContiguous });
  if (grad !== null) x.grad = noGrad(() => cast(grad, dtype));
  modeChanged();
}
