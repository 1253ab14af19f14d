import type { FitEvent } from '../events.js';

/** Adds an event to those that wait: of steps in a row, only the last, unless all are wanted. */
export function addEvent(events: FitEvent[], event: FitEvent, allSteps: boolean): void {
  if (event.type === 'step' && !allSteps && events.at(-1)?.type === 'step') events.pop();
  events.push(event);
}

/** How many events of steps wait for somebody to listen. When there are more they are dropped: perhaps nobody ever will. */
const STEPS = 10_000;

/** Events for one listener, who may be slower than they come: of steps in a row, only the last waits, unless all are wanted. */
export class EventQueue {
  #events: FitEvent[] = [];
  /** How many of them the listener has had: never more than half. */
  #taken = 0;
  /** Steps that came before anybody listened. */
  #steps = 0;
  #listened = false;
  readonly #allSteps: boolean;
  #wake: (() => void) | null = null;
  #ended = false;

  constructor(allSteps: boolean) {
    this.#allSteps = allSteps;
  }

  push(event: FitEvent): void {
    if (event.type === 'step' && !this.#listened && ++this.#steps > STEPS) {
      this.#events = this.#events.filter(({ type }) => type !== 'step');
      this.#steps = 1;
    }
    addEvent(this.#events, event, this.#allSteps);
    this.#wake?.();
  }

  /** There will be no more. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<FitEvent, void> {
    this.#listened = true;
    for (;;) {
      if (this.#taken < this.#events.length) {
        const event = this.#events[this.#taken++];
        // One by one, taking them out of a long list would move all the others each time.
        if (this.#taken * 2 > this.#events.length) {
          this.#events.splice(0, this.#taken);
          this.#taken = 0;
        }
        yield event;
      } else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
