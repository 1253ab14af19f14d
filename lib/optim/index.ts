export { Adadelta, type AdadeltaOptions } from './adadelta.js';
export { Adagrad, type AdagradOptions } from './adagrad.js';
export { Adam, AdamW, type AdamOptions } from './adam.js';
export { Adamax, type AdamaxOptions } from './adamax.js';
export { ASGD, type ASGDOptions } from './asgd.js';
export { LBFGS, type LBFGSOptions } from './lbfgs.js';
export { Lion, type LionOptions } from './lion.js';
export { Muon, type MuonOptions } from './muon.js';
export { NAdam, type NAdamOptions } from './nadam.js';
export { Optimizer, type FullGroup, type ParamGroup, type Params } from './optimizer.js';
export { RAdam, type RAdamOptions } from './radam.js';
export { RMSprop, type RMSpropOptions } from './rmsprop.js';
export { Rprop, type RpropOptions } from './rprop.js';
export { SGD, type SGDOptions } from './sgd.js';
export type { OptimizerStateDict, StateValue } from './state-dict.js';
export type { TorchOptimizerStateDict } from './torch-state.js';
/** The schedules, under PyTorch's name `torch.optim.lr_scheduler`. */
export * as lrScheduler from './schedulers/index.js';
export * from './schedulers/index.js';
/** Weights that are averaged: PyTorch's `torch.optim.swa_utils`. */
export * as swaUtils from './swa-utils.js';
