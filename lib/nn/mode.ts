import type { AnyModule } from './module.js';

/** Runs `fn` with a model in training or evaluation mode, and gives each of its modules its own mode back. */
export function inMode<T>(model: AnyModule, training: boolean, fn: () => T): T {
  const modules = [...model.modules()];
  const modes = modules.map((module) => module.training);
  try {
    model.train(training);
    return fn();
  } finally {
    modules.forEach((module, i) => (module.training = modes[i]));
  }
}
