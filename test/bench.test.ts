import { chmod, readFile, writeFile } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'ava';
import type { BenchResult } from '../lib/cli/bench/results.js';
import { stepOf, WORKLOADS } from '../lib/cli/bench/workloads.js';
import { compile, getBackend, manualSeed } from '../lib/index.js';
import { inFolder, mgp } from './support/cli.js';

const SHORT = ['--seconds', '0.001', '--rounds', '3', '--threads', '1', '--workload', 'seedcnn_b32'];

/** Speaks as torch_peer.py does, and says that it is always equally fast. */
const PEER = `#!${process.execPath}
if (process.argv[3] !== 'import torch')
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { workload, seconds } = JSON.parse(line);
    console.log(JSON.stringify(workload ? { version: '0.0' } : seconds ? { rate: 1000 } : { peakRssBytes: 7e6 }));
  });
`;

test('mgp bench --json', async (t) => {
  const { code, stdout, stderr } = await mgp(['bench', ...SHORT, '--json']);
  t.is(stderr, '');
  t.is(code, 0);
  const { workloads, micro, peer } = JSON.parse(stdout) as BenchResult;
  t.is(peer, null);
  t.deepEqual(micro, []);
  t.is(workloads.length, 1);
  const [{ workload, entries, ratio }] = workloads;
  t.is(workload, 'seedcnn_b32');
  t.is(ratio, null);
  t.deepEqual(
    entries.map(({ who, threads, rates }) => [who, threads, rates.length]),
    [
      ['eager', 1, 3],
      ['compiled', 1, 3],
    ],
  );
  for (const { rate, rates, peakRssBytes } of entries) {
    t.true(rates.includes(rate) && rate > 0);
    t.true(peakRssBytes > 2 ** 20);
  }
});

test('mgp bench takes turns with a peer, and writes a page', (t) =>
  inFolder(async (folder) => {
    const [python, page] = [join(folder, 'python'), join(folder, 'page.md')];
    await writeFile(python, PEER);
    await chmod(python, 0o755);
    const args = ['bench', ...SHORT, '--peer', 'torch', '--python', python, '--save', page];
    const { code, stdout, stderr } = await mgp(args);
    t.is(stderr, '');
    t.is(code, 0);
    t.regex(stdout, /PyTorch 0\.0 .* ratio/);
    t.regex(stdout, /seedcnn_b32 .* 1,000 \(1\) .*×.* 7 MB/);
    const text = await readFile(page, 'utf8');
    t.regex(text, /^# Benchmarks\n/);
    t.regex(text, /\| seedcnn_b32 \| [\d,]+ \(1\) \| [\d,]+ \(1\) \| 1,000 \(1\) \| [\d.]+× \|/);
  }));

test('a peer that dies is an error in one line', (t) =>
  inFolder(async (folder) => {
    const python = join(folder, 'python');
    const dying = "if (process.argv[3] !== 'import torch') { console.error('no memory'); process.exit(3); }";
    await writeFile(python, `#!${process.execPath}\n${dying}\n`);
    await chmod(python, 0o755);
    t.deepEqual(await mgp(['bench', ...SHORT, '--peer', 'torch', '--python', python]), {
      code: 1,
      stdout: '',
      stderr: 'mgp: [bench] PyTorch ended with code 3: no memory\n',
    });
  }));

test('mgp bench --micro', async (t) => {
  const { code, stdout } = await mgp(['bench', '--micro', '--json']);
  t.is(code, 0);
  const { workloads, micro } = JSON.parse(stdout) as BenchResult;
  t.deepEqual(workloads, []);
  t.is(micro.length, getBackend() === 'native' ? 11 : 5);
  for (const { name, value } of micro) t.true(value > 0 && Number.isFinite(value), name);
});

for (const name of Object.keys(WORKLOADS))
  test(`${name} trains, compiled as it does without`, (t) => {
    const losses = [true, false].map((compiled) => {
      manualSeed(1);
      const { step, x, y } = stepOf(WORKLOADS[name]);
      const run = compiled ? compile(step) : step;
      return Array.from({ length: 4 }, () => run(x, y).item());
    });
    t.deepEqual(losses[0], losses[1]);
    t.true(losses[0][3] < losses[0][0]);
  });

const python = '/usr/bin/python3';
const hasTorch = spawnSync(python, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0;

// Where there is no PyTorch there is nothing to compare with.
(hasTorch ? test : test.skip)('mgp bench --peer torch', async (t) => {
  const { code, stdout } = await mgp(['bench', ...SHORT, '--peer', 'torch', '--json']);
  t.is(code, 0);
  const { peer, workloads } = JSON.parse(stdout) as BenchResult;
  t.regex(peer ?? '', /^PyTorch \d/);
  t.is(workloads[0].ratios?.length, 3);
});
