import './methods.js';

export { backward, grad, type BackwardArgs, type BackwardOptions, type GradOptions } from './autograd.js';
export { checkpoint, checkpointSequential, type CheckpointOptions } from './checkpoint.js';
export { compile, type Compiled } from './compile.js';
export { getBackend, getNumThreads, setBackend, setNumThreads } from './backend/select.js';
export { hessian, hvp, jacobian, jvp, vhp, vjp, type FunctionalOptions } from './derivatives.js';
export type { DType, FloatDType, TypedArray } from './dtype.js';
export { ShapeError } from './errors.js';
export {
  Function,
  FunctionContext,
  onceDifferentiable,
  type FunctionClass,
  type FunctionGradients,
} from './function.js';
export {
  enableGrad,
  inferenceMode,
  isGradEnabled,
  isInferenceModeEnabled,
  noGrad,
  setGradEnabled,
} from './grad-mode.js';
export { gradcheck, gradgradcheck, type GradcheckOptions, type GradgradcheckOptions } from './gradcheck.js';
export { toDot, type DotOptions } from './graph.js';
export { RemovableHandle } from './hooks.js';
export { Profile, profile, recordFunction } from './profile/profile.js';
export type { ProfileEvent } from './profile/recorder.js';
export type { ProfileRow } from './profile/rows.js';
export * from './ops/index.js';
export type { Keepdim, TensorLike } from './ops/primitive.js';
export { summary, type Summary, type SummaryOptions, type SummaryRow } from './profile/summary.js';
export { getRngState, manualSeed, setRngState, type RandomState } from './random.js';
export { keep, scope, tidy } from './scope.js';
export type { Shape } from './shape.js';
export { Tensor, type GradFn, type GradientHook, type NestedArray } from './tensor.js';

/** PyTorch's `torch.autograd`: {@link Function} and derivatives, under the names they have there. */
export * as autograd from './autograd-names.js';
/** Data sets, loaders and samplers: PyTorch's `torch.utils.data`. */
export * as data from './data/index.js';
/** PyTorch's `torch.nn.functional`: ops under the names they have there. */
export * as functional from './functional.js';
/** Files: safetensors, and state dicts of PyTorch. */
export * as io from './io/index.js';
/** Modules and layers: PyTorch's `torch.nn`. */
export * as nn from './nn/index.js';
/** Optimizers and schedules: PyTorch's `torch.optim`. */
export * as optim from './optim/index.js';
/** Trainings with {@link fit}, their metrics and checkpoints. */
export * as train from './train/index.js';
export { fit } from './train/fit.js';
