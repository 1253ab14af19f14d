// What PyTorch has of linear algebra outside of `linalg`.
export { choleskyInverse, choleskySolve, oldCholesky as cholesky } from './cholesky.js';
export { cross } from './cross.js';
export { logdet, oldDet as det, oldSlogdet as slogdet } from './det.js';
export { cdist, pdist, type CdistOptions } from './distance.js';
export { luUnpack, oldLu as lu, oldLuSolve as luSolve } from './lu.js';
export { pinverse } from './pinv.js';
export { oldMatrixExp as matrixExp, oldMatrixPower as matrixPower } from './powers.js';
export {
  addbmm,
  addmm,
  addmv,
  addr,
  baddbmm,
  bmm,
  chainMatmul,
  dot,
  ger,
  inner,
  kron,
  mm,
  mv,
  outer,
  tensordot,
  vdot,
  type AddProductOptions,
} from './products.js';
export { geqrf, oldQr as qr, orgqr, ormqr } from './qr.js';
export { inverse, triangularSolve } from './solve.js';
export { oldSvd as svd } from './svd.js';
