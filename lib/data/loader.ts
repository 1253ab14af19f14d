import { checkBoolean, describe, rangeError, typeError } from '../errors.js';
import { arange } from '../ops/create.js';
import { narrow } from '../ops/shape.js';
import { checkOptions } from '../ops/primitive.js';
import { getRngState, manualSeed, setRngState, type RandomState } from '../random.js';
import { keep } from '../scope.js';
import type { Tensor } from '../tensor.js';
import type { Dataset } from './dataset.js';
import { randperm } from './randperm.js';

export interface DataLoaderOptions {
  /** Samples in a batch. Default 1. */
  readonly batchSize?: number;
  /** Whether each pass goes through the samples in a new random order. Default false. */
  readonly shuffle?: boolean;
  /** Whether a last batch that is not full is left out. Default false. */
  readonly dropLast?: boolean;
  /** Seeds the order of this loader alone. Default: the order comes from the generator that `manualSeed` seeds. */
  readonly seed?: number;
}

/**
 * Goes through a dataset in batches: `for (const [x, y] of loader) …`. Every pass is a new epoch.
 * @see https://pytorch.org/docs/stable/data.html#torch.utils.data.DataLoader
 */
export class DataLoader<D extends Dataset = Dataset> implements Iterable<Tensor[]> {
  readonly dataset: D;
  readonly batchSize: number;
  readonly shuffle: boolean;
  readonly dropLast: boolean;
  /** Where the random numbers of this loader alone go on; null when they come from the common generator. */
  #random: RandomState | null;

  constructor(dataset: D, options: DataLoaderOptions = {}) {
    if (typeof dataset?.getItems !== 'function' || typeof dataset.length !== 'number')
      typeError('DataLoader', `dataset: expected a length and getItems(indices), got ${describe(dataset)}`);
    checkOptions('DataLoader', options, ['batchSize', 'shuffle', 'dropLast', 'seed']);
    const { batchSize = 1, shuffle = false, dropLast = false, seed } = options;
    if (!Number.isInteger(batchSize) || batchSize < 1)
      rangeError('DataLoader', `batchSize: expected a whole number from 1, got ${describe(batchSize)}`);
    checkBoolean('DataLoader', 'shuffle', shuffle);
    checkBoolean('DataLoader', 'dropLast', dropLast);
    this.dataset = dataset;
    this.batchSize = batchSize;
    this.shuffle = shuffle;
    this.dropLast = dropLast;
    this.#random = seed === undefined ? null : stateOf(seed);
  }

  /** Number of batches of a pass. */
  get length(): number {
    const batches = this.dataset.length / this.batchSize;
    return this.dropLast ? Math.floor(batches) : Math.ceil(batches);
  }

  /** The batches of one pass. A batch is what the dataset makes of its indices. */
  *[Symbol.iterator](): Generator<Tensor[], void> {
    for (const indices of this.batchSampler) yield this.dataset.getItems(indices);
  }

  /**
   * The indices of one pass, batch by batch. A training loop that calls `dataset.getItems(indices)` inside the scope of
   * its step has the memory of its batches back, too.
   */
  get batchSampler(): Iterable<Tensor> {
    return this.#batches();
  }

  *#batches(): Generator<Tensor, void> {
    const { length } = this.dataset;
    const order = this.shuffle ? this.#shuffled() : keep(arange(length));
    for (let i = 0; i < this.length; i++) {
      const start = i * this.batchSize;
      yield narrow(order, 0, start, Math.min(this.batchSize, length - start));
    }
  }

  #shuffled(): Tensor {
    if (this.#random === null) return randperm(this.dataset.length);
    const common = getRngState();
    setRngState(this.#random);
    try {
      return randperm(this.dataset.length);
    } finally {
      this.#random = getRngState();
      setRngState(common);
    }
  }
}

/** Half of all counters. The lower half of the same key is what `manualSeed(seed)` uses: they never meet. */
const FIRST_COUNTER = 2 ** 52;

/** The state of a generator that nobody else draws from. */
function stateOf(seed: number): RandomState {
  const common = getRngState();
  manualSeed(seed);
  const { key } = getRngState();
  setRngState(common);
  return { key, counter: FIRST_COUNTER };
}
