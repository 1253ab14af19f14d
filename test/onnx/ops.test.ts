import { io, nn, noGrad, type Tensor } from '../../lib/index.js';
import { ROWS } from '../cases.js';
import { Call, type Row } from '../support/row.js';
import { compare, runOnnx, testOnnx } from './check.js';

// Every op of the table of ops in a model of its own: exported right, or refused.

/** Ops that ONNX has nothing for. */
const REFUSED = new Set([
  ...['bitwiseLeftShift', 'bitwiseRightShift', 'gcd', 'lcm'],
  ...['erfinv', 'lgamma', 'mvlgamma', 'digamma', 'polygamma', 'i0'],
  ...['i0e', 'i1', 'i1e', 'erfcx', 'logNdtr', 'ndtri', 'zeta'].map((name) => `special.${name}`),
  // The shape of the result, or what is computed, depends on values.
  ...['unique', 'uniqueConsecutive', 'nonzero', 'argwhere', 'maskedSelect', 'maskedScatter', 'bincount'],
  ...['quantile', 'nanquantile', 'cov', 'matrixExp', 'embeddingBag'],
  // Decompositions.
  ...[
    'cholesky',
    'choleskySolve',
    'choleskyInverse',
    'triangularSolve',
    'inverse',
    'lu',
    'luSolve',
    'luUnpack',
  ],
  ...['det', 'logdet', 'slogdet', 'qr', 'geqrf', 'orgqr', 'svd', 'pinverse'],
]);
const isRefused = ({ op }: Row): boolean => REFUSED.has(op) || op.startsWith('linalg.');

/** How many calls of each op are tried. */
const MOST = 3;

class Computed extends nn.Module<Tensor[], Tensor[]> {
  constructor(readonly fn: (...inputs: Tensor[]) => Tensor[]) {
    super();
  }

  forward(...inputs: Tensor[]): Tensor[] {
    return this.fn(...inputs);
  }
}

const hasElements = (tensors: readonly Tensor[]): boolean =>
  tensors.length > 0 && tensors.every(({ size }) => size > 0);

testOnnx('ops are exported right, or refused', async (t) => {
  const surprises: string[] = [];
  for (const row of ROWS) {
    let count = 0;
    for (const args of row.calls) {
      const call = new Call(row, args);
      const inputs = call.make('float32', 'contiguous');
      if (count === MOST || !hasElements(inputs) || call.resultDType('float32') === null) continue;
      const model = new Computed((...given) => call.run(given));
      const wanted = noGrad(() => model.forward(...inputs));
      if (!hasElements(wanted)) continue;
      let bytes: Uint8Array;
      try {
        bytes = await io.onnx.serialize(model, inputs, { dynamicBatch: false });
      } catch (error) {
        if (!isRefused(row)) surprises.push(`${call.title}: ${(error as Error).message}`);
        continue;
      }
      count++;
      const results = await runOnnx(bytes, inputs);
      wanted.forEach((y, i) => compare(t, call.title, y, results[i], 2e-4));
    }
  }
  t.deepEqual(surprises, []);
});
