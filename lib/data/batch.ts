import type { Tensor } from '../tensor.js';
import { defaultCollate } from './collate.js';
import { isBatched, itemOf, type DatasetLike } from './dataset.js';

/**
 * A batch, or a promise of one where samples are promises.
 * @param samples whether it stays a list of samples, to be made a batch by someone else
 */
export function batchOf(dataset: DatasetLike, indices: Tensor, samples: boolean): unknown {
  if (!samples && isBatched(dataset)) return dataset.getItems(indices);
  const items = Array.from(indices.toArray(), (index) => itemOf('DataLoader', dataset, index));
  const finish = (all: readonly unknown[]): unknown => (samples ? all : defaultCollate(all));
  return items.some(isPromise) ? Promise.all(items).then(finish) : finish(items);
}

export const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function';
