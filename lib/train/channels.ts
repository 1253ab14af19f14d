import { channel, subscribe } from 'node:diagnostics_channel';
import type { FitEvent } from './events.js';
import type { Training } from './fit.js';

/** What the channels tell. */
export interface FitMessage {
  readonly training: Training;
  /** Of the event's own channel. */
  readonly event?: FitEvent;
  /** Of `mgp:fit:error`. */
  readonly error?: unknown;
}

/** Where Node's `diagnostics_channel` tells of every training of this thread: `mgp:fit:start`, `mgp:fit:step`, … */
const KINDS = ['start', 'resume', 'step', 'epoch', 'checkpoint', 'done', 'error'] as const;

type Kind = (typeof KINDS)[number];

const nameOf = (kind: Kind): string => `mgp:fit:${kind}`;
const channels = Object.fromEntries(KINDS.map((kind) => [kind, channel(nameOf(kind))])) as Record<
  Kind,
  ReturnType<typeof channel>
>;

/** Tells whoever listens; it costs nothing where nobody does. */
export function publish(kind: Kind, message: FitMessage): void {
  if (channels[kind].hasSubscribers) channels[kind].publish(message);
}

/** Calls `listen` for everything that trainings of this thread tell. */
export function subscribeToAll(listen: (message: FitMessage, kind: Kind) => void): void {
  for (const kind of KINDS)
    subscribe(nameOf(kind), (message) => {
      listen(message as FitMessage, kind);
    });
}
