import { isFloat } from '../../lib/dtype.js';
import {
  add,
  diagonal,
  matmul,
  mul,
  narrow,
  sign,
  square,
  Tensor,
  transpose,
  tril,
  triu,
  unsqueeze,
} from '../../lib/index.js';
import type { SVD } from '../../lib/ops/linalg/svd.js';
import { distinct, nonzero, real, regular, whole } from '../support/inputs.js';
import {
  at,
  build,
  matmul as product,
  over,
  permuted,
  reshaped,
  total,
  zip,
  type Nd,
} from '../support/oracle.js';
import * as plain from '../support/oracle-linalg.js';
import { eachMatrix, eachNumber, eachNumbers, only, symmetric, turned } from '../support/oracle-linalg.js';
import { floatsOnly, row, type DTypeRule, type Op, type Row } from '../support/row.js';

const floats = { dtypes: floatsOnly };
const T = (x: Tensor): Tensor => transpose(x, -2, -1);

/** With another first argument, where it is a tensor of floats. */
const first =
  (change: (x: Tensor) => Tensor) =>
  (op: Op): Op =>
  (x, ...rest) =>
    op(x instanceof Tensor && isFloat(x.dtype) && x.ndim >= 2 ? change(x) : x, ...rest);
/** With another second argument. */
const second =
  (change: (x: Tensor) => Tensor) =>
  (op: Op): Op =>
  (a, x, ...rest) =>
    op(a, x instanceof Tensor && isFloat(x.dtype) ? change(x) : x, ...rest);
/** With the symmetric part of the first argument: one half is read, and the gradient goes to both. */
const ofSymmetric = first((x) => mul(add(x, T(x)), 0.5));
/** Some of the results. */
const giving =
  (change: (result: never) => unknown) =>
  (op: Op): Op =>
  (...args) =>
    change(op(...args) as never);

const upperOf = (x: Nd): Nd => only(x, (i, j) => i <= j);
const lowerOf = (x: Nd): Nd => only(x, (i, j) => i >= j);
const unit = (x: Nd): Nd => build(x.shape, (i) => (i.at(-2) === i.at(-1) ? 1 : at(x, i)));
const inverse = (x: Nd): Nd => eachMatrix(plain.inverse, x);
const squares = (x: Nd): Nd => zip((v) => v * v)(x);

const cholesky = (x: Nd, { upper: isUpper = false } = {}): Nd => {
  const L = eachMatrix(plain.cholesky, symmetric(x));
  return isUpper ? turned(L) : L;
};
const zerosOf = (shape: readonly number[]): Nd => build(shape, () => 0);
const solve = (A: Nd, B: Nd, { left = true } = {}): Nd => {
  const vector =
    B.shape.length === 1 ||
    (B.shape.length === A.shape.length - 1 && B.shape.every((n, i) => n === A.shape[i]));
  if (vector) {
    const X = solve(A, reshaped(B, [...B.shape, 1]));
    return reshaped(X, X.shape.slice(0, -1));
  }
  return left ? product(inverse(A), B) : product(B, inverse(A));
};
const triangle = (A: Nd, isUpper: boolean, isUnit: boolean): Nd => {
  const half = isUpper ? upperOf(A) : lowerOf(A);
  return isUnit ? unit(half) : half;
};
const triangular = (A: Nd, B: Nd, o: { upper: boolean; left?: boolean; unitriangular?: boolean }): Nd =>
  (o.left ?? true)
    ? product(inverse(triangle(A, o.upper, o.unitriangular ?? false)), B)
    : product(B, inverse(triangle(A, o.upper, o.unitriangular ?? false)));

const lu = (A: Nd): Nd => eachMatrix(plain.lu, A);
/** P·x with P·L·U = A: the exchanges, undone in reverse order. */
const unexchanged = (x: Nd, pivots: readonly number[]): Nd => {
  const order = Array.from({ length: x.shape.at(-2)! }, (_, i) => i);
  for (let i = pivots.length - 1; i >= 0; i--)
    [order[i], order[pivots[i] - 1]] = [order[pivots[i] - 1], order[i]];
  return build(x.shape, (i) => at(x, i.with(-2, order[i.at(-2)!])));
};

/** Q and R with a positive diagonal. */
const positive = ({ Q, R }: { Q: Tensor; R: Tensor }): Tensor[] => {
  const signs = sign(diagonal(R, 0, -2, -1)).detach();
  const k = signs.shape[signs.ndim - 1];
  return [mul(narrow(Q, -1, 0, k), unsqueeze(signs, -2)), mul(narrow(R, -2, 0, k), unsqueeze(signs, -1))];
};
const qr = (A: Nd): Nd[] => {
  const [m, n] = A.shape.slice(-2);
  if (Math.min(m, n) === 0) return [zerosOf([m, 0]), zerosOf([0, n])];
  const Q = eachMatrix(plain.orthogonal, A);
  return [Q, product(turned(Q), A)];
};

/** What is left of singular vectors when signs are free: squares, and products. */
const withoutSigns = ({ U, S, Vh }: SVD): Tensor[] => {
  const k = S.shape[S.ndim - 1];
  const [u, vh] = [narrow(U, -1, 0, k), narrow(Vh, -2, 0, k)];
  return [S, square(u), square(vh), matmul(mul(u, unsqueeze(S, -2)), vh)];
};
const svd = (A: Nd): Nd[] => {
  const [m, n] = A.shape.slice(-2);
  const k = Math.min(m, n);
  const S = eachNumbers(plain.singularValues, A, k);
  const vectors = (gram: Nd): Nd => {
    const all = eachMatrix((x) => plain.eigen(x).vectors, gram);
    return build(
      [...gram.shape.slice(0, -1), k],
      (i) => at(all, i.with(-1, gram.shape.at(-1)! - 1 - i.at(-1)!)) ** 2,
    );
  };
  return [S, vectors(product(A, turned(A))), turned(vectors(product(turned(A), A))), A];
};
const eigh = (x: Nd): Nd[] => {
  const A = symmetric(x);
  return [
    eachNumbers((m) => plain.eigen(m).values, A, A.shape.at(-1)!),
    squares(eachMatrix((m) => plain.eigen(m).vectors, A)),
  ];
};

const det = (A: Nd): Nd => eachNumber(plain.det, A);
const reflections = (A: Nd, tau: Nd): Nd => {
  const [m, n] = A.shape.slice(-2);
  const k = tau.shape.at(-1)!;
  return eachMatrix(
    (a, t) => {
      let Q = plain.eye(m);
      for (let j = 0; j < k; j++) {
        const v = a.map((r, i) => (i < j ? 0 : i === j ? 1 : r[j]));
        Q = Q.map((r) => {
          const dot = total(r.map((x, i) => x * v[i]));
          return r.map((x, i) => x - t[0][j] * dot * v[i]);
        });
      }
      return Q.map((r) => r.slice(0, n));
    },
    A,
    reshaped(tau, [...tau.shape.slice(0, -1), 1, k]),
  );
};
/** All of Q times a matrix. */
const reflected = (A: Nd, tau: Nd, other: Nd, left = true, isTransposed = false): Nd => {
  const m = A.shape.at(-2)!;
  const wide = build([...A.shape.slice(0, -1), m], (i) => (i.at(-1)! < A.shape.at(-1)! ? at(A, i) : 0));
  const Q = reflections(wide, tau);
  const factor = isTransposed ? turned(Q) : Q;
  return left ? product(factor, other) : product(other, factor);
};

const exponential = (A: Nd): Nd => {
  let [sum, term] = [eachMatrix((x) => plain.eye(x.length), A), eachMatrix((x) => plain.eye(x.length), A)];
  for (let k = 1; k < 60; k++) {
    term = zip((x) => x / k)(product(term, A));
    sum = zip((x, y) => x + y)(sum, term);
  }
  return sum;
};
const power = (A: Nd, n: number): Nd => {
  const factor = n < 0 ? inverse(A) : A;
  return Array.from({ length: Math.abs(n) }).reduce<Nd>(
    (y) => product(y, factor),
    eachMatrix((x) => plain.eye(x.length), A),
  );
};

const matrixNorm = (A: Nd, ord: string | number = 'fro'): Nd =>
  eachNumber((x) => {
    const columns = x[0].map((_, j) => total(x.map((r) => Math.abs(r[j]))));
    const sums = x.map((r) => total(r.map(Math.abs)));
    const s = plain.singularValues(x);
    if (ord === 'fro') return Math.sqrt(total(x.flat().map((v) => v * v)));
    if (ord === 'nuc') return total(s);
    if (Math.abs(Number(ord)) === 2) return ord === 2 ? s[0] : s.at(-1)!;
    const values = Math.abs(Number(ord)) === 1 ? columns : sums;
    return Number(ord) > 0 ? Math.max(...values) : Math.min(...values);
  }, A);
const condition = (A: Nd, p: string | number = 2): Nd =>
  Math.abs(Number(p)) === 2
    ? eachNumber((x) => {
        const s = plain.singularValues(x);
        return (s[0] / s.at(-1)!) ** (p === 2 ? 1 : -1);
      }, A)
    : zip((x, y) => x * y)(matrixNorm(A, p), matrixNorm(inverse(A), p));

const small: DTypeRule = (dtype) => (dtype === 'bool' || dtype === 'uint8' ? 'int32' : dtype);
const squaresOf = [[regular(3, 3)], [regular(2, 3, 3)], [regular(1, 1)], [regular(0, 0)], [regular(0, 2, 2)]];
const choleskyCalls = [...squaresOf, [regular(4, 4), { upper: true }]];
const choleskySolve = (B: Nd, L: Nd, isUpper = false): Nd => {
  const half = isUpper ? turned(upperOf(L)) : lowerOf(L);
  return solve(product(half, turned(half)), B);
};
const tallAndWide = [
  [regular(3, 3)],
  [regular(4, 2)],
  [regular(2, 4)],
  [regular(2, 3, 2)],
  [regular(0, 2)],
  [regular(3, 0)],
  [regular(0, 3, 2)],
];
const svdCalls = [
  [regular(3, 3), false],
  [regular(4, 3), { fullMatrices: false }],
  [regular(2, 3, 4), false],
  [regular(3, 4)],
  [regular(4, 3)],
  [regular(1, 1)],
  [regular(0, 2, 3), false],
  [regular(3, 0)],
  [regular(0, 2), false],
];

/** Decompositions, and what is made of them. */
export const DECOMPOSITIONS: readonly Row[] = [
  row('linalg.cholesky', { ...floats, oracle: cholesky, through: ofSymmetric }, ...choleskyCalls),
  row('cholesky', { ...floats, oracle: (x: Nd, isUpper = false) => cholesky(x, { upper: isUpper }), through: ofSymmetric }, ...squaresOf, [regular(3, 3), true]),
  row('linalg.choleskyEx', { ...floats, oracle: (x: Nd, o?: object) => [cholesky(x, o), zerosOf(x.shape.slice(0, -2))], through: ofSymmetric }, ...choleskyCalls),
  row('choleskySolve', { ...floats, oracle: choleskySolve, through: second((L) => tril(L)) }, [real(3, 2), regular(3, 3)], [real(2, 3, 1), regular(3, 3)], [real(2, 2), regular(3, 2, 2)], [real(0, 2), regular(0, 0)]),
  row('choleskyInverse', { ...floats, oracle: (L: Nd, isUpper = false) => choleskySolve(eachMatrix((x) => plain.eye(x.length), L), L, isUpper), through: (op) => (L, ...rest) => first((x) => (rest[0] === true ? triu(x) : tril(x)))(op)(L, ...rest) }, [regular(3, 3)], [regular(2, 2, 2), true], [regular(0, 0)]),
  row('linalg.inv', { ...floats, oracle: inverse }, ...squaresOf),
  row('inverse', { ...floats, oracle: inverse }, ...squaresOf),
  row('linalg.invEx', { ...floats, oracle: (x: Nd) => [inverse(x), zerosOf(x.shape.slice(0, -2))] }, ...squaresOf),
  row('linalg.solve', { ...floats, oracle: solve }, [regular(3, 3), real(3, 2)], [regular(3, 3), real(3)], [regular(2, 3, 3), real(2, 3)], [regular(2, 1, 2, 2), real(3, 2, 1)], [regular(3, 3), real(2, 3), { left: false }], [regular(0, 0), real(0, 2)], [regular(2, 2), real(2, 0)], [regular(0, 2, 2), real(2, 1)]),
  row('linalg.solveEx', { ...floats, oracle: (A: Nd, B: Nd, o?: object) => { const X = solve(A, B, o); return [X, zerosOf(X.shape.slice(0, -2))]; } }, [regular(3, 3), real(3, 2)], [regular(2, 2, 2), real(1, 2, 1)], [regular(3, 3), real(2, 3), { left: false }]),
  row('linalg.solveTriangular', { ...floats, oracle: triangular }, [regular(3, 3), real(3, 2), { upper: true }], [regular(3, 3), real(2, 3, 1), { upper: false }], [regular(3, 3), real(2, 3), { upper: true, left: false }], [regular(2, 2, 2), real(2, 2), { upper: false, left: false, unitriangular: true }], [regular(3, 3), real(3, 2), { upper: true, unitriangular: true }], [regular(0, 0), real(0, 2), { upper: true }]),
  row('triangularSolve', { ...floats, oracle: (B: Nd, A: Nd, isUpper = true, isTransposed = false, isUnit = false) => { const half = triangle(A, isUpper, isUnit); return [solve(isTransposed ? turned(half) : half, B), A]; } }, [real(3, 2), regular(3, 3)], [real(2, 3, 1), regular(3, 3), false], [real(3, 2), regular(3, 3), true, true], [real(3, 2), regular(3, 3), false, true, true]),
  row('linalg.luFactor', { ...floats, oracle: lu, through: giving(({ LU }: { LU: Tensor }) => LU) }, ...tallAndWide),
  row('lu', { ...floats, oracle: lu, through: giving(({ LU }: { LU: Tensor }) => LU) }, ...tallAndWide, [regular(3, 3), true, true]),
  row('linalg.luFactorEx', { ...floats, oracle: (x: Nd) => [lu(x), zerosOf(x.shape.slice(0, -2))], through: giving(({ LU, info }: { LU: Tensor; info: Tensor }) => [LU, info]) }, ...tallAndWide),
  row('linalg.lu', { ...floats, oracle: (x: Nd) => x, through: giving(({ P, L, U }: { P: Tensor; L: Tensor; U: Tensor }) => matmul(P, matmul(L, U))) }, [distinct(3, 3)], [distinct(4, 2)], [distinct(2, 4)], [distinct(2, 3, 2)], [distinct(0, 2)]),
  row('luUnpack', { ...floats, oracle: (LU: Nd) => { const [m, n] = LU.shape.slice(-2); const k = Math.min(m, n); return [unit(only(build([...LU.shape.slice(0, -1), k], (i) => at(LU, i)), (i, j) => i > j)), upperOf(build([...LU.shape.slice(0, -2), k, n], (i) => at(LU, i)))]; }, through: giving(({ L, U }: { L: Tensor; U: Tensor }) => [L, U]) }, [real(3, 3), whole([3], [2, 2, 3])], [real(2, 3), whole([2], [1, 2])], [real(4, 2), whole([2], [3, 2])]),
  row('linalg.luSolve', { ...floats, oracle: (LU: Nd, pivots: Nd, B: Nd, { left = true, adjoint = false }: { left?: boolean; adjoint?: boolean } = {}) => { const A = unexchanged(product(unit(lowerOf(LU)), upperOf(LU)), pivots.data); return solve(adjoint ? turned(A) : A, B, { left }); } }, [regular(3, 3), whole([3], [2, 3, 3]), real(3, 2)], [regular(3, 3), whole([3], [3, 2, 3]), real(2, 3, 1), { adjoint: true }], [regular(2, 2), whole([2], [2, 2]), real(3, 2), { left: false }], [regular(2, 2), whole([2], [2, 2]), real(3, 2), { left: false, adjoint: true }]),
  row('luSolve', { ...floats, oracle: (B: Nd, LU: Nd, pivots: Nd) => solve(unexchanged(product(unit(lowerOf(LU)), upperOf(LU)), pivots.data), B) }, [real(3, 2), regular(3, 3), whole([3], [2, 3, 3])]),
  row('linalg.det', { ...floats, oracle: det }, ...squaresOf, [real(4, 4)]),
  row('det', { ...floats, oracle: det }, ...squaresOf, [real(2, 3, 3)]),
  row('logdet', { ...floats, oracle: (x: Nd) => zip(Math.log)(det(x)) }, ...squaresOf),
  row('linalg.slogdet', { ...floats, oracle: (x: Nd) => [zip(Math.sign)(det(x)), zip((d) => Math.log(Math.abs(d)))(det(x))] }, ...squaresOf),
  row('slogdet', { ...floats, oracle: (x: Nd) => [zip(Math.sign)(det(x)), zip((d) => Math.log(Math.abs(d)))(det(x))] }, ...squaresOf),
  row('linalg.qr', { ...floats, oracle: qr, through: giving(positive) }, ...tallAndWide, [regular(2, 3), 'complete'], [regular(3, 3), { mode: 'complete' }]),
  row('qr', { ...floats, oracle: qr, through: giving(positive) }, ...tallAndWide, [regular(2, 3), false]),
  row('geqrf', { ...floats, gradient: 'none' }, ...tallAndWide),
  row('linalg.householderProduct', { ...floats, oracle: reflections }, [real(3, 3), real(3)], [real(4, 2), real(2)], [real(2, 3, 3), real(2, 2)], [real(3, 2), real(0)], [real(0, 0), real(0)]),
  row('orgqr', { ...floats, oracle: reflections }, [real(4, 3), real(3)]),
  row('ormqr', { ...floats, oracle: reflected }, [real(3, 2), real(2), real(3, 2)], [real(3, 2), real(2), real(2, 3), false], [real(2, 3, 3), real(2, 2), real(2, 3, 1), true, true], [real(2, 3), real(2), real(3, 2), false, true]),
  row('linalg.svd', { ...floats, oracle: svd, through: giving(withoutSigns) }, ...svdCalls),
  row('svd', { ...floats, oracle: svd, through: giving(({ U, S, V }: { U: Tensor; S: Tensor; V: Tensor }) => withoutSigns({ U, S, Vh: T(V) })) }, [regular(3, 3)], [regular(4, 3)], [regular(2, 3, 4)], [regular(3, 4), false]),
  row('linalg.svdvals', { ...floats, oracle: (x: Nd) => eachNumbers(plain.singularValues, x, Math.min(...x.shape.slice(-2))) }, ...tallAndWide),
  row('linalg.eigh', { ...floats, oracle: eigh, through: (op) => ofSymmetric(giving(({ eigenvalues, eigenvectors }: { eigenvalues: Tensor; eigenvectors: Tensor }) => [eigenvalues, square(eigenvectors)])(op)) }, ...squaresOf, [regular(3, 3), 'U']),
  row('linalg.eigvalsh', { ...floats, oracle: (x: Nd) => eigh(x)[0], through: ofSymmetric }, ...squaresOf, [regular(3, 3), { UPLO: 'U' }]),
  row('linalg.pinv', { ...floats, oracle: plain.pseudoinverse }, ...tallAndWide),
  row('pinverse', { ...floats, oracle: plain.pseudoinverse }, ...tallAndWide),
  row('linalg.lstsq', { ...floats, oracle: (A: Nd, B: Nd) => product(plain.pseudoinverse(A), B), through: giving(({ solution }: { solution: Tensor }) => solution) }, [regular(3, 3), real(3, 2)], [regular(4, 2), real(4, 2)], [regular(2, 3), real(3, 2, 2)], [regular(4, 2), real(4, 1), { driver: 'gelsd' }]),
  row('linalg.matrixRank', { dtypes: (dtype) => (isFloat(dtype) ? 'int32' : null), gradient: 'none', oracle: (A: Nd) => eachNumber(() => Math.min(...A.shape.slice(-2)), A) }, ...tallAndWide),
  row('linalg.matrixNorm', { ...floats, oracle: matrixNorm }, [distinct(3, 2)], [distinct(2, 3, 3), 'nuc'], [regular(3, 3), 2], [regular(2, 3), -2], [distinct(3, 4), 1], [distinct(3, 4), -1], [distinct(2, 3, 4), Infinity], [distinct(3, 4), -Infinity]),
  row('linalg.norm', { ...floats, oracle: (A: Nd, ord?: string | number | null, dim?: number | null) => ord === undefined || ord === null ? over((v) => Math.sqrt(total(v.map((x) => x * x))))(A, dim) : typeof dim === 'number' ? over((v) => total(v.map((x) => Math.abs(x) ** Number(ord))) ** (1 / Number(ord)))(A, dim) : matrixNorm(A, ord) }, [distinct(2, 3, 4)], [distinct(3), null], [distinct(2, 3), null, 1], [distinct(3, 2), 'nuc'], [nonzero(2, 3), 3, 1], [distinct(2, 3, 4), 'fro', [1, 2]]),
  row('linalg.cond', { ...floats, oracle: condition }, [regular(3, 3)], [regular(4, 2), -2], [regular(2, 3, 3), 'fro'], [regular(3, 3), 1], [regular(3, 3), -Infinity]),
  row('linalg.matrixPower', { ...floats, oracle: power }, [regular(3, 3), 3], [real(2, 2, 2), 0], [real(2, 2), 1], [regular(3, 3), -2], [regular(0, 0), 5]),
  row('matrixPower', { ...floats, oracle: power }, [regular(2, 2), 4]),
  row('linalg.matrixExp', { ...floats, oracle: exponential }, [real(3, 3)], [real(2, 2, 2)], [real(1, 1)], [real(0, 0)], [real(0, 2, 2)]),
  row('matrixExp', { ...floats, oracle: exponential }, [real(2, 2)]),
  row('linalg.multiDot', { ...floats, oracle: (list: Nd[]) => list.reduce((a, b) => product(a, b)) }, [[real(2, 3), real(3, 4)]], [[real(3), real(3, 2), real(2, 4), real(4)]], [[real(5, 2), real(2, 3), real(3)]]),
  row('linalg.vander', { dtypes: small, oracle: (x: Nd, { N = x.shape.at(-1)! }: { N?: number } = {}) => build([...(x.shape.length === 0 ? [1] : x.shape), N], (i) => at(x, i.slice(0, -1)) ** i.at(-1)!) }, [real(3)], [real(2, 3), { N: 4 }], [real(2, 2), { N: 2 }]),
  row('linalg.tensorinv', { ...floats, oracle: (x: Nd, ind: number) => { const n = Math.sqrt(x.data.length); return reshaped(inverse(reshaped(x, [n, n])), [...x.shape.slice(ind), ...x.shape.slice(0, ind)]); } }, [regular(4, 4), 1], [regular(4, 2, 2), 1]),
  row('linalg.tensorsolve', { ...floats, oracle: (A: Nd, B: Nd) => { const n = B.data.length; return reshaped(solve(reshaped(A, [n, n]), reshaped(B, [n])), A.shape.slice(B.shape.length)); } }, [regular(4, 4), real(4)]),
  row('linalg.vecdot', { dtypes: small, oracle: (x: Nd, y: Nd, { dim = -1 }: { dim?: number } = {}) => over(total)(zip((a, b) => a * b)(x, y), dim) }, [real(3), real(3)], [real(2, 3), real(3)], [real(2, 3), real(2, 1), { dim: 0 }], [real(2, 0), real(2, 0)]),
  row('linalg.diagonal', { oracle: (x: Nd, { offset = 0, dim1 = -2, dim2 = -1 }: { offset?: number; dim1?: number; dim2?: number } = {}) => { const dims = [dim1, dim2].map((d) => (d < 0 ? d + x.shape.length : d)); const rest = x.shape.map((_, d) => d).filter((d) => !dims.includes(d)); const y = permuted(x, [...rest, ...dims]); const [m, n] = y.shape.slice(-2); return build([...y.shape.slice(0, -2), Math.max(0, Math.min(m + Math.min(offset, 0), n - Math.max(offset, 0)))], (i) => at(y, [...i.slice(0, -1), i.at(-1)! + Math.max(0, -offset), i.at(-1)! + Math.max(0, offset)])); } }, [real(3, 3)], [real(2, 3, 4), { offset: 1 }], [real(3, 2), { offset: -1 }], [real(2, 3, 2), { dim1: 0, dim2: 2 }], [real(2, 2), { offset: 5 }]),
  row('linalg.matmul', { ...floats, oracle: product }, [real(2, 3), real(3, 2)], [real(3), real(2, 3, 1)]),
]; // prettier-ignore
