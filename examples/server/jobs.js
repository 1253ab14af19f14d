import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { readdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { train } from 'mgp-node';
import { encodingOf } from './encoding.js';
import { HttpError } from './errors.js';
import { heldBack } from './train.js';

/** Of how many steps a job tells at most. */
const CURVE = 500;

/**
 * The jobs: a line of those that wait, and worker threads for those that run. All that must survive is in the store and in
 * files: states and events there, checkpoints here. Emits the id of a job when there is something new to tell of it.
 */
export class Jobs extends EventEmitter {
  #store;
  #settings;
  #log;
  /** By id: the worker's training, what aborts it, and the promise of its end. */
  #running = new Map();
  #stopping = false;

  constructor({ store, settings, log }) {
    super();
    this.setMaxListeners(0);
    this.#store = store;
    this.#settings = settings;
    this.#log = log;
  }

  /** Goes on with what was running when the server ended, and then with those that waited. */
  start() {
    for (const { id } of this.#store.jobs('running')) this.#setState(id, 'queued');
    // A server that was killed may not have come to tidying up.
    for (const id of readdirSync(this.checkpoints('')))
      if (['done', undefined].includes(this.#store.job(id)?.state))
        rmSync(this.checkpoints(id), { recursive: true, force: true });
    this.#advance();
  }

  /** Stops all at the end of their steps, with checkpoints: they go on after the next {@link start}. */
  async stop() {
    this.#stopping = true;
    const ends = [...this.#running.values()].map(({ controller, end }) => {
      controller.abort();
      return end;
    });
    await Promise.all(ends);
    this.emit('stop');
  }

  get counts() {
    return { running: this.#running.size, queued: this.#store.countJobs('queued') };
  }

  /** @throws HttpError 400 for a wrong target, 429 when too many wait */
  create(dataset, { target, name, ...config }) {
    const encoding = encodingOf(dataset.columns, target);
    const perEpoch = Math.ceil((dataset.rows - heldBack(dataset.rows, config)) / config.batchSize);
    this.#checkLine();
    const job = this.#store.addJob({
      id: randomUUID(),
      dataset: dataset.id,
      name: name ?? `${target} of ${dataset.name}`,
      encoding,
      config,
      total: perEpoch * config.epochs,
    });
    this.#setState(job.id, 'queued');
    this.#advance();
    return this.#store.job(job.id);
  }

  /** Ends a job: at once when it waits, else at the end of its step. */
  async abort({ id, state }) {
    if (state === 'queued') this.#setState(id, 'aborted');
    else if (state === 'running') {
      const { controller, end } = this.#running.get(id);
      controller.abort();
      await end;
    } else throw new HttpError(409, `the job is ${state}: there is nothing to abort`);
    return this.#store.job(id);
  }

  /** Goes on with a job that was aborted or has failed, from its last checkpoint. */
  resume({ id, state, dataset }) {
    if (state !== 'aborted' && state !== 'failed')
      throw new HttpError(409, `the job is ${state}: only what was aborted or has failed can go on`);
    if (this.#store.dataset(dataset) === undefined)
      throw new HttpError(409, 'the dataset of the job has been deleted');
    this.#checkLine();
    this.#setState(id, 'queued');
    this.#advance();
    return this.#store.job(id);
  }

  /** Forgets a job that is over, and its model. */
  async delete({ id }) {
    if (['queued', 'running'].includes(this.#store.job(id)?.state))
      throw new HttpError(409, 'the job is not over: abort it first');
    this.#store.deleteJob(id);
    await rm(this.checkpoints(id), { recursive: true, force: true });
    await rm(this.model(id), { force: true });
  }

  isRunning(id) {
    return this.#running.has(id);
  }

  /** The weights of a job that runs, as they are now: null while there are none. */
  weights(id) {
    return this.#running.get(id)?.training.stateDict() ?? null;
  }

  /** Where a job has its checkpoints, and in the end its model. */
  checkpoints = (id) => join(this.#settings.dir, 'checkpoints', id);
  model = (id) => join(this.#settings.dir, 'models', `${id}.safetensors`);

  #checkLine() {
    const { maxQueued } = this.#settings;
    if (this.#store.countJobs('queued') >= maxQueued + this.#free())
      throw new HttpError(429, `expected at most ${maxQueued} jobs to wait: try again later, or abort some`);
  }

  #free() {
    return this.#stopping ? 0 : this.#settings.maxRunning - this.#running.size;
  }

  /** Begins jobs while there is room. */
  #advance() {
    for (const job of this.#store.jobs('queued').slice(0, this.#free())) {
      const controller = new AbortController();
      const training = this.#begin(job, controller.signal);
      const end = this.#follow(job, training).finally(() => {
        this.#running.delete(job.id);
        this.#advance();
      });
      this.#running.set(job.id, { training, controller, end });
    }
  }

  #begin({ id, dataset, encoding, config }, signal) {
    this.#setState(id, 'running');
    const { rows, columns } = this.#store.dataset(dataset);
    return train.trainInWorker(new URL('./train.js', import.meta.url), {
      data: {
        ...{ encoding, config, rows, columns: columns.map(({ name }) => name) },
        ...{ csv: join(this.#settings.dir, 'datasets', `${dataset}.csv`) },
        ...{ dir: this.checkpoints(id), path: this.model(id) },
      },
      threads: 1,
      signal,
    });
  }

  /** Keeps what a training tells, to its end. */
  async #follow({ id, total }, training) {
    const every = Math.ceil(total / CURVE);
    let told = -Infinity;
    try {
      for await (const event of training) {
        if (event.type !== 'done') this.#store.setProgress(id, event);
        if (event.type === 'step' && event.steps < told + every) continue;
        if (event.type === 'step') told = event.steps;
        this.#tell(id, event);
      }
      const result = await training;
      if (result.reason !== 'aborted') await this.#finish(id, result);
      // Stopped with the server, it stays as it is and goes on.
      else if (!this.#stopping) this.#setState(id, 'aborted');
    } catch (error) {
      this.#log.error({ err: error, job: id }, 'a job failed');
      this.#setState(id, 'failed', { error: error.message });
    }
  }

  async #finish(id, result) {
    // The model is on the disk. Killed here, the job would begin again at its last checkpoint, and end at once.
    this.#setState(id, 'done', { result });
    await rm(this.checkpoints(id), { recursive: true, force: true });
  }

  #tell(id, event) {
    const { type, epoch, steps, loss, valLoss, metrics } = event;
    if (type === 'resume') {
      this.#store.rewindEvents(id, steps);
      this.#store.addEvent(id, { type, steps, epoch });
    } else if (type === 'step') this.#store.addEvent(id, { type, steps, epoch, loss });
    else if (type === 'epoch') this.#store.addEvent(id, { type, steps, epoch, loss, valLoss, metrics });
    else return;
    this.emit(id);
  }

  #setState(id, state, more) {
    this.#store.setState(id, state, more);
    this.emit(id);
  }
}
