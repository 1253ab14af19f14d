import { HttpError } from '../errors.js';
import { follow } from '../follow.js';
import { page, predictSchema } from './models.js';

const number = (minimum, maximum, otherwise) => ({ type: 'number', minimum, maximum, default: otherwise });
const integer = (minimum, maximum, otherwise) => ({
  ...number(minimum, maximum, otherwise),
  type: 'integer',
});

const create = {
  body: {
    type: 'object',
    required: ['dataset', 'target'],
    properties: {
      dataset: { type: 'string' },
      target: { type: 'string' },
      name: { type: 'string', minLength: 1, maxLength: 100 },
      epochs: integer(1, 10_000, 30),
      batchSize: integer(1, 4096, 32),
      hidden: { type: 'array', items: integer(1, 1024), maxItems: 4, default: [32, 32] },
      lr: number(1e-6, 1, 0.003),
      validation: number(0.05, 0.5, 0.2),
      seed: integer(0, 2 ** 31 - 1, 0),
    },
    additionalProperties: false,
  },
};

/** Trainings: begun, followed, aborted, asked. */
export async function jobRoutes(app, { settings, store, jobs, predictor }) {
  app.post('/jobs', { schema: create }, async (request, reply) => {
    const { dataset: id, ...options } = request.body;
    const dataset = store.dataset(id);
    if (dataset === undefined) throw new HttpError(400, `dataset: there is no dataset ${id}`);
    return reply.code(201).send(jobs.create(dataset, options));
  });

  app.get('/jobs', { schema: page }, (request) => ({ jobs: store.lastJobs(request.query) }));

  app.get('/jobs/:id', (request, reply) => reply.send(find(store, request.params.id)));

  // Server-sent events: all that has happened after `Last-Event-ID`, and then what happens.
  app.get('/jobs/:id/events', (request, reply) => {
    const { id } = find(store, request.params.id);
    const last = Number(request.headers['last-event-id'] ?? 0);
    if (!Number.isSafeInteger(last) || last < 0)
      throw new HttpError(400, 'Last-Event-ID: expected the id of an event');
    follow({ id, last, store, jobs, reply });
  });

  app.post('/jobs/:id/abort', (request) => jobs.abort(find(store, request.params.id)));

  app.post('/jobs/:id/resume', (request) => jobs.resume(find(store, request.params.id)));

  app.post('/jobs/:id/predict', { schema: predictSchema(settings) }, (request) =>
    predictor.predict(request.params.id, request.body.rows),
  );

  app.delete('/jobs/:id', async (request, reply) => {
    await jobs.delete(find(store, request.params.id));
    predictor.forget(request.params.id);
    return reply.code(204).send();
  });
}

function find(store, id) {
  const job = store.job(id);
  if (job === undefined) throw new HttpError(404, `there is no job ${id}`);
  return job;
}
