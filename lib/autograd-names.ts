// The names of torch.autograd, in camelCase.

export { backward, grad } from './autograd.js';
/** PyTorch's `torch.autograd.functional`. */
export * as functional from './derivatives.js';
export { Function, FunctionContext, onceDifferentiable } from './function.js';
export {
  enableGrad,
  inferenceMode,
  isGradEnabled,
  isInferenceModeEnabled,
  noGrad,
  setGradEnabled,
} from './grad-mode.js';
export { gradcheck, gradgradcheck } from './gradcheck.js';
export { detectAnomaly } from './ops/anomaly.js';
