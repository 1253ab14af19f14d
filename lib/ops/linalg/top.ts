// What PyTorch has of linear algebra outside of `linalg`.
export { cross } from './cross.js';
export { cdist, pdist, type CdistOptions } from './distance.js';
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
