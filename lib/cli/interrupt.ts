import { constants } from 'node:os';

/** A Ctrl-C under npm comes twice, from the terminal and from npm: within this time, in milliseconds, they are one. */
const SAME_PRESS = 250;

/**
 * Turns Ctrl-C (SIGINT) and a polite request to end (SIGTERM) into the end of the current step. The second one ends the
 * program at once.
 */
export class Interrupt {
  readonly #controller = new AbortController();
  readonly #notify: () => void;
  #cause: NodeJS.Signals | null = null;
  #since = 0;

  /** @param notify called at the first signal, before anything stops */
  constructor(notify: () => void) {
    this.#notify = notify;
    process.on('SIGINT', this.#onSignal);
    process.on('SIGTERM', this.#onSignal);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What a shell calls the end by a signal: 128 and its number. */
  get exitCode(): number {
    return this.#cause === null ? 0 : 128 + constants.signals[this.#cause];
  }

  /** Signals do again what they do by default. */
  dispose(): void {
    process.off('SIGINT', this.#onSignal);
    process.off('SIGTERM', this.#onSignal);
  }

  readonly #onSignal = (cause: NodeJS.Signals): void => {
    const now = performance.now();
    if (this.#cause === null) {
      this.#cause = cause;
      this.#since = now;
      this.#notify();
      this.#controller.abort();
    } else if (now - this.#since > SAME_PRESS) process.exit(128 + constants.signals[cause]);
  };
}
