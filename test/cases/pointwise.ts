import { nonzero, positive, real, truth } from '../support/inputs.js';
import * as oracle from '../support/oracle.js';
import { zip, type Nd } from '../support/oracle.js';
import { always, binary, meeting, same, floats, numbers, row, unary, type Row } from '../support/row.js';

const bools = { dtypes: always('bool'), gradient: 'none' } as const;

/** Element by element. */
export const POINTWISE: readonly Row[] = [
  // One number.
  unary('neg', real, (x) => -x, { dtypes: numbers }),
  unary('abs', nonzero, Math.abs, { dtypes: numbers }),
  unary('sign', nonzero, Math.sign, { dtypes: same }),
  unary('square', real, (x) => x * x, { dtypes: numbers }),
  unary('relu', nonzero, (x) => Math.max(x, 0), { dtypes: numbers }),
  unary('exp', real, Math.exp),
  unary('log', positive, Math.log),
  unary('sqrt', positive, Math.sqrt),
  unary('reciprocal', nonzero, (x) => 1 / x),
  unary('tanh', real, Math.tanh),
  unary('sigmoid', real, (x) => 1 / (1 + Math.exp(-x))),
  unary('erf', real, oracle.erf),
  unary('silu', real, (x) => x / (1 + Math.exp(-x))),
  unary('logicalNot', real, (x) => Number(x === 0), bools),

  row('gelu', { oracle: (x: Nd, { approximate = 'none' }: { approximate?: string } = {}) => zip((v) => (v / 2) * (1 + (approximate === 'tanh' ? Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)) : oracle.erf(v / Math.SQRT2))))(x), dtypes: floats },
    [real(2, 3)], [real()], [real(2, 0)], [real(3, 1, 2), { approximate: 'none' }], [real(2, 3), { approximate: 'tanh' }], [real(), { approximate: 'tanh' }], [real(0), { approximate: 'tanh' }]),

  // Two numbers.
  binary('add', [real, real], (a, b) => a + b),
  binary('sub', [real, real], (a, b) => a - b, { dtypes: numbers }),
  binary('mul', [real, real], (a, b) => a * b),
  binary('div', [real, nonzero], (a, b) => a / b, { dtypes: floats }),
  binary('pow', [positive, real], (a, b) => a ** b, { dtypes: floats }),
  binary('maximum', [real, real], Math.max),
  binary('minimum', [real, real], Math.min),
  binary('eq', [real, real], (a, b) => Number(a === b), bools),
  binary('ne', [real, real], (a, b) => Number(a !== b), bools),
  binary('lt', [real, real], (a, b) => Number(a < b), bools),
  binary('le', [real, real], (a, b) => Number(a <= b), bools),
  binary('gt', [real, real], (a, b) => Number(a > b), bools),
  binary('ge', [real, real], (a, b) => Number(a >= b), bools),
  row('where', { oracle: zip((c, a, b) => (c ? a : b)), dtypes: meeting(same) },
    [truth(2, 3), real(2, 3), real(2, 3)], [truth(3), real(2, 1), real()], [truth(2, 1, 3), real(4, 1), real(3)],
    [truth(), real(2), real(2)], [truth(2, 3), real(3), 0], [truth(2), 1, real(3, 1)], [truth(0), real(1), real(0)]),
]; // prettier-ignore
