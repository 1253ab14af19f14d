import { spawnSync } from 'node:child_process';
import { nativeInfo, timeGemm, timeTriad } from '../../backend/native.js';
import { LIBRARY } from '../library.js';
import { median } from './results.js';
import { add, getBackend, matmul, noGrad, randn, setNumThreads, tensor, tidy, zeros } from '../../index.js';

/** One small measurement. */
export interface Micro {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it is held against, in the same unit, if there is something: raw BLAS, raw memory. */
  readonly against?: number;
}

const ROUNDS = 7;

/** Microseconds that one call takes: the median of some rounds, after half a second in which V8 compiles it. */
function microseconds(run: () => unknown): number {
  const start = performance.now();
  let calls = 0;
  for (; performance.now() - start < 500; calls++) run();
  const inRound = Math.ceil(calls / 10);
  const rounds = Array.from({ length: ROUNDS }, () => {
    const begin = performance.now();
    for (let i = 0; i < inRound; i++) run();
    return ((performance.now() - begin) * 1000) / inRound;
  });
  return median(rounds);
}

/** What an op costs beside its kernel, and what kernels cost beside the hardware. On one thread. */
export function microbenchmarks(): Micro[] {
  const isNative = getBackend() === 'native';
  if (isNative) setNumThreads(1);
  return [...overhead(), ...(isNative ? [...gemm(), pointwise()] : []), ...allocation(), importing()];
}

function overhead(): Micro[] {
  const [a, b] = [tensor([1]), tensor([2])];
  const w = tensor([1], { requiresGrad: true });
  return [
    {
      name: 'add of two 1-element tensors, forward',
      value: noGrad(() => microseconds(() => add(a, b))),
      unit: 'µs',
    },
    {
      name: 'the same, forward and backward',
      value: microseconds(() => {
        w.grad = null;
        add(w, b).backward();
      }),
      unit: 'µs',
    },
  ];
}

/** Squares, and the products of the workloads: m, n, k. */
const PRODUCTS = [
  [256, 256, 256],
  [512, 512, 512],
  [1024, 1024, 1024],
  [128, 1024, 784],
  [1024, 512, 128],
] as const;

function gemm(): Micro[] {
  return PRODUCTS.map(([m, n, k]) => {
    const [a, b] = [randn([m, k]), randn([k, n])];
    const rate = (µs: number): number => (2 * m * n * k) / µs / 1000;
    const ours: number[] = [];
    const raw: number[] = [];
    const calls = Math.max(1, Math.round(1e9 / (m * n * k)));
    noGrad(() => {
      for (let round = 0; round < 2 * ROUNDS; round++) {
        raw.push(rate(timeGemm(m, n, k, calls) * 1e6));
        const start = performance.now();
        for (let i = 0; i < calls; i++) tidy(() => void matmul(a, b));
        ours.push(rate(((performance.now() - start) * 1000) / calls));
      }
    });
    return {
      name: `matmul (${m}, ${k}) @ (${k}, ${n})`,
      value: median(ours),
      unit: 'GFLOP/s',
      against: median(raw),
    };
  });
}

/** Numbers that no cache holds. */
const MANY = 1 << 25;

function pointwise(): Micro {
  const [a, b] = [zeros([MANY]), zeros([MANY])];
  const rate = (seconds: number): number => (3 * 4 * MANY) / seconds / 1e9;
  const ours: number[] = [];
  const raw: number[] = [];
  noGrad(() => {
    for (let round = 0; round < ROUNDS; round++) {
      raw.push(rate(timeTriad(MANY, 1)));
      tidy(() => {
        const start = performance.now();
        add(a, b);
        ours.push(rate((performance.now() - start) / 1000));
      });
    }
  });
  return { name: `add of ${MANY} numbers`, value: median(ours), unit: 'GB/s', against: median(raw) };
}

function allocation(): Micro[] {
  const row = zeros([25_000]);
  return [
    {
      name: 'a result of 100 KB, in a scope',
      value: microseconds(() => tidy(() => void row.neg())),
      unit: 'µs',
    },
    { name: 'a result of 100 KB, left to the collector', value: microseconds(() => row.neg()), unit: 'µs' },
  ];
}

/** Importing the package as users do, in fresh processes. */
function importing(): Micro {
  const script = `const start = performance.now(); await import(${JSON.stringify(LIBRARY)}); process.stdout.write(String(performance.now() - start));`;
  const times = Array.from({ length: ROUNDS }, () => {
    const { stdout } = spawnSync(
      process.execPath,
      [...process.execArgv, '--input-type=module', '--eval', script],
      { encoding: 'utf8' },
    );
    return Number(stdout);
  });
  return { name: `import, ${nativeInfo().isa} kernels`, value: median(times), unit: 'ms' };
}
