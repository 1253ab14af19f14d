// Text files of packages as parts of a bundle.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/**
 * Files called assets.ts read text files of packages when they run from source: `read('package/file')`. In the bundle their
 * text is in its place.
 * @param texts gets the files
 */
export const textOfPackages = (texts) => ({
  name: 'text of packages',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]assets[.]ts$/ }, ({ path }) => {
      const require = createRequire(path);
      const before = texts.length;
      const contents = readFileSync(path, 'utf8').replaceAll(/\bread\('([^']+)'\)/g, (_, name) => {
        const file = require.resolve(name);
        texts.push(file);
        return JSON.stringify(readFileSync(file, 'utf8'));
      });
      if (texts.length === before) throw new Error(`${path}: expected read('package/file') somewhere`);
      return { contents, loader: 'ts' };
    });
  },
});
