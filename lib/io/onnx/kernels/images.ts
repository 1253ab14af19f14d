import type { BatchNormParams, Conv2dParams, Window2d } from '../../../backend/contract.js';
import type { Builder, Value } from '../builder.js';
import type { View } from '../merge.js';
import { constant, Float, type Attributes } from '../proto.js';
import type { Scribe } from '../scribe.js';
import { fixed, ONE, product, type Size } from '../sizes.js';

/** What ONNX calls a window. */
const windowOf = ({ kernel, stride, padding, dilation }: Window2d): Attributes => ({
  kernel_shape: kernel,
  strides: stride,
  pads: [...padding, ...padding],
  dilations: dilation,
});

export function conv2d(
  { builder, memory }: Scribe,
  x: View,
  weight: View,
  bias: View | null,
  out: View,
  params: Conv2dParams,
): void {
  const inputs = [memory.read(x), memory.read(weight), ...(bias === null ? [] : [memory.read(bias)])];
  memory.write(out, builder.node('Conv', inputs, out.shape, { ...windowOf(params), group: params.groups }));
}

/** How much longer a transposed convolution's result is than what its windows need. */
const spareOf = (from: View, to: readonly Size[], window: Window2d): number[] =>
  [0, 1].map((i) => {
    const reach = window.dilation[i] * (window.kernel[i] - 1) + 1;
    return (
      to[i + 2].times - ((from.shape[i + 2].times - 1) * window.stride[i] + reach - 2 * window.padding[i])
    );
  });

/** What {@link transposed} takes: all of it, but for the group, has a number for each dimension of an image. */
export interface Transposed {
  readonly strides: readonly number[];
  readonly padding: readonly number[];
  /** How many elements follow those that the windows need. */
  readonly spare: readonly number[];
  /** All other attributes. */
  readonly attributes: Attributes;
}

/**
 * A transposed convolution. Runtimes refuse as many spare elements as a stride has: less is cut off then, and what lies
 * beyond all windows is filled with zeros.
 */
export function transposed(
  builder: Builder,
  [x, weight, bias]: readonly [x: Value, weight: Value, bias?: Value | null],
  shape: readonly Size[],
  { strides, padding, spare, attributes }: Transposed,
): Value {
  const inputs = [x, weight, ...(bias ? [bias] : [])];
  const node = (end: readonly number[], rest: readonly number[], of = inputs, to = shape): Value =>
    builder.node('ConvTranspose', of, to, {
      ...attributes,
      strides,
      pads: [...padding, ...end],
      output_padding: rest.every((count) => count === 0) ? undefined : rest,
    });
  if (spare.every((count, i) => count < strides[i])) return node(padding, spare);
  const none = spare.map(() => 0);
  const missing = spare.map((count, i) => Math.max(0, count - padding[i]));
  const end = spare.map((count, i) => Math.max(0, padding[i] - count));
  if (missing.every((count) => count === 0)) return node(end, none);
  const short = shape.map((size, dim) => (dim < 2 ? size : fixed(size.times - missing[dim - 2])));
  const y = node(end, none, [x, weight], short);
  const amounts = builder.ints([0, 0, ...none, 0, 0, ...missing]);
  const padded = builder.node('Pad', [y, amounts, builder.scalar(x.dtype, 0)], shape);
  if (!bias) return padded;
  const perChannel = builder.reshape(bias, [bias.shape[0], ...none.map(() => ONE)]);
  return builder.pointwise('Add', [padded, perChannel]);
}

const withoutPads = (window: Window2d, group: number): Attributes => ({
  kernel_shape: window.kernel,
  dilations: window.dilation,
  group,
});

export function conv2dInput(
  { builder, memory }: Scribe,
  grad: View,
  weight: View,
  out: View,
  params: Conv2dParams,
): void {
  const { stride: strides, padding, groups } = params;
  const spare = spareOf(grad, out.shape, params);
  const attributes = withoutPads(params, groups);
  const inputs = [memory.read(grad), memory.read(weight)] as const;
  memory.write(out, transposed(builder, inputs, out.shape, { strides, padding, spare, attributes }));
}

/** A kernel for each element of a window, which picks that element: for `channels` channels one after the other. */
function pickers(
  builder: Builder,
  dtype: 'float32',
  channels: number,
  [kh, kw]: readonly [number, number],
): Value {
  const size = kh * kw;
  const values = new Float32Array(channels * size * size);
  for (let i = 0; i < channels * size; i++) values[i * size + (i % size)] = 1;
  return builder.constant(constant(dtype, [channels * size, 1, kh, kw], values));
}

export function im2col({ builder, memory }: Scribe, x: View, out: View, window: Window2d): void {
  const channels = x.shape[1];
  if (channels.isBatch) builder.fail('windows of channels that follow the batch');
  const weight = pickers(builder, x.dtype as 'float32', channels.times, window.kernel);
  const image = [0, 1].map((i) => windowsIn(x.shape[i + 2].times, window, i));
  const columns = builder.node(
    'Conv',
    [memory.read(x), weight],
    [out.shape[0], out.shape[1], ...image.map(fixed)],
    {
      ...windowOf(window),
      group: channels.times,
    },
  );
  memory.write(out, columns);
}

const windowsIn = (length: number, { kernel, stride, padding, dilation }: Window2d, i: number): number =>
  Math.floor((length + 2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1) / stride[i]) + 1;

export function col2im({ builder, memory }: Scribe, columns: View, out: View, window: Window2d): void {
  const channels = out.shape[1];
  if (channels.isBatch) builder.fail('windows of channels that follow the batch');
  const weight = pickers(builder, columns.dtype as 'float32', channels.times, window.kernel);
  const image = [0, 1].map((i) => fixed(windowsIn(out.shape[i + 2].times, window, i)));
  const [n, features] = columns.shape;
  const shape = [n, features, ...image];
  const x = builder.reshape(memory.read(columns), shape);
  const spare = spareOf({ ...columns, shape }, out.shape, window);
  const attributes = withoutPads(window, channels.times);
  const { stride: strides, padding } = window;
  memory.write(out, transposed(builder, [x, weight], out.shape, { strides, padding, spare, attributes }));
}

export function maxPool2d(
  { builder, memory }: Scribe,
  x: View,
  out: View,
  index: View,
  window: Window2d,
): void {
  const { kernel, stride, padding, dilation } = window;
  // How much the windows need after the end: ONNX and PyTorch do not agree on when there is a last one.
  const after = [0, 1].map((i) => {
    const reach = dilation[i] * (kernel[i] - 1) + 1;
    return Math.max(0, (out.shape[i + 2].times - 1) * stride[i] + reach - x.shape[i + 2].times - padding[i]);
  });
  let value = memory.read(x);
  const width = x.shape[3].times;
  let pads = [...padding, ...after];
  const isExplicit = pads.some((pad, i) => pad >= kernel[i % 2]);
  const [h, w] = [x.shape[2].times, width];
  let [seenWidth, top, left] = [w, 0, 0];
  if (isExplicit) {
    // More padding than a pool may have.
    const shape = [
      x.shape[0],
      x.shape[1],
      fixed(h + padding[0] + after[0]),
      fixed(w + padding[1] + after[1]),
    ];
    const amounts = builder.ints([0, 0, ...padding, 0, 0, ...after]);
    value = builder.node('Pad', [value, amounts, builder.scalar(x.dtype, -Infinity)], shape);
    [seenWidth, top, left] = [w + padding[1] + after[1], padding[0], padding[1]];
    pads = [0, 0, 0, 0];
  }
  const attributes = { kernel_shape: kernel, strides: stride, pads, dilations: dilation };
  const [largest, at] = builder.several('MaxPool', [value], attributes, 2);
  memory.write(out, { ...value, name: largest, shape: out.shape });
  // ONNX counts positions through all images.
  const all: Value = { name: at, dtype: 'int64', shape: out.shape };
  const image = value.shape[2].times * seenWidth;
  let position = builder.withNumber('Mod', all, image);
  if (isExplicit) {
    const row = builder.withNumber('Sub', builder.withNumber('Div', position, seenWidth), top);
    const column = builder.withNumber('Sub', builder.withNumber('Mod', position, seenWidth), left);
    position = builder.pointwise('Add', [builder.withNumber('Mul', row, w), column]);
  }
  memory.write(index, builder.cast(position, 'int32'));
}

export function maxPool2dGrad({ builder, memory }: Scribe, grad: View, index: View, out: View): void {
  const rows = ([n, c, h, w]: readonly Size[]): Size[] => [n, c, product(h, w) as Size];
  const zeros = builder.expand(builder.scalar(out.dtype, 0), rows(out.shape));
  const inputs = [
    zeros,
    builder.reshape(memory.read(index), rows(index.shape)),
    builder.reshape(memory.read(grad), rows(grad.shape)),
  ];
  memory.write(out, builder.node('ScatterElements', inputs, zeros.shape, { axis: 2, reduction: 'add' }));
}

export function batchNorm(
  { builder, memory }: Scribe,
  x: View,
  weight: View | null,
  bias: View | null,
  mean: View,
  variance: View,
  out: View,
  { eps, training }: BatchNormParams,
): void {
  const value = memory.read(x);
  const channels = x.shape[1];
  if (!training && !channels.isBatch) {
    const all = (number: number): Value =>
      builder.constant(constant(x.dtype, [channels.times], new Array<number>(channels.times).fill(number)));
    const scale = weight === null ? all(1) : memory.read(weight);
    const shift = bias === null ? all(0) : memory.read(bias);
    const inputs = [value, scale, shift, memory.read(mean), memory.read(variance)];
    memory.write(out, builder.node('BatchNormalization', inputs, x.shape, { epsilon: new Float(eps) }));
    return;
  }
  const others = x.shape.map((_, dim) => dim).filter((dim) => dim !== 1);
  const perChannel = (view: View): Value => {
    const each = memory.readLoosely(view);
    return builder.reshape(each, [each.shape[0], ...x.shape.slice(2).map(() => fixed(1))]);
  };
  const center = training ? builder.reduce('ReduceMean', value, others) : perChannel(mean);
  const centered = builder.pointwise('Sub', [value, center]);
  const spread = training
    ? builder.reduce('ReduceMean', builder.pointwise('Mul', [centered, centered]), others)
    : perChannel(variance);
  const deviation = builder.pointwise('Sqrt', [builder.withNumber('Add', spread, eps)]);
  let y = builder.pointwise('Div', [centered, deviation]);
  if (weight !== null) y = builder.pointwise('Mul', [y, perChannel(weight)]);
  if (bias !== null) y = builder.pointwise('Add', [y, perChannel(bias)]);
  memory.write(out, y);
  if (!training) return;
  memory.write(mean, center);
  memory.write(variance, spread);
}
