import { open } from 'node:fs/promises';
import { describe, typeError } from '../../errors.js';
import { writeFileAtomic } from '../../io/atomic.js';
import { loadFile, serialize } from '../../io/safetensors.js';
import { Tensor } from '../../tensor.js';
import { Breath } from '../breathe.js';

/** What {@link saveCheckpoint} writes: tensors and plain values (as JSON has them), in objects and arrays, by name. */
export type CheckpointState = Record<string, unknown>;

// A checkpoint is a safetensors file. Its tensors are named by the way to them (`optimizer.state.0.expAvg`); everything
// else is JSON in the notes, as is the SHA-256 of the file, in which the place of the hash itself holds zeros.

const SAVE = 'saveCheckpoint';
const LOAD = 'loadCheckpoint';

/** How every checkpoint begins, after the length of its header. */
const BEGINNING = '{"__metadata__":{"sha256":"';
const HASH_AT = 8 + BEGINNING.length;
const NO_HASH = '0'.repeat(64);

/** How much is hashed at a time: some milliseconds of it. */
const CHUNK = 4 * 2 ** 20;

/**
 * Writes a state into one safetensors file, with a checksum: the tensors and numbers of models, optimizers, schedules and
 * loaders (what their `stateDict` gives), and whatever else a training needs to go on. The file is replaced as a whole, and is
 * on the disk when the promise resolves; what it holds are the values at the time of the call.
 *
 * ```ts
 * await train.saveCheckpoint('last.safetensors', {
 *   model: model.stateDict(), optimizer: optimizer.stateDict(), random: getRngState(), epoch,
 * });
 * ```
 * @throws TypeError naming the value that is neither a tensor nor plain; what the system says of a file it cannot write
 */
export async function saveCheckpoint(path: string, state: object): Promise<void> {
  await writeFileAtomic(path, await serializeCheckpoint(state));
}

/** Throws unless a value is one that a checkpoint can hold, as an object. */
export function checkPlain(op: string, name: string, value: unknown): asserts value is CheckpointState {
  if (!isPlain(value)) typeError(op, `${name}: expected an object of plain values, got ${describe(value)}`);
  pack(op, value, [name], {});
}

/** The bytes of a checkpoint; the tensors are read at once, before the first turn of the event loop. */
async function serializeCheckpoint(state: object): Promise<Uint8Array[]> {
  const tensors: Record<string, Tensor> = {};
  if (!isPlain(state)) typeError(SAVE, `state: expected an object, got ${describe(state)}`);
  const plain = JSON.stringify(pack(SAVE, state, [], tensors));
  const parts = serialize(tensors, { sha256: NO_HASH, state: plain });
  Buffer.from(parts[0].buffer, parts[0].byteOffset).write(await hashOf(parts), HASH_AT, 'latin1');
  return parts;
}

/**
 * Reads what {@link saveCheckpoint}, or a training with checkpoints, wrote: the same values, in new tensors.
 *
 * ```ts
 * const { model: weights } = await train.loadCheckpoint<{ model: nn.StateDict }>('runs/1/best.safetensors');
 * model.loadStateDict(weights);
 * ```
 * @throws Error naming the file, when it is no checkpoint, was cut short, or has changed since it was written
 */
export async function loadCheckpoint<State extends object = CheckpointState>(path: string): Promise<State> {
  await verify(path);
  const { tensors, metadata } = await loadFile(path);
  try {
    return unpack(JSON.parse(metadata.state), tensors) as State;
  } catch (cause) {
    throw new Error(`[${LOAD}] ${path}: the state in it cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}

async function verify(path: string): Promise<void> {
  const file = await open(path);
  try {
    const head = Buffer.alloc(HASH_AT + NO_HASH.length);
    await file.read(head, 0, head.length, 0);
    if (head.toString('latin1', 8, HASH_AT) !== BEGINNING)
      throw new Error(`[${LOAD}] ${path}: expected a checkpoint, got another file, or one that is damaged`);
    const hash = head.toString('latin1', HASH_AT);
    head.write(NO_HASH, HASH_AT, 'latin1');
    const rest = file.createReadStream({ start: head.length, highWaterMark: CHUNK, autoClose: false });
    if ((await hashOf(concat(head, rest))) !== hash)
      throw new Error(
        `[${LOAD}] ${path}: the file is damaged: its SHA-256 is not the one that was written with it`,
      );
  } finally {
    await file.close();
  }
}

async function* concat(head: Uint8Array, rest: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  yield head;
  for await (const part of rest) yield part as Uint8Array;
}

async function hashOf(parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<string> {
  const { createHash } = await import('node:crypto');
  const hash = createHash('sha256');
  const breath = new Breath();
  for await (const part of parts)
    for (let at = 0; at < part.length; at += CHUNK) {
      hash.update(part.subarray(at, at + CHUNK));
      if (breath.due()) await breath.take();
    }
  return hash.digest('hex');
}

/** Numbers that JSON has no word for. */
const NUMBERS = new Map([NaN, Infinity, -Infinity, -0].map((value) => [nameOf(value), value]));

function nameOf(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/** A value as JSON, its tensors in `tensors`: `{ $tensor: name }`. Names of one's own that begin with `$` get another. */
function pack(op: string, value: unknown, way: readonly string[], tensors: Record<string, Tensor>): unknown {
  if (value instanceof Tensor) {
    // Names of numbers alone would come before everything else.
    let name = /^\d+$/.test(way.join('.')) ? `tensor.${way.join('.')}` : way.join('.');
    while (Object.hasOwn(tensors, name)) name += "'";
    tensors[name] = value;
    return { $tensor: name };
  }
  if (typeof value === 'number')
    return Number.isFinite(value) && !Object.is(value, -0) ? value : { $number: nameOf(value) };
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
  if (Array.isArray(value))
    return value.map((item, i) => pack(op, item ?? null, [...way, String(i)], tensors));
  if (!isPlain(value))
    typeError(op, `${way.join('.')}: expected tensors and plain values, got ${describe(value)}`);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([name, item]) => [
        name.startsWith('$') ? `$${name}` : name,
        pack(op, item, [...way, name], tensors),
      ]),
  );
}

function unpack(value: unknown, tensors: Readonly<Record<string, Tensor>>): unknown {
  if (Array.isArray(value)) return value.map((item) => unpack(item, tensors));
  if (typeof value !== 'object' || value === null) return value;
  const { $tensor: tensor, $number: number } = value as {
    readonly $tensor?: string;
    readonly $number?: string;
  };
  if (tensor !== undefined)
    return known(tensor, Object.hasOwn(tensors, tensor) ? tensors[tensor] : undefined);
  if (number !== undefined) return known(number, NUMBERS.get(number));
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name.replace(/^\$/, ''), unpack(item, tensors)]),
  );
}

/** What was found under a name; throws where that is nothing. */
function known<T>(name: string, value: T | undefined): T {
  if (value === undefined) throw new Error(`there is no ${name} in the file`);
  return value;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || value instanceof Tensor) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
