import { noGrad } from '../../grad-mode.js';
import { inMode } from '../../nn/mode.js';
import type { AnyModule } from '../../nn/module.js';
import type { Tensor } from '../../tensor.js';
import { Tracer, Untraceable, type Trace } from '../../trace.js';
import { fail } from './fail.js';
import type { Run } from './inputs.js';

/**
 * Runs a model in evaluation mode, and notes what it computes.
 * @param isWhole whether a module is noted as one call
 */
export function traceModel(
  model: AnyModule,
  { args, tensors }: Run,
  states: ReadonlyMap<string, Tensor>,
  isWhole: (module: AnyModule, inputs: readonly unknown[]) => boolean,
): Trace<unknown> {
  const tracer = new Tracer(states);
  const modules = [...model.namedModules()];
  const restore: (() => void)[] = [];
  try {
    for (const [path, module] of modules) restore.push(watch(tracer, path, module, isWhole));
    const forward = (model as { forward: (...inputs: unknown[]) => unknown }).forward.bind(model);
    return inMode(model, false, () => noGrad(() => tracer.run(tensors, () => forward(...args))));
  } catch (error) {
    if (error instanceof Untraceable) fail(error.place, error.op, error.message);
    throw error;
  } finally {
    for (const undo of restore) undo();
  }
}

/** Has a module say when its `forward` runs; returns what takes that back. */
function watch(
  tracer: Tracer,
  path: string,
  module: AnyModule,
  isWhole: (module: AnyModule, inputs: readonly unknown[]) => boolean,
): () => void {
  const own = Object.getOwnPropertyDescriptor(module, 'forward');
  const target = module as { forward: (...inputs: unknown[]) => unknown };
  const forward = target.forward;
  const place = { path, name: module.constructor.name };
  const value = (...inputs: unknown[]): unknown => {
    const run = (): unknown => forward.apply(module, inputs);
    // Whoever has hooks on a module may change what it takes and gives: it is no whole.
    return tracer.at(place, () =>
      own === undefined && isWhole(module, inputs) ? tracer.whole('module', [module, ...inputs], run) : run(),
    );
  };
  Object.defineProperty(module, 'forward', { value, writable: true, configurable: true, enumerable: false });
  return () => {
    if (own === undefined) delete (module as Partial<typeof target>).forward;
    else Object.defineProperty(module, 'forward', own);
  };
}
