import { describe, rangeError, typeError } from '../errors.js';
import { fromArray } from '../ops/create.js';
import { indexSelect } from '../ops/indexing.js';
import { cat } from '../ops/shape.js';
import { Tensor } from '../tensor.js';
import { checkDataset, Dataset, isBatched, itemOf, lengthOf, type DatasetLike } from './dataset.js';
import { RandomStream } from './random-stream.js';
import { randperm } from './randperm.js';

/** A sample of a dataset. */
export type SampleOf<D> = D extends { getItem(index: number): infer Sample }
  ? Sample
  : D extends readonly (infer Sample)[]
    ? Sample
    : D extends AsyncIterable<infer Sample>
      ? Sample
      : D extends Iterable<infer Sample>
        ? Sample
        : unknown;

/** Whole numbers in a tensor, for `getItems`. */
const indicesOf = (numbers: readonly number[]): Tensor => fromArray(Int32Array.from(numbers));

/**
 * Some samples of a dataset.
 * @see https://pytorch.org/docs/stable/data.html#torch.utils.data.Subset
 */
export class Subset<D extends DatasetLike> extends Dataset<SampleOf<D>> {
  readonly indices: readonly number[];
  /** Whole batches, where the dataset makes them. */
  readonly getItems?: D extends { getItems(indices: Tensor): infer Batch }
    ? (indices: Tensor) => Batch
    : undefined;

  /** @param indices of the samples, in their new order */
  constructor(
    readonly dataset: D,
    indices: Iterable<number>,
  ) {
    super();
    checkDataset('Subset', dataset);
    if (typeof indices !== 'object' || indices === null || !(Symbol.iterator in indices))
      typeError('Subset', `indices: expected a list of numbers, got ${describe(indices)}`);
    const length = lengthOf('Subset', dataset);
    this.indices = [...indices];
    for (const index of this.indices)
      if (!Number.isInteger(index) || index < 0 || index >= length)
        rangeError(
          'Subset',
          `indices: expected whole numbers from 0 to ${length - 1}, got ${describe(index)}`,
        );
    if (isBatched(dataset)) {
      const own = indicesOf(this.indices);
      const getItems = (indices: Tensor): unknown => dataset.getItems(indexSelect(own, 0, indices));
      this.getItems = getItems as NonNullable<typeof this.getItems>;
    }
  }

  /** Number of samples. */
  get length(): number {
    return this.indices.length;
  }

  /** One sample, from 0 to `length - 1`. */
  getItem(index: number): SampleOf<D> {
    if (!Number.isInteger(index) || index < 0 || index >= this.length)
      rangeError(
        'Subset',
        `getItem: expected a whole number from 0 to ${this.length - 1}, got ${describe(index)}`,
      );
    return itemOf('Subset', this.dataset, this.indices[index]) as SampleOf<D>;
  }
}

/**
 * Datasets one after the other.
 * @see https://pytorch.org/docs/stable/data.html#torch.utils.data.ConcatDataset
 */
export class ConcatDataset<D extends DatasetLike> extends Dataset<SampleOf<D>> {
  readonly datasets: readonly D[];
  /** The lengths of the datasets, added up. */
  readonly cumulativeSizes: readonly number[];
  /** Whole batches, where all datasets make them of tensors. */
  readonly getItems?: D extends { getItems(indices: Tensor): infer Batch }
    ? (indices: Tensor) => Batch
    : undefined;

  constructor(datasets: Iterable<D>) {
    super();
    if (typeof datasets !== 'object' || datasets === null || !(Symbol.iterator in datasets))
      typeError('ConcatDataset', `datasets: expected a list of datasets, got ${describe(datasets)}`);
    this.datasets = [...datasets];
    if (this.datasets.length === 0) rangeError('ConcatDataset', 'datasets: expected at least one, got none');
    let total = 0;
    this.cumulativeSizes = this.datasets.map((dataset) => {
      checkDataset('ConcatDataset', dataset);
      return (total += lengthOf('ConcatDataset', dataset));
    });
    if (this.datasets.every(isBatched)) this.getItems = this.#getItems as NonNullable<typeof this.getItems>;
  }

  /** Number of samples. */
  get length(): number {
    return this.cumulativeSizes.at(-1) as number;
  }

  /**
   * One sample.
   * @param index from 0, or from the end when negative
   */
  getItem(index: number): SampleOf<D> {
    const [which, at] = this.#find(index);
    return itemOf('ConcatDataset', this.datasets[which], at) as SampleOf<D>;
  }

  #find(index: number): [which: number, at: number] {
    const { length } = this;
    if (!Number.isInteger(index) || index < -length || index >= length)
      rangeError(
        'ConcatDataset',
        `getItem: expected a whole number from ${-length} to ${length - 1}, got ${describe(index)}`,
      );
    const at = index < 0 ? index + length : index;
    const which = this.cumulativeSizes.findIndex((size) => at < size);
    return [which, at - (which === 0 ? 0 : this.cumulativeSizes[which - 1])];
  }

  /** The parts of a batch from each dataset, put into its order. */
  readonly #getItems = (indices: Tensor): Tensor[] => {
    const places = Array.from(indices.toArray(), (index, position) => {
      const [which, at] = this.#find(index);
      return { which, at, position };
    });
    const parts = this.datasets.flatMap((dataset, which) => {
      const here = places.filter((place) => place.which === which);
      if (here.length === 0 || !isBatched(dataset)) return [];
      const batch: unknown = dataset.getItems(indicesOf(here.map(({ at }) => at)));
      if (!Array.isArray(batch) || !batch.every((x) => x instanceof Tensor))
        typeError(
          'ConcatDataset',
          `getItems: expected lists of tensors from the datasets, got ${describe(batch)}`,
        );
      return [{ batch: batch, positions: here.map(({ position }) => position) }];
    });
    if (parts.length === 1) return parts[0].batch;
    const from = parts.flatMap(({ positions }) => positions);
    const order = new Array<number>(from.length);
    from.forEach((position, i) => (order[position] = i));
    return parts[0].batch.map((_, k) =>
      indexSelect(
        cat(
          parts.map(({ batch }) => batch[k]),
          0,
        ),
        0,
        indicesOf(order),
      ),
    );
  };
}

/** Options of {@link randomSplit}. */
export interface RandomSplitOptions {
  /** Seeds this split alone. Default: the order comes from the generator that `manualSeed` seeds. */
  readonly seed?: number;
}

/**
 * Splits a dataset at random into parts that do not overlap.
 * @param lengths of the parts: whole numbers that add up to the dataset's length, or fractions that add up to 1, whose
 *   remainders go to the first parts, one each
 * @see https://pytorch.org/docs/stable/data.html#torch.utils.data.random_split
 */
export function randomSplit<D extends DatasetLike>(
  dataset: D,
  lengths: readonly number[],
  options: RandomSplitOptions = {},
): Subset<D>[] {
  const op = 'randomSplit';
  checkDataset(op, dataset);
  const total = lengthOf(op, dataset);
  if (!Array.isArray(lengths)) typeError(op, `lengths: expected a list of numbers, got ${describe(lengths)}`);
  const given: readonly number[] = lengths;
  for (const length of given as readonly unknown[])
    if (typeof length !== 'number' || !(length >= 0))
      rangeError(op, `lengths: expected numbers from 0, got ${describe(length)}`);
  let counts = [...given];
  const sum = counts.reduce((all, length) => all + length, 0);
  if (Math.abs(sum - 1) < 1e-9 && sum <= 1 + 1e-9 && !(total === 1 && counts.every(Number.isInteger))) {
    counts = counts.map((fraction) => Math.floor(total * fraction));
    let rest = total - counts.reduce((all, length) => all + length, 0);
    for (let i = 0; rest > 0; i = (i + 1) % counts.length, rest--) counts[i]++;
  } else if (sum !== total || !counts.every(Number.isInteger))
    rangeError(
      op,
      `lengths: expected whole numbers that add up to ${total}, or fractions that add up to 1, got ${given.join(', ')}`,
    );
  const order = Array.from(new RandomStream(options.seed).draw(() => randperm(total)).toArray());
  let start = 0;
  return counts.map((count) => new Subset(dataset, order.slice(start, (start += count))));
}
