import type { AnyModule } from './module.js';

/** Remembers the mode of each module of a model; the result gives them back. */
export function keepModes(model: AnyModule): () => void {
  const modules = [...model.modules()];
  const modes = modules.map((module) => module.training);
  return () => modules.forEach((module, i) => (module.training = modes[i]));
}

/** Runs `fn` with a model in training or evaluation mode, and gives each of its modules its own mode back. */
export function inMode<T>(model: AnyModule, training: boolean, fn: () => T): T {
  const giveBack = keepModes(model);
  try {
    model.train(training);
    return fn();
  } finally {
    giveBack();
  }
}
