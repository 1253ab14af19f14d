import type { Evaluation } from '../evaluate.js';
import type { EpochResult } from '../mnist-training.js';
import { uplotScript, uplotStyle } from '../assets.js';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatLoss,
  formatPercent,
  formatSeconds,
  plural,
} from '../terminal.js';
import { chartCards, chartScript, type ChartData } from './charts.js';
import { confusionMatrix, matrixCard, mistakesCard, type TestSet } from './classes.js';
import { html, raw, type Html } from './html.js';
import { STYLE } from './style.js';

/** All that the report tells. */
export interface ReportData extends ChartData {
  readonly evaluation: Evaluation;
  readonly test: TestSet;
  readonly seconds: number;
  readonly imagesPerSecond: number;
  readonly peakRssBytes: number;
  readonly interrupted: boolean;
  readonly version: string;
  /** What the run was made of, in words: shown as it is. */
  readonly hyperparameters: Readonly<Record<string, string | number>>;
  readonly environment: Readonly<Record<string, string | number>>;
  /** The command that makes the same run again. */
  readonly command: string;
}

/** One HTML page that needs nothing else: no network, no files next to it. */
export function renderReport(data: ReportData): string {
  const { epochs, evaluation, test } = data;
  const last = epochs[epochs.length - 1];
  const count = evaluation.predictions.length;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
        />
        <title>mgp mnist: ${formatPercent(last.testAccuracy)}</title>
        <style>
          ${raw(uplotStyle())}
          ${raw(STYLE)}
        </style>
      </head>
      <body>
        <main>
          <header>
            <h1>MNIST, ${formatPercent(last.testAccuracy)} after ${plural(last.epoch, 'epoch')}</h1>
            <p class="soft">${subtitle(data)}</p>
          </header>
          ${tiles(data)} ${chartCards()}
          <section class="two">
            ${matrixCard(confusionMatrix(test.labels, evaluation.predictions))}
            ${mistakesCard(test, evaluation)}
          </section>
          ${epochCard(epochs)}
          <section class="two">
            ${listCard('Hyperparameters', data.hyperparameters)} ${listCard('Environment', data.environment)}
          </section>
          <div class="card">
            <h2>Again</h2>
            <p class="note">On the same machine the same command gives the same bits.</p>
            <code>${data.command}</code>
          </div>
          <footer>Written by mgp-node ${data.version}. Tested on ${formatCount(count)} images.</footer>
        </main>
        ${chartScript(uplotScript(), data)}
      </body>
    </html> `;
  return page.text;
}

function subtitle({ interrupted }: ReportData): string {
  const model = 'A convolutional network of two layers, trained with Adam.';
  return interrupted
    ? `${model} The training was interrupted: these are the epochs that were finished.`
    : model;
}

function tiles({ evaluation, epochs, imagesPerSecond, seconds, peakRssBytes }: ReportData): Html {
  const { testAccuracy } = epochs[epochs.length - 1];
  const wrong = Math.round((1 - evaluation.accuracy) * evaluation.predictions.length);
  const facts: [string, string][] = [
    [formatPercent(testAccuracy), 'test accuracy'],
    [formatCount(wrong), `mistakes in ${formatCount(evaluation.predictions.length)}`],
    [formatCount(imagesPerSecond), 'images a second'],
    [formatDuration(seconds), 'from start to end'],
    [formatBytes(peakRssBytes), 'peak memory'],
  ];
  return html`<section class="tiles">
    ${facts.map(([value, name]) => html`<div class="tile"><b>${value}</b><span>${name}</span></div>`)}
  </section>`;
}

function epochCard(epochs: readonly EpochResult[]): Html {
  const heads = ['Epoch', 'Loss', 'Test accuracy', 'Time', 'Images/s'];
  const rows = epochs.map(({ epoch, loss, testAccuracy, seconds, imagesPerSecond }) => {
    const cells = [
      epoch,
      formatLoss(loss),
      formatPercent(testAccuracy),
      formatSeconds(seconds),
      formatCount(imagesPerSecond),
    ];
    return html`<tr>
      ${cells.map((cell) => html`<td>${cell}</td>`)}
    </tr>`;
  });
  return html`<div class="card">
    <h2>Epochs</h2>
    <div class="scroll">
      <table class="list">
        <tr>
          ${heads.map((head) => html`<th scope="col">${head}</th>`)}
        </tr>
        ${rows}
      </table>
    </div>
  </div>`;
}

function listCard(title: string, entries: Readonly<Record<string, string | number>>): Html {
  return html`<div class="card">
    <h2 style="margin-bottom: 10px">${title}</h2>
    <dl>
      ${Object.entries(entries).map(
        ([name, value]) =>
          html`<dt>${name}</dt>
            <dd>${value}</dd>`,
      )}
    </dl>
  </div>`;
}
