import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import { fit, nn, optim, rand, train } from '../lib/index.js';
import { Curve } from '../lib/train/report/curve.js';
import { findChromium } from './support/chromium.js';

interface Chart {
  readonly scale: string;
  readonly series: { label: string; x: number[]; y: (number | null)[] }[];
}

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'mgp-'));
  try {
    await run(folder);
  } finally {
    // A browser may still be on its way out.
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** What a page draws. */
const chartsIn = (page: string): Chart[] =>
  JSON.parse(/<script type="application\/json" id="data">([^]*?)<\/script>/.exec(page)![1]) as Chart[];

/** The rows of the table below a heading, as texts. */
function tableIn(page: string, heading: RegExp): string[][] {
  const [, table] = new RegExp(`<h2>${heading.source}</h2>[^]*?<table[^>]*>([^]*?)</table>`).exec(page)!;
  return [...table.matchAll(/<tr>([^]*?)<\/tr>/g)].map(([, row]) =>
    [...row.matchAll(/<t[hd][^>]*>([^]*?)<\/t[hd]>/g)].map(([, cell]) => cell),
  );
}

/** A training of 3 epochs of 4 steps, and all it told. */
async function trained(): Promise<{ model: nn.Module; events: train.FitEvent[] }> {
  const model = new nn.Sequential(new nn.Linear(2, 3), new nn.ReLU(), new nn.Linear(3, 1));
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
  const data = Array.from({ length: 4 }, () => [rand([8, 2]), rand([8, 1])]);
  const events: train.FitEvent[] = [];
  const training = fit(model, {
    ...{ data, validation: data, loss: new nn.MSELoss(), optimizer, epochs: 3, progress: false },
    metrics: [train.mae()],
    scheduler: new optim.lrScheduler.StepLR(optimizer, 1, { gamma: 0.5 }),
  });
  for await (const event of training) events.push(event);
  return { model, events };
}

test('the page of a training has its curves and tables, and needs nothing else', async (t) => {
  await inFolder(async (folder) => {
    const { model, events } = await trained();
    const file = join(folder, 'run.html');
    const hyperparameters = { optimizer: 'SGD', lr: 0.1, '<b>': true };
    await train.writeReport(file, { events, title: 'A & <b>', model, hyperparameters });
    const page = await readFile(file, 'utf8');
    t.deepEqual(await readdir(folder), ['run.html']);
    t.false(/https?:\/\//.test(page), 'no address');
    t.false(/\b(?:src|href)=/.test(page));
    t.true(page.includes('<h1>A &amp; &lt;b&gt;</h1>'));
    t.true(page.includes('<dt>&lt;b&gt;</dt>'));
    t.false(page.includes('<b>true'));
    for (const name of ['Backend', 'Node.js', 'mgp-node']) t.true(page.includes(`<dt>${name}</dt>`), name);
    t.regex(page, /3 epochs of training, 12 steps in \d+ s\./);
    const epochs = events.filter((event) => event.type === 'epoch');
    const steps = events.filter((event) => event.type === 'step');
    const x = steps.map((_, i) => (i + 0.5) / 4);
    t.deepEqual(chartsIn(page), [
      {
        scale: 'log',
        series: [
          { label: 'training', x, y: steps.map(({ loss }) => loss) },
          { label: 'validation', x: [1, 2, 3], y: epochs.map(({ valLoss }) => valLoss), dots: true },
        ],
      },
      {
        scale: 'linear',
        series: [{ label: 'mae', x: [1, 2, 3], y: epochs.map((e) => e.metrics.mae), dots: true }],
      },
      { scale: 'linear', series: [{ label: 'learning rate', x, y: steps.map(({ lr }) => lr) }] },
    ]);
    const [head, ...rows] = tableIn(page, /Epochs/);
    t.deepEqual(head, ['Epoch', 'Loss', 'Validation loss', 'mae', 'Learning rate', 'Time', 'Samples/s']);
    t.deepEqual(
      rows.map(([epoch, loss, , , lr]) => [epoch, loss, lr]),
      epochs.map(({ epoch, loss, lr }) => [String(epoch), loss.toFixed(4), String(lr)]),
    );
    t.deepEqual(tableIn(page, /Sequential, 13 parameters/), [
      ['Layer', 'Module', 'Parameters'],
      ['0', 'Linear(inFeatures=2, outFeatures=3, bias=true)', '9'],
      ['1', 'ReLU()', '–'],
      ['2', 'Linear(inFeatures=3, outFeatures=1, bias=true)', '4'],
    ]);
  });
});

test('what fit gives is enough, also when little happened', async (t) => {
  await inFolder(async (folder) => {
    const file = join(folder, 'run.html');
    const { events } = await trained();
    const done = events.at(-1) as train.DoneEvent;
    const { type: _, ...result } = done;
    await train.writeReport(file, { ...result, reason: 'earlyStopping' });
    const page = await readFile(file, 'utf8');
    t.deepEqual(
      chartsIn(page).map(({ series }) => series.map(({ label, x }) => [label, x.length])),
      [
        [
          ['training', 3],
          ['validation', 3],
        ],
        [['mae', 3]],
        [['learning rate', 3]],
      ],
    );
    t.true(page.includes('It ended early: there was no progress any more.'));
    t.false(page.includes('Hyperparameters'));

    // No epoch was finished; losses that a logarithm does not take.
    const steps = events.filter((event) => event.type === 'step').slice(0, 3);
    await train.writeReport(file, { events: steps.map((step, i) => ({ ...step, loss: i - 1 })) });
    const [losses, ...others] = chartsIn(await readFile(file, 'utf8'));
    t.deepEqual(others, []);
    t.deepEqual([losses.scale, losses.series[0].y], ['linear', [-1, 0, 1]]);

    // Steps that nobody heard of leave their place free.
    await train.writeReport(file, {
      ...result,
      events: events.filter((e) => e.type !== 'step' || e.steps % 3 === 0),
    });
    const [{ series }] = chartsIn(await readFile(file, 'utf8'));
    t.deepEqual(series[0].x, [0.625, 1.375, 2.125, 2.875]);

    // What is not a number has no point.
    const [epoch] = result.history;
    await train.writeReport(file, { history: [{ ...epoch, metrics: { auc: NaN } }] });
    t.deepEqual(chartsIn(await readFile(file, 'utf8'))[1].series[0].y, [null]);
  });
});

test('long trainings have curves of few points', (t) => {
  const curve = new Curve();
  for (let i = 0; i < 100_000; i++) curve.add(i);
  const { x, y } = curve.points();
  t.true(x.length >= 256 && x.length < 512);
  t.true(y.every((value, i) => Math.abs(value + 0.5 - x[i]) < 1e-6));
});

test('wrong arguments are refused, and nothing is written', async (t) => {
  await inFolder(async (folder) => {
    const write = train.writeReport as (...args: unknown[]) => Promise<void>;
    const file = join(folder, 'run.html');
    const wrong: [options: unknown, message: string][] = [
      [undefined, 'options: expected an object, got undefined'],
      [{}, 'expected history or events, of a training'],
      [{ history: 5 }, 'history: expected a list of events of fit, got 5'],
      [{ history: [] }, 'expected an epoch or steps, got none'],
      [{ history: [], name: 'a' }, "unknown option 'name'"],
      [{ history: [], title: 5 }, 'title: expected a string, got 5'],
      [{ history: [], model: {} }, 'model: expected a module, got an Object'],
      [{ history: [], hyperparameters: ['lr'] }, 'hyperparameters: expected an object, got an array of 1'],
      [
        { history: [], reason: 'tired' },
        "reason: expected 'finished' or 'earlyStopping' or 'aborted', got \"tired\"",
      ],
    ];
    for (const [options, message] of wrong) {
      const error = await t.throwsAsync(write(file, options), undefined, message);
      t.true(error.message.startsWith('[writeReport] ') && error.message.includes(message), error.message);
    }
    await t.throwsAsync(write(5, { history: [] }), {
      message: '[writeReport] path: expected a string, got 5',
    });
    t.deepEqual(await readdir(folder), []);
  });
});

const browser = findChromium();

// Where there is none, nothing can draw.
(browser === undefined ? test.skip : test)('a browser draws the curves', async (t) => {
  t.timeout(120_000);
  await inFolder(async (folder) => {
    const { model, events } = await trained();
    const file = join(folder, 'run.html');
    await train.writeReport(file, { events, model });
    const flags = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      `--user-data-dir=${join(folder, 'profile')}`,
    ];
    const { stdout, stderr } = spawnSync(
      browser!,
      [
        ...flags,
        '--enable-logging=stderr',
        '--virtual-time-budget=3000',
        '--dump-dom',
        pathToFileURL(file).href,
      ],
      { encoding: 'utf8', timeout: 100_000 },
    );
    t.is([...stdout.matchAll(/<canvas [^>]*width="\d{2,}"/g)].length, 3, stderr);
    t.deepEqual([...stderr.matchAll(/CONSOLE[^\n]*/g)].map(String), [], 'no errors');
    const labels = [...stdout.matchAll(/class="u-label">([^<]*)</g)].map(([, label]) => label);
    t.deepEqual(labels, ['epoch', 'training', 'validation', 'epoch', 'mae', 'epoch', 'learning rate']);
  });
});
