import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { newProject, ROOT } from './support/project.js';

// The JavaScript of docs/training.md and docs/observability.md runs as it stands there, on the built package, with small data.

const pageOf = (name: string): string => readFileSync(join(ROOT, name), 'utf8');
const jsOf = (name: string): string[] =>
  Array.from(pageOf(name).matchAll(/^```js\n(.*?)^```$/gms), ([, code]) => code);

/** A block of its own scope, after `before`: what it imports is imported there. */
const scoped = (code: string, before = ''): string =>
  `{ ${before}\n${code.replace(/^import (\{.*\}) from ('.*');$/gm, 'const $1 = await import($2);')} }\n`;

const SAMPLES = `
  import * as mgp from 'mgp-node';
  mgp.manualSeed(1);
  const points = mgp.randn([200, 2]);
  const samples = new mgp.data.TensorDataset(points, points.prod(1).gt(0).to('int32'));
  const [trainSet, testSet] = mgp.data.randomSplit(samples, [0.8, 0.2]);
  const optionsOf = (model) => ({
    data: new mgp.data.DataLoader(trainSet, { batchSize: 32 }),
    loss: new mgp.nn.CrossEntropyLoss(),
    optimizer: new mgp.optim.AdamW(model.parameters(), { lr: 0.01 }),
    epochs: 2,
    progress: false,
  });
`;

async function run(
  t: ExecutionContext,
  files: Record<string, string>,
  main: string,
): Promise<{ folder: string; stdout: string }> {
  const folder = newProject();
  t.teardown(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const [name, code] of Object.entries(files)) writeFileSync(join(folder, name), code);
  const { stdout } = await promisify(execFile)(process.execPath, [main], { cwd: folder });
  return { folder, stdout };
}

test('trainings and checkpoints of docs/training.md', async (t) => {
  const [first, events, checkpoints, ...others] = jsOf('docs/training.md');
  t.is(others.length, 2, 'the blocks of the test below');
  const [load] = /const \{ model: weights, config \} = await [^`]+/.exec(pageOf('docs/training.md')) ?? [];
  const { folder, stdout } = await run(
    t,
    {
      'main.js': [
        `${SAMPLES}\n${first}\nconsole.log(history.length > 3);\nconst options = optionsOf(model);`,
        scoped(events),
        scoped(checkpoints),
        scoped(`${load};\nmodel.loadStateDict(weights);\nconsole.log(config);`),
        scoped(checkpoints),
      ].join('\n'),
    },
    'main.js',
  );
  t.regex(
    stdout,
    /^true\n1 0\.\d+ 0\.01\n.*\n2 0\.\d+ null \{\}\nfinished\n(runs\S+\n){2}\{\}\ngoing on at step 10\n$/s,
  );
  t.true(existsSync(join(folder, 'runs/1/best.safetensors')));
});

test('the worker thread of docs/training.md', async (t) => {
  const [worker, server] = jsOf('docs/training.md').slice(3);
  t.is(worker.split('…').length, 3, 'what the page leaves out is a model and options');
  const { stdout } = await run(
    t,
    {
      'samples.js': `${SAMPLES}\nexport { optionsOf };`,
      'train.js': `import { optionsOf } from './samples.js';\n${worker
        .replace('= …;', '= new nn.Linear(rows[0].length, 2);')
        .replace('…', '...optionsOf(model)')}`,
      'server.js': `import { nn } from 'mgp-node';
        const rows = [[1, 2]];
        const { signal } = new AbortController();
        const model = new nn.Linear(2, 2);
        ${server}
        console.log(reason, history.length);`,
    },
    'server.js',
  );
  t.regex(stdout, /type: 'epoch'.*type: 'checkpoint'.*type: 'done'.*\nfinished 2\n$/s);
});

test('docs/observability.md', async (t) => {
  const [board, histograms, report, reportOfEvents, table, kernels, channels, ...others] =
    jsOf('docs/observability.md');
  t.is(others.length, 0);
  const { folder, stdout } = await run(
    t,
    {
      'main.js': [
        SAMPLES,
        `const { crossEntropy, fit, nn, ones, train, zeros } = mgp;
        const model = new nn.Sequential(new nn.Linear(2, 8), new nn.ReLU(), new nn.Linear(8, 2));
        const options = optionsOf(model);
        const { optimizer } = options;
        const example = zeros([1, 2]);
        const metrics = { gauge: (name, value) => console.log(name, value < 1) };`,
        scoped(channels),
        scoped(board),
        scoped(histograms, "const writer = new train.SummaryWriter('runs/second');"),
        scoped(report),
        scoped(reportOfEvents),
        scoped(
          table,
          `class Masked extends nn.Module {
            layer = new nn.Conv2d(3, 4, 3);
            forward(x, mask = 1) { return this.layer.forward(x.mul(mask)); }
          }
          const model = new Masked();
          const gpt = new nn.Embedding(10, 4);
          const [x, mask] = [zeros([2, 3, 8, 8]), ones([8, 8])];`,
        ),
        scoped(kernels, "const [x, y] = [zeros([4, 2]), zeros([4], { dtype: 'int32' })];"),
      ].join('\n'),
    },
    'main.js',
  );
  t.regex(stdout, /^(loss true\n){8}Layer .*\n {2}Conv2d \(layer\).*\nmatmul .*\nforward .*in all\n$/s);
  for (const name of ['runs/first', 'runs/second', 'run.html', 'trace.json'])
    t.true(existsSync(join(folder, name)), name);
});
