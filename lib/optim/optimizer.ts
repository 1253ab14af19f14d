import { checkBoolean, describe, rangeError, shapeError, typeError } from '../errors.js';
import { enableGrad, noGrad } from '../grad-mode.js';
import { contiguous } from '../ops/broadcast.js';
import { persistent } from '../ops/create.js';
import { zero_ } from '../ops/inplace.js';
import { checkOptions } from '../ops/primitive.js';
import { fromHost, recorder, stepChanged, unrecorded } from '../recording.js';
import { formatShape, sameShape } from '../shape.js';
import { checkTensor, Tensor } from '../tensor.js';
import { readStateDict, writeStateDict, type OptimizerStateDict, type StateValue } from './state-dict.js';
import type { TorchOptimizerStateDict } from './torch-state.js';

/** Parameters that share their options; what a group does not name, it takes from the optimizer. */
export type ParamGroup<O> = Partial<O> & { params: Iterable<Tensor> };

/** What an optimizer moves: parameters, in groups or not. */
export type Params<O> = Iterable<Tensor> | Iterable<ParamGroup<O>>;

/** A group with all its options, and what schedulers note in it. */
export type FullGroup<O> = O & ScheduledOptions & { params: Tensor[] };

/**
 * What schedulers of the learning rate note in a group.
 * @inline
 */
export interface ScheduledOptions {
  /** The learning rate that a schedule began with. */
  initialLr?: number;
  maxLr?: number;
  minLr?: number;
  swaLr?: number;
  baseMomentum?: number;
  maxMomentum?: number;
}

/** Names that a group may hold besides its optimizer's options. */
export const SCHEDULED = ['initialLr', 'maxLr', 'minLr', 'swaLr', 'baseMomentum', 'maxMomentum'] as const;

/**
 * What an optimizer remembers of a parameter; null is what its options make unnecessary.
 * @inline
 */
export type ParamState<S> = { [Name in keyof S]: StateValue };

/**
 * The base of optimizers: parameter groups with their options, and what is remembered of each parameter.
 * @see https://pytorch.org/docs/stable/optim.html#torch.optim.Optimizer
 */
export abstract class Optimizer<O extends object, S extends ParamState<S> = object> {
  /** The groups, with all their options. Options may be changed between steps, and parameters and groups added. */
  readonly paramGroups: FullGroup<O>[] = [];
  /** What a group takes that does not say otherwise. */
  readonly defaults: O;
  /** What is remembered of each parameter that has been moved. */
  readonly state = new Map<Tensor, S>();
  protected readonly op: string;
  /** Throws when an option is what it cannot be. */
  readonly #check: (group: object) => void;
  readonly #groups = new Set<object>();
  readonly #params = new Set<Tensor>();

  protected constructor(
    op: string,
    params: Params<O>,
    options: Partial<O>,
    defaults: O,
    check: (options: O) => void,
  ) {
    if (recorder !== null)
      throw new Error(
        '[compile] the step makes an optimizer, whose state would be of the first run: make it outside',
      );
    this.op = op;
    this.#check = (group) => {
      check(group as O);
    };
    this.defaults = { ...defaults };
    for (const [name, value] of Object.entries(options))
      if (value !== undefined) Object.assign(this.defaults, { [name]: value });
    checkList(op, params);
    const list = [...params];
    if (list.length === 0) rangeError(op, 'params: expected at least one parameter, got none');
    const groups = list[0] instanceof Tensor ? [{ params: list as Tensor[] }] : (list as ParamGroup<O>[]);
    for (const group of groups) this.addParamGroup(group as ParamGroup<O>);
  }

  /**
   * Adds a group of parameters, such as those of a layer that is thawed during training.
   * @throws TypeError, RangeError for parameters that are none or are there already, and for wrong options
   * @see https://pytorch.org/docs/stable/generated/torch.optim.Optimizer.add_param_group.html
   */
  addParamGroup(group: ParamGroup<O>): void {
    const scheduled = new Set<string>(SCHEDULED);
    const options = Object.entries(group ?? {}).filter(([name]) => !scheduled.has(name));
    const names = ['params', ...Object.keys(this.defaults)];
    checkOptions(
      this.op,
      typeof group === 'object' && group !== null ? Object.fromEntries(options) : null,
      names,
    );
    const full = this.#complete({ ...group } as FullGroup<O>);
    for (const param of full.params) this.#params.add(param);
    this.#groups.add(full);
    this.paramGroups.push(full);
  }

  /**
   * Drops the gradients of all parameters. Call it before each `backward`.
   * @param setToNone whether they are dropped (the default) or set to 0
   */
  zeroGrad(setToNone = true): void {
    checkBoolean(this.op, 'setToNone', setToNone);
    for (const { params } of this.paramGroups)
      for (const param of params) {
        if (setToNone) param.grad = null;
        else if (param.grad !== null) zero_(param.grad);
      }
  }

  /** Moves every parameter that has a gradient. */
  step(): void;
  /**
   * @param closure computes the loss, and the gradients by `backward`, before the parameters are moved
   * @returns what it returns
   */
  step<Loss>(closure: () => Loss): Loss;
  step<Loss>(closure?: () => Loss): Loss | undefined {
    const loss = closure === undefined ? undefined : enableGrad(closure);
    this.begin();
    const moves: [Tensor, Tensor, FullGroup<O>][] = [];
    for (const group of this.paramGroups)
      for (const param of group.params)
        if (param.grad !== null) moves.push([param, checkGrad(this.op, param, param.grad), group]);
    for (const [param, grad, group] of moves) {
      this.move(
        param,
        noGrad(() => contiguous(grad)),
        group,
      );
      param.storage.version++;
    }
    return loss;
  }

  /**
   * All that the optimizer is: the state of each parameter by its number, counted through all groups, and the options of
   * the groups. The tensors in it are copies. Shaped as PyTorch's, with names in camelCase.
   * @see https://pytorch.org/docs/stable/generated/torch.optim.Optimizer.state_dict.html
   */
  stateDict(): OptimizerStateDict {
    return writeStateDict(this.paramGroups, this.state);
  }

  /**
   * Puts the optimizer into the state that {@link stateDict} gave, of one with as many groups and parameters. Tensors are
   * copied, and converted to the dtype of their parameter. What PyTorch saved is taken as `io.torch.load` gives it.
   * @throws TypeError, RangeError, ShapeError naming what does not fit, before anything is changed
   * @see https://pytorch.org/docs/stable/generated/torch.optim.Optimizer.load_state_dict.html
   */
  loadStateDict(state: OptimizerStateDict | TorchOptimizerStateDict): void {
    readStateDict(this.op, state, {
      groups: this.paramGroups,
      names: [...Object.keys(this.defaults), ...SCHEDULED],
      check: this.#check,
      state: this.state,
      fresh: (param, group) => this.initialState(param, group as FullGroup<O>),
      read: (name, value, where) => this.readState(name, value, where),
    });
  }

  /** What is remembered of a parameter that has never been moved. */
  protected abstract initialState(param: Tensor, group: FullGroup<O>): S;

  /** Calls the kernels that move a parameter. Numbers that change from step to step it reads and counts in here. */
  protected abstract descend(param: Tensor, grad: Tensor, group: FullGroup<O>, state: S): void;

  /** Moves a parameter by its gradient, which lies in row-major order. */
  protected move(param: Tensor, grad: Tensor, group: FullGroup<O>): void {
    let state: S;
    let before: S;
    fromHost(
      () => {
        state = this.stateOf(param, group);
        before = { ...state };
        this.descend(param, grad, group, state);
      },
      () => Object.assign(state, before),
    );
  }

  /** What is remembered of a parameter. */
  protected stateOf(param: Tensor, group: FullGroup<O>): S {
    let state = this.state.get(param);
    if (state === undefined) {
      state = unrecorded(() => this.initialState(param, group));
      this.state.set(param, state);
    }
    return state;
  }

  /** Throws for what cannot be moved. */
  protected checkParam(param: unknown): void {
    if (!(param instanceof Tensor) || !param.isLeaf || !param.requiresGrad)
      typeError(this.op, `params: expected leaf tensors that require grad, got ${describe(param)}`);
    if (!param.isContiguous) typeError(this.op, 'params: expected contiguous tensors');
  }

  /** Reads a value of a saved state in another way than by its parameter's shape; undefined where it does not. */
  protected readState(_name: string, _value: unknown, _where: string): StateValue | undefined {
    return undefined;
  }

  /** Looks at what has become of the groups since the last step, before anything is moved. */
  protected begin(): void {
    const { paramGroups } = this;
    for (const group of paramGroups) {
      if (!this.#groups.has(group)) this.#complete(group);
      for (const param of group.params) if (!this.#params.has(param)) this.checkParam(param);
    }
    for (const group of paramGroups) {
      this.#groups.add(group);
      for (const param of group.params) this.#params.add(param);
    }
    const layout = recorder === null ? null : paramGroups.map(({ params }) => [...params]);
    fromHost(() => {
      if (layout !== null && !sameLayout(layout, paramGroups)) stepChanged();
      paramGroups.forEach(this.#check);
    });
  }

  /** A group with all options, checked. */
  #complete(group: FullGroup<O>): FullGroup<O> {
    checkList(this.op, group.params);
    group.params = [...group.params];
    for (const [name, value] of Object.entries(this.defaults) as [string, unknown][])
      if ((group as Record<string, unknown>)[name] === undefined) Object.assign(group, { [name]: value });
    const seen = new Set<Tensor>();
    for (const param of group.params) {
      this.checkParam(param);
      if (seen.has(param) || this.#params.has(param))
        rangeError(this.op, 'params: a parameter is there twice');
      seen.add(param);
    }
    this.#check(group);
    return group;
  }
}

/** Whether groups hold the parameters they held. */
const sameLayout = (before: readonly Tensor[][], groups: readonly { readonly params: Tensor[] }[]): boolean =>
  before.length === groups.length &&
  before.every(
    (list, i) =>
      list.length === groups[i].params.length && list.every((param, j) => param === groups[i].params[j]),
  );

function checkList(op: string, params: unknown): void {
  if (
    params instanceof Tensor ||
    typeof params !== 'object' ||
    params === null ||
    !(Symbol.iterator in params)
  )
    typeError(op, `params: expected parameters in a list or an iterator, got ${describe(params)}`);
}

/** Memory for what is remembered of each element of a parameter. */
export const filledFor = ({ shape, dtype }: Tensor, value: number): Tensor =>
  unrecorded(() => {
    const state = persistent(shape, dtype);
    // Without a kernel, which a recording would note.
    if (value !== 0) state.storage.array.fill(value);
    return state;
  });

/** {@link filledFor} with 0. */
export const zerosFor = (param: Tensor): Tensor => filledFor(param, 0);

/** Throws unless options are numbers from 0. */
export function checkNumbers<O>(op: string, group: O, ...names: (keyof O & string)[]): void {
  for (const name of names) checkNumber(op, name, group[name]);
}

/** Throws unless an option is a number from `least` (and below `below`). */
export function checkNumber(op: string, name: string, value: unknown, least = 0, below = Infinity): void {
  if (typeof value !== 'number' || Number.isNaN(value) || value < least || value >= below)
    rangeError(
      op,
      `${name}: expected a number from ${least}${below < Infinity ? ` and below ${below}` : ''}, got ${describe(value)}`,
    );
}

/** Throws unless an option is two numbers from 0 and below 1. */
export function checkBetas(op: string, betas: readonly unknown[]): void {
  if (!Array.isArray(betas) || betas.length !== 2)
    typeError(op, `betas: expected two numbers, got ${describe(betas)}`);
  checkNumber(op, 'betas[0]', betas[0], 0, 1);
  checkNumber(op, 'betas[1]', betas[1], 0, 1);
}

/** Throws unless a gradient fits its parameter, before anything is changed. */
export function checkGrad(op: string, param: Tensor, grad: unknown): Tensor {
  checkTensor(op, grad, 'grad');
  if (grad.dtype !== param.dtype || !sameShape(grad.shape, param.shape))
    shapeError(
      op,
      `grad: expected ${param.dtype} ${formatShape(param.shape)}, got ${grad.dtype} ${formatShape(grad.shape)}`,
    );
  return grad;
}
