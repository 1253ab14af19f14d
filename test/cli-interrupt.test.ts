import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { Interrupt } from '../lib/cli/interrupt.js';
import { inFolder, mgp, REFERENCE, summaryOf, writeDigits, type RunOptions } from './support/cli.js';

/** Calls `then` once, when what was printed matches. */
const when = (pattern: RegExp, then: (child: ChildProcess) => void): RunOptions => {
  let done = false;
  return {
    onOutput(text, child) {
      if (done || !pattern.test(text)) return;
      done = true;
      then(child);
    },
  };
};

for (const json of [false, true])
  test(`Ctrl-C ends the training at the end of the step${json ? ', also with --json' : ''}`, async (t) => {
    await inFolder(async (folder) => {
      await writeDigits(folder, 100, 20);
      const save = join(folder, 'model.safetensors');
      const args = ['mnist', '--data', folder, '--epochs', '1000000', '--save', save, ...REFERENCE];
      const outcome = await mgp(
        json ? [...args, '--json'] : args,
        when(/epoch +2\//, (child) => {
          // Twice, as under npm, which passes on what the terminal has sent already.
          child.kill('SIGINT');
          child.kill('SIGINT');
        }),
      );
      t.is(outcome.code, 130);
      t.true(outcome.stderr.includes('Stopping at the end of this step.'));
      t.true(existsSync(save));
      if (json) {
        const { epochs, interrupted, testAccuracy } = summaryOf(outcome);
        t.true(interrupted);
        t.true(epochs.length >= 2);
        t.is(testAccuracy, epochs[epochs.length - 1].testAccuracy);
      } else t.regex(outcome.stdout, /│ interrupted +│ +after \d+ epochs │/);
    });
  });

test('Ctrl-C before the first epoch is over writes no file, and the table says so', async (t) => {
  await inFolder(async (folder) => {
    await writeDigits(folder, 3000, 20);
    const save = join(folder, 'model.safetensors');
    const args = ['mnist', '--data', folder, '--batch-size', '1', '--save', save, ...REFERENCE];
    const options = when(/3,000 images/, (child) => child.kill('SIGINT'));
    const { code, stdout, stderr } = await mgp(args, options);
    t.is(code, 130);
    t.regex(stdout, /│ test accuracy +│ +– │/);
    t.regex(stdout, /│ interrupted +│ after 0 epochs │/);
    t.true(stderr.includes('No file was written: no epoch was finished.'));
    t.false(existsSync(save));
  });
});

test.serial('the second Ctrl-C ends the program at once', async (t) => {
  const codes: unknown[] = [];
  const exit = process.exit.bind(process);
  process.exit = ((code: unknown) => codes.push(code)) as typeof process.exit;
  let told = 0;
  const interrupt = new Interrupt(() => told++);
  try {
    process.emit('SIGINT', 'SIGINT');
    process.emit('SIGINT', 'SIGINT');
    t.deepEqual([told, codes.length, interrupt.exitCode], [1, 0, 130], 'one press');
    t.true(interrupt.signal.aborted);
    await new Promise((resolve) => setTimeout(resolve, 300));
    process.emit('SIGINT', 'SIGINT');
    t.deepEqual([told, codes], [1, [130]]);
  } finally {
    process.exit = exit;
    interrupt.dispose();
  }
});

test('a reader that goes away ends the program without a word', async (t) => {
  await inFolder(async (folder) => {
    await writeDigits(folder, 50, 20);
    const args = ['mnist', '--data', folder, '--epochs', '1000000', ...REFERENCE];
    const { code, stderr } = await mgp(
      args,
      when(/images/, (child) => child.stdout?.destroy()),
    );
    t.is(code, 141);
    t.is(stderr, '');
  });
});
