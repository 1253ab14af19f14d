import { copyFile, link, mkdir, readdir, realpath, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { loadCheckpoint, saveCheckpoint, type CheckpointState } from './file.js';

/** A checkpoint that could not be read. */
interface DamagedCheckpoint {
  readonly path: string;
  readonly error: Error;
}

/** What a folder of checkpoints has to go on from. */
interface FoundCheckpoint {
  readonly path: string;
  readonly state: CheckpointState;
  /** Newer ones that could not be read. */
  readonly damaged: readonly DamagedCheckpoint[];
}

const NAME = /^step-(\d+)\.safetensors$/;
const nameOf = (steps: number): string => `step-${String(steps).padStart(8, '0')}.safetensors`;

/** The folders in which trainings of this thread write. */
const inUse = new Set<string>();

/** The checkpoints of one training: `step-00000050.safetensors`, …, and `best.safetensors`. */
export class CheckpointFolder {
  /** The folder's own path while it is in use. */
  #place: string | null = null;

  /** @param keep how many of the last are kept */
  constructor(
    readonly dir: string,
    readonly keep: number,
  ) {}

  /**
   * Makes the folder, where there is none, and takes away what a killed process left of a file it was writing.
   * @throws Error where another training of this thread has it: each would take away what the other needs
   */
  async open(): Promise<void> {
    await mkdir(this.dir, { recursive: true });
    const place = await realpath(this.dir);
    if (inUse.has(place)) throw new Error('another training is using it');
    inUse.add(place);
    this.#place = place;
    for (const name of await readdir(this.dir))
      if (/^\.(step-\d+|best)\.safetensors\..*\.tmp$/.test(name))
        await rm(join(this.dir, name), { force: true });
  }

  /** Leaves the folder to others. */
  close(): void {
    if (this.#place !== null) inUse.delete(this.#place);
    this.#place = null;
  }

  /** The paths of the checkpoints, newest first. */
  async list(): Promise<string[]> {
    const steps = (await readdir(this.dir, { withFileTypes: true })).flatMap((entry) => {
      const match = NAME.exec(entry.name);
      return match === null || entry.isDirectory() ? [] : [{ name: entry.name, steps: Number(match[1]) }];
    });
    return steps.sort((a, b) => b.steps - a.steps).map(({ name }) => join(this.dir, name));
  }

  /**
   * The newest checkpoint that can be read.
   * @returns null where there is none at all
   * @throws Error where there are some, and none can be read, or the system does not let one be read
   */
  async find(): Promise<FoundCheckpoint | null> {
    const damaged: DamagedCheckpoint[] = [];
    for (const path of await this.list()) {
      try {
        return { path, state: await loadCheckpoint(path), damaged };
      } catch (error) {
        // Too many open files or a missing permission say nothing against the checkpoint: an older one must not replace it.
        const { errno, code, message } = error as NodeJS.ErrnoException;
        if (errno !== undefined && code !== 'EIO')
          throw new Error(`[fit] checkpoint: ${path} cannot be read: ${message}`, { cause: error });
        damaged.push({ path, error: error as Error });
      }
    }
    if (damaged.length === 0) return null;
    const reasons = damaged.map(({ error }) => error.message).join('; ');
    throw new Error(
      `[fit] checkpoint: none of the ${damaged.length} in ${this.dir} can be read: ${reasons}`,
      {
        cause: damaged[0].error,
      },
    );
  }

  /** Gives checkpoints that could not be read other names: `.damaged` after their own. */
  async putAside(damaged: readonly DamagedCheckpoint[]): Promise<void> {
    for (const { path } of damaged) await rename(path, `${path}.damaged`);
  }

  /**
   * Writes a checkpoint, and then takes away those that are too many.
   * @param best whether it becomes `best.safetensors`, too
   */
  async save(steps: number, state: CheckpointState, best: boolean): Promise<string> {
    const path = join(this.dir, nameOf(steps));
    await saveCheckpoint(path, state);
    if (best) await this.markBest(path);
    for (const old of (await this.list()).slice(this.keep)) await rm(old, { force: true });
    return path;
  }

  /** Gives a checkpoint the name `best.safetensors`, too. */
  async markBest(path: string): Promise<void> {
    const temporary = join(this.dir, '.best.safetensors.new.tmp');
    await rm(temporary, { force: true });
    // A second name costs nothing; some file systems have none.
    await link(path, temporary).catch(() => copyFile(path, temporary));
    await rename(temporary, join(this.dir, 'best.safetensors'));
    // It stays where both were names of one file already.
    await rm(temporary, { force: true });
  }
}
