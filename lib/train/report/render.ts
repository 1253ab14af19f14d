import { rangeError } from '../../errors.js';
import type { AnyModule } from '../../nn/module.js';
import type { EpochEvent, Reason, StepEvent } from '../events.js';
import { formatCount, formatDuration, formatLoss, plural } from '../../format.js';
import { environment, version } from './environment.js';
import type { Html } from './html.js';
import type { ReportOptions } from './report.js';
import { listCard, pair, renderPage, tableCard } from './page.js';
import { chartsOf, columnsOf, formatMetric, metricsOf } from './run.js';

/** What is known of a run. */
interface Run {
  readonly history: readonly EpochEvent[];
  readonly steps: readonly StepEvent[];
  readonly reason: Reason | null;
  readonly seconds: number | null;
}

const REASONS: Readonly<Record<Reason, string>> = {
  finished: '',
  earlyStopping: ' It ended early: there was no progress any more.',
  aborted: ' It was stopped before its end.',
};

/** Of metrics, so many have a tile. */
const METRIC_TILES = 3;

/** The page of a run. */
export function renderReport(options: ReportOptions): string {
  const { title = 'Training', model, hyperparameters = {} } = options;
  const run = runOf(options);
  const { history, steps } = run;
  if (history.length === 0 && steps.length === 0)
    rangeError('writeReport', 'expected an epoch or steps, got none');
  const sections: Html[] = [];
  if (history.length > 0) sections.push(tableCard('Epochs', history, columnsOf(history)));
  if (model !== undefined) sections.push(modelCard(model));
  const environmentCard = listCard('Environment', environment());
  const hasSettings = Object.keys(hyperparameters).length > 0;
  sections.push(
    hasSettings ? pair(listCard('Hyperparameters', hyperparameters), environmentCard) : environmentCard,
  );
  return renderPage({
    title,
    heading: title,
    subtitle: subtitleOf(run),
    tiles: tilesOf(run),
    charts: chartsOf(history, steps),
    sections,
    footer: `Written by mgp-node ${version()}.`,
  });
}

/** What the events say, and what was said besides. */
function runOf({ events, history, reason, seconds }: ReportOptions): Run {
  const run = {
    history: [] as EpochEvent[],
    steps: [] as StepEvent[],
    reason: null as Reason | null,
    seconds: null as number | null,
  };
  for (const event of events ?? [])
    if (event.type === 'step') run.steps.push(event);
    else if (event.type === 'epoch') run.history.push(event);
    else if (event.type === 'done') {
      run.reason = event.reason;
      run.seconds = event.seconds;
      // It has those of before, too, where the run went on from a checkpoint.
      run.history = [...event.history];
    }
  return {
    steps: run.steps,
    history: history ?? run.history,
    reason: reason ?? run.reason,
    seconds: seconds ?? run.seconds,
  };
}

function subtitleOf({ history, steps, reason, seconds }: Run): string {
  const count = Math.max(history.at(-1)?.steps ?? 0, steps.at(-1)?.steps ?? 0);
  const time = seconds === null ? '' : ` in ${formatDuration(seconds)}`;
  const end = reason === null ? '' : REASONS[reason];
  return `${plural(history.length, 'epoch')} of training, ${plural(count, 'step')}${time}.${end}`;
}

function tilesOf({ history, steps, seconds }: Run): [string, string][] {
  const last = history.at(-1);
  if (last === undefined) return [[formatLoss(steps[steps.length - 1].loss), 'loss of the last step']];
  const tiles: [string, string][] = [[formatLoss(last.loss), 'training loss']];
  const losses = history.map(({ valLoss }) => valLoss ?? Infinity);
  const best = Math.min(...losses);
  if (best < Infinity)
    tiles.push([formatLoss(best), `best validation loss, epoch ${history[losses.indexOf(best)].epoch}`]);
  for (const name of metricsOf(history).slice(0, METRIC_TILES))
    tiles.push([formatMetric(last.metrics[name]), name]);
  const trained = history.reduce((sum, epoch) => sum + epoch.seconds, 0);
  const samples = history.reduce((sum, epoch) => sum + epoch.samples, 0);
  if (trained > 0) tiles.push([formatCount(samples / trained), 'samples a second']);
  tiles.push([formatDuration(seconds ?? trained), seconds === null ? 'of training' : 'from start to end']);
  return tiles;
}

/** The layers that have parameters, or nothing below them. */
function modelCard(model: AnyModule): Html {
  const counted = [...model.namedModules()].map(([name, module]: [string, AnyModule]) => {
    const isLeaf = module.children().next().done === true;
    const parameters = [...module.parameters(false)].reduce((sum, { size }) => sum + size, 0);
    return { name, isLeaf, parameters, text: isLeaf ? module.toString() : module.constructor.name };
  });
  const layers = counted.filter(({ isLeaf, parameters }) => isLeaf || parameters > 0);
  const total = [...model.parameters()].reduce((sum, { size }) => sum + size, 0);
  const name = model.constructor.name;
  return tableCard(`${name}, ${plural(total, 'parameter')}`, layers, [
    { head: 'Layer', cell: (layer) => layer.name || name, isText: true },
    { head: 'Module', cell: ({ text }) => text, isText: true },
    { head: 'Parameters', cell: ({ parameters }) => (parameters === 0 ? '–' : formatCount(parameters)) },
  ]);
}
