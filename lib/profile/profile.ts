import { backend, useBackend } from '../backend/select.js';
import { watched } from '../backend/watch.js';
import { describe, typeError } from '../errors.js';
import { writeFileAtomic } from '../io/atomic.js';
import { observed, observer, setObserver } from '../observer.js';
import { traceEventsOf } from './chrome-trace.js';
import { ProfileRecorder, type ProfileEvent } from './recorder.js';
import { rowsOf, tableOf, type ProfileRow } from './rows.js';

/**
 * Runs a function and records where its time goes: each call of a kernel, forward and backward.
 *
 * ```ts
 * const p = profile(() => crossEntropy(model.forward(x), y).backward());
 * console.log(p.table());
 * await p.exportChromeTrace('trace.json');   // for chrome://tracing and https://ui.perfetto.dev
 * ```
 *
 * Kernels that run in `backward` are marked so. A step of `compile` that is run again is one call, `compiled
 * step`: profile the function itself to see into it. A kernel takes half a microsecond longer while it is observed, and nothing
 * when it is not.
 * @param fn what it returns is `result`. Where that is a promise, or a training of `fit`, the profile is a promise too, of all that
 *   this thread does until then.
 * @throws TypeError for what is no function; Error if another profile is running; what `fn` throws
 * @see https://pytorch.org/docs/stable/profiler.html
 */
export function profile<T>(fn: () => PromiseLike<T>): Promise<Profile<T>>;
export function profile<T>(fn: () => T): Profile<T>;
export function profile(fn: () => unknown): Profile | Promise<Profile> {
  if (typeof fn !== 'function') typeError('profile', `fn: expected a function, got ${describe(fn)}`);
  if (observer !== null) throw new Error('[profile] a profile is under way: one at a time');
  const recorder = new ProfileRecorder();
  const restore = useBackend(watched(backend, recorder.time));
  setObserver(recorder);
  const end = (): void => {
    setObserver(null);
    restore();
    recorder.close();
  };
  const done = (result: unknown): Profile => {
    const seconds = (performance.now() - recorder.began) / 1000;
    end();
    return new Profile(result, seconds, recorder.events, recorder.parts);
  };
  let result: unknown;
  try {
    result = fn();
  } catch (error) {
    end();
    throw error;
  }
  if (!isPromise(result)) return done(result);
  return Promise.resolve(result).then(done, (error: unknown) => {
    end();
    throw error;
  });
}

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';

/**
 * Runs a part of what is profiled under a name: it gets a row in the table, and a bar in the trace that its kernels lie in. Outside
 * of a profile it just runs.
 * @param fn may return a promise: then the part lasts until that is settled
 * @see https://pytorch.org/docs/stable/generated/torch.autograd.profiler.record_function.html
 */
export function recordFunction<T>(name: string, fn: () => T): T {
  if (typeof name !== 'string') typeError('recordFunction', `name: expected a string, got ${describe(name)}`);
  if (typeof fn !== 'function') typeError('recordFunction', `fn: expected a function, got ${describe(fn)}`);
  return observed(name, fn);
}

/** What {@link profile} found. */
export class Profile<T = unknown> {
  readonly #parts: ReadonlyMap<readonly string[], ProfileEvent>;

  /** @internal */
  constructor(
    /** What the function returned. */
    readonly result: T,
    /** From the beginning to the end of the function. */
    readonly seconds: number,
    /** Every call of a kernel, and every part with a name, in the order of their ends. */
    readonly events: readonly ProfileEvent[],
    parts: ReadonlyMap<readonly string[], ProfileEvent>,
  ) {
    this.#parts = parts;
  }

  /** The calls, by name, those that took most time first. */
  get rows(): ProfileRow[] {
    return rowsOf(this.events, this.seconds);
  }

  /** {@link rows} as text. */
  table(): string {
    return tableOf(this.rows, this.seconds);
  }

  /** {@link table}. */
  toString(): string {
    return this.table();
  }

  /** The calls as events of the Trace Event Format, which chrome://tracing and Perfetto show; times are in microseconds. */
  chromeTrace(): { traceEvents: object[]; displayTimeUnit: 'ms' } {
    return { traceEvents: traceEventsOf(this.events, this.#parts), displayTimeUnit: 'ms' };
  }

  /** Writes {@link chromeTrace} into a file, which is replaced as a whole. */
  async exportChromeTrace(path: string): Promise<void> {
    await writeFileAtomic(path, [JSON.stringify(this.chromeTrace())]);
  }
}
