import { noGrad } from '../grad-mode.js';
import { persistent } from '../ops/create.js';
import { copy_ } from '../ops/inplace.js';
import type { Tensor } from '../tensor.js';
import { Module } from './module.js';

/** A module that is an op with settings: checked when it is made, and printed. */
export abstract class Configured<O extends object> extends Module {
  constructor(readonly options: O) {
    super();
  }

  protected override extraRepr(): string {
    return Object.entries(this.options as Record<string, unknown>)
      .filter(([, value]) => typeof value !== 'function' && typeof value !== 'object')
      .map(([name, value]) => `${name}=${String(value)}`)
      .join(', ');
  }
}

/** A copy of a tensor that becomes the state of a module, or null. */
export function ownCopy(value: Tensor | null): Tensor | null {
  if (value === null) return null;
  const own = persistent(value.shape, value.dtype);
  noGrad(() => copy_(own, value));
  return own;
}
