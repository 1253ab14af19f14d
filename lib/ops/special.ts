// The names of torch.special.

export { exp2, expm1, log1p, round, sinc } from './elementary.js';
export { erf, sigmoid as expit } from './pointwise.js';
export { logSoftmax, softmax } from './softmax.js';
export {
  digamma,
  digamma as psi,
  entr,
  erfc,
  erfcx,
  erfinv,
  i0,
  i0e,
  i1,
  i1e,
  lgamma as gammaln,
  logit,
  logNdtr,
  mvlgamma as multigammaln,
  ndtr,
  ndtri,
  polygamma,
  xlog1py,
  xlogy,
  zeta,
} from './special-functions.js';
