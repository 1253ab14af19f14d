import { describe, rangeError, shapeError, typeError } from '../errors.js';
import { indexSelect } from '../ops/indexing.js';
import { select } from '../ops/shape.js';
import { formatShape } from '../shape.js';
import { checkTensor, type Tensor } from '../tensor.js';

/**
 * What a {@link DataLoader} loads from: samples with numbers from 0.
 *
 * ```ts
 * class Squares extends data.Dataset<[number, number]> {
 *   readonly length = 100;
 *   getItem(i: number): [number, number] { return [i, i * i]; }
 * }
 * ```
 *
 * A sample may be a promise; then the loader is for `for await`. A dataset that can make a batch faster than sample by
 * sample also has `getItems(indices)`.
 * @see https://pytorch.org/docs/stable/data.html#torch.utils.data.Dataset
 */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- it says what `getItem` gives
export abstract class Dataset<Sample = unknown> {
  /** Number of samples. */
  abstract readonly length: number;

  /** One sample, from 0 to `length - 1`. */
  abstract getItem(index: number): Sample;
}

/** What a dataset has that makes whole batches. */
export interface BatchedDataset<Batch = unknown> {
  /** Number of samples. */
  readonly length: number;
  /** The samples that `indices` (int32, 1-D) names, as one batch. */
  getItems(indices: Tensor): Batch;
}

/** A dataset, or what looks like one: with a length, and `getItem` or `getItems`. */
export type DatasetLike =
  Dataset | BatchedDataset | { readonly length: number; getItem(index: number): unknown };

/** The length of a dataset, which may change. */
export function lengthOf(op: string, dataset: { readonly length: number }): number {
  const length: unknown = dataset.length;
  if (typeof length !== 'number')
    typeError(op, `dataset: expected a length that is a number, got ${describe(length)}`);
  if (!Number.isSafeInteger(length) || length < 0)
    rangeError(op, `dataset: expected a length that is a whole number from 0, got ${length}`);
  return length;
}

/** Throws unless something has a length and samples. */
export function checkDataset(op: string, dataset: unknown): asserts dataset is DatasetLike {
  const { getItem, getItems, length } = (dataset ?? {}) as Partial<Record<string, unknown>>;
  if ((typeof getItem !== 'function' && typeof getItems !== 'function') || length === undefined)
    typeError(
      op,
      `dataset: expected a length and getItem(index) or getItems(indices), got ${describe(dataset)}`,
    );
  lengthOf(op, dataset as DatasetLike);
}

/** Whether a dataset makes whole batches. */
export const isBatched = (dataset: unknown): dataset is BatchedDataset =>
  typeof (dataset as Partial<BatchedDataset>).getItems === 'function';

/** One sample of anything that has samples. */
export function itemOf(op: string, dataset: DatasetLike, index: number): unknown {
  if ('getItem' in dataset) return dataset.getItem(index);
  return typeError(
    op,
    `dataset: expected getItem(index), got ${describe(dataset)}, which makes only batches`,
  );
}

/**
 * Samples that lie along the first dimension of tensors of equal length.
 * @see https://pytorch.org/docs/stable/data.html#torch.utils.data.TensorDataset
 */
export class TensorDataset extends Dataset<Tensor[]> {
  readonly tensors: readonly Tensor[];
  readonly length: number;

  constructor(...tensors: Tensor[]) {
    super();
    if (tensors.length === 0) rangeError('TensorDataset', 'expected at least one tensor, got none');
    tensors.forEach((x, i) => {
      checkTensor('TensorDataset', x, `tensors[${i}]`);
      if (x.ndim === 0) shapeError('TensorDataset', `tensors[${i}]: expected at least one dimension, got ()`);
      if (x.shape[0] !== tensors[0].shape[0])
        shapeError(
          'TensorDataset',
          `tensors differ in length: ${formatShape(tensors[0].shape)} and tensors[${i}] ${formatShape(x.shape)}`,
        );
    });
    this.tensors = tensors;
    this.length = tensors[0].shape[0];
  }

  /** One sample: views of the tensors. */
  getItem(index: number): Tensor[] {
    return this.tensors.map((x) => select(x, 0, index));
  }

  /** The samples that `indices` (int32, 1-D) names, stacked: the tensors of a batch. */
  getItems(indices: Tensor): Tensor[] {
    return this.tensors.map((x) => indexSelect(x, 0, indices));
  }
}

/** The samples of an array. */
export class ListDataset<Sample> extends Dataset<Sample> {
  constructor(readonly samples: readonly Sample[]) {
    super();
  }

  /** Number of samples. */
  get length(): number {
    return this.samples.length;
  }

  getItem(index: number): Sample {
    return this.samples[index];
  }
}
