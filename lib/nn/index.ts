export {
  Conv2d,
  CrossEntropyLoss,
  Flatten,
  Linear,
  MSELoss,
  ReLU,
  Sequential,
  Sigmoid,
  Tanh,
} from './layers.js';
export { Module, type StateDict } from './module.js';
export { BatchNorm1d, BatchNorm2d, type BatchNormLayerOptions } from './normalization.js';
export type { LayerOptions } from './options.js';
export { Parameter } from './parameter.js';
export { MaxPool2d } from './pooling.js';
