import { describe, rangeError, typeError } from '../../errors.js';
import { noGrad } from '../../grad-mode.js';
import { formatShape } from '../../shape.js';
import { tensor } from '../../ops/create.js';
import { indexSelect } from '../../ops/indexing-slices.js';
import { Tensor } from '../../tensor.js';
import { tensorsIn } from '../../tensors-in.js';
import { BATCHES } from './sizes.js';

const OP = 'onnx';

/** What `forward` takes: a tensor, or a list of tensors, of lists of them, and of plain values. */
export type Example = Tensor | readonly unknown[];

/** Inputs for a run of the model. */
export interface Run {
  /** What `forward` is called with. */
  readonly args: readonly unknown[];
  /** The tensors in it. */
  readonly tensors: readonly Tensor[];
}

export interface Inputs {
  /** Two runs that differ in the size of the batch; one for batches of the example's size. */
  readonly runs: readonly [Run] | readonly [Run, Run];
  /** The dimension of the batch for each tensor. */
  readonly dims: readonly (number | null)[];
}

/** Reads the example. @param dynamicBatch see `OnnxOptions` */
export function readInputs(example: unknown, dynamicBatch: unknown): Inputs {
  const args: readonly unknown[] =
    example instanceof Tensor ? [example] : Array.isArray(example) ? example : [];
  const tensors = tensorsIn(args);
  if (tensors.length === 0)
    typeError(OP, `example: expected a tensor or a list with tensors, got ${describe(example)}`);
  const dims = readDims(dynamicBatch, tensors);
  const sizes = dims.flatMap((dim, i) => (dim === null ? [] : [tensors[i].shape[dim]]));
  if (sizes.some((size) => size !== sizes[0]))
    rangeError(
      OP,
      `example: expected the same batch size in all inputs, got ${sizes.join(', ')}; say which dimension of each is the batch: dynamicBatch: [0, null, …]`,
    );
  if (sizes[0] === 0) rangeError(OP, 'example: expected at least one element in the batch');
  if (sizes.length === 0) return { runs: [runOf(args, (x) => x.detach())], dims };
  const [a, b] = BATCHES.map((size) => runOf(args, (x, i) => repeated(x, dims[i], size)));
  return { runs: [a, b], dims };
}

function readDims(dynamicBatch: unknown, tensors: readonly Tensor[]): (number | null)[] {
  const list: readonly unknown[] = Array.isArray(dynamicBatch)
    ? dynamicBatch
    : tensors.map(() => (dynamicBatch === true ? 0 : dynamicBatch === false ? null : dynamicBatch));
  if (list.length !== tensors.length)
    rangeError(
      OP,
      `dynamicBatch: expected a dimension for each of ${tensors.length} inputs, got ${list.length}`,
    );
  return list.map((dim, i) => {
    if (dim === null) return null;
    if (typeof dim !== 'number' || !Number.isInteger(dim))
      return typeError(
        OP,
        `dynamicBatch: expected true, false, or the dimension of the batch, got ${describe(dim)}`,
      );
    const { ndim, shape } = tensors[i];
    if (dim < -ndim || dim >= ndim)
      rangeError(OP, `dynamicBatch: input ${i} of shape ${formatShape(shape)} has no dimension ${dim}`);
    return dim < 0 ? dim + ndim : dim;
  });
}

/** The example with other tensors in place of its own, each in memory of its own. */
function runOf(args: readonly unknown[], change: (x: Tensor, i: number) => Tensor): Run {
  const tensors: Tensor[] = [];
  const walk = (value: unknown): unknown => {
    if (value instanceof Tensor) {
      tensors.push(noGrad(() => change(value, tensors.length).clone()));
      return tensors.at(-1);
    }
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype)
      return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, walk(item)]));
    return value;
  };
  return { args: args.map(walk), tensors };
}

/** A tensor with `size` elements along a dimension, which are those that are there, again and again. */
function repeated(x: Tensor, dim: number | null, size: number): Tensor {
  if (dim === null) return x.detach();
  const from = Int32Array.from({ length: size }, (_, i) => i % x.shape[dim]);
  return noGrad(() => indexSelect(x.detach(), dim, tensor(from)));
}
