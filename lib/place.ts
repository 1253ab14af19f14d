import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// Where this package lies: its code runs from lib/ as it is, and from dist/ bundled, where a file's own address says
// little.

const file = new URL(import.meta.url);
let root = new URL('..', file);
while (!existsSync(new URL('package.json', root))) root = new URL('..', root);

/** The folder of the package, with what is not code in it. */
export const ROOT = fileURLToPath(root);

/** The folder of the library's code: lib or dist. */
export const CODE = new URL(`${file.href.slice(root.href.length).split('/', 1)[0]}/`, root);
