import { backend } from '../backend/select.js';
import { checkBoolean, describe, rangeError, shapeError, typeError } from '../errors.js';
import { noGrad } from '../grad-mode.js';
import { checkInteger, checkOneOf, readArgs, type Rest } from '../ops/arguments.js';
import { clone, contiguous, sum } from '../ops/broadcast.js';
import { matmul } from '../ops/matmul.js';
import { add, div, maximum, mul, sqrt, square } from '../ops/pointwise.js';
import { swapaxes } from '../ops/shape.js';
import { fromHost, stepChanged } from '../recording.js';
import { tidy } from '../scope.js';
import { formatShape } from '../shape.js';
import { type Tensor } from '../tensor.js';
import { checkNumber, checkNumbers, Optimizer, zerosFor, type FullGroup, type Params } from './optimizer.js';

/** Options of {@link Muon}. */
export interface MuonOptions {
  /** Learning rate. Default 0.001. */
  lr: number;
  /** The share of the weights that a step takes, times `lr`. Default 0.1. */
  weightDecay: number;
  /** How slowly the average of gradients moves. Default 0.95. */
  momentum: number;
  /** Nesterov's momentum: look ahead before the step. Default true. */
  nesterov: boolean;
  /** Of the polynomial that makes a matrix orthogonal. Default [3.4445, -4.775, 2.0315]. */
  nsCoefficients: readonly [number, number, number];
  /** The smallest norm to divide by. Default 1e-7. */
  eps: number;
  /** How often the polynomial is applied. Default 5. */
  nsSteps: number;
  /**
   * How the learning rate depends on the shape (A, B): `original`, √max(1, A/B), or `match_rms_adamw`,
   * 0.2·√max(A, B), with which the learning rates of AdamW fit. Default `original`.
   */
  adjustLrFn: 'original' | 'match_rms_adamw' | null;
  /** Go up instead of down. Default false. */
  maximize: boolean;
}

/** @inline */
export interface MuonState {
  momentumBuffer: Tensor;
}

type Positional = [
  lr: number,
  weightDecay: number,
  momentum: number,
  nesterov: boolean,
  nsCoefficients: readonly [number, number, number],
  eps: number,
  nsSteps: number,
  adjustLrFn: 'original' | 'match_rms_adamw' | null,
];

/**
 * Momentum, made orthogonal by Newton and Schulz's iteration (Jordan et al., 2024): for the weight matrices of hidden
 * layers. Embeddings, the last layer, biases and all that is not a matrix are for {@link AdamW}. The iteration runs in the dtype
 * of the parameter, where PyTorch's runs in bfloat16.
 * @throws ShapeError for parameters that are no matrices
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.Muon.html
 */
export class Muon extends Optimizer<MuonOptions, MuonState> {
  constructor(params: Params<MuonOptions>, ...rest: Rest<Positional, Partial<MuonOptions>>) {
    const names = [
      'lr',
      'weightDecay',
      'momentum',
      'nesterov',
      'nsCoefficients',
      'eps',
      'nsSteps',
      'adjustLrFn',
    ] as const;
    const options = readArgs<MuonOptions>('Muon', rest, names, ['maximize']);
    const defaults = {
      lr: 1e-3,
      weightDecay: 0.1,
      momentum: 0.95,
      nesterov: true,
      nsCoefficients: [3.4445, -4.775, 2.0315] as const,
      eps: 1e-7,
      nsSteps: 5,
      adjustLrFn: null,
      maximize: false,
    };
    super('Muon', params, options, defaults, check);
  }

  protected override checkParam(param: unknown): void {
    super.checkParam(param);
    const { shape } = param as Tensor;
    if (shape.length !== 2)
      shapeError('Muon', `params: expected matrices, got ${formatShape(shape)}: the rest is for AdamW`);
  }

  protected initialState(param: Tensor): MuonState {
    return { momentumBuffer: zerosFor(param) };
  }

  protected override move(param: Tensor, grad: Tensor, group: FullGroup<MuonOptions>): void {
    const { nsSteps, nsCoefficients, eps } = group;
    tidy(() => {
      // Memory of its own, which the kernel fills.
      const ahead = noGrad(() => clone(grad));
      fromHost(() => {
        // A recorded step has these in its graph.
        if (group.nsSteps !== nsSteps || group.nsCoefficients !== nsCoefficients || group.eps !== eps)
          stepChanged();
        this.descend(ahead, grad, group, this.stateOf(param, group));
      });
      const update = noGrad(() => contiguous(orthogonalize(ahead, group)));
      fromHost(() => {
        const { lr, weightDecay } = group;
        const ratio = ratioOf(param, group);
        backend.sgd(param, update, null, {
          lr: lr * ratio,
          // Where `sgd` multiplies it by its learning rate, Muon does by `lr`.
          weightDecay: weightDecay / ratio,
          momentum: 0,
          dampening: 0,
          nesterov: false,
          maximize: false,
          first: true,
        });
      });
    });
  }

  /** Moves the momentum, and writes what to make orthogonal. */
  protected descend(ahead: Tensor, grad: Tensor, group: FullGroup<MuonOptions>, state: MuonState): void {
    const { momentum, nesterov, maximize } = group;
    const coefficients = [1 - momentum, nesterov ? momentum : 1];
    const params = { maximize, weightDecay: 0, shrink: 0, coefficients };
    backend.descend('lookahead', ahead, grad, [state.momentumBuffer], params);
  }
}

/** A matrix with the same singular vectors, and singular values near 1. */
function orthogonalize(matrix: Tensor, { nsSteps, nsCoefficients, eps }: MuonOptions): Tensor {
  const [a, b, c] = nsCoefficients;
  const [rows, columns] = matrix.shape;
  const isTall = rows > columns;
  let x = isTall ? swapaxes(matrix, 0, 1) : matrix;
  x = div(x, maximum(sqrt(sum(square(x))), eps));
  for (let i = 0; i < nsSteps; i++) {
    const gram = matmul(x, swapaxes(x, 0, 1));
    const polynomial = add(mul(gram, b), mul(matmul(gram, gram), c));
    x = add(mul(x, a), matmul(polynomial, x));
  }
  return isTall ? swapaxes(x, 0, 1) : x;
}

function ratioOf({ shape: [rows, columns] }: Tensor, { adjustLrFn }: MuonOptions): number {
  if (adjustLrFn === 'match_rms_adamw') return 0.2 * Math.sqrt(Math.max(rows, columns));
  return Math.sqrt(Math.max(1, rows / columns));
}

function check(group: MuonOptions): void {
  checkNumbers('Muon', group, 'lr', 'weightDecay', 'momentum', 'eps');
  checkBoolean('Muon', 'nesterov', group.nesterov);
  checkBoolean('Muon', 'maximize', group.maximize);
  if (!Array.isArray(group.nsCoefficients) || group.nsCoefficients.length !== 3)
    typeError('Muon', `nsCoefficients: expected three numbers, got ${describe(group.nsCoefficients)}`);
  for (const value of group.nsCoefficients as readonly unknown[])
    checkNumber('Muon', 'nsCoefficients', value, -Infinity);
  checkInteger('Muon', 'nsSteps', group.nsSteps, 0);
  if (group.nsSteps >= 100) rangeError('Muon', `nsSteps: expected less than 100, got ${group.nsSteps}`);
  if (group.adjustLrFn !== null)
    checkOneOf('Muon', 'adjustLrFn', group.adjustLrFn, ['original', 'match_rms_adamw']);
}
