import {
  bilinear,
  groupNorm,
  instanceNorm,
  localResponseNorm,
  normalize,
  ones,
  rmsNorm,
  ShapeError,
} from '../lib/index.js';
import { ints, testWrongCalls } from './support/wrong-calls.js';

// Bad input to normalizations and bilinear forms.
// prettier-ignore
testWrongCalls([
  [() => groupNorm(ones([2, 4]), 3), RangeError, '[groupNorm] numGroups 3 does not divide the 4 channels'],
  [() => groupNorm(ones([2, 4]), 1.5), RangeError, '[groupNorm] numGroups: expected a whole number from 1, got 1.5'],
  [() => groupNorm(ones([4]), 2), ShapeError, '[groupNorm] expected (N, C, …), got (4,)'],
  [() => groupNorm(ints(1, 2), 1), TypeError, '[groupNorm] input: expected float32 or float64, got int32'],
  [() => groupNorm(ones([2, 4]), 2, ones([2])), ShapeError, '[groupNorm] weight: expected (4,), got (2,)'],
  [() => groupNorm(ones([1, 1]), 1), ShapeError, '[groupNorm] expected more than one value a group, got (1, 1) in 1 groups'],
  [() => groupNorm(ones([2, 4]), 2, null, null, Infinity), RangeError, '[groupNorm] eps: expected a finite number, got Infinity'],
  [() => instanceNorm(ones([2, 4])), ShapeError, '[instanceNorm] expected (N, C, L, …), got (2, 4)'],
  [() => instanceNorm(ones([2, 4, 1])), ShapeError, '[instanceNorm] expected more than one value a channel, got (2, 4, 1)'],
  [() => instanceNorm(ones([2, 4, 3]), ones([4]), null, { useInputStats: false }), TypeError, '[instanceNorm] without useInputStats, running statistics are needed'],
  [() => instanceNorm(ones([2, 4, 3]), { runningMean: ones([2]) }), ShapeError, '[instanceNorm] runningMean: expected (4,), got (2,)'],
  [() => instanceNorm(ones([2, 4, 3]), { momentum: 'x' as never }), TypeError, '[instanceNorm] momentum: expected a number, got "x"'],
  [() => rmsNorm(ones([2, 3]), 2), ShapeError, '[rmsNorm] input of shape (2, 3) does not end in (2,)'],
  [() => rmsNorm(ones([2, 3]), 3, ones([3], { dtype: 'float64' })), TypeError, '[rmsNorm] weight: expected float32, got float64'],
  [() => rmsNorm(ones([2, 3]), 3, { bias: null } as never), TypeError, "[rmsNorm] options: unknown option 'bias'; there is weight, eps"],
  [() => localResponseNorm(ones([2, 3]), 2), ShapeError, '[localResponseNorm] expected (N, C, L, …), got (2, 3)'],
  [() => localResponseNorm(ones([2, 3, 2]), 0), RangeError, '[localResponseNorm] size: expected a whole number from 1, got 0'],
  [() => normalize(ones([3])), RangeError, '[normalize] dim 1 is out of range for 1 dimension'],
  [() => normalize(ones([3]), NaN), RangeError, '[normalize] p: expected a number, got NaN'],
  [() => bilinear(ones([2, 3]), ones([2, 4]), ones([5, 4, 3])), ShapeError, '[bilinear] inputs (2, 3) and (2, 4) do not fit weight (5, 4, 3)'],
  [() => bilinear(ones([2, 3]), ones([2, 4]), ones([3, 4])), ShapeError, '[bilinear] weight: expected (O, I, J), got (3, 4)'],
  [() => bilinear(ones([2, 3]), ones([2, 4]), ones([5, 3, 4]), ones([4])), ShapeError, '[bilinear] bias: expected (5,), got (4,)'],
]);
