import type { Builder, Value } from './builder.js';
import type { Memory } from './memory.js';
import type { View } from './merge.js';

/** What writes the nodes of a call. */
export interface Scribe {
  readonly builder: Builder;
  readonly memory: Memory;
}

/** Writes the nodes of a kernel that was called with these arguments: tensors are `View`s. */
export type Translation = (scribe: Scribe, ...args: never[]) => void;

/** A tensor that may be missing. */
export const readMaybe = (memory: Memory, view: View | null): Value | null => view && memory.read(view);
