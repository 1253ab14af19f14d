import { describe, rangeError, typeError } from '../errors.js';
import { Tensor } from '../tensor.js';
import { Module, type AnyModule, type Member } from './module.js';
import { Parameter } from './parameter.js';

/** Members in an order, by position: what `ModuleList` and `ParameterList` share. `Given` is what becomes one. */
abstract class List<T extends Member, Given = T> extends Module<never[], never> {
  readonly #items: T[] = [];
  [index: number]: T;

  /** What becomes a member, checked. */
  protected abstract read(value: unknown, name: string): T;

  protected override *members(): Generator<[string, Member]> {
    for (let i = 0; i < this.#items.length; i++) yield [String(i), this.#items[i]];
  }

  /** How many there are. */
  get length(): number {
    return this.#items.length;
  }

  /** The one at a position; negative ones count from the end. */
  at(index: number): T {
    return this.#items[this.#place(index)];
  }

  /** Puts another in the place of the one at a position. */
  set(index: number, value: Given): this {
    this.#items[this.#place(index)] = this.read(value, 'value');
    return this;
  }

  /** Puts one behind the others. */
  append(value: Given): this {
    return this.insert(this.length, value);
  }

  /** Puts several behind the others. */
  extend(values: Iterable<Given>): this {
    for (const value of [...values]) this.append(value);
    return this;
  }

  /** Puts one before that at `index`. */
  insert(index: number, value: Given): this {
    this.#items.splice(index === this.length ? index : this.#place(index), 0, this.read(value, 'value'));
    exposeItems(this, this.length);
    return this;
  }

  /** Takes one out, by default the last, and returns it. */
  pop(index = -1): T {
    const [out] = this.#items.splice(this.#place(index), 1);
    return out;
  }

  /** All of them, in order. */
  *[Symbol.iterator](): Generator<T> {
    yield* this.#items;
  }

  #place(index: number): number {
    return placeOf(this.constructor.name, index, this.length);
  }

  forward(): never {
    noForward(this);
  }
}

function placeOf(op: string, index: unknown, length: number): number {
  if (typeof index !== 'number' || !Number.isInteger(index) || index < -length || index >= length)
    rangeError(op, `index: expected a whole number within ${length}, got ${describe(index)}`);
  return index < 0 ? index + length : index;
}

function noForward(container: AnyModule): never {
  throw new Error(`[${container.constructor.name}] has no forward: call those of what is in it`);
}

/** Makes positions properties: `list[0]`. Beyond the end they are undefined, as in arrays. */
function exposeItems(list: AnyModule & { length: number; at(index: number): unknown }, length: number): void {
  for (let i = length - 1; i >= 0 && !(i in list); i--)
    Object.defineProperty(list, i, {
      get: () => (i < list.length ? list.at(i) : undefined),
      set: (value: unknown) =>
        (list as unknown as { set: (i: number, value: unknown) => void }).set(i, value),
      configurable: true,
    });
}

const readModule = <M extends AnyModule>(op: string, value: M, name: string): M =>
  (value as unknown) instanceof Module
    ? value
    : typeError(op, `${name}: expected a module, got ${describe(value)}`);

const readParameter = (op: string, value: unknown, name: string): Parameter => {
  if (value instanceof Parameter) return value;
  if (value instanceof Tensor) return new Parameter(value);
  typeError(op, `${name}: expected a parameter or a tensor, got ${describe(value)}`);
};

/**
 * Modules in an order: `list[0]`, `list.at(-1)`, `for (const module of list)`. In the state dict their names are their
 * positions.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.ModuleList.html
 */
export class ModuleList<M extends AnyModule = AnyModule> extends List<M> {
  constructor(modules: Iterable<M> = []) {
    super();
    checkIterable('ModuleList', modules);
    this.extend(modules);
  }

  protected read(value: unknown, name: string): M {
    return readModule('ModuleList', value as M, name);
  }
}

/**
 * Parameters in an order; tensors become parameters. In the state dict their names are their positions.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.ParameterList.html
 */
export class ParameterList extends List<Parameter, Tensor> {
  constructor(parameters: Iterable<Tensor> = []) {
    super();
    checkIterable('ParameterList', parameters);
    this.extend(parameters);
  }

  protected read(value: unknown, name: string): Parameter {
    return readParameter('ParameterList', value, name);
  }

  protected override extraRepr(): string {
    return describeParameters([...this].entries());
  }
}

const describeParameters = (entries: Iterable<[number | string, Parameter]>): string =>
  [...entries]
    .map(
      ([name, { dtype, shape }]) => `(${name}): Parameter containing: [${dtype} of size ${shape.join('x')}]`,
    )
    .join('\n');

function checkIterable(op: string, value: unknown): void {
  if (typeof value !== 'object' || value === null || !(Symbol.iterator in value))
    typeError(op, `expected a list, got ${describe(value)}`);
}

/**
 * Names and values, as an object, a map or pairs.
 * @inline
 */
type Entries<T> = Readonly<Record<string, T>> | Iterable<readonly [string, T]>;

const entriesOf = <T>(op: string, values: Entries<T>): (readonly [string, T])[] => {
  if (typeof values !== 'object' || values === null)
    typeError(op, `expected an object, got ${describe(values)}`);
  return Symbol.iterator in values ? [...values] : Object.entries(values);
};

function checkKey(op: string, name: unknown): asserts name is string {
  if (typeof name !== 'string' || name === '' || name.includes('.'))
    typeError(op, `name: expected a string without dots, got ${describe(name)}`);
}

/** Members by name: what `ModuleDict` and `ParameterDict` share. */
abstract class Dict<T extends Member, Given = T> extends Module<never[], never> {
  readonly #items = new Map<string, T>();

  /** What becomes a member, checked. */
  protected abstract read(value: unknown, name: string): T;

  protected override *members(): Generator<[string, Member]> {
    yield* this.#items;
  }

  /** How many there are. */
  get length(): number {
    return this.#items.size;
  }

  /**
   * The one of a name.
   * @throws RangeError when there is none.
   */
  get(name: string): T {
    const found = this.#items.get(name);
    if (found === undefined) rangeError(this.constructor.name, `there is no ${describe(name)}`);
    return found;
  }

  /** Puts one in under a name, in the place of one that has it. */
  set(name: string, value: Given): this {
    checkKey(this.constructor.name, name);
    this.#items.set(name, this.read(value, name));
    return this;
  }

  /** Whether there is one of this name. */
  has(name: string): boolean {
    return this.#items.has(name);
  }

  /** Takes one out and returns it. */
  pop(name: string): T {
    const out = this.get(name);
    this.#items.delete(name);
    return out;
  }

  /** Puts in all that others hold. */
  update(values: Entries<Given>): this {
    for (const [name, value] of entriesOf(this.constructor.name, values)) this.set(name, value);
    return this;
  }

  /** Takes all out. */
  clear(): void {
    this.#items.clear();
  }

  /** The names, in the order in which they came. */
  keys(): IterableIterator<string> {
    return this.#items.keys();
  }

  /** The members, in the order in which they came. */
  values(): IterableIterator<T> {
    return this.#items.values();
  }

  /** Names and members, in the order in which they came. */
  entries(): IterableIterator<[string, T]> {
    return this.#items.entries();
  }

  /** Names and members, in the order in which they came. */
  [Symbol.iterator](): IterableIterator<[string, T]> {
    return this.#items.entries();
  }

  forward(): never {
    noForward(this);
  }
}

/**
 * Modules by name, in the order in which they came: `dict.get('relu')`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.ModuleDict.html
 */
export class ModuleDict<M extends AnyModule = AnyModule> extends Dict<M> {
  constructor(modules: Entries<M> = {}) {
    super();
    this.update(modules);
  }

  protected read(value: unknown, name: string): M {
    return readModule('ModuleDict', value as M, name);
  }
}

/**
 * Parameters by name, in the order in which they came; tensors become parameters.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.ParameterDict.html
 */
export class ParameterDict extends Dict<Parameter, Tensor> {
  constructor(parameters: Entries<Tensor> = {}) {
    super();
    this.update(parameters);
  }

  protected read(value: unknown, name: string): Parameter {
    return readParameter('ParameterDict', value, name);
  }

  protected override extraRepr(): string {
    return describeParameters(this.entries());
  }
}

/**
 * Modules one after the other. Their names are their positions, `0`, `1`, …, or given: `new Sequential({ conv, relu })`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Sequential.html
 */
export class Sequential extends Module {
  #layers: [string, Module][] = [];
  [index: number]: Module;

  constructor(...layers: Module[] | [Entries<Module>]) {
    super();
    const [first] = layers;
    if (layers.length === 1 && isEntries(first)) {
      for (const [name, layer] of entriesOf('Sequential', first)) {
        checkKey('Sequential', name);
        this.#layers.push([name, readModule('Sequential', layer, name)]);
      }
    } else
      layers.forEach((layer, i) => {
        this.#layers.push([String(i), readModule('Sequential', layer as Module, `layers[${i}]`)]);
      });
    exposeItems(this, this.length);
  }

  protected override *members(): Generator<[string, Member]> {
    yield* this.#layers;
  }

  /** How many there are. */
  get length(): number {
    return this.#layers.length;
  }

  /** The layer at a position; negative ones count from the end. */
  at(index: number): Module {
    return this.#layers[placeOf('Sequential', index, this.length)][1];
  }

  /** Puts another layer in the place of the one at a position. */
  set(index: number, layer: Module): this {
    this.#layers[placeOf('Sequential', index, this.length)][1] = readModule('Sequential', layer, 'layer');
    return this;
  }

  /** The layer of a name. */
  get(name: string): Module {
    const found = this.#layers.find(([own]) => own === name);
    if (found === undefined) rangeError('Sequential', `there is no ${describe(name)}`);
    return found[1];
  }

  /** Puts a layer behind the others, under its position. */
  append(layer: Module): this {
    return this.insert(this.length, layer);
  }

  /** Puts layers behind the others, under their positions. */
  extend(layers: Iterable<Module>): this {
    for (const layer of [...layers]) this.append(layer);
    return this;
  }

  /** Puts a layer before that at `index`. Names that are positions count on; others stay. */
  insert(index: number, layer: Module): this {
    const at = index === this.length ? index : placeOf('Sequential', index, this.length);
    this.#layers.splice(at, 0, [String(at), readModule('Sequential', layer, 'layer')]);
    this.#layers.forEach((entry, i) => {
      if (i > at && entry[0] === String(i - 1)) entry[0] = String(i);
    });
    exposeItems(this, this.length);
    return this;
  }

  /** Takes a layer out, by default the last, and returns it. */
  pop(index = -1): Module {
    const at = placeOf('Sequential', index, this.length);
    const [[, out]] = this.#layers.splice(at, 1);
    this.#layers.forEach((entry, i) => {
      if (i >= at && entry[0] === String(i + 1)) entry[0] = String(i);
    });
    return out;
  }

  /** A `Sequential` of the layers from `start` to before `end`, which are the same layers under the same names. */
  slice(start?: number, end?: number): Sequential {
    return new Sequential(new Map(this.#layers.slice(start, end)));
  }

  /** The layers, in order. */
  *[Symbol.iterator](): Generator<Module> {
    for (const [, layer] of this.#layers) yield layer;
  }

  forward(x: Tensor): Tensor {
    return this.#layers.reduce((y, [, layer]) => layer.forward(y), x);
  }
}

const isEntries = (value: unknown): value is Entries<Module> =>
  typeof value === 'object' &&
  value !== null &&
  !(value instanceof Module) &&
  (Symbol.iterator in value || Object.getPrototypeOf(value) === Object.prototype);
