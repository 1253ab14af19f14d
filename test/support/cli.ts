import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../lib/cli/main.ts', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What a run of the command line left. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Called with all that was printed so far, whenever there is more. */
  readonly onOutput?: (text: string, child: ChildProcess) => void;
}

/** Runs `mgp` from its source. */
export async function mgp(
  args: readonly string[],
  { env, cwd = ROOT, onOutput }: RunOptions = {},
): Promise<Outcome> {
  const release = await turn();
  try {
    const tsx = import.meta.resolve('tsx');
    const child = spawn(process.execPath, [`--import=${tsx}`, MAIN, ...args], {
      cwd,
      // Colours and the runner's own settings are not what is tested.
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '', DEBUG: '', NODE_OPTIONS: '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      onOutput?.(stdout + stderr, child);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      onOutput?.(stdout + stderr, child);
    });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject).on('close', resolve);
    });
    return { code, stdout, stderr };
  } finally {
    release();
  }
}

/** The kernels that are there on every machine. */
export const REFERENCE = ['--backend', 'reference'];

/** What --json prints. */
export interface Summary {
  readonly epochs: readonly Record<string, number>[];
  readonly testAccuracy: number | null;
  readonly [key: string]: unknown;
}

/** The one object on standard output. */
export function summaryOf(outcome: Outcome): Summary {
  const [line, ...rest] = outcome.stdout.split('\n');
  if (rest.join('') !== '') throw new Error(`more than one line on standard output: ${outcome.stdout}`);
  return JSON.parse(line) as Summary;
}

/** As many runs at once as leave the machine to others, too. */
const MAX_RUNS = 2;
let running = 0;
const waiting: (() => void)[] = [];

async function turn(): Promise<() => void> {
  if (running >= MAX_RUNS) await new Promise<void>((resolve) => waiting.push(resolve));
  else running++;
  return () => {
    const next = waiting.shift();
    if (next) next();
    else running--;
  };
}

/** A folder that is gone when `use` is done. */
export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'mgp-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const SIDE = 28;

/**
 * Writes a data set in MNIST's format that is easy to learn: of digit `d`, a bright bar in row `2d + 4`, on noise. Some
 * test labels are wrong, so that there are mistakes to show.
 */
export async function writeDigits(folder: string, train: number, test: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, count] of [
    ['train', train],
    ['t10k', test],
  ] as const) {
    const images = Buffer.alloc(16 + count * SIDE * SIDE);
    const labels = Buffer.alloc(8 + count);
    [0x0803, count, SIDE, SIDE].forEach((word, i) => images.writeUInt32BE(word, 4 * i));
    [0x0801, count].forEach((word, i) => labels.writeUInt32BE(word, 4 * i));
    for (let i = 0; i < count; i++) {
      const digit = i % 10;
      const image = images.subarray(16 + i * SIDE * SIDE, 16 + (i + 1) * SIDE * SIDE);
      for (let at = 0; at < image.length; at++) image[at] = (at * 7 + i * 13) % 32;
      image.fill(230, (2 * digit + 4) * SIDE + 4, (2 * digit + 4) * SIDE + 24);
      labels[8 + i] = name === 't10k' && i % 9 === 0 ? (digit + 1) % 10 : digit;
    }
    await writeFile(join(folder, `${name}-images-idx3-ubyte`), images);
    await writeFile(join(folder, `${name}-labels-idx1-ubyte`), labels);
  }
}
