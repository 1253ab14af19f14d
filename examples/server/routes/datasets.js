import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { receiveCsv } from '../csv.js';
import { HttpError } from '../errors.js';

const upload = {
  querystring: {
    type: 'object',
    properties: {
      name: { type: 'string', minLength: 1, maxLength: 100 },
      categorical: { type: 'string', maxLength: 10_000 },
    },
    additionalProperties: false,
  },
};

/** Tables to learn from. */
export async function datasetRoutes(app, { settings, store }) {
  const folder = join(settings.dir, 'datasets');
  const pathOf = (id) => join(folder, `${id}.csv`);
  // What was coming in when the server ended is lost.
  for (const file of readdirSync(folder)) if (file.endsWith('.part')) rmSync(join(folder, file));

  // The body stays a stream: it goes to the disk as it comes.
  app.addContentTypeParser('text/csv', (_request, payload, done) => done(null, payload));

  app.post('/datasets', { schema: upload }, async (request, reply) => {
    const { name = 'table.csv', categorical = '' } = request.query;
    if (typeof request.body?.pipe !== 'function')
      throw new HttpError(415, 'expected a CSV file with the header Content-Type: text/csv');
    if (Number(request.headers['content-length']) > settings.maxBytes)
      throw new HttpError(413, `expected at most ${settings.maxBytes} bytes`);
    if (store.countDatasets() >= settings.maxDatasets)
      throw new HttpError(429, `expected at most ${settings.maxDatasets} datasets: delete some`);
    const id = randomUUID();
    const part = `${pathOf(id)}.part`;
    const names = categorical.split(',').map((column) => column.trim());
    try {
      const table = await receiveCsv(request.body, part, {
        limits: settings,
        categorical: names.filter((column) => column !== ''),
      });
      await rename(part, pathOf(id));
      return reply.code(201).send(store.addDataset({ id, name, ...table }));
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
  });

  app.get('/datasets', () => ({ datasets: store.datasets() }));

  app.get('/datasets/:id', (request, reply) => reply.send(find(store, request.params.id)));

  app.delete('/datasets/:id', async (request, reply) => {
    const { id } = find(store, request.params.id);
    if (store.jobs('queued', 'running').some(({ dataset }) => dataset === id))
      throw new HttpError(409, 'jobs learn from this dataset: abort them first');
    store.deleteDataset(id);
    await rm(pathOf(id), { force: true });
    return reply.code(204).send();
  });
}

function find(store, id) {
  const dataset = store.dataset(id);
  if (dataset === undefined) throw new HttpError(404, `there is no dataset ${id}`);
  return dataset;
}
