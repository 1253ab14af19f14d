import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** What a file is made of, one after another; perhaps made as it is written. */
type Parts = Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;

/**
 * Writes a file as a whole or not at all: into a new file next to it, which then takes its name. Whoever opens `path`
 * meanwhile, or after a crash, finds the old content or the new; when this is done, the new is on the disk. Links are followed; what is not a regular file, such as
 * a pipe, is written into directly.
 */
export async function writeFileAtomic(path: string, parts: Parts): Promise<void> {
  const { target, replace } = await placeOf(path);
  if (!replace) return writeParts(target, 'w', parts);
  const temporary = temporaryName(target);
  try {
    await writeParts(temporary, 'wx', parts);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(target));
}

/** Puts the names of a folder on the disk, where the system can. */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path);
    await folder.sync().finally(() => folder.close());
  } catch {
    // Windows opens no folders, some file systems sync none: the name is there, and will be on the disk soon.
  }
}

/** Throws what {@link writeFileAtomic} would throw, as far as one can know beforehand, and leaves nothing behind. */
export async function checkWritable(path: string): Promise<void> {
  const { target, replace } = await placeOf(path);
  if (!replace) return;
  // Permission bits do not tell (root, read-only mounts): only trying does.
  const temporary = temporaryName(target);
  await (await open(temporary, 'wx')).close();
  await rm(temporary);
}

async function writeParts(path: string, flags: string, parts: Parts): Promise<void> {
  const file = await open(path, flags);
  try {
    for await (const part of parts) await file.writeFile(part);
    if (flags === 'wx') await file.sync();
  } finally {
    await file.close();
  }
}

/** Where the bytes go, behind all links, and whether that is a file to replace. */
async function placeOf(path: string): Promise<{ target: string; replace: boolean }> {
  let target = path;
  try {
    target = await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { target, replace: true };
  }
  const stats = await stat(target);
  if (stats.isDirectory()) throw isFolder(path);
  return { target, replace: stats.isFile() };
}

const temporaryName = (target: string): string =>
  join(dirname(target), `.${basename(target)}.${crypto.randomUUID().slice(0, 8)}.tmp`);

/** What the system itself says when one opens a folder to write into it. */
const isFolder = (path: string): Error =>
  Object.assign(new Error(`EISDIR: illegal operation on a directory, open '${path}'`), { code: 'EISDIR' });
