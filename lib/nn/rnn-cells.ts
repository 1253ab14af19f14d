import type { FloatDType } from '../dtype.js';
import { checkBoolean, shapeError, typeError } from '../errors.js';
import { checkOneOf, readArgs, type Rest } from '../ops/arguments.js';
import { zeros } from '../ops/create.js';
import { linear } from '../ops/matmul.js';
import { squeeze, unsqueeze } from '../ops/shape.js';
import { formatShape, sameShape } from '../shape.js';
import { checkTensor, type Tensor } from '../tensor.js';
import { defaultUniform } from './init.js';
import { Module } from './module.js';
import { checkCount, readDType } from './options.js';
import { Parameter } from './parameter.js';
import { gruStep, lstmStep, reluStep, tanhStep, type Step } from './rnn-steps.js';

/** Options of {@link LSTMCell} and {@link GRUCell}. */
export interface CellOptions {
  /** Whether there are biases. Default true. */
  readonly bias?: boolean;
  /** Default float32. */
  readonly dtype?: FloatDType;
}

/** Options of {@link RNNCell}. */
export interface RNNCellOptions extends CellOptions {
  /** Default 'tanh'. */
  readonly nonlinearity?: 'tanh' | 'relu';
}

/** What the cells share: parameters `weight_ih`, `weight_hh`, `bias_ih`, `bias_hh`, as PyTorch names them. */
abstract class Cell<Hidden, Out> extends Module<[input: Tensor, hx?: Hidden | null], Out> {
  readonly weightIh: Parameter;
  readonly weightHh: Parameter;
  readonly biasIh: Parameter | null;
  readonly biasHh: Parameter | null;

  constructor(
    readonly inputSize: number,
    readonly hiddenSize: number,
    gates: number,
    options: CellOptions,
  ) {
    super();
    const op = this.constructor.name;
    checkCount(op, 'inputSize', inputSize, 0);
    checkCount(op, 'hiddenSize', hiddenSize);
    const { bias = true } = options;
    checkBoolean(op, 'bias', bias);
    const dtype = readDType(op, options);
    const make = (...shape: number[]): Parameter =>
      new Parameter(defaultUniform([gates * hiddenSize, ...shape], hiddenSize, dtype));
    this.weightIh = this.registerParameter('weight_ih', make(inputSize));
    this.weightHh = this.registerParameter('weight_hh', make(hiddenSize));
    this.biasIh = this.registerParameter('bias_ih', bias ? make() : null);
    this.biasHh = this.registerParameter('bias_hh', bias ? make() : null);
  }

  /**
   * One step from `given`, or zeros, of `count` tensors.
   * @internal
   */
  protected run(
    given: Tensor,
    states: readonly Tensor[] | null,
    step: Step,
    count: number,
  ): readonly Tensor[] {
    const op = this.constructor.name;
    const { dtype } = this.weightIh;
    checkTensor(op, given, 'input');
    if ((given.ndim !== 1 && given.ndim !== 2) || given.shape[given.ndim - 1] !== this.inputSize)
      shapeError(
        op,
        `input: expected (N, ${this.inputSize}) or (${this.inputSize},), got ${formatShape(given.shape)}`,
      );
    if (given.dtype !== dtype) typeError(op, `input: expected ${dtype}, got ${given.dtype}`);
    const isBatched = given.ndim === 2;
    const shape = [...given.shape.slice(0, -1), this.hiddenSize];
    const state = Array.from({ length: count }, (_, i) => {
      if (states === null) return zeros(isBatched ? shape : [1, ...shape], { dtype });
      const name = count === 1 ? 'hx' : ['h', 'c'][i];
      checkTensor(op, states[i], name);
      if (!sameShape(states[i].shape, shape))
        shapeError(op, `${name}: expected ${formatShape(shape)}, got ${formatShape(states[i].shape)}`);
      if (states[i].dtype !== dtype) typeError(op, `${name}: expected ${dtype}, got ${states[i].dtype}`);
      return isBatched ? states[i] : unsqueeze(states[i], 0);
    });
    const x = linear(isBatched ? given : unsqueeze(given, 0), this.weightIh, this.biasIh);
    const next = step(x, state, { hidden: this.weightHh, bias: this.biasHh });
    return isBatched ? next : next.map((each) => squeeze(each, 0));
  }

  protected override extraRepr(): string {
    return `${this.inputSize}, ${this.hiddenSize}${this.biasIh === null ? ', bias=false' : ''}`;
  }
}

/**
 * One step of Elman's layer. Shapes: input (N, I), or (I); h (N, H) → (N, H).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.RNNCell.html
 */
export class RNNCell extends Cell<Tensor, Tensor> {
  readonly nonlinearity: 'tanh' | 'relu';

  constructor(
    inputSize: number,
    hiddenSize: number,
    ...rest: Rest<[bias: boolean, nonlinearity: 'tanh' | 'relu'], RNNCellOptions>
  ) {
    const options = readArgs<RNNCellOptions>('RNNCell', rest, ['bias', 'nonlinearity'], ['dtype']);
    const { nonlinearity = 'tanh' } = options;
    checkOneOf('RNNCell', 'nonlinearity', nonlinearity, ['tanh', 'relu']);
    super(inputSize, hiddenSize, 1, options);
    this.nonlinearity = nonlinearity;
  }

  /**
   * One step: the next state.
   * @param hx the state before; zeros by default
   */
  forward(input: Tensor, hx?: Tensor | null): Tensor {
    const step = this.nonlinearity === 'tanh' ? tanhStep : reluStep;
    return this.run(input, hx == null ? null : [hx], step, 1)[0];
  }

  protected override extraRepr(): string {
    return super.extraRepr() + (this.nonlinearity === 'tanh' ? '' : `, nonlinearity=${this.nonlinearity}`);
  }
}

/**
 * One step of {@link LSTM}. Shapes: input (N, I), or (I); h and c (N, H) → [h, c].
 * @see https://pytorch.org/docs/stable/generated/torch.nn.LSTMCell.html
 */
export class LSTMCell extends Cell<readonly [h: Tensor, c: Tensor], [h: Tensor, c: Tensor]> {
  constructor(inputSize: number, hiddenSize: number, ...rest: Rest<[bias: boolean], CellOptions>) {
    super(inputSize, hiddenSize, 4, readArgs<CellOptions>('LSTMCell', rest, ['bias'], ['dtype']));
  }

  /**
   * One step: the next state.
   * @param hx the state before, [h, c]; zeros by default
   */
  forward(input: Tensor, hx?: readonly [h: Tensor, c: Tensor] | null): [h: Tensor, c: Tensor] {
    if (hx != null && (!Array.isArray(hx) || hx.length !== 2)) typeError('LSTMCell', 'hx: expected [h, c]');
    const [h, c] = this.run(input, hx ?? null, lstmStep, 2);
    return [h, c];
  }
}

/**
 * One step of {@link GRU}. Shapes: input (N, I), or (I); h (N, H) → (N, H).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.GRUCell.html
 */
export class GRUCell extends Cell<Tensor, Tensor> {
  constructor(inputSize: number, hiddenSize: number, ...rest: Rest<[bias: boolean], CellOptions>) {
    super(inputSize, hiddenSize, 3, readArgs<CellOptions>('GRUCell', rest, ['bias'], ['dtype']));
  }

  /**
   * One step: the next state.
   * @param hx the state before; zeros by default
   */
  forward(input: Tensor, hx?: Tensor | null): Tensor {
    return this.run(input, hx == null ? null : [hx], gruStep, 1)[0];
  }
}
