import uPlot from '/uplot.js';

/** A logarithmic scale has no 0. */
const positive = (loss) => (loss === null || loss > 0 ? loss : 1e-9);

/** The losses of a job: those of the steps as they come, and of the validation after each epoch. */
export class Curve {
  #element;
  #plot = null;
  /** By step: `[loss, validation loss]`. A step that is made again takes the place of the first. */
  #points = new Map();
  #isDue = false;

  constructor(element) {
    this.#element = element;
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(element);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#build());
  }

  clear() {
    this.#points.clear();
    this.#draw();
  }

  /** Takes an event of the job. */
  add({ type, steps, loss, valLoss }) {
    if (type === 'resume') {
      for (const step of this.#points.keys()) if (step > steps) this.#points.delete(step);
    } else if (type === 'step') this.#points.set(steps, [loss, this.#points.get(steps)?.[1] ?? null]);
    else if (type === 'epoch') this.#points.set(steps, [this.#points.get(steps)?.[0] ?? null, valLoss]);
    else return;
    this.#draw();
  }

  /** Draws once for all that came since the last frame. */
  #draw() {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      if (this.#plot === null) this.#build();
      else this.#plot.setData(this.#data());
      this.#element.dataset.points = String(this.#points.size);
    });
  }

  #data() {
    const steps = [...this.#points.keys()].sort((a, b) => a - b);
    return [steps, ...[0, 1].map((i) => steps.map((step) => positive(this.#points.get(step)[i])))];
  }

  #size() {
    return { width: this.#element.clientWidth, height: this.#element.clientHeight - 30 };
  }

  #build() {
    this.#plot?.destroy();
    const style = getComputedStyle(document.documentElement);
    const color = (name) => style.getPropertyValue(name).trim();
    const axis = {
      stroke: color('--soft'),
      grid: { stroke: color('--line'), width: 1 },
      ticks: { stroke: color('--line'), width: 1 },
    };
    const number = (_, value) => (value == null ? '–' : value.toPrecision(4));
    this.#plot = new uPlot(
      {
        ...this.#size(),
        scales: { x: { time: false }, y: { distr: 3 } }, // Logarithmic: losses fall by orders of magnitude.
        axes: [{ ...axis, label: 'steps', labelSize: 20 }, axis],
        series: [
          { label: 'step' },
          {
            label: 'loss',
            stroke: color('--accent'),
            width: 1.5,
            spanGaps: true,
            points: { show: false },
            value: number,
          },
          {
            label: 'validation',
            stroke: color('--second'),
            width: 2,
            spanGaps: true,
            points: { size: 5 },
            value: number,
          },
        ],
      },
      this.#data(),
      this.#element,
    );
  }
}
