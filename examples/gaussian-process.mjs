// The hyperparameters of a Gaussian process, by gradient ascent on its marginal likelihood. Run it with:
//   node examples/gaussian-process.mjs [--steps N]
// The data comes from a process with a known length scale, amplitude and noise; each must be found to within a third.
import { parseArgs } from 'node:util';
import { eye, linalg, linspace, manualSeed, noGrad, optim, randn, tensor } from 'mgp-node';

const [N, LENGTH, AMPLITUDE, NOISE] = [150, 0.7, 1.5, 0.2];
const { values } = parseArgs({ options: { steps: { type: 'string', default: '150' } } });
const steps = Number(values.steps);
const f64 = { dtype: 'float64' };

/** Covariances of the points `x` (N): a² · exp(-(x - x')² / 2l²), and noise where they are one and the same. */
function covariance(x, length, amplitude, noise) {
  const distance = x.unsqueeze(1).sub(x).div(length);
  return distance
    .square()
    .mul(-0.5)
    .exp()
    .mul(amplitude.square())
    .add(eye(x.size, f64).mul(noise.square().add(1e-8)));
}

/** The logarithm of the probability of `y` (Rasmussen and Williams 2006, algorithm 2.1). */
function logLikelihood(x, y, length, amplitude, noise) {
  const L = linalg.cholesky(covariance(x, length, amplitude, noise));
  const alpha = linalg.solveTriangular(L, y.unsqueeze(1), { upper: false });
  const logDet = L.diagonal().log().sum();
  return alpha
    .square()
    .sum()
    .mul(-0.5)
    .sub(logDet)
    .sub(0.5 * x.size * Math.log(2 * Math.PI));
}

manualSeed(3);
const x = linspace(0, 15, N, f64);
const truth = [LENGTH, AMPLITUDE, NOISE].map((value) => tensor(value, f64));
const y = noGrad(() => linalg.cholesky(covariance(x, ...truth)).mv(randn([N], f64)));

// Logarithms, for none of them may become negative.
const logs = [0, 0, 0].map((value) => tensor(value, { ...f64, requiresGrad: true }));
const optimizer = new optim.Adam(logs, { lr: 0.05 });
for (let i = 1; i <= steps; i++) {
  const loss = logLikelihood(x, y, ...logs.map((log) => log.exp())).neg();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  if (i % 25 === 0)
    console.log(
      `step ${i}: log-likelihood ${(-loss.item()).toFixed(2)}, ${logs.map((log) => Math.exp(log.item()).toFixed(3)).join(' ')}`,
    );
}

const found = logs.map((log) => Math.exp(log.item()));
['length scale', 'amplitude', 'noise'].forEach((name, i) =>
  console.log(`${name}: ${found[i].toFixed(3)}, in truth ${truth[i].item()}`),
);
const isNear = found.every((value, i) => Math.abs(value / truth[i].item() - 1) < 1 / 3);
process.exitCode = isNear || steps < 150 ? 0 : 1;
