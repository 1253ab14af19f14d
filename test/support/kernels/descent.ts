import { DESCENT, type DescentParams, type DescentRule } from '../../../lib/backend/contract.js';
import type { DType } from '../../../lib/dtype.js';
import { operand, read, trial, type Row } from './trial.js';

/** A column of numbers, combined element by element. */
type Column = readonly number[];
const map = (fn: (...values: number[]) => number, ...columns: Column[]): number[] =>
  columns[0].map((_, i) => fn(...columns.map((column) => column[i])));

interface Oracle {
  /** How many states there are, how many of them may be missing, and whether they are squares. */
  readonly states: number;
  readonly optional?: number;
  readonly coefficients: readonly number[];
  /** The parameter and the states after the step. p is what weight decay has left, g has it added. */
  readonly after: (p: Column, g: Column, states: readonly (Column | null)[], c: Column) => (Column | null)[];
}

const moved = (from: Column, to: Column, rate: number): number[] =>
  map((x, y) => (1 - rate) * x + rate * y, from, to);
const squares = (v: Column, g: Column, keep: number, rate: number): number[] =>
  map((x, y) => keep * x + rate * y ** 2, v, g);

const ORACLES: Record<DescentRule, Oracle> = {
  adamax: {
    states: 2,
    coefficients: [0.1, 0.99, 1e-3, 0.02],
    after: (p, g, [m, u], c) => {
      const first = moved(m!, g, c[0]);
      const norm = map((x, y) => Math.max(c[1] * x, Math.abs(y) + c[2]), u!, g);
      return [map((x, y, z) => x - (c[3] * y) / z, p, first, norm), first, norm];
    },
  },
  nadam: {
    states: 2,
    coefficients: [0.1, 0.99, 0.01, 3, 1e-3, 0.02, 0.3],
    after: (p, g, [m, v], c) => {
      const [first, second] = [moved(m!, g, c[0]), squares(v!, g, c[1], c[2])];
      const step = map((x, y, z) => (c[5] * x + c[6] * y) / (Math.sqrt(z * c[3]) + c[4]), g, first, second);
      return [map((x, y) => x - y, p, step), first, second];
    },
  },
  radam: {
    states: 2,
    coefficients: [0.1, 0.99, 0.01, 1e-3, 0.05, 0.02],
    after: (p, g, [m, v], c) => {
      const [first, second] = [moved(m!, g, c[0]), squares(v!, g, c[1], c[2])];
      const rectified = map((x, y, z) => x - (c[5] * y) / (Math.sqrt(z) + c[3]), p, first, second);
      return [c[5] === 0 ? map((x, y) => x - c[4] * y, p, first) : rectified, first, second];
    },
  },
  rmsprop: {
    states: 3,
    optional: 2,
    coefficients: [0.9, 0.1, 1e-3, 0.02, 0.7],
    after: (p, g, [s, a, b], c) => {
      const square = squares(s!, g, c[0], c[1]);
      const average = a && moved(a, g, c[1]);
      const spread = average ? map((x, y) => x - y ** 2, square, average) : square;
      const scaled = map((x, y) => x / (Math.sqrt(y) + c[2]), g, spread);
      const buffer = b && map((x, y) => c[4] * x + y, b, scaled);
      return [map((x, y) => x - c[3] * y, p, buffer ?? scaled), square, average, buffer];
    },
  },
  adagrad: {
    states: 1,
    coefficients: [1e-3, 0.02],
    after: (p, g, [s], c) => {
      const sum = squares(s!, g, 1, 1);
      return [map((x, y, z) => x - (c[1] * y) / (Math.sqrt(z) + c[0]), p, g, sum), sum];
    },
  },
  adadelta: {
    states: 2,
    coefficients: [0.9, 0.1, 1e-3, 0.5],
    after: (p, g, [s, d], c) => {
      const square = squares(s!, g, c[0], c[1]);
      const step = map((x, y, z) => x * Math.sqrt((z + c[2]) / (y + c[2])), g, square, d!);
      return [map((x, y) => x - c[3] * y, p, step), square, squares(d!, step, c[0], c[1])];
    },
  },
  lion: {
    states: 1,
    coefficients: [0.75, 0.9, 0.02],
    after: (p, g, [m], c) => [
      map((x, y, z) => x - c[2] * Math.sign(c[0] * y + (1 - c[0]) * z), p, m!, g),
      moved(m!, g, 1 - c[1]),
    ],
  },
  rprop: {
    states: 2,
    coefficients: [0.5, 1.2, 0.6, 2.2],
    after: (p, g, [q, s], c) => {
      const turn = map((x, y) => Math.sign(x * y), g, q!);
      const size = map(
        (x, y) => Math.min(c[3], Math.max(c[2], x * (y < 0 ? c[0] : y > 0 ? c[1] : 1))),
        s!,
        turn,
      );
      const kept = map((x, y) => (y < 0 ? 0 : x), g, turn);
      return [map((x, y, z) => x - y * Math.sign(z), p, size, kept), kept, size];
    },
  },
  asgd: {
    states: 1,
    coefficients: [0.99, 0.02, 0.3],
    after: (p, g, [a], c) => {
      const next = map((x, y) => c[0] * x - c[1] * y, p, g);
      return [next, moved(a!, next, c[2])];
    },
  },
  average: { states: 0, coefficients: [0.3], after: (p, g, _, c) => [moved(p, g, c[0])] },
  lookahead: {
    states: 1,
    coefficients: [0.3, 0.6],
    after: (_, g, [b], c) => {
      const buffer = moved(b!, g, c[0]);
      return [moved(g, buffer, c[1]), buffer];
    },
  },
};

const row =
  (dtype: DType) =>
  (rule: DescentRule): Row => ({
    title: `descend by ${rule}, ${dtype}`,
    draw(random) {
      const shape = random.shape();
      const tame = (): number => random.uniform(-2, 2);
      // Squares, and sizes of steps, far enough from 0 for a quotient to be as exact as its terms.
      const positive = (): number => random.uniform(1, 2);
      const [param, grad] = [0, 1].map(() => operand(random, dtype, shape, 'contiguous', tame));
      const { states: count, optional = 0, coefficients, after } = ORACLES[rule];
      const isPositive = (i: number): boolean =>
        ['rmsprop', 'adagrad', 'adadelta'].includes(rule) ? i === 0 || rule === 'adadelta' : i === 1;
      const states = Array.from({ length: count }, (_, i) => {
        if (i >= count - optional && random.chance(0.5)) return null;
        // So small a mean that a variance stays one.
        const small = (): number => random.uniform(-0.3, 0.3);
        return operand(
          random,
          dtype,
          shape,
          'contiguous',
          isPositive(i) ? positive : rule === 'rmsprop' && i === 1 ? small : tame,
        );
      });
      const [p, q, r] = [...states, null, null, null];
      const c = coefficients.map((value, i) => {
        const last = i === coefficients.length - 1;
        // Where a rule distinguishes them: 0 for radam, 1 for averages.
        if (last && rule === 'radam') return random.pick([value, 0]);
        return last && ['asgd', 'average', 'lookahead'].includes(rule) ? random.pick([value, 1]) : value;
      });
      const params: DescentParams = {
        maximize: random.chance(0.3),
        weightDecay: random.pick([0, 0, 0.1]),
        shrink: random.pick([0, 0, 0.05]),
        coefficients: c,
      };
      const [P, G] = [param, grad].map(read);
      const g = map((x, y) => (params.maximize ? -x : x) + params.weightDecay * y, G, P);
      const kept = P.map((x) => x * (1 - params.shrink));
      const [next, ...others] = after(
        kept,
        g,
        states.map((state) => state && read(state)),
        c,
      );
      // The terms are at most 5, and the quotients no larger than 10.
      const scale = P.map(() => 10);
      const expectation = (i: number): { values: Column; scale: Column } | undefined => {
        const values = others[i];
        return values ? { values, scale } : undefined;
      };
      return trial({
        options: params,
        operands: { param, grad, p, q, r },
        run: (kernels, { param, grad, p, q, r }) =>
          kernels.descend(rule, param, grad, [p, q, r].slice(0, count), params),
        expected: {
          param: { values: next as Column, scale },
          p: expectation(0),
          q: expectation(1),
          r: expectation(2),
        },
      });
    },
  });

/** A row for each rule of `descend`. */
export const descentRows = (dtype: DType): Row[] => DESCENT.map(row(dtype));
