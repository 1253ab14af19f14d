import type { TypedArray } from '../../dtype.js';
import type { DescentParams, DescentRule, Operand } from '../contract.js';

/** Moves element `i`: what the parameter `p` with the gradient `g` becomes. */
type Step = (i: number, p: number, g: number) => number;

/** The rules of the contract, each with its coefficients and states. */
const RULES: Record<DescentRule, (c: readonly number[], states: readonly TypedArray[]) => Step> = {
  adamax:
    (c, [m, u]) =>
    (i, p, g) => {
      m[i] += c[0] * (g - m[i]);
      u[i] = Math.max(c[1] * u[i], Math.abs(g) + c[2]);
      return p - (c[3] * m[i]) / u[i];
    },
  nadam:
    (c, [m, v]) =>
    (i, p, g) => {
      m[i] += c[0] * (g - m[i]);
      v[i] = c[1] * v[i] + c[2] * g * g;
      return p - (c[5] * g + c[6] * m[i]) / (Math.sqrt(c[3] * v[i]) + c[4]);
    },
  radam:
    (c, [m, v]) =>
    (i, p, g) => {
      m[i] += c[0] * (g - m[i]);
      v[i] = c[1] * v[i] + c[2] * g * g;
      return p - (c[5] === 0 ? c[4] * m[i] : (c[5] * m[i]) / (Math.sqrt(v[i]) + c[3]));
    },
  rmsprop:
    (c, [s, a, b]: readonly (TypedArray | null)[]) =>
    (i, p, g) => {
      const square = ((s as TypedArray)[i] = c[0] * (s as TypedArray)[i] + c[1] * g * g);
      const mean = a === null ? 0 : (a[i] += c[1] * (g - a[i]));
      const scaled = g / (Math.sqrt(square - mean * mean) + c[2]);
      return p - c[3] * (b === null ? scaled : (b[i] = c[4] * b[i] + scaled));
    },
  adagrad:
    (c, [s]) =>
    (i, p, g) => {
      s[i] += g * g;
      return p - (c[1] * g) / (Math.sqrt(s[i]) + c[0]);
    },
  adadelta:
    (c, [s, d]) =>
    (i, p, g) => {
      s[i] = c[0] * s[i] + c[1] * g * g;
      const change = g * (Math.sqrt(d[i] + c[2]) / Math.sqrt(s[i] + c[2]));
      d[i] = c[0] * d[i] + c[1] * change * change;
      return p - c[3] * change;
    },
  lion:
    (c, [m]) =>
    (i, p, g) => {
      const direction = Math.sign(c[0] * m[i] + (1 - c[0]) * g);
      m[i] = c[1] * m[i] + (1 - c[1]) * g;
      return p - c[2] * direction;
    },
  rprop:
    (c, [q, s]) =>
    (i, p, g) => {
      const turn = g * q[i];
      s[i] = Math.min(Math.max(s[i] * (turn < 0 ? c[0] : turn > 0 ? c[1] : 1), c[2]), c[3]);
      q[i] = turn < 0 ? 0 : g;
      return p - s[i] * Math.sign(q[i]);
    },
  asgd:
    (c, [a]) =>
    (i, p, g) => {
      const moved = c[0] * p - c[1] * g;
      a[i] = c[2] === 1 ? moved : a[i] + c[2] * (moved - a[i]);
      return moved;
    },
  average: (c) => (_, p, g) => (c[0] === 1 ? g : p + c[0] * (g - p)),
  lookahead:
    (c, [b]) =>
    (i, _, g) => {
      b[i] += c[0] * (g - b[i]);
      return c[1] === 1 ? b[i] : g + c[1] * (b[i] - g);
    },
};

export function descend(
  rule: DescentRule,
  param: Operand,
  grad: Operand,
  states: readonly (Operand | null)[],
  params: DescentParams,
): void {
  const { maximize, weightDecay, shrink, coefficients } = params;
  const [P, G] = [elements(param), elements(grad)];
  const step = RULES[rule](
    coefficients,
    // Only a rule that can do without a state is called without it.
    states.map((state) => (state === null ? null : elements(state)) as TypedArray),
  );
  const sign = maximize ? -1 : 1;
  for (let i = 0; i < P.length; i++) P[i] = step(i, (1 - shrink) * P[i], sign * G[i] + weightDecay * P[i]);
}

/** The elements of a contiguous operand. */
const elements = ({ storage, offset, size }: Operand): TypedArray =>
  storage.array.subarray(offset, offset + size);
