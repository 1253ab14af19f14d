import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Fastify, { LogController } from 'fastify';
import { Jobs } from './jobs.js';
import { requireKey } from './keys.js';
import { Predictor } from './predictor.js';
import { datasetRoutes } from './routes/datasets.js';
import { healthRoutes } from './routes/health.js';
import { jobRoutes } from './routes/jobs.js';
import { modelRoutes } from './routes/models.js';
import { pageRoutes } from './routes/page.js';
import { Store } from './store.js';

/** The service, as a Fastify app that is not listening yet. Its jobs begin when it is ready. */
export async function buildApp(settings, options = {}) {
  for (const folder of ['datasets', 'checkpoints', 'models'])
    mkdirSync(join(settings.dir, folder), { recursive: true });
  const app = Fastify({
    bodyLimit: 1024 * 1024,
    // 'true' is not a number: what is wrong is refused, not guessed at.
    ajv: { customOptions: { coerceTypes: false, allErrors: true, removeAdditional: false } },
    forceCloseConnections: 'idle',
    // Whoever sends for longer is cut off: an upload of the largest table has this long.
    requestTimeout: 300_000,
    logController: new LogController({ disableRequestLogging: true }),
    ...options,
  });
  const store = new Store(settings.dir);
  const jobs = new Jobs({ store, settings, log: app.log });
  const services = { settings, store, jobs, predictor: new Predictor({ store, jobs, settings }) };

  if (settings.apiKey !== null) app.addHook('onRequest', requireKey(settings.apiKey));
  app.setErrorHandler(answerError);
  for (const routes of [pageRoutes, healthRoutes, datasetRoutes, jobRoutes, modelRoutes])
    await app.register(routes, services);

  app.addHook('onReady', () => jobs.start());
  app.addHook('preClose', () => jobs.stop());
  app.addHook('onClose', () => store.close());
  return app;
}

/** Says what was wrong with a request; what is wrong with the service itself stays in the log. */
function answerError(error, request, reply) {
  const status = error.statusCode ?? 500;
  if (status >= 500) request.log.error(error);
  const message = status >= 500 ? 'something went wrong in the service' : messageOf(error);
  return reply.code(status).send({ error: message });
}

/** ajv names the field by its path in the body; all that is wrong is told at once. */
function messageOf({ code, validation, validationContext, message }) {
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return 'expected the header Content-Type: application/json, or text/csv for a table';
  if (!validation) return message;
  return validation
    .map(({ instancePath, message, params }) => {
      const field = instancePath.split('/').slice(1).join('.') || validationContext;
      const values = params.allowedValues ?? (params.additionalProperty && [params.additionalProperty]);
      return `${field}: ${message}${values ? ` (${values.join(', ')})` : ''}`;
    })
    .join('; ');
}
