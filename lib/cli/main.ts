#!/usr/bin/env node
import { run } from './program.js';

// A reader that has seen enough (`mgp graph | head -1`) ends the program, as it ends every other: 128 + SIGPIPE.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 141 : 1);
  });

// Not process.exit: what is on its way to a pipe must arrive.
process.exitCode = await run(process.argv.slice(2));
