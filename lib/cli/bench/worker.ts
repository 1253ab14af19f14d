import { createInterface } from 'node:readline';
import { compile, getBackend, manualSeed, setNumThreads, tidy } from '../../index.js';
import { VERSION } from '../version.js';
import { microbenchmarks } from './micro.js';
import { stepOf, WORKLOADS } from './workloads.js';

/** What a contestant is asked, one JSON object a line. torch_peer.py knows all but `mode` and `micro`. */
export type Request =
  | { readonly workload: string; readonly threads: number; readonly mode: 'eager' | 'compiled' }
  | { readonly seconds: number }
  | { readonly micro: true }
  | Record<string, never>;

/**
 * Our side of a comparison, in a process of its own: answers requests until there are no more. Not for users: `mgp bench`
 * starts it.
 */
export async function answerRequests(): Promise<void> {
  let [batch, step] = [0, (): void => undefined];
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as Request;
    let answer: unknown = { peakRssBytes: process.resourceUsage().maxRSS * 1024 };
    if ('workload' in request) {
      const { workload, threads, mode } = request;
      manualSeed(1);
      if (getBackend() === 'native') setNumThreads(threads);
      const { step: train, x, y } = stepOf(WORKLOADS[workload]);
      const compiled = compile(train);
      batch = WORKLOADS[workload].batch;
      step = mode === 'compiled' ? () => void compiled(x, y) : () => void tidy(() => train(x, y));
      for (let i = 0; i < 5; i++) step();
      answer = { version: VERSION, backend: getBackend() };
    } else if ('seconds' in request)
      answer = { rate: (batch * 1000) / millisecondsOf(step, request.seconds) };
    else if ('micro' in request) answer = microbenchmarks();
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}

/** Milliseconds that one step takes, over this many seconds of steps. */
function millisecondsOf(step: () => void, seconds: number): number {
  const start = performance.now();
  for (let steps = 1; ; steps++) {
    step();
    const passed = performance.now() - start;
    if (passed >= seconds * 1000) return passed / steps;
  }
}
