import type { FloatDType } from '../dtype.js';
import {
  celu,
  elu,
  glu,
  hardshrink,
  hardsigmoid,
  hardswish,
  hardtanh,
  leakyRelu,
  logSigmoid,
  mish,
  prelu,
  readCelu,
  readElu,
  readGlu,
  readHardshrink,
  readHardtanh,
  readLeaky,
  readSlopes,
  readSoftplus,
  readSoftshrink,
  readThreshold,
  relu6,
  rrelu,
  selu,
  softplus,
  softshrink,
  softsign,
  tanhshrink,
  threshold,
  type EluOptions,
  type HardtanhOptions,
  type RreluOptions,
  type ShrinkOptions,
  type SoftplusOptions,
  type ThresholdOptions,
  type ThresholdRest,
} from '../ops/activation.js';
import { checkNumber, readArgs, type Rest } from '../ops/arguments.js';
import { full } from '../ops/create.js';
import type { Tensor } from '../tensor.js';
import { Configured } from './configured.js';
import { Module } from './module.js';
import { checkCount, readDType } from './options.js';
import { Parameter } from './parameter.js';

/**
 * `log sigmoid(x)`, without overflow: {@link logSigmoid} as a module.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.LogSigmoid.html
 */
export class LogSigmoid extends Module {
  forward(x: Tensor): Tensor {
    return logSigmoid(x);
  }
}

/**
 * `log(1 + exp(beta·x)) / beta`: {@link softplus} as a module.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Softplus.html
 */
export class Softplus extends Configured<Required<SoftplusOptions>> {
  constructor(...rest: Rest<[beta: number, threshold: number], SoftplusOptions>) {
    super(readSoftplus('Softplus', rest));
  }

  forward(x: Tensor): Tensor {
    return softplus(x, this.options);
  }
}

/**
 * `x / (1 + |x|)`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Softsign.html
 */
export class Softsign extends Module {
  forward(x: Tensor): Tensor {
    return softsign(x);
  }
}

/**
 * `x`, cut to 0 and 6.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.ReLU6.html
 */
export class ReLU6 extends Module {
  forward(x: Tensor): Tensor {
    return relu6(x);
  }
}

/**
 * `x` above 0, `negativeSlope·x` elsewhere: {@link leakyRelu} as a module.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.LeakyReLU.html
 */
export class LeakyReLU extends Configured<{ readonly negativeSlope: number }> {
  constructor(...rest: Rest<[negativeSlope: number], { readonly negativeSlope?: number }>) {
    super(readLeaky('LeakyReLU', rest));
  }

  forward(x: Tensor): Tensor {
    return leakyRelu(x, this.options);
  }
}

/**
 * `x` above 0, `alpha·(eˣ - 1)` elsewhere: {@link elu} as a module.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.ELU.html
 */
export class ELU extends Configured<Required<EluOptions>> {
  constructor(...rest: Rest<[alpha: number], EluOptions>) {
    super(readElu('ELU', rest));
  }

  forward(x: Tensor): Tensor {
    return elu(x, this.options);
  }
}

/**
 * `x` above 0, `alpha·(exp(x/alpha) - 1)` elsewhere: {@link celu} as a module.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.CELU.html
 */
export class CELU extends Configured<Required<EluOptions>> {
  constructor(...rest: Rest<[alpha: number], EluOptions>) {
    super(readCelu('CELU', rest));
  }

  forward(x: Tensor): Tensor {
    return celu(x, this.options);
  }
}

/**
 * The self-normalizing {@link selu} as a module.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.SELU.html
 */
export class SELU extends Module {
  forward(x: Tensor): Tensor {
    return selu(x);
  }
}

/**
 * `x·tanh(log(1 + eˣ))`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Mish.html
 */
export class Mish extends Module {
  forward(x: Tensor): Tensor {
    return mish(x);
  }
}

/**
 * `x`, cut to `minVal` and `maxVal`: {@link hardtanh} as a module.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Hardtanh.html
 */
export class Hardtanh extends Configured<Required<HardtanhOptions>> {
  constructor(...rest: Rest<[minVal: number, maxVal: number], HardtanhOptions>) {
    super(readHardtanh('Hardtanh', rest));
  }

  forward(x: Tensor): Tensor {
    return hardtanh(x, this.options);
  }
}

/**
 * `x/6 + 1/2`, cut to 0 and 1.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Hardsigmoid.html
 */
export class Hardsigmoid extends Module {
  forward(x: Tensor): Tensor {
    return hardsigmoid(x);
  }
}

/**
 * `x` times {@link hardsigmoid}.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Hardswish.html
 */
export class Hardswish extends Module {
  forward(x: Tensor): Tensor {
    return hardswish(x);
  }
}

/**
 * 0 from `-lambd` to `lambd`, else `x`: {@link hardshrink} as a module.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Hardshrink.html
 */
export class Hardshrink extends Configured<Required<ShrinkOptions>> {
  constructor(...rest: Rest<[lambd: number], ShrinkOptions>) {
    super(readHardshrink('Hardshrink', rest));
  }

  forward(x: Tensor): Tensor {
    return hardshrink(x, this.options);
  }
}

/**
 * `x` moved by `lambd` towards 0, and not beyond: {@link softshrink} as a module.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Softshrink.html
 */
export class Softshrink extends Configured<Required<ShrinkOptions>> {
  constructor(...rest: Rest<[lambd: number], ShrinkOptions>) {
    super(readSoftshrink('Softshrink', rest));
  }

  forward(x: Tensor): Tensor {
    return softshrink(x, this.options);
  }
}

/**
 * `x - tanh x`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Tanhshrink.html
 */
export class Tanhshrink extends Module {
  forward(x: Tensor): Tensor {
    return tanhshrink(x);
  }
}

/**
 * `x` above `threshold`, else `value`: {@link threshold} as a module.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Threshold.html
 */
export class Threshold extends Configured<ThresholdOptions> {
  constructor(...rest: ThresholdRest) {
    super(readThreshold('Threshold', rest));
  }

  forward(x: Tensor): Tensor {
    return threshold(x, this.options);
  }
}

/**
 * `a·sigmoid(b)` for the halves of the input along `dim`: {@link glu} as a module.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.GLU.html
 */
export class GLU extends Configured<{ readonly dim: number }> {
  constructor(...rest: Rest<[dim: number], { readonly dim?: number }>) {
    super(readGlu('GLU', rest));
  }

  forward(x: Tensor): Tensor {
    return glu(x, this.options);
  }
}

/**
 * {@link rrelu} as a module: slopes are drawn in training, and their mean is used otherwise.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.RReLU.html
 */
export class RReLU extends Configured<{ readonly lower: number; readonly upper: number }> {
  constructor(...rest: Rest<[lower: number, upper: number], Omit<RreluOptions, 'training'>>) {
    super(readSlopes('RReLU', rest));
  }

  forward(x: Tensor): Tensor {
    return rrelu(x, { ...this.options, training: this.training });
  }
}

/** How a {@link PReLU} begins. */
export interface PReLUOptions {
  /** 1, or the number of channels. Default 1. */
  readonly numParameters?: number;
  /** The slope at first. Default 0.25. */
  readonly init?: number;
  /** Default float32. */
  readonly dtype?: FloatDType;
}

/**
 * `x` above 0, `weight·x` elsewhere, with a slope that is learned, or one for each channel.
 * Shapes: (N, C, …) → the same; weight (numParameters).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.PReLU.html
 */
export class PReLU extends Module {
  readonly weight: Parameter;
  readonly numParameters: number;

  constructor(...rest: Rest<[numParameters: number, init: number], PReLUOptions>) {
    super();
    const args = readArgs<PReLUOptions>('PReLU', rest, ['numParameters', 'init'], ['dtype']);
    const { numParameters = 1, init = 0.25 } = args;
    checkCount('PReLU', 'numParameters', numParameters);
    checkNumber('PReLU', 'init', init);
    this.numParameters = numParameters;
    this.weight = new Parameter(full([numParameters], init, { dtype: readDType('PReLU', args) }));
  }

  forward(x: Tensor): Tensor {
    return prelu(x, this.weight);
  }

  protected override extraRepr(): string {
    return `numParameters=${this.numParameters}`;
  }
}
