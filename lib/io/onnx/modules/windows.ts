import { Conv1d, Conv3d, ConvTranspose1d, ConvTranspose3d } from '../../../nn/conv.js';
import type { AnyModule } from '../../../nn/module.js';
import type { Parameter } from '../../../nn/parameter.js';
import {
  AdaptiveAvgPool1d,
  AdaptiveAvgPool2d,
  AdaptiveAvgPool3d,
  AvgPool1d,
  AvgPool2d,
  AvgPool3d,
  MaxPool1d,
  MaxPool3d,
} from '../../../nn/pooling.js';
import { Tensor } from '../../../tensor.js';
import { transposed } from '../kernels/images.js';
import type { Attributes } from '../proto.js';
import { whole, type Whole } from './whole.js';

// Windows in one and three dimensions, which the kernels make of those in two, and averages.

/** What such a module was given: numbers for all dimensions, or one for each. */
interface Windowed extends AnyModule {
  readonly kernelSize: number | readonly number[];
  readonly options: Readonly<Record<string, unknown>>;
}
interface WindowedType {
  readonly prototype: AnyModule;
}

const each = (value: unknown, dims: number): readonly number[] =>
  typeof value === 'number' ? new Array<number>(dims).fill(value) : (value as readonly number[]);

/** Whether a module takes images of `dims` dimensions in batches, and pads with as many zeros on both sides. */
const isPlain = ({ options }: Windowed, dims: number, [x, ...others]: readonly unknown[]): boolean =>
  x instanceof Tensor &&
  x.ndim === dims + 2 &&
  others.every((other) => other == null) &&
  typeof options.padding !== 'string' &&
  (options.paddingMode ?? 'zeros') === 'zeros';

function attributesOf({ kernelSize, options }: Windowed, dims: number, stride: unknown): Attributes {
  const padding = each(options.padding ?? 0, dims);
  return {
    kernel_shape: each(kernelSize, dims),
    strides: each(options.stride ?? stride, dims),
    pads: [...padding, ...padding],
  };
}

interface Convolution extends Windowed {
  readonly weight: Parameter;
  readonly bias: Parameter | null;
}

function convolution(type: WindowedType, dims: number): Whole {
  return whole<Convolution>(
    type as { prototype: Convolution },
    (module, inputs) => isPlain(module, dims, inputs),
    ({ builder, memory }, module, [x], result) => {
      const { weight, bias, options } = module;
      const inputs = [memory.read(x), memory.parameter(weight)];
      if (bias !== null) inputs.push(memory.parameter(bias));
      const attributes: Attributes = {
        ...attributesOf(module, dims, 1),
        dilations: each(options.dilation ?? 1, dims),
        group: (options.groups as number | undefined) ?? 1,
      };
      memory.write(result, builder.node('Conv', inputs, result.shape, attributes));
    },
  );
}

function transposedConvolution(type: WindowedType, dims: number): Whole {
  return whole<Convolution>(
    type as { prototype: Convolution },
    (module, inputs) => isPlain(module, dims, inputs),
    ({ builder, memory }, module, [x], result) => {
      const { weight, bias, options, kernelSize } = module;
      const inputs = [
        memory.read(x),
        memory.parameter(weight),
        bias === null ? null : memory.parameter(bias),
      ] as const;
      const value = transposed(builder, inputs, result.shape, {
        strides: each(options.stride ?? 1, dims),
        padding: each(options.padding ?? 0, dims),
        spare: each(options.outputPadding ?? 0, dims),
        attributes: {
          kernel_shape: each(kernelSize, dims),
          dilations: each(options.dilation ?? 1, dims),
          group: (options.groups as number | undefined) ?? 1,
        },
      });
      memory.write(result, value);
    },
  );
}

function pool(type: WindowedType, dims: number, op: 'AveragePool' | 'MaxPool'): Whole {
  return whole<Windowed>(
    type as { prototype: Windowed },
    // Where the last window reaches beyond the padding the two do not agree.
    (module, inputs) => {
      const { ceilMode = false, divisorOverride = null, returnIndices = false, padding = 0 } = module.options;
      const isWithin = each(padding, dims).every((pad, i) => pad < each(module.kernelSize, dims)[i]);
      return (
        isPlain(module, dims, inputs) && isWithin && !ceilMode && divisorOverride === null && !returnIndices
      );
    },
    ({ builder, memory }, module, [x], result) => {
      const { options, kernelSize } = module;
      const isMax = op === 'MaxPool';
      const attributes: Attributes = {
        ...attributesOf(module, dims, kernelSize),
        dilations: isMax ? each(options.dilation ?? 1, dims) : undefined,
        count_include_pad: isMax ? undefined : options.countIncludePad === false ? 0 : 1,
      };
      memory.write(result, builder.node(op, [memory.read(x)], result.shape, attributes));
    },
  );
}

/** The average of whole images. */
function globalAverage(type: WindowedType, dims: number): Whole {
  interface Adaptive extends AnyModule {
    readonly outputSize: unknown;
  }
  return whole<Adaptive>(
    type as { prototype: Adaptive },
    ({ outputSize }, [x]) =>
      x instanceof Tensor && x.ndim === dims + 2 && [outputSize].flat().every((size) => size === 1),
    ({ builder, memory }, _module, [x], result) => {
      memory.write(result, builder.node('GlobalAveragePool', [memory.read(x)], result.shape));
    },
  );
}

export const WINDOWS: readonly Whole[] = [
  convolution(Conv1d, 1),
  convolution(Conv3d, 3),
  transposedConvolution(ConvTranspose1d, 1),
  transposedConvolution(ConvTranspose3d, 3),
  pool(AvgPool1d, 1, 'AveragePool'),
  pool(AvgPool2d, 2, 'AveragePool'),
  pool(AvgPool3d, 3, 'AveragePool'),
  pool(MaxPool1d, 1, 'MaxPool'),
  pool(MaxPool3d, 3, 'MaxPool'),
  globalAverage(AdaptiveAvgPool1d, 1),
  globalAverage(AdaptiveAvgPool2d, 2),
  globalAverage(AdaptiveAvgPool3d, 3),
];
