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

/** Times the kernels of a backend. */
export class ProfileRecorder implements Observer {
  readonly events: ProfileEvent[] = [];
  readonly began = performance.now();
  #within: readonly string[] = [];

  /** Runs a call of a kernel. */
  readonly time = (kernel: string, args: readonly unknown[], run: () => unknown): unknown => {
    const start = performance.now();
    const result = run();
    const duration = performance.now() - start;
    const { bytes, flops } = workOf(kernel, args);
    this.events.push({
      ...{ name: labelOf(kernel, args), kind: 'kernel', start: start - this.began, duration },
      ...{ bytes, flops, within: this.#within },
    });
    return result;
  };

  span<T>(name: string, fn: () => T): T {
    const outer = this.#within;
    this.#within = [...outer, name];
    const start = performance.now();
    const end = (): void => {
      this.#within = outer;
      const duration = performance.now() - start;
      const event = { name, kind: 'span', start: start - this.began, duration } as const;
      this.events.push({ ...event, bytes: 0, flops: 0, within: outer });
    };
    let result: T;
    try {
      result = fn();
    } catch (error) {
      end();
      throw error;
    }
    if (result instanceof Promise) return result.finally(end) as T;
    end();
    return result;
  }
}
