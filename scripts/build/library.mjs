// The library in few files: Node takes about half a millisecond for each module it imports.

import { build } from 'esbuild';
import { fromRoot } from '../setup/run.mjs';

/** @param files what can be imported by itself, relative to lib/ */
export async function bundleLibrary(outdir, files) {
  await build({
    absWorkingDir: fromRoot(),
    entryPoints: files.map((file) => `lib/${file}`),
    outbase: 'lib',
    outdir,
    bundle: true,
    // What several of them use is there once: the command line and a program share the state of one library.
    splitting: true,
    chunkNames: '[name]-[hash]',
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    // Half the text to read at import. Names stay: they are in errors and stacks, which sources are mapped to.
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: 'linked',
    logLevel: 'warning',
  });
}
