import { describe, rangeError } from '../../errors.js';
import { makeBuffer } from '../../storage.js';
import type { Backend } from '../contract.js';
import { attention, attentionGrad } from './attention.js';
import { batchNorm, batchNormGrad, layerNorm, layerNormGrad } from './normalization.js';
import { col2im, conv2d, conv2dInput, conv2dWeight, im2col } from './conv.js';
import { cholesky, lu, luSolve, triangularSolve } from './linalg-solve.js';
import { householder, householderProduct } from './linalg-qr.js';
import { eigh, svd } from './linalg-jacobi.js';
import { gather, indexOffsets, indexSelect, scatter, scatterSlices } from './indexing.js';
import { matmul } from './matmul.js';
import { descend } from './descent.js';
import { adam, sgd } from './optimizer.js';
import { binary, compare, copy, fill, unary, where } from './pointwise.js';
import { maxPool2d, maxPool2dGrad } from './pool.js';
import { random } from './random.js';
import { reduce } from './reduce.js';
import { weightedRuns } from './runs.js';
import { scan, sort } from './rows.js';
import { crossEntropy, crossEntropyGrad, softmax } from './softmax.js';

/**
 * Every kernel of the contract as plain loops: no library, no addon, nothing between the reader and the arithmetic.
 * Slower than native, and there wherever JavaScript is.
 */
export const reference: Backend = {
  name: 'reference',
  unary,
  binary,
  compare,
  where,
  copy,
  fill,
  reduce,
  matmul,
  im2col,
  col2im,
  conv2d,
  conv2dInput,
  conv2dWeight,
  maxPool2d,
  maxPool2dGrad,
  weightedRuns,
  batchNorm,
  batchNormGrad,
  layerNorm,
  layerNormGrad,
  attention,
  attentionGrad,
  softmax,
  scan,
  sort,
  crossEntropy,
  crossEntropyGrad,
  gather,
  scatter,
  indexSelect,
  scatterSlices,
  indexOffsets,
  cholesky,
  lu,
  luSolve,
  triangularSolve,
  householder,
  householderProduct,
  svd,
  eigh,
  random,
  adam,
  descend,
  sgd,
  allocate: makeBuffer,
  // One thread is all that plain JavaScript has. The number is checked as native checks it, so that no mistake hides.
  setNumThreads(count) {
    if (!Number.isInteger(count) || count < 1)
      rangeError('setNumThreads', `expected a whole number from 1, got ${describe(count)}`);
  },
  limitThreads: () => undefined,
  getNumThreads: () => 1,
};
