import type { Evaluation } from '../evaluate.js';
import type { EpochResult } from '../mnist-training.js';
import { environment, version } from '../../train/report/environment.js';
import { html, type Html } from '../../train/report/html.js';
import { listCard, pair, renderPage, tableCard } from '../../train/report/page.js';
import { byEpoch, lossChart } from '../../train/report/run.js';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatLoss,
  formatPercent,
  formatSeconds,
  plural,
} from '../terminal.js';
import { confusionMatrix, matrixCard, mistakesCard, type TestSet } from './classes.js';
import { STYLE } from './style.js';

/** All that the report tells. */
export interface ReportData {
  /** The training loss, smoothed. Positions are in epochs. */
  readonly loss: { readonly x: readonly number[]; readonly y: readonly number[] };
  readonly epochs: readonly EpochResult[];
  /** The loss on the test set after each epoch. */
  readonly testLosses: readonly number[];
  readonly evaluation: Evaluation;
  readonly test: TestSet;
  readonly seconds: number;
  readonly imagesPerSecond: number;
  readonly peakRssBytes: number;
  readonly interrupted: boolean;
  /** What the run was made of, in words: shown as it is. */
  readonly hyperparameters: Readonly<Record<string, string | number>>;
  /** The command that makes the same run again. */
  readonly command: string;
}

/** The page of a training, and what is there for MNIST alone. */
export async function renderReport(data: ReportData): Promise<string> {
  const { epochs, evaluation, test } = data;
  const last = epochs[epochs.length - 1];
  const count = evaluation.predictions.length;
  return renderPage({
    title: `mgp mnist: ${formatPercent(last.testAccuracy)}`,
    heading: `MNIST, ${formatPercent(last.testAccuracy)} after ${plural(last.epoch, 'epoch')}`,
    subtitle: subtitle(data),
    tiles: tiles(data),
    charts: [
      lossChart(
        { label: 'training', ...data.loss },
        byEpoch('test', epochs, (_, i) => data.testLosses[i]),
      ),
      {
        title: 'Test accuracy',
        note: 'Share of the test images classified correctly after each epoch.',
        scale: 'share',
        series: [byEpoch('test accuracy', epochs, ({ testAccuracy }) => testAccuracy)],
      },
    ],
    sections: [
      pair(
        matrixCard(confusionMatrix(test.labels, evaluation.predictions)),
        await mistakesCard(test, evaluation),
      ),
      epochCard(epochs),
      pair(listCard('Hyperparameters', data.hyperparameters), listCard('Environment', environment())),
      html`<div class="card">
        <h2>Again</h2>
        <p class="note">On the same machine the same command gives the same bits.</p>
        <code>${data.command}</code>
      </div>`,
    ],
    style: STYLE,
    footer: `Written by mgp-node ${version()}. Tested on ${formatCount(count)} images.`,
  });
}

function subtitle({ interrupted }: ReportData): string {
  const model = 'A convolutional network of two layers, trained with Adam.';
  return interrupted
    ? `${model} The training was interrupted: these are the epochs that were finished.`
    : model;
}

function tiles({
  evaluation,
  epochs,
  imagesPerSecond,
  seconds,
  peakRssBytes,
}: ReportData): [string, string][] {
  const { testAccuracy } = epochs[epochs.length - 1];
  const wrong = Math.round((1 - evaluation.accuracy) * evaluation.predictions.length);
  return [
    [formatPercent(testAccuracy), 'test accuracy'],
    [formatCount(wrong), `mistakes in ${formatCount(evaluation.predictions.length)}`],
    [formatCount(imagesPerSecond), 'images a second'],
    [formatDuration(seconds), 'from start to end'],
    [formatBytes(peakRssBytes), 'peak memory'],
  ];
}

const epochCard = (epochs: readonly EpochResult[]): Html =>
  tableCard('Epochs', epochs, [
    { head: 'Epoch', cell: ({ epoch }) => epoch },
    { head: 'Loss', cell: ({ loss }) => formatLoss(loss) },
    { head: 'Test accuracy', cell: ({ testAccuracy }) => formatPercent(testAccuracy) },
    { head: 'Time', cell: ({ seconds }) => formatSeconds(seconds) },
    { head: 'Images/s', cell: (epoch) => formatCount(epoch.imagesPerSecond) },
  ]);
