// The training of event-loop.mjs: a network of some size, as fast as it goes.

import { data, fit, nn, optim, rand, randint } from 'mgp-node';

export default async function ({ data: { width } }) {
  const model = new nn.Sequential(new nn.Linear(784, width), new nn.ReLU(), new nn.Linear(width, 10));
  const samples = new data.TensorDataset(rand([6000, 784]), randint(10, [6000]));
  await fit(model, {
    data: new data.DataLoader(samples, { batchSize: 64, shuffle: true }),
    loss: new nn.CrossEntropyLoss(),
    optimizer: new optim.Adam(model.parameters()),
    epochs: 1e6,
    progress: false,
  });
}
