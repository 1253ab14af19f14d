import { shapeError } from '../errors.js';
import { checkInteger, readArgs } from '../ops/arguments.js';
import { gelu, readApproximate, relu, sigmoid, silu, tanh } from '../ops/pointwise.js';
import { logSoftmax, softmax, softmin } from '../ops/softmax.js';
import { formatShape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { Configured } from './configured.js';
import { Module } from './module.js';

/** `max(x, 0)`. */
export class ReLU extends Module {
  forward(x: Tensor): Tensor {
    return relu(x);
  }
}

/** The hyperbolic tangent. */
export class Tanh extends Module {
  forward(x: Tensor): Tensor {
    return tanh(x);
  }
}

/** The logistic function. */
export class Sigmoid extends Module {
  forward(x: Tensor): Tensor {
    return sigmoid(x);
  }
}

/** `x · sigmoid(x)`. */
export class SiLU extends Module {
  forward(x: Tensor): Tensor {
    return silu(x);
  }
}

/**
 * {@link gelu} as a module.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.GELU.html
 */
export class GELU extends Module {
  readonly approximate: 'none' | 'tanh';

  constructor(options: { readonly approximate?: 'none' | 'tanh' } = {}) {
    super();
    this.approximate = readApproximate('GELU', options);
  }

  forward(x: Tensor): Tensor {
    return gelu(x, { approximate: this.approximate });
  }

  protected override extraRepr(): string {
    return `approximate=${this.approximate}`;
  }
}

/**
 * Along which dimension a softmax adds up to 1.
 * @inline
 */
interface SoftmaxSettings {
  readonly dim: number;
}
/** @inline */
type SoftmaxRest = [dim: number] | [SoftmaxSettings];

/**
 * {@link softmax} along `dim`, as a module.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Softmax.html
 */
export class Softmax extends Configured<SoftmaxSettings> {
  constructor(...rest: SoftmaxRest) {
    super(readDim('Softmax', rest));
  }

  forward(x: Tensor): Tensor {
    return softmax(x, this.options.dim);
  }
}

/**
 * {@link logSoftmax} along `dim`, as a module.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.LogSoftmax.html
 */
export class LogSoftmax extends Configured<SoftmaxSettings> {
  constructor(...rest: SoftmaxRest) {
    super(readDim('LogSoftmax', rest));
  }

  forward(x: Tensor): Tensor {
    return logSoftmax(x, this.options.dim);
  }
}

/**
 * {@link softmin} along `dim`, as a module.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Softmin.html
 */
export class Softmin extends Configured<SoftmaxSettings> {
  constructor(...rest: SoftmaxRest) {
    super(readDim('Softmin', rest));
  }

  forward(x: Tensor): Tensor {
    return softmin(x, this.options.dim);
  }
}

/**
 * {@link softmax} over the channels of every pixel. Shapes: (N, C, H, W) or (C, H, W) → the same.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Softmax2d.html
 */
export class Softmax2d extends Module {
  forward(x: Tensor): Tensor {
    if (x.ndim !== 3 && x.ndim !== 4)
      shapeError('Softmax2d', `expected (N, C, H, W) or (C, H, W), got ${formatShape(x.shape)}`);
    return softmax(x, -3);
  }
}

/** The dimension, checked. */
function readDim(op: string, rest: readonly unknown[]): SoftmaxSettings {
  const { dim } = readArgs<SoftmaxSettings>(op, rest, ['dim']);
  checkInteger(op, 'dim', dim);
  return { dim };
}
