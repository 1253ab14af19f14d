import type { FitEvent } from '../events.js';

/** Adds an event to those that wait: of steps in a row, only the last, unless all are wanted. */
export function addEvent(events: FitEvent[], event: FitEvent, allSteps: boolean): void {
  if (event.type === 'step' && !allSteps && events.at(-1)?.type === 'step') events.pop();
  events.push(event);
}

/** Events for one listener, who may be slower than they come: of steps in a row, only the last waits, unless all are wanted. */
export class EventQueue {
  readonly #events: FitEvent[] = [];
  readonly #allSteps: boolean;
  #wake: (() => void) | null = null;
  #ended = false;

  constructor(allSteps: boolean) {
    this.#allSteps = allSteps;
  }

  push(event: FitEvent): void {
    addEvent(this.#events, event, this.#allSteps);
    this.#wake?.();
  }

  /** There will be no more. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<FitEvent, void> {
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined) yield event;
      else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
