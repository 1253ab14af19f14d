export { TensorDataset, type Dataset } from './dataset.js';
export { DataLoader, type DataLoaderOptions } from './loader.js';
export { parseIdx, readIdx, type IdxArray } from './idx.js';
export { ImageDataset, mnistDataset, type MnistDatasets } from './mnist-dataset.js';
export { loadMnist, type MnistData, type MnistOptions, type MnistSplit } from './mnist.js';
export { randperm } from './randperm.js';
