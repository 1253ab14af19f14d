// How the page talks to the service.

let key = sessionStorage.getItem('key');

export function useKey(value) {
  key = value;
  sessionStorage.setItem('key', value);
}

const headers = (more = {}) => ({ ...(key !== null && { authorization: `Bearer ${key}` }), ...more });

/** An answer that is an error, with what was wrong. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function check(response) {
  if (response.ok) return response;
  const { error } = await response.json().catch(() => ({}));
  throw new ApiError(response.status, error ?? `the service answered ${response.status}`);
}

export async function get(path) {
  return (await check(await fetch(path, { headers: headers() }))).json();
}

export async function post(path, body) {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  return (await check(await fetch(path, { method: 'POST', headers: headers(type), ...sent }))).json();
}

export async function upload(path, file) {
  const response = await fetch(path, {
    method: 'POST',
    headers: headers({ 'content-type': 'text/csv' }),
    body: file,
  });
  return (await check(response)).json();
}

export async function remove(path) {
  await check(await fetch(path, { method: 'DELETE', headers: headers() }));
}

export async function download(path) {
  return (await check(await fetch(path, { headers: headers() }))).blob();
}

/**
 * Server-sent events, until there are no more. (EventSource cannot send a key.) Where the connection breaks, it goes on after
 * the last event that came.
 * @param onEvent gets `{ type, ...data }`
 */
export async function follow(path, onEvent, signal) {
  let last = 0;
  while (!signal.aborted) {
    try {
      const response = await check(
        await fetch(path, { headers: headers({ 'last-event-id': String(last) }), signal }),
      );
      if (response.status === 204) return;
      for await (const { id, event, data } of read(response)) {
        last = id;
        onEvent({ type: event, ...JSON.parse(data) });
      }
    } catch (error) {
      if (signal.aborted || (error instanceof ApiError && error.status < 500)) return;
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

/** The messages of a stream: fields by name. */
async function* read(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const messages = (text + value).split('\n\n');
    text = messages.pop();
    for (const message of messages) {
      const lines = message.split('\n').map((line) => /^(\w+): (.*)$/.exec(line));
      const fields = Object.fromEntries(lines.filter(Boolean).map(([, name, field]) => [name, field]));
      if (fields.data !== undefined) yield fields;
    }
  }
}
