// A training that somebody kills: it goes on from the checkpoints in argv[2], and prints the bits that it ends with.

import { createHash } from 'node:crypto';
import { data, fit, manualSeed, nn, optim, randn, train, type Tensor } from '../../lib/index.js';

manualSeed(1);
const x = randn([96, 4]);
const samples = new data.TensorDataset(x, x.sum(1).gt(0).to('int32'));
const model = new nn.Sequential(
  ...[new nn.Linear(4, 16), new nn.BatchNorm1d(16), new nn.ReLU(), new nn.Dropout(0.3), new nn.Linear(16, 2)],
);
const optimizer = new optim.Adam(model.parameters(), { lr: 0.01 });
const training = fit(model, {
  data: new data.DataLoader(samples, { batchSize: 8, shuffle: true }),
  validation: new data.DataLoader(samples, { batchSize: 48 }),
  loss: new nn.CrossEntropyLoss(),
  optimizer,
  scheduler: { scheduler: new optim.CosineAnnealingLR(optimizer, 1000), every: 'step' },
  metrics: [train.accuracy()],
  ...{ epochs: Number(process.argv[3]), clipGradNorm: 1, progress: false },
  checkpoint: { dir: process.argv[2], everySteps: 2, keep: 3 },
});
for await (const event of training)
  if (event.type === 'step' && event.step === 1) process.stdout.write(`epoch ${event.epoch}\n`);
const { history, steps } = await training;
const hash = createHash('sha256');
for (const tensor of Object.values(model.stateDict())) hash.update(tensor.toArray());
for (const own of Object.values(optimizer.stateDict().state))
  for (const value of Object.values(own))
    hash.update(typeof value === 'number' ? String(value) : (value as Tensor).toArray());
hash.update(JSON.stringify(history.map(({ loss, valLoss, metrics, lr }) => [loss, valLoss, metrics, lr])));
process.stdout.write(`${steps} ${hash.digest('hex')}\n`);
