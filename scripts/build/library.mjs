// The library in few files: Node takes about half a millisecond for each module it imports.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { fromRoot } from '../setup/run.mjs';
import { licencesOf } from './licences.mjs';
import { textOfPackages } from './texts.mjs';

/** @param files what can be imported by itself, relative to lib/ */
export async function bundleLibrary(outdir, files) {
  const texts = [];
  const { metafile } = await build({
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
    metafile: true,
    logLevel: 'warning',
    plugins: [textOfPackages(texts)],
  });
  for (const file of Object.keys(metafile.outputs)) if (file.endsWith('.js')) restoreNames(fromRoot(file));
  writeFileSync(join(outdir, 'THIRD-PARTY-LICENSES.txt'), licencesOf('The library', texts));
}

/** A class that names itself in its own body comes out as `X = class _X`: it gets its name back, for people to read. */
function restoreNames(file) {
  const text = readFileSync(file, 'utf8');
  const names = [...text.matchAll(/\b(\w+) ?= ?class _\1\b/g)].map(([, name]) => name);
  if (names.length === 0) return;
  const lines = names.map(
    (name) => `Object.defineProperty(${name},"name",{value:"${name}",configurable:true});`,
  );
  const end = text.lastIndexOf('//# sourceMappingURL');
  writeFileSync(file, `${text.slice(0, end)}${lines.join('')}\n${text.slice(end)}`);
}
