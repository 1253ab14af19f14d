import { statSync } from 'node:fs';
import { describe } from '../errors.js';
import { checkWritable } from '../io/atomic.js';

/** A wrong flag or value: said in one line, exit code 2. */
export class UsageError extends Error {
  override name = 'UsageError';
}

type Parser = (text: string) => number;

/** Reads a whole number. */
export const wholeNumber =
  (flag: string, least: number, most: number): Parser =>
  (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (!(value >= least && value <= most))
      throw new UsageError(
        `${flag}: expected a whole number from ${least} to ${most}, got ${describe(text)}`,
      );
    return value;
  };

/** Reads a number above 0. */
export const positiveNumber =
  (flag: string): Parser =>
  (text) => {
    const value = /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN;
    if (!(value > 0 && value < Infinity))
      throw new UsageError(`${flag}: expected a number above 0, got ${describe(text)}`);
    return value;
  };

/** Throws unless there is a folder of this name. */
export function checkFolder(flag: string, path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats?.isDirectory())
    throw new UsageError(
      `${flag}: expected a folder, got ${describe(path)}${stats ? '' : ', which does not exist'}`,
    );
}

/** Throws unless a file can be written here: better now than when there is something to write. */
export async function checkOutput(flag: string, path: string): Promise<void> {
  try {
    await checkWritable(path);
  } catch (error) {
    throw new UsageError(`${flag}: ${describe(path)} cannot be written: ${reasonOf(error)}`);
  }
}

/** Why a file could not be opened, in words. */
function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'its folder does not exist';
  if (code === 'ENOTDIR') return 'its folder is a file';
  if (code === 'EISDIR') return 'it is a folder';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  if (code === 'EROFS') return 'the file system is read-only';
  return message;
}
