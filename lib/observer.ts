/** Somebody who wants to know what runs: a profile. */
export interface Observer {
  /** Runs a part of a computation that has a name. */
  span<T>(name: string, fn: () => T): T;
}

/** Who watches this thread, if anybody does. */
export let observer: Observer | null = null;

/** Runs a part of a computation, under its name where somebody watches. */
export const observed = <T>(name: string, fn: () => T): T =>
  observer === null ? fn() : observer.span(name, fn);

export function setObserver(next: Observer | null): void {
  observer = next;
}
