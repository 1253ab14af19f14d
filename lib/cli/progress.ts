import cliProgress from 'cli-progress';
import type { EpochResult, StepEvent } from './mnist-training.js';
import {
  colorsFor,
  formatCount,
  formatDuration,
  formatLoss,
  formatPercent,
  formatSeconds,
} from './terminal.js';

/** What a run has before it. */
export interface Plan {
  readonly epochs: number;
  /** Images in an epoch. */
  readonly images: number;
}

/** Milliseconds between two pictures of the bar, and between two lines where there is no terminal. */
const REDRAW = 100;
const LINE = 10_000;

/** Shows how far the training is: a bar on a terminal, now and then a line elsewhere. */
export class Progress {
  readonly #plan: Plan;
  readonly #stream: NodeJS.WriteStream;
  readonly #bar: cliProgress.SingleBar | null;
  readonly #out: NodeJS.WriteStream;
  #shown = performance.now();
  #losses = 0;
  /** How long the tests between epochs take, as far as that is known. */
  #testSeconds = 0;
  #testing = 0;

  /**
   * @param stream where the bar is, or what stands for it
   * @param out where finished epochs are told
   */
  constructor(plan: Plan, stream: NodeJS.WriteStream, out: NodeJS.WriteStream) {
    this.#plan = plan;
    this.#stream = stream;
    this.#out = out;
    this.#bar = stream.isTTY ? createBar(stream) : null;
    // The bar turns line wrapping off: whatever ends the program, it must be on again.
    if (this.#bar) process.once('exit', () => this.#bar?.stop());
  }

  step({ epoch, step, loss, images, seconds }: StepEvent): void {
    this.#losses = (step === 1 ? 0 : this.#losses) + loss;
    const now = performance.now();
    if (now - this.#shown < (this.#bar ? REDRAW : LINE)) return;
    this.#shown = now;
    const rate = images / seconds;
    const { epochs } = this.#plan;
    const left =
      (this.#plan.images * (epochs - epoch + 1) - images) / rate + this.#testSeconds * (epochs - epoch + 1);
    const payload = {
      epoch: this.#epochOf(epoch),
      rate: `${formatCount(rate)} images/s`,
      left: `${formatDuration(left)} left`,
      loss: `loss ${formatLoss(this.#losses / step)}`,
    };
    if (this.#bar === null) {
      const share = Math.floor((100 * images) / this.#plan.images);
      this.#stream.write(`${payload.epoch}  ${share}%  ${payload.rate}  ${payload.left}  ${payload.loss}\n`);
    } else if (this.#bar.isActive) this.#bar.update(images, payload);
    else this.#bar.start(this.#plan.images, images, payload);
  }

  test(epoch: number): void {
    this.#testing = performance.now();
    if (this.#bar?.isActive)
      this.#bar.update(this.#plan.images, { epoch: this.#epochOf(epoch), left: 'testing' });
  }

  epoch({ epoch, loss, testAccuracy, seconds, imagesPerSecond }: EpochResult): void {
    this.#testSeconds = (performance.now() - this.#testing) / 1000;
    this.stop();
    const { bold, dim } = colorsFor(this.#out);
    const columns = [
      this.#epochOf(epoch),
      `loss ${formatLoss(loss)}`,
      `test accuracy ${bold(formatPercent(testAccuracy))}`,
      dim(`${formatSeconds(seconds).padStart(7)}  ${formatCount(imagesPerSecond).padStart(7)} images/s`),
    ];
    this.#out.write(`${columns.join('  ')}\n`);
  }

  /** Takes the bar away. */
  stop(): void {
    this.#bar?.stop();
  }

  #epochOf(epoch: number): string {
    const { epochs } = this.#plan;
    return `epoch ${String(epoch).padStart(String(epochs).length)}/${epochs}`;
  }
}

/** Width of the texts around the bar, at most. */
const TEXTS = 76;

function createBar(stream: NodeJS.WriteStream): cliProgress.SingleBar {
  const { cyan, dim } = colorsFor(stream);
  return new cliProgress.SingleBar({
    stream,
    format: `{epoch}  ${cyan('{bar}')} {percentage}%  {rate}  {left}  ${dim('{loss}')}`,
    barCompleteChar: '━',
    barIncompleteChar: ' ',
    barsize: Math.max(10, Math.min(40, (stream.columns ?? 80) - TEXTS)),
    clearOnComplete: true,
    // Interrupts are the command's business.
    gracefulExit: false,
    fps: 1000 / REDRAW,
  });
}
