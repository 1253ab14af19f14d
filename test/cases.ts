import { ACTIVATION } from './cases/activation.js';
import { CONV } from './cases/conv.js';
import { COUNTING } from './cases/counting.js';
import { DECOMPOSITIONS } from './cases/decompositions.js';
import { ELEMENTARY } from './cases/elementary.js';
import { FUNCTIONAL } from './cases/functional.js';
import { INDEXING } from './cases/indexing.js';
import { INDEXING_AT } from './cases/indexing-at.js';
import { INDEXING_MORE } from './cases/indexing-more.js';
import { LINALG } from './cases/linalg.js';
import { LOSS } from './cases/loss.js';
import { NORMALIZATION } from './cases/normalization.js';
import { POINTWISE } from './cases/pointwise.js';
import { REDUCE } from './cases/reduce.js';
import { SHAPE } from './cases/shape.js';
import { SHAPE_MORE } from './cases/shape-more.js';
import { VISION } from './cases/vision.js';
import { STATISTICS } from './cases/statistics.js';
import type { OpName, Row } from './support/row.js';

/*
 * The table of ops: one row each. A row names the op, says what it should give, and lists the arguments to try it with;
 * an `Input` (`real(2, 3)`) stands for a tensor of that shape and domain. From it the suites check, on every backend:
 * forward against the oracle and against the twin; first and second derivatives against finite differences; dtypes;
 * transposed, strided and expanded memory; changes in place; tidy; and the method of the same name.
 */

/** Exports of `lib/ops` that have no row, and why. */
export const WITHOUT_ROW: Partial<Record<OpName, string>> = {
  arange: 'creates', // test/tensor.test.ts
  eye: 'creates',
  fromArray: 'creates',
  full: 'creates',
  linspace: 'creates',
  ones: 'creates',
  rand: 'creates',
  randint: 'creates',
  randn: 'creates',
  tensor: 'creates',
  trilIndices: 'creates', // test/create.test.ts
  triuIndices: 'creates',
  fullLike: 'creates', // test/create.test.ts
  logspace: 'creates',
  onesLike: 'creates',
  randLike: 'creates',
  randnLike: 'creates',
  zeros: 'creates',
  alphaDropout: 'random', // test/dropout.test.ts
  dropout: 'random', // test/layers.test.ts
  dropout1d: 'random', // test/dropout.test.ts
  dropout2d: 'random', // test/dropout.test.ts
  dropout3d: 'random', // test/dropout.test.ts
  featureAlphaDropout: 'random', // test/dropout.test.ts
  'functional.fractionalMaxPool2d': 'random', // test/layers-images.test.ts
  gumbelSoftmax: 'random', // test/activation.test.ts
  indexPut_: 'changes in place, outside the graph', // test/indexing-at.test.ts
  setAt_: 'changes in place, outside the graph',
  add_: 'changes in place, outside the graph', // test/inplace.test.ts
  copy_: 'changes in place, outside the graph',
  div_: 'changes in place, outside the graph',
  fill_: 'changes in place, outside the graph',
  mul_: 'changes in place, outside the graph',
  sub_: 'changes in place, outside the graph',
  zero_: 'changes in place, outside the graph',
  'functional.hessian': 'takes a function', // test/derivatives.test.ts
  'functional.hvp': 'takes a function',
  'functional.jacobian': 'takes a function',
  'functional.jvp': 'takes a function',
  'functional.vhp': 'takes a function',
  'functional.vjp': 'takes a function',
  allclose: 'gives a boolean', // test/special.test.ts
  equal: 'gives a boolean',
  detectAnomaly: 'a mode, not an op', // test/anomaly.test.ts
};

export const ROWS: readonly Row[] = [
  ...POINTWISE,
  ...ELEMENTARY,
  ...ACTIVATION,
  ...REDUCE,
  ...STATISTICS,
  ...COUNTING,
  ...SHAPE,
  ...SHAPE_MORE,
  ...INDEXING,
  ...INDEXING_MORE,
  ...INDEXING_AT,
  ...LINALG,
  ...DECOMPOSITIONS,
  ...CONV,
  ...VISION,
  ...FUNCTIONAL,
  ...NORMALIZATION,
  ...LOSS,
];
