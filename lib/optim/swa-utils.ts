import { backend } from '../backend/select.js';
import { isFloat } from '../dtype.js';
import { checkBoolean, describe, rangeError, typeError } from '../errors.js';
import { noGrad } from '../grad-mode.js';
import { inMode } from '../nn/mode.js';
import { Module, type AnyModule, type StateDict } from '../nn/module.js';
import { Parameter } from '../nn/parameter.js';
import { type Rest } from '../ops/arguments.js';
import { checkOptions } from '../ops/primitive.js';
import { add, mul, sub } from '../ops/pointwise.js';
import { clone, contiguous } from '../ops/broadcast.js';
import { persistent } from '../ops/create.js';
import { copy_, fill_, zero_ } from '../ops/inplace.js';
import { fromHost, recorder } from '../recording.js';
import { tidy } from '../scope.js';
import { Tensor, viewOf } from '../tensor.js';

export { SWALR, type SWALROptions } from './schedulers/swa-lr.js';

/** What becomes of an average when a value comes that is number `numAveraged`, from 0. */
export type AvgFn = ((averaged: Tensor, current: Tensor, numAveraged: number) => Tensor) & {
  /** How far the average moves to the value, where that is all that happens. */
  readonly rate?: (numAveraged: number) => number;
};

const moving = (rate: (numAveraged: number) => number): AvgFn =>
  Object.assign(
    (averaged: Tensor, current: Tensor, numAveraged: number): Tensor =>
      add(averaged, mul(sub(current, averaged), rate(numAveraged))),
    { rate },
  );

/** Averages in which all values count alike: stochastic weight averaging. The default of {@link AveragedModel}. */
export const getSwaAvgFn = (): AvgFn => moving((numAveraged) => 1 / (numAveraged + 1));

/**
 * Averages in which older values fade: exponential moving averages.
 * @param decay how much of the average is kept each time. Default 0.999.
 * @see https://pytorch.org/docs/stable/generated/torch.optim.swa_utils.get_ema_avg_fn.html
 */
export function getEmaAvgFn(decay = 0.999): AvgFn {
  if (typeof decay !== 'number' || !(decay >= 0 && decay <= 1))
    rangeError('getEmaAvgFn', `decay: expected a number from 0 to 1, got ${describe(decay)}`);
  return moving(() => 1 - decay);
}

/** Options of {@link AveragedModel}. */
export interface AveragedModelOptions {
  /** How the averages are formed. Default {@link getSwaAvgFn}. */
  readonly avgFn?: AvgFn;
  /** Whether buffers are averaged, too; otherwise they are copied. Default false. */
  readonly useBuffers?: boolean;
}

/**
 * The averages of a model's weights over its training, which often do better than the weights: `updateParameters` after a
 * step or an epoch, also inside a compiled step; then `forward`.
 *
 * There is one model, and the averages lie next to it: `forward` runs it with the averages in place of its weights, and
 * without gradients. The state has PyTorch's names: `n_averaged`, and those of the model below `module.`.
 *
 * ```ts
 * const ema = new optim.swaUtils.AveragedModel(model, { avgFn: optim.swaUtils.getEmaAvgFn(0.99) });
 * …
 * optimizer.step();
 * ema.updateParameters();
 * ```
 * @see https://pytorch.org/docs/stable/generated/torch.optim.swa_utils.AveragedModel.html
 */
export class AveragedModel<M extends AnyModule = Module> extends Module<
  Parameters<M['forward']>,
  ReturnType<M['forward']>
> {
  // Not in a field that is found: the weights of the model are not this module's.
  readonly #model: M;
  readonly #state = new Map<string, Tensor>();
  readonly #count = persistent([], 'int32');
  #nAveraged = 0;
  readonly #avgFn: AvgFn;
  readonly #useBuffers: boolean;

  constructor(model: M, options: AveragedModelOptions = {}) {
    super();
    const op = 'AveragedModel';
    if (!(model instanceof Module)) typeError(op, `model: expected a module, got ${describe(model)}`);
    checkOptions(op, options, ['avgFn', 'useBuffers']);
    const { avgFn = getSwaAvgFn(), useBuffers = false } = options;
    if (typeof avgFn !== 'function') typeError(op, `avgFn: expected a function, got ${describe(avgFn)}`);
    checkBoolean(op, 'useBuffers', useBuffers);
    if (recorder !== null) throw new Error('[compile] the step makes an AveragedModel: make it outside');
    this.#model = model;
    this.#avgFn = avgFn;
    this.#useBuffers = useBuffers;
    for (const [name, parameter] of model.namedParameters())
      this.#state.set(name, new Parameter(parameter, parameter.requiresGrad));
    for (const [name, buffer] of model.namedBuffers()) {
      const own = persistent(buffer.shape, buffer.dtype);
      this.#state.set(
        name,
        noGrad(() => copy_(own, buffer)),
      );
    }
  }

  /** How often the averages have been updated. */
  get nAveraged(): number {
    return this.#nAveraged;
  }

  /**
   * Takes the weights into the averages, the first time as they are.
   * @param model default: the one the averages were made for
   * @throws TypeError for a model with other parameters
   */
  updateParameters(model: AnyModule = this.#model): void {
    const values = new Map<string, Tensor>([...model.namedParameters(), ...model.namedBuffers()]);
    for (const [name, own] of this.#state) {
      const value = values.get(name);
      if (value === undefined || String(value.shape) !== String(own.shape) || value.dtype !== own.dtype)
        typeError(
          'AveragedModel',
          `updateParameters: the model has no ${own.dtype} ${name} of shape (${String(own.shape)})`,
        );
    }
    noGrad(() => {
      for (const [name, own] of this.#state) this.#update(own, values.get(name) as Tensor);
    });
    fromHost(
      () => {
        this.#nAveraged++;
        // State dicts that were made before show it, too, as they do the averages.
        noGrad(() => fill_(this.#count, this.#nAveraged));
      },
      () => this.#nAveraged--,
    );
  }

  #update(own: Tensor, value: Tensor): void {
    const averaged = isFloat(own.dtype) && (own instanceof Parameter || this.#useBuffers);
    if (!averaged) return void copy_(own, value);
    const { rate } = this.#avgFn;
    if (rate === undefined) {
      if (recorder !== null)
        throw new Error(
          '[compile] an avgFn of your own sees how many values there were only once: update outside',
        );
      const next =
        this.#nAveraged === 0 ? value : this.#avgFn(detached(own), detached(value), this.#nAveraged);
      copy_(own, next);
      return;
    }
    const dense = contiguous(value);
    fromHost(() => {
      const coefficients = [this.#nAveraged === 0 ? 1 : rate(this.#nAveraged)];
      backend.descend('average', own, dense, [], {
        maximize: false,
        weightDecay: 0,
        shrink: 0,
        coefficients,
      });
    });
    own.storage.version++;
  }

  /** Runs the model with the averages, without gradients. */
  forward(...inputs: Parameters<M['forward']>): ReturnType<M['forward']> {
    return this.use((model) => model.forward(...inputs) as ReturnType<M['forward']>);
  }

  /** Runs `fn` with the model, in which the averages are, in the mode that this module is in, without gradients. */
  use<T>(fn: (model: M) => T): T {
    this.#exchange();
    try {
      return inMode(this.#model, this.training, () => noGrad(() => fn(this.#model)));
    } finally {
      this.#exchange();
    }
  }

  /** Exchanges the averages and what is in the model. */
  #exchange(): void {
    const values = new Map<string, Tensor>([...this.#model.namedParameters(), ...this.#model.namedBuffers()]);
    tidy(() => {
      noGrad(() => {
        for (const [name, own] of this.#state) {
          const value = values.get(name) as Tensor;
          const before = clone(value);
          copy_(value, own);
          copy_(own, before);
        }
      });
    });
  }

  override *namedParameters(): Generator<[string, Parameter]> {
    for (const [name, own] of this.#state) if (own instanceof Parameter) yield [`module.${name}`, own];
  }

  override *namedBuffers(): Generator<[string, Tensor]> {
    yield ['n_averaged', noGrad(() => fill_(this.#count, this.#nAveraged))];
    for (const [name, own] of this.#state) if (!(own instanceof Parameter)) yield [`module.${name}`, own];
  }

  override stateDict(): StateDict {
    return Object.fromEntries(
      [...this.namedBuffers(), ...this.namedParameters()].map(([name, value]) => [name, detached(value)]),
    );
  }

  override loadStateDict(
    state: StateDict,
    ...rest: Rest<[strict: boolean], { readonly strict?: boolean }>
  ): { missing: string[]; unexpected: string[] } {
    const result = super.loadStateDict(state, ...rest);
    this.#nAveraged = this.#count.item();
    return result;
  }
}

const detached = (x: Tensor): Tensor => viewOf(x, x.shape, x.strides);

/** What layers of batch normalization keep. */
interface Normalization extends AnyModule {
  readonly runningMean: Tensor;
  readonly runningVar: Tensor;
  readonly numBatchesTracked: Tensor | null;
  momentum: number | null;
}

/**
 * Computes the running statistics of a model's batch normalizations anew, as averages over all batches, as is needed after
 * its weights were averaged.
 * @param loader batches: the inputs, or lists whose first element they are
 * @see https://pytorch.org/docs/stable/optim.html#taking-care-of-batch-normalization
 */
export function updateBn(loader: Iterable<Tensor | readonly unknown[]>, model: AnyModule): void {
  if (typeof loader !== 'object' || loader === null || !(Symbol.iterator in loader))
    typeError('updateBn', `loader: expected batches in a list or an iterator, got ${describe(loader)}`);
  if (!(model instanceof Module)) typeError('updateBn', `model: expected a module, got ${describe(model)}`);
  if (model instanceof AveragedModel) return model.use((inner: AnyModule) => updateBn(loader, inner));
  const layers = [...model.modules()].filter(
    (module): module is Normalization =>
      'momentum' in module && 'runningMean' in module && module.runningMean instanceof Tensor,
  );
  if (layers.length === 0) return;
  const momenta = layers.map(({ momentum }) => momentum);
  for (const layer of layers) {
    zero_(layer.runningMean);
    fill_(layer.runningVar, 1);
    if (layer.numBatchesTracked !== null) zero_(layer.numBatchesTracked);
    layer.momentum = null;
  }
  try {
    inMode(model, true, () => {
      for (const batch of loader) {
        const input: unknown = Array.isArray(batch) ? batch[0] : batch;
        if (!(input instanceof Tensor))
          typeError(
            'updateBn',
            `loader: expected tensors or lists that begin with one, got ${describe(input)}`,
          );
        tidy(() => noGrad(() => void model.forward(input)));
      }
    });
  } finally {
    layers.forEach((layer, i) => (layer.momentum = momenta[i]));
  }
}
