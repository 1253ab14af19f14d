import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Why an addon did not load, and what to do about it. */
interface Diagnosis {
  readonly cause: string;
  readonly cure: string;
}

/** A clone of the repository has the tools to build the addon; an installed package does not. */
const isClone = (root: string): boolean => existsSync(join(root, 'scripts', 'setup.mjs'));
const howToBuild = (root: string): string =>
  isClone(root) ? '`npm run setup`' : '`npm run setup` in a clone of the repository';

const isMusl = (): boolean =>
  process.platform === 'linux' &&
  !(process.report?.getReport() as { header?: { glibcVersionRuntime?: string } }).header?.glibcVersionRuntime;

const platform = (): string => {
  const libc = process.platform !== 'linux' ? '' : isMusl() ? ' (musl)' : ' (glibc)';
  return `${process.platform}-${process.arch}${libc}`;
};

/** What the loader of the system or of Node says, and what it means. The first that matches is taken. */
const DIAGNOSES: readonly (readonly [RegExp, (match: RegExpExecArray, root: string) => Diagnosis])[] = [
  [
    /no native build was found/i,
    (_match, root) =>
      isClone(root)
        ? {
            cause: 'it has not been built yet',
            cure: `Run ${howToBuild(root)}; it needs a C++20 compiler.`,
          }
        : {
            cause: `this package has no binary for ${platform()}`,
            cure: isMusl()
              ? 'On Alpine, build from source, or use a Node image based on Debian (node:20-slim).'
              : 'Build it from a clone of the repository, or use the reference backend (MGP_BACKEND=reference).',
          },
  ],
  [
    /version [`'"]?(GLIBC_[\d.]+)/,
    ([, version], root) => ({
      cause: `it needs ${version}, which is newer than this system's C library`,
      cure: `Use a newer distribution, or build on this machine: ${howToBuild(root)}.`,
    }),
  ],
  [
    /version [`'"]?((?:GLIBCXX|CXXABI)_[\d.]+)/,
    ([, version], root) => ({
      cause: `it needs ${version}, which is newer than this system's C++ library`,
      cure: `Build on this machine: ${howToBuild(root)}.`,
    }),
  ],
  [
    /error relocating|ld-linux-[\w-]+\.so/i,
    (_match, root) => ({
      cause: 'it was built for glibc, and this system has musl (Alpine)',
      cure: `Build on this machine: ${howToBuild(root)}, or use a Node image based on Debian (node:20-slim).`,
    }),
  ],
  [
    /(lib[\w.+-]*blas[\w.+-]*): cannot open shared object file/i,
    ([, library], root) => ({
      cause: `the shared library ${library} is missing`,
      cure: `Install OpenBLAS (Debian and Ubuntu: apt-get install libopenblas0-serial), or rebuild: ${howToBuild(root)}.`,
    }),
  ],
  [
    /([\w.+-]+\.(?:so[\d.]*|dylib|dll)): cannot open shared object file|library not loaded: (\S+)/i,
    ([, linux, mac], root) => ({
      cause: `the shared library ${linux ?? mac} is missing`,
      cure: `Install the package that holds it, or build on this machine: ${howToBuild(root)}.`,
    }),
  ],
  [
    /specified module could not be found/i,
    () => ({
      cause: 'a library it needs is missing',
      cure: 'Install the Microsoft Visual C++ Redistributable.',
    }),
  ],
  [
    /NODE_MODULE_VERSION|different Node\.js version|did not self-register/i,
    (_match, root) => ({
      cause: `it was built for another runtime than Node ${process.version}`,
      cure: `Rebuild it: ${howToBuild(root)}.`,
    }),
  ],
  [
    /undefined symbol: napi_|Node-API version/i,
    () => ({
      cause: `it needs a newer Node-API than the version ${process.versions.napi} of Node ${process.version}`,
      cure: 'Use Node 20.19 or newer.',
    }),
  ],
  [
    /file too short|invalid ELF header|not a valid Win32|wrong ELF class|not a mach-o|incompatible architecture|cannot read file data|ELF load command|section header/i,
    (_match, root) => ({
      cause: 'the file is damaged, or made for another kind of machine',
      cure: `Install the package again, or rebuild: ${howToBuild(root)}.`,
    }),
  ],
  [
    /failed to map segment|permission denied|operation not permitted/i,
    () => ({
      cause: 'the system does not allow code to be loaded from where it lies',
      cure: 'Install the package on a file system that is not mounted noexec, readable by this user.',
    }),
  ],
];

function diagnose(error: Error, root: string): Diagnosis {
  for (const [pattern, explain] of DIAGNOSES) {
    const match = pattern.exec(error.message);
    if (match) return explain(match, root);
  }
  return { cause: error.message, cure: `Rebuild it: ${howToBuild(root)}.` };
}

/**
 * An error that says in a user's words why the addon did not load, and what to do about it.
 * @param root the folder of the package
 * @param path the file that was to be loaded, if one was found
 */
export function explainLoadError(error: Error, root: string, path: string | undefined): Error {
  const { cause, cure } = diagnose(error, root);
  const lines = [`[native] the addon cannot be loaded: ${cause}.`, cure];
  if (process.versions.electron !== undefined)
    lines.push('Under Electron, native addons must lie outside the asar archive (asarUnpack: **/*.node).');
  if (path !== undefined) lines.push(`File: ${path}`);
  return new Error(lines.join('\n'), { cause: error });
}
