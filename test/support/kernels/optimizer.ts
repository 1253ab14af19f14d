import type { AdamParams, SgdParams } from '../../../lib/backend/contract.js';
import type { DType } from '../../../lib/dtype.js';
import { descentRows } from './descent.js';
import { operand, read, trial, type Row } from './trial.js';

const FLOATS: readonly DType[] = ['float32', 'float64'];

const adamRow = (dtype: DType): Row => ({
  title: `adam ${dtype}`,
  draw(random) {
    const shape = random.shape();
    const tame = (): number => random.uniform(-2, 2);
    const [param, grad, m] = [0, 1, 2].map(() => operand(random, dtype, shape, 'contiguous', tame));
    const v = operand(random, dtype, shape, 'contiguous', () => random.uniform(0, 2));
    const params: AdamParams = {
      lr: random.pick([0.003, 0.1, 0]),
      beta1: random.pick([0.9, 0, 0.5]),
      beta2: random.pick([0.999, 0, 0.9]),
      eps: random.pick([1e-8, 1e-3]),
      weightDecay: random.pick([0, 0, 0.01]),
      step: random.pick([1, 2, 1000]),
      maximize: random.chance(0.3),
      decoupled: random.chance(0.5),
    };
    const most = random.chance(0.3)
      ? operand(random, dtype, shape, 'contiguous', () => random.uniform(0, 3))
      : null;
    const { lr, beta1, beta2, eps, weightDecay, step, maximize, decoupled } = params;
    const [P, G, M, V] = [param, grad, m, v].map(read);
    const g = G.map((value, i) => (maximize ? -value : value) + (decoupled ? 0 : weightDecay * P[i]));
    const kept = P.map((p) => (decoupled ? p * (1 - lr * weightDecay) : p));
    const first = M.map((value, i) => value + (1 - beta1) * (g[i] - value));
    const second = V.map((value, i) => beta2 * value + (1 - beta2) * g[i] * g[i]);
    const before = most ? read(most) : null;
    const largest = before ? second.map((value, i) => Math.max(before[i], value)) : second;
    const change = first.map((value, i) => {
      const root = Math.sqrt(largest[i]) / Math.sqrt(1 - beta2 ** step);
      return ((lr / (1 - beta1 ** step)) * value) / (root + eps);
    });
    // Both moments are rounded relative to what they were made of, and the change inherits that.
    const terms = M.map((value, i) => Math.abs(value) + Math.abs(G[i]) + weightDecay * Math.abs(P[i]));
    const squares = V.map((value, i) => value + terms[i] ** 2);
    const amplified = change.map((value, i) =>
      value === 0 ? 0 : Math.abs(value) * (terms[i] / Math.abs(first[i]) + squares[i] / second[i]),
    );
    return trial({
      options: params,
      operands: { param, grad, m, v, most },
      run: (kernels, { param, grad, m, v, most }) => kernels.adam(param, grad, m, v, most, params),
      expected: {
        param: {
          values: kept.map((p, i) => p - change[i]),
          scale: P.map((p, i) => Math.abs(p) + amplified[i]),
        },
        m: { values: first, scale: terms },
        v: { values: second, scale: squares },
        most: most ? { values: largest, scale: squares } : undefined,
      },
    });
  },
});

const sgdRow = (dtype: DType, momentum: number): Row => ({
  title: `sgd ${dtype}, momentum ${momentum}`,
  draw(random) {
    const shape = random.shape();
    const tame = (): number => random.uniform(-2, 2);
    const [param, grad] = [0, 1].map(() => operand(random, dtype, shape, 'contiguous', tame));
    const buffer = momentum === 0 ? null : operand(random, dtype, shape, 'contiguous', tame);
    const nesterov = momentum !== 0 && random.chance(0.4);
    const params: SgdParams = {
      lr: random.pick([0.01, 1, 0]),
      momentum,
      dampening: nesterov ? 0 : random.pick([0, 0.3]),
      weightDecay: random.pick([0, 0, 0.1]),
      nesterov,
      maximize: random.chance(0.3),
      first: random.chance(0.3),
    };
    const [P, G] = [param, grad].map(read);
    const g = G.map((value, i) => (params.maximize ? -value : value) + params.weightDecay * P[i]);
    const before = buffer ? read(buffer) : [];
    const velocity = before.map((value, i) =>
      params.first ? g[i] : momentum * value + (1 - params.dampening) * g[i],
    );
    const change = g.map((value, i) =>
      !buffer ? value : nesterov ? value + momentum * velocity[i] : velocity[i],
    );
    const terms = P.map((p, i) => Math.abs(p) + Math.abs(G[i]) + Math.abs(before[i] ?? 0));
    return trial({
      options: params,
      operands: { param, grad, buffer },
      run: (kernels, { param, grad, buffer }) => kernels.sgd(param, grad, buffer, params),
      expected: {
        param: { values: P.map((p, i) => p - params.lr * change[i]), scale: terms },
        buffer: buffer ? { values: velocity, scale: terms } : undefined,
      },
    });
  },
});

export const optimizerRows = {
  adam: FLOATS.map(adamRow),
  descend: FLOATS.flatMap(descentRows),
  sgd: FLOATS.flatMap((dtype) => [sgdRow(dtype, 0), sgdRow(dtype, 0.9)]),
};
