import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import { describe } from '../../errors.js';
import { torchPeer } from '../assets.js';
import { UsageError } from '../usage.js';
import type { Request } from './worker.js';

/** A process that trains when it is asked to. Requests and answers are lines of JSON. */
export class Contestant {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: Interface;
  /** Fails when the process ends, with its last words. */
  readonly #ended: Promise<never>;

  constructor(name: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(command, args, { stdio: 'pipe', env: { ...process.env, ...env } });
    let errors = '';
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    this.#ended = new Promise((_, reject) => {
      this.#child.on('error', reject).on('close', (code, signal) => {
        const last = errors.trim().split('\n').at(-1) ?? '';
        reject(new Error(`[bench] ${name} ended with ${signal ?? `code ${code}`}: ${last}`));
      });
    });
    this.#ended.catch(() => undefined); // It may end between two requests.
    this.#child.stdin.on('error', () => undefined); // A process that died says why on its own.
    this.#lines = createInterface({ input: this.#child.stdout });
  }

  async ask<Answer>(request: Request): Promise<Answer> {
    const answer = new Promise<Answer>((resolve) => {
      this.#lines.once('line', (line) => {
        resolve(JSON.parse(line) as Answer);
      });
    });
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    return Promise.race([answer, this.#ended]);
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}

/** Our side: this command line itself. */
export const ours = (backend: string | undefined): Contestant =>
  new Contestant(
    'mgp-node',
    process.execPath,
    [...process.execArgv, process.argv[1], 'bench-worker'],
    backend === undefined ? {} : { MGP_BACKEND: backend },
  );

export const torch = (python: string): Contestant => new Contestant('PyTorch', python, ['-c', torchPeer()]);

/** Debian's own Python has Debian's PyTorch; it may not be the first on PATH. */
const PYTHONS = ['/usr/bin/python3', 'python3', 'python'];

/**
 * A Python that has PyTorch.
 * @throws UsageError when there is none.
 */
export function findPython(wanted: string | undefined): string {
  for (const python of wanted === undefined ? PYTHONS : [wanted])
    if (spawnSync(python, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0) return python;
  throw new UsageError(
    wanted === undefined
      ? `--peer torch: expected a Python with PyTorch as one of ${PYTHONS.join(', ')}; name it with --python`
      : `--python: expected a Python with PyTorch, got ${describe(wanted)}, which cannot import torch`,
  );
}
