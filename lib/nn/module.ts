import { inspect } from 'node:util';
import { checkBoolean, describe, rangeError, typeError } from '../errors.js';
import { noGrad } from '../grad-mode.js';
import { copy_ } from '../ops/inplace.js';
import { checkOptions } from '../ops/primitive.js';
import { modeChanged } from '../recording.js';
import { formatShape, sameShape } from '../shape.js';
import { Tensor, viewOf } from '../tensor.js';
import { Parameter } from './parameter.js';

/** Tensors by name, as {@link Module.stateDict} gives them. Names and layouts are PyTorch's. */
export type StateDict = Record<string, Tensor>;

/**
 * The base of layers and models. A subclass puts its parameters and submodules into its fields and computes in
 * `forward`; fields are found by themselves, also in arrays:
 * ```ts
 * class Net extends nn.Module {
 *   fc = new nn.Linear(4, 2);
 *   forward(x: Tensor) { return this.fc.forward(x).relu(); }
 * }
 * ```
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Module.html
 */
export abstract class Module {
  #training = true;
  /** What belongs to the state but is not learned, by name. */
  readonly #buffers = new Map<string, Tensor>();

  /** Whether layers that behave differently in training do so. Set by `train` and `eval`. */
  get training(): boolean {
    return this.#training;
  }

  set training(value: boolean) {
    if (value !== this.#training) modeChanged();
    this.#training = value;
  }

  /** Computes the outputs. */
  abstract forward(...inputs: Tensor[]): Tensor;

  /** The modules in the fields of this one, with the names of the fields (`layers.0` for an element of an array). */
  *namedChildren(): Generator<[string, Module]> {
    for (const [name, value] of fields(this)) if (value instanceof Module) yield [name, value];
  }

  /** This module and all below it, each once, with dotted names; its own is ''. */
  *namedModules(prefix = '', seen = new Set<Module>()): Generator<[string, Module]> {
    if (seen.has(this)) return;
    seen.add(this);
    yield [prefix, this];
    for (const [name, child] of this.namedChildren()) yield* child.namedModules(join(prefix, name), seen);
  }

  /** This module and all below it. */
  *modules(): Generator<Module> {
    for (const [, module] of this.namedModules()) yield module;
  }

  /** The parameters of this module and all below it, each once, with dotted names. */
  *namedParameters(): Generator<[string, Parameter]> {
    const seen = new Set<Parameter>();
    for (const [name, value] of this.#everyState('')) {
      if (!(value instanceof Parameter) || seen.has(value)) continue;
      seen.add(value);
      yield [name, value];
    }
  }

  /** The parameters of this module and all below it, each once. */
  *parameters(): Generator<Parameter> {
    for (const [, parameter] of this.namedParameters()) yield parameter;
  }

  /** Every parameter and every buffer under every name that leads to it. */
  *#everyState(prefix: string): Generator<[string, Tensor]> {
    for (const [name, value] of fields(this))
      if (value instanceof Parameter) yield [join(prefix, name), value];
    for (const [name, value] of this.#buffers) yield [join(prefix, name), value];
    for (const [name, child] of this.namedChildren()) yield* child.#everyState(join(prefix, name));
  }

  /**
   * Makes a tensor part of this module's state that is not learned: it goes into `stateDict` under this name (dotted
   * below others), next to the parameters, and no scope frees it.
   * @returns the tensor
   * @throws RangeError when there is a buffer, parameter or module of this name.
   * @see https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.register_buffer
   */
  protected registerBuffer(name: string, value: Tensor): Tensor {
    if (typeof name !== 'string' || name === '' || name.includes('.'))
      typeError('registerBuffer', `name: expected a text without dots, got ${describe(name)}`);
    if (!(value instanceof Tensor))
      typeError('registerBuffer', `${name}: expected a tensor, got ${describe(value)}`);
    const taken = [...fields(this)].some(([field, x]) => field === name && x !== value && isState(x));
    if (taken || this.#buffers.has(name)) rangeError('registerBuffer', `${name}: the name is taken`);
    value.storage.kept = true;
    this.#buffers.set(name, value);
    return value;
  }

  /** The buffers of this module and all below it, each once, with dotted names. */
  *namedBuffers(): Generator<[string, Tensor]> {
    const seen = new Set<Tensor>();
    for (const [name, value] of this.#everyState('')) {
      if (value instanceof Parameter || seen.has(value)) continue;
      seen.add(value);
      yield [name, value];
    }
  }

  /** The buffers of this module and all below it, each once. */
  *buffers(): Generator<Tensor> {
    for (const [, buffer] of this.namedBuffers()) yield buffer;
  }

  /** Puts this module and all below it into training mode, or out of it. */
  train(mode = true): this {
    if (typeof mode !== 'boolean') typeError('train', `expected true or false, got ${describe(mode)}`);
    for (const module of this.modules()) module.training = mode;
    return this;
  }

  /** Puts this module and all below it into evaluation mode. */
  eval(): this {
    return this.train(false);
  }

  /** Drops the gradients of all parameters. */
  zeroGrad(): void {
    for (const parameter of this.parameters()) parameter.grad = null;
  }

  /** Sets whether gradients are computed for all parameters. */
  requiresGrad_(value = true): this {
    for (const parameter of this.parameters()) parameter.requiresGrad = value;
    return this;
  }

  /** All parameters and buffers by name: views of the live memory, outside the graph. */
  stateDict(): StateDict {
    const state: StateDict = {};
    for (const [name, value] of this.#everyState('')) state[name] = viewOf(value, value.shape, value.strides);
    return state;
  }

  /**
   * Copies values into the parameters and buffers, by name, converted to their dtype.
   * @param options `strict`: whether missing and unexpected names are errors. Default true.
   * @returns the names that were missing and unexpected
   * @throws Error naming every missing, unexpected and misshapen key, before anything is changed.
   * @see https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.load_state_dict
   */
  loadStateDict(
    state: StateDict,
    options: { readonly strict?: boolean } = {},
  ): { missing: string[]; unexpected: string[] } {
    checkOptions('loadStateDict', options, ['strict']);
    const { strict = true } = options;
    checkBoolean('loadStateDict', 'strict', strict);
    if (typeof state !== 'object' || state === null)
      typeError('loadStateDict', `expected an object of tensors, got ${describe(state)}`);
    const own = this.stateDict();
    const missing = Object.keys(own).filter((name) => !Object.hasOwn(state, name));
    const unexpected = Object.keys(state).filter((name) => !Object.hasOwn(own, name));
    const problems: string[] = [];
    if (strict && missing.length > 0) problems.push(`missing: ${missing.join(', ')}`);
    if (strict && unexpected.length > 0) problems.push(`unexpected: ${unexpected.join(', ')}`);
    for (const [name, mine] of Object.entries(own)) {
      if (!Object.hasOwn(state, name)) continue;
      const value: unknown = state[name];
      if (!(value instanceof Tensor)) problems.push(`${name}: expected a tensor, got ${describe(value)}`);
      else if (!sameShape(value.shape, mine.shape))
        problems.push(`${name}: expected shape ${formatShape(mine.shape)}, got ${formatShape(value.shape)}`);
    }
    if (problems.length > 0)
      throw new Error(`[loadStateDict] ${this.constructor.name}: ${problems.join('; ')}`);
    noGrad(() => {
      for (const [name, mine] of Object.entries(own))
        if (Object.hasOwn(state, name)) copy_(mine, state[name]);
    });
    return { missing, unexpected };
  }

  /** What {@link toString} prints between the parentheses of a layer. */
  protected extraRepr(): string {
    return '';
  }

  /** The tree of modules, as PyTorch prints it. */
  toString(): string {
    const children = [...this.namedChildren()].map(
      ([name, child]) => `  (${name}): ${indent(child.toString())}\n`,
    );
    const { name } = this.constructor;
    return children.length > 0 ? `${name}(\n${children.join('')})` : `${name}(${this.extraRepr()})`;
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/** The parameters and modules in the fields of a module, those in arrays too. */
function* fields(module: Module): Generator<[string, unknown]> {
  for (const [name, value] of Object.entries(module)) {
    if (Array.isArray(value)) yield* value.map((item, i): [string, unknown] => [`${name}.${i}`, item]);
    else yield [name, value];
  }
}

/** Whether a field goes into the state. */
const isState = (value: unknown): boolean => value instanceof Parameter || value instanceof Module;

const join = (prefix: string, name: string): string => (prefix === '' ? name : `${prefix}.${name}`);

const indent = (text: string): string => text.replaceAll('\n', '\n  ');
