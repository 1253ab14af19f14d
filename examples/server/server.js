// Starts the service: npm run server. Settings are environment variables, see README.md.
import { setTimeout } from 'node:timers';
import { buildApp } from './app.js';
import { readSettings } from './settings.js';

const settings = readSettings();
const app = await buildApp(settings, { logger: { level: settings.logLevel } });

let stopping = false;
for (const signal of ['SIGTERM', 'SIGINT'])
  process.on(signal, async () => {
    if (stopping) process.exit(1); // Asked twice.
    stopping = true;
    app.log.info(`${signal}: jobs stop at the end of their step and go on when the server is back`);
    // A step that does not end must not keep the process.
    setTimeout(() => process.exit(1), 30_000).unref();
    await app.close();
    process.exit(0);
  });

try {
  await app.listen({ host: settings.host, port: settings.port });
} catch (error) {
  app.log.error(error.message);
  await app.close();
  process.exit(1);
}
if (settings.apiKey === null && !['127.0.0.1', '::1', 'localhost'].includes(settings.host))
  app.log.warn('anybody who reaches this address may use the service: set MGP_API_KEY');
