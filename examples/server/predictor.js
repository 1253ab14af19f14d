import { io, noGrad, softmax, tensor, tidy } from 'mgp-node';
import { decodeOutput, encodeInputs, inputWidth, readRows } from './encoding.js';
import { HttpError } from './errors.js';
import { buildModel } from './model.js';

/** How many models stay in memory. */
const KEPT = 32;
/** Milliseconds for which weights of a job that runs are good enough. */
const FRESH = 250;

/** Predicts with models, and with what jobs have learned so far. */
export class Predictor {
  #store;
  #jobs;
  /** By id, the least recently used first: `{ job, model, steps, isRunning, until }`. */
  #models = new Map();

  constructor({ store, jobs }) {
    this.#store = store;
    this.#jobs = jobs;
  }

  /**
   * @param rows `{ column: value }` for each
   * @throws HttpError 400 for a wrong row, 404 where there is no such job, 409 where it has no weights
   */
  async predict(id, rows) {
    const { job, model, steps } = await this.#find(id);
    const { encoding } = job;
    const width = inputWidth(encoding);
    const inputs = new Float32Array(rows.length * width);
    readRows(encoding, rows).forEach((values, i) => encodeInputs(encoding, values, inputs, i * width));
    const outputs = noGrad(() =>
      tidy(() => {
        const y = model.forward(tensor(inputs).reshape(rows.length, width));
        return (encoding.target.type === 'category' ? softmax(y, 1) : y).toArray();
      }),
    );
    const each = outputs.length / rows.length;
    const predictions = rows.map((_, i) =>
      decodeOutput(encoding, Array.from(outputs.subarray(i * each, (i + 1) * each))),
    );
    return { steps, predictions };
  }

  forget(id) {
    this.#models.delete(id);
  }

  async #find(id) {
    let entry = this.#models.get(id);
    const isStale = entry === undefined || entry.until < performance.now();
    if (isStale || entry.isRunning !== this.#jobs.isRunning(id)) entry = await this.#load(id, entry?.model);
    // It is the one used last now.
    this.#models.delete(id);
    this.#models.set(id, entry);
    if (this.#models.size > KEPT) this.#models.delete(this.#models.keys().next().value);
    return entry;
  }

  /** @param model one of this job that has older weights */
  async #load(id, model) {
    const job = this.#store.job(id);
    if (job === undefined) throw new HttpError(404, `there is no job ${id}`);
    model ??= buildModel(job.encoding, job.config).eval();
    if (job.state === 'done') {
      const { tensors } = await io.safetensors.loadFile(this.#jobs.model(id));
      model.loadStateDict(tensors);
      return { job, model, steps: job.result.steps, isRunning: false, until: Infinity };
    }
    const weights = this.#jobs.weights(id);
    if (weights === null)
      throw new HttpError(409, `the job is ${job.state}: it has no weights to predict with`);
    model.loadStateDict(weights);
    return { job, model, steps: job.steps, isRunning: true, until: performance.now() + FRESH };
  }
}
