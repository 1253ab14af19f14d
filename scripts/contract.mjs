// Writes docs/ops.md, the gradient contract, from what the tests of the ops noted while they ran (test/support/contract.ts).
// With --check it fails where the page says something else. `npm run docs:ops` runs the tests and writes the page.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import prettier from 'prettier';
import { fromRoot } from './setup/run.mjs';

const PAGE = fromRoot('docs', 'ops.md');
const FILES = ['ops', 'ops-gradients', 'backends'];
const BACKENDS = ['native', 'reference'];

const read = (name) => {
  const file = fromRoot('build', 'contract', `${name}.json`);
  if (!existsSync(file)) {
    console.error(`${file} is not there: the tests of the ops have not run. Run npm run docs:ops`);
    process.exit(1);
  }
  return JSON.parse(readFileSync(file, 'utf8'));
};

/** What has been shown of each op. */
const shown = new Map();
for (const notes of FILES.map(read))
  for (const [op, checks] of Object.entries(notes))
    shown.set(op, new Set([...(shown.get(op) ?? []), ...checks]));
const { aliases, without } = read('names');

/** A row: what the tests showed, and nothing that they did not. */
function cells(op) {
  const has = (check) => shown.get(op).has(check);
  const everywhere = (check) => BACKENDS.every((backend) => has(`${check} ${backend}`));
  const isPlain = has('no gradient');
  const tick = (ok) => (ok ? '✓' : '');
  const value = (backend, dtype) => has(`forward ${backend} ${dtype}`) || has(`alike ${dtype}`);
  const forward = (dtype) => BACKENDS.every((backend) => value(backend, dtype));
  const anyDType = ['float32', 'float64', 'int32', 'uint8', 'bool'];
  const hasOracle = BACKENDS.every((backend) => anyDType.some((dtype) => has(`forward ${backend} ${dtype}`)));
  const on = (backend) =>
    anyDType.some((dtype) => value(backend, dtype)) &&
    (isPlain || (has(`first ${backend}`) && has(`second ${backend}`)));
  return [
    hasOracle ? '✓' : anyDType.some(forward) ? '≈' : '',
    isPlain ? '–' : tick(everywhere('first')),
    isPlain ? '–' : tick(everywhere('second')),
    tick(forward('float32') && (isPlain || has('float32 derivatives'))),
    tick(forward('float64')),
    tick(has('layouts')),
    tick(on('reference')),
    tick(on('native')),
  ];
}

const byName = (a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1);
const namesOf = (op) => [
  op,
  ...aliases
    .filter(([, of]) => of === op)
    .map(([name]) => name)
    .sort(byName),
];
const rows = [...shown.keys()].sort(byName).map((op) => [
  namesOf(op)
    .map((name) => `\`${name}\``)
    .join(' '),
  ...cells(op),
]);
const others = Object.entries(without).sort(([a], [b]) => byName(a, b));

const text = `# The gradient contract

Written by \`npm run docs:ops\` from tests that ran; \`npm test\` fails where this page says anything else, and where an op is
missing. A tick stands for a test that has passed:

- **forward**: the values are those of an independent oracle in plain JavaScript; ≈ where only the backends are held against each other
  here (other tests hold them against PyTorch's numbers).
- **gradient**, **second gradient**: they agree with finite differences in float64, on both backends. – stands for an op that has none, and
  says so when it is asked.
- **float32**, **float64**: values on both backends; for float32 also the gradients, against those in float64.
- **strided**: inputs that lie in memory transposed, in steps, with gaps or expanded give the same.
- **reference**, **native**: all of this on that backend.

${rows.length} ops; names in one row are one function.

| op | forward | gradient | second gradient | float32 | float64 | strided | reference | native |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
${rows.map((row) => `| ${row.join(' | ')} |`).join('\n')}

## Without a row

They have tests of their own.

| function | why |
| --- | --- |
${others.map(([name, why]) => `| \`${name}\` | ${why} |`).join('\n')}
`;

const page = await prettier.format(text, { ...(await prettier.resolveConfig(PAGE)), parser: 'markdown' });
if (!process.argv.includes('--check')) writeFileSync(PAGE, page);
else if (!existsSync(PAGE) || readFileSync(PAGE, 'utf8') !== page) {
  console.error('docs/ops.md is stale: run npm run docs:ops');
  process.exitCode = 1;
}
