import type { EpochEvent, ResumeEvent, StepEvent } from './events.js';
import { formatCount, formatDuration, formatLoss, formatSeconds } from '../format.js';

/** Where progress is shown: `process.stderr`, or what looks like it. */
export interface ProgressStream {
  /** Shows a text. */
  write(text: string): unknown;
  /** Whether it is a terminal, whose line can be written anew. */
  readonly isTTY?: boolean;
  /** Width of the terminal. */
  readonly columns?: number;
}

/** Milliseconds between two pictures of the bar, and between two lines where there is no terminal. */
const REDRAW = 100;
const LINE = 10_000;

/** Width of the texts around the bar, at most. */
const TEXTS = 72;

/** From the beginning of the line, which is emptied. */
const CLEAR = '\r\x1b[K';

/** Shows how far a training is: a bar on a terminal, now and then a line elsewhere. */
export class Progress {
  readonly #stream: ProgressStream;
  readonly #epochs: number;
  /** Steps of an epoch, where anybody knows. */
  readonly #length: number | null;
  #shown = performance.now();
  #bar = false;
  #losses = 0;
  #counted = 0;

  constructor(stream: ProgressStream, epochs: number, length: number | null) {
    this.#stream = stream;
    this.#epochs = epochs;
    this.#length = length;
  }

  step(event: StepEvent): void {
    const { epoch, step, loss, samples, seconds } = event;
    if (step === 1) this.#losses = this.#counted = 0;
    this.#losses += loss;
    this.#counted++;
    const now = performance.now();
    const { isTTY } = this.#stream;
    if (now - this.#shown < (isTTY ? REDRAW : LINE)) return;
    this.#shown = now;
    const length = this.#length;
    const texts = [
      `${formatCount(samples / seconds)} samples/s`,
      ...(length === null ? [] : [`${formatDuration(this.#secondsLeft(event, length))} left`]),
      `loss ${formatLoss(this.#losses / this.#counted)}`,
    ].join('  ');
    const at = length === null ? `step ${formatCount(step)}` : `${Math.floor((100 * step) / length)}%`;
    if (!isTTY) this.#stream.write(`${this.#nameOf(epoch)}  ${at}  ${texts}\n`);
    else this.#draw(`${this.#nameOf(epoch)}  ${barOf(this.#stream, step, length)}${at}  ${texts}`);
  }

  epoch({ epoch, loss, valLoss, metrics, samples, seconds }: EpochEvent): void {
    const texts = [
      this.#nameOf(epoch),
      `loss ${formatLoss(loss)}`,
      ...(valLoss === null ? [] : [`valLoss ${formatLoss(valLoss)}`]),
      ...Object.entries(metrics).map(([name, value]) => `${name} ${value.toFixed(4)}`),
      formatSeconds(seconds),
      `${formatCount(seconds > 0 ? samples / seconds : 0)} samples/s`,
    ];
    this.#line(texts.join('  '));
  }

  resume({ path, epoch, step }: ResumeEvent): void {
    this.#line(`going on from ${path}: epoch ${epoch}, step ${step + 1}`);
  }

  /** Says why a training ends before its last epoch. */
  stale({ name, patience }: { readonly name: string; readonly patience: number }): void {
    this.#line(`stopped: ${name} was no better for ${patience} ${patience === 1 ? 'epoch' : 'epochs'}`);
  }

  #line(text: string): void {
    this.stop();
    this.#stream.write(`${text}\n`);
  }

  /** Takes the bar away. */
  stop(): void {
    if (this.#bar) this.#stream.write(CLEAR);
    this.#bar = false;
  }

  #draw(text: string): void {
    // A line that wraps could not be cleared.
    this.#stream.write(CLEAR + text.slice(0, (this.#stream.columns ?? 80) - 1));
    this.#bar = true;
  }

  #secondsLeft({ epoch, step, seconds }: StepEvent, length: number): number {
    return (seconds / step) * (length * (this.#epochs - epoch + 1) - step);
  }

  #nameOf(epoch: number): string {
    return `epoch ${String(epoch).padStart(String(this.#epochs).length)}/${this.#epochs}`;
  }
}

function barOf({ columns = 80 }: ProgressStream, step: number, length: number | null): string {
  if (length === null) return '';
  const width = Math.max(8, Math.min(40, columns - TEXTS));
  return `${'━'.repeat(Math.min(width, Math.floor((width * step) / length))).padEnd(width)} `;
}
