import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../examples/server/server.js', import.meta.url));

/** What the service answers, as far as tests look at it. */
export interface Answer {
  readonly error?: string;
  readonly id: string;
  readonly state: string;
  readonly steps: number;
  readonly rows: number;
  readonly total: number;
  readonly bytes: number;
  readonly columns: readonly Record<string, unknown>[];
  readonly datasets: readonly Answer[];
  readonly jobs: readonly Answer[];
  readonly models: readonly Answer[];
  readonly config: Record<string, unknown>;
  readonly result: { readonly metrics: Record<string, number>; readonly epoch: number } | null;
  readonly predictions: readonly {
    readonly value: number | string;
    readonly probabilities?: Record<string, number>;
  }[];
}

/** A server-sent event. */
export interface ServiceEvent {
  readonly id: number;
  readonly type: string;
  readonly state?: string;
  readonly steps?: number;
  readonly epoch?: number;
  readonly loss?: number;
  readonly valLoss?: number;
}

/** examples/server, as a process of its own, on a port and with a folder of its own. */
export class Service {
  private constructor(
    readonly process: ChildProcess,
    readonly url: string,
    readonly folder: string,
    readonly output: () => string,
  ) {}

  /** @param folder of a service that has ended, to go on with */
  static async start(env: Record<string, string> = {}, folder?: string): Promise<Service> {
    const dir = folder ?? mkdtempSync(join(tmpdir(), 'mgp-service-'));
    const child = spawn(process.execPath, [PROGRAM], {
      env: { ...process.env, HOST: '', PORT: '0', MGP_DATA_DIR: dir, MGP_API_KEY: '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const url = await new Promise<string>((resolve, reject) => {
      const read = (text: string): void => {
        output += text;
        const [, address] = /listening at (http:[^"]+)/.exec(output) ?? [];
        if (address !== undefined) resolve(address);
      };
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', read);
      child.once('exit', () => reject(new Error(`the service did not start:\n${output}`)));
    });
    return new Service(child, url, dir, () => output);
  }

  /** Ends the process, and waits for that. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const { process: child } = this;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill(signal);
    return ended;
  }

  /** Ends the process, and takes away its folder. */
  async close(): Promise<void> {
    await this.end('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(`${this.url}${path}`, init);
  }

  async json(path: string, init?: RequestInit): Promise<{ status: number; body: Answer }> {
    const response = await this.fetch(path, init);
    const text = await response.text();
    return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Answer };
  }

  get(path: string): Promise<{ status: number; body: Answer }> {
    return this.json(path);
  }

  post(path: string, body?: unknown): Promise<{ status: number; body: Answer }> {
    if (body === undefined) return this.json(path, { method: 'POST' });
    const headers = { 'content-type': 'application/json' };
    return this.json(path, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  upload(csv: string | Uint8Array, query = ''): Promise<{ status: number; body: Answer }> {
    const headers = { 'content-type': 'text/csv' };
    return this.json(`/datasets${query}`, { method: 'POST', headers, body: csv });
  }

  /** The events of a job, as they come, until there are no more. */
  async *events(id: string, last = 0): AsyncGenerator<ServiceEvent, void> {
    const headers = { 'last-event-id': String(last) };
    const response = await this.fetch(`/jobs/${id}/events`, { headers });
    if (response.body === null) return;
    let text = '';
    for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
      const messages = (text + part).split('\n\n');
      text = messages.pop() ?? '';
      for (const message of messages) {
        const match = /^id: (\d+)\nevent: (\w+)\ndata: (.*)$/.exec(message);
        if (match === null) continue;
        const data = JSON.parse(match[3]) as object;
        yield { id: Number(match[1]), type: match[2], ...data };
      }
    }
  }

  /** Waits until a job is over. */
  async over(id: string): Promise<Answer> {
    for await (const _ of this.events(id));
    return (await this.get(`/jobs/${id}`)).body;
  }
}

/** A table with something to learn: is y larger than 2x - 1, and by how much? */
export function tableOf(rows: number): string {
  const lines = Array.from({ length: rows }, (_, i) => {
    const x = ((i * 37) % 101) / 101;
    const y = ((i * 53) % 89) / 89;
    const side = y > 2 * x - 1 ? 'above' : 'below';
    return `${x.toFixed(4)},${y.toFixed(4)},${i % 2 === 0 ? 'even' : 'odd'},${side},${(y - 2 * x + 1).toFixed(4)}`;
  });
  return `x,y,parity,side,distance\n${lines.join('\n')}\n`;
}
