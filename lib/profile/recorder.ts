import { AsyncLocalStorage } from 'node:async_hooks';
import type { Observer } from '../observer.js';
import { workOf } from './work.js';

/** A call of a kernel, or a part of the computation that has a name. */
export interface ProfileEvent {
  readonly name: string;
  readonly kind: 'kernel' | 'span';
  /** Milliseconds since the profile began. */
  readonly start: number;
  readonly duration: number;
  /** The memory that the kernel reads and writes, and its operations on numbers; 0 for parts with a name. */
  readonly bytes: number;
  readonly flops: number;
  /** The names of the parts that it lies in, the innermost last. */
  readonly within: readonly string[];
}

/** What a call does: the kernel's own name, or that of the op that it was asked for. */
function labelOf(kernel: string, [op]: readonly unknown[]): string {
  if (typeof op !== 'string') return kernel;
  return ['unary', 'binary', 'compare'].includes(kernel) ? op : `${kernel} ${op}`;
}

const NOWHERE: readonly string[] = [];

/** Times the kernels of a backend. */
export class ProfileRecorder implements Observer {
  readonly events: ProfileEvent[] = [];
  /** The parts with a name, by what kernels right in them have as `within`. */
  readonly parts = new Map<readonly string[], ProfileEvent>();
  readonly began = performance.now();
  /** Parts may wait for something at the same time: each goes on where it was. */
  readonly #within = new AsyncLocalStorage<readonly string[]>();

  get #place(): readonly string[] {
    return this.#within.getStore() ?? NOWHERE;
  }

  /** Runs a call of a kernel. */
  readonly time = (kernel: string, args: readonly unknown[], run: () => unknown): unknown => {
    const start = performance.now();
    const result = run();
    const duration = performance.now() - start;
    const { bytes, flops } = workOf(kernel, args);
    this.events.push({
      ...{ name: labelOf(kernel, args), kind: 'kernel', start: start - this.began, duration },
      ...{ bytes, flops, within: this.#place },
    });
    return result;
  };

  span<T>(name: string, fn: () => T): T {
    const outer = this.#place;
    const inner = [...outer, name];
    const start = performance.now();
    const end = (): void => {
      const duration = performance.now() - start;
      const times = { start: start - this.began, duration };
      const event = { name, kind: 'span', ...times, bytes: 0, flops: 0, within: outer } as const;
      this.parts.set(inner, event);
      this.events.push(event);
    };
    let result: T;
    try {
      result = this.#within.run(inner, fn);
    } catch (error) {
      end();
      throw error;
    }
    if (result instanceof Promise) return result.finally(end) as T;
    end();
    return result;
  }

  /** Nothing is to be noted any more. */
  close(): void {
    this.#within.disable();
  }
}
