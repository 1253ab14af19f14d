import test from 'ava';
import { Service, tableOf } from './support/service.js';

// A server that is killed, or told to end, goes on with its jobs when it comes back: with the same bits as one that never
// stopped.

const JOB = { target: 'side', epochs: 60, hidden: [64, 64], seed: 3 };

/** Begins the job in a service of its own. */
async function begin(service: Service): Promise<string> {
  const { body: dataset } = await service.upload(tableOf(1000));
  const { body } = await service.post('/jobs', { dataset: dataset.id, ...JOB });
  return body.id;
}

/** Waits until a job has made so many steps, or is over. */
async function steps(service: Service, id: string, count: number): Promise<void> {
  for await (const event of service.events(id)) if ((event.steps ?? 0) >= count) return;
}

const weightsOf = async (service: Service, id: string): Promise<Buffer> =>
  Buffer.from(await (await service.fetch(`/models/${id}/weights`)).arrayBuffer());

test('a job ends with the same weights, however often its server was killed', async (t) => {
  const calm = await Service.start();
  let killed = await Service.start();
  try {
    const wanted = await begin(calm);
    const id = await begin(killed);
    for (const [count, signal] of [
      [200, 'SIGKILL'],
      [500, 'SIGTERM'],
      [900, 'SIGKILL'],
    ] as const) {
      await steps(killed, id, count);
      const code = await killed.end(signal);
      if (signal === 'SIGTERM') t.is(code, 0, killed.output());
      killed = await Service.start({}, killed.folder);
    }
    const job = await killed.over(id);
    t.is(job.state, 'done', JSON.stringify(job));
    t.is((await calm.over(wanted)).state, 'done');

    const states: string[] = [];
    const epochs: number[] = [];
    for await (const { type, state, epoch } of killed.events(id)) {
      if (state !== undefined) states.push(state);
      if (type === 'epoch') epochs.push(epoch!);
    }
    t.deepEqual(states, [...Array<string[]>(4).fill(['queued', 'running']).flat(), 'done']);
    t.deepEqual(
      epochs,
      Array.from({ length: JOB.epochs }, (_, i) => i + 1),
      'each epoch is told once',
    );
    const weights = await weightsOf(killed, id);
    t.true(weights.length > 10_000);
    t.true(weights.equals(await weightsOf(calm, wanted)), 'the same bits');
  } finally {
    await calm.close();
    await killed.close();
  }
});

test('jobs that waited still wait, and what was uploaded halfway is gone', async (t) => {
  const before = await Service.start({ MGP_MAX_RUNNING: '1' });
  let after: Service | undefined;
  try {
    const { body: dataset } = await before.upload(tableOf(500));
    const create = { dataset: dataset.id, target: 'side', epochs: 3000 };
    const { body: first } = await before.post('/jobs', create);
    const { body: second } = await before.post('/jobs', { ...create, epochs: 2 });
    // An upload that does not end.
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(Buffer.from('a,b\n1,2\n')),
    });
    const headers = { 'content-type': 'text/csv' };
    const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit;
    before.fetch('/datasets', init).catch(() => undefined);
    await steps(before, first.id, 20);
    await before.end('SIGKILL');
    after = await Service.start({ MGP_MAX_RUNNING: '1' }, before.folder);
    t.is((await after.get(`/jobs/${first.id}`)).body.state, 'running');
    t.is((await after.get(`/jobs/${second.id}`)).body.state, 'queued');
    t.is((await after.get('/datasets')).body.datasets.length, 1);
    await after.post(`/jobs/${first.id}/abort`);
    t.is((await after.over(second.id)).state, 'done');
  } finally {
    await before.close();
    await after?.close();
  }
});
