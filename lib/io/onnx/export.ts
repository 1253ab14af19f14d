import { describe, rangeError, typeError } from '../../errors.js';
import type { AnyModule } from '../../nn/module.js';
import { formatShape } from '../../shape.js';
import type { Tensor } from '../../tensor.js';
import { tensorsIn } from '../../tensors-in.js';
import type { Trace } from '../../trace.js';
import { Builder, type Value } from './builder.js';
import { readInputs, type Example } from './inputs.js';
import { KERNELS } from './kernels/index.js';
import { Memory } from './memory.js';
import { mergeCalls, mergeSeen, type Step, type View } from './merge.js';
import { isWhole, writeModule } from './modules/index.js';
import type { Graph, GraphNode, ValueInfo } from './proto.js';
import { traceModel } from './run.js';
import { BATCHES } from './sizes.js';

const OP = 'onnx';

interface Settings {
  readonly inputNames: readonly string[] | undefined;
  readonly outputNames: readonly string[] | undefined;
  readonly dynamicBatch: unknown;
  readonly opset: number;
}

/** What a model computes, as a graph. */
export function exportGraph(model: AnyModule, example: Example, settings: Settings): Graph {
  const { runs, dims } = readInputs(example, settings.dynamicBatch);
  const states = statesOf(model);
  const traces = runs.map((run) => traceModel(model, run, states, isWhole));
  const [a, b] = [traces[0], traces.at(-1) as Trace<unknown>];
  const [resultA, resultB] = [resultsOf(a), resultsOf(b)];
  if (resultA.length !== resultB.length)
    rangeError(
      OP,
      `the model gave ${resultA.length} tensors for a batch of ${BATCHES[0]}, and ${resultB.length} for one of ${BATCHES[1]}: export with dynamicBatch: false`,
    );
  const nowhere = { path: '', name: model.constructor.name };
  const inputs = a.inputs.map((seen, i) => mergeSeen(seen, b.inputs[i], nowhere, 'input'));
  const outputs = resultA.map((x, i) => mergeSeen(a.see(x), b.see(resultB[i]), nowhere, 'output'));
  const inputNames = namesFor('input', inputs.length, settings.inputNames);
  const outputNames = namesFor('output', outputs.length, settings.outputNames);
  for (const name of [...inputNames, ...outputNames])
    if (states.has(name))
      rangeError(OP, `${describe(name)} is the name of a parameter or buffer: choose another one`);
  const clash = outputNames.find((name) => inputNames.includes(name));
  if (clash !== undefined) rangeError(OP, `${describe(clash)} is the name of an input and of an output`);

  const builder = new Builder(settings.opset);
  const memory = new Memory(builder, states);
  inputs.forEach((view, i) => {
    memory.write(view, { name: inputNames[i], dtype: view.dtype, shape: view.shape });
  });
  const first = dims.findIndex((dim) => dim !== null);
  if (first >= 0) builder.batch = { input: inputNames[first], dim: dims[first] as number };
  for (const step of mergeCalls(a.calls, b.calls)) writeStep(builder, memory, step);
  builder.place = nowhere;
  builder.doing = 'output';
  const values = outputs.map((view) => memory.read(view));
  return finish(builder, model.constructor.name, {
    inputs: inputs.map((view, i) => infoOf(inputNames[i], view)),
    outputs: outputs.map((view, i) => infoOf(outputNames[i], view)),
    values,
  });
}

const infoOf = (name: string, { dtype, shape }: View): ValueInfo => ({ name, dtype: dtype, shape });

function writeStep(builder: Builder, memory: Memory, { op, args, backgrounds, place }: Step): void {
  builder.place = place;
  builder.doing = op;
  for (const [number, background] of backgrounds) memory.addBackground(number, background);
  if (op === 'module') {
    writeModule({ builder, memory }, args);
    return;
  }
  const kernel = KERNELS[op];
  if (kernel === undefined) builder.fail('ONNX has no such operation');
  kernel({ builder, memory }, ...(args as never[]));
}

/** Parameters and buffers by name, each once; not those that are different views of the same memory. */
function statesOf(model: AnyModule): Map<string, Tensor> {
  const named = [...model.namedParameters(), ...model.namedBuffers()];
  const layoutOf = ({ shape, strides, offset }: Tensor): string => [shape, strides, offset].join('; ');
  const layouts = new Map<unknown, Set<string>>();
  for (const [, x] of named) layouts.set(x.storage, (layouts.get(x.storage) ?? new Set()).add(layoutOf(x)));
  const states = new Map<string, Tensor>();
  const written = new Set<unknown>();
  for (const [name, x] of named) {
    if (written.has(x.storage) || layouts.get(x.storage)?.size !== 1) continue;
    written.add(x.storage);
    states.set(name, x);
  }
  return states;
}

/** The tensors that a model gave. */
function resultsOf({ result }: Trace<unknown>): Tensor[] {
  const tensors = tensorsIn(result);
  if (tensors.length === 0)
    typeError(OP, `the model gave ${describe(result)}: expected a tensor, or lists and objects with tensors`);
  const empty = tensors.find((x) => x.size === 0);
  if (empty !== undefined)
    rangeError(OP, `the model gave a tensor without elements, of shape ${formatShape(empty.shape)}`);
  return tensors;
}

function namesFor(
  kind: 'input' | 'output',
  count: number,
  names: readonly string[] | undefined,
): readonly string[] {
  if (names === undefined)
    return count === 1 ? [kind] : Array.from({ length: count }, (_, i) => `${kind}_${i}`);
  if (names.length !== count) rangeError(OP, `${kind}Names: expected ${count} names, got ${names.length}`);
  return names;
}

/** Leaves out what no result needs, and gives results their names. */
function finish(
  builder: Builder,
  name: string,
  { inputs, outputs, values }: { inputs: ValueInfo[]; outputs: ValueInfo[]; values: readonly Value[] },
): Graph {
  const made = new Set(builder.nodes.flatMap((node) => node.outputs));
  const renamed = new Map<string, string>();
  const copies: GraphNode[] = [];
  values.forEach((value, i) => {
    const output = outputs[i].name;
    // Inputs, constants and what is a result already keep their names.
    if (made.has(value.name) && !renamed.has(value.name)) renamed.set(value.name, output);
    else
      copies.push({
        name: `node_${output}`,
        op: 'Identity',
        inputs: [value.name],
        outputs: [output],
        attributes: {},
      });
  });
  const needed = new Set(values.map((value) => value.name));
  const nodes: GraphNode[] = [];
  for (const node of [...builder.nodes].reverse()) {
    if (!node.outputs.some((output) => needed.has(output))) continue;
    for (const input of node.inputs) needed.add(input);
    nodes.unshift(node);
  }
  const nameOf = (value: string): string => renamed.get(value) ?? value;
  return {
    name,
    nodes: [...nodes, ...copies].map((node) => ({
      ...node,
      inputs: node.inputs.map(nameOf),
      outputs: node.outputs.map(nameOf),
    })),
    constants: new Map([...builder.constants].filter(([constant]) => needed.has(constant))),
    inputs,
    outputs,
  };
}
