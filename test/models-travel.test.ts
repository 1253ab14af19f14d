import { execFile } from 'node:child_process';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { fixture, inFolder } from './support/files.js';

// The examples of docs/models-travel.md run as they stand there, one after the other, with files of PyTorch's.

const PAGE = new URL('../docs/models-travel.md', import.meta.url);
const LIBRARY = new URL('../lib/index.ts', import.meta.url).href;

test('the examples of the guide run', async (t) => {
  const page = await readFile(PAGE, 'utf8');
  const examples = [...page.matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code);
  t.is(examples.length, 7);
  const model = `import { nn } from 'mgp-node';\nconst model = new nn.Sequential(new nn.Linear(3, 2), new nn.BatchNorm1d(2));\n`;
  await inFolder(async (folder) => {
    await copyFile(fixture('checkpoint.pt'), join(folder, 'checkpoint.pt'));
    await copyFile(fixture('state-dict.pt'), join(folder, 'model.pt'));
    for (const [i, example] of examples.entries()) {
      const path = join(folder, `${i}.mjs`);
      const code =
        example.includes('const model') || !example.includes('model.load') ? example : model + example;
      await writeFile(path, code.replaceAll("'mgp-node'", JSON.stringify(LIBRARY)));
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ['--import', import.meta.resolve('tsx'), path],
        { cwd: folder },
      );
      if (i === 0) t.is(stdout, '20\n');
      if (i === 2) t.true(stdout.includes('0.weight F32 [ 8, 4 ]'), stdout);
      if (i === 6) t.is(stdout, `${'[ 32, 3 ]\n'.repeat(3)}[ 4, 3 ]\n`);
    }
    const [a, b] = await Promise.all(
      ['model', 'same'].map((name) => readFile(join(folder, `${name}.safetensors`))),
    );
    t.deepEqual(b, a);
  });
});
