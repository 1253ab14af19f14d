import test, { type ExecutionContext } from 'ava';
import { linalgKernels, type LinalgAddon } from '../lib/backend/native-linalg.js';
import {
  compile,
  grad,
  gradcheck,
  gradgradcheck,
  linalg,
  matmul,
  mul,
  noGrad,
  randn,
  sub,
  sum,
  tensor,
  transpose,
  type Tensor,
} from '../lib/index.js';
import { BACKENDS, onBackend } from './support/check.js';
import { tensor as operand } from './support/kernels/known.js';
import { read } from './support/kernels/trial.js';

// What the table of ops does not show: singular matrices, large ones, signs, recorded steps.

const f64 = { dtype: 'float64' } as const;
const T = (x: Tensor): Tensor => transpose(x, -2, -1);
const each = (title: string, check: (t: ExecutionContext) => void): void => {
  for (const backend of BACKENDS)
    test(`${title}, on ${backend}`, (t) => {
      onBackend(backend, () => {
        check(t);
      });
    });
};
const largest = (x: Tensor): number => Math.max(0, ...noGrad(() => x.abs()).toArray());
const rounded = (x: Tensor): number[] => Array.from(x.toArray(), (v) => Number(v.toFixed(9)) + 0);

each('the determinant of a singular matrix has derivatives, up to the second', (t) => {
  const ranks = [
    [[1, 2, 3], [2, 4, 6], [1, 1, 1]], // 2
    [[1, 2, 3], [2, 4, 6], [3, 6, 9]], // 1
    [[0, 0, 0], [0, 0, 0], [0, 0, 0]],
  ]; // prettier-ignore
  const cofactors = [
    [-2, 4, -2, 1, -2, 1, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 0, 0, 0],
  ];
  ranks.forEach((values, i) => {
    const A = tensor(values, { ...f64, requiresGrad: true });
    t.deepEqual(rounded(grad(linalg.det(A), A)[0]), cofactors[i]);
    t.true(gradcheck((x) => linalg.det(x), A));
    t.true(gradgradcheck((x) => linalg.det(x), A));
  });
  // Of two zeros on a diagonal, the derivative with respect to both.
  const A = tensor([[2, 0, 0], [0, 0, 0], [0, 0, 0]], { ...f64, requiresGrad: true }); // prettier-ignore
  const [first] = grad(linalg.det(A), A, { createGraph: true });
  t.deepEqual(rounded(grad(first.select(0, 1).select(0, 1), A)[0]), [0, 0, 0, 0, 0, 0, 0, 0, 2]);
});

each('large matrices', (t) => {
  for (const [dtype, tolerance] of [['float64', 1e-9], ['float32', 2e-2]] as const) {
    const A = randn([2, 90, 90], { dtype });
    const b = randn([90, 3], { dtype });
    t.true(largest(sub(matmul(A, linalg.solve(A, b)), b)) < tolerance * 10);
    const wide = A.narrow(1, 0, 40);
    const { U, S, Vh } = linalg.svd(wide, false);
    t.true(largest(sub(matmul(mul(U, S.unsqueeze(-2)), Vh), wide)) < tolerance);
    const { Q, R } = linalg.qr(A);
    t.true(largest(sub(matmul(Q, R), A)) < tolerance);
    const gram = matmul(A, T(A));
    const { eigenvalues: L, eigenvectors: V } = linalg.eigh(gram);
    t.true(largest(sub(matmul(mul(V, L.unsqueeze(-2)), T(V)), gram)) < tolerance * 100);
    const C = linalg.cholesky(gram.add(linalg.diagonal(gram).diagEmbed()));
    t.true(largest(sub(matmul(C, T(C)), gram.add(linalg.diagonal(gram).diagEmbed()))) < tolerance * 100);
  }
}); // prettier-ignore

each('the signs of R are those of LAPACK', (t) => {
  const { Q, R } = linalg.qr(tensor([[3, 1], [4, 2]], f64)); // prettier-ignore
  t.deepEqual(rounded(Q), [-0.6, -0.8, -0.8, 0.6]);
  t.deepEqual(rounded(R), [-5, -2.2, 0, 0.4]);
});

each('what is not finite stays so where there is no error', (t) => {
  const A = tensor([[1, NaN], [0, 1]], f64); // prettier-ignore
  t.true(linalg.inv(A).toArray().every(Number.isNaN));
  t.true(Number.isNaN(linalg.det(A).item()));
  const { inverse, info } = linalg.invEx(tensor([[[1, 1], [1, 1]], [[2, 0], [0, 4]]], f64)); // prettier-ignore
  t.deepEqual([...info.toArray()], [2, 0]);
  t.deepEqual([...inverse.select(0, 1).toArray()], [0.5, 0, 0, 0.25]);
  t.is(linalg.cond(tensor([[1, 1], [1, 1]], f64), 1).item(), Infinity); // prettier-ignore
  t.deepEqual([...linalg.choleskyEx(tensor([[1, 2], [2, 1]], f64)).info.toArray()], [2]); // prettier-ignore
});

each('a compiled step with decompositions', (t) => {
  const step = (A: Tensor): Tensor => {
    const L = linalg.cholesky(matmul(A, T(A)));
    const x = linalg.solve(A, sum(L, 1));
    return sum(linalg.svdvals(L)).add(linalg.slogdet(A).logabsdet).add(x.sum());
  };
  const compiled = compile(step);
  for (let i = 0; i < 4; i++) {
    const A = randn([3, 3], f64);
    t.deepEqual(compiled(A).toArray(), step(A).toArray());
  }
  const error = t.throws(() => compiled(tensor([[0, 0, 0], [0, 0, 0], [0, 0, 0]], f64)), { instanceOf: RangeError }); // prettier-ignore
  t.regex(
    error.message,
    /^\[(linalg\.)?cholesky\] (the matrix|matrix 0 of the batch) is .*not positive-definite/,
  );
});

test('an addon without LAPACK leaves linear algebra to the reference', (t) => {
  const kernels = linalgKernels(
    () => ({ hasLapack: false }) as LinalgAddon,
    () => [],
  );
  const [a, out] = [operand([1, 2, 2], [4, 0, 2, 5]), operand([1, 2, 2])];
  t.is(kernels.cholesky(a, out, null), -1);
  t.deepEqual(read(out), [2, 0, 1, 2]);
});
