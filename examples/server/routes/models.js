import { createReadStream } from 'node:fs';
import { HttpError } from '../errors.js';

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
  app.get('/models', () => ({ models: store.jobs('done').reverse().map(modelOf) }));

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
