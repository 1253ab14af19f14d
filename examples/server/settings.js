import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getNumThreads } from 'mgp-node';

/** What can be set, by the names of environment variables, and what holds where nothing is. */
const NUMBERS = {
  port: ['PORT', 8080, 0],
  maxBytes: ['MGP_MAX_BYTES', 100 * 1024 * 1024, 1],
  maxRows: ['MGP_MAX_ROWS', 500_000, 2],
  maxColumns: ['MGP_MAX_COLUMNS', 200, 2],
  maxCategories: ['MGP_MAX_CATEGORIES', 100, 2],
  maxDatasets: ['MGP_MAX_DATASETS', 100, 1],
  maxQueued: ['MGP_MAX_QUEUED', 20, 0],
  maxRunning: ['MGP_MAX_RUNNING', Math.max(1, getNumThreads() - 1), 1],
  maxPredictRows: ['MGP_MAX_PREDICT_ROWS', 1000, 1],
};

/**
 * The settings of the service.
 * @param env environment variables
 * @throws Error naming the variable that is wrong
 */
export function readSettings(env = process.env) {
  const settings = {
    host: env.HOST || '127.0.0.1',
    dir: resolve(env.MGP_DATA_DIR || fileURLToPath(new URL('data/', import.meta.url))),
    apiKey: env.MGP_API_KEY || null,
    logLevel: env.LOG_LEVEL || 'info',
  };
  for (const [name, [variable, otherwise, least]] of Object.entries(NUMBERS)) {
    const value = env[variable] ? Number(env[variable]) : otherwise;
    if (!Number.isSafeInteger(value) || value < least)
      throw new Error(`${variable}: expected a whole number from ${least}, got ${env[variable]}`);
    settings[name] = value;
  }
  return settings;
}
