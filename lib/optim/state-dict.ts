import { describe, rangeError, shapeError, typeError } from '../errors.js';
import { noGrad } from '../grad-mode.js';
import { clone } from '../ops/broadcast.js';
import { persistent } from '../ops/create.js';
import { copy_ } from '../ops/inplace.js';
import { modeChanged, recorder } from '../recording.js';
import { formatShape, sameShape } from '../shape.js';
import { Tensor } from '../tensor.js';
import { fromTorch, type TorchOptimizerStateDict } from './torch-state.js';

/** A value that an optimizer remembers. */
export type StateValue = number | Tensor | null | StateValue[];

/**
 * All that an optimizer is, in PyTorch's shape: `state` and `paramGroups` (there `param_groups`), with the names of
 * states and options in camelCase (`expAvgSq` for `exp_avg_sq`, `weightDecay` for `weight_decay`). What a state does not
 * have is not there.
 */
export interface OptimizerStateDict {
  /** What is remembered of each parameter, by its number in the groups. */
  state: Record<number, Record<string, StateValue>>;
  /** The options of each group, and the numbers of its parameters. */
  paramGroups: ({ params: number[] } & Record<string, unknown>)[];
}

interface Group {
  readonly params: readonly Tensor[];
}

export function writeStateDict(
  groups: readonly Group[],
  state: ReadonlyMap<Tensor, object>,
): OptimizerStateDict {
  const dict: OptimizerStateDict = { state: {}, paramGroups: [] };
  let number = 0;
  for (const { params, ...options } of groups) {
    const numbers = params.map((param) => {
      const own = state.get(param);
      if (own !== undefined) dict.state[number] = copyOf(own as Record<string, StateValue>);
      return number++;
    });
    dict.paramGroups.push({ ...structuredClone(options), params: numbers });
  }
  return dict;
}

const copyOf = (state: Record<string, StateValue>): Record<string, StateValue> =>
  Object.fromEntries(
    Object.entries(state)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => [name, copyValue(value)]),
  );

const copyValue = (value: StateValue): StateValue => {
  if (value instanceof Tensor) return noGrad(() => clone(value));
  return Array.isArray(value) ? value.map(copyValue) : value;
};

/** What {@link readStateDict} writes to. */
export interface StateDictTarget<S extends object> {
  readonly groups: readonly Group[];
  /** The options there are. */
  readonly names: readonly string[];
  /** Throws when an option is what it cannot be. */
  readonly check: (group: object) => void;
  readonly state: Map<Tensor, S>;
  /** A state to be filled: its names, and the kinds and shapes of its values. */
  readonly fresh: (param: Tensor, group: object) => S;
  /** Reads a value in another way than by its shape; undefined where it does not. */
  readonly read: (name: string, value: unknown, where: string) => StateValue | undefined;
}

export function readStateDict<S extends object>(
  op: string,
  given: OptimizerStateDict | TorchOptimizerStateDict,
  { groups, names, check, state, fresh, read }: StateDictTarget<S>,
): void {
  if (recorder !== null)
    throw new Error('[compile] the step loads the state of an optimizer, but it does so only once');
  const dict = fromTorch(op, given, names);
  const saved: unknown = dict?.paramGroups;
  if (!Array.isArray(saved) || typeof dict.state !== 'object' || dict.state === null)
    typeError(op, `loadStateDict: expected an object with state and paramGroups, got ${describe(dict)}`);
  if (saved.length !== groups.length)
    rangeError(op, `loadStateDict: expected ${groups.length} parameter groups, got ${saved.length}`);
  const params: [Tensor, object][] = [];
  const options = dict.paramGroups.map((group, i) => {
    const own = groups[i];
    const count: unknown = group?.params?.length;
    if (count !== own.params.length)
      rangeError(
        op,
        `loadStateDict: expected ${own.params.length} parameters in group ${i}, got ${describe(count)}`,
      );
    const { params: _, ...rest } = group;
    for (const name of Object.keys(rest))
      if (!names.includes(name)) typeError(op, `loadStateDict: group ${i} has an unknown option '${name}'`);
    const merged = { ...own, ...structuredClone(rest) };
    check(merged);
    for (const param of own.params) params.push([param, merged]);
    return merged;
  });
  // A saved parameter has the number that its group says.
  const numbers = dict.paramGroups.flatMap((group) => group.params);
  const loaded = params.flatMap(([param, group], i): [Tensor, S][] => {
    const values = dict.state[numbers[i]] as Record<string, StateValue> | undefined;
    if (values === undefined) return [];
    const template = fresh(param, group);
    return [[param, fill(op, param, values, template, `state[${numbers[i]}]`, read)]];
  });
  options.forEach((merged, i) => Object.assign(groups[i], merged, { params: groups[i].params }));
  state.clear();
  for (const [param, own] of loaded) state.set(param, own);
  // Recorded steps work on the state that was.
  modeChanged();
}

function fill<S extends object>(
  op: string,
  param: Tensor,
  values: Record<string, StateValue>,
  template: S,
  where: string,
  read: StateDictTarget<S>['read'],
): S {
  for (const name of Object.keys(values))
    if (!Object.hasOwn(template, name)) typeError(op, `loadStateDict: ${where} has an unknown '${name}'`);
  for (const [name, mine] of Object.entries(template) as [string, StateValue][]) {
    const place = `${where}.${name}`;
    const value = values[name] ?? null;
    const other = read(name, value, place);
    Object.assign(template, {
      [name]: other === undefined ? readValue(op, param, value, mine, place) : other,
    });
  }
  return template;
}

/** A value as it is kept, of the kind of `mine`; where that is null, for each element of the parameter. */
function readValue(
  op: string,
  param: Tensor,
  value: StateValue,
  mine: StateValue,
  where: string,
): StateValue {
  if (value === null && mine === null) return null;
  if (typeof mine === 'number') {
    // PyTorch counts steps in tensors.
    if (value instanceof Tensor && value.size === 1) return value.item();
    if (typeof value !== 'number')
      typeError(op, `loadStateDict: ${where}: expected a number, got ${describe(value)}`);
    return value;
  }
  if (!(value instanceof Tensor))
    typeError(op, `loadStateDict: ${where}: expected a tensor, got ${describe(value)}`);
  const { shape, dtype } = param;
  if (!sameShape(value.shape, shape))
    shapeError(
      op,
      `loadStateDict: ${where}: expected shape ${formatShape(shape)}, got ${formatShape(value.shape)}`,
    );
  const own = mine instanceof Tensor ? mine : persistent(shape, dtype);
  return noGrad(() => copy_(own, value));
}
