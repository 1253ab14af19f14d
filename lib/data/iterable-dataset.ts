import { describe, typeError } from '../errors.js';

/** @inline */
type Source<Sample> = Iterable<Sample> | AsyncIterable<Sample>;

/**
 * Samples that come one after the other, from whatever can be iterated over: a stream, a cursor of a database, a generator.
 * A function that gives such a source is called anew for each epoch; a source that can be read only once serves one.
 *
 * ```ts
 * const lines = new data.IterableDataset(() => createInterface({ input: createReadStream('text.txt') }));
 * for await (const batch of new data.DataLoader(lines, { batchSize: 32 })) …
 * ```
 * @see https://pytorch.org/docs/stable/data.html#torch.utils.data.IterableDataset
 */
export class IterableDataset<Sample = unknown> implements AsyncIterable<Sample> {
  readonly #source: Source<Sample> | (() => Source<Sample> | Promise<Source<Sample>>);
  #read = false;

  /** @param source samples, or a function that gives them, also as a promise */
  constructor(source: Source<Sample> | (() => Source<Sample> | Promise<Source<Sample>>)) {
    if (typeof source !== 'function' && !isIterable(source))
      typeError(
        'IterableDataset',
        `source: expected what can be iterated over, or a function that gives it, got ${describe(source)}`,
      );
    this.#source = source;
  }

  /** The samples, for `for` loops. Throws a TypeError when they are asynchronous. */
  [Symbol.iterator](): Iterator<Sample> {
    const source = this.#open();
    if (!(Symbol.iterator in source))
      typeError('IterableDataset', 'the samples come asynchronously: use `for await`');
    return this.#once(source[Symbol.iterator](), source);
  }

  /** The samples, for `for await` loops. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Sample, void> {
    const source = await this.#open();
    if (!isIterable(source))
      typeError('IterableDataset', `source: expected what can be iterated over, got ${describe(source)}`);
    const iterator =
      Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
    yield* { [Symbol.asyncIterator]: () => this.#once(iterator, source) as AsyncIterator<Sample> };
  }

  #open(): Source<Sample> | Promise<Source<Sample>> {
    return typeof this.#source === 'function' ? this.#source() : this.#source;
  }

  /** An iterator that nobody has read from before. */
  #once<I extends object>(iterator: I, source: object): I {
    // What is its own iterator is at its end after one pass.
    if (typeof this.#source !== 'function' && (iterator as object) === source) {
      if (this.#read)
        throw new Error(
          '[IterableDataset] the source was read already, and can be read only once: give a function that opens it',
        );
      this.#read = true;
    }
    return iterator;
  }
}

export const isIterable = (value: unknown): value is Source<unknown> =>
  typeof value === 'object' && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value);
