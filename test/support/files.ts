import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sourceOf } from '../../lib/io/reader.js';
import { writeZip, type ZipOptions } from '../../lib/io/zip-writer.js';
import { readZip } from '../../lib/io/zip.js';

/** The path of a file in test/fixtures. */
export const fixture = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

/** Runs with a folder of its own, which is gone afterwards. */
export async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'mgp-'));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** An archive of entries, by name or in pairs. */
export async function zipOf(
  contents: Record<string, string | Uint8Array> | [string, string | Uint8Array][],
  options: ZipOptions = {},
): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const entries = (Array.isArray(contents) ? contents : Object.entries(contents)).map(([name, content]) => ({
    name,
    parts: [Buffer.from(content)],
  }));
  for await (const part of writeZip('z', entries, options)) parts.push(part);
  return Buffer.concat(parts);
}

/** What an archive holds, by name. */
export async function unzip(bytes: Uint8Array, maxUnpacked?: number): Promise<Record<string, Buffer>> {
  const out: [string, Buffer][] = [];
  for (const [name, entry] of await readZip('z', sourceOf(bytes), 'f', maxUnpacked))
    out.push([name, Buffer.from(await entry.bytes())]);
  return Object.fromEntries(out);
}
