import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { newProject, ROOT } from './support/project.js';

// The service of docs/service.md as it stands there: each block that begins with the name of a file becomes that file, the
// shell's run, and the server is killed in the middle of a training.

const guide = readFileSync(join(ROOT, 'docs', 'service.md'), 'utf8');
const blocks = Array.from(guide.matchAll(/^```(\w+)\n(.*?)^```$/gms), ([, language, code]) => ({
  language,
  code,
}));

interface Job {
  readonly state: string;
  readonly epoch: { readonly epoch: number; readonly metrics: { readonly accuracy: number } } | null;
  readonly error: string | null;
}

class Service {
  readonly #folder: string;
  #process!: ChildProcess;
  #address = '';

  constructor(folder: string) {
    this.#folder = folder;
  }

  async start(): Promise<void> {
    const child = spawn(process.execPath, ['server.js'], {
      cwd: this.#folder,
      env: { ...process.env, PORT: '0', THREADS: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#process = child;
    let said = '';
    while (!/listening on \d+/.test(said)) said += String((await once(child.stdout, 'data'))[0]);
    this.#address = `localhost:${/listening on (\d+)/.exec(said)?.[1] ?? ''}`;
    child.stdout.resume();
  }

  async end(signal: NodeJS.Signals): Promise<unknown[]> {
    const { exitCode, signalCode } = this.#process;
    if (exitCode !== null || signalCode !== null) return [exitCode, signalCode];
    const exit = once(this.#process, 'exit');
    this.#process.kill(signal);
    return exit;
  }

  async ask(path: string, body?: unknown): Promise<{ status: number; content: unknown }> {
    const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const response = await fetch(`http://${this.#address}${path}`, init);
    return { status: response.status, content: await response.json() };
  }

  async job(id: string): Promise<Job> {
    return (await this.ask(`/jobs/${id}`)).content as Job;
  }

  async until(id: string, isSo: (job: Job) => boolean): Promise<Job> {
    for (;;) {
      const job = await this.job(id);
      if (isSo(job)) return job;
      if (job.state === 'failed') throw new Error(job.error ?? 'failed');
      await setTimeout(50);
    }
  }

  /** Runs a block of the shell's. */
  async shell(code: string): Promise<string> {
    const script = code.replaceAll('localhost:3000', this.#address);
    return (await promisify(execFile)('sh', ['-ec', script], { cwd: this.#folder })).stdout;
  }
}

/** A project with the files of the guide, and the package in its node_modules. */
function write(): string {
  const folder = newProject();
  for (const { language, code } of blocks) {
    const name = /^\/\/ (\S+\.js)\n/.exec(code)?.[1];
    if (language === 'js' && name !== undefined) writeFileSync(join(folder, name), code);
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  return folder;
}

test('every block of the guide is a file, a command or the Dockerfile', (t) => {
  for (const { language, code } of blocks)
    if (language === 'js') t.regex(code, /^\/\/ \w+\.js\n/);
    else t.true(['sh', 'dockerfile'].includes(language), code);
});

async function predicts(t: ExecutionContext, service: Service, id: string): Promise<void> {
  for (const [row, label] of [
    [[0.5, 0.5], 1],
    [[-0.5, 0.5], 0],
    [[-0.5, -0.5], 1],
  ] as const) {
    const { status, content } = await service.ask(`/jobs/${id}/predict`, row);
    t.is(status, 200);
    t.true((content as number[])[label] > 0.9, `${String(row)}: ${String(content)}`);
  }
}

test('the service trains, predicts, and goes on where it was killed', async (t) => {
  t.timeout(120_000);
  t.true(existsSync(join(ROOT, 'dist', 'index.js')), 'dist is built: npm run build:js');
  const folder = write();
  const service = new Service(folder);
  t.teardown(async () => {
    await service.end('SIGKILL');
    rmSync(folder, { recursive: true });
  });
  await service.start();

  const curl = blocks.find(({ language, code }) => language === 'sh' && code.includes('curl'))?.code ?? '';
  const [job = '', prediction = '', health = ''] =
    (await service.shell(curl)).match(/\{.*?\}(?=\[)|\[[^\]]*\](?=\{)|\{.*$/gs) ?? [];
  t.true(['waiting', 'running', 'done'].includes((JSON.parse(job) as Job).state));
  t.is((JSON.parse(prediction) as number[]).length, 2);
  t.like(JSON.parse(health), { threads: 1 });

  for (const wrong of [{}, null, { rows: [[1, 2]] }, { rows: Array(10).fill([0, 0]), labels: [2] }])
    t.is((await service.ask('/jobs', wrong)).status, 400);
  t.is((await service.ask('/jobs/nobody')).status, 404);

  const { stdout } = await promisify(execFile)(process.execPath, ['order.js'], { cwd: folder });
  const order = { ...(JSON.parse(stdout) as object), epochs: 300 };
  const { status, content } = await service.ask('/jobs', order);
  t.is(status, 202);
  const { id } = content as { id: string };
  t.is((await service.ask(`/jobs/${id}/predict`, [1])).status, 400);

  await service.until(id, ({ epoch }) => (epoch?.epoch ?? 0) > 40);
  await service.end('SIGKILL');
  await service.start();
  const { epoch } = await service.until(id, (one) => one.epoch !== null);
  t.true((epoch?.epoch ?? 0) > 20, 'it goes on from a checkpoint');
  t.deepEqual(await service.end('SIGTERM'), [0, null]);
  await service.start();
  const done = await service.until(id, ({ state }) => state === 'done');
  t.is(done.epoch?.epoch, 300);
  await predicts(t, service, id);
  t.deepEqual(await service.end('SIGTERM'), [0, null]);
});
