import { describe, typeError } from '../../errors.js';
import { writeFileAtomic } from '../../io/atomic.js';
import { Module, type AnyModule } from '../../nn/module.js';
import { checkNumber, checkOneOf, isOptions } from '../../ops/arguments.js';
import { checkOptions } from '../../ops/primitive.js';
import type { EpochEvent, FitEvent, FitResult } from '../events.js';

/** What {@link writeReport} shows: the result of `fit`, and more. */
export interface ReportOptions extends Partial<FitResult> {
  /** Default `'Training'`. */
  readonly title?: string;
  /** The epochs, as `fit` gives them; it takes precedence over those of `events`. */
  readonly history?: readonly EpochEvent[];
  /** The events of `fit`. If they include steps, there are curves by step. */
  readonly events?: Iterable<FitEvent>;
  /** Names and values, shown in their order. */
  readonly hyperparameters?: Readonly<Record<string, string | number | boolean>>;
  /** The model, whose layers are listed. */
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
 * Writes an HTML page about a training run: curves of losses, metrics and learning rate, tables of epochs, layers,
 * hyperparameters and the environment. The page needs neither network nor other files; the file is replaced as a whole.
 * ```ts
 * const result = await fit(model, options);
 * await train.writeReport('run.html', { ...result, title: 'A first try', model, hyperparameters: { lr: 0.01 } });
 * ```
 * @param options `history` or `events` are required; see {@link ReportOptions}
 * @throws TypeError, RangeError for wrong options, before anything is written
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
