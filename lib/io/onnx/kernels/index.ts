import type { Translation } from '../scribe.js';
import { binary, compare, copy, fill, where } from './binary.js';
import { batchNorm, col2im, conv2d, conv2dInput, im2col, maxPool2d, maxPool2dGrad } from './images.js';
import { crossEntropy, gather, indexOffsets, indexSelect, scatter, scatterSlices } from './index-lookups.js';
import { attention, layerNorm, matmul } from './matrices.js';
import { reduce, softmax, sort } from './reduce.js';
import { weightedRuns } from './runs.js';
import { scan } from './scan.js';
import { unary } from './unary.js';

/** How kernels are written in ONNX, by name. Those that are missing it has no operations for. */
export const KERNELS: Readonly<Record<string, Translation | undefined>> = {
  attention,
  batchNorm,
  binary,
  col2im,
  compare,
  conv2d,
  conv2dInput,
  copy,
  crossEntropy,
  fill,
  gather,
  im2col,
  indexOffsets,
  indexSelect,
  layerNorm,
  matmul,
  maxPool2d,
  maxPool2dGrad,
  reduce,
  scan,
  scatter,
  scatterSlices,
  softmax,
  sort,
  unary,
  weightedRuns,
  where,
};
