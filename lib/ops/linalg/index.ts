// The namespace `linalg`, as PyTorch has it.
export { cholesky, choleskyEx } from './cholesky.js';
export { linalgCross as cross } from './cross.js';
export { det, slogdet, type SignAndLog } from './det.js';
export { eigh, eigvalsh, type Eigen } from './eigh.js';
export { lu, luFactor, luFactorEx, luSolve, type LuFactors, type PLU } from './lu.js';
export { cond, matrixNorm, norm, type MatrixOrd } from './matrix-norm.js';
export { vectorNorm, type NormOptions } from './norm.js';
export { lstsq, matrixRank, pinv, type Lstsq, type LstsqOptions } from './pinv.js';
export {
  diagonal,
  linalgMatmul as matmul,
  matrixExp,
  matrixPower,
  multiDot,
  tensorinv,
  tensorsolve,
  vander,
  vecdot,
} from './powers.js';
export { householderProduct, qr, type QR } from './qr.js';
export { inv, invEx, solve, solveEx, solveTriangular, type SolveTriangularOptions } from './solve.js';
export { svd, svdvals, type SVD } from './svd.js';
