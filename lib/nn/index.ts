export { MultiheadAttention, type AttentionArguments, type MultiheadAttentionOptions } from './attention.js';
/** PyTorch's `torch.nn.functional`. */
export * as functional from '../functional.js';
export { GELU, LogSoftmax, ReLU, Sigmoid, SiLU, Softmax, Softmax2d, Softmin, Tanh } from './activation.js';
export { Bilinear, CosineSimilarity, Identity, PairwiseDistance } from './bilinear.js';
export * from './composed-activation.js';
export { Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d } from './conv.js';
export type { ConvLayerOptions, ConvPaddingMode, ConvTransposeLayerOptions } from './conv.js';
export { Flatten, Linear, Unflatten } from './layers.js';
export { AlphaDropout, Dropout, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout } from './dropout.js';
export { ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential } from './containers.js';
export {
  Embedding,
  EmbeddingBag,
  type EmbeddingBagLayerOptions,
  type EmbeddingLayerOptions,
} from './embedding.js';
export type { BackwardHook, BackwardPreHook, ForwardHook, ForwardPreHook, Gradients } from './hooks.js';
/** Initial values of parameters: PyTorch's `torch.nn.init`. */
export * as init from './initialize.js';
export { Module, type AnyModule, type StateDict } from './module.js';
export * from './layer-norm.js';
export * from './loss.js';
export {
  BatchNorm1d,
  BatchNorm2d,
  BatchNorm3d,
  InstanceNorm1d,
  InstanceNorm2d,
  InstanceNorm3d,
  type BatchNormLayerOptions,
} from './normalization.js';
export type { LayerOptions } from './options.js';
export { Parameter } from './parameter.js';
export { GRU, LSTM, RNN, type LSTMOptions, type RecurrentOptions, type RNNOptions } from './rnn.js';
export { GRUCell, LSTMCell, RNNCell, type CellOptions, type RNNCellOptions } from './rnn-cells.js';
export {
  Transformer,
  TransformerDecoder,
  TransformerDecoderLayer,
  TransformerEncoder,
  TransformerEncoderLayer,
} from './transformer.js';
export type {
  DecoderArguments,
  EncoderArguments,
  TransformerArguments,
  TransformerLayerOptions,
  TransformerOptions,
} from './transformer.js';
/** Gradients and parameters of whole modules: PyTorch's `torch.nn.utils`. */
export * as utils from './utils/index.js';
export {
  AdaptiveAvgPool1d,
  AdaptiveAvgPool2d,
  AdaptiveAvgPool3d,
  AdaptiveMaxPool1d,
  AdaptiveMaxPool2d,
  AdaptiveMaxPool3d,
  AvgPool1d,
  AvgPool2d,
  AvgPool3d,
  LPPool1d,
  LPPool2d,
  MaxPool1d,
  MaxPool2d,
  MaxPool3d,
  MaxUnpool1d,
  MaxUnpool2d,
  MaxUnpool3d,
} from './pooling.js';
export {
  ChannelShuffle,
  Fold,
  PixelShuffle,
  PixelUnshuffle,
  Unfold,
  Upsample,
  UpsamplingBilinear2d,
  UpsamplingNearest2d,
  type UpsampleOptions,
} from './vision.js';
export {
  CircularPad1d,
  CircularPad2d,
  CircularPad3d,
  ConstantPad1d,
  ConstantPad2d,
  ConstantPad3d,
  ReflectionPad1d,
  ReflectionPad2d,
  ReflectionPad3d,
  ReplicationPad1d,
  ReplicationPad2d,
  ReplicationPad3d,
  ZeroPad1d,
  ZeroPad2d,
  ZeroPad3d,
} from './padding.js';
