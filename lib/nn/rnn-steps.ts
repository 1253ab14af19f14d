import { linear } from '../ops/matmul.js';
import { chunk } from '../ops/shape-split.js';
import { add, mul, relu, sigmoid, sub, tanh } from '../ops/pointwise.js';
import type { Tensor } from '../tensor.js';

// One step in time of each recurrent layer, from the projected input: what cells and layers share. Gates lie side by side in
// PyTorch's order.

/** The weights of a step: (gates · H, H) and (gates · H), and for projections (P, H). */
export interface StepWeights {
  readonly hidden: Tensor;
  readonly bias: Tensor | null;
  readonly projection?: Tensor | null;
}

/**
 * The state between steps: h, and c for LSTM.
 * @inline
 */
export type State = readonly Tensor[];

/**
 * Takes what the input projects to, (N, gates · H), and the state; returns the next state, h first.
 * @inline
 */
export type Step = (input: Tensor, state: State, weights: StepWeights) => State;

const elman =
  (activate: (x: Tensor) => Tensor): Step =>
  (input, [h], { hidden, bias }) => [activate(add(input, linear(h, hidden, bias)))];

export const tanhStep = elman(tanh);
export const reluStep = elman(relu);

/** Gates: input, forget, cell, output. */
export const lstmStep: Step = (input, [h, c], { hidden, bias, projection }) => {
  const [i, f, g, o] = chunk(add(input, linear(h, hidden, bias)), 4, 1);
  const cell = add(mul(sigmoid(f), c), mul(sigmoid(i), tanh(g)));
  const output = mul(sigmoid(o), tanh(cell));
  return [projection ? linear(output, projection) : output, cell];
};

/** Gates: reset, update, new. */
export const gruStep: Step = (input, [h], { hidden, bias }) => {
  const [r, z, n] = chunk(input, 3, 1);
  const [hr, hz, hn] = chunk(linear(h, hidden, bias), 3, 1);
  const next = tanh(add(n, mul(sigmoid(add(r, hr)), hn)));
  return [add(next, mul(sigmoid(add(z, hz)), sub(h, next)))];
};
