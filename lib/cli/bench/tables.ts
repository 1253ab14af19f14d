import Table from 'cli-table3';
import { formatBytes, formatCount } from '../terminal.js';
import type { Micro } from './micro.js';
import { bestOf, type BenchResult, type Entry, type WorkloadResult } from './results.js';

type Cells = readonly string[];

const of = (result: WorkloadResult, who: Entry['who']): Entry | undefined =>
  bestOf(result.entries.filter((entry) => entry.who === who));

const rate = (entry: Entry | undefined): string =>
  entry === undefined ? '–' : `${formatCount(entry.rate)} (${entry.threads})`;

function workloadRows({ peer, workloads }: BenchResult): { head: Cells; rows: Cells[] } {
  const withPeer = peer !== null;
  return {
    head: [
      'items/s (threads)',
      'eager',
      'compiled',
      ...(withPeer ? [peer, 'ratio', 'memory', `memory of ${peer}`] : ['memory']),
    ],
    rows: workloads.map((result) => {
      const own = bestOf(result.entries.filter(({ who }) => who !== 'peer'));
      const other = of(result, 'peer');
      const memory = formatBytes(own?.peakRssBytes ?? 0);
      return [
        result.workload,
        rate(of(result, 'eager')),
        rate(of(result, 'compiled')),
        ...(withPeer
          ? [rate(other), `${(result.ratio ?? 0).toFixed(2)}×`, memory, formatBytes(other?.peakRssBytes ?? 0)]
          : [memory]),
      ];
    }),
  };
}

const number = (value: number): string =>
  value >= 100 ? formatCount(value) : value >= 10 ? value.toFixed(1) : value.toFixed(3);

const microRow = ({ name, value, unit, against }: Micro): Cells => [
  name,
  `${number(value)} ${unit}`,
  against === undefined ? '' : `${number(against)} ${unit}`,
  against === undefined ? '' : `${((100 * value) / against).toFixed(1)}%`,
];

const MICRO_HEAD = ['one thread', 'measured', 'against', ''];

/** For a terminal. */
export function tablesOf(result: BenchResult): string {
  const draw = (head: Cells, rows: readonly Cells[]): string => {
    const table = new Table({
      head: [...head],
      style: { head: [], border: [] },
      colAligns: ['left', ...head.slice(1).map(() => 'right' as const)],
    });
    table.push(...rows.map((row) => [...row]));
    return table.toString();
  };
  const { head, rows } = workloadRows(result);
  const parts = [];
  if (rows.length > 0) parts.push(draw(head, rows));
  if (result.micro.length > 0) parts.push(draw(MICRO_HEAD, result.micro.map(microRow)));
  return parts.join('\n');
}

/** As a page in Markdown. */
export function pageOf(result: BenchResult): string {
  const { machine, version, peer, seconds, rounds, backend, workloads } = result;
  const draw = (head: Cells, rows: readonly Cells[]): string =>
    [head, head.map((_, i) => (i === 0 ? '---' : '--:')), ...rows]
      .map((row) => `| ${row.join(' | ')} |`)
      .join('\n');
  const { head, rows } = workloadRows(result);
  return `# Benchmarks

Written by \`mgp bench --save\`, on ${machine.processor}, ${machine.cores} cores, Node.js ${machine.node}, mgp-node ${version},
${backend} backend${peer === null ? '' : `, ${peer}`}.

## Training

A step is forward, cross-entropy, backward and Adam in float32, on one batch that lies ready in memory; the models are in
\`lib/models\`${peer === null ? '' : ', and their twins in `lib/cli/bench/torch_peer.py`'}. Everyone runs in a process of its own, with one thread and with all cores,
and they take turns: ${rounds} rounds of ${seconds} s each. Shown are medians for the better number of threads${peer === null ? '' : ', the median of the\nratios of the rounds, best against best,'} and peak
resident memory.

${draw(head, rows)}

${workloads.map(({ workload, about }) => `- \`${workload}\`: ${about}`).join('\n')}

## Parts

${draw(MICRO_HEAD, result.micro.map(microRow))}
`;
}
