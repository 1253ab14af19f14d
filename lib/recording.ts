import type { Storage } from './storage.js';

/** What a running recording (`compile`) is told about. */
export interface Recorder {
  /** A storage was made. */
  allocated(storage: Storage, zeroed: boolean): void;
  /** A kernel is about to be called with this operand; they come in the order of the arguments. Returns the buffer. */
  operand(storage: Storage): ArrayBuffer | Uint8Array;
  /** A storage was made over memory that JavaScript has filled. */
  borrowed(storage: Storage): void;
  /** JavaScript is about to look at the elements of a storage, or to change them. */
  touched(storage: Storage): void;
  /** The `grad` of a tensor, which is `value`, is about to be read or set. */
  gradient(
    tensor: { readonly storage: Storage; grad: unknown },
    access: 'read' | 'set',
    value: unknown,
  ): void;
  /** See {@link fromHost}. */
  fromHost(call: () => void, undo?: () => void): void;
  /** See {@link stepChanged}. */
  stepChanged(): void;
}

/** The recording in progress, if there is one. */
export let recorder: Recorder | null = null;

/** Begins or ends a recording; returns the one before. */
export function setRecorder(next: Recorder | null): Recorder | null {
  const before = recorder;
  recorder = next;
  return before;
}

/**
 * Runs `call`, which calls kernels with numbers that are JavaScript's own and change from one time to the next: the
 * count of an optimizer's steps, its learning rate, where the random numbers have got to. A recorded step runs it again
 * each time, to ask for those numbers anew.
 * @param undo takes back what `call` counted, for a step that failed before it got there
 */
export function fromHost(call: () => void, undo?: () => void): void {
  if (recorder === null) call();
  else recorder.fromHost(call, undo);
}

/** Called inside {@link fromHost} when the step, would it run again, would call other kernels: it has to be recorded anew. */
export function stepChanged(): void {
  recorder?.stepChanged();
}

/** Runs `fn`, whose results outlive a recording and are none of its business: the state of an optimizer. */
export function unrecorded<T>(fn: () => T): T {
  const before = setRecorder(null);
  try {
    return fn();
  } finally {
    setRecorder(before);
  }
}

/** Counts the changes that make a recorded step another: between training and evaluation, of what requires a gradient. */
export let modeVersion = 0;

export function modeChanged(): void {
  modeVersion++;
}
