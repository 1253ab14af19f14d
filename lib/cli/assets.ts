import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** A text file of a package. */
const read = (name: string): string => readFileSync(require.resolve(name), 'utf8');

/** The other side of `mgp bench --peer torch`, a program in Python. */
export const torchPeer = (): string => read('./bench/torch_peer.py');
