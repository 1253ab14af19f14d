import {
  CELU,
  ELU,
  Hardsigmoid,
  Hardswish,
  Hardtanh,
  LeakyReLU,
  Mish,
  PReLU,
  ReLU6,
  SELU,
  Softsign,
} from '../../../nn/composed-activation.js';
import type { AnyModule } from '../../../nn/module.js';
import { Tensor } from '../../../tensor.js';
import type { Value } from '../builder.js';
import { Float } from '../proto.js';
import type { Scribe } from '../scribe.js';
import { fixed } from '../sizes.js';
import { whole, type Whole } from './whole.js';

/** An activation that is one node. */
function activation<M extends AnyModule>(
  type: { readonly prototype: M },
  write: (scribe: Scribe, x: Value, module: M) => Value,
): Whole {
  return whole<M>(
    type,
    (_module, [x]) => x instanceof Tensor && x.dtype === 'float32',
    (scribe, module, [x], result) => {
      scribe.memory.write(result, write(scribe, scribe.memory.read(x), module));
    },
  );
}

/** Numbers of the input between two. */
const clip = ({ builder }: Scribe, x: Value, low: number, high: number): Value =>
  builder.node('Clip', [x, builder.scalar(x.dtype, low), builder.scalar(x.dtype, high)], x.shape);

export const ACTIVATIONS: readonly Whole[] = [
  activation(LeakyReLU, ({ builder }, x, { options }) =>
    builder.node('LeakyRelu', [x], x.shape, { alpha: new Float(options.negativeSlope) }),
  ),
  activation(ELU, ({ builder }, x, { options }) =>
    builder.node('Elu', [x], x.shape, { alpha: new Float(options.alpha) }),
  ),
  activation(CELU, ({ builder }, x, { options }) =>
    builder.node('Celu', [x], x.shape, { alpha: new Float(options.alpha) }),
  ),
  activation(SELU, ({ builder }, x) => builder.node('Selu', [x], x.shape)),
  activation(Softsign, ({ builder }, x) => builder.node('Softsign', [x], x.shape)),
  activation(Mish, ({ builder }, x) => builder.node('Mish', [x], x.shape)),
  activation(Hardswish, ({ builder }, x) => builder.node('HardSwish', [x], x.shape)),
  activation(Hardsigmoid, ({ builder }, x) =>
    builder.node('HardSigmoid', [x], x.shape, { alpha: new Float(1 / 6), beta: new Float(0.5) }),
  ),
  activation(ReLU6, (scribe, x) => clip(scribe, x, 0, 6)),
  activation(Hardtanh, (scribe, x, { options }) => clip(scribe, x, options.minVal, options.maxVal)),
  activation(PReLU, ({ builder, memory }, x, { weight }) => {
    // Slopes are those of channels, which is the second dimension: all that follow are broadcast along.
    const slopes = memory.parameter(weight);
    const shape = [slopes.shape[0], ...x.shape.slice(2).map(() => fixed(1))];
    const isOne = slopes.shape[0].times === 1;
    return builder.node('PRelu', [x, isOne ? slopes : builder.reshape(slopes, shape)], x.shape);
  }),
];
