// The command line, with the packages it uses inside, so that mgp-node has no dependency the library does not need.

import { chmodSync, writeFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { build } from 'esbuild';
import { fromRoot } from '../setup/run.mjs';
import { licencesOf } from './licences.mjs';
import { textOfPackages } from './texts.mjs';

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
  writeFileSync(join(outdir, 'THIRD-PARTY-LICENSES.txt'), licencesOf('The command line', inputs));
  return used;
}
