import type { Worker } from 'node:worker_threads';
import type { RandomState } from '../random.js';
import type { Tensor } from '../tensor.js';
import { startThread } from '../thread.js';
import { unpack } from './transfer.js';

/** What a worker is started with: the module of its dataset, and whether it gives samples instead of batches. */
export interface WorkerData {
  readonly url: string;
  readonly args: readonly unknown[];
  readonly samples: boolean;
}

/** What a worker is asked for: a batch, with the state of its random numbers. */
export interface Request {
  readonly id: number;
  readonly indices: Int32Array;
  readonly random: RandomState;
}

/** What it answers. */
export interface Answer {
  readonly id: number;
  readonly batch?: unknown;
  readonly error?: { readonly name: string; readonly message: string; readonly stack: string | undefined };
}

interface Waiting {
  readonly resolve: (batch: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly worker: Worker;
}

/** Threads that load batches, each in turn. They keep the process alive only while someone waits. */
export class Workers {
  readonly #workers: Worker[];
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #failure: Error | null = null;

  constructor(count: number, data: WorkerData) {
    this.#workers = Array.from({ length: count }, () => {
      const worker = startThread('data/worker', data);
      worker.on('message', (answer: Answer) => this.#answered(answer));
      worker.on('error', (error) => this.#fail(worker, error));
      worker.on('exit', (code) => this.#fail(worker, new Error(`it ended with code ${code}`)));
      worker.unref();
      return worker;
    });
  }

  get size(): number {
    return this.#workers.length;
  }

  /** Whether a thread is gone. */
  get failed(): boolean {
    return this.#failure !== null;
  }

  load(indices: Tensor, random: RandomState): Promise<unknown> {
    const id = this.#next++;
    const worker = this.#workers[id % this.size];
    const batch = new Promise<unknown>((resolve, reject) => {
      if (this.#failure !== null) reject(this.#failure);
      else this.#waiting.set(id, { resolve, reject, worker });
    });
    // It may be asked for later, after others.
    batch.catch(() => undefined);
    if (this.#failure !== null) return batch;
    worker.ref();
    const request: Request = { id, indices: indices.toArray() as Int32Array, random };
    worker.postMessage(request);
    return batch;
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    this.#failure ??= new Error('[DataLoader] the workers were closed');
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #answered({ id, batch, error }: Answer): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    if (![...this.#waiting.values()].some(({ worker }) => worker === waiting.worker)) waiting.worker.unref();
    if (error === undefined) return waiting.resolve(unpack(batch));
    const cause = Object.assign(new Error(error.message), { name: error.name, stack: error.stack });
    waiting.reject(new Error(`[DataLoader] a worker failed: ${error.message}`, { cause }));
  }

  #fail(worker: Worker, cause: Error): void {
    this.#failure ??= new Error(`[DataLoader] a worker ended: ${cause.message}`, { cause });
    for (const [id, waiting] of this.#waiting) {
      if (waiting.worker !== worker) continue;
      this.#waiting.delete(id);
      waiting.reject(this.#failure);
    }
  }
}
