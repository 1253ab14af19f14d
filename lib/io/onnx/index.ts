import { describe, rangeError, typeError } from '../../errors.js';
import { Module, type AnyModule } from '../../nn/module.js';
import { checkOptions } from '../../ops/primitive.js';
import { writeFileAtomic } from '../atomic.js';
import type { Example } from './inputs.js';

export type { Example } from './inputs.js';

const OP = 'onnx';

/** How a model is exported. */
export interface OnnxOptions {
  /** Names of the inputs, in order. Default `input`, or `input_0`, `input_1`, … */
  readonly inputNames?: readonly string[];
  /** Names of the results, in order. Default `output`, or `output_0`, `output_1`, … */
  readonly outputNames?: readonly string[];
  /**
   * Whether the model takes batches of any size: true, along the first dimension of each input; a number, along another
   * one; a list, for each input its dimension or null where it has none. Default true.
   */
  readonly dynamicBatch?: boolean | number | readonly (number | null)[];
  /** The version of ONNX's operations: 18 to 21. Default 18. */
  readonly opset?: number;
}

/** What protobuf can hold. */
const MAX_BYTES = 2 ** 31 - 1;

/**
 * Writes a model as an ONNX file, which onnxruntime and many others run. The model is run in evaluation mode with inputs as
 * `example`, and what it computes is written down: its modules, and whatever its `forward` does between them. It is left as it
 * was. The file is replaced as a whole, or left as it was.
 * ```ts
 * await io.onnx.saveFile(model, zeros([1, 1, 28, 28]), 'model.onnx');
 * ```
 * @param example a tensor, or a list of what `forward` takes: for shapes and dtypes; the numbers in it do not matter
 * @throws Error naming module and operation where ONNX has nothing for it, where values of tensors are read in `forward`, or
 *   where it computes something else for another size of the batch; RangeError above 2 GB
 * @see https://onnx.ai/onnx/intro/concepts.html
 */
export async function saveFile(
  model: AnyModule,
  example: Example,
  path: string,
  options: OnnxOptions = {},
): Promise<void> {
  await writeFileAtomic(path, [await serialize(model, example, options)]);
}

/** The bytes of the file that {@link saveFile} writes. */
export async function serialize(
  model: AnyModule,
  example: Example,
  options: OnnxOptions = {},
): Promise<Uint8Array> {
  if (!(model instanceof Module)) typeError(OP, `model: expected a module, got ${describe(model)}`);
  checkOptions(OP, options, ['inputNames', 'outputNames', 'dynamicBatch', 'opset']);
  const { inputNames, outputNames, dynamicBatch = true, opset = 18 } = options;
  checkNames('inputNames', inputNames);
  checkNames('outputNames', outputNames);
  if (!Number.isInteger(opset) || opset < 18 || opset > 21)
    rangeError(OP, `opset: expected 18 to 21, got ${describe(opset)}`);
  // A tenth of the library, which few need.
  const [{ exportGraph }, { modelMessage }] = await Promise.all([
    import('./export.js'),
    import('./proto.js'),
  ]);
  const graph = exportGraph(model, example, { inputNames, outputNames, dynamicBatch, opset });
  const message = modelMessage(graph, opset);
  if (message.length > MAX_BYTES)
    rangeError(OP, `the model takes ${message.length} bytes: a file of this format has ${MAX_BYTES} at most`);
  return message.finish();
}

function checkNames(option: string, names: unknown): void {
  if (names === undefined) return;
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string' && name !== ''))
    typeError(OP, `${option}: expected a list of strings, got ${describe(names)}`);
  if (new Set(names).size !== names.length)
    rangeError(OP, `${option}: expected names that differ, got ${names.join(', ')}`);
}
