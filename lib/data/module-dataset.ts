import { describe, typeError } from '../errors.js';
import type { Tensor } from '../tensor.js';
import { checkDataset, itemOf, isBatched, lengthOf, type DatasetLike } from './dataset.js';

/** A dataset that worker threads can load for themselves: the address of a module, and what it is called with. */
export interface ModuleDataset<Sample = unknown, Batch = unknown> {
  /** Number of samples. */
  readonly length: number;
  /** One sample, from 0 to `length - 1`. */
  getItem(index: number): Sample;
  /** Where the dataset makes whole batches. */
  readonly getItems?: (indices: Tensor) => Batch;
  /** The address of the module. */
  readonly url: string;
  /** What its default export is called with. */
  readonly args: readonly unknown[];
}

/**
 * Loads a dataset from a module, so that a {@link DataLoader} with `numWorkers` can have worker threads do the same. The
 * default export of the module is a dataset, a class of datasets, or a function that gives one, also as a promise.
 *
 * ```ts
 * const photos = await data.moduleDataset(new URL('./photos.js', import.meta.url), '/photos');
 * const loader = new data.DataLoader(photos, { batchSize: 32, shuffle: true, numWorkers: 4 });
 * for await (const [x, y] of loader) …
 * ```
 * @param args what a class or function gets, plain values: they go to the workers
 */
export async function moduleDataset<Sample = unknown, Batch = unknown>(
  url: URL | string,
  ...args: readonly unknown[]
): Promise<ModuleDataset<Sample, Batch>> {
  const op = 'moduleDataset';
  if (!(url instanceof URL) && typeof url !== 'string')
    typeError(op, `url: expected the address of a module, got ${describe(url)}`);
  const href = String(url);
  const dataset = await openModule(op, href, args);
  return {
    get length() {
      return lengthOf(op, dataset);
    },
    getItem: (index) => itemOf(op, dataset, index) as Sample,
    ...(isBatched(dataset) && { getItems: (indices: Tensor) => dataset.getItems(indices) as Batch }),
    url: href,
    args,
  };
}

/** The dataset of a module. */
export async function openModule(op: string, url: string, args: readonly unknown[]): Promise<DatasetLike> {
  const { default: exported } = (await import(url)) as { readonly default?: unknown };
  const dataset = typeof exported === 'function' ? await call(exported as Callable, args) : exported;
  checkDataset(op, dataset);
  return dataset;
}

type Callable = ((...args: readonly unknown[]) => unknown) & { readonly prototype?: object };

function call(exported: Callable, args: readonly unknown[]): unknown {
  const { prototype } = exported;
  if (prototype === undefined || !('getItem' in prototype || 'getItems' in prototype))
    return exported(...args);
  return Reflect.construct(exported, args);
}

export const isModuleDataset = (dataset: unknown): dataset is ModuleDataset =>
  typeof (dataset as Partial<ModuleDataset>).url === 'string' && 'args' in (dataset as object);
