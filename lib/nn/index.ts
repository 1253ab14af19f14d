export * as functional from '../functional.js';
export { GELU, ReLU, Sigmoid, SiLU, Tanh } from './activation.js';
export { Conv2d, CrossEntropyLoss, Dropout, Flatten, Linear, MSELoss, Sequential } from './layers.js';
export { Embedding } from './embedding.js';
export { Module, type StateDict } from './module.js';
export { BatchNorm1d, BatchNorm2d, LayerNorm, type BatchNormLayerOptions } from './normalization.js';
export type { LayerOptions } from './options.js';
export { Parameter } from './parameter.js';
export { MaxPool2d } from './pooling.js';
