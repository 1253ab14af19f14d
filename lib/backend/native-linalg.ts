import type { Backend, Operand } from './contract.js';
import type { Handle } from './native.js';
import { block, packContiguous } from './native-block.js';
import { reference } from './reference/index.js';

// Decompositions and solvers, which native/lapack.cc has where OpenBLAS came with LAPACK.

const NAMES = [
  'cholesky',
  'lu',
  'luSolve',
  'triangularSolve',
  'householder',
  'householderProduct',
  'svd',
  'eigh',
] as const;
type Name = (typeof NAMES)[number];
type LinalgKernels = Pick<Backend, Name>;

/** Their native surface: buffers in the order in which lapack.cc names them. */
export type LinalgAddon = { readonly hasLapack: boolean } & Readonly<
  Record<Name, (...buffers: Handle[]) => number | undefined>
>;

type Operands = readonly (Operand | null)[];

/**
 * The kernels, as calls of the addon.
 * @param addon the addon, asked for at every call
 * @param handles the buffers of those operands that are there
 */
export function linalgKernels(
  addon: () => LinalgAddon,
  handles: (...operands: Operands) => Handle[],
): LinalgKernels {
  /** Packs the sizes of `x` (B, m, n), options, and operands; then calls. */
  function run(
    name: Name,
    x: Operand,
    options: readonly (number | boolean)[],
    ...operands: Operands
  ): number {
    let at = 0;
    for (const size of x.shape) block[at++] = size;
    for (const option of options) block[at++] = Number(option);
    for (const operand of operands) if (operand !== null) at = packContiguous(at, operand);
    return addon()[name](...handles(...operands)) ?? -1;
  }
  const native: LinalgKernels = {
    cholesky: (a, out, info) => run('cholesky', a, [info !== null], a, out, info),
    lu: (a, out, pivots, info) => run('lu', a, [info !== null], a, out, pivots, info),
    luSolve: (lu, pivots, b, out, transposed) => run('luSolve', b, [transposed], lu, pivots, b, out),
    triangularSolve(a, b, out, { upper, transposed, unit }) {
      run('triangularSolve', b, [upper, transposed, unit], a, b, out);
    },
    householder(a, out, tau) {
      run('householder', a, [], a, out, tau);
    },
    householderProduct(a, tau, out) {
      run('householderProduct', a, [tau.shape[1]], a, tau, out);
    },
    svd(a, u, s, vh) {
      const [, m, n] = a.shape;
      const vectors = u === null || vh === null ? 0 : u.shape[2] === m && vh.shape[1] === n ? 2 : 1;
      return run('svd', a, [vectors], a, s, u, vh);
    },
    eigh: (a, values, vectors) => run('eigh', a, [vectors !== null], a, values, vectors),
  };
  const either = (name: Name): unknown => {
    type Kernel = (...args: unknown[]) => unknown;
    return (...args: unknown[]) => ((addon().hasLapack ? native : reference)[name] as Kernel)(...args);
  };
  return Object.fromEntries(NAMES.map((name) => [name, either(name)])) as unknown as LinalgKernels;
}
