import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getBackend, getNumThreads } from 'mgp-node';

const RESOLUTION = 10;

/** What the histogram has is how long its timer took, of which all over its interval is delay. */
const milliseconds = (nanoseconds) => Math.max(0, Math.round(nanoseconds / 1e4 - 100 * RESOLUTION) / 100);

/** Whether the service is well. Delays are those since the request before. */
export async function healthRoutes(app, { settings, jobs }) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
  delay.enable();
  app.addHook('onClose', () => delay.disable());

  app.get('/health', { config: { isOpen: true } }, () => {
    const { rss, heapUsed } = process.memoryUsage();
    const answer = {
      status: 'ok',
      uptimeSeconds: Math.round(process.uptime()),
      eventLoopDelayMs: {
        p50: milliseconds(delay.percentile(50)),
        p99: milliseconds(delay.percentile(99)),
        max: milliseconds(delay.max),
      },
      backend: getBackend(),
      threads: { total: getNumThreads(), perJob: 1 },
      jobs: { ...jobs.counts, maxRunning: settings.maxRunning, maxQueued: settings.maxQueued },
      memoryMiB: { rss: Math.round(rss / 2 ** 20), heapUsed: Math.round(heapUsed / 2 ** 20) },
    };
    delay.reset();
    return answer;
  });
}
