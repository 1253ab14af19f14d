import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Message } from '../../io/protobuf.js';
import { maskedCrc32c } from './crc32c.js';

/** Bytes that are brought to the disk in one go, about: what it takes to put them together is no time for anybody else. */
const BATCH = 1 << 16;

/** Bytes of a record around its content: the length, and two checksums. */
const AROUND = 16;

/** Numbers the files of this thread. */
let count = 0;

/** An event, or one that is still being made: those behind it wait for it. */
type Pending = Message | Promise<Message>;

/**
 * A file of events, as TensorBoard reads them: records of length, checksum, content, checksum. What is added is written in
 * the background, in the order of the calls. When that fails, nothing more is written, and `flush` and `close` say why.
 */
export class EventFile {
  readonly #folder: string;
  readonly #suffix: string;
  #waiting: Pending[] = [];
  #work: Promise<void> | null = null;
  #file: FileHandle | null = null;
  #path: string;
  #error: Error | null = null;

  constructor(folder: string, suffix: string) {
    this.#folder = folder;
    this.#suffix = suffix;
    this.#path = folder;
    // Field 10: who writes.
    this.add(eventNow().string(3, 'brain.Event:2').message(10, new Message().string(1, 'mgp-node')));
  }

  add(event: Pending): void {
    if (this.#error !== null) return;
    // It is awaited later; until then nobody else need know.
    if (event instanceof Promise) event.catch(() => undefined);
    this.#waiting.push(event);
    this.#work ??= this.#writeAll();
  }

  /** Waits until all that was added is in the file. */
  async flush(): Promise<void> {
    while (this.#work !== null) await this.#work;
    if (this.#error !== null) throw this.#error;
  }

  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      const file = this.#file;
      this.#file = null;
      await file?.close();
    }
  }

  async #writeAll(): Promise<void> {
    try {
      this.#file ??= await this.#open();
      while (this.#waiting.length > 0) {
        const events = this.#waiting;
        this.#waiting = [];
        for (let i = 0; i < events.length;) {
          const batch: Message[] = [];
          for (let bytes = 0; i < events.length && bytes < BATCH; i++) {
            const event = events[i];
            batch.push(event instanceof Promise ? await event : event);
            bytes += batch[batch.length - 1].length + AROUND;
          }
          await this.#file.appendFile(recordsOf(batch));
        }
      }
    } catch (cause) {
      const { message, code } = cause as NodeJS.ErrnoException;
      const error = new Error(`[SummaryWriter] ${this.#path}: ${message}`, { cause });
      this.#error = code === undefined ? error : Object.assign(error, { code });
      this.#waiting = [];
    }
    this.#work = null;
  }

  /** A new file. Those of other threads of this process may want the same name. */
  async #open(): Promise<FileHandle> {
    await mkdir(this.#folder, { recursive: true });
    const seconds = String(Math.floor(Date.now() / 1000)).padStart(10, '0');
    for (;;) {
      const name = `events.out.tfevents.${seconds}.${hostname()}.${process.pid}.${count++}${this.#suffix}`;
      this.#path = join(this.#folder, name);
      try {
        return await open(this.#path, 'wx');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
  }
}

/** An event that is to get its content. Times are in seconds since 1970. */
export const eventNow = (walltime: number = Date.now() / 1000): Message => new Message().double(1, walltime);

function recordsOf(events: readonly Message[]): Buffer {
  const bytes = Buffer.allocUnsafe(events.reduce((sum, { length }) => sum + length + AROUND, 0));
  let at = 0;
  for (const event of events) {
    const { length } = event;
    bytes.writeUInt32LE(length % 2 ** 32, at);
    bytes.writeUInt32LE(Math.floor(length / 2 ** 32), at + 4);
    bytes.writeUInt32LE(maskedCrc32c(bytes, at, at + 8), at + 8);
    const start = at + 12;
    at = start;
    for (const part of event.parts()) {
      bytes.set(part, at);
      at += part.length;
    }
    bytes.writeUInt32LE(maskedCrc32c(bytes, start, at), at);
    at += 4;
  }
  return bytes;
}
