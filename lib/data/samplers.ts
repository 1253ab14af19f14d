import { checkBoolean, describe, rangeError, typeError } from '../errors.js';
import { checkInteger } from '../ops/arguments.js';
import { rand, randint } from '../ops/create.js';
import { checkOptions } from '../ops/primitive.js';
import type { RandomState } from '../random.js';
import { RandomStream } from './random-stream.js';
import { randperm } from './randperm.js';

/**
 * The order in which a {@link DataLoader} goes through samples: each pass is an epoch.
 * @see https://pytorch.org/docs/stable/data.html#torch.utils.data.Sampler
 */
export interface Sampler<Index = number> extends Iterable<Index> {
  /** How many there are in a pass. */
  readonly length: number;
  /** What a pass that begins now depends on, to come back to it. */
  stateDict?(): unknown;
  /** Makes the next pass the one that `stateDict` was called before. */
  loadStateDict?(state: unknown): void;
}

/** @inline */
interface Sized {
  readonly length: number;
}

function checkSized(op: string, dataset: unknown): asserts dataset is Sized {
  const length: unknown = (dataset as Partial<Sized> | null | undefined)?.length;
  if (typeof length !== 'number') typeError(op, `dataset: expected a length, got ${describe(dataset)}`);
  if (!Number.isSafeInteger(length) || length < 0)
    rangeError(op, `dataset: expected a length that is a whole number from 0, got ${length}`);
}

/** In order. */
export class SequentialSampler implements Sampler {
  /** @param dataset anything with a length */
  constructor(readonly dataset: Sized) {
    checkSized('SequentialSampler', dataset);
  }

  /** How many there are in a pass. */
  get length(): number {
    return this.dataset.length;
  }

  /** A pass. */
  *[Symbol.iterator](): Generator<number, void> {
    for (let i = 0; i < this.length; i++) yield i;
  }
}

/** A sampler that draws, from a stream of its own or the common one. */
abstract class Drawing implements Sampler {
  readonly #stream: RandomStream;
  abstract readonly length: number;

  constructor(seed?: number) {
    this.#stream = new RandomStream(seed);
  }

  /** The numbers of a pass, all drawn at once. */
  protected abstract pass(): Iterable<number>;

  /** A pass. */
  *[Symbol.iterator](): Generator<number, void> {
    yield* this.#stream.draw(() => this.pass());
  }

  /** Where the random numbers have got to. */
  stateDict(): RandomState {
    return this.#stream.state;
  }

  /** Puts random numbers of one's own there. */
  loadStateDict(state: RandomState): void {
    this.#stream.state = state;
  }
}

/** Options of {@link RandomSampler}. */
export interface RandomSamplerOptions {
  /** Whether a sample may come again before all have come. Default false. */
  readonly replacement?: boolean;
  /** How many samples a pass has. Default: as many as the dataset. */
  readonly numSamples?: number;
  /** Seeds the order of this sampler alone. Default: it comes from the generator that `manualSeed` seeds. */
  readonly seed?: number;
}

/** In a random order. */
export class RandomSampler extends Drawing {
  readonly replacement: boolean;
  readonly #numSamples: number | undefined;

  constructor(
    readonly dataset: Sized,
    options: RandomSamplerOptions = {},
  ) {
    checkOptions('RandomSampler', options, ['replacement', 'numSamples', 'seed']);
    super(options.seed);
    checkSized('RandomSampler', dataset);
    const { replacement = false, numSamples } = options;
    checkBoolean('RandomSampler', 'replacement', replacement);
    if (numSamples !== undefined) checkInteger('RandomSampler', 'numSamples', numSamples, 1);
    if (numSamples !== undefined && dataset.length === 0)
      rangeError(
        'RandomSampler',
        `numSamples: expected none of a dataset without samples, got ${numSamples}`,
      );
    this.replacement = replacement;
    this.#numSamples = numSamples;
  }

  /** How many there are in a pass. */
  get length(): number {
    return this.#numSamples ?? this.dataset.length;
  }

  protected pass(): number[] {
    const { length } = this.dataset;
    const count = this.length;
    if (count === 0) return [];
    if (this.replacement) return [...randint(length, [count]).toArray()];
    // As many orders of all as it takes.
    const orders = Array.from({ length: Math.ceil(count / length) }, () => [...randperm(length).toArray()]);
    return orders.flat().slice(0, count);
  }
}

/** Some samples, in a random order. */
export class SubsetRandomSampler extends Drawing {
  readonly indices: readonly number[];

  constructor(indices: Iterable<number>, options: { readonly seed?: number } = {}) {
    checkOptions('SubsetRandomSampler', options, ['seed']);
    super(options.seed);
    this.indices = [...indices];
  }

  /** How many there are in a pass. */
  get length(): number {
    return this.indices.length;
  }

  protected pass(): number[] {
    return Array.from(randperm(this.length).toArray(), (i) => this.indices[i]);
  }
}

/**
 * Samples as often as their weights say.
 * @see https://pytorch.org/docs/stable/data.html#torch.utils.data.WeightedRandomSampler
 */
export class WeightedRandomSampler extends Drawing {
  readonly weights: readonly number[];

  /**
   * @param weights of all samples; they need not add up to 1
   * @param length how many samples a pass has (`numSamples`)
   * @param replacement whether a sample may come again. Default true.
   */
  constructor(
    weights: Iterable<number>,
    readonly length: number,
    readonly replacement = true,
    options: { readonly seed?: number } = {},
  ) {
    const op = 'WeightedRandomSampler';
    checkOptions(op, options, ['seed']);
    super(options.seed);
    if (typeof weights !== 'object' || weights === null || !(Symbol.iterator in weights))
      typeError(op, `weights: expected a list of numbers, got ${describe(weights)}`);
    this.weights = [...weights];
    for (const weight of this.weights)
      if (typeof weight !== 'number' || !(weight >= 0 && weight < Infinity))
        rangeError(op, `weights: expected numbers from 0, got ${describe(weight)}`);
    checkInteger(op, 'numSamples', length, 1);
    checkBoolean(op, 'replacement', replacement);
    const possible = this.weights.filter((weight) => weight > 0).length;
    if (possible === 0) rangeError(op, 'weights: expected one above 0');
    if (!replacement && length > possible)
      rangeError(op, `numSamples: expected at most ${possible}, the weights above 0, got ${length}`);
  }

  protected pass(): number[] {
    const { weights, length } = this;
    if (!this.replacement) {
      // Each waits a time that its weight makes short; the first are taken.
      const uniform = rand([weights.length], { dtype: 'float64' }).toArray();
      const waits = weights.map((weight, i) => (weight > 0 ? -Math.log(1 - uniform[i]) / weight : Infinity));
      const order = weights.map((_, i) => i).sort((a, b) => waits[a] - waits[b]);
      return order.slice(0, length);
    }
    let total = 0;
    const sums = weights.map((weight) => (total += weight));
    return Array.from(rand([length], { dtype: 'float64' }).toArray(), (u) => firstAbove(sums, u * total));
  }
}

/** The place of the first of growing numbers that is above `value`. */
function firstAbove(sums: readonly number[], value: number): number {
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle] > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * The numbers of a sampler in batches.
 * @see https://pytorch.org/docs/stable/data.html#torch.utils.data.BatchSampler
 */
export class BatchSampler implements Sampler<number[]> {
  /**
   * @param sampler numbers of samples
   * @param dropLast whether a last batch that is not full is left out
   */
  constructor(
    readonly sampler: Sampler,
    readonly batchSize: number,
    readonly dropLast: boolean,
  ) {
    checkSampler('BatchSampler', 'sampler', sampler);
    checkInteger('BatchSampler', 'batchSize', batchSize, 1);
    checkBoolean('BatchSampler', 'dropLast', dropLast);
  }

  /** How many there are in a pass. */
  get length(): number {
    const batches = this.sampler.length / this.batchSize;
    return this.dropLast ? Math.floor(batches) : Math.ceil(batches);
  }

  /** A pass. */
  *[Symbol.iterator](): Generator<number[], void> {
    let batch: number[] = [];
    for (const index of this.sampler) {
      batch.push(index);
      if (batch.length < this.batchSize) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0 && !this.dropLast) yield batch;
  }

  /** What the sampler's next pass depends on. */
  stateDict(): unknown {
    return this.sampler.stateDict?.() ?? null;
  }

  /** Comes back to a pass of the sampler. */
  loadStateDict(state: unknown): void {
    this.sampler.loadStateDict?.(state);
  }
}

/** Options of {@link DistributedSampler}. */
export interface DistributedSamplerOptions {
  /** How many processes share the samples. */
  readonly numReplicas: number;
  /** Which of them this is, from 0. */
  readonly rank: number;
  /** Default true. */
  readonly shuffle?: boolean;
  /** The same in all processes. Default 0. */
  readonly seed?: number;
  /** Whether samples that do not go round are left out; otherwise some come twice. Default false. */
  readonly dropLast?: boolean;
}

/**
 * The part of the samples that one of several processes gets. Call `setEpoch` before each pass for a new order.
 * @see https://pytorch.org/docs/stable/data.html#torch.utils.data.distributed.DistributedSampler
 */
export class DistributedSampler implements Sampler {
  readonly numReplicas: number;
  readonly rank: number;
  readonly shuffle: boolean;
  readonly seed: number;
  readonly dropLast: boolean;
  epoch = 0;

  constructor(
    readonly dataset: Sized,
    options: DistributedSamplerOptions,
  ) {
    const op = 'DistributedSampler';
    checkSized(op, dataset);
    checkOptions(op, options, ['numReplicas', 'rank', 'shuffle', 'seed', 'dropLast']);
    const { numReplicas, rank, shuffle = true, seed = 0, dropLast = false } = options ?? {};
    checkInteger(op, 'numReplicas', numReplicas, 1);
    checkInteger(op, 'rank', rank, 0);
    if (rank >= numReplicas)
      rangeError(op, `rank: expected a whole number from 0 to ${numReplicas - 1}, got ${rank}`);
    checkBoolean(op, 'shuffle', shuffle);
    checkInteger(op, 'seed', seed, 0);
    checkBoolean(op, 'dropLast', dropLast);
    this.numReplicas = numReplicas;
    this.rank = rank;
    this.shuffle = shuffle;
    this.seed = seed;
    this.dropLast = dropLast;
  }

  /** How many there are in a pass. */
  get length(): number {
    const share = this.dataset.length / this.numReplicas;
    return this.dropLast ? Math.floor(share) : Math.ceil(share);
  }

  /** Says which pass comes next: it seeds the order. */
  setEpoch(epoch: number): void {
    checkInteger('DistributedSampler', 'epoch', epoch, 0);
    this.epoch = epoch;
  }

  /** A pass. */
  *[Symbol.iterator](): Generator<number, void> {
    const { length } = this.dataset;
    const order = this.shuffle
      ? new RandomStream(this.seed + this.epoch).draw(() => randperm(length)).toArray()
      : null;
    for (let i = 0; i < this.length; i++) {
      // From the beginning again where they do not go round.
      const at = (this.rank + i * this.numReplicas) % length;
      yield order === null ? at : order[at];
    }
  }

  /** The pass, which seeds the order. */
  stateDict(): number {
    return this.epoch;
  }

  /** As `setEpoch`. */
  loadStateDict(epoch: number): void {
    this.setEpoch(epoch);
  }
}

/** Throws unless something is an order with a length. */
export function checkSampler(
  op: string,
  name: string,
  sampler: unknown,
): asserts sampler is Sampler<unknown> {
  if (
    typeof sampler !== 'object' ||
    sampler === null ||
    !(Symbol.iterator in sampler) ||
    !('length' in sampler)
  )
    typeError(op, `${name}: expected an order with a length, got ${describe(sampler)}`);
}
