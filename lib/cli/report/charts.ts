import type { EpochResult } from '../mnist-training.js';
import { html, json, raw, script, type Html } from './html.js';

/** What the charts show. Positions are in epochs. */
export interface ChartData {
  /** The training loss, smoothed. */
  readonly loss: { readonly x: readonly number[]; readonly y: readonly number[] };
  readonly epochs: readonly EpochResult[];
  /** The loss on the test set after each epoch. */
  readonly testLosses: readonly number[];
}

/** The cards of the two charts: empty until {@link chartScript} draws them. */
export const chartCards = (): Html => html`
  <section class="two">
    <div class="card">
      <h2>Loss</h2>
      <p class="note">Cross-entropy, on a logarithmic scale. Lower is better.</p>
      <div class="chart" id="loss" role="img" aria-label="Curve of the loss"></div>
    </div>
    <div class="card">
      <h2>Test accuracy</h2>
      <p class="note">Share of the test images classified correctly after each epoch.</p>
      <div class="chart" id="accuracy" role="img" aria-label="Curve of the test accuracy"></div>
    </div>
  </section>
`;

/** uPlot, the numbers and the program that draws them, all in the page. */
export function chartScript(uplot: string, { loss, epochs, testLosses }: ChartData): Html {
  const x = epochs.map(({ epoch }) => epoch);
  const data = {
    loss: [loss.x, loss.y],
    test: [x, testLosses],
    accuracy: [x, epochs.map(({ testAccuracy }) => testAccuracy)],
  };
  return html`
    <script type="application/json" id="data">
      ${json(data)}
    </script>
    <script>
      // uPlot 1.6, © Leon Sorokin, MIT licence
      ${script(withoutComments(uplot))};
    </script>
    <script>
      ${raw(DRAW)};
    </script>
  `;
}

/** A page that loads nothing from anywhere need not name any address either. */
const withoutComments = (program: string): string => program.replace(/^\/\*![^]*?\*\//, '').trim();

/** Runs in the page. Drawn again when the reader's system turns from light to dark, or the window changes. */
const DRAW = `
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  const percent = (v, digits) => (100 * v).toFixed(digits) + '%';
  const font = '12px system-ui, sans-serif';
  const LEGEND = 34;
  const last = Math.max(1, ...data.accuracy[0], ...data.loss[0]);
  let charts = [];

  function chart(id, table, y, series, values, size) {
    const target = document.getElementById(id);
    const axis = { stroke: color('--soft'), font, grid: { stroke: color('--grid'), width: 1 }, ticks: { show: false } };
    const options = {
      width: target.clientWidth,
      height: target.clientHeight - LEGEND,
      scales: { x: { time: false, range: () => [0, last] }, y },
      axes: [
        { ...axis, incrs: [1, 2, 5, 10, 20, 50, 100, 1000], size: 30 },
        { ...axis, size, values },
      ],
      series: [{ label: 'epoch', value: (u, v) => (v == null ? '' : v.toFixed(2).replace(/\\.?0+$/, '')) }, ...series],
      cursor: { points: { size: 7 }, drag: { x: false, y: false } },
    };
    charts.push([new uPlot(options, table, target), target]);
  }

  function draw() {
    for (const [plot] of charts) plot.destroy();
    charts = [];
    const number = (u, v) => (v == null ? '' : v.toPrecision(3));
    const dots = (name) => ({ show: true, size: 6, fill: color(name), stroke: color(name) });
    const logarithmic = { distr: 3, range: (u, min, max) => [min / 1.3, max * 1.3] };
    chart('loss', uPlot.join([data.loss, data.test]), logarithmic, [
      { label: 'training', stroke: color('--accent'), width: 1.5, spanGaps: true, points: { show: false }, value: number },
      { label: 'test', stroke: color('--second'), width: 2, spanGaps: true, points: dots('--second'), value: number },
    ], (u, splits) => splits.map((v) => (v == null ? '' : String(+v.toPrecision(2)))), 46);
    const [, shares] = data.accuracy;
    const low = Math.min(...shares), high = Math.max(...shares);
    const room = Math.max((high - low) * 0.15, 0.002);
    const range = { range: () => [Math.max(0, low - room), Math.min(1, high + room)] };
    const digits = high - low < 0.01 ? 2 : high - low < 0.04 ? 1 : 0;
    chart('accuracy', data.accuracy, range, [
      { label: 'test accuracy', stroke: color('--accent'), width: 2, points: dots('--accent'), value: (u, v) => (v == null ? '' : percent(v, 2)) },
    ], (u, splits) => splits.map((v) => percent(v, digits)), 54);
  }

  draw();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  addEventListener('resize', () => {
    for (const [plot, target] of charts) plot.setSize({ width: target.clientWidth, height: target.clientHeight - LEGEND });
  });
})();
`;
