import type { AnyModule } from '../../../nn/module.js';
import type { Scribe } from '../scribe.js';
import { ACTIVATIONS } from './activations.js';
import { embeddingBag } from './embedding-bag.js';
import { RECURRENT } from './recurrent.js';
import type { Whole } from './whole.js';
import { WINDOWS } from './windows.js';

/** Modules that are written as a whole; all others are written as the kernels that they call. */
const MODULES = new Map<object, Whole>(
  [...ACTIVATIONS, ...RECURRENT, ...WINDOWS, embeddingBag].map((one) => [one.type.prototype, one]),
);

// A subclass may compute something else.
const find = (module: AnyModule): Whole | undefined => MODULES.get(Object.getPrototypeOf(module) as object);

/** Whether a module that is called with these inputs is written as a whole. */
export const isWhole = (module: AnyModule, inputs: readonly unknown[]): boolean =>
  find(module)?.accepts(module as never, inputs) ?? false;

/** Writes the nodes of a module that was called: the module, what it took, and what it gave. */
export function writeModule(scribe: Scribe, args: readonly unknown[]): void {
  const module = args[0] as AnyModule;
  find(module)?.write(scribe, module as never, args.slice(1, -1) as never, args.at(-1) as never);
}
