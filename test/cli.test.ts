import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import type { NativeInfo } from '../lib/backend/native.js';
import { formatDuration, formatLoss } from '../lib/cli/terminal.js';
import { manualSeed } from '../lib/index.js';
import { loadFile } from '../lib/io/safetensors.js';
import { CNN } from '../lib/models/cnn.js';
import { inFolder, mgp, REFERENCE, summaryOf, writeDigits, type Summary } from './support/cli.js';

const VERSION = (
  JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

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
    const [losses, accuracies] = JSON.parse(data) as { series: { label: string; y: number[] }[] }[];
    t.deepEqual(
      losses.series.map(({ label, y }) => [label, y.length]),
      [
        ['training', 25],
        ['test', 1],
      ],
    );
    t.is(accuracies.series[0].y.length, 1);
    t.false(page.includes(folder), 'no path of this machine');
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
  if (native) t.is((findings.native as NativeInfo).version, VERSION);
  for (const row of [
    'backend',
    'mgp-node',
    'Node.js',
    'libc',
    'platform',
    ...(native ? ['BLAS core', 'BLAS threads', 'threads'] : []),
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
