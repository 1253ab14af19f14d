import type { Builder } from './builder.js';
import type { Memory } from './memory.js';

/** What writes the nodes of a call. */
export interface Scribe {
  readonly builder: Builder;
  readonly memory: Memory;
}

/** Writes the nodes of a kernel that was called with these arguments: tensors are `View`s. */
export type Translation = (scribe: Scribe, ...args: never[]) => void;
