import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import test from 'ava';
import { fit, full, getRngState, nn, optim, rand, tensor, train, zeros, type Tensor } from '../lib/index.js';
import { crc32c } from '../lib/train/tensorboard/crc32c.js';
import { histogramOf } from '../lib/train/tensorboard/histogram.js';
import { readEvents, type Event, type GraphNode } from './support/event-files.js';
import { difference } from './support/golden.js';

const TIME = 1_700_000_000.25;

/** As in scripts/golden/event-files.py. */
const numbers = (count: number, scale = 1): number[] =>
  Array.from({ length: count }, (_, i) => (((i * 7919) % 1009) / 1009 - 0.5) * scale);

const units = (...shape: number[]): Tensor =>
  tensor(
    numbers(shape.reduce((a, b) => a * b)).map((value) => value + 0.5),
    { dtype: 'float64' },
  ).reshape(shape);

/** Writes what scripts/golden/event-files.py does. */
async function writeAll(writer: train.SummaryWriter): Promise<void> {
  for (let step = 0; step < 3; step++) writer.addScalar('loss', 1 / (step + 1), step, TIME + step);
  writer.addScalar('group/nan', NaN, { globalStep: 7, walltime: TIME });
  writer.addScalar('new', tensor([0.1]), 2 ** 40, TIME, true);
  writer.addScalar('precise', 0.1, -1, TIME, { newStyle: true, doublePrecision: true });
  const values = tensor(numbers(1000, 8));
  const rules = ['tensorflow', 'auto', 'fd', 'doane', 'scott', 'rice', 'sturges', 'sqrt', 10] as const;
  for (const bins of rules) writer.addHistogram(`histogram/${bins}`, values, 1, bins, TIME);
  writer.addHistogram('histogram/edges', values, 1, { bins: [-1, 0, 0.5, 3], walltime: TIME });
  writer.addHistogram('histogram/few', values, 1, 'tensorflow', TIME, 30);
  writer.addHistogram('histogram/constant', full([5], 2.5), 1, 4, TIME);
  writer.addHistogram('histogram/zeros', zeros([2, 3]), 1, undefined, TIME);
  writer.addText('notes', '**bold** ünïcode', 3, TIME);
  const [grey, color] = [units(1, 4, 5), units(3, 4, 5)];
  writer.addImage('grey', grey, 1, TIME);
  writer.addImage('rows', grey.at(0), 1, TIME, { dataformats: 'HW' });
  writer.addImage('color', color, 1, TIME);
  writer.addImage('hwc', color.permute([1, 2, 0]), 1, TIME, 'hwc');
  writer.addImage('clear', units(4, 4, 5), 1, TIME);
  writer.addImage('bytes', color.mul(256).to('uint8'), 1, TIME);
  writer.addImages('many', units(11, 3, 4, 5), 1, TIME);
  writer.addImages('nhwc', units(3, 4, 5, 1), 1, TIME, { dataformats: 'NHWC' });
  writer.addScalars('both/ways', { a: 1.5, b: tensor([-2]) }, 4, TIME);
  writer.addHparams(
    { lr: 0.1, layers: 3, optimizer: 'adam', none: null },
    { 'hparam/accuracy': 0.75, 'hparam/loss': 10 },
    { hparamDomainDiscrete: { lr: [0.1, 0.01], optimizer: ['adam', 'sgd'] }, runName: 'session' },
  );
  await writer.close();
}

/** All files of events below a folder, by the folder they are in. */
async function readAll(folder: string): Promise<Map<string, Event[]>> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const found = new Map<string, Event[]>();
  for (const file of files.filter((entry) => entry.isFile())) {
    const path = join(file.parentPath, file.name);
    found.set(relative(folder, dirname(path)) || 'main', readEvents(await readFile(path)));
  }
  return found;
}

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'mgp-'));
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Without what is another in each run, and the sums that depend on the order. */
function comparable(events: Event[]): unknown[] {
  return events.map(({ time, source: _, ...event }) => ({
    ...event,
    step: event.step ?? 0,
    time: time === TIME || Math.floor(time) - Math.floor(TIME) < 3 ? time : 'now',
    summary: event.summary?.values.map(({ histogram, ...value }) =>
      histogram === undefined
        ? value
        : {
            ...value,
            histogram: { min: 0, max: 0, ...histogram, sum: 0, squares: 0, limits: histogram.limits.length },
          },
    ),
  }));
}

test('everything is as torch.utils.tensorboard writes it', async (t) => {
  await inFolder(async (folder) => {
    await writeAll(new train.SummaryWriter(folder));
    const ours = await readAll(folder);
    const fixtures = new URL('fixtures/tensorboard/', import.meta.url);
    const names = await readdir(fixtures);
    t.deepEqual([...ours.keys()].sort(), names.sort());
    for (const name of names) {
      const theirs = readEvents(await readFile(new URL(name, fixtures)));
      const mine = ours.get(name)!;
      t.is(mine.length, theirs.length, name);
      const [all, expected] = [comparable(mine), comparable(theirs)];
      for (const [i, event] of all.entries())
        t.deepEqual(event, expected[i], theirs[i].summary?.values[0].tag ?? name);
      const sum = (value: unknown): number => (value as number | undefined) ?? 0;
      const sums = (events: Event[]): number[] =>
        events.flatMap(({ summary }) =>
          (summary?.values ?? []).flatMap(({ histogram }) =>
            histogram === undefined ? [] : [sum(histogram.sum), sum(histogram.squares), ...histogram.limits],
          ),
        );
      t.true(difference(sums(mine), sums(theirs)) < 1e-12, name);
    }
  });
});

test('the checksums are those of RFC 3720', (t) => {
  t.is(crc32c(new Uint8Array(32)), 0x8a9136aa);
  t.is(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  t.is(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
  t.is(crc32c(Buffer.from('123456789')), 0xe3069283);
});

test('values on the edges of bins are counted where they belong', (t) => {
  const positive: number[] = [];
  for (let edge = 1e-12; edge < 1e20; edge *= 1.1) positive.push(edge);
  const edges = [...positive.map((edge) => -edge).reverse(), 0, ...positive];
  const near = edges.flatMap((edge) => [edge, edge * (1 + 2 ** -52), edge * (1 - 2 ** -53)]);
  const values = Float64Array.from([...near, 1e-13, -1e-13, 5e-324, 1e30, -1e30, ...numbers(5000, 1e3)]);
  const bytes = (x: Float64Array, bins: unknown): Uint8Array => histogramOf('a', x, bins, null).finish();
  t.deepEqual(bytes(values, 'tensorflow'), bytes(values, edges));
  const even = Float64Array.from({ length: 301 }, (_, i) => i / 10);
  t.deepEqual(
    bytes(even, 300),
    bytes(
      even,
      Array.from({ length: 301 }, (_, i) => (i === 300 ? 30 : i * (30 / 300))),
    ),
  );
});

/** The tags and steps of the file of a folder, in order. */
const tagsOf = (events: Event[]): string[] =>
  events.flatMap(({ summary, step = 0 }) => (summary?.values ?? []).map(({ tag }) => `${tag} ${step}`));

test('what is added is written at once and in order, as it was at the time of the call', async (t) => {
  await inFolder(async (folder) => {
    const writer = new train.SummaryWriter(folder);
    const expected: string[] = [];
    const picture = zeros([3, 64, 64], { dtype: 'uint8' });
    for (let step = 0; step < 300; step++) {
      picture.fill_(step % 256);
      if (step % 3 === 0) writer.addImage('picture', picture, step);
      else writer.addScalar('loss', step, step);
      expected.push(`${step % 3 === 0 ? 'picture' : 'loss'} ${step}`);
      if (step % 100 === 50) await writer.flush();
      if (step === 150) t.is(tagsOf((await readAll(folder)).get('main')!).length, 151, 'flush');
    }
    await writer.close();
    const events = (await readAll(folder)).get('main')!;
    t.deepEqual(tagsOf(events), expected);
    for (const { step = 0, summary } of events) {
      const image = summary?.values[0].image as { file: { pixels: number[] } } | undefined;
      if (image !== undefined) t.true(image.file.pixels.every((value) => value === step % 256));
    }
    await writer.close();
    t.throws(() => writer.addScalar('loss', 1), {
      message: '[SummaryWriter.addScalar] the writer is closed',
    });
  });
});

test('two writers in one folder have a file each, and a folder of its own has the time', async (t) => {
  await inFolder(async (folder) => {
    await using first = new train.SummaryWriter(folder, { filenameSuffix: '.a' });
    await using second = new train.SummaryWriter(folder, '', 5);
    first.addScalar('loss', 1);
    second.addScalar('loss', 2);
    await Promise.all([first.flush(), second.flush()]);
    const names = await readdir(folder);
    t.is(names.length, 2);
    for (const name of names) t.regex(name, /^events\.out\.tfevents\.\d{10}\.[^/]+\.\d+\.\d+(\.a)?$/);
    const events = readEvents(
      await readFile(
        join(
          folder,
          names.find((name) => !name.endsWith('.a'))!,
        ),
      ),
    );
    t.deepEqual(
      events.map(({ step, session }) => [step, session]),
      [
        [undefined, undefined],
        [5, undefined],
        [5, { status: 1 }],
        [undefined, undefined],
      ],
    );
  });
});

test('a disk that does not take it is an error of flush and close', async (t) => {
  await inFolder(async (folder) => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    const writer = new train.SummaryWriter(join(file, 'runs'));
    writer.addScalar('loss', 1);
    writer.addHparams({ lr: 1 }, { loss: 1 });
    const expectation = {
      instanceOf: Error,
      code: 'ENOTDIR',
      message: /^\[SummaryWriter\] .*file.runs: ENOTDIR/,
    };
    await t.throwsAsync(writer.flush(), expectation);
    writer.addScalar('loss', 2);
    writer.addImage('picture', zeros([1, 2, 2]));
    await t.throwsAsync(writer.close(), expectation);
  });
});

test('wrong values are refused, and nothing of them is written', async (t) => {
  await inFolder(async (folder) => {
    const writer = new train.SummaryWriter(folder);
    const any = writer as unknown as Record<string, (...values: unknown[]) => void>;
    const wrong: [name: string, args: unknown[], message: string][] = [
      ['addScalar', [1, 2], 'tag: expected a string, got 1'],
      ['addScalar', ['a', '2'], 'scalarValue: expected a number or a tensor, got "2"'],
      ['addScalar', ['a', zeros([2])], 'scalarValue: expected one number, got a tensor of shape (2,)'],
      ['addScalar', ['a', 1, 1.5], 'globalStep: expected a whole number, got 1.5'],
      ['addScalar', ['a', 1, 'b'], 'globalStep: expected a whole number, got "b"'],
      ['addScalar', ['a', 1, 1, 'now'], 'walltime: expected a number, got "now"'],
      ['addScalars', ['a', 1], 'tagScalarDict: expected an object, got 1'],
      ['addScalars', ['a', { b: null }], 'b: expected a number or a tensor, got null'],
      ['addHistogram', ['a', zeros([0])], 'values: expected some, got none'],
      ['addHistogram', ['a', [1, NaN]], 'values: expected finite numbers, got NaN'],
      ['addHistogram', ['a', [1, '2']], 'values: expected a number, got "2"'],
      ['addHistogram', ['a', 'b'], 'values: expected a tensor or numbers, got "b"'],
      ['addHistogram', ['a', [1], { bins: 0 }], 'bins: expected a whole number from 1 to 16777216, got 0'],
      ['addHistogram', ['a', [1], 1, [2, 1]], 'bins: expected edges that grow, got 2, 1'],
      ['addHistogram', ['a', [1], 1, [5, 6]], 'values: none of them lies in the bins'],
      [
        'addHistogram',
        ['a', [1], { bins: 'best' }],
        "bins: expected 'tensorflow', 'sqrt', 'sturges', 'rice', 'scott', 'fd', 'doane', 'auto', got \"best\"",
      ],
      ['addImage', ['a', zeros([2, 4, 4])], 'expected 1, 3 or 4 channels, got 2 in shape (2, 4, 4)'],
      ['addImage', ['a', zeros([4, 4])], 'dataformats: CHW has 3 dimensions, got shape (4, 4)'],
      ['addImage', ['a', zeros([3, 0, 4])], 'expected a picture, got shape (3, 0, 4)'],
      ['addImage', ['a', [[1]]], 'imgTensor: expected a tensor, got an array of 1'],
      [
        'addImages',
        ['a', zeros([1, 1, 1, 1]), { dataformats: 'NCWX' }],
        "dataformats: expected 'CHW' or 'HW' or 'NCHW' in any order, got \"NCWX\"",
      ],
      [
        'addImage',
        ['a', zeros([1, 2, 2], { dtype: 'int32' })],
        'expected bytes (uint8) or floats from 0 to 1, got int32',
      ],
      ['addText', ['a', 1], 'textString: expected a string, got 1'],
      ['addText', ['a', 'b', { step: 1 }], "options: unknown option 'step'; there is globalStep, walltime"],
      [
        'addHparams',
        [{ lr: [1] }, {}],
        'hparamDict: lr: expected a number, a string or a boolean, got an array of 1',
      ],
      ['addHparams', [{ lr: 1 }, { loss: '1' }], 'metricDict: loss: expected a number or a tensor, got "1"'],
      [
        'addHparams',
        [{ lr: 1 }, {}, { hparamDomainDiscrete: { lr: ['1'] } }],
        'hparamDomainDiscrete: lr: expected a list of the kind of 1',
      ],
      [
        'addHparams',
        [{ lr: 1 }, {}, { hparamDomainDiscrete: { rate: [1] } }],
        'hparamDomainDiscrete: rate: there is no such hyperparameter',
      ],
      ['addGraph', ['model', zeros([1])], 'model: expected a module, got "model"'],
      ['addGraph', [new nn.Linear(2, 1), 1], 'inputToModel: expected a tensor or a list, got 1'],
      ['addEvent', ['step'], 'expected an event of fit, got "step"'],
    ];
    for (const [name, args, message] of wrong)
      t.throws(() => any[name](...args), { message: `[SummaryWriter.${name}] ${message}` }, message);
    await writer.close();
    const files = await readAll(folder);
    t.deepEqual([...files.keys()], ['main']);
    t.is(files.get('main')!.length, 1);
    t.throws(() => new train.SummaryWriter(5 as unknown as string), {
      message: '[SummaryWriter] logDir: expected a string, got 5',
    });
  });
});

/** Trains something, and writes it down. */
async function writeTraining(writer: train.SummaryWriter): Promise<number> {
  const model = new nn.Linear(2, 1);
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
  const data = Array.from({ length: 4 }, () => [rand([8, 2]), rand([8, 1])]);
  const options = { data, validation: data, loss: new nn.MSELoss(), optimizer, epochs: 2, progress: false };
  let last = 0;
  for await (const event of fit(model, { ...options, metrics: [train.mae()] })) {
    writer.addEvent(event);
    if (event.type === 'epoch') last = event.metrics.mae;
  }
  return last;
}

test('the events of fit are curves', async (t) => {
  await inFolder(async (folder) => {
    const writer = new train.SummaryWriter(folder);
    const mae = await writeTraining(writer);
    await writer.close();
    const events = (await readAll(folder)).get('main')!;
    const steps = [1, 2, 3, 4].flatMap((step) => [`step/loss ${step}`, `step/lr ${step}`]);
    const epoch = ['loss', 'valLoss', 'lr', 'mae'].map((name) => `epoch/${name}`);
    const tags = tagsOf(events);
    t.deepEqual(tags.slice(0, 12), [...steps, ...epoch.map((tag) => `${tag} 1`)]);
    t.deepEqual(
      tags.slice(-4),
      epoch.map((tag) => `${tag} 2`),
    );
    t.is(events.at(-1)?.summary?.values[0].simple, Math.fround(mae));
  });
});

/** The edges of the graph that is drawn of a model, and its shapes. */
async function graphOf(
  model: nn.Module,
  input: Tensor | Tensor[],
): Promise<Record<string, [op: string, inputs: string[], shapes: number[][]]>> {
  let nodes: GraphNode[] = [];
  await inFolder(async (folder) => {
    const writer = new train.SummaryWriter(folder);
    const before = getRngState();
    writer.addGraph(model, input);
    if (getRngState().counter !== before.counter) throw new Error('it took random numbers');
    await writer.close();
    const [, graph, run] = (await readAll(folder)).get('main')!;
    if (run.run === undefined) throw new Error('there is no run');
    ({ nodes } = graph.graph!);
  });
  return Object.fromEntries(
    nodes.map(({ name, op, inputs = [], attributes = [] }) => {
      const list = attributes.find(({ key }) => key === '_output_shapes')?.value.list as {
        shapes: { dims?: { size: number }[] }[];
      };
      return [name, [op, inputs, list.shapes.map(({ dims = [] }) => dims.map(({ size }) => size))]];
    }),
  );
}

test('the graph of a model has its modules, ops and shapes', async (t) => {
  const model = new nn.Sequential(new nn.Linear(4, 3), new nn.ReLU(), new nn.Dropout(0.5));
  model.train();
  t.deepEqual(await graphOf(model, zeros([2, 4])), {
    'input/input.1': ['IO Node', [], [[2, 4]]],
    'Sequential/Linear[0]/weight': ['Parameter', [], [[3, 4]]],
    'Sequential/Linear[0]/bias': ['Parameter', [], [[3]]],
    'Sequential/Linear[0]/linear': [
      'linear',
      ['input/input.1', 'Sequential/Linear[0]/weight', 'Sequential/Linear[0]/bias'],
      [[2, 3]],
    ],
    'Sequential/ReLU[1]/relu': ['relu', ['Sequential/Linear[0]/linear'], [[2, 3]]],
    'output/output.1': ['IO Node', ['Sequential/ReLU[1]/relu'], [[2, 3]]],
  });
  t.true([...model.modules()].every(({ training }) => training));
});

test('graphs of models that go other ways than one', async (t) => {
  class Model extends nn.Module {
    embedding = new nn.Embedding(5, 4);
    blocks = [new nn.Linear(4, 4), new nn.Linear(4, 4)];
    rnn = new nn.LSTM(4, 3, { batchFirst: true });
    pick = new Pick();
    forward(ids: Tensor, scale: Tensor): Tensor {
      let x = this.embedding.forward(ids);
      for (const block of this.blocks) x = block.forward(x).add(x).mul(scale);
      const [values] = this.rnn.forward(x).slice(0, 1) as [Tensor];
      const { values: largest } = values.max(-1);
      return [largest, this.pick.forward(values), ids] as unknown as Tensor;
    }
  }
  class Pick extends nn.Module {
    forward(x: Tensor): Tensor {
      return x.argmax(-1);
    }
  }
  const model = new Model();
  model.requiresGrad_(false);
  const ids = zeros([2, 6], { dtype: 'int32' });
  const graph = await graphOf(model, [ids, full([1], 2)]);
  for (const [name, [, inputs]] of Object.entries(graph))
    for (const input of inputs) t.true(input.replace(/:\d+$/, '') in graph, `${name} has ${input}`);
  t.deepEqual(graph['Model/Linear[blocks.1]/linear'][2], [[12, 4]]);
  t.deepEqual(graph['Model/Embedding[embedding]/weight'], ['Parameter', [], [[5, 4]]]);
  t.is(graph['Model/Pick[pick]/forward'][0], 'Pick');
  t.deepEqual(graph['output/output.2'], ['IO Node', ['Model/Pick[pick]/forward'], [[2, 6]]]);
  t.deepEqual(graph['output/output.3'], ['IO Node', ['input/input.1'], [[2, 6]]]);
  t.true([...model.parameters()].every(({ requiresGrad }) => !requiresGrad));
});

/** Prints what TensorBoard's own package reads. */
const READ = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1], size_guidance={"images": 0, "histograms": 0, "scalars": 0})
events.Reload()
tags = events.Tags()
print(json.dumps({
    "scalars": {tag: [[e.step, e.value if e.value == e.value else None] for e in events.Scalars(tag)] for tag in tags["scalars"]},
    "histograms": {tag: [sum(e.histogram_value.bucket) for e in events.Histograms(tag)] for tag in tags["histograms"]},
    "images": {tag: [[e.width, e.height] for e in events.Images(tag)] for tag in tags["images"]},
    "tensors": tags["tensors"],
}))
`;

const python = process.env.MGP_TENSORBOARD_PYTHON ?? 'python3';
const hasTensorBoard = spawnSync(python, ['-c', 'import tensorboard'], { stdio: 'ignore' }).status === 0;

// Elsewhere the other tests read the records by hand.
(hasTensorBoard ? test : test.skip)('TensorBoard itself reads it', async (t) => {
  await inFolder(async (folder) => {
    const writer = new train.SummaryWriter(folder);
    await writeAll(writer);
    const { stdout, stderr } = spawnSync(python, ['-c', READ, folder], { encoding: 'utf8' });
    const read = JSON.parse(stdout || '{}') as Record<string, Record<string, unknown>>;
    t.deepEqual(
      read.scalars?.loss,
      [1, 0.5, 1 / 3].map((value, step) => [step, Math.fround(value)]),
      stderr,
    );
    t.deepEqual(read.histograms['histogram/auto'], [1000]);
    t.is(Object.keys(read.histograms).length, 13);
    t.deepEqual(read.images.many, [[40, 8]]);
    t.is(Object.keys(read.images).length, 8);
    t.deepEqual(read.tensors, ['new', 'precise', 'notes/text_summary']);
  });
});
