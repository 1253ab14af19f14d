import type { Storage } from '../storage.js';
import { BINARY, UNARY } from './contract.js';
import { WINDOW_LENGTH } from './native-block.js';
import { kernelName } from './native.js';
import type { Call } from './plan.js';

// Two calls of a recording that can be one: what the second would do to the result of the first, the first does before
// it writes it. The same arithmetic, so the same bits; what is saved is a walk through memory.

/** Numbers of an operand with four dimensions (dtype, offset, strides), and of one that is contiguous (dtype, offset). */
const IMAGES = 6;
const CONTIGUOUS = 2;

/** Where in the block of a convolution it says whether relu, or its gradient, follows; see native/conv.cc. */
const RELU_FLAG = 4 + WINDOW_LENGTH + 1;
const GATE_FLAG = 4 + WINDOW_LENGTH;

const RELU = UNARY.indexOf('relu');
const RELU_GRAD = BINARY.indexOf('reluGrad');

/** Kernels that write to nothing but their last operand. */
const WRITES_LAST = new Set([
  'unary',
  'binary',
  'copy',
  'reduce',
  'matmul',
  'conv2d',
  'conv2dInput',
  'conv2dWeight',
]);

/**
 * Makes one call of a convolution and the relu of its result, and of the gradient of one and that of the relu before it.
 * @param mayFuse whether a call may become part of another
 * @param isTemporary whether a storage is nobody's once the calls are done
 * @returns the calls, with null for those that are part of an earlier one
 */
export function fuse(
  calls: readonly Call[],
  mayFuse: (call: Call) => boolean,
  isTemporary: (storage: Storage) => boolean,
): (Call | null)[] {
  const fused: (Call | null)[] = [...calls];
  const users = new Map<Storage, number[]>();
  calls.forEach(({ operands }, i) => {
    for (const storage of new Set(operands)) {
      const list = users.get(storage);
      if (list === undefined) users.set(storage, [i]);
      else list.push(i);
    }
  });
  calls.forEach((second, next) => {
    const passed = second.operands[0];
    const [at, to, ...others] = users.get(passed) ?? [];
    if (to !== next || others.length > 0 || !isTemporary(passed) || !mayFuse(second)) return;
    const first = calls[at];
    if (lastOf(first.operands) !== passed || !mayFuse(first)) return;
    // The second is done earlier than it was: what it reads is there already, and what it makes is new.
    const read = second.operands.slice(1, -1);
    const isThere = read.every((storage) => (users.get(storage) as number[])[0] < at);
    const isChanged = calls.slice(at, next).some((call) => read.some((storage) => mayWrite(call, storage)));
    const isNew = users.get(lastOf(second.operands))?.[0] === next;
    if (!isThere || isChanged || !isNew) return;
    const one = withRelu(first, second) ?? withReluGrad(first, second);
    if (one === null) return;
    fused[at] = one;
    fused[next] = null;
  });
  return fused;
}

const lastOf = (operands: readonly Storage[]): Storage => operands[operands.length - 1];

const mayWrite = ({ entry, operands }: Call, storage: Storage): boolean =>
  WRITES_LAST.has(kernelName(entry)) ? lastOf(operands) === storage : operands.includes(storage);

/** conv2d, then relu. */
function withRelu(first: Call, second: Call): Call | null {
  const { entry, block, operands } = first;
  if (kernelName(entry) !== 'conv2d' || kernelName(second.entry) !== 'unary' || second.block[0] !== RELU)
    return null;
  const inputs = operands.slice(0, -1);
  const at = RELU_FLAG + 1 + IMAGES + CONTIGUOUS * (inputs.length - 1);
  const out = block.subarray(at, at + IMAGES);
  if (!isElementwise(second, [block[0], block[2], block[6], block[7]], out)) return null;
  return { entry, block: block.with(RELU_FLAG, 1), operands: [...inputs, second.operands[1]] };
}

/** The gradient of conv2d for its input, then that of relu for its own: 0 where relu gave 0. */
function withReluGrad(first: Call, second: Call): Call | null {
  const { entry, block, operands } = first;
  const isPair = kernelName(entry) === 'conv2dInput' && kernelName(second.entry) === 'binary';
  if (!isPair || second.block[0] !== RELU_GRAD) return null;
  const end = GATE_FLAG + 1 + 2 * IMAGES + CONTIGUOUS;
  const out = block.slice(end - IMAGES, end);
  if (!isElementwise(second, [block[0], block[1], block[4], block[5]], out)) return null;
  const [, gate, result] = second.operands;
  return {
    entry,
    block: Float64Array.from([...block.subarray(0, end), ...out]).with(GATE_FLAG, 1),
    operands: [operands[0], operands[1], result, gate],
  };
}

/** Whether a pointwise call works on this shape and all of its operands are laid out so. */
function isElementwise({ block, operands }: Call, shape: readonly number[], layout: Float64Array): boolean {
  const expected = [shape.length, ...shape, ...operands.flatMap(() => [...layout])];
  return expected.every((value, i) => block[1 + i] === value);
}
