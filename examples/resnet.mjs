// A small residual network (He et al. 2016) on MNIST. Run it with: node examples/resnet.mjs [--epochs N] [--images N]
// It must be right on 99.40 % of the test images.
import { parseArgs } from 'node:util';
import {
  compile,
  crossEntropy,
  data,
  functional,
  manualSeed,
  nn,
  noGrad,
  optim,
  randint,
  tidy,
} from 'mgp-node';

const BATCH = 64;
const { values } = parseArgs({
  options: { epochs: { type: 'string', default: '4' }, images: { type: 'string', default: '60000' } },
});
const [epochs, count] = [Number(values.epochs), Number(values.images)];

const conv = (from, to) => new nn.Conv2d(from, to, 3, { padding: 1, bias: false });

/** Two convolutions, around which the input has a way of its own. */
class Residual extends nn.Module {
  constructor(channels) {
    super();
    this.path = new nn.Sequential(
      conv(channels, channels),
      new nn.BatchNorm2d(channels),
      new nn.ReLU(),
      conv(channels, channels),
      new nn.BatchNorm2d(channels),
    );
  }

  forward(x) {
    return x.add(this.path.forward(x)).relu();
  }
}

/** A convolution to more channels, and a quarter of the pixels. */
const wider = (from, to) => [conv(from, to), new nn.BatchNorm2d(to), new nn.ReLU(), new nn.MaxPool2d(2)];

manualSeed(1);
const { train: all, test } = await data.mnistDataset();
const train = count < all.length ? new data.Subset(all, [...Array(count).keys()]) : all;
const model = new nn.Sequential(
  ...wider(1, 16), // (N, 1, 28, 28) → (N, 16, 14, 14)
  new Residual(16),
  ...wider(16, 32), // → (N, 32, 7, 7)
  new Residual(32),
  conv(32, 64),
  new nn.BatchNorm2d(64),
  new nn.ReLU(),
  new nn.AdaptiveAvgPool2d(1),
  new nn.Flatten(),
  new nn.Dropout(0.1),
  new nn.Linear(64, 10),
);
const loader = new data.DataLoader(train, { batchSize: BATCH, shuffle: true, dropLast: true });
const optimizer = new optim.AdamW(model.parameters(), { lr: 1e-3, weightDecay: 1e-3 });
const schedule = new optim.lrScheduler.OneCycleLR(optimizer, 1e-2, {
  totalSteps: epochs * loader.length + 1,
});
const step = compile((images, labels) => {
  const loss = crossEntropy(model.forward(images), labels, { labelSmoothing: 0.05 });
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return loss;
});

/** The images moved by up to two pixels. */
function moved(images) {
  const [dx, dy] = randint(5, [2]).toArray();
  return functional
    .pad(images, [2, 2, 2, 2])
    .at(':', ':', `${dy}:${dy + 28}`, `${dx}:${dx + 28}`)
    .contiguous();
}

function accuracy() {
  model.eval();
  let right = 0;
  for (const [images, labels] of new data.DataLoader(test, { batchSize: 500 }))
    right += noGrad(() => model.forward(images).argmax(1).eq(labels).sum().item());
  model.train();
  return right / test.length;
}

const start = performance.now();
for (let epoch = 1; epoch <= epochs; epoch++) {
  for (const [images, labels] of loader) {
    tidy(() => step(moved(images), labels));
    schedule.step();
  }
  console.log(
    `epoch ${epoch}: accuracy ${accuracy().toFixed(4)}, ${((performance.now() - start) / 1000).toFixed(0)} s`,
  );
}
process.exitCode = accuracy() >= 0.994 || count < all.length ? 0 : 1;
