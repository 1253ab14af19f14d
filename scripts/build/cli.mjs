// The command line, with the packages it uses inside, so that mgp-node has no dependency the library does not need.

import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, resolve, sep } from 'node:path';
import { build } from 'esbuild';
import { fromRoot } from '../setup/run.mjs';
import { licencesOf } from './licences.mjs';

const lib = fromRoot('lib');
const cli = fromRoot('lib/cli');

/** What lies outside lib/cli stays outside the bundle: the command line and a user's program share one library. */
const keepLibraryOutside = (used) => ({
  name: 'keep the library outside',
  setup({ onResolve }) {
    onResolve({ filter: /^[.]/ }, ({ path, resolveDir, kind }) => {
      if (kind === 'entry-point' || !resolveDir.startsWith(cli)) return undefined;
      const target = resolve(resolveDir, path);
      if (target.startsWith(cli + sep)) return undefined;
      const file = relative(lib, target).replaceAll(sep, '/');
      used.add(file.replace(/[.]js$/, '.ts'));
      return { path: `../${file}`, external: true };
    });
  },
});

/**
 * lib/cli/assets.ts reads text files of packages when it runs from source: `read('package/file')`. In the bundle their
 * text is in its place.
 */
const textOfPackages = (texts) => ({
  name: 'text of packages',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]cli[\\/]assets[.]ts$/ }, ({ path }) => {
      const require = createRequire(path);
      const contents = readFileSync(path, 'utf8').replaceAll(/\bread\('([^']+)'\)/g, (_, name) => {
        const file = require.resolve(name);
        texts.push(file);
        return JSON.stringify(readFileSync(file, 'utf8'));
      });
      if (texts.length === 0) throw new Error(`${path}: expected read('package/file') somewhere`);
      return { contents, loader: 'ts' };
    });
  },
});

/**
 * @returns the files of the library that it imports
 */
export async function bundleCli(outdir) {
  const texts = [];
  const used = new Set();
  const { metafile } = await build({
    absWorkingDir: fromRoot(),
    entryPoints: { mgp: 'lib/cli/main.ts' },
    outdir,
    bundle: true,
    // Commands load what they use when they are called: `mgp --help` does not wait for Graphviz.
    splitting: true,
    // All files in one folder: `../` must mean dist/ in each.
    chunkNames: '[name]-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    minifySyntax: true,
    minifyWhitespace: true,
    sourcemap: 'linked',
    sourcesContent: false,
    metafile: true,
    legalComments: 'none',
    logLevel: 'warning',
    plugins: [keepLibraryOutside(used), textOfPackages(texts)],
    // Packages in CommonJS call require() for Node's own modules.
    banner: {
      js: "import { createRequire as createRequireForBundle } from 'node:module'; const require = createRequireForBundle(import.meta.url);",
    },
  });
  chmodSync(join(outdir, 'mgp.js'), 0o755);
  const inputs = [...Object.keys(metafile.inputs).map((path) => fromRoot(path)), ...texts];
  writeFileSync(join(outdir, 'THIRD-PARTY-LICENSES.txt'), licencesOf(inputs));
  return used;
}
