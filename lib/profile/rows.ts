import { formatCount } from '../format.js';
import type { ProfileEvent } from './recorder.js';
import { formatTable } from './table.js';

/** What all calls of one name came to. */
export interface ProfileRow {
  /** The kernel or op, with `(backward)` behind it where it ran on the way back; or the name of a part. */
  readonly name: string;
  readonly kind: 'kernel' | 'span' | 'rest';
  readonly calls: number;
  readonly seconds: number;
  /** Of the time of the whole, 0 to 1. Parts with a name hold kernels: theirs is counted in both. */
  readonly share: number;
  /** The memory that kernels read and write: all operands, once for each call. */
  readonly bytes: number;
  /** Operations on numbers, as `summary` counts them; 0 where none are counted. */
  readonly flops: number;
}

/** How the way back is called in events. */
const BACKWARD = 'backward';

export function rowsOf(events: readonly ProfileEvent[], seconds: number): ProfileRow[] {
  const rows = new Map<string, { -readonly [K in keyof ProfileRow]: ProfileRow[K] }>();
  let inKernels = 0;
  for (const { name, kind, duration, bytes, flops, within } of events) {
    const title = kind === 'kernel' && within.includes(BACKWARD) ? `${name} (${BACKWARD})` : name;
    const key = `${kind} ${title}`;
    let row = rows.get(key);
    if (row === undefined)
      rows.set(key, (row = { name: title, kind, calls: 0, seconds: 0, share: 0, bytes: 0, flops: 0 }));
    row.calls++;
    row.seconds += duration / 1000;
    row.bytes += bytes;
    row.flops += flops;
    if (kind === 'kernel') inKernels += duration / 1000;
  }
  const rest = { name: 'JavaScript between kernels', kind: 'rest', calls: 1, bytes: 0, flops: 0 } as const;
  const all = [...rows.values(), { ...rest, seconds: Math.max(0, seconds - inKernels), share: 0 }];
  return all
    .map((row) => ({ ...row, share: seconds > 0 ? row.seconds / seconds : 0 }))
    .sort((a, b) => b.seconds - a.seconds);
}

const HEADS = ['op', 'calls', 'time', 'share', 'each', 'bytes', 'GB/s', 'GFLOP/s'];

/** Rows as lines of a table. Parts with a name come last, for their time is that of the kernels in them. */
export function tableOf(rows: readonly ProfileRow[], seconds: number): string {
  const order = [
    ...rows.filter(({ kind }) => kind !== 'span'),
    ...rows.filter(({ kind }) => kind === 'span'),
  ];
  return `${formatTable(HEADS, order.map(cellsOf))}\n${formatTime(seconds)} in all`;
}

function cellsOf({ name, kind, calls, seconds, share, bytes, flops }: ProfileRow): string[] {
  const perSecond = (amount: number): string => (seconds > 0 ? (amount / seconds / 1e9).toFixed(1) : '');
  return [
    name,
    kind === 'rest' ? '' : formatCount(calls),
    formatTime(seconds),
    `${(100 * share).toFixed(1)}%`,
    kind === 'rest' ? '' : formatTime(seconds / calls),
    kind === 'kernel' ? formatBytes(bytes) : '',
    kind === 'kernel' ? perSecond(bytes) : '',
    flops === 0 ? '' : perSecond(flops),
  ];
}

function formatTime(seconds: number): string {
  if (seconds >= 1) return `${seconds.toFixed(2)} s`;
  return seconds >= 1e-3 ? `${(1e3 * seconds).toFixed(2)} ms` : `${(1e6 * seconds).toFixed(1)} µs`;
}

function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const power = Math.min(4, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toFixed(1)} ${['', 'k', 'M', 'G', 'T'][power]}B`;
}
