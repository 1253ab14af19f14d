import { createReadStream } from 'node:fs';
import { HttpError } from '../errors.js';

/** A part of a list: texts, as all of an address is. */
export const page = {
  querystring: {
    type: 'object',
    properties: {
      limit: { type: 'string', pattern: '^[1-9][0-9]{0,2}$', default: '100' },
      offset: { type: 'string', pattern: '^[0-9]{1,9}$', default: '0' },
    },
    additionalProperties: false,
  },
};

/** What is predicted for: some rows, whose fields the model knows best. */
export const predictSchema = ({ maxPredictRows }) => ({
  body: {
    type: 'object',
    required: ['rows'],
    properties: {
      rows: { type: 'array', items: { type: 'object' }, minItems: 1, maxItems: maxPredictRows },
    },
    additionalProperties: false,
  },
});

/** What jobs have come to. A model has the id of its job. */
export async function modelRoutes(app, { settings, store, jobs, predictor }) {
  app.get('/models', { schema: page }, (request) => ({
    models: store.lastJobs({ ...request.query, state: 'done' }).map(modelOf),
  }));

  app.get('/models/:id', (request, reply) => reply.send(modelOf(find(store, request.params.id))));

  app.get('/models/:id/weights', (request, reply) => {
    const { id } = find(store, request.params.id);
    return reply
      .type('application/octet-stream')
      .header('content-disposition', `attachment; filename="${id}.safetensors"`)
      .send(createReadStream(jobs.model(id)));
  });

  app.post('/models/:id/predict', { schema: predictSchema(settings) }, (request) =>
    predictor.predict(find(store, request.params.id).id, request.body.rows),
  );
}

const modelOf = ({ id, name, dataset, encoding, config, result, ended }) => ({
  ...{ id, name, dataset, ...encoding, config, result, created: ended },
});

function find(store, id) {
  const job = store.job(id);
  if (job?.state !== 'done') throw new HttpError(404, `there is no model ${id}`);
  return job;
}
