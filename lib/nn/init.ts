import type { DType } from '../dtype.js';
import { randomFill } from '../ops/create.js';
import { sizeOf, type Shape } from '../shape.js';
import { empty, type Tensor } from '../tensor.js';

/**
 * PyTorch's default for linear and convolutional layers, weights and biases alike: uniform in ±1/√fanIn, which is
 * Kaiming's uniform initialisation with a = √5.
 * @see He et al., "Delving Deep into Rectifiers", 2015
 */
export function defaultUniform(shape: Shape, fanIn: number, dtype: DType): Tensor {
  const bound = fanIn > 0 ? 1 / Math.sqrt(fanIn) : 0;
  return randomFill('uniform', empty(shape, dtype), -bound, bound);
}

/** How many inputs each output of a weight (O, I, …) sees. */
export const fanIn = (shape: Shape): number => sizeOf(shape.slice(1));
