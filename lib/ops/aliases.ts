// Other names by which PyTorch knows ops.

export { clamp as clip } from './arithmetic.js';
export {
  acos as arccos,
  acosh as arccosh,
  asin as arcsin,
  asinh as arcsinh,
  atan as arctan,
  atan2 as arctan2,
  atanh as arctanh,
  trunc as fix,
} from './elementary.js';
export { div as divide, div as trueDivide, sub as subtract } from './operators.js';
export {
  abs as absolute,
  ge as greaterEqual,
  gt as greater,
  le as lessEqual,
  lt as less,
  mul as multiply,
  ne as notEqual,
  neg as negative,
  sign as sgn,
} from './pointwise.js';
