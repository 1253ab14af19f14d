import { ApiError, download, follow, get, post, remove, upload, useKey } from './api.js';
import { Curve } from './curve.js';
import { answer, element, inputFields, onSubmit, readFields, setOptions } from './forms.js';

const $ = (id) => document.getElementById(id);
const curve = new Curve($('curve'));
let datasets = [];
let jobs = [];
/** The job that is shown, and what ends following it. */
let selected = null;
let following = new AbortController();

// What there is.

async function refresh() {
  try {
    [{ datasets }, { jobs }] = await Promise.all([get('/datasets'), get('/jobs')]);
    $('key').hidden = true;
  } catch (error) {
    $('key').hidden = !(error instanceof ApiError && error.status === 401);
    return;
  }
  showDatasets();
  showJobs();
  if (selected === null && jobs.length > 0) select(jobs[0].id);
  else showJob();
}

async function showHealth() {
  const health = await get('/health').catch(() => null);
  if (health === null) $('health').textContent = 'The service does not answer.';
  else {
    const { jobs, eventLoopDelayMs, memoryMiB, backend } = health;
    const counts = `${jobs.running} running, ${jobs.queued} waiting`;
    $('health').textContent =
      `${counts} · event loop p99 ${eventLoopDelayMs.p99} ms · ${memoryMiB.rss} MiB · ${backend}`;
  }
}

// Datasets.

function showDatasets() {
  const form = $('train');
  setOptions(
    form.elements.dataset,
    datasets.map(({ id, name, rows }) => [id, `${name} (${rows} rows)`]),
  );
  showTargets();
  form.querySelector('button').disabled = datasets.length === 0;
}

/** The last column is the one that is usually asked for. */
function showTargets() {
  const form = $('train');
  const columns = datasets.find(({ id }) => id === form.elements.dataset.value)?.columns ?? [];
  setOptions(form.elements.target, columns.map(({ name, type }) => [name, `${name} (${type})`]).reverse());
}
$('train').elements.dataset.addEventListener('change', showTargets);

onSubmit($('upload'), async (data) => {
  const file = data.get('file');
  const query = new URLSearchParams({ name: file.name, categorical: data.get('categorical') });
  const { id, name, rows, columns } = await upload(`/datasets?${query}`, file);
  await refresh();
  $('train').elements.dataset.value = id;
  showTargets();
  return `${name}: ${rows} rows, ${columns.length} columns.`;
});

onSubmit($('train'), async (data) => {
  const numbers = data
    .get('hidden')
    .split(',')
    .filter((text) => text.trim() !== '');
  const job = await post('/jobs', {
    dataset: data.get('dataset'),
    target: data.get('target'),
    epochs: Number(data.get('epochs')),
    batchSize: Number(data.get('batchSize')),
    lr: Number(data.get('lr')),
    hidden: numbers.map(Number),
  });
  select(job.id);
  await refresh();
});

// Jobs.

function showJobs() {
  $('no-jobs').hidden = jobs.length > 0;
  $('jobs').hidden = jobs.length === 0;
  const rows = jobs.map((job) => {
    const { id, name, state, steps, total, created } = job;
    const open = element('button', { type: 'button', title: name, onclick: () => select(id) }, name);
    const bar = element('progress', {
      max: total,
      value: state === 'done' ? total : steps,
      ariaLabel: 'progress',
    });
    return element(
      'tr',
      { ariaCurrent: String(id === selected) },
      element('th', { scope: 'row' }, open),
      element('td', {}, element('span', { className: `state ${state}` }, state)),
      element('td', {}, bar, `${steps} of ${total}`),
      element('td', {}, new Date(created).toLocaleTimeString()),
    );
  });
  const body = $('jobs').tBodies[0];
  // A button keeps the focus when the list is made anew.
  const focus = [...body.rows].findIndex((row) => row.contains(document.activeElement));
  body.replaceChildren(...rows);
  body.rows[focus]?.querySelector('button').focus();
}

/** Shows a job, and follows it. */
function select(id) {
  if (id === selected) return;
  following.abort();
  following = new AbortController();
  selected = id;
  curve.clear();
  $('predict').querySelector('.fields').replaceChildren();
  $('predict').querySelector('output').replaceChildren();
  showJobs();
  showJob();
  void follow(
    `/jobs/${id}/events`,
    (event) => {
      curve.add(event);
      if (event.type === 'epoch') showNote(event);
      if (event.type === 'state') void refresh();
    },
    following.signal,
  );
}

function showNote({ epoch, valLoss, metrics }) {
  const values = Object.entries({ 'validation loss': valLoss, ...metrics });
  const text = values.map(([name, value]) => `${name} ${Number(value).toPrecision(4)}`).join(', ');
  $('job-note').textContent = `Epoch ${epoch}: ${text}`;
}

function showJob() {
  const job = jobs.find(({ id }) => id === selected);
  $('job').hidden = job === undefined;
  $('predict-card').hidden = job === undefined || !['running', 'done'].includes(job.state);
  if (job === undefined) return;
  const { name, state, error, result, encoding } = job;
  const isActive = state === 'queued' || state === 'running';
  $('job-title').textContent = name;
  $('job-state').textContent = state;
  $('job-state').className = `state ${state}`;
  $('abort').hidden = !isActive;
  $('resume').hidden = !['aborted', 'failed'].includes(state);
  $('delete').hidden = isActive;
  $('weights').hidden = state !== 'done';
  if (state === 'failed') $('job-note').textContent = error;
  if (state === 'done') showNote(result);
  const fields = $('predict').querySelector('.fields');
  if (fields.childElementCount === 0) fields.replaceChildren(...inputFields(encoding.inputs));
}

$('abort').addEventListener('click', async () => {
  await post(`/jobs/${selected}/abort`).catch(() => undefined);
  await refresh();
});

$('resume').addEventListener('click', async () => {
  await post(`/jobs/${selected}/resume`).catch((error) => ($('job-note').textContent = error.message));
  const id = selected;
  selected = null;
  select(id);
  await refresh();
});

$('delete').addEventListener('click', async () => {
  await remove(`/jobs/${selected}`).catch(() => undefined);
  following.abort();
  selected = null;
  await refresh();
  if (jobs.length === 0) showJob();
});

$('weights').addEventListener('click', async (event) => {
  // A link cannot send a key.
  event.preventDefault();
  const address = URL.createObjectURL(await download(`/models/${selected}/weights`));
  element('a', { href: address, download: `${selected}.safetensors` }).click();
  URL.revokeObjectURL(address);
});
$('weights').href = '#';

// Predictions.

onSubmit($('predict'), async (data) => {
  const { encoding } = jobs.find(({ id }) => id === selected);
  const rows = [readFields(encoding.inputs, data)];
  const { steps, predictions } = await post(`/jobs/${selected}/predict`, { rows });
  const note = element('p', { className: 'soft' }, `After ${steps} steps.`);
  return [...answer(predictions[0], encoding.target), note];
});

onSubmit($('key'), async (data) => {
  useKey(data.get('key'));
  await refresh();
});

await Promise.all([refresh(), showHealth()]);
setInterval(refresh, 2000);
setInterval(showHealth, 2000);
