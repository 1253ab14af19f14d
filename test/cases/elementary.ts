import * as special from '../../lib/backend/reference/special.js';
import { index, Input, nonzero, positive, real, truth, unit } from '../support/inputs.js';
import * as oracle from '../support/oracle.js';
import { zip, type Nd } from '../support/oracle.js';
import { always, binary, floats, numbers, row, same, unary, type Row } from '../support/row.js';

const bools = { dtypes: always('bool'), gradient: 'none' } as const;
const ints = { dtypes: always('int32'), gradient: 'none' } as const;
const noGradient = { gradient: 'none' } as const;

/** These numbers. */
const given = (shape: readonly number[], ...values: number[]): Input => new Input(shape, () => values);

const truthy = (f: (a: boolean, b: boolean) => boolean) => (a: number, b: number) =>
  Number(f(a !== 0, b !== 0));
const logGamma = (x: number): number => special.lgamma(x);
const ndtr = (x: number): number => 0.5 * (1 + oracle.erf(x / Math.SQRT2));

/** The elementary and special functions, and questions about numbers. test/special.test.ts has values from elsewhere. */
export const ELEMENTARY: readonly Row[] = [
  unary('exp2', real, (x) => 2 ** x),
  unary('expm1', real, Math.expm1),
  unary('log1p', positive, Math.log1p),
  unary('log2', positive, Math.log2),
  unary('log10', positive, Math.log10),
  unary('rsqrt', positive, (x) => 1 / Math.sqrt(x)),
  unary('angle', nonzero, (x) => (x < 0 ? Math.PI : 0)),
  row('real', { oracle: (x: Nd) => x }, [real(2, 3)]),
  row('conj', { oracle: (x: Nd) => x }, [real(2, 3)]),
  row('conjPhysical', { oracle: (x: Nd) => x }, [real(2, 3)]),
  row('resolveConj', { oracle: (x: Nd) => x }, [real(2, 3)]),
  row('resolveNeg', { oracle: (x: Nd) => x }, [real(2, 3)]),
  row('frexp', { dtypes: floats, oracle: (x: Nd) => { const power = (v: number): number => (v === 0 ? 0 : Math.floor(Math.log2(Math.abs(v) * (1 + 1e-9))) + 1); return [zip((v) => v / 2 ** power(v))(x), zip(power)(x)]; } }, [given([4], 0.3, -5, 17.1, 0.11)], [nonzero(2, 3)]),
  row('fill', { oracle: (x: Nd, value: Nd | number) => zip((_, v) => v)(x, value) }, [real(2, 3), 2], [real(3), real()], [real(0), 1]),
  unary('sin', real, Math.sin),
  unary('cos', real, Math.cos),
  unary('tan', unit, Math.tan),
  unary('asin', unit, Math.asin),
  unary('acos', unit, Math.acos),
  unary('atan', real, Math.atan),
  unary('sinh', real, Math.sinh),
  unary('cosh', real, Math.cosh),
  unary('asinh', real, Math.asinh),
  row('acosh', { oracle: zip((x) => Math.acosh(x)), dtypes: floats }, [given([2, 2], 1.5, 2, 3, 7)], [given([], 4)], [given([0])]),
  unary('atanh', unit, Math.atanh),
  unary('floor', nonzero, Math.floor, { dtypes: numbers }),
  unary('ceil', nonzero, Math.ceil, { dtypes: numbers }),
  unary('trunc', nonzero, Math.trunc, { dtypes: numbers }),
  row('round', { oracle: (x: Nd, { decimals = 0 }: { decimals?: number } = {}) => zip((v) => Number.isInteger(v) ? v : Math.round(v * 10 ** decimals) / 10 ** decimals)(x), dtypes: numbers },
    [nonzero(2, 3)], [nonzero()], [nonzero(2, 0)], [nonzero(2, 2), { decimals: 2 }]),
  unary('frac', nonzero, (x) => x - Math.trunc(x), { dtypes: numbers }),
  unary('deg2rad', real, (x) => (x * Math.PI) / 180),
  unary('rad2deg', real, (x) => (x * 180) / Math.PI),
  unary('sinc', nonzero, (x) => Math.sin(Math.PI * x) / (Math.PI * x)),
  binary('atan2', [positive, real], Math.atan2, { dtypes: floats }),
  binary('hypot', [positive, real], Math.hypot, { dtypes: floats }),
  binary('logaddexp', [real, real], (a, b) => Math.log(Math.exp(a) + Math.exp(b)), { dtypes: floats }),
  binary('logaddexp2', [real, real], (a, b) => Math.log2(2 ** a + 2 ** b), { dtypes: floats }),
  binary('floatPower', [positive, real], (a, b) => a ** b, { dtypes: always('float64') }),
  row('ldexp', { oracle: zip((x, e) => x * 2 ** e), dtypes: floats }, [real(2, 3), real(3)], [real(), real(2)], [real(0), real(1)]),

  binary('fmod', [positive, positive], (a, b) => a % b, { dtypes: numbers }),
  binary('remainder', [positive, positive], special.remainder, { dtypes: numbers }),
  binary('floorDivide', [positive, positive], (a, b) => Math.floor(a / b), { dtypes: numbers }),
  binary('copysign', [nonzero, nonzero], special.copysign, { dtypes: floats }),
  binary('fmax', [real, real], Math.max, { dtypes: numbers }),
  binary('fmin', [real, real], Math.min, { dtypes: numbers }),
  binary('rsub', [real, real], (a, b) => b - a, { dtypes: numbers }),
  row('clamp', { oracle: (x: Nd, low: Nd | number | null = null, high: Nd | number | null = null) => zip((v, a, b) => Math.min(Math.max(v, a), b))(x, low ?? -Infinity, high ?? Infinity), dtypes: numbers },
    [real(2, 3), real(3), real(2, 1)], [real(2), real(), null], [real(0, 2), null, real(2)], [real(2, 2), null, real(2, 2)]),
  row('clampMin', { oracle: zip((x, a) => Math.max(x, a)), dtypes: numbers }, [real(2, 3), real(3)], [real(), real(2)]),
  row('clampMax', { oracle: zip((x, a) => Math.min(x, a)), dtypes: numbers }, [real(2, 3), real(3)], [real(), real(2)]),
  row('lerp', { oracle: zip((a, b, w) => a + w * (b - a)), dtypes: numbers }, [real(2, 3), real(3), real(2, 1)], [real(), real(2), real()], [real(0), real(0), real(1)]),
  row('addcmul', { oracle: (x: Nd, a: Nd, b: Nd, { value = 1 }: { value?: number } = {}) => zip((p, q, r) => p + value * q * r)(x, a, b), dtypes: numbers }, [real(2, 3), real(3), real(2, 1)], [real(2), real(2), real(2), { value: 3 }]),
  row('addcdiv', { oracle: (x: Nd, a: Nd, b: Nd, { value = 1 }: { value?: number } = {}) => zip((p, q, r) => p + (value * q) / r)(x, a, b), dtypes: floats }, [real(2, 3), real(3), nonzero(2, 1)], [real(2), real(2), nonzero(2), { value: 3 }]),
  unary('nanToNum', real, (x) => x, { dtypes: same }),
  unary('positive', real, (x) => x, { dtypes: numbers }),

  unary('isnan', real, () => 0, bools),
  unary('isinf', real, () => 0, bools),
  unary('isposinf', real, () => 0, bools),
  unary('isneginf', real, () => 0, bools),
  unary('isfinite', real, () => 1, bools),
  unary('isreal', real, () => 1, bools),
  unary('signbit', nonzero, (x) => Number(x < 0), bools),
  binary('logicalAnd', [real, real], truthy((a, b) => a && b), bools),
  binary('logicalOr', [real, real], truthy((a, b) => a || b), bools),
  binary('logicalXor', [real, real], truthy((a, b) => a !== b), bools),
  row('bitwiseNot', { ...ints }, [index(9, 2, 3)], [index(9)], [index(9, 0)]),
  row('bitwiseAnd', { oracle: zip((a, b) => a & b), ...ints }, [index(9, 2, 3), index(9, 3)], [index(9), index(9, 2)]),
  row('bitwiseOr', { oracle: zip((a, b) => a | b), ...ints }, [index(9, 2, 3), index(9, 3)], [index(9), index(9, 2)]),
  row('bitwiseXor', { oracle: zip((a, b) => a ^ b), ...ints }, [index(9, 2, 3), index(9, 3)], [index(9), index(9, 2)]),
  row('bitwiseLeftShift', { ...ints }, [index(9, 2, 3), index(9, 3)]),
  row('bitwiseRightShift', { ...ints }, [index(9, 2, 3), index(9, 3)]),
  row('gcd', { oracle: zip(special.gcd), ...ints }, [index(9, 2, 3), index(9, 3)], [index(9), index(9, 2)]),
  row('lcm', { oracle: zip((a, b) => a * b === 0 ? 0 : Math.abs(a * b) / special.gcd(a, b)), ...ints }, [index(9, 2, 3), index(9, 3)], [index(9), index(9, 2)]),
  binary('heaviside', [nonzero, real], (x) => Number(x > 0), { dtypes: same, ...noGradient }),
  row('maskedFill', { oracle: zip((x, m, v) => (m ? v : x)) }, [real(2, 3), truth(3), real()], [real(2), truth(3, 2), real()], [real(2, 3), truth(3), 1], [real(0), truth(1), real()]),
  row('isclose', { oracle: zip((a, b) => Number(a === b)), ...bools }, [real(2, 3), real(3)], [real(), real()], [real(0), real(0)]),

  unary('erfc', real, (x) => 1 - oracle.erf(x)),
  unary('erfinv', unit, special.erfinv),
  unary('lgamma', positive, logGamma),
  unary('digamma', positive, special.digamma),
  row('polygamma', { oracle: (n: number, x: Nd) => zip((v) => (n === 0 ? special.digamma(v) : n % 2 ? special.zeta(n + 1, v) * (n === 1 ? 1 : 6) : -2 * special.zeta(3, v)))(x), dtypes: floats },
    [0, positive(2, 3)], [1, positive(3)], [2, positive()], [3, positive(0)]),
  row('mvlgamma', { oracle: (x: Nd, p: number) => zip((v) => { let sum = (Math.log(Math.PI) * p * (p - 1)) / 4; for (let i = 0; i < p; i++) sum += logGamma(v - i / 2); return sum; })(x), dtypes: floats },
    [given([3], 2.5, 3, 4), 3], [given([], 1.5), 1]),
  unary('i0', real, (x) => special.i0e(x) * Math.exp(Math.abs(x))),
  row('logit', { oracle: (x: Nd, eps?: number | null) => zip((v) => { const z = eps ? Math.min(Math.max(v, eps), 1 - eps) : v; return Math.log(z / (1 - z)); })(x), dtypes: floats },
    [given([3], 0.2, 0.5, 0.9)], [given([3], 0.05, 0.5, 0.99), 0.1], [given([], 0.3), null]),
  binary('xlogy', [real, positive], (x, y) => x * Math.log(y), { dtypes: floats }),
  unary('special.entr', positive, (x) => -x * Math.log(x)),
  unary('special.erfcx', real, special.erfcx),
  unary('special.i0e', real, special.i0e),
  unary('special.i1e', nonzero, special.i1e),
  unary('special.i1', nonzero, (x) => special.i1e(x) * Math.exp(Math.abs(x))),
  unary('special.ndtr', real, ndtr),
  unary('special.logNdtr', real, (x) => Math.log(ndtr(x))),
  row('special.ndtri', { oracle: zip((x) => special.ndtri(x)), dtypes: floats }, [given([3], 0.2, 0.5, 0.9)], [given([], 0.3)]),
  binary('special.xlog1py', [real, positive], (x, y) => x * Math.log1p(y), { dtypes: floats }),
  row('special.zeta', { oracle: (s: number, q: Nd) => zip((v) => special.zeta(s, v))(q), dtypes: floats }, [2, positive(2, 3)], [3.5, positive()]),
]; // prettier-ignore
