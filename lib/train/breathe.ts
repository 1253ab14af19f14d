/** Milliseconds of computing after which the event loop gets a turn: short for a person, long for a machine. */
const INTERVAL = 50;

/**
 * Lets the event loop turn now and then: signals, timers and sockets wait while JavaScript computes.
 * ```ts
 * const breath = new Breath();
 * for (…) {
 *   step();
 *   if (breath.due()) await breath.take();
 * }
 * ```
 */
export class Breath {
  #last = performance.now();

  /** Whether the event loop has waited long enough. */
  due(): boolean {
    return performance.now() - this.#last >= INTERVAL;
  }

  /** One turn of the event loop. */
  async take(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#last = performance.now();
  }
}
