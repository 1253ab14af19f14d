export {
  clipGradNorm,
  clipGradNorm_,
  clipGradValue,
  clipGradValue_,
  parametersToVector,
  vectorToParameters,
} from './gradients.js';
export { removeSpectralNorm, spectralNorm } from './spectral-norm.js';
export { removeWeightNorm, weightNorm } from './weight-norm.js';
