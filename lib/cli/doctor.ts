import { availableParallelism, cpus, release } from 'node:os';
import { nativeInfo, type NativeInfo } from '../backend/native.js';
import { colorsFor, plural } from './terminal.js';
import { VERSION } from './version.js';

/** The flags of `mgp doctor`. */
export interface DoctorFlags {
  readonly json?: boolean;
}

interface Problem {
  readonly cause: string;
  readonly cure: string;
}

/** What `--json` prints. */
interface Findings {
  /** The kernels that programs get. */
  readonly backend: 'native' | 'reference';
  /** The addon; null when it cannot be loaded. */
  readonly native: NativeInfo | null;
  /** What keeps the native kernels from working, and what to do about it; null when they work. */
  readonly problem: Problem | null;
  readonly versions: {
    readonly package: string;
    readonly node: string;
    readonly nodeApi: string;
    readonly libc: string;
  };
  readonly platform: string;
  readonly processor: string;
  readonly cores: number;
  /** Variables of the environment that change what is used. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * `mgp doctor`: says what is in use, and what is wrong.
 * @returns the exit code: 0 when the native kernels work, else 1
 */
export async function doctor(flags: DoctorFlags): Promise<number> {
  const findings = await examine();
  if (flags.json) process.stdout.write(`${JSON.stringify(findings)}\n`);
  else process.stdout.write(describeFindings(findings));
  return findings.problem === null ? 0 : 1;
}

async function examine(): Promise<Findings> {
  let native: NativeInfo | null = null;
  let problem: Problem | null;
  try {
    native = nativeInfo();
    problem = checkEnvironment() ?? (await selfTest());
  } catch (error) {
    problem = problemOf(error as Error);
  }
  return {
    backend: native === null || process.env.MGP_BACKEND === 'reference' ? 'reference' : 'native',
    native,
    problem,
    versions: {
      package: VERSION,
      node: process.versions.node,
      nodeApi: process.versions.napi ?? 'unknown',
      libc: libc(),
    },
    platform: `${process.platform} ${process.arch}, ${release()}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    environment: Object.fromEntries(
      ['MGP_BACKEND', 'PREBUILDS_ONLY', 'OPENBLAS_CORETYPE'].flatMap((name) => {
        const value = process.env[name];
        return value === undefined ? [] : [[name, value]];
      }),
    ),
  };
}

/** The first line of the loader's message is the cause, the others are the cure. */
function problemOf({ message }: Error): Problem {
  const [cause, ...cure] = message.split('\n');
  return { cause: cause.replace(/^\[native\] /, ''), cure: cure.join(' ') };
}

/** What the library itself would throw at. */
function checkEnvironment(): Problem | null {
  const { MGP_BACKEND: wanted } = process.env;
  if (wanted === undefined || ['', 'native', 'reference'].includes(wanted)) return null;
  return {
    cause: `the variable MGP_BACKEND is "${wanted}": expected native or reference.`,
    cure: 'Unset it, or set it to one of the two.',
  };
}

/** Whether both backends give the same convolution and the same gradients. */
async function selfTest(): Promise<Problem | null> {
  const { arange, getBackend, setBackend } = await import('../index.js');
  const before = getBackend();
  const compute = (backend: 'native' | 'reference'): number[] => {
    setBackend(backend);
    const x = arange(2 * 3 * 8 * 8, { dtype: 'float64' })
      .div(400)
      .tanh()
      .reshape(2, 3, 8, 8)
      .requiresGrad_();
    const w = arange(4 * 3 * 3 * 3, { dtype: 'float64' })
      .div(100)
      .reshape(4, 3, 3, 3)
      .detach()
      .requiresGrad_();
    const y = x.conv2d(w, null, { padding: 1 });
    y.square().mean().backward();
    return [y, x.grad, w.grad].flatMap((tensor) => Array.from(tensor?.toArray() ?? []));
  };
  try {
    const [native, reference] = [compute('native'), compute('reference')];
    if (native.every((value, i) => Math.abs(value - reference[i]) <= 1e-9 * (1 + Math.abs(reference[i]))))
      return null;
  } finally {
    setBackend(before);
  }
  return {
    cause: 'the native kernels compute something else than the reference kernels.',
    cure: 'Set MGP_BACKEND=reference until this is mended, and report it with what `mgp doctor` says.',
  };
}

function libc(): string {
  if (process.platform !== 'linux') return process.platform;
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime === undefined
    ? 'not glibc (musl?)'
    : `glibc ${header.glibcVersionRuntime}`;
}

function describeFindings({ backend, native, problem, ...rest }: Findings): string {
  const { green, red, yellow, dim } = colorsFor(process.stdout);
  const { versions } = rest;
  const facts: [string, string | number][] = [['backend', backend]];
  if (native !== null)
    facts.push(
      ['binary', native.path],
      ['BLAS core', native.blas.core],
      ['BLAS', native.blas.config],
      ['BLAS threads', native.blas.threading === 'none' ? 'none' : `${native.blas.threading}, kept to one`],
      ['instructions', native.isa],
      ['threads', native.threads],
    );
  facts.push(
    ['mgp-node', versions.package],
    ['Node.js', `${versions.node}, Node-API ${versions.nodeApi}`],
    ['libc', versions.libc],
    ['platform', rest.platform],
    ['processor', `${rest.processor}, ${plural(rest.cores, 'core')}`],
    ...Object.entries(rest.environment),
  );
  const width = Math.max(...facts.map(([name]) => name.length)) + 2;
  const lines = facts.map(([name, value]) => `${dim(name.padEnd(width))}${value}\n`);
  const verdict =
    problem !== null
      ? `${red('✘')} ${problem.cause}\n  ${problem.cure}`
      : backend === 'native'
        ? `${green('✔')} The native kernels work, and agree with the reference kernels.`
        : `${yellow('!')} The native kernels work, but MGP_BACKEND chooses the reference kernels.`;
  return `${lines.join('')}\n${verdict}\n`;
}
