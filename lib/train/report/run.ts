import type { EpochEvent, StepEvent } from '../events.js';
import { formatCount, formatLoss, formatSeconds } from '../../format.js';
import type { Chart, Series } from './charts.js';
import { Curve } from './curve.js';
import type { Column } from './page.js';

// The charts and tables of a training, of what `fit` has told.

/** How many steps an epoch has; 1 where nobody knows. */
export function stepsPerEpoch(history: readonly EpochEvent[], steps: readonly StepEvent[]): number {
  const [first] = history;
  if (first !== undefined) return Math.max(1, Math.round(first.steps / first.epoch));
  return Math.max(1, ...steps.map(({ step }) => step));
}

/** A curve by steps in few points. */
function byStep(
  label: string,
  steps: readonly StepEvent[],
  perEpoch: number,
  value: (step: StepEvent) => number,
): Series {
  // Some of them may be missing: those of a worker thread, for instance.
  const [places, heights] = [new Curve(), new Curve()];
  for (const step of steps) {
    places.add((step.steps - 0.5) / perEpoch);
    heights.add(value(step));
  }
  return { label, x: places.points().y, y: heights.points().y };
}

/** A curve by epochs. */
export const byEpoch = <Epoch extends { readonly epoch: number }>(
  label: string,
  history: readonly Epoch[],
  value: (epoch: Epoch, i: number) => number,
): Series => ({ label, x: history.map(({ epoch }) => epoch), y: history.map(value), dots: true });

/** The losses: of the training, and of the validation, if there is one. */
export function lossChart(...series: readonly Series[]): Chart {
  const isPositive = series.every(({ y }) => y.every((value) => !(value <= 0)));
  return {
    title: 'Loss',
    note: isPositive ? 'On a logarithmic scale. Lower is better.' : 'Lower is better.',
    scale: isPositive ? 'log' : 'linear',
    series,
  };
}

/** All charts of a run. */
export function chartsOf(history: readonly EpochEvent[], steps: readonly StepEvent[]): Chart[] {
  const perEpoch = stepsPerEpoch(history, steps);
  const hasSteps = steps.length > 1;
  const losses = [
    hasSteps
      ? byStep('training', steps, perEpoch, ({ loss }) => loss)
      : byEpoch('training', history, ({ loss }) => loss),
  ];
  if (isValidated(history)) losses.push(byEpoch('validation', history, ({ valLoss }) => valLoss ?? NaN));
  const charts = [lossChart(...losses)];
  for (const name of metricsOf(history))
    charts.push({
      title: name,
      note: 'After each epoch.',
      scale: 'linear',
      series: [byEpoch(name, history, ({ metrics }) => metrics[name] ?? NaN)],
    });
  if (changesLr(history) || changesLr(steps))
    charts.push({
      title: 'Learning rate',
      note: hasSteps ? 'Of the steps.' : 'At the end of each epoch.',
      scale: 'linear',
      series: [
        hasSteps
          ? byStep('learning rate', steps, perEpoch, ({ lr }) => lr)
          : byEpoch('learning rate', history, ({ lr }) => lr),
      ],
    });
  return charts;
}

/** The columns of the table of epochs. */
export function columnsOf(history: readonly EpochEvent[]): Column<EpochEvent>[] {
  const columns: Column<EpochEvent>[] = [
    { head: 'Epoch', cell: ({ epoch }) => epoch },
    { head: 'Loss', cell: ({ loss }) => formatLoss(loss) },
  ];
  if (isValidated(history))
    columns.push({
      head: 'Validation loss',
      cell: ({ valLoss }) => (valLoss === null ? '–' : formatLoss(valLoss)),
    });
  for (const name of metricsOf(history))
    columns.push({ head: name, cell: ({ metrics }) => formatMetric(metrics[name]) });
  if (changesLr(history))
    columns.push({ head: 'Learning rate', cell: ({ lr }) => Number(lr.toPrecision(4)) });
  columns.push(
    { head: 'Time', cell: ({ seconds }) => formatSeconds(seconds) },
    {
      head: 'Samples/s',
      cell: ({ samples, seconds }) => (seconds > 0 ? formatCount(samples / seconds) : '–'),
    },
  );
  return columns;
}

export const metricsOf = (history: readonly EpochEvent[]): string[] => [
  ...new Set(history.flatMap(({ metrics }) => Object.keys(metrics))),
];

export const formatMetric = (value: number | undefined): string =>
  value === undefined || !Number.isFinite(value)
    ? '–'
    : Math.abs(value) < 1000
      ? value.toFixed(4)
      : formatCount(value);

const isValidated = (history: readonly EpochEvent[]): boolean =>
  history.some(({ valLoss }) => valLoss !== null);

const changesLr = (events: readonly { readonly lr: number }[]): boolean =>
  events.some(({ lr }) => lr !== events[0].lr);
