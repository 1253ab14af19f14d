import { inspect } from 'node:util';
import { checkDType, isFloat, type FloatDType } from '../dtype.js';
import { checkBoolean, describe, rangeError, typeError } from '../errors.js';
import { noGrad } from '../grad-mode.js';
import { addHook, checkHook, type RemovableHandle } from '../hooks.js';
import { readArgs, type Rest } from '../ops/arguments.js';
import { copy_, zero_ } from '../ops/inplace.js';
import { checkOptions } from '../ops/primitive.js';
import { modeChanged } from '../recording.js';
import { formatShape, sameShape } from '../shape.js';
import { Tensor, viewOf } from '../tensor.js';
import {
  ModuleHooks,
  type BackwardHook,
  type BackwardPreHook,
  type ForwardHook,
  type ForwardPreHook,
} from './hooks.js';
import { convert, Parameter } from './parameter.js';

/** Tensors by name, as {@link Module.stateDict} gives them. Names and layouts are PyTorch's. */
export type StateDict = Record<string, Tensor>;

/** A module, whatever it takes and gives. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- hooks take and give what `forward` does: only any fits all
export type AnyModule = Module<any, any>;

/**
 * What a module is made of.
 * @inline
 */
export type Member = Parameter | AnyModule;

/** @inline */
interface HookOptions {
  /** Whether the hook is called before those that are there. Default false. */
  readonly prepend?: boolean;
}

/**
 * The base of layers and models. A subclass puts its parameters and submodules into its fields and computes in
 * `forward`; fields are found by themselves, also in arrays:
 * ```ts
 * class Net extends nn.Module {
 *   fc = new nn.Linear(4, 2);
 *   forward(x: Tensor) { return this.fc.forward(x).relu(); }
 * }
 * ```
 * The names in the state dict are those of the fields. `registerParameter` and `registerModule` give others, such as
 * PyTorch's: `this.inProj = this.registerModule('in_proj', new nn.Linear(4, 12))`.
 *
 * `In` and `Out` are what `forward` takes and returns; by default tensors and a tensor.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Module.html
 */
export abstract class Module<In extends unknown[] = Tensor[], Out = Tensor> {
  #training = true;
  /** Parameters and modules that were registered, by name. */
  readonly #members = new Map<string, Member>();
  /** What belongs to the state but is not learned, by name. */
  readonly #buffers = new Map<string, Tensor>();
  /** The names of buffers that are not saved. */
  readonly #unsaved = new Set<string>();
  #hooks: ModuleHooks | null = null;

  /** Whether layers that behave differently in training do so. Set by `train` and `eval`. */
  get training(): boolean {
    return this.#training;
  }

  set training(value: boolean) {
    if (value !== this.#training) modeChanged();
    this.#training = value;
  }

  /** Computes the outputs. */
  abstract forward(...inputs: In): Out;

  /** The parameters and modules that this one is made of, by name: its fields, and what was registered. */
  protected *members(): Generator<[string, Member]> {
    const names = new Map([...this.#members].map(([name, member]) => [member, name]));
    const done = new Set<string>();
    for (const [field, value] of fields(this)) {
      if (!isMember(value)) continue;
      const name = names.get(value) ?? field;
      if (!done.has(name)) yield [name, value];
      done.add(name);
    }
    for (const [name, member] of this.#members) if (!done.has(name)) yield [name, member];
  }

  /** The modules that this one is made of, each once, with their names (`layers.0` for an element of an array). */
  *namedChildren(): Generator<[string, AnyModule]> {
    const seen = new Set<AnyModule>();
    for (const [name, member] of this.members()) {
      if (!(member instanceof Module) || seen.has(member)) continue;
      seen.add(member);
      yield [name, member];
    }
  }

  /** The modules that this one is made of, each once. */
  *children(): Generator<AnyModule> {
    for (const [, child] of this.namedChildren()) yield child;
  }

  /**
   * This module and all below it, each once, with dotted names; its own is `prefix`.
   * @param memo modules that have been seen, and are left out
   */
  *namedModules(memo = new Set<AnyModule>(), prefix = ''): Generator<[string, AnyModule]> {
    if (memo.has(this)) return;
    memo.add(this);
    yield [prefix, this];
    for (const [name, child] of this.namedChildren()) yield* child.namedModules(memo, join(prefix, name));
  }

  /** This module and all below it, each once. */
  *modules(): Generator<AnyModule> {
    for (const [, module] of this.namedModules()) yield module;
  }

  /**
   * The parameters of this module and all below it, each once, with dotted names.
   * @param prefix what the names begin with. Default nothing.
   * @param recurse whether those below this module are among them. Default true.
   */
  *namedParameters(prefix = '', recurse = true): Generator<[string, Parameter]> {
    const seen = new Set<Parameter>();
    for (const [name, value] of this.#state(prefix, recurse)) {
      if (!(value instanceof Parameter) || seen.has(value)) continue;
      seen.add(value);
      yield [name, value];
    }
  }

  /** The parameters of this module and, unless `recurse` is false, all below it, each once. */
  *parameters(recurse = true): Generator<Parameter> {
    for (const [, parameter] of this.namedParameters('', recurse)) yield parameter;
  }

  /** The buffers of this module and all below it, each once, with dotted names; arguments as for parameters. */
  *namedBuffers(prefix = '', recurse = true): Generator<[string, Tensor]> {
    const seen = new Set<Tensor>();
    for (const [name, value] of this.#state(prefix, recurse)) {
      if (value instanceof Parameter || seen.has(value)) continue;
      seen.add(value);
      yield [name, value];
    }
  }

  /** The buffers of this module and, unless `recurse` is false, all below it, each once. */
  *buffers(recurse = true): Generator<Tensor> {
    for (const [, buffer] of this.namedBuffers('', recurse)) yield buffer;
  }

  /** Every parameter and every buffer under every name that leads to it. */
  *#state(prefix: string, recurse = true, savedOnly = false): Generator<[string, Tensor]> {
    const members = [...this.members()];
    for (const [name, member] of members) if (member instanceof Parameter) yield [join(prefix, name), member];
    for (const [name, value] of this.#buffers)
      if (!savedOnly || !this.#unsaved.has(name)) yield [join(prefix, name), value];
    if (!recurse) return;
    for (const [name, member] of members)
      if (member instanceof Module) yield* member.#state(join(prefix, name), true, savedOnly);
  }

  /**
   * Makes a tensor part of this module's state that is not learned: it goes into `stateDict` under this name (dotted
   * below others), next to the parameters, and no scope frees it. It is a property of the module, too.
   * @param value null takes the buffer of this name out again
   * @param rest `persistent`: whether it goes into `stateDict`. Default true.
   * @returns the tensor
   * @throws RangeError when there is a buffer, parameter or module of this name.
   * @see https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.register_buffer
   */
  registerBuffer<T extends Tensor | null>(
    name: string,
    value: T,
    ...rest: Rest<[persistent: boolean], { readonly persistent?: boolean }>
  ): T {
    const op = 'registerBuffer';
    const { persistent = true } = readArgs<{ persistent: boolean }>(op, rest, ['persistent']);
    checkName(op, name);
    checkBoolean(op, 'persistent', persistent);
    if (value === null) {
      this.#buffers.delete(name);
      this.#unsaved.delete(name);
      return value;
    }
    if (!(value instanceof Tensor)) typeError(op, `${name}: expected a tensor, got ${describe(value)}`);
    if (this.#isTaken(name, value)) rangeError(op, `${name}: the name is taken`);
    value.storage.kept = true;
    this.#buffers.set(name, value);
    if (!persistent) this.#unsaved.add(name);
    this.#expose(name, () => this.#buffers.get(name));
    return value;
  }

  /**
   * Makes a parameter part of this module under a name, which is that in `stateDict` and a property, also in camelCase.
   * @param value null takes the parameter of this name out again
   * @returns the parameter
   * @throws RangeError when there is a buffer or module of this name.
   * @see https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.register_parameter
   */
  registerParameter<P extends Parameter | null>(name: string, value: P): P {
    const op = 'registerParameter';
    checkName(op, name);
    if (value !== null && !(value instanceof Parameter))
      typeError(op, `${name}: expected a parameter or null, got ${describe(value)}`);
    if (value !== null && !(this.#members.get(name) instanceof Parameter) && this.#isTaken(name, value))
      rangeError(op, `${name}: the name is taken`);
    if (value === null) this.#members.delete(name);
    else this.#members.set(name, value);
    this.#expose(name, () => this.#members.get(name) ?? null);
    return value;
  }

  /**
   * Makes a module part of this one under a name, which is that in `stateDict` and a property, also in camelCase.
   * @returns the module
   * @throws RangeError when there is a buffer, parameter or module of this name.
   * @see https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.register_module
   */
  registerModule<M extends AnyModule>(name: string, value: M): M {
    checkName('registerModule', name);
    if (!(value instanceof Module))
      typeError('registerModule', `${name}: expected a module, got ${describe(value)}`);
    if (this.#isTaken(name, value)) rangeError('registerModule', `${name}: the name is taken`);
    this.#members.set(name, value);
    this.#expose(name, () => this.#members.get(name));
    return value;
  }

  /** PyTorch's other name of {@link registerModule}. */
  addModule<M extends AnyModule>(name: string, value: M): M {
    return this.registerModule(name, value);
  }

  /** Whether something else than `value` has a name. */
  #isTaken(name: string, value: unknown): boolean {
    return (
      this.#buffers.has(name) ||
      [...this.members()].some(([taken, member]) => taken === name && member !== value)
    );
  }

  /** Makes what was registered a property, under its name and its name in camelCase, where there is none. */
  #expose(name: string, get: () => unknown): void {
    const set = (value: unknown): void => {
      if (value instanceof Parameter) this.registerParameter(name, value);
      else Object.defineProperty(this, name, { value, writable: true, configurable: true });
    };
    if (!(name in this)) Object.defineProperty(this, name, { get, set, configurable: true });
    const camelCase = name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
    const self = this as Record<string, unknown>;
    if (!(camelCase in this))
      Object.defineProperty(this, camelCase, {
        get: () => self[name],
        set: (value: unknown) => {
          self[name] = value;
        },
        configurable: true,
      });
  }

  /** The module of a dotted name below this one; this one itself for ''. */
  getSubmodule(target: string): AnyModule {
    return (target === '' ? [] : target.split('.')).reduce<AnyModule>((module, name) => {
      const member = module.#member(name, 'getSubmodule', target);
      if (!(member instanceof Module)) rangeError('getSubmodule', `${target}: ${name} is no module`);
      return member;
    }, this);
  }

  /** The parameter of a dotted name. @throws RangeError when there is none. */
  getParameter(target: string): Parameter {
    const found = [...this.#state('')].find(([name]) => name === target)?.[1];
    if (!(found instanceof Parameter))
      rangeError('getParameter', `there is no parameter ${describe(target)}`);
    return found;
  }

  /** The buffer of a dotted name. @throws RangeError when there is none. */
  getBuffer(target: string): Tensor {
    const found = [...this.#state('')].find(([name]) => name === target)?.[1];
    if (found === undefined || found instanceof Parameter)
      rangeError('getBuffer', `there is no buffer ${describe(target)}`);
    return found;
  }

  #member(name: string, op: string, target: string): Member {
    for (const [own, member] of this.members()) if (own === name) return member;
    rangeError(op, `${target}: ${this.constructor.name} has no ${name}`);
  }

  /**
   * Calls `fn` with all modules below this one, and then with this one: to initialise them, for instance.
   * @see https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.apply
   */
  apply(fn: (module: AnyModule) => void): this {
    if (typeof fn !== 'function') typeError('apply', `expected a function, got ${describe(fn)}`);
    for (const child of this.children()) child.apply(fn);
    fn(this);
    return this;
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

  /**
   * Drops the gradients of all parameters.
   * @param setToNone false sets them to 0 instead. Default true.
   */
  zeroGrad(...rest: Rest<[setToNone: boolean], { readonly setToNone?: boolean }>): void {
    const { setToNone = true } = readArgs<{ setToNone: boolean }>('zeroGrad', rest, ['setToNone']);
    checkBoolean('zeroGrad', 'setToNone', setToNone);
    for (const parameter of this.parameters()) {
      const { grad } = parameter;
      if (setToNone) parameter.grad = null;
      else if (grad !== null) parameter.grad = noGrad(() => zero_(grad.requiresGrad ? grad.clone() : grad));
    }
  }

  /** Sets whether gradients are computed for all parameters. */
  requiresGrad_(value = true): this {
    for (const parameter of this.parameters()) parameter.requiresGrad = value;
    return this;
  }

  /**
   * Brings all parameters and all buffers of a float dtype to another one, with their gradients. The tensors stay the same
   * ones; state that an optimizer has for them does not follow.
   * @see https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.to
   */
  to(dtype: FloatDType): this {
    checkDType('to', dtype);
    if (!isFloat(dtype)) typeError('to', `dtype: expected float32 or float64, got ${describe(dtype)}`);
    for (const [, value] of this.#state('')) if (isFloat(value.dtype)) convert(value, dtype);
    return this;
  }

  /** Brings all parameters and buffers of a float dtype to float32. */
  float(): this {
    return this.to('float32');
  }

  /** Brings all parameters and buffers of a float dtype to float64. */
  double(): this {
    return this.to('float64');
  }

  /**
   * Calls `hook` with the inputs before each `forward`; what it returns takes their place.
   * @see https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.register_forward_pre_hook
   */
  registerForwardPreHook(hook: ForwardPreHook<this, In>, options: HookOptions = {}): RemovableHandle {
    return this.#addHook('registerForwardPreHook', 'forwardPre', hook, options);
  }

  /**
   * Calls `hook` with the inputs and the result after each `forward`; what it returns takes the place of the result.
   * @see https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.register_forward_hook
   */
  registerForwardHook(hook: ForwardHook<this, In, Out>, options: HookOptions = {}): RemovableHandle {
    return this.#addHook('registerForwardHook', 'forward', hook, options);
  }

  /**
   * Calls `hook` with the gradients of the inputs and results when `backward` has computed them; what it returns takes the
   * place of those of the inputs. Inputs and results are tensors, or arrays with tensors in them.
   * @see https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.register_full_backward_hook
   */
  registerFullBackwardHook(hook: BackwardHook<this>, options: HookOptions = {}): RemovableHandle {
    return this.#addHook('registerFullBackwardHook', 'backward', hook, options);
  }

  /**
   * Calls `hook` with the gradients of the results before those of the inputs are computed; what it returns takes their place.
   * @see https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.register_full_backward_pre_hook
   */
  registerFullBackwardPreHook(hook: BackwardPreHook<this>, options: HookOptions = {}): RemovableHandle {
    return this.#addHook('registerFullBackwardPreHook', 'backwardPre', hook, options);
  }

  #addHook(
    op: string,
    kind: Exclude<keyof ModuleHooks, 'run'>,
    hook: unknown,
    options: HookOptions,
  ): RemovableHandle {
    checkHook(op, hook);
    checkOptions(op, options, ['prepend']);
    if (this.#hooks === null) {
      const hooks = (this.#hooks = new ModuleHooks());
      // From here on `forward` goes through the hooks; modules without any pay nothing for them.
      const own = Object.getOwnPropertyDescriptor(this, 'forward');
      const prototype = Object.getPrototypeOf(this) as { forward: () => unknown };
      const value = (...inputs: unknown[]): unknown =>
        hooks.run(this, (own?.value ?? prototype.forward) as () => unknown, inputs);
      Object.defineProperty(this, 'forward', { value, writable: true, configurable: true });
    }
    const { prepend = false } = options;
    return addHook(this.#hooks[kind] as Map<object, unknown>, hook, prepend);
  }

  /**
   * All parameters and buffers by name: views of the live memory, outside the graph.
   * @param options `prefix`: what the names begin with, default nothing; `keepVars`: the parameters and buffers themselves,
   *   default false
   * @see https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.state_dict
   */
  stateDict(options: { readonly prefix?: string; readonly keepVars?: boolean } = {}): StateDict {
    checkOptions('stateDict', options, ['prefix', 'keepVars']);
    const { prefix = '', keepVars = false } = options;
    if (typeof prefix !== 'string')
      typeError('stateDict', `prefix: expected a string, got ${describe(prefix)}`);
    checkBoolean('stateDict', 'keepVars', keepVars);
    const state: StateDict = {};
    for (const [name, value] of this.#state('', true, true))
      state[prefix + name] = keepVars ? value : viewOf(value, value.shape, value.strides);
    return state;
  }

  /**
   * Copies values into the parameters and buffers, by name, converted to their dtype.
   * @param rest `strict`: whether missing and unexpected names are errors. Default true.
   * @returns the names that were missing and unexpected
   * @throws Error naming every missing, unexpected and misshapen key, before anything is changed.
   * @see https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.load_state_dict
   */
  loadStateDict(
    state: StateDict,
    ...rest: Rest<[strict: boolean], { readonly strict?: boolean }>
  ): { missing: string[]; unexpected: string[] } {
    const { strict = true } = readArgs<{ strict: boolean }>('loadStateDict', rest, ['strict']);
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

  /** What {@link toString} prints between the parentheses, before the children. */
  protected extraRepr(): string {
    return '';
  }

  /** The tree of modules, as PyTorch prints it. */
  toString(): string {
    const extra = this.extraRepr();
    const children = [...this.members()].filter(([, member]) => member instanceof Module);
    const { name } = this.constructor;
    if (children.length === 0) return `${name}(${extra})`;
    const lines = children.map(([child, module]) => `(${child}): ${module.toString()}`);
    if (extra !== '') lines.unshift(extra);
    return `${name}(\n${lines.map((line) => `  ${line.replaceAll('\n', '\n  ')}\n`).join('')})`;
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/** The parameters and modules in the fields of a module, those in arrays too. */
function* fields(module: AnyModule): Generator<[string, unknown]> {
  for (const [name, value] of Object.entries(module)) {
    if (Array.isArray(value)) yield* value.map((item, i): [string, unknown] => [`${name}.${i}`, item]);
    else yield [name, value];
  }
}

const isMember = (value: unknown): value is Member => value instanceof Parameter || value instanceof Module;

function checkName(op: string, name: unknown): void {
  if (typeof name !== 'string' || name === '' || name.includes('.'))
    typeError(op, `name: expected a string without dots, got ${describe(name)}`);
}

const join = (prefix: string, name: string): string => (prefix === '' ? name : `${prefix}.${name}`);
