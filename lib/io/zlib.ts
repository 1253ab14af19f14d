// What packs and unpacks, loaded when it is first needed, and once: `import 'mgp-node'` does without.

async function load() {
  const [{ crc32, createDeflateRaw, createInflateRaw }, { Readable }] = await Promise.all([
    import('node:zlib'),
    import('node:stream'),
  ]);
  return { crc32, createDeflateRaw, createInflateRaw, Readable };
}

let loaded: ReturnType<typeof load> | undefined;

/** The parts of `node:zlib` and `node:stream` that archives need. */
export const zlib = (): ReturnType<typeof load> => (loaded ??= load());
