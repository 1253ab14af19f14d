import type { Micro } from './micro.js';

/** One way to run a workload, and how fast it was. */
export interface Entry {
  readonly who: 'eager' | 'compiled' | 'peer';
  readonly threads: number;
  /** Items per second in each round. */
  readonly rates: readonly number[];
  /** Their median. */
  readonly rate: number;
  readonly peakRssBytes: number;
}

/** What came of a workload. */
export interface WorkloadResult {
  readonly workload: string;
  readonly about: string;
  readonly items: string;
  readonly entries: readonly Entry[];
  /** The best of ours over the best of the peer's, round by round, and the median of that; null without a peer. */
  readonly ratios: readonly number[] | null;
  readonly ratio: number | null;
}

/** What `--json` prints. */
export interface BenchResult {
  readonly machine: { readonly processor: string; readonly cores: number; readonly node: string };
  readonly version: string;
  readonly backend: string;
  /** The peer and its version, if there is one. */
  readonly peer: string | null;
  readonly seconds: number;
  readonly rounds: number;
  readonly workloads: readonly WorkloadResult[];
  readonly micro: readonly Micro[];
  /** Only there when Ctrl-C ended it before all was measured. */
  readonly interrupted?: true;
}

/** The fastest, if there is one. */
export const bestOf = (entries: readonly Entry[]): Entry | undefined =>
  [...entries].sort((a, b) => b.rate - a.rate)[0];

/** The middle one, or the mean of the two in the middle. */
export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};
