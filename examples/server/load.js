// Measures the service under load: a job trains without end, meanwhile predictions are asked for at a steady rate, each sent
// when it is due, whether those before it have come back or not. Prints how long they took.
//   node examples/server/load.js --rate 200 --seconds 30
// Starts a service of its own, with a folder of its own; sends to it alone.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '20' },
    idle: { type: 'boolean', default: false },
  },
});
const rate = Number(values.rate);
const seconds = Number(values.seconds);
const agent = new Agent({ keepAlive: true });

/** The service, and its address. */
async function start(dir) {
  const child = spawn(process.execPath, [fileURLToPath(new URL('server.js', import.meta.url))], {
    env: { ...process.env, HOST: '127.0.0.1', PORT: '0', MGP_DATA_DIR: dir, MGP_API_KEY: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await new Promise((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text) => {
      const [, address] = /listening at (http:[^"]+)/.exec(text) ?? [];
      if (address !== undefined) resolve(address);
    });
    child.on('exit', () => reject(new Error('the service did not start')));
  });
  return { child, url };
}

/** Sends JSON, or a text as it is, and gives the answer's. */
function send(url, method, body, type = 'application/json') {
  const content = typeof body === 'string' ? body : JSON.stringify(body);
  const headers = content === undefined ? {} : { 'content-type': type, 'content-length': content.length };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, agent, headers }, async (response) => {
      const chunks = [];
      for await (const chunk of response) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString();
      if (response.statusCode < 300) resolve(JSON.parse(text));
      else reject(new Error(`${method} ${url}: ${response.statusCode} ${text}`));
    });
    sent.on('error', reject);
    sent.end(content);
  });
}

/** A table of 16 columns of which the last depends on the others. */
function table(rows) {
  const names = Array.from({ length: 15 }, (_, i) => `x${i}`);
  let state = 1;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  const lines = Array.from({ length: rows }, () => {
    const row = names.map(random);
    return [...row, row[0] * row[1] + Math.sin(5 * row[2])].map((x) => x.toFixed(5)).join();
  });
  return [[...names, 'y'].join(), ...lines].join('\n');
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Milliseconds that each prediction took, from when it was due. */
async function measure(url, row) {
  const times = [];
  const all = [];
  const begin = performance.now();
  for (let i = 0; i < rate * seconds; i++) {
    const due = begin + (1000 * i) / rate;
    while (performance.now() < due) await pause(Math.max(1, due - performance.now()));
    const done = () => times.push(performance.now() - due);
    all.push(send(url, 'POST', { rows: [row] }).then(done));
  }
  await Promise.all(all);
  return times.sort((a, b) => a - b);
}

const dir = mkdtempSync(join(tmpdir(), 'mgp-load-'));
const { child, url } = await start(dir);
try {
  const dataset = await send(`${url}/datasets`, 'POST', table(20_000), 'text/csv');
  const config = { dataset: dataset.id, target: 'y', hidden: [128, 128], batchSize: 64 };
  const job = await send(`${url}/jobs`, 'POST', { ...config, epochs: values.idle ? 1 : 10_000 });
  const isReady = ({ state, steps }) => (values.idle ? state === 'done' : steps > 0);
  while (!isReady(await send(`${url}/jobs/${job.id}`, 'GET'))) await pause(100);
  const row = Object.fromEntries(dataset.columns.slice(0, -1).map(({ name, mean }) => [name, mean]));

  await send(`${url}/health`, 'GET'); // It counts delays from here on.
  const before = await send(`${url}/jobs/${job.id}`, 'GET');
  const times = await measure(`${url}/jobs/${job.id}/predict`, row);
  const after = await send(`${url}/jobs/${job.id}`, 'GET');
  const { eventLoopDelayMs, memoryMiB } = await send(`${url}/health`, 'GET');
  const at = (share) => `${times[Math.ceil(share * times.length) - 1].toFixed(2)} ms`;
  console.log(`${times.length} predictions, ${rate} each second, all answered`);
  console.log(`training meanwhile: ${Math.round((after.steps - before.steps) / seconds)} steps each second`);
  console.log(`event loop of the service: p99 ${eventLoopDelayMs.p99} ms late; memory ${memoryMiB.rss} MiB`);
  console.log(`took: p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, longest ${at(1)}`);
} finally {
  child.kill('SIGKILL');
  agent.destroy();
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
}
