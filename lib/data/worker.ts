// A thread that loads batches for a DataLoader: see workers.ts.

import { parentPort, workerData } from 'node:worker_threads';
import { setRngState } from '../random.js';
import { batchOf } from './batch.js';
import { openModule } from './module-dataset.js';
import { pack } from './transfer.js';
import type { Answer, Request, WorkerData } from './workers.js';
import { fromArray } from '../ops/create.js';

const { url, args, samples } = workerData as WorkerData;
const port = parentPort;
if (port === null) throw new Error('[DataLoader] worker.js is for worker threads');
const opened = openModule('DataLoader', url, args);
// Whoever asks for a batch is told.
opened.catch(() => undefined);

// One batch after the other: those that wait for their samples would draw each other's random numbers.
let last: Promise<void> = opened.then(
  () => undefined,
  () => undefined,
);

port.on('message', ({ id, indices, random }: Request) => {
  last = last.then(() => answer(id, indices, random));
});

async function answer(id: number, indices: Int32Array, random: Request['random']): Promise<void> {
  const transfer: ArrayBuffer[] = [];
  let message: Answer;
  try {
    const dataset = await opened;
    // The same random numbers for a batch, whichever thread it falls to.
    setRngState(random);
    message = { id, batch: pack(await batchOf(dataset, fromArray(indices), samples), transfer) };
  } catch (error) {
    const { name, message: text, stack } = error instanceof Error ? error : new Error(String(error));
    message = { id, error: { name, message: text, stack } };
  }
  port?.postMessage(message, transfer);
}
