import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';

// The examples run as a user runs them, on the built package. Those that take seconds in full: they fail by themselves
// when they miss their figure. Of the others only the beginning, which must have learned something.

const FOLDER = new URL('../examples/', import.meta.url);
const run = promisify(execFile);

/** What each is called with, and the last number that it prints, as it must be. */
const EXAMPLES: Record<string, { args?: string[]; last: (value: number) => boolean }> = {
  'char-gpt': { args: ['--steps', '60'], last: (loss) => loss < 3 },
  cnn: { last: (accuracy) => accuracy > 0.93 },
  'gaussian-process': { last: (noise) => noise === 0.2 },
  'lstm-sine': { last: (noise) => noise === 0.2 },
  'matrix-factorisation': { last: (error) => error < 0.55 },
  resnet: { args: ['--epochs', '1', '--images', '3200'], last: (seconds) => seconds > 0 },
  'two-moons': { last: (accuracy) => accuracy === 1 },
  vae: { args: ['--epochs', '1', '--images', '6000'], last: (seconds) => seconds > 0 },
};

/** The figure that is printed next to this word. */
const FIGURES: Record<string, { word: string; isGood: (value: number) => boolean }> = {
  resnet: { word: 'accuracy', isGood: (value) => value > 0.5 },
  vae: { word: 'bound', isGood: (value) => value < 210 },
};

test('every example is here', (t) => {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.mjs'));
  t.deepEqual(files.map((file) => file.replace('.mjs', '')).sort(), Object.keys(EXAMPLES).sort());
  const readme = readFileSync(new URL('README.md', FOLDER), 'utf8');
  for (const file of files) {
    t.true(readme.includes(file), `${file} is in the README`);
    t.true(readFileSync(new URL(file, FOLDER), 'utf8').split('\n').length <= 120, `${file} is short`);
  }
});

const isBuilt = existsSync(new URL('../dist/index.js', import.meta.url));

for (const [name, { args = [], last }] of Object.entries(EXAMPLES))
  test.serial(`${name} learns`, async (t) => {
    t.true(isBuilt, 'dist is built: npm run build:js');
    const { stdout } = await run(process.execPath, [fileURLToPath(new URL(`${name}.mjs`, FOLDER)), ...args]);
    const numbers = stdout.match(/\d+(\.\d+)?/g) ?? [];
    t.true(last(Number(numbers.at(-1))), stdout);
    const figure = FIGURES[name];
    if (figure) {
      const found = new RegExp(`${figure.word} (\\d+(\\.\\d+)?)`).exec(stdout);
      t.true(found !== null && figure.isGood(Number(found[1])), stdout);
    }
  });
