import { checkBoolean, describe, rangeError, typeError } from '../errors.js';
import { checkInteger, readArgs } from '../ops/arguments.js';
import { fromArray } from '../ops/create.js';
import { arange } from '../ops/ranges.js';
import { narrow } from '../ops/shape.js';
import { getRngState, setRngState, type RandomState } from '../random.js';
import { keep } from '../scope.js';
import type { Tensor } from '../tensor.js';
import { batchOf, isPromise } from './batch.js';
import { defaultCollate, type Collated } from './collate.js';
import type { SampleOf } from './combined.js';
import { checkDataset, lengthOf, ListDataset, type DatasetLike } from './dataset.js';
import { isIterable, IterableDataset } from './iterable-dataset.js';
import { isModuleDataset } from './module-dataset.js';
import { drawFrom, RandomStream } from './random-stream.js';
import { randperm } from './randperm.js';
import { BatchSampler, checkSampler, type Sampler } from './samplers.js';
import { Workers } from './workers.js';

/** What can be loaded from: a dataset, an array of samples, or whatever can be iterated over. */
export type Loadable = DatasetLike | readonly unknown[] | Iterable<unknown> | AsyncIterable<unknown>;

/** What a loader makes of samples when it is not told otherwise. */
export type BatchOf<D> = D extends { getItems(indices: Tensor): infer Batch }
  ? Batch
  : Collated<Awaited<SampleOf<D>>>;

/** Options of {@link DataLoader}. */
export interface DataLoaderOptions<Sample = unknown, Batch = unknown> {
  /** Samples in a batch; null for samples as they are. Default 1. */
  readonly batchSize?: number | null;
  /** Whether each pass goes through the samples in a new random order. Default false. */
  readonly shuffle?: boolean;
  /** The order of the samples, instead of `shuffle`. */
  readonly sampler?: Sampler;
  /** The samples of each batch, instead of `batchSize`, `shuffle`, `sampler` and `dropLast`. */
  readonly batchSampler?: Sampler<readonly number[]>;
  /** How many worker threads load batches ahead, of a dataset of `moduleDataset`, for `for await`. Default 0. */
  readonly numWorkers?: number;
  /** Makes a batch of samples. Default {@link defaultCollate}, or the dataset's `getItems`. */
  readonly collate?: (samples: readonly Awaited<Sample>[]) => Batch;
  /** PyTorch's name for `collate`. */
  readonly collateFn?: (samples: readonly Awaited<Sample>[]) => Batch;
  /** Whether a last batch that is not full is left out. Default false. */
  readonly dropLast?: boolean;
  /** How many batches each worker loads ahead. Default 2. */
  readonly prefetchFactor?: number;
  /** Seeds the order of this loader alone. Default: the order comes from the generator that `manualSeed` seeds. */
  readonly seed?: number;
}

/** Where a loader is, as plain values: it may be written as JSON. */
export interface DataLoaderState {
  /** How many passes were begun before this one. */
  epoch: number;
  /** How many batches of this pass have been given. */
  batch: number;
  /** The state of the random numbers when the pass began. */
  random: RandomState;
  /** The state of the sampler then, where it has one. */
  sampler: unknown;
}

/** The indices of a loader's passes, batch by batch, and where the loader is. */
export interface BatchIndices extends Iterable<Tensor> {
  /** Number of batches of a pass. */
  readonly length: number;
  /** Where the loader is. */
  stateDict(): DataLoaderState;
  /** Goes on from where a loader was. */
  loadStateDict(state: DataLoaderState): void;
}

/**
 * Goes through a dataset in batches: `for (const [x, y] of loader) …`, or `for await` where samples come asynchronously,
 * from a stream or from worker threads. Every pass is a new epoch.
 *
 * `stateDict` says in the middle of a pass where it is, and a loader of the same dataset and options that `loadStateDict`
 * puts there goes on with the same batches, and with the same passes after them where the loader has a `seed`. (Without one
 * they come from the common generator: see `getRngState`.)
 * @see https://pytorch.org/docs/stable/data.html#torch.utils.data.DataLoader
 */
export class DataLoader<D extends Loadable = Loadable, Batch = BatchOf<D>>
  implements Iterable<Batch>, AsyncIterable<Batch>
{
  readonly dataset: D;
  readonly batchSize: number | null;
  readonly shuffle: boolean;
  readonly dropLast: boolean;
  readonly numWorkers: number;
  readonly prefetchFactor: number;
  readonly #source: DatasetLike | IterableDataset;
  readonly #collate: ((samples: readonly unknown[]) => unknown) | null;
  /** The order of the batches, where it is not the loader's own. */
  readonly #sampler: Sampler<readonly number[]> | null;
  readonly #stream: RandomStream;
  /** Where the pass is that was begun last. */
  #position: DataLoaderState | null = null;
  /** How many passes were begun and are over, and where the next begins, when not at its start. */
  #epochs = 0;
  #resume: DataLoaderState | null = null;
  #workers: Workers | null = null;

  constructor(dataset: D, options?: DataLoaderOptions<SampleOf<D>, Batch>);
  constructor(dataset: D, batchSize: number | null, options?: DataLoaderOptions<SampleOf<D>, Batch>);
  constructor(
    dataset: D,
    batchSize: number | null,
    shuffle: boolean,
    options?: DataLoaderOptions<SampleOf<D>, Batch>,
  );
  constructor(dataset: D, ...rest: readonly unknown[]) {
    const op = 'DataLoader';
    const source = sourceOf(dataset);
    const given = rest.at(-1) === undefined ? rest.slice(0, -1) : rest;
    const options = readArgs<DataLoaderOptions>(
      op,
      given,
      ['batchSize', 'shuffle', 'sampler', 'batchSampler', 'numWorkers', 'collateFn'],
      ['collate', 'dropLast', 'prefetchFactor', 'seed'],
    );
    const {
      batchSize = 1,
      shuffle = false,
      dropLast = false,
      numWorkers = 0,
      prefetchFactor = 2,
      seed,
    } = options;
    const { sampler, batchSampler, collate = options.collateFn } = options;
    if (batchSize !== null && (!Number.isInteger(batchSize) || batchSize < 1))
      rangeError(op, `batchSize: expected a whole number from 1, got ${describe(batchSize)}`);
    checkBoolean(op, 'shuffle', shuffle);
    checkBoolean(op, 'dropLast', dropLast);
    checkInteger(op, 'numWorkers', numWorkers, 0);
    checkInteger(op, 'prefetchFactor', prefetchFactor, 1);
    if (collate !== undefined && typeof collate !== 'function')
      typeError(op, `collate: expected a function, got ${describe(collate)}`);
    if (sampler !== undefined) {
      checkSampler(op, 'sampler', sampler);
      if (shuffle) typeError(op, 'sampler: expected no shuffle beside it');
    }
    if (batchSampler !== undefined) {
      checkSampler(op, 'batchSampler', batchSampler);
      if (['batchSize', 'shuffle', 'sampler', 'dropLast'].some((name) => name in options))
        typeError(op, 'batchSampler: expected no batchSize, shuffle, sampler or dropLast beside it');
    }
    if (batchSize === null && dropLast) typeError(op, 'dropLast: expected a batchSize beside it');
    if (source instanceof IterableDataset && (shuffle || sampler !== undefined || batchSampler !== undefined))
      typeError(op, 'dataset: samples that come one after the other cannot be shuffled or sampled');
    if (numWorkers > 0 && !isModuleDataset(source))
      typeError(
        op,
        'numWorkers: expected a dataset of moduleDataset, which worker threads can load for themselves',
      );
    this.dataset = dataset;
    this.batchSize = batchSampler === undefined ? batchSize : null;
    this.shuffle = shuffle;
    this.dropLast = dropLast;
    this.numWorkers = numWorkers;
    this.prefetchFactor = prefetchFactor;
    this.#source = source;
    this.#collate = collate ?? null;
    this.#sampler =
      batchSampler ?? (sampler === undefined ? null : new BatchSampler(sampler, batchSize ?? 1, dropLast));
    this.#single = batchSize === null && batchSampler === undefined;
    this.#stream = new RandomStream(seed);
  }

  /** Whether samples are given as they are. */
  readonly #single: boolean;

  /** Number of batches of a pass. Throws a TypeError for samples that come one after the other: nobody knows. */
  get length(): number {
    if (this.#sampler !== null) return this.#sampler.length;
    const batches = this.#sampleCount / (this.batchSize ?? 1);
    return this.dropLast ? Math.floor(batches) : Math.ceil(batches);
  }

  get #sampleCount(): number {
    const source = this.#source;
    if (source instanceof IterableDataset)
      typeError(
        'DataLoader',
        'length: nobody knows how many samples there are that come one after the other',
      );
    return lengthOf('DataLoader', source);
  }

  /** The batches of one pass. */
  *[Symbol.iterator](): Generator<Batch, void> {
    const source = this.#source;
    if (this.numWorkers > 0) typeError('DataLoader', 'worker threads load asynchronously: use `for await`');
    if (source instanceof IterableDataset) {
      const position = this.#begin();
      yield* this.#count(position, this.#grouped(source, position)) as Generator<Batch>;
      return;
    }
    for (const indices of this.batchSampler) {
      const batch = this.#batchOf(source, indices);
      if (isPromise(batch))
        typeError('DataLoader', 'the samples of the dataset are promises: use `for await`');
      yield batch as Batch;
    }
  }

  /** The batches of one pass, where they come asynchronously. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Batch, void> {
    const source = this.#source;
    if (source instanceof IterableDataset) {
      const position = this.#begin();
      const skip = position.batch;
      const goOn = drawAgain(position);
      let batch: unknown[] = [];
      let at = 0;
      try {
        for await (const sample of source) {
          batch.push(sample);
          if (batch.length < (this.batchSize ?? 1)) continue;
          if (at++ >= skip) {
            position.batch = at;
            yield this.#finish(batch) as Batch;
          }
          batch = [];
          if (at === skip) goOn();
        }
      } finally {
        goOn();
      }
      if (batch.length > 0 && !this.dropLast && at++ >= skip) {
        position.batch = at;
        yield this.#finish(batch) as Batch;
      }
      this.#end(position);
    } else if (this.numWorkers > 0) yield* this.#ahead();
    else for (const indices of this.batchSampler) yield (await this.#batchOf(source, indices)) as Batch;
  }

  /**
   * The indices of one pass, batch by batch. A training loop that calls `dataset.getItems(indices)` inside the scope of
   * its step has the memory of its batches back, too.
   */
  get batchSampler(): BatchIndices {
    const length = (): number => this.length;
    return {
      [Symbol.iterator]: () => this.#indices(),
      get length() {
        return length();
      },
      stateDict: () => this.stateDict(),
      loadStateDict: (state) => this.loadStateDict(state),
    };
  }

  /** Where the loader is. */
  stateDict(): DataLoaderState {
    const { state: random } = this.#stream;
    const start = { epoch: this.#epochs, batch: 0, random, sampler: this.#sampler?.stateDict?.() ?? null };
    return structuredClone(this.#position ?? this.#resume ?? start);
  }

  /**
   * Puts the loader to where {@link stateDict} was called: the next pass is the rest of that one.
   * @throws TypeError, RangeError for a state that is none, before anything is changed
   */
  loadStateDict(state: DataLoaderState): void {
    const op = 'DataLoader';
    if (typeof state !== 'object' || state === null)
      typeError(op, `loadStateDict: expected a state, got ${describe(state)}`);
    checkInteger(op, 'loadStateDict: epoch', state.epoch, 0);
    checkInteger(op, 'loadStateDict: batch', state.batch, 0);
    const common = getRngState();
    setRngState(state.random); // It throws for what is no state.
    setRngState(common);
    this.#position = null;
    this.#epochs = state.epoch;
    this.#resume = structuredClone(state);
    this.#stream.state = state.random;
  }

  /** Ends the worker threads, if there are any. The next pass starts others. */
  async close(): Promise<void> {
    const workers = this.#workers;
    this.#workers = null;
    await workers?.close();
  }

  /** Begins a pass, or goes on with one. */
  #begin(): DataLoaderState {
    // A pass that was left in the middle is over.
    if (this.#position !== null) this.#epochs++;
    const resume = this.#resume;
    this.#resume = null;
    if (resume !== null && resume.sampler !== null) this.#sampler?.loadStateDict?.(resume.sampler);
    const sampler = structuredClone(this.#sampler?.stateDict?.() ?? null);
    // Samples that come one after the other are drawn from the common generator, if they are.
    const random = this.#source instanceof IterableDataset ? getRngState() : this.#stream.state;
    this.#position = {
      epoch: this.#epochs,
      batch: resume?.batch ?? 0,
      random: resume !== null && resume.batch > 0 ? resume.random : random,
      sampler,
    };
    return this.#position;
  }

  #end(position: DataLoaderState): void {
    // Another pass may have begun meanwhile.
    if (this.#position !== position) return;
    this.#position = null;
    this.#epochs++;
  }

  /** What comes, counted in the position. */
  *#count<T>(position: DataLoaderState, batches: Iterable<T>): Generator<T, void> {
    for (const batch of batches) {
      position.batch++;
      yield batch;
    }
    this.#end(position);
  }

  #indices(): Generator<Tensor, void> {
    const position = this.#begin();
    return this.#count(position, this.#order(position, position.batch));
  }

  /** The indices of each batch from number `skip`. */
  *#order(position: DataLoaderState, skip: number): Generator<Tensor, void> {
    const resumed = skip > 0;
    if (this.#sampler !== null) {
      yield* this.#sampled(this.#sampler, position, skip);
      return;
    }
    const count = this.#sampleCount;
    const shuffled = (): Tensor => randperm(count);
    const order = !this.shuffle
      ? keep(arange(count))
      : resumed
        ? this.#stream.redraw(position.random, shuffled)
        : this.#stream.draw(shuffled);
    const size = this.batchSize ?? 1;
    const batches = this.dropLast ? Math.floor(count / size) : Math.ceil(count / size);
    for (let i = skip; i < batches; i++) yield narrow(order, 0, i * size, Math.min(size, count - i * size));
  }

  *#sampled(
    sampler: Sampler<readonly number[]>,
    { random, epoch }: DataLoaderState,
    skip: number,
  ): Generator<Tensor, void> {
    const iterator = sampler[Symbol.iterator]();
    const pull = (): IteratorResult<readonly number[], unknown> => iterator.next();
    const resumed = skip > 0;
    const first = resumed ? this.#stream.redraw(random, pull) : this.#stream.draw(pull);
    // Those that draw number by number go on in a stream of the pass, which is the same however far ahead batches are
    // loaded and whatever else draws meanwhile.
    let own = seedOf(random, epoch, -1);
    const further = (): IteratorResult<readonly number[], unknown> => {
      const { result, after } = drawFrom(own, pull);
      own = after;
      return result;
    };
    let next = first;
    for (let i = 0; i < skip && next.done !== true; i++) next = further();
    const length = this.#sampleCount;
    for (; next.done !== true; next = further()) {
      for (const index of next.value)
        if (!Number.isInteger(index) || index < 0 || index >= length)
          rangeError(
            'DataLoader',
            `sampler: expected whole numbers from 0 to ${length - 1}, got ${describe(index)}`,
          );
      yield keep(fromArray(Int32Array.from(next.value)));
    }
  }

  /** The samples of a source in groups, from where the pass is. */
  *#grouped(source: IterableDataset, position: DataLoaderState): Generator<unknown, void> {
    const { batch: skip } = position;
    const goOn = drawAgain(position);
    let batch: unknown[] = [];
    let at = 0;
    try {
      for (const sample of source) {
        batch.push(sample);
        if (batch.length < (this.batchSize ?? 1)) continue;
        if (at++ >= skip) yield this.#finish(batch);
        batch = [];
        if (at === skip) goOn();
      }
    } finally {
      goOn();
    }
    if (batch.length > 0 && !this.dropLast && at >= skip) yield this.#finish(batch);
  }

  /** Batches that worker threads load ahead, in order. */
  async *#ahead(): AsyncGenerator<Batch, void> {
    const { url, args } = this.#source as unknown as {
      readonly url: string;
      readonly args: readonly unknown[];
    };
    const samples = this.#single || this.#collate !== null;
    // Where one thread is gone, the others go, too.
    if (this.#workers?.failed === true) await this.close();
    this.#workers ??= new Workers(this.numWorkers, { url, args, samples });
    const workers = this.#workers;
    const position = this.#begin();
    const { random } = position;
    let number = position.batch;
    // A pass draws even where its order does not, so that the next has other random numbers.
    const order = this.#order(position, number);
    const loading: Promise<unknown>[] = [];
    const most = this.numWorkers * this.prefetchFactor;
    for (let done = false; !done || loading.length > 0;) {
      while (!done && loading.length < most) {
        const next = order.next();
        done = next.done === true;
        if (next.done !== true)
          loading.push(workers.load(next.value, seedOf(random, position.epoch, number++)));
      }
      const first = loading.shift();
      if (first === undefined) break;
      const loaded = await first;
      const batch = samples ? this.#finish(loaded as unknown[]) : loaded;
      position.batch++;
      yield batch as Batch;
    }
    this.#end(position);
  }

  #batchOf(source: DatasetLike, indices: Tensor): unknown {
    const samples = this.#single || this.#collate !== null;
    const batch = batchOf(source, indices, samples);
    if (!samples) return batch;
    if (isPromise(batch)) return batch.then((all) => this.#finish(all as unknown[]));
    return this.#finish(batch as unknown[]);
  }

  /** What becomes of samples. */
  #finish(samples: readonly unknown[]): unknown {
    if (this.#single) return samples[0];
    return this.#collate === null ? defaultCollate(samples) : this.#collate(samples);
  }
}

/**
 * Has what comes before the position of a resumed pass drawn again from where the pass began. What it returns puts the common
 * generator back.
 */
function drawAgain({ batch, random }: DataLoaderState): () => void {
  if (batch === 0) return () => undefined;
  let common: RandomState | null = getRngState();
  setRngState(random);
  return () => {
    if (common !== null) setRngState(common);
    common = null;
  };
}

/** Something to load from, as a dataset. */
function sourceOf(dataset: unknown): DatasetLike | IterableDataset {
  if (Array.isArray(dataset)) return new ListDataset(dataset);
  if (dataset instanceof IterableDataset) return dataset;
  const { getItem, getItems } = (dataset ?? {}) as Partial<Record<string, unknown>>;
  if (getItem === undefined && getItems === undefined && isIterable(dataset))
    return new IterableDataset(dataset);
  checkDataset('DataLoader', dataset);
  return dataset;
}

/** The random numbers of one batch of one pass, the same whatever thread it falls to. */
function seedOf({ key, counter }: RandomState, epoch: number, batch: number): RandomState {
  // Other keys than the pass's own, so that they do not meet.
  const mix = (x: number): number => {
    x = Math.imul(x ^ (x >>> 16), 0x45d9f3b);
    x = Math.imul(x ^ (x >>> 16), 0x45d9f3b);
    return (x ^ (x >>> 16)) >>> 0;
  };
  const low = mix(key[0] ^ mix(batch + 1)) >>> 0;
  const high = mix(key[1] ^ mix(epoch + 0x9e37) ^ mix(counter >>> 0)) >>> 0;
  return { key: [low, high], counter: 0 };
}
