import { resolve } from 'node:path';
import Table from 'cli-table3';
import { writeFileAtomic } from '../io/atomic.js';
import type { MnistDatasets } from '../data/mnist-dataset.js';
import { Curve } from '../train/report/curve.js';
import type { Evaluation } from './evaluate.js';
import type { EpochResult, TrainResult } from './mnist-training.js';
import { steadyHeap } from './heap.js';
import { Interrupt } from './interrupt.js';
import { Progress } from './progress.js';
import { colorsFor, formatBytes, formatCount, formatPercent, plural } from './terminal.js';
import { checkFolder, checkOutput, UsageError } from './usage.js';
import { VERSION } from './version.js';

/** The flags of `mgp mnist`. */
export interface MnistFlags {
  readonly epochs: number;
  readonly batchSize: number;
  readonly lr: number;
  readonly seed?: number;
  readonly backend?: 'native' | 'reference';
  readonly threads?: number;
  readonly data?: string;
  readonly save?: string;
  readonly report?: string;
  readonly json?: boolean;
}

/** What `--json` prints. */
interface Summary {
  /** Epochs that were finished. `seconds` and `imagesPerSecond` are those of training, without the test. */
  readonly epochs: readonly EpochResult[];
  /** After the last finished epoch; null when none was. */
  readonly testAccuracy: number | null;
  readonly imagesPerSecond: number;
  /** From the first step to the end, tests included. */
  readonly seconds: number;
  readonly peakRssBytes: number;
  readonly backend: string;
  readonly threads: number;
  readonly seed: number;
  readonly version: string;
  /** Only there when the training was interrupted. */
  readonly interrupted?: true;
}

/** What the commands of a run share. */
interface Run {
  readonly flags: MnistFlags;
  readonly seed: number;
  readonly data: MnistDatasets;
  readonly losses: Curve;
  readonly testLosses: number[];
}

/**
 * `mgp mnist`: trains the post's network.
 * @returns the exit code: 0, or 130 after Ctrl-C
 */
export async function mnist(flags: MnistFlags): Promise<number> {
  await checkPaths(flags);
  // The library chooses its kernels when it is imported.
  if (flags.backend !== undefined) process.env.MGP_BACKEND = flags.backend;
  const { getBackend, getNumThreads, setNumThreads } = await import('../index.js');
  const { mnistDataset } = await import('../data/mnist-dataset.js');
  const { trainMnist } = await import('./mnist-training.js');
  if (flags.threads !== undefined) setNumThreads(flags.threads);

  // What a person reads goes to standard output, unless that is for one JSON object alone.
  const out = flags.json ? process.stderr : process.stdout;
  const { epochs, batchSize, lr, seed = Math.floor(Math.random() * 2 ** 32) } = flags;
  const collect = steadyHeap();
  let progress: Progress | null = null;
  const interrupt = new Interrupt(() => {
    progress?.stop();
    process.stderr.write('Stopping at the end of this step. Ctrl-C again stops at once.\n');
  });
  try {
    const data = await mnistDataset({ dir: flags.data });
    const kernels = `${getBackend()} backend, ${plural(getNumThreads(), 'thread')}`;
    out.write(
      `${formatCount(data.train.length)} images, ${plural(epochs, 'epoch')}, batch size ${batchSize}, ` +
        `lr ${lr}, seed ${seed}, ${kernels}\n`,
    );
    const run: Run = { flags, seed, data, losses: new Curve(), testLosses: [] };
    const bar = (progress = new Progress({ epochs, images: data.train.length }, process.stderr, out));
    const { signal } = interrupt;
    const result = await trainMnist(
      { data, epochs, batchSize, lr, betas: BETAS, seed, signal },
      {
        step: (event) => {
          run.losses.add(event.loss);
          bar.step(event);
        },
        test: (epoch) => {
          bar.test(epoch);
        },
        epoch: (done, evaluation) => {
          run.testLosses.push(evaluation.loss);
          bar.epoch(done);
          collect();
        },
      },
    ).finally(() => {
      bar.stop();
    });
    const summary: Summary = {
      epochs: result.epochs,
      testAccuracy: result.epochs.at(-1)?.testAccuracy ?? null,
      imagesPerSecond: result.imagesPerSecond,
      seconds: result.seconds,
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
      backend: getBackend(),
      threads: getNumThreads(),
      seed,
      version: VERSION,
      ...(result.interrupted && { interrupted: true }),
    };
    // First what was asked for, so that whoever reads the summary finds the files.
    await writeFiles(run, result, summary);
    if (flags.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
    else process.stdout.write(`${tableOf(summary)}\n`);
    return interrupt.exitCode;
  } finally {
    interrupt.dispose();
  }
}

/** The post's. */
const BETAS = [0.9, 0.999] as const;

/** Finds out about wrong paths now, and not after an hour of training. */
async function checkPaths({ data, save, report }: MnistFlags): Promise<void> {
  if (data !== undefined) checkFolder('--data', data);
  if (save !== undefined) await checkOutput('--save', save);
  if (report !== undefined) await checkOutput('--report', report);
  if (save !== undefined && report !== undefined && resolve(save) === resolve(report))
    throw new UsageError(`--save and --report: expected two files, got "${save}" for both`);
}

async function writeFiles(
  run: Run,
  { model, evaluation, interrupted }: TrainResult,
  summary: Summary,
): Promise<void> {
  const { save, report } = run.flags;
  if (save === undefined && report === undefined) return;
  if (evaluation === null) {
    process.stderr.write('No file was written: no epoch was finished.\n');
    return;
  }
  if (save !== undefined) {
    const notes = {
      format: 'pt',
      model: 'CNN',
      epochs: String(summary.epochs.length),
      seed: String(run.seed),
    };
    const { io } = await import('../index.js');
    await io.safetensors.saveFile(model.stateDict(), save, {
      ...notes,
      ...(interrupted && { interrupted: 'true' }),
    });
  }
  if (report !== undefined) await writeReport(report, run, model, evaluation, summary);
}

async function writeReport(
  path: string,
  { data, losses, testLosses, flags: { epochs, batchSize, lr, data: folder } }: Run,
  model: TrainResult['model'],
  evaluation: Evaluation,
  summary: Summary,
): Promise<void> {
  const { renderReport } = await import('./report/report.js');
  const { backend, threads, seed } = summary;
  const steps = Math.ceil(data.train.length / batchSize);
  const { x, y } = losses.points();
  const parameters = [...model.parameters()].reduce((sum, { size }) => sum + size, 0);
  const page = await renderReport({
    ...summary,
    interrupted: summary.interrupted === true,
    loss: { x: x.map((step) => step / steps), y },
    testLosses,
    evaluation,
    test: { images: data.test.images.data as Uint8Array, labels: data.test.labels.toArray() },
    hyperparameters: {
      Model: `CNN, ${formatCount(parameters)} parameters`,
      Optimizer: `Adam, betas ${BETAS.join(' and ')}`,
      'Learning rate': lr,
      'Batch size': batchSize,
      Epochs: epochs,
      Loss: 'cross-entropy',
      'Training images': formatCount(data.train.length),
      Seed: seed,
    },
    command:
      `mgp mnist --epochs ${epochs} --batch-size ${batchSize} --lr ${lr} --seed ${seed} ` +
      `--backend ${backend} --threads ${threads}${folder === undefined ? '' : ' --data …'}`,
  });
  await writeFileAtomic(path, [page]);
}

function tableOf(summary: Summary): string {
  const { bold } = colorsFor(process.stdout);
  const { testAccuracy } = summary;
  const noLines = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };
  const table = new Table({ style: { head: [], border: [] }, colAligns: ['left', 'right'], chars: noLines });
  table.push(
    ['test accuracy', bold(testAccuracy === null ? '–' : formatPercent(testAccuracy))],
    ['images/s', formatCount(summary.imagesPerSecond)],
    ['seconds', summary.seconds.toFixed(1)],
    ['peak memory', formatBytes(summary.peakRssBytes)],
    ['backend', summary.backend],
    ['threads', summary.threads],
    ['seed', summary.seed],
  );
  if (summary.interrupted) table.push(['interrupted', `after ${plural(summary.epochs.length, 'epoch')}`]);
  return table.toString();
}
