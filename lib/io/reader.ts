import { open } from 'node:fs/promises';

// Files are read a piece at a time, so that they may be larger than memory, and memory is taken only for what is there.

/** How much is read at a time: whole elements of every dtype, those of 6 bits, too. */
export const CHUNK = 6 * 2 ** 20;

/** Bytes that can be read from any place: those of a file, or some in memory. */
export interface Source {
  readonly size: number;
  /**
   * Fills an array with the bytes from a position on.
   * @throws RangeError, through `fail`, where there are not as many
   */
  read(into: Uint8Array, position: number, fail: (message: string) => never): Promise<void>;
  close(): Promise<void>;
}

/** A file, open for reading until `close`. */
export async function openSource(path: string): Promise<Source> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    return {
      size,
      async read(into, position, fail) {
        for (let done = 0; done < into.length;) {
          const { bytesRead } = await file.read(into, done, into.length - done, position + done);
          if (bytesRead === 0)
            fail(`the file ends at byte ${position + done}: it was cut short while it was read`);
          done += bytesRead;
        }
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Bytes in memory. */
export const sourceOf = (bytes: Uint8Array): Source => ({
  size: bytes.length,
  read(into, position, fail) {
    if (position + into.length > bytes.length) fail(`the bytes end at ${bytes.length}`);
    into.set(bytes.subarray(position, position + into.length));
    return Promise.resolve();
  },
  close: () => Promise.resolve(),
});

/** The first piece: whoever reads a header needs no more. */
const FIRST = 4096;

/** The bytes of a source between two positions, a new piece at a time, larger and larger. */
export async function* piecesOf(
  source: Source,
  start: number,
  end: number,
  fail: (message: string) => never,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let length = FIRST;
  for (let at = start; at < end; length = Math.min(4 * length, CHUNK)) {
    const piece = new Uint8Array(Math.min(length, end - at));
    await source.read(piece, at, fail);
    yield piece;
    at += piece.length;
  }
}

/** Bytes that are read from the first to the last. */
export class Reader {
  readonly #pieces: AsyncGenerator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(pieces: AsyncGenerator<Uint8Array>) {
    this.#pieces = pieces;
  }

  /** Fills an array as far as there are bytes, and says how far that is. */
  async fill(into: Uint8Array): Promise<number> {
    let done = 0;
    while (done < into.length) {
      if (this.#rest.length === 0) {
        const next = await this.#pieces.next();
        if (next.done === true) return done;
        this.#rest = next.value;
      }
      const part = this.#rest.subarray(0, into.length - done);
      into.set(part, done);
      done += part.length;
      this.#rest = this.#rest.subarray(part.length);
    }
    return done;
  }

  /** How many bytes are left. Their end is where checksums are compared. */
  async drain(): Promise<number> {
    let left = this.#rest.length;
    this.#rest = new Uint8Array(0);
    for await (const piece of this.#pieces) left += piece.length;
    return left;
  }

  /** Reads no more. */
  async close(): Promise<void> {
    await this.#pieces.return(undefined);
  }
}
