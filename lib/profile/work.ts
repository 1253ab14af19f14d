import type { Backend, Operand } from '../backend/contract.js';
import { isOperand } from '../backend/watch.js';
import { itemSize } from '../dtype.js';

/** What one call of a kernel does. */
interface Work {
  /** Operations on numbers: 2 for each multiplication that is added to a sum. */
  readonly flops: number;
  /** Multiplications that are added to a sum, as matrix products, convolutions and attention are made of. */
  readonly macs: number;
  /** Read and written: the memory of every operand, once. */
  readonly bytes: number;
}

/** Operations for each element of one operand, by its place among the arguments. */
const PER_ELEMENT: Partial<Record<keyof Backend, readonly [at: number, flops: number]>> = {
  unary: [2, 1],
  binary: [3, 1],
  compare: [3, 1],
  where: [3, 1],
  reduce: [1, 1],
  scan: [1, 1],
  col2im: [0, 1],
  maxPool2dGrad: [0, 1],
  scatter: [4, 1],
  scatterSlices: [4, 1],
  // Maximum, difference, power, sum, quotient.
  softmax: [0, 5],
  crossEntropy: [0, 4],
  crossEntropyGrad: [0, 6],
  // Mean and variance (4), difference, scale, weight, bias.
  layerNorm: [0, 8],
  layerNormGrad: [0, 14],
  batchNormGrad: [0, 14],
  adam: [0, 12],
  descend: [1, 8],
  sgd: [0, 4],
};

/** The memory that an operand reaches: what is expanded lies there once. */
const bytesOf = ({ shape, strides, dtype }: Operand): number =>
  shape.reduce((bytes, size, i) => (strides[i] === 0 && size > 0 ? bytes : bytes * size), itemSize(dtype));

/** What a call of a kernel does, from its arguments. Decompositions and random numbers count as no operations. */
export function workOf(kernel: string, args: readonly unknown[]): Work {
  let bytes = 0;
  for (const value of args.flat()) if (isOperand(value)) bytes += bytesOf(value);
  const macs = macsOf(kernel, args as readonly Operand[]);
  return { macs, bytes, flops: 2 * macs + restOf(kernel, args as readonly Operand[]) };
}

function macsOf(kernel: string, args: readonly Operand[]): number {
  const [a, b, c, d] = args;
  switch (kernel) {
    case 'matmul':
      return d.size * a.shape[a.shape.length - 1];
    case 'conv2d':
      return d.size * perOutput(b);
    case 'conv2dInput':
      return a.size * perOutput(b);
    case 'conv2dWeight':
      return b.size * perOutput(c);
    case 'attention':
      return scores(a, b) * (a.shape[3] + c.shape[3]);
    case 'attentionGrad':
      // The scores again, and the gradients of q and k; those of v and of the probabilities.
      return scores(a, b) * (3 * a.shape[3] + 2 * c.shape[3]);
    default:
      return 0;
  }
}

/** What is done besides. */
function restOf(kernel: string, args: readonly Operand[]): number {
  const [a, b, c, d] = args as readonly (Operand | null)[];
  if (kernel === 'matmul' || kernel === 'conv2d') return c === null ? 0 : (d?.size ?? 0);
  if (kernel === 'attention' || kernel === 'attentionGrad')
    return 5 * scores(args[0], args[1]) + (d === null ? 0 : scores(args[0], args[1]));
  if (kernel === 'batchNorm')
    return (a?.size ?? 0) * ((args[6] as unknown as { training: boolean }).training ? 8 : 4);
  if (kernel === 'maxPool2d') {
    const [height, width] = (args[3] as unknown as { kernel: readonly number[] }).kernel;
    return (b?.size ?? 0) * height * width;
  }
  const rule = PER_ELEMENT[kernel as keyof Backend];
  return rule === undefined ? 0 : args[rule[0]].size * rule[1];
}

const perOutput = ({ size, shape }: Operand): number => (shape[0] === 0 ? 0 : size / shape[0]);

const scores = (q: Operand, k: Operand): number => q.shape[0] * q.shape[1] * q.shape[2] * k.shape[2];
