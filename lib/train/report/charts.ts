import { html, json, raw, script, type Html } from './html.js';

/** A curve: where its points lie, in epochs, and how high. */
export interface Series {
  readonly label: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** Whether its points are shown, and not only the line between them. */
  readonly dots?: boolean;
}

/** One or two curves in a card. */
export interface Chart {
  readonly title: string;
  readonly note: string;
  /** `log` and `linear`; `share`: from 0 to 1, in percent. */
  readonly scale: 'log' | 'linear' | 'share';
  readonly series: readonly Series[];
}

/** The cards of charts: empty until {@link chartScript} draws them. */
export const chartCards = (charts: readonly Chart[]): Html => html`
  <section class="two">
    ${charts.map(
      ({ title, note }, i) => html`
        <div class="card">
          <h2>${title}</h2>
          <p class="note">${note}</p>
          <div class="chart" id="chart-${i}" role="img" aria-label="Curve: ${title}"></div>
        </div>
      `,
    )}
  </section>
`;

/** uPlot, the numbers and the program that draws them, all in the page. */
export function chartScript(uplot: string, charts: readonly Chart[]): Html {
  const data = charts.map(({ scale, series }) => ({ scale, series }));
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
  const all = JSON.parse(document.getElementById('data').textContent);
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  const percent = (v, digits) => (100 * v).toFixed(digits) + '%';
  const short = (v) => (v == null ? '' : String(+v.toPrecision(3)));
  const font = '12px system-ui, sans-serif';
  const COLORS = ['--accent', '--second'];
  const LEGEND = 34;
  const numbers = (values) => values.filter((v) => v != null);
  const last = Math.max(1, ...all.flatMap(({ series }) => series.flatMap(({ x }) => x)));
  let charts = [];

  /** How the height is scaled, how numbers beside it and in the legend are written, and how wide they are. */
  function heights(scale, values) {
    if (scale === 'log') {
      const range = (u, min, max) => [min / 1.3, max * 1.3];
      return [{ distr: 3, range }, (v) => (v == null ? '' : String(+v.toPrecision(2))), short, 46];
    }
    const low = values.length > 0 ? Math.min(...values) : 0, high = values.length > 0 ? Math.max(...values) : 1;
    if (scale === 'linear') {
      const room = (high - low) * 0.15 || Math.abs(high) * 0.15 || 1;
      return [{ range: () => [low - room, high + room] }, short, (v) => (v == null ? '' : String(+v.toPrecision(5))), 58];
    }
    const room = Math.max((high - low) * 0.15, 0.002);
    const digits = high - low < 0.01 ? 2 : high - low < 0.04 ? 1 : 0;
    const range = () => [Math.max(0, low - room), Math.min(1, high + room)];
    return [{ range }, (v) => percent(v, digits), (v) => (v == null ? '' : percent(v, 2)), 54];
  }

  function chart({ scale, series }, i) {
    const target = document.getElementById('chart-' + i);
    const axis = { stroke: color('--soft'), font, grid: { stroke: color('--grid'), width: 1 }, ticks: { show: false } };
    const [y, beside, legend, size] = heights(scale, numbers(series.flatMap((one) => one.y)));
    const lines = series.map(({ label, dots }, k) => ({
      label,
      stroke: color(COLORS[k]),
      width: dots ? 2 : 1.5,
      spanGaps: true,
      points: dots ? { show: true, size: 6, fill: color(COLORS[k]), stroke: color(COLORS[k]) } : { show: false },
      value: (u, v) => legend(v),
    }));
    const options = {
      width: target.clientWidth,
      height: target.clientHeight - LEGEND,
      scales: { x: { time: false, range: () => [0, last] }, y },
      axes: [
        { ...axis, incrs: [1, 2, 5, 10, 20, 50, 100, 1000, 10000, 100000], size: 30 },
        { ...axis, size, values: (u, splits) => splits.map(beside) },
      ],
      series: [{ label: 'epoch', value: (u, v) => (v == null ? '' : v.toFixed(2).replace(/\\.?0+$/, '')) }, ...lines],
      cursor: { points: { size: 7 }, drag: { x: false, y: false } },
    };
    const table = uPlot.join(series.map(({ x, y }) => [x, y]));
    charts.push([new uPlot(options, table, target), target]);
  }

  function draw() {
    for (const [plot] of charts) plot.destroy();
    charts = [];
    all.forEach(chart);
  }

  draw();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  addEventListener('resize', () => {
    for (const [plot, target] of charts) plot.setSize({ width: target.clientWidth, height: target.clientHeight - LEGEND });
  });
})();
`;
