import type { AnyModule } from '../../../nn/module.js';
import type { View } from '../merge.js';
import type { Scribe } from '../scribe.js';

/** How the modules of a class are written as a whole. */
export interface Whole {
  readonly type: { readonly prototype: AnyModule };
  /** Whether this one can be, called with these inputs. */
  accepts(module: never, inputs: readonly unknown[]): boolean;
  /** Writes its nodes. In place of tensors there are views. */
  write(scribe: Scribe, module: never, inputs: readonly View[], result: View): void;
}

/** A class of modules with one input and one result. */
export function whole<M extends AnyModule>(
  type: { readonly prototype: M },
  accepts: (module: M, inputs: readonly unknown[]) => boolean,
  write: (scribe: Scribe, module: M, inputs: readonly View[], result: View) => void,
): Whole {
  return { type, accepts, write };
}
