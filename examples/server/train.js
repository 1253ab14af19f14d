// What the worker thread of a job runs: jobs.js starts it. The same data and configuration give the same model, bit for
// bit, however often the server is killed meanwhile.
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename, join } from 'node:path';
import { data, fit, io, manualSeed, nn, optim, tensor, train } from 'mgp-node';
import { readCsv } from './csv.js';
import { encodeInputs, encodeTarget, inputWidth } from './encoding.js';
import { buildModel } from './model.js';

/** @returns what the job's result says of the model */
export default async function trainJob({ data: job, signal }) {
  const { encoding, config, rows, dir } = job;
  const isClassification = encoding.target.type === 'category';
  letRequestsGoFirst();
  const samples = await readSamples(job);

  manualSeed(config.seed);
  const held = heldBack(rows, config);
  const [learn, test] = data.randomSplit(samples, [rows - held, held]);
  const model = buildModel(encoding, config);
  const { history, reason } = await fit(model, {
    data: new data.DataLoader(learn, { batchSize: config.batchSize, shuffle: true, seed: config.seed }),
    validation: new data.DataLoader(test, { batchSize: 1024 }),
    loss: isClassification ? new nn.CrossEntropyLoss() : new nn.MSELoss(),
    optimizer: new optim.AdamW(model.parameters(), { lr: config.lr }),
    epochs: config.epochs,
    metrics: isClassification ? { accuracy: train.accuracy() } : { r2: train.r2() },
    checkpoint: { dir, everyEpochs: config.epochs, everySeconds: 1 },
    signal,
    progress: false,
  });
  if (reason === 'aborted') return { reason };

  // The model is that of the best epoch.
  const best = await train.loadCheckpoint(join(dir, 'best.safetensors'));
  await io.safetensors.saveFile(best.model, job.path, { encoding: JSON.stringify(encoding) });
  const losses = history.map(({ valLoss }) => valLoss);
  const { epoch, steps, valLoss, metrics } = history[losses.indexOf(Math.min(...losses))];
  return { reason, steps, epoch, valLoss, metrics };
}

/** Where cores are few, a request should not wait for this thread. On Linux a thread can be nicer than its process. */
function letRequestsGoFirst() {
  if (process.platform !== 'linux') return;
  try {
    setPriority(Number(basename(readlinkSync('/proc/thread-self'))), 10);
  } catch {
    // It goes on as it is.
  }
}

/** How many rows the model is tested with. */
export const heldBack = (rows, { validation }) =>
  Math.min(rows - 1, Math.max(1, Math.round(rows * validation)));

/** All rows of the file as a dataset of inputs and targets. */
async function readSamples({ csv, columns, encoding, rows }) {
  const width = inputWidth(encoding);
  const inputs = new Float32Array(rows * width);
  const isNumber = encoding.target.type === 'number';
  const targets = isNumber ? new Float32Array(rows) : new Int32Array(rows);
  const places = encoding.inputs.map(({ name }) => columns.indexOf(name));
  const target = columns.indexOf(encoding.target.name);
  let i = 0;
  for await (const record of readCsv(csv)) {
    const value = (place) => record[place].trim();
    encodeInputs(encoding, places.map(value), inputs, i * width);
    targets[i++] = encodeTarget(encoding, value(target));
  }
  return new data.TensorDataset(
    tensor(inputs).reshape(rows, width),
    isNumber ? tensor(targets).reshape(rows, 1) : tensor(targets),
  );
}
