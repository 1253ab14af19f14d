import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { Interrupt } from '../lib/cli/interrupt.js';
import { formatDuration, formatLoss } from '../lib/cli/terminal.js';
import { manualSeed } from '../lib/index.js';
import { loadFile } from '../lib/io/safetensors.js';
import { CNN } from '../lib/models/cnn.js';
import { inFolder, mgp, writeDigits, type Outcome, type RunOptions } from './support/cli.js';

interface Summary {
  readonly epochs: readonly Record<string, number>[];
  readonly testAccuracy: number | null;
  readonly [key: string]: unknown;
}

const REFERENCE = ['--backend', 'reference'];
const VERSION = (
  JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

/** The one object on standard output. */
function summaryOf(outcome: Outcome): Summary {
  const [line, ...rest] = outcome.stdout.split('\n');
  if (rest.join('') !== '') throw new Error(`more than one line on standard output: ${outcome.stdout}`);
  return JSON.parse(line) as Summary;
}

test('mgp mnist trains, tells each epoch, and ends with a table', async (t) => {
  await inFolder(async (folder) => {
    await writeDigits(folder, 320, 60);
    const args = [
      'mnist',
      '--data',
      folder,
      '--epochs',
      '2',
      '--batch-size',
      '8',
      '--seed',
      '3',
      ...REFERENCE,
    ];
    const { code, stdout, stderr } = await mgp(args);
    t.is(code, 0, stderr);
    t.regex(stdout, /^320 images, 2 epochs, batch size 8, lr 0\.003, seed 3, reference backend, 1 thread\n/);
    t.regex(stdout, /epoch 1\/2 {2}loss \d\.\d{4} {2}test accuracy \d+\.\d\d% +[\d.]+ s +[\d,]+ images\/s\n/);
    t.regex(stdout, /epoch 2\/2/);
    for (const row of ['test accuracy', 'images/s', 'seconds', 'peak memory', 'backend', 'threads', 'seed'])
      t.regex(stdout, new RegExp(`│ ${row} +│ +\\S.* │`));
    t.is(stderr, '', 'no bar where there is no terminal');
  });
});

test('--json prints one object alone; the same seed gives the same bits; --save writes what was trained', async (t) => {
  await inFolder(async (folder) => {
    await writeDigits(join(folder, 'data'), 320, 60);
    const args = (file: string): string[] => {
      const paths = ['--data', join(folder, 'data'), '--save', join(folder, file)];
      return ['mnist', '--json', '--epochs', '2', '--batch-size', '8', '--seed', '7', ...paths];
    };
    const outcomes = await Promise.all([mgp(args('a.safetensors')), mgp(args('b.safetensors'))]);
    const [first, second] = outcomes.map(summaryOf);
    for (const { code } of outcomes) t.is(code, 0);
    const keys = [
      'epochs',
      'testAccuracy',
      'imagesPerSecond',
      'seconds',
      'peakRssBytes',
      'backend',
      'threads',
    ];
    t.deepEqual(Object.keys(first), [...keys, 'seed', 'version']);
    t.deepEqual(
      first.epochs.map((epoch) => Object.keys(epoch)),
      Array(2).fill(['epoch', 'loss', 'testAccuracy', 'seconds', 'imagesPerSecond']),
    );
    t.is(first.seed, 7);
    t.is(first.version, VERSION);
    t.true(Number(first.peakRssBytes) > 20e6);
    t.is(first.testAccuracy, first.epochs[1].testAccuracy);
    // One test label in nine is wrong: more than the others cannot be right.
    t.true(Number(first.testAccuracy) > 0.8, JSON.stringify(first));
    const bits = ({ epochs }: Summary): unknown =>
      epochs.map(({ loss, testAccuracy }) => [loss, testAccuracy]);
    t.deepEqual(bits(second), bits(first));

    const [a, b] = await Promise.all(['a', 'b'].map((name) => readFile(join(folder, `${name}.safetensors`))));
    t.true(a.equals(b));
    const { tensors, metadata } = await loadFile(join(folder, 'a.safetensors'));
    t.like(metadata, { format: 'pt', model: 'CNN', epochs: '2', seed: '7' });
    manualSeed(7);
    const model = new CNN();
    t.notDeepEqual(tensors['fc.weight'].toArray(), model.fc.weight.toArray(), 'something was learned');
    t.notThrows(() => model.loadStateDict(tensors));
    t.deepEqual((await readdir(folder)).toSorted(), ['a.safetensors', 'b.safetensors', 'data']);
  });
});

test('--report writes one page that needs no network', async (t) => {
  await inFolder(async (folder) => {
    await writeDigits(folder, 200, 90);
    const file = join(folder, 'report.html');
    const args = [
      'mnist',
      '--data',
      folder,
      '--epochs',
      '1',
      '--batch-size',
      '8',
      '--report',
      file,
      ...REFERENCE,
    ];
    t.is((await mgp(args)).code, 0);
    const page = await readFile(file, 'utf8');
    t.true(page.startsWith('<!doctype html>'));
    t.false(/https?:\/\//.test(page), 'no address');
    for (const [, address] of page.matchAll(/\b(?:src|href)="([^"]*)"/g)) t.true(address.startsWith('data:'));
    for (const part of [
      'Confusion matrix',
      'Mistakes',
      'Hyperparameters',
      'uPlot',
      'prefers-color-scheme: dark',
    ])
      t.true(page.includes(part), part);
    // A row and a column for each digit, with all test images in them.
    const counts = [...page.matchAll(/<td class="(?:hit|miss)"[^>]*>(\d+)<\/td>/g)].map(([, count]) =>
      Number(count),
    );
    t.is(counts.reduce((sum, count) => sum + count, 0), 90); // prettier-ignore
    t.true(page.includes('data:image/png;base64,'), 'pictures of the mistakes');
    const [, data] = /<script type="application\/json" id="data">([^]*?)<\/script>/.exec(page) ?? [];
    t.is((JSON.parse(data) as { accuracy: number[][] }).accuracy[1].length, 1);
    t.false(page.includes(folder), 'no path of this machine');
  });
});

/** Calls `then` once, when what was printed matches. */
const when = (pattern: RegExp, then: (child: ChildProcess) => void): RunOptions => {
  let done = false;
  return {
    onOutput(text, child) {
      if (done || !pattern.test(text)) return;
      done = true;
      then(child);
    },
  };
};

for (const json of [false, true])
  test(`Ctrl-C ends the training at the end of the step${json ? ', also with --json' : ''}`, async (t) => {
    await inFolder(async (folder) => {
      await writeDigits(folder, 100, 20);
      const save = join(folder, 'model.safetensors');
      const args = ['mnist', '--data', folder, '--epochs', '1000000', '--save', save, ...REFERENCE];
      const outcome = await mgp(
        json ? [...args, '--json'] : args,
        when(/epoch +2\//, (child) => {
          // Twice, as under npm, which passes on what the terminal has sent already.
          child.kill('SIGINT');
          child.kill('SIGINT');
        }),
      );
      t.is(outcome.code, 130);
      t.true(outcome.stderr.includes('Stopping at the end of this step.'));
      t.true(existsSync(save));
      if (json) {
        const { epochs, interrupted, testAccuracy } = summaryOf(outcome);
        t.true(interrupted);
        t.true(epochs.length >= 2);
        t.is(testAccuracy, epochs[epochs.length - 1].testAccuracy);
      } else t.regex(outcome.stdout, /│ interrupted +│ +after \d+ epochs │/);
    });
  });

test('Ctrl-C before the first epoch is over writes no file, and the table says so', async (t) => {
  await inFolder(async (folder) => {
    await writeDigits(folder, 3000, 20);
    const save = join(folder, 'model.safetensors');
    const args = ['mnist', '--data', folder, '--batch-size', '1', '--save', save, ...REFERENCE];
    const options = when(/3,000 images/, (child) => child.kill('SIGINT'));
    const { code, stdout, stderr } = await mgp(args, options);
    t.is(code, 130);
    t.regex(stdout, /│ test accuracy +│ +– │/);
    t.regex(stdout, /│ interrupted +│ after 0 epochs │/);
    t.true(stderr.includes('No file was written: no epoch was finished.'));
    t.false(existsSync(save));
  });
});

test.serial('the second Ctrl-C ends the program at once', async (t) => {
  const codes: unknown[] = [];
  const exit = process.exit.bind(process);
  process.exit = ((code: unknown) => codes.push(code)) as typeof process.exit;
  let told = 0;
  const interrupt = new Interrupt(() => told++);
  try {
    process.emit('SIGINT', 'SIGINT');
    process.emit('SIGINT', 'SIGINT');
    t.deepEqual([told, codes.length, interrupt.exitCode], [1, 0, 130], 'one press');
    t.true(interrupt.signal.aborted);
    await new Promise((resolve) => setTimeout(resolve, 300));
    process.emit('SIGINT', 'SIGINT');
    t.deepEqual([told, codes], [1, [130]]);
  } finally {
    process.exit = exit;
    interrupt.dispose();
  }
});

test('a reader that goes away ends the program without a word', async (t) => {
  await inFolder(async (folder) => {
    await writeDigits(folder, 50, 20);
    const args = ['mnist', '--data', folder, '--epochs', '1000000', ...REFERENCE];
    const { code, stderr } = await mgp(
      args,
      when(/images/, (child) => child.stdout?.destroy()),
    );
    t.is(code, 141);
    t.is(stderr, '');
  });
});

const wholeNumber = (flag: string, most: number | string, got: string): string =>
  `mgp: ${flag}: expected a whole number from 1 to ${most}, got ${got}\n`;

/** A wrong call and the one line it gets. */
const wrong: [string[], string][] = [
  [['mnist', '--epochs', 'abc'], wholeNumber('--epochs', 1000000, '"abc"')],
  [['mnist', '--epochs', '0'], wholeNumber('--epochs', 1000000, '"0"')],
  [['mnist', '--epochs', '-3'], wholeNumber('--epochs', 1000000, '"-3"')],
  [['mnist', '--epochs', '1.5'], wholeNumber('--epochs', 1000000, '"1.5"')],
  [['mnist', '--epochs', '1e9'], wholeNumber('--epochs', 1000000, '"1e9"')],
  [['mnist', '--epochs', ''], wholeNumber('--epochs', 1000000, '""')],
  [['mnist', '--batch-size', '0'], wholeNumber('--batch-size', 1000000, '"0"')],
  [['mnist', '--threads', '0'], wholeNumber('--threads', 1024, '"0"')],
  [['mnist', '--threads', '5000'], wholeNumber('--threads', 1024, '"5000"')],
  [['mnist', '--lr', '0'], 'mgp: --lr: expected a number above 0, got "0"\n'],
  [['mnist', '--lr', '-0.1'], 'mgp: --lr: expected a number above 0, got "-0.1"\n'],
  [['mnist', '--lr', 'Infinity'], 'mgp: --lr: expected a number above 0, got "Infinity"\n'],
  [['mnist', '--lr', '0x10'], 'mgp: --lr: expected a number above 0, got "0x10"\n'],
  [
    ['mnist', '--seed', '9007199254740992'],
    'mgp: --seed: expected a whole number from 0 to 9007199254740991, got "9007199254740992"\n',
  ],
  [['mnist', '--lr'], "mgp: option '--lr <x>' argument missing\n"],
  [
    ['mnist', '--backend', 'cuda'],
    "mgp: option '--backend <name>' argument 'cuda' is invalid. Allowed choices are native, reference.\n",
  ],
  [['mnist', '--epoch', '3'], "mgp: unknown option '--epoch' (Did you mean --epochs?)\n"],
  [['mnist', 'now'], "mgp: too many arguments for 'mnist'. Expected 0 arguments but got 1.\n"],
  [['train'], "mgp: unknown command 'train'\n"],
  [['mnist', '--data', '/no/such'], 'mgp: --data: expected a folder, got "/no/such", which does not exist\n'],
  [['mnist', '--data', 'package.json'], 'mgp: --data: expected a folder, got "package.json"\n'],
  [
    ['mnist', '--save', '/no/such/file'],
    'mgp: --save: "/no/such/file" cannot be written: its folder does not exist\n',
  ],
  [['mnist', '--save', 'lib'], 'mgp: --save: "lib" cannot be written: it is a folder\n'],
  [
    ['mnist', '--report', 'package.json/x'],
    'mgp: --report: "package.json/x" cannot be written: its folder is a file\n',
  ],
  [
    ['mnist', '--save', './x', '--report', 'x'],
    'mgp: --save and --report: expected two files, got "./x" for both\n',
  ],
  [['graph', '--out', 'x.png'], 'mgp: --out: expected a .svg or .dot file, got "x.png"\n'],
  [
    ['graph', '--expression', 'x'],
    "mgp: option '--expression <name>' argument 'x' is invalid. Allowed choices are neuron, post, matmul, micrograd.\n",
  ],
];

for (const [args, message] of wrong)
  test(`wrong: mgp ${args.join(' ')}`, async (t) => {
    t.deepEqual(await mgp(args), { code: 2, stdout: '', stderr: message });
  });

test('other failures exit 1 in one line, with --verbose in many', async (t) => {
  await inFolder(async (folder) => {
    const args = ['mnist', '--data', folder, ...REFERENCE];
    const { code, stdout, stderr } = await mgp(args);
    t.is(code, 1);
    t.is(stdout, '');
    t.regex(stderr, /^mgp: \[loadMnist\] .*\n$/);
    const verbose = await mgp([...args, '--verbose']);
    t.is(verbose.code, 1);
    t.regex(verbose.stderr, /^mgp: Error: \[loadMnist\] [^]*\n +at /);

    await writeDigits(folder, 50, 20);
    const high = await mgp([...args, '--lr', '1e38']);
    t.is(high.code, 1);
    t.regex(
      high.stderr,
      /^mgp: \[mnist\] the loss became (NaN|Infinity) in epoch 1, step \d: try a smaller lr\n$/,
    );
  });
});

test('help and version', async (t) => {
  const [help, mnist, version, nothing] = await Promise.all(
    [['--help'], ['mnist', '--help'], ['--version'], []].map((args) => mgp(args)),
  );
  t.is(help.code, 0);
  for (const command of ['mnist', 'graph', 'doctor']) t.true(help.stdout.includes(command));
  t.is(mnist.code, 0);
  const flags = [
    'epochs',
    'batch-size',
    'lr',
    'seed',
    'backend',
    'threads',
    'data',
    'save',
    'json',
    'report',
  ];
  for (const flag of flags) t.true(mnist.stdout.includes(`--${flag} `), flag);
  t.deepEqual(version, { code: 0, stdout: `${VERSION}\n`, stderr: '' });
  t.deepEqual([nothing.code, nothing.stdout, nothing.stderr], [2, '', help.stdout]);
});

test('mgp graph prints DOT, or writes it or SVG', async (t) => {
  await inFolder(async (folder) => {
    const [svg, dot] = [join(folder, 'graph.svg'), join(folder, 'graph.dot')];
    const [printed, ...written] = await Promise.all([
      mgp(['graph', '--expression', 'post']),
      mgp(['graph', '--expression', 'post', '--out', dot]),
      mgp(['graph', '--expression', 'micrograd', '--out', svg]),
    ]);
    t.is(printed.code, 0);
    t.regex(printed.stdout, /^digraph \{[^]*grad\\ \[0\.8\\ 1\.8\\ 0\.6\][^]*\}\n$/);
    for (const { code, stdout } of written) t.deepEqual([code, stdout], [0, '']);
    t.is(await readFile(dot, 'utf8'), printed.stdout);
    const picture = await readFile(svg, 'utf8');
    t.regex(picture, /<svg [^]*645\.58[^]*<\/svg>/);
  });
});

test('mgp doctor says what is in use, and with --json for machines', async (t) => {
  const [text, json, chosen] = await Promise.all([
    mgp(['doctor'], { env: { MGP_BACKEND: '' } }),
    mgp(['doctor', '--json'], { env: { MGP_BACKEND: '' } }),
    mgp(['doctor'], { env: { MGP_BACKEND: 'reference' } }),
  ]);
  const findings = JSON.parse(json.stdout) as Record<string, unknown>;
  const native = findings.backend === 'native';
  t.is(findings.native !== null, native);
  t.is(findings.problem === null, native);
  for (const { code } of [text, json, chosen]) t.is(code, native ? 0 : 1);
  t.like(findings.versions, { package: VERSION, node: process.versions.node });
  for (const row of [
    'backend',
    'mgp-node',
    'Node.js',
    'libc',
    'platform',
    ...(native ? ['BLAS core', 'threads'] : []),
  ])
    t.regex(text.stdout, new RegExp(`^${row} +\\S`, 'm'));
  t.regex(chosen.stdout, /^backend +reference$/m);
  t.regex(chosen.stdout, /^MGP_BACKEND +reference$/m);
});

const ROOT = fileURLToPath(new URL('..', import.meta.url));

// With this variable the loader does not look into build/, and finds nothing where no binaries were made for the package.
(existsSync(join(ROOT, 'prebuilds')) ? test.skip : test)(
  'without an addon, cause and cure are told',
  async (t) => {
    const env = { PREBUILDS_ONLY: '1', MGP_BACKEND: '' };
    await inFolder(async (folder) => {
      await writeDigits(folder, 40, 20);
      const args = ['mnist', '--data', folder, '--epochs', '1', '--json'];
      const [sick, json, fallback, insisted] = await Promise.all([
        mgp(['doctor'], { env }),
        mgp(['doctor', '--json'], { env }),
        mgp(args, { env }),
        mgp([...args, '--backend', 'native'], { env }),
      ]);
      t.is(sick.code, 1);
      t.regex(sick.stdout, /✘ the addon cannot be loaded: .+\n {2}.+/);
      const { backend, native, problem } = JSON.parse(json.stdout) as Record<string, unknown>;
      t.deepEqual([json.code, backend, native], [1, 'reference', null]);
      t.deepEqual(Object.keys(problem as object), ['cause', 'cure']);
      t.is(fallback.code, 0);
      t.is(summaryOf(fallback).backend, 'reference');
      t.regex(fallback.stderr, /^mgp: warning: \[native\] the addon cannot be loaded/);
      t.is(insisted.code, 1);
      t.regex(insisted.stderr, /^mgp: \[native\] the addon cannot be loaded: .*\n$/);
    });
  },
);

test('durations and losses are told in as many digits as a person reads', (t) => {
  t.deepEqual([0.4, 59.4, 59.6, 125, 3599, 3600, 7505].map(formatDuration), [
    '0 s',
    '59 s',
    '1 min 00 s',
    '2 min 05 s',
    '59 min 59 s',
    '1 h 00 min',
    '2 h 05 min',
  ]);
  t.deepEqual([2.30259, 0.00123, 0.000123, 0].map(formatLoss), ['2.3026', '0.0012', '0.00012', '0.0000']);
});
