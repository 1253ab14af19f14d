import { describe, typeError } from '../../errors.js';
import { writeFileAtomic } from '../../io/atomic.js';
import { Module, type AnyModule } from '../../nn/module.js';
import { checkNumber, checkOneOf, isOptions } from '../../ops/arguments.js';
import { checkOptions } from '../../ops/primitive.js';
import type { EpochEvent, FitEvent, FitResult } from '../events.js';

/** What {@link writeReport} tells of a training: what `fit` gave, and more. */
export interface ReportOptions extends Partial<FitResult> {
  /** Default `'Training'`. */
  readonly title?: string;
  /** The epochs, as `fit` gives them; it takes precedence over those of `events`. */
  readonly history?: readonly EpochEvent[];
  /** All that `fit` has told: with the steps in it, there are curves by steps. */
  readonly events?: Iterable<FitEvent>;
  /** Names and values, shown in their order. */
  readonly hyperparameters?: Readonly<Record<string, string | number | boolean>>;
  /** Its layers are shown. */
  readonly model?: AnyModule;
}

const OP = 'writeReport';
const NAMES: readonly (keyof ReportOptions)[] = [
  'title',
  'history',
  'events',
  'hyperparameters',
  'model',
  'steps',
  'reason',
  'seconds',
];

/**
 * Writes a page about a training: curves of losses, metrics and learning rate, tables of epochs, layers, hyperparameters and
 * of what it ran on. It is one HTML file that needs nothing else, neither network nor files; the file is replaced as a whole.
 * ```ts
 * const result = await fit(model, options);
 * await train.writeReport('run.html', { ...result, title: 'A first try', model, hyperparameters: { lr: 0.01 } });
 * ```
 * @throws TypeError, RangeError for what is wrong, before anything is written
 */
export async function writeReport(path: string, options: ReportOptions): Promise<void> {
  if (typeof path !== 'string') typeError(OP, `path: expected a string, got ${describe(path)}`);
  checkReport(options);
  // The page with its charts is text of its own, which nobody needs before.
  const { renderReport } = await import('./render.js');
  await writeFileAtomic(path, [renderReport(options)]);
}

function checkReport(options: unknown): asserts options is ReportOptions {
  if (!isOptions(options)) typeError(OP, `options: expected an object, got ${describe(options)}`);
  checkOptions(OP, options, NAMES);
  const { title, history, events, hyperparameters, model, reason, seconds } = options;
  if (title !== undefined && typeof title !== 'string')
    typeError(OP, `title: expected a string, got ${describe(title)}`);
  if (history === undefined && events === undefined)
    typeError(OP, 'expected history or events, of a training');
  for (const [name, list] of Object.entries({ history, events }))
    if (list !== undefined && !(typeof list === 'object' && list !== null && Symbol.iterator in list))
      typeError(OP, `${name}: expected a list of events of fit, got ${describe(list)}`);
  if (hyperparameters !== undefined && !isOptions(hyperparameters))
    typeError(OP, `hyperparameters: expected an object, got ${describe(hyperparameters)}`);
  if (model !== undefined && !(model instanceof Module))
    typeError(OP, `model: expected a module, got ${describe(model)}`);
  if (reason !== undefined) checkOneOf(OP, 'reason', reason, ['finished', 'earlyStopping', 'aborted']);
  if (seconds !== undefined) checkNumber(OP, 'seconds', seconds);
}
