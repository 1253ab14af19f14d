// The namespace `linalg`, as PyTorch has it.
export { linalgCross as cross } from './cross.js';
export { vectorNorm, type NormOptions } from './norm.js';
