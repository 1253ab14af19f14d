import { setInterval, clearInterval } from 'node:timers';

const PAGE = 200;
const HEARTBEAT = 15_000;
const OVER = ['done', 'failed', 'aborted'];

/**
 * Sends the events of a job, from the one after `last` to its end. What a client gets comes from the store, as fast as the
 * client takes it: a slow one costs no memory, and one that was away misses nothing.
 */
export async function follow({ id, last, store, jobs, reply }) {
  const { raw } = reply;
  if (OVER.includes(store.job(id).state) && store.eventsAfter(id, last, 1).length === 0) {
    // It has everything. EventSource takes this for a reason not to come back.
    reply.code(204).send();
    return;
  }
  reply.hijack();
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
    'x-accel-buffering': 'no',
    // Else the connection would outlive the stream, and the server wait for it at its end.
    connection: 'close',
  });
  raw.write('retry: 1000\n\n');

  let wake;
  let isOpen = true;
  const notify = () => wake?.();
  const stop = () => {
    isOpen = false;
    notify();
  };
  raw.on('close', stop).on('error', stop).on('drain', notify);
  jobs.on(id, notify).once('stop', stop);
  const heartbeat = setInterval(() => raw.write(': still here\n\n'), HEARTBEAT);
  try {
    while (isOpen) {
      const news = new Promise((resolve) => (wake = resolve));
      const isOver = OVER.includes(store.job(id)?.state ?? 'done');
      const events = raw.writableNeedDrain ? [] : store.eventsAfter(id, last, PAGE);
      for (const event of events) raw.write(`id: ${event.id}\nevent: ${event.type}\ndata: ${event.data}\n\n`);
      last = events.at(-1)?.id ?? last;
      if (events.length > 0) continue;
      if (isOver && !raw.writableNeedDrain) break;
      await news;
    }
  } finally {
    clearInterval(heartbeat);
    jobs.off(id, notify).off('stop', stop);
    raw.end();
  }
}
