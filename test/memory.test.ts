import test from 'ava';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { BACKENDS } from './support/check.js';

// Native memory is where Node's tensor libraries leak: nothing is finalized while a synchronous loop runs. 20,000 steps
// of training must not need more memory than 200, with a scope or without.

const script = fileURLToPath(new URL('./support/memory-steps.ts', import.meta.url));
const MB = 2 ** 20;
const backend = BACKENDS.at(-1) as string;
/** The reference is there to be read; it would take minutes. */
const many = backend === 'native' ? 20_000 : 400;

type Measure = Record<'resident' | 'outsideHeap', number>;

async function growth(mode: string, flags: readonly string[]): Promise<Measure> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...flags, '--import=tsx', script, mode, '200', String(many)],
    {
      env: { ...process.env, MGP_BACKEND: backend, NODE_V8_COVERAGE: '' },
    },
  );
  const { before, after } = JSON.parse(stdout) as Record<'before' | 'after', Measure>;
  return { resident: after.resident - before.resident, outsideHeap: after.outsideHeap - before.outsideHeap };
}

// V8's young generation grows with the time a process runs, up to 48 MB, whatever it does. In a scope, where buffers are
// reused and only small objects are left to collect, it is held small, so that the numbers speak of tensors.
for (const [mode, flags] of [
  ['without any scope', []],
  ['tidy', ['--max-semi-space-size=1']],
] as const)
  test(`resident memory after 200 and after ${many} steps, ${mode}, on ${backend}`, async (t) => {
    const { resident, outsideHeap } = await growth(mode, flags);
    const report = `grew by ${(resident / MB).toFixed(1)} MB, ${(outsideHeap / MB).toFixed(1)} MB of it not V8's`;
    t.log(report);
    t.true(resident < 20 * MB, report);
    // Where V8 has given pages of its heap back, they count as outside of it until the system takes them: a leak grows both.
    t.true(Math.min(resident, outsideHeap) < 5 * MB, report);
  });

test(`a loop that makes parameters and drops them stays below a bound, on ${backend}`, async (t) => {
  const library = new URL('../lib/index.ts', import.meta.url).href;
  const code = `
    import { nn, zeros } from ${JSON.stringify(library)};
    const megabyte = zeros([512, 512]);
    let most = 0;
    for (let i = 0; i < 1500; i++) {
      new nn.Parameter(megabyte);
      most = Math.max(most, process.memoryUsage.rss());
    }
    console.log(most);`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import=tsx', '--input-type=module', '-e', code],
    { env: { ...process.env, MGP_BACKEND: backend, NODE_V8_COVERAGE: '' } },
  );
  t.log(`${(Number(stdout) / MB).toFixed(0)} MB`);
  t.true(Number(stdout) < 800 * MB);
});
