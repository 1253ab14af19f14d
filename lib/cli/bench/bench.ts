import { availableParallelism, cpus } from 'node:os';
import cliProgress from 'cli-progress';
import { writeFileAtomic } from '../../io/atomic.js';
import { describe } from '../../errors.js';
import { Interrupt } from '../interrupt.js';
import { checkOutput, UsageError } from '../usage.js';
import { VERSION } from '../version.js';
import { findPython, ours, torch } from './contestant.js';
import type { Micro } from './micro.js';
import { bestOf, median, type BenchResult, type Entry, type WorkloadResult } from './results.js';
import { pageOf, tablesOf } from './tables.js';
import { WORKLOADS } from './workloads.js';

/** The flags of `mgp bench`. */
export interface BenchFlags {
  readonly workload?: readonly string[];
  readonly peer?: 'torch';
  readonly python?: string;
  readonly threads?: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly backend?: 'native' | 'reference';
  readonly micro?: boolean;
  readonly save?: string;
  readonly json?: boolean;
}

/**
 * `mgp bench`: times training steps, against PyTorch if asked, and what they are made of.
 * @returns the exit code: 0, or 130 after Ctrl-C
 */
export async function bench(flags: BenchFlags): Promise<number> {
  const names = workloadsOf(flags);
  if (flags.save !== undefined) await checkOutput('--save', flags.save);
  if (flags.python !== undefined && flags.peer === undefined)
    throw new UsageError('--python: expected --peer torch with it');
  const python = flags.peer === undefined ? null : findPython(flags.python);
  const interrupt = new Interrupt(() => undefined);
  const { signal } = interrupt;
  const bar = createBar(names.length * flags.rounds);
  const state = { peer: null as string | null, backend: flags.backend ?? 'native' };
  const workloads: WorkloadResult[] = [];
  let micro: Micro[] = [];
  try {
    for (const name of names) {
      const result = await race(name, flags, python, state, signal, (round) => {
        bar?.update(workloads.length * flags.rounds + round, { name });
      });
      if (result === null) break;
      workloads.push(result);
    }
    if (!signal.aborted && (flags.micro || flags.workload === undefined))
      micro = (await alone<Micro[]>(flags.backend, signal)) ?? [];
  } finally {
    bar?.stop();
    interrupt.dispose();
  }
  const result: BenchResult = {
    machine: {
      processor: cpus()[0]?.model.trim() ?? 'unknown',
      cores: availableParallelism(),
      node: process.versions.node,
    },
    version: VERSION,
    ...state,
    seconds: flags.seconds,
    rounds: flags.rounds,
    workloads,
    micro,
    ...(signal.aborted && { interrupted: true }),
  };
  if (flags.save !== undefined && !signal.aborted) await writeFileAtomic(flags.save, [pageOf(result)]);
  process.stdout.write(flags.json ? `${JSON.stringify(result)}\n` : `${tablesOf(result)}\n`);
  return interrupt.exitCode;
}

function workloadsOf({ workload, micro }: BenchFlags): readonly string[] {
  const known = Object.keys(WORKLOADS);
  for (const name of workload ?? [])
    if (!known.includes(name))
      throw new UsageError(`--workload: expected some of ${known.join(', ')}, got ${describe(name)}`);
  return workload ?? (micro ? [] : known);
}

/** Lets all ways to run a workload take turns, a window at a time, so that a slow minute of the machine is slow for all. */
async function race(
  workload: string,
  { threads, seconds, rounds, backend }: BenchFlags,
  python: string | null,
  state: { peer: string | null; backend: string },
  signal: AbortSignal,
  progress: (round: number) => void,
): Promise<WorkloadResult | null> {
  const counts = threads === undefined ? [...new Set([1, availableParallelism()])] : [threads];
  const kinds = ['eager', 'compiled', ...(python === null ? [] : ['peer'])] as Entry['who'][];
  const racers = kinds.flatMap((who) =>
    counts.map((count) => ({ who, threads: count, rates: [] as number[] })),
  );
  const contestants = racers.map(({ who }) => (who === 'peer' ? torch(python as string) : ours(backend)));
  const stop = (): void => {
    for (const contestant of contestants) contestant.stop();
  };
  signal.addEventListener('abort', stop);
  try {
    for (const [i, { who, threads: count }] of racers.entries()) {
      const mode = who === 'eager' ? 'eager' : 'compiled';
      const about = await contestants[i].ask<{ version: string; backend?: string }>({
        workload,
        threads: count,
        mode,
      });
      if (who === 'peer') state.peer = `PyTorch ${about.version}`;
      else state.backend = about.backend ?? state.backend;
    }
    for (let round = 0; round < rounds; round++) {
      progress(round);
      for (const [i, { rates }] of racers.entries())
        rates.push((await contestants[i].ask<{ rate: number }>({ seconds })).rate);
    }
    const entries: Entry[] = [];
    for (const [i, racer] of racers.entries())
      entries.push({
        ...racer,
        rate: median(racer.rates),
        ...(await contestants[i].ask<{ peakRssBytes: number }>({})),
      });
    const best = bestOf(entries.filter(({ who }) => who !== 'peer'));
    const peer = bestOf(entries.filter(({ who }) => who === 'peer'));
    const ratios = peer && best ? best.rates.map((rate, i) => rate / peer.rates[i]) : null;
    const { about, items } = WORKLOADS[workload];
    return { workload, about, items, entries, ratios, ratio: ratios && median(ratios) };
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}

/** The microbenchmarks, in a process that does nothing else. */
async function alone<T>(backend: string | undefined, signal: AbortSignal): Promise<T | null> {
  const contestant = ours(backend);
  const stop = (): void => {
    contestant.stop();
  };
  signal.addEventListener('abort', stop);
  try {
    return await contestant.ask<T>({ micro: true });
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}

function createBar(total: number): cliProgress.SingleBar | null {
  if (!process.stderr.isTTY || total === 0) return null;
  const bar = new cliProgress.SingleBar(
    { format: '{bar} {percentage}% {name}', stream: process.stderr, hideCursor: true, clearOnComplete: true },
    cliProgress.Presets.shades_classic,
  );
  bar.start(total, 0, { name: '' });
  return bar;
}
