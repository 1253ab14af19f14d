import { backend } from '../backend/select.js';
import { isFloat } from '../dtype.js';
import { checkBoolean, describe, rangeError, shapeError, typeError } from '../errors.js';
import { noGrad } from '../grad-mode.js';
import { checkShape, formatShape, sameShape, sizeOf, type Shape } from '../shape.js';
import { checkTensor, empty, emptyInOrder, type Tensor } from '../tensor.js';
import { readArgs, type Rest } from './arguments.js';
import { clone, contiguous, likewise, reshape, sum } from './broadcast.js';
import { add_, mul_ } from './inplace.js';
import { add, mul, neg, reciprocal, sqrt, square, sub } from './pointwise.js';
import { recording, track } from './primitive.js';
import { mean } from './reduce.js';

/** How {@link batchNorm} normalizes. */
export interface BatchNormOptions {
  /** What channels are multiplied with at the end, (C). Default none. */
  readonly weight?: Tensor | null;
  /** What is added to channels at the end, (C). Default none. */
  readonly bias?: Tensor | null;
  /** Whether by the statistics of the batch, which then move the running ones. Default false. */
  readonly training?: boolean;
  /** How far the running statistics move to those of the batch. Default 0.1. */
  readonly momentum?: number;
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
}

/**
 * `(x - mean) / √(variance + eps) · weight + bias` for every channel. In training, mean and variance are those of the
 * batch over all but channels, and the running statistics (if given) move to them in place:
 * `running = (1 - momentum)·running + momentum·batch`, with the unbiased variance. Otherwise they are the running ones.
 * Shapes: x (N, C, …), all others (C) → (N, C, …), in the layout of x. An input without elements may have any shape.
 * Gradients, with x̂ the normalized x and Σ over all but channels: weight `Σ g·x̂`; bias `Σ g`;
 * x `weight / √(variance + eps) · (g - mean(g) - x̂·mean(g·x̂))`, without the two means outside of training.
 * @throws ShapeError when shapes do not fit, or there is one value a channel in training; TypeError when dtypes differ,
 *   or there are no running statistics outside of training.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.batch_norm.html
 */
export function batchNorm(
  x: Tensor,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  ...rest: Rest<
    [weight: Tensor | null, bias: Tensor | null, training: boolean, momentum: number, eps: number],
    BatchNormOptions
  >
): Tensor {
  checkFloat('batchNorm', x);
  const {
    weight = null,
    bias = null,
    training = false,
    momentum = 0.1,
    eps = 1e-5,
  } = readArgs<BatchNormOptions>('batchNorm', rest, ['weight', 'bias', 'training', 'momentum', 'eps']);
  checkBoolean('batchNorm', 'training', training);
  checkFinite('batchNorm', 'eps', eps);
  checkFinite('batchNorm', 'momentum', momentum);
  if (x.ndim < 2 && x.size === 0 && weight === null && bias === null) return clone(x);
  if (x.ndim < 2) shapeError('batchNorm', `expected (N, C, …), got ${formatShape(x.shape)}`);
  const shape = [x.shape[1]];
  for (const [name, value] of Object.entries({ runningMean, runningVar, weight, bias }))
    if (value !== null) checkAffine('batchNorm', name, value, shape, x);
  if (training && x.size === 0 && x.shape[1] !== 0) return scaled(x, weight, bias);
  if (training) return normalizeBatch(x, runningMean, runningVar, weight, bias, momentum, eps);
  if (runningMean === null || runningVar === null)
    typeError('batchNorm', 'outside of training, running statistics are needed');
  return normalizeByRunning(x, runningMean, runningVar, weight, bias, eps);
}

/** Throws unless the input holds floats. */
export function checkFloat(op: string, x: unknown): asserts x is Tensor {
  checkTensor(op, x);
  if (!isFloat(x.dtype)) typeError(op, `input: expected float32 or float64, got ${x.dtype}`);
}

/** Throws unless an argument is a number other than NaN and ±∞. */
export function checkFinite(op: string, name: string, value: unknown): asserts value is number {
  if (typeof value !== 'number') typeError(op, `${name}: expected a number, got ${describe(value)}`);
  if (!Number.isFinite(value)) rangeError(op, `${name}: expected a finite number, got ${value}`);
}

/** `x·weight + bias`, channel by channel; either may be missing. */
export function scaled(x: Tensor, weight: Tensor | null, bias: Tensor | null): Tensor {
  const y = weight === null ? x : mul(x, perChannel(weight, x));
  return bias === null ? y : add(y, perChannel(bias, x));
}

export function checkEps(op: string, eps: unknown): void {
  if (typeof eps !== 'number' || !(eps >= 0) || eps === Infinity)
    rangeError(op, `eps: expected a number from 0, got ${describe(eps)}`);
}

export function checkFraction(op: string, name: string, value: unknown): void {
  if (typeof value !== 'number' || !(value >= 0 && value <= 1))
    rangeError(op, `${name}: expected a number from 0 to 1, got ${describe(value)}`);
}

/** Throws unless `value` has the shape it must have and the dtype of `x`. */
export function checkAffine(op: string, name: string, value: unknown, shape: Shape, x: Tensor): void {
  checkTensor(op, value, name);
  if (value.dtype !== x.dtype) typeError(op, `${name}: expected ${x.dtype}, got ${value.dtype}`);
  if (!sameShape(value.shape, shape))
    shapeError(op, `${name}: expected ${formatShape(shape)}, got ${formatShape(value.shape)}`);
}

const contiguousOrNull = (x: Tensor | null): Tensor | null => x && contiguous(x);

/** All dimensions but that of channels. */
const otherDims = (x: Tensor): number[] => x.shape.map((_, dim) => dim).filter((dim) => dim !== 1);

/** One number a channel, to broadcast with `x`. */
const perChannel = (values: Tensor, x: Tensor): Tensor =>
  reshape(values, [values.size, ...x.shape.slice(2).map(() => 1)]);

function normalizeBatch(
  x: Tensor,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  weight: Tensor | null,
  bias: Tensor | null,
  momentum: number,
  eps: number,
): Tensor {
  const channels = x.shape[1];
  const count = channels === 0 ? 0 : x.size / channels;
  if (count < 2)
    shapeError(
      'batchNorm',
      `expected more than one value a channel in training, got shape ${formatShape(x.shape)}`,
    );
  const out = emptyInOrder(x, x.shape);
  const [center, variance] = [empty([channels], x.dtype), empty([channels], x.dtype)];
  const params = { eps, training: true };
  backend.batchNorm(x, contiguousOrNull(weight), contiguousOrNull(bias), center, variance, out, params);
  noGrad(() => {
    if (runningMean) moveTo(runningMean, center, 1, momentum);
    if (runningVar) moveTo(runningVar, variance, count / (count - 1), momentum);
  });
  const parents = [x, ...(weight ? [weight] : []), ...(bias ? [bias] : [])];
  return track('batchNorm', out, parents, weight ? [x, weight] : [x], (g) => {
    const gradients = recording([g, x, ...(weight ? [weight] : [])])
      ? composedGradients(g, x, weight, eps)
      : fusedGradients(g, x, weight, center, variance, eps);
    return [gradients.x, ...(weight ? [gradients.weight] : []), ...(bias ? [gradients.bias] : [])];
  });
}

/** `running = (1 - momentum)·running + momentum·scale·batch`. */
function moveTo(running: Tensor, batch: Tensor, scale: number, momentum: number): void {
  mul_(running, 1 - momentum);
  add_(running, mul(batch, scale * momentum));
}

interface Gradients {
  readonly x: () => Tensor;
  readonly weight: () => Tensor;
  readonly bias: () => Tensor;
}

/** All gradients in one call, without a graph. */
function fusedGradients(
  g: Tensor,
  x: Tensor,
  weight: Tensor | null,
  center: Tensor,
  variance: Tensor,
  eps: number,
): Gradients {
  const forX = emptyInOrder(x, x.shape);
  const [forWeight, forBias] = [empty(center.shape, x.dtype), empty(center.shape, x.dtype)];
  backend.batchNormGrad(
    x,
    likewise(g, x),
    contiguousOrNull(weight),
    center,
    variance,
    forX,
    forWeight,
    forBias,
    eps,
  );
  return { x: () => forX, weight: () => forWeight, bias: () => forBias };
}

/** The same in ops that have gradients themselves. */
function composedGradients(g: Tensor, x: Tensor, weight: Tensor | null, eps: number): Gradients {
  const dims = otherDims(x);
  const centered = sub(x, mean(x, dims, true));
  const inverse = reciprocal(sqrt(add(mean(square(centered), dims, true), eps)));
  const normal = mul(centered, inverse);
  return {
    x: () => {
      const gw = weight ? mul(g, perChannel(weight, x)) : g;
      const along = mul(normal, mean(mul(gw, normal), dims, true));
      return mul(inverse, sub(sub(gw, mean(gw, dims, true)), along));
    },
    weight: () => sum(mul(g, normal), dims),
    bias: () => sum(g, dims),
  };
}

function normalizeByRunning(
  x: Tensor,
  center: Tensor,
  variance: Tensor,
  weight: Tensor | null,
  bias: Tensor | null,
  eps: number,
): Tensor {
  const out = emptyInOrder(x, x.shape);
  const [m, v, w, b] = [center, variance, weight, bias].map(contiguousOrNull) as [Tensor, Tensor, null, null];
  backend.batchNorm(x, w, b, m, v, out, { eps, training: false });
  const parents = [x, center, variance, ...(weight ? [weight] : []), ...(bias ? [bias] : [])];
  const saved = [x, center, variance, ...(weight ? [weight] : [])];
  return track('batchNorm', out, parents, saved, (g) => {
    const dims = otherDims(x);
    const inverse = reciprocal(sqrt(add(variance, eps)));
    const scale = weight ? mul(weight, inverse) : inverse;
    const forWeight = (): Tensor =>
      sum(mul(g, mul(sub(x, perChannel(center, x)), perChannel(inverse, x))), dims);
    return [
      () => mul(g, perChannel(scale, x)),
      () => neg(mul(sum(g, dims), scale)),
      () => mul(mul(forWeight(), mul(scale, inverse)), -0.5),
      ...(weight ? [forWeight] : []),
      ...(bias ? [() => sum(g, dims)] : []),
    ];
  });
}

/** What {@link layerNorm} takes by name. */
export interface LayerNormOptions {
  /** What the normalized is multiplied with, in the shape that is normalized. Default none. */
  readonly weight?: Tensor | null;
  /** What is added to it then. Default none. */
  readonly bias?: Tensor | null;
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
}

/**
 * `(x - mean) / √(variance + eps) · weight + bias`, with mean and variance over the last dimensions, whose sizes are
 * `normalizedShape` (a number for one dimension).
 * Shapes: x (…, ...normalizedShape), weight and bias normalizedShape → that of x.
 * Gradients, with x̂ the normalized x and h = g·weight: x `(h - mean(h) - x̂·mean(h·x̂)) / √(variance + eps)`, means over
 * the normalized dimensions; weight `Σ g·x̂` and bias `Σ g`, over the others.
 * @throws ShapeError when x does not end in `normalizedShape`; TypeError when dtypes differ.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.layer_norm.html
 */
export function layerNorm(
  x: Tensor,
  normalizedShape: number | Shape,
  ...rest: Rest<[weight: Tensor | null, bias: Tensor | null, eps: number], LayerNormOptions>
): Tensor {
  checkFloat('layerNorm', x);
  const shape = readNormalizedShape('layerNorm', normalizedShape);
  const args = readArgs<LayerNormOptions>('layerNorm', rest, ['weight', 'bias', 'eps']);
  const { weight = null, bias = null, eps = 1e-5 } = args;
  checkFinite('layerNorm', 'eps', eps);
  const lead = x.ndim - shape.length;
  if (lead < 0 || !sameShape(x.shape.slice(lead), shape))
    shapeError('layerNorm', `input of shape ${formatShape(x.shape)} does not end in ${formatShape(shape)}`);
  for (const [name, value] of Object.entries({ weight, bias }))
    if (value !== null) checkAffine('layerNorm', name, value, shape, x);
  const length = sizeOf(shape);
  const rows = reshape(x, [sizeOf(x.shape.slice(0, lead)), length]);
  const [w, b] = [weight, bias].map((values) => values && reshape(values, [length]));
  return reshape(normalizeRows(rows, w, b, eps), x.shape);
}

/** The shape that layers are normalized over, checked: at least one dimension. */
export function readNormalizedShape(op: string, value: unknown): Shape {
  const shape: unknown = typeof value === 'number' ? [value] : value;
  checkShape(op, shape);
  if (shape.length === 0) shapeError(op, 'normalizedShape: expected at least one size, got none');
  return [...shape];
}

/** Rows with mean 0 and variance 1, then times weight and plus bias. */
export function normalizeRows(x: Tensor, weight: Tensor | null, bias: Tensor | null, eps: number): Tensor {
  const [rows] = x.shape;
  const out = empty(x.shape, x.dtype);
  const [center, inverse] = [empty([rows], x.dtype), empty([rows], x.dtype)];
  const from = contiguous(x);
  backend.layerNorm(from, contiguousOrNull(weight), contiguousOrNull(bias), center, inverse, out, eps);
  const parents = [x, ...(weight ? [weight] : []), ...(bias ? [bias] : [])];
  return track('layerNorm', out, parents, weight ? [x, weight] : [x], (g) => {
    const gradients = recording([g, x, ...(weight ? [weight] : [])])
      ? composedRowGradients(g, x, weight, eps)
      : fusedRowGradients(g, x, weight, center, inverse);
    return [gradients.x, ...(weight ? [gradients.weight] : []), ...(bias ? [gradients.bias] : [])];
  });
}

function fusedRowGradients(
  g: Tensor,
  x: Tensor,
  weight: Tensor | null,
  center: Tensor,
  inverse: Tensor,
): Gradients {
  const forX = empty(x.shape, x.dtype);
  const [forWeight, forBias] = [empty([x.shape[1]], x.dtype), empty([x.shape[1]], x.dtype)];
  backend.layerNormGrad(
    contiguous(x),
    contiguous(g),
    contiguousOrNull(weight),
    center,
    inverse,
    forX,
    forWeight,
    forBias,
  );
  return { x: () => forX, weight: () => forWeight, bias: () => forBias };
}

function composedRowGradients(g: Tensor, x: Tensor, weight: Tensor | null, eps: number): Gradients {
  const centered = sub(x, mean(x, 1, true));
  const inverse = reciprocal(sqrt(add(mean(square(centered), 1, true), eps)));
  const normal = mul(centered, inverse);
  return {
    x: () => {
      const h = weight ? mul(g, weight) : g;
      const along = mul(normal, mean(mul(h, normal), 1, true));
      return mul(inverse, sub(sub(h, mean(h, 1, true)), along));
    },
    weight: () => sum(mul(g, normal), 0),
    bias: () => sum(g, 0),
  };
}
