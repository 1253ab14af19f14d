import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { newProject, ROOT } from './support/project.js';

// The README's JavaScript runs as it stands there, on the built package, and its figures are those of the benchmarks.

const page = (name: string): string => readFileSync(join(ROOT, name), 'utf8');
const readme = page('README.md');
const blocks = Array.from(readme.matchAll(/^```js\n(.*?)^```$/gms), ([, code]) => code);
const find = (text: string): string => blocks.find((code) => code.includes(text)) ?? '';

/** What blocks need that the README does not say again, and what they print at the end. */
const PROGRAMS: readonly { code: string; says: RegExp }[] = [
  {
    // All of MNIST takes a second; the step goes on with the model of the block before.
    code: `${find('class CNN')}
      const loader = [...new data.DataLoader(new data.Subset(train, Array(64).keys()), { batchSize: 32 })];
      ${find('compile(').replace(/^import .*\n/, "const { compile } = await import('mgp-node');\n")}`,
    says: /^0\.\d+\n0\.\d+\n$/,
  },
  {
    code: `import { rand, tensor } from 'mgp-node';
      const x = rand([6, 4, 4]);
      const mask = tensor([true, false, true, false]);
      ${find('x.at(')}
      console.log(x.at(0, '1:3').shape, x.at('...', '::2', null).shape, x.at([2, 5], ':', mask).shape);
      console.log(x.at(5, 2, 1).item(), x.at(0, 0, 0).item() < 1);`,
    says: /^\[ 2, 4 \] \[ 6, 4, 2, 1 \] \[ 2, 4 \]\n5 true\n$/,
  },
  {
    code: `${find('createGraph')}\nconsole.log(dx.item(), d2x.item());`,
    says: /0\.8.*1\.8.*0\.6.*\n12 12\n$/s,
  },
];

test('every block is run', (t) => {
  for (const code of blocks) {
    const body = code.replace(/^import .*\n/, '').trim();
    t.true(
      PROGRAMS.some((program) => program.code.includes(body)),
      code,
    );
  }
});

for (const [i, { code, says }] of PROGRAMS.entries())
  test(`program ${i + 1} of the README runs`, async (t) => {
    t.true(existsSync(join(ROOT, 'dist', 'index.js')), 'dist is built: npm run build:js');
    const folder = newProject();
    t.teardown(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'program.mjs'), code);
    const { stdout } = await promisify(execFile)(process.execPath, ['program.mjs'], { cwd: folder });
    t.regex(stdout, says);
  });

test('speeds are those of docs/benchmarks.md', (t) => {
  const measured = /^\| seedcnn_b32 \| .*?\| ([\d,]+) \(1\) \| [\d,]+ \(2\) \| ([\d.]+)×/m.exec(
    page('docs/benchmarks.md'),
  );
  const said = /([\d,]+)\s+images a second on one core[^.]*? ([\d.]+) times what PyTorch/.exec(readme);
  for (const i of [1, 2]) {
    const [here, there] = [said, measured].map((found) => Number(found?.[i]?.replace(',', '')));
    t.true(Math.abs(here / there - 1) < 0.1, `the README says ${here}, the benchmarks ${there}`);
  }
});
