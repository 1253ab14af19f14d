export { defaultCollate, type Collated } from './collate.js';
export { ConcatDataset, randomSplit, Subset, type RandomSplitOptions, type SampleOf } from './combined.js';
export { Dataset, ListDataset, TensorDataset, type BatchedDataset, type DatasetLike } from './dataset.js';
export { IterableDataset } from './iterable-dataset.js';
export {
  DataLoader,
  type BatchIndices,
  type BatchOf,
  type DataLoaderOptions,
  type DataLoaderState,
  type Loadable,
} from './loader.js';
export { parseIdx, readIdx, type IdxArray } from './idx.js';
export { ImageDataset, mnistDataset, type MnistDatasets } from './mnist-dataset.js';
export { loadMnist, type MnistData, type MnistOptions, type MnistSplit } from './mnist.js';
export { moduleDataset, type ModuleDataset } from './module-dataset.js';
export { randperm } from './randperm.js';
export {
  BatchSampler,
  DistributedSampler,
  RandomSampler,
  SequentialSampler,
  SubsetRandomSampler,
  WeightedRandomSampler,
  type DistributedSamplerOptions,
  type RandomSamplerOptions,
  type Sampler,
} from './samplers.js';
