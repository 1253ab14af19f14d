import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import test from 'ava';
import { io } from 'mgp-node';
import { Service, tableOf, type ServiceEvent } from './support/service.js';

// examples/server as its users meet it: a process, over HTTP.

const LIMITS = {
  MGP_MAX_BYTES: '200000',
  MGP_MAX_ROWS: '2000',
  MGP_MAX_COLUMNS: '6',
  MGP_MAX_CATEGORIES: '5',
  MGP_MAX_QUEUED: '1',
  MGP_MAX_RUNNING: '1',
  MGP_MAX_PREDICT_ROWS: '10',
};
/** So long that nobody sees its end. */
const ENDLESS = { epochs: 10_000, hidden: [256, 256] };

let service: Service;
test.before(async () => {
  service = await Service.start(LIMITS);
});
test.after.always(() => service?.close());

test.serial('a table is uploaded, learned, asked and taken away', async (t) => {
  const csv = tableOf(400);
  const upload = await service.upload(csv, '?name=points.csv');
  t.is(upload.status, 201, JSON.stringify(upload.body));
  const dataset = upload.body;
  t.like(dataset, { name: 'points.csv', rows: 400, bytes: csv.length });
  t.deepEqual(
    dataset.columns.map(({ name, type }) => `${String(name)}: ${String(type)}`),
    ['x: number', 'y: number', 'parity: category', 'side: category', 'distance: number'],
  );
  t.deepEqual(dataset.columns[3].categories, ['above', 'below']);
  t.is((await service.get('/datasets')).body.datasets[0].id, dataset.id);

  const created = await service.post('/jobs', { dataset: dataset.id, target: 'side', epochs: 20 });
  t.is(created.status, 201, JSON.stringify(created.body));
  t.is(created.body.total, 20 * 10);
  const { id } = created.body;
  t.is((await service.get(`/models/${id}`)).status, 404, 'no model yet');
  const job = await service.over(id);
  t.is(job.state, 'done');
  t.true(job.result!.metrics.accuracy > 0.9, JSON.stringify(job.result));

  const { body: list } = await service.get('/models');
  t.deepEqual(
    list.models.map((model) => model.id),
    [id],
  );
  const rows = [
    { x: 0.1, y: 0.9, parity: 'odd', distance: 1.7 },
    { x: 0.9, y: 0.1, parity: 'even', distance: -0.7 },
  ];
  for (const path of [`/models/${id}/predict`, `/jobs/${id}/predict`]) {
    const { status, body } = await service.post(path, { rows });
    t.is(status, 200, JSON.stringify(body));
    t.deepEqual(
      body.predictions.map(({ value }) => value),
      ['above', 'below'],
    );
    const { above, below } = body.predictions[0].probabilities!;
    t.true(above > 0.9 && Math.abs(above + below - 1) < 1e-6);
  }

  const weights = await service.fetch(`/models/${id}/weights`);
  const { tensors, metadata } = io.safetensors.deserialize(new Uint8Array(await weights.arrayBuffer()));
  t.deepEqual(tensors['0.weight'].shape, [32, 5]);
  t.true(metadata.encoding.includes('"side"'));

  t.is((await service.json(`/jobs/${id}`, { method: 'DELETE' })).status, 204);
  t.is((await service.get(`/jobs/${id}`)).status, 404);
  t.is((await service.post(`/models/${id}/predict`, { rows })).status, 404);
  t.deepEqual(readdirSync(join(service.folder, 'models')), []);
  t.deepEqual(readdirSync(join(service.folder, 'checkpoints')), []);
  t.is((await service.json(`/datasets/${dataset.id}`, { method: 'DELETE' })).status, 204);
  t.deepEqual(readdirSync(join(service.folder, 'datasets')), []);
});

test.serial('a column of numbers is learned as numbers', async (t) => {
  const { body: dataset } = await service.upload(tableOf(400));
  const { body } = await service.post('/jobs', { dataset: dataset.id, target: 'distance', epochs: 30 });
  const { state, result } = await service.over(body.id);
  t.is(state, 'done');
  t.true(result!.metrics.r2 > 0.95, JSON.stringify(result));
  const rows = [{ x: 0.5, y: 0.5, parity: 'odd', side: 'above' }];
  const { predictions } = (await service.post(`/models/${body.id}/predict`, { rows })).body;
  t.true(Math.abs((predictions[0].value as number) - 0.5) < 0.15, String(predictions[0].value));
});

const UPLOADS: [what: string, csv: string | Uint8Array, query: string, status: number, error: RegExp][] = [
  ['nothing', '\n\n', '', 400, /^expected a header and rows, got an empty file$/],
  ['a header alone', 'a,b\n', '', 400, /^expected at least 2 rows, got 0$/],
  ['one column', 'a\n1\n2\n', '', 400, /^header: expected 2 to 6 columns, got 1$/],
  ['too many columns', 'a,b,c,d,e,f,g\n', '', 400, /expected 2 to 6 columns, got 7$/],
  ['a column without a name', 'a,,c\n', '', 400, /^header, column 2: expected a name/],
  ['two columns of one name', 'a,b,a\n', '', 400, /columns 1 and 3 are both named "a"$/],
  ['a row that is short', 'a,b\n1,2\n3\n', '', 400, /^row 2 \(line 3\): expected 2 fields .* got 1$/],
  [
    'a value that is missing',
    'a,b\n1,2\n3, \n',
    '',
    400,
    /^row 2 \(line 3\), column 2 "b": expected a value/,
  ],
  [
    'a text among numbers',
    'a,b\n1,2\nx,4\n',
    '',
    400,
    /^row 2 .* column 1 "a": expected a number.* got "x"$/,
  ],
  ['no number', 'a,b\n1,2\n0x10,4\n', '', 400, /expected a number/],
  [
    'many texts',
    `a,b\n${[1, 2, 3, 4, 5, 6].map((i) => `${i},t${i}\n`).join('')}`,
    '',
    400,
    /^row 6 .* at most 5 diff/,
  ],
  ['an open quote', 'a,b\n1,"2\n3,4\n', '', 400, /a quote is opened and never closed/],
  ['no UTF-8', Uint8Array.of(97, 44, 98, 10, 0xff, 44, 50, 10), '', 400, /^expected UTF-8/],
  ['too many rows', `a,b\n${'1,2\n'.repeat(2001)}`, '', 413, /^expected at most 2000 rows$/],
  ['too many bytes', `a,b\n${'1,2\n'.repeat(100_000)}`, '', 413, /^expected at most 200000 bytes$/],
  ['an unknown column', 'a,b\n1,2\n3,4\n', '?categorical=c', 400, /^categorical: .* got "c"$/],
  ['an unknown parameter', 'a,b\n1,2\n3,4\n', '?colour=red', 400, /colour/],
];

for (const [what, csv, query, status, error] of UPLOADS)
  test.serial(`an upload is refused: ${what}`, async (t) => {
    const answer = await service.upload(csv, query);
    t.is(answer.status, status);
    t.regex(answer.body.error ?? '', error);
    const files = readdirSync(join(service.folder, 'datasets'));
    t.false(
      files.some((file) => file.endsWith('.part')),
      'nothing is left of it',
    );
  });

test.serial('an upload whose length nobody knows is cut off at the limit', async (t) => {
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(Buffer.from('1,2\n'.repeat(10_000)));
      if (++sent === 50) controller.close();
    },
  });
  const headers = { 'content-type': 'text/csv' };
  const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit;
  t.is((await service.json('/datasets', init)).status, 413);
});

test.serial('of an upload that breaks off nothing is left', async (t) => {
  const controller = new AbortController();
  const files = () => readdirSync(join(service.folder, 'datasets')).filter((file) => file.endsWith('.part'));
  const body = new ReadableStream<Uint8Array>({
    start: (stream) => stream.enqueue(Buffer.from('a,b\n1,2\n')),
  });
  const headers = { 'content-type': 'text/csv' };
  const init = { method: 'POST', headers, body, duplex: 'half', signal: controller.signal } as RequestInit;
  const upload = service.fetch('/datasets', init);
  while (files().length === 0) await setTimeout(20);
  controller.abort();
  await t.throwsAsync(upload, { any: true });
  while (files().length > 0) await setTimeout(20);
  t.is((await service.get('/health')).status, 200);
});

test.serial('numbers can be categories, and fields be quoted', async (t) => {
  const csv = '\uFEFFzip,"the ""name"""\r\n1000,"a,\nb"\r\n2000,c\r\n';
  const { body } = await service.upload(csv, '?categorical=zip');
  t.is(body.error, undefined);
  t.like(body.columns[0], { name: 'zip', type: 'category' });
  t.like(body.columns[1], { name: 'the "name"', type: 'category' });
  t.deepEqual(body.columns[1].categories, ['a,\nb', 'c']);
});

test.serial('a job is refused with what is wrong', async (t) => {
  const { body: dataset } = await service.upload('a,b,c\n1,2,x\n3,2,x\n');
  const wrong: [body: unknown, error: RegExp][] = [
    [{ dataset: dataset.id }, /target/],
    [{ dataset: 'nobody', target: 'a' }, /^dataset: there is no dataset nobody$/],
    [{ dataset: dataset.id, target: 'd' }, /^target: expected one of a, b, c, got "d"$/],
    [{ dataset: dataset.id, target: 'b' }, /^target: .* "b" has only one$/],
    [{ dataset: dataset.id, target: 'c' }, /^target: .* "c" has only one$/],
    [{ dataset: dataset.id, target: 'a', epochs: 0 }, /^epochs: must be >= 1$/],
    [{ dataset: dataset.id, target: 'a', epochs: '3' }, /^epochs: must be integer$/],
    [{ dataset: dataset.id, target: 'a', hidden: [4, 0] }, /^hidden\.1: must be >= 1$/],
    [{ dataset: dataset.id, target: 'a', lr: 2, seed: 1.5 }, /lr: must be <= 1; seed: must be integer/],
    [{ dataset: dataset.id, target: 'a', epoch: 3 }, /epoch/],
  ];
  for (const [body, error] of wrong) {
    const answer = await service.post('/jobs', body);
    t.is(answer.status, 400);
    t.regex(answer.body.error ?? '', error);
  }
  const broken = await service.json('/jobs', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{',
  });
  t.is(broken.status, 400);
  t.is((await service.get('/jobs/nobody')).status, 404);
  t.is((await service.get('/jobs/nobody/events')).status, 404);
  t.is((await service.post('/jobs/nobody/predict', { rows: [{}] })).status, 404);
});

test.serial(
  'a job is followed, asked while it learns, and aborted; others wait, up to a limit',
  async (t) => {
    const { body: dataset } = await service.upload(tableOf(1000));
    const start = () => service.post('/jobs', { dataset: dataset.id, target: 'side', ...ENDLESS });
    const { body: first } = await start();
    const { body: second } = await start();
    const third = await start();
    t.is(first.state, 'running');
    t.is(second.state, 'queued');
    t.is(third.status, 429);

    const seen: ServiceEvent[] = [];
    for await (const event of service.events(first.id)) {
      seen.push(event);
      if (seen.some(({ type }) => type === 'epoch')) break;
    }
    t.deepEqual(
      seen.slice(0, 2).map(({ state }) => state),
      ['queued', 'running'],
    );
    t.true(seen.some(({ type, loss }) => type === 'step' && loss! > 0));

    const row = { x: 0.1, y: 0.9, parity: 'odd', distance: 1.7 };
    const predict = (rows: unknown, id = first.id) => service.post(`/jobs/${id}/predict`, { rows });
    const { status, body } = await predict([row]);
    t.is(status, 200, JSON.stringify(body));
    t.regex(String(body.predictions[0].value), /^(above|below)$/);
    t.is((await predict([row], second.id)).status, 409, 'it has not begun');
    const wrong: [rows: unknown, error: RegExp][] = [
      [undefined, /rows/],
      [[], /^rows: must NOT have fewer than 1 items$/],
      [Array(11).fill(row), /^rows: must NOT have more than 10 items$/],
      [[row, 3], /^rows\.1: must be object$/],
      [[row, { ...row, x: '1' }], /^rows\.1\.x: expected a number, got "1"$/],
      [[{ ...row, y: null }], /^rows\.0\.y: expected a number, got null$/],
      [[{ ...row, y: undefined }], /^rows\.0\.y: expected a number, got nothing$/],
      [[{ ...row, parity: 'neither' }], /^rows\.0\.parity: expected one of even, odd, got "neither"$/],
      [[{ ...row, z: 1 }], /^rows\.0\.z: there is no such column$/],
    ];
    for (const [rows, error] of wrong) {
      const answer = await predict(rows);
      t.is(answer.status, 400);
      t.regex(answer.body.error ?? '', error);
    }

    t.is((await service.json(`/jobs/${first.id}`, { method: 'DELETE' })).status, 409);
    t.is((await service.json(`/datasets/${dataset.id}`, { method: 'DELETE' })).status, 409);
    const { body: waiting } = await service.post(`/jobs/${second.id}/abort`);
    t.is(waiting.state, 'aborted');
    const { body: aborted } = await service.post(`/jobs/${first.id}/abort`);
    t.is(aborted.state, 'aborted');
    t.is((await service.post(`/jobs/${first.id}/abort`)).status, 409);
    t.is((await predict([row])).status, 409);

    // Whoever was away gets what came since, and nothing once there is nothing more.
    const last = seen.at(-1)!.id;
    const rest: ServiceEvent[] = [];
    for await (const event of service.events(first.id, last)) rest.push(event);
    t.true(rest.every(({ id }) => id > last));
    t.like(rest.at(-1), { type: 'state', state: 'aborted' });
    const headers = { 'last-event-id': String(rest.at(-1)!.id) };
    t.is((await service.fetch(`/jobs/${first.id}/events`, { headers })).status, 204);
    const nonsense = { 'last-event-id': 'x' };
    t.is((await service.fetch(`/jobs/${first.id}/events`, { headers: nonsense })).status, 400);

    // It goes on where it was.
    const { steps } = (await service.get(`/jobs/${first.id}`)).body;
    t.is((await service.post(`/jobs/${first.id}/resume`)).body.state, 'running');
    t.is((await service.post(`/jobs/${first.id}/resume`)).status, 409);
    for await (const event of service.events(first.id, rest.at(-1)!.id))
      if (event.type === 'resume') {
        t.is(event.steps, steps);
        break;
      }
    await service.post(`/jobs/${first.id}/abort`);
    t.is((await service.json(`/jobs/${first.id}`, { method: 'DELETE' })).status, 204);
    const { body: list } = await service.get('/jobs?limit=1&offset=0');
    t.deepEqual(
      list.jobs.map(({ id }) => id),
      [second.id],
    );
    t.is((await service.get('/jobs?limit=0')).status, 400);
  },
);

test.serial('health tells how the service is', async (t) => {
  const response = await service.fetch('/health');
  t.is(response.status, 200);
  const health = (await response.json()) as Record<string, Record<string, number>>;
  t.true(health.eventLoopDelayMs.p99 >= 0 && health.memoryMiB.rss > 0 && health.threads.total > 0);
  t.deepEqual(Object.keys(health.jobs), ['running', 'queued', 'maxRunning', 'maxQueued']);
});

test.serial('what is asked for wrongly, and by nobody', async (t) => {
  t.is((await service.get('/nowhere')).status, 404);
  t.is((await service.post('/datasets', { a: 1 })).status, 415);
  // What curl sends without a header.
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  for (const path of ['/datasets', '/jobs'])
    t.like(await service.json(path, { method: 'POST', headers, body: '{}' }), {
      status: 415,
      body: { error: 'expected the header Content-Type: application/json, or text/csv for a table' },
    });
});

test('with a key, nobody gets in without it', async (t) => {
  const locked = await Service.start({ MGP_API_KEY: 'a key' });
  try {
    for (const path of ['/datasets', '/jobs', '/models', '/nowhere']) {
      t.is((await locked.get(path)).status, 401, path);
      const wrong = { authorization: 'Bearer another' };
      t.is((await locked.json(path, { headers: wrong })).status, 401, path);
    }
    t.regex((await locked.get('/jobs')).body.error ?? '', /Authorization: Bearer/);
    t.is((await locked.upload(tableOf(10))).status, 401);
    const headers = { authorization: 'Bearer a key' };
    t.is((await locked.json('/jobs', { headers })).status, 200);
    for (const path of ['/', '/page.js', '/health']) t.is((await locked.fetch(path)).status, 200, path);
  } finally {
    await locked.close();
  }
});

test('settings that are wrong are named, and nothing starts', async (t) => {
  const error = await t.throwsAsync(Service.start({ MGP_MAX_ROWS: 'many' }));
  t.regex(error.message, /MGP_MAX_ROWS: expected a whole number from 2, got many/);
  t.true(existsSync(service.folder));
});
