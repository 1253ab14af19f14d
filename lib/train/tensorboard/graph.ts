import { isFloat, type DType } from '../../dtype.js';
import { rangeError } from '../../errors.js';
import { enableGrad } from '../../grad-mode.js';
import { Message } from '../../io/protobuf.js';
import { inMode } from '../../nn/mode.js';
import type { AnyModule } from '../../nn/module.js';
import { getRngState, setRngState } from '../../random.js';
import { tidy } from '../../scope.js';
import type { Shape } from '../../shape.js';
import { Tensor, viewOf } from '../../tensor.js';
import { tensorsIn } from '../../tensors-in.js';

// A model as TensorBoard draws it: boxes for modules, in them the ops that ran, with the shapes of what goes from one to the
// other. The ops are those that autograd recorded; whose they are, is known by when the modules began and ended.

/** A node with more than this behind it cannot be looked at. */
const MAX_NODES = 10_000;

/** TensorFlow's numbers of dtypes. */
const DTYPES: Readonly<Record<DType, number>> = { float32: 1, float64: 2, int32: 3, uint8: 4, bool: 10 };

/** What torch.utils.tensorboard states. */
const PRODUCER = 22;

interface Node {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  /** Of the results, by their number. */
  readonly shapes: Shape[];
  readonly dtype: DType;
}

/** The graph of a model, as a `GraphDef`. The model is as it was afterwards. */
export function graphOf(op: string, model: AnyModule, inputs: readonly unknown[]): Message {
  const random = getRngState();
  const tracer = new Tracer(op, model);
  try {
    inMode(model, false, () => {
      tidy(() => {
        enableGrad(() => {
          tracer.run(inputs);
        });
      });
    });
  } finally {
    tracer.stop();
    setRngState(random);
  }
  const graph = new Message();
  for (const node of tracer.nodes) graph.message(1, messageOf(node));
  return graph.message(4, new Message().int(1, PRODUCER));
}

class Tracer {
  readonly nodes: Node[] = [];
  readonly #op: string;
  readonly #model: AnyModule;
  /** The nodes of tensors, by their names; those of further results of an op are `name:1`, `name:2`, … */
  readonly #names = new Map<Tensor, string>();
  readonly #parameters = new Map<Tensor, string>();
  readonly #results = new Map<string, Node>();
  readonly #hooks: { remove(): void }[] = [];
  /** The boxes of the modules that are running, the innermost last. */
  readonly #scopes: string[];

  constructor(op: string, model: AnyModule) {
    this.#op = op;
    this.#model = model;
    const name = model.constructor.name;
    this.#scopes = [name];
    this.#watch(model, name, new Set());
  }

  stop(): void {
    for (const hook of this.#hooks) hook.remove();
  }

  run(given: readonly unknown[]): void {
    const inputs = given.map((value) => {
      if (!(value instanceof Tensor)) return value;
      const input = viewOf(value, value.shape, value.strides);
      // What follows from it is recorded then, whether or not there is anything to learn.
      if (isFloat(input.dtype)) input.requiresGrad = true;
      return input;
    });
    inputs.filter(isTensor).forEach((input, i) => {
      this.#add(input, `input/input.${i + 1}`, 'IO Node', []);
    });
    const output: unknown = this.#model.forward(...inputs);
    tensorsIn(output).forEach((result, i) => {
      const { shape, dtype } = result;
      const name = `output/output.${i + 1}`;
      this.nodes.push({ name, op: 'IO Node', inputs: [this.#nameOf(result)], shapes: [shape], dtype });
    });
  }

  /** Has a module, and those below it, say when they begin and end. */
  #watch(module: AnyModule, path: string, seen: Set<AnyModule>): void {
    if (seen.has(module)) return;
    seen.add(module);
    for (const [name, parameter] of module.namedParameters('', false))
      if (!this.#parameters.has(parameter)) this.#parameters.set(parameter, `${path}/${name}`);
    for (const [name, buffer] of module.namedBuffers('', false))
      this.#parameters.set(buffer, `${path}/${name}`);
    this.#hooks.push(
      module.registerForwardPreHook((_, inputs: unknown[]) => {
        for (const input of tensorsIn(inputs)) this.#nameOf(input);
        this.#scopes.push(path);
      }),
      module.registerForwardHook((_, inputs: unknown[], output: unknown) => {
        for (const result of tensorsIn(output))
          // What nobody recorded has at least been made by this module, of what it had.
          if (result.isLeaf && !this.#names.has(result) && !this.#parameters.has(result)) {
            const sources = [...tensorsIn(inputs), ...module.parameters(false)];
            const names = sources.map((source) => this.#nameOf(source));
            this.#add(result, `${path}/forward`, module.constructor.name, names);
          } else this.#nameOf(result);
        this.#scopes.pop();
      }),
    );
    for (const [name, child] of module.namedChildren())
      this.#watch(child, `${path}/${child.constructor.name}[${name}]`, seen);
  }

  /** The name of a tensor; it and what it was made from become nodes of the innermost module, if they are none yet. */
  #nameOf(tensor: Tensor): string {
    const stack = [tensor];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const missing = this.#names.has(top) ? [] : top.parents.filter((parent) => !this.#names.has(parent));
      stack.push(...missing);
      if (missing.length > 0) continue;
      stack.pop();
      if (!this.#names.has(top)) this.#addMade(top);
    }
    return this.#names.get(tensor) as string;
  }

  /** A node for a tensor whose parents have theirs. */
  #addMade(tensor: Tensor): void {
    const scope = this.#scopes.at(-1) as string;
    const { parents, part, op, shape } = tensor;
    const inputs = parents.map((parent) => this.#names.get(parent) as string);
    const parameter = this.#parameters.get(tensor);
    if (part >= 0) {
      // One of several results.
      const node = this.#results.get(inputs[0]) as Node;
      node.shapes[part] = shape;
      this.#names.set(tensor, part === 0 ? node.name : `${node.name}:${part}`);
    } else if (parameter !== undefined) this.#add(tensor, parameter, 'Parameter', []);
    else if (tensor.isLeaf) this.#add(tensor, `${scope}/constant`, 'Constant', []);
    else this.#add(tensor, `${scope}/${op}`, op, inputs);
  }

  #add(tensor: Tensor, wanted: string, op: string, inputs: readonly string[]): void {
    if (this.nodes.length >= MAX_NODES)
      rangeError(this.#op, `expected a graph of at most ${MAX_NODES} ops: draw a part of the model`);
    let name = wanted;
    for (let i = 1; this.#results.has(name); i++) name = `${wanted}_${i}`;
    this.#names.set(tensor, name);
    const node = { name, op, inputs, shapes: [tensor.shape], dtype: tensor.dtype };
    this.#results.set(name, node);
    this.nodes.push(node);
  }
}

const isTensor = (value: unknown): value is Tensor => value instanceof Tensor;

/** A `NodeDef`. */
function messageOf({ name, op, inputs, shapes, dtype }: Node): Message {
  const node = new Message().string(1, name).string(2, op);
  for (const input of inputs) node.string(3, input);
  const list = new Message();
  for (const shape of Array.from(shapes, (one: Shape | undefined) => one ?? []))
    list.message(7, shapeOf(shape));
  const attributes: [string, Message][] = [
    ['_output_shapes', new Message().message(1, list)],
    ['T', new Message().int(6, DTYPES[dtype])],
  ];
  for (const [key, value] of attributes) node.message(5, new Message().string(1, key).message(2, value));
  return node;
}

/** A `TensorShapeProto`. */
function shapeOf(shape: Shape): Message {
  const message = new Message();
  for (const size of shape) message.message(2, new Message().int(1, size));
  return message;
}
