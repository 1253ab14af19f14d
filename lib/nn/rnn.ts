import type { FloatDType } from '../dtype.js';
import { checkBoolean, rangeError, shapeError, typeError } from '../errors.js';
import { checkOneOf, readArgs, type Rest } from '../ops/arguments.js';
import { zeros } from '../ops/create.js';
import { checkProbability, dropout } from '../ops/dropout.js';
import { linear } from '../ops/matmul.js';
import { unbind } from '../ops/shape-split.js';
import { cat, squeeze, stack, transpose, unsqueeze } from '../ops/shape.js';
import { formatShape, sameShape, type Shape } from '../shape.js';
import { checkTensor, type Tensor } from '../tensor.js';
import { defaultUniform } from './init.js';
import { Module } from './module.js';
import { checkCount, readDType } from './options.js';
import { Parameter } from './parameter.js';
import { gruStep, lstmStep, reluStep, tanhStep, type State, type Step } from './rnn-steps.js';

/** Options of {@link RNN}, {@link LSTM} and {@link GRU}. */
export interface RecurrentOptions {
  /** Layers, each on the results of the one before. Default 1. */
  readonly numLayers?: number;
  /** Whether there are biases. Default true. */
  readonly bias?: boolean;
  /** Whether input and output are (N, T, …) instead of (T, N, …). Default false. */
  readonly batchFirst?: boolean;
  /** The probability with which, in training, results between layers are set to 0. Default 0. */
  readonly dropout?: number;
  /** Whether a second direction goes back in time; features of both lie side by side. Default false. */
  readonly bidirectional?: boolean;
  /** Default float32. */
  readonly dtype?: FloatDType;
}

/** Options of {@link RNN}. */
export interface RNNOptions extends RecurrentOptions {
  /** Default 'tanh'. */
  readonly nonlinearity?: 'tanh' | 'relu';
}

/** Options of {@link LSTM}. */
export interface LSTMOptions extends RecurrentOptions {
  /** The size to which each step's h is brought by a matrix; 0 for none. Default 0. */
  readonly projSize?: number;
}

const NAMES = ['numLayers', 'bias', 'batchFirst', 'dropout', 'bidirectional'] as const;

/** The weights of a layer in one direction. */
interface Direction {
  readonly input: Tensor;
  readonly inputBias: Tensor | null;
  readonly hidden: Tensor;
  readonly bias: Tensor | null;
  readonly projection: Tensor | null;
  readonly isReverse: boolean;
}

/**
 * What RNN, LSTM and GRU share. Parameters have PyTorch's names and shapes: `weight_ih_l0` (gates · H, I), `weight_hh_l0`
 * (gates · H, H), `bias_ih_l0`, `bias_hh_l0`, `weight_hr_l0` (P, H), with `_reverse` for the second direction; as properties
 * also in camelCase. The input of all time steps is projected in one product.
 */
abstract class Recurrent<Hidden> extends Module<
  [input: Tensor, hx?: Hidden | null],
  [output: Tensor, state: Hidden]
> {
  [name: `${'weight' | 'bias'}Ih${string}`]: Parameter;
  [name: `${'weight' | 'bias'}Hh${string}`]: Parameter;
  [name: `weightHr${string}`]: Parameter;
  readonly numLayers: number;
  readonly bias: boolean;
  readonly batchFirst: boolean;
  readonly dropout: number;
  readonly bidirectional: boolean;

  constructor(
    readonly inputSize: number,
    readonly hiddenSize: number,
    /** How many blocks of H features a step computes. */
    gates: number,
    readonly projSize: number,
    options: RecurrentOptions,
  ) {
    super();
    const op = this.constructor.name;
    checkCount(op, 'inputSize', inputSize, 0);
    checkCount(op, 'hiddenSize', hiddenSize);
    const { numLayers = 1, bias = true, batchFirst = false, bidirectional = false } = options;
    const { dropout = 0 } = options;
    checkCount(op, 'numLayers', numLayers);
    for (const [name, value] of Object.entries({ bias, batchFirst, bidirectional }))
      checkBoolean(op, name, value);
    checkProbability(op, dropout);
    checkCount(op, 'projSize', projSize, 0);
    if (projSize >= hiddenSize)
      rangeError(op, `projSize: expected less than hiddenSize ${hiddenSize}, got ${projSize}`);
    const dtype = readDType(op, options);
    this.numLayers = numLayers;
    this.bias = bias;
    this.batchFirst = batchFirst;
    this.dropout = dropout;
    this.bidirectional = bidirectional;
    const outputs = (projSize || hiddenSize) * this.directions;
    const add = (name: string, shape: Shape): void => {
      this.registerParameter(name, new Parameter(defaultUniform(shape, hiddenSize, dtype)));
    };
    for (const [layer, suffix] of this.#suffixes()) {
      add(`weight_ih_${suffix}`, [gates * hiddenSize, layer === 0 ? inputSize : outputs]);
      add(`weight_hh_${suffix}`, [gates * hiddenSize, projSize || hiddenSize]);
      if (bias) for (const kind of ['ih', 'hh']) add(`bias_${kind}_${suffix}`, [gates * hiddenSize]);
      if (projSize > 0) add(`weight_hr_${suffix}`, [projSize, hiddenSize]);
    }
  }

  private get directions(): number {
    return this.bidirectional ? 2 : 1;
  }

  /** What the names of the parameters end with, for each layer and direction. */
  #suffixes(): [layer: number, suffix: string][] {
    return Array.from({ length: this.numLayers }, (_, layer) => layer).flatMap((layer) =>
      ['', '_reverse'].slice(0, this.directions).map((end): [number, string] => [layer, `l${layer}${end}`]),
    );
  }

  #direction(suffix: string): Direction {
    const own = this as unknown as Record<string, Tensor | undefined>;
    return {
      input: own[`weight_ih_${suffix}`] as Tensor,
      hidden: own[`weight_hh_${suffix}`] as Tensor,
      inputBias: own[`bias_ih_${suffix}`] ?? null,
      bias: own[`bias_hh_${suffix}`] ?? null,
      projection: own[`weight_hr_${suffix}`] ?? null,
      isReverse: suffix.endsWith('_reverse'),
    };
  }

  /**
   * Runs all layers. `states` holds h, and c for LSTM, of all layers and directions, or null for zeros.
   * @internal
   */
  protected run(
    given: Tensor,
    states: readonly Tensor[] | null,
    step: Step,
    sizes: readonly number[],
  ): State {
    const op = this.constructor.name;
    const { dtype } = this.#direction('l0').input;
    checkTensor(op, given, 'input');
    if (given.ndim !== 2 && given.ndim !== 3)
      shapeError(
        op,
        `input: expected two dimensions, or three with a batch, got ${formatShape(given.shape)}`,
      );
    if (given.shape[given.ndim - 1] !== this.inputSize)
      shapeError(op, `input: expected ${this.inputSize} features, got ${formatShape(given.shape)}`);
    if (given.dtype !== dtype) typeError(op, `input: expected ${dtype}, got ${given.dtype}`);
    const isBatched = given.ndim === 3;
    let x = given;
    if (!isBatched) x = unsqueeze(x, 1);
    else if (this.batchFirst) x = transpose(x, 0, 1);
    const [time, batch] = x.shape;
    if (time === 0)
      shapeError(op, `input: expected at least one step in time, got ${formatShape(given.shape)}`);

    const count = this.numLayers * this.directions;
    const initial = sizes.map((size, i) => {
      if (states === null) return unbind(zeros([count, batch, size], { dtype }));
      const name = sizes.length === 1 ? 'hx' : ['h', 'c'][i];
      checkTensor(op, states[i], name);
      const expected = isBatched ? [count, batch, size] : [count, size];
      if (!sameShape(states[i].shape, expected))
        shapeError(op, `${name}: expected ${formatShape(expected)}, got ${formatShape(states[i].shape)}`);
      if (states[i].dtype !== dtype) typeError(op, `${name}: expected ${dtype}, got ${states[i].dtype}`);
      return unbind(isBatched ? states[i] : unsqueeze(states[i], 1));
    });
    const last: State[] = [];
    for (let layer = 0; layer < this.numLayers; layer++) {
      const outputs = this.#suffixes()
        .filter(([own]) => own === layer)
        .map(([, suffix]) => {
          const state = initial.map((each) => each[last.length]);
          const { output, state: end } = runDirection(x, state, step, this.#direction(suffix));
          last.push(end);
          return output;
        });
      x = outputs.length > 1 ? cat(outputs, 2) : outputs[0];
      if (layer < this.numLayers - 1) x = dropout(x, this.dropout, this.training);
    }
    const ends = sizes.map((_, i) => stack(last.map((state) => state[i])));
    if (!isBatched) return [squeeze(x, 1), ...ends.map((end) => squeeze(end, 1))];
    return [this.batchFirst ? transpose(x, 0, 1) : x, ...ends];
  }

  protected override extraRepr(): string {
    const others = {
      numLayers: 1,
      bias: true,
      batchFirst: false,
      dropout: 0,
      bidirectional: false,
      projSize: 0,
    };
    const changed = Object.entries(others).flatMap(([name, usual]) => {
      const value = this[name as keyof typeof others];
      return value === usual ? [] : [`, ${name}=${value}`];
    });
    return `${this.inputSize}, ${this.hiddenSize}${changed.join('')}`;
  }
}

/** A layer in one direction: (T, N, I) → (T, N, H), and the state at the end. */
function runDirection(
  x: Tensor,
  initial: State,
  step: Step,
  weights: Direction,
): { output: Tensor; state: State } {
  const inputs = unbind(linear(x, weights.input, weights.inputBias));
  const outputs = new Array<Tensor>(inputs.length);
  let state = initial;
  for (let i = 0; i < inputs.length; i++) {
    const at = weights.isReverse ? inputs.length - 1 - i : i;
    state = step(inputs[at], state, weights);
    outputs[at] = state[0];
  }
  return { output: stack(outputs), state };
}

/**
 * Elman's layers: `h' = tanh(x @ W_ihᵀ + b_ih + h @ W_hhᵀ + b_hh)`, or with relu.
 * Shapes: input (T, N, I), or (T, I); h (layers · directions, N, H) → output (T, N, directions · H), h.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.RNN.html
 */
export class RNN extends Recurrent<Tensor> {
  readonly nonlinearity: 'tanh' | 'relu';

  constructor(
    inputSize: number,
    hiddenSize: number,
    ...rest: Rest<
      [
        numLayers: number,
        nonlinearity: 'tanh' | 'relu',
        bias: boolean,
        batchFirst: boolean,
        dropout: number,
        bidirectional: boolean,
      ],
      RNNOptions
    >
  ) {
    const [first, ...others] = NAMES;
    const options = readArgs<RNNOptions>('RNN', rest, [first, 'nonlinearity', ...others], ['dtype']);
    const { nonlinearity = 'tanh' } = options;
    checkOneOf('RNN', 'nonlinearity', nonlinearity, ['tanh', 'relu']);
    super(inputSize, hiddenSize, 1, 0, options);
    this.nonlinearity = nonlinearity;
  }

  /**
   * Goes through the sequences.
   * @param hx the state at the beginning; zeros by default
   */
  forward(input: Tensor, hx?: Tensor | null): [output: Tensor, state: Tensor] {
    const step = this.nonlinearity === 'tanh' ? tanhStep : reluStep;
    const [output, h] = this.run(input, hx == null ? null : [hx], step, [this.hiddenSize]);
    return [output, h];
  }
}

/**
 * Long short-term memory; gates lie in the order input, forget, cell, output.
 * Shapes: input (T, N, I), or (T, I); h (layers · directions, N, P or H), c (…, N, H) → output (T, N, directions · (P or H)),
 * [h, c].
 * @see https://pytorch.org/docs/stable/generated/torch.nn.LSTM.html
 */
export class LSTM extends Recurrent<readonly [h: Tensor, c: Tensor]> {
  constructor(
    inputSize: number,
    hiddenSize: number,
    ...rest: Rest<
      [
        numLayers: number,
        bias: boolean,
        batchFirst: boolean,
        dropout: number,
        bidirectional: boolean,
        projSize: number,
      ],
      LSTMOptions
    >
  ) {
    const options = readArgs<LSTMOptions>('LSTM', rest, [...NAMES, 'projSize'], ['dtype']);
    super(inputSize, hiddenSize, 4, options.projSize ?? 0, options);
  }

  /**
   * Goes through the sequences.
   * @param hx the state at the beginning, [h, c]; zeros by default
   */
  forward(
    input: Tensor,
    hx?: readonly [h: Tensor, c: Tensor] | null,
  ): [output: Tensor, state: [h: Tensor, c: Tensor]] {
    if (hx != null && (!Array.isArray(hx) || hx.length !== 2)) typeError('LSTM', 'hx: expected [h, c]');
    const sizes = [this.projSize || this.hiddenSize, this.hiddenSize];
    const [output, h, c] = this.run(input, hx ?? null, lstmStep, sizes);
    return [output, [h, c]];
  }
}

/**
 * Gated recurrent units; gates lie in the order reset, update, new, and reset works on `h @ W_hnᵀ + b_hn`.
 * Shapes: input (T, N, I), or (T, I); h (layers · directions, N, H) → output (T, N, directions · H), h.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.GRU.html
 */
export class GRU extends Recurrent<Tensor> {
  constructor(
    inputSize: number,
    hiddenSize: number,
    ...rest: Rest<
      [numLayers: number, bias: boolean, batchFirst: boolean, dropout: number, bidirectional: boolean],
      RecurrentOptions
    >
  ) {
    super(inputSize, hiddenSize, 3, 0, readArgs<RecurrentOptions>('GRU', rest, NAMES, ['dtype']));
  }

  /**
   * Goes through the sequences.
   * @param hx the state at the beginning; zeros by default
   */
  forward(input: Tensor, hx?: Tensor | null): [output: Tensor, state: Tensor] {
    const [output, h] = this.run(input, hx == null ? null : [hx], gruStep, [this.hiddenSize]);
    return [output, h];
  }
}
