import { describe, typeError } from '../errors.js';
import { Tensor } from '../tensor.js';
import type { OptimizerStateDict, StateValue } from './state-dict.js';

/** The state of an optimizer of PyTorch, as `io.torch.load` reads it: with names in snake_case, its states in a map. */
export interface TorchOptimizerStateDict {
  readonly state: unknown;
  readonly param_groups: unknown;
}

/** How PyTorch computes, not what. */
const WAYS: ReadonlySet<string> = new Set(['foreach', 'fused', 'capturable', 'differentiable']);

/** Room of L-BFGS for what it computes anew in each step. */
const SCRATCH: ReadonlySet<string> = new Set(['al']);

const camelCase = (name: string): string =>
  name === 'H_diag' ? 'hDiag' : name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/**
 * A state as it is here, from PyTorch's; others are given back.
 * @param names the options that there are
 */
export function fromTorch(
  op: string,
  dict: OptimizerStateDict | TorchOptimizerStateDict,
  names: readonly string[],
): OptimizerStateDict {
  if (typeof dict !== 'object' || dict === null || !('param_groups' in dict)) return dict;
  const { state, param_groups: groups } = dict;
  const wrong = (what: string, value: unknown): never =>
    typeError(op, `loadStateDict: expected ${what}, got ${describe(value)}`);
  const entries = (value: unknown, what: string): [unknown, unknown][] => {
    if (value instanceof Map) return [...(value as Map<unknown, unknown>)];
    return typeof value === 'object' && value !== null ? Object.entries(value) : wrong(what, value);
  };
  const renamed = (value: unknown, what: string): [string, unknown][] =>
    entries(value, what).map(([name, item]) => [camelCase(String(name)), item]);
  if (!Array.isArray(groups)) return wrong('a list of param_groups', groups);
  const isTold = ([name, value]: [string, unknown]): boolean => {
    if (WAYS.has(name)) return false;
    if (name === 'params' || names.includes(name)) return true;
    // What is switched off needs not be known. AdamW is Adam with this decay.
    return value !== false && value !== null && !(name === 'decoupledWeightDecay' && op === 'AdamW');
  };
  return {
    state: Object.fromEntries(
      entries(state, 'a dict as state').map(([number, values]) => [
        Number(number),
        Object.fromEntries(
          renamed(values, `a dict as state[${String(number)}]`).filter(([name]) => !SCRATCH.has(name)),
        ) as Record<string, StateValue>,
      ]),
    ),
    paramGroups: (groups as unknown[]).map((group, i) => {
      const options = renamed(group, `a dict as group ${i}`).filter(isTold);
      const read = options.map(([name, value]) => [name, value instanceof Tensor ? value.item() : value]);
      return Object.fromEntries(read) as OptimizerStateDict['paramGroups'][number];
    }),
  };
}
