// The CNN of "Building A Tensor micrograd", trained for one epoch on MNIST. It must be right on
// 95 % of the test images. Run it with: node examples/cnn.mjs
import { crossEntropy, data, manualSeed, nn, noGrad, optim, tidy } from 'mgp-node';

class CNN extends nn.Module {
  conv1 = new nn.Conv2d(1, 4, 3, { stride: 2, padding: 1 }); // (N, 1, 28, 28) -> (N, 4, 14, 14)
  conv2 = new nn.Conv2d(4, 8, 3, { stride: 2, padding: 1 }); // (N, 4, 14, 14) -> (N, 8, 7, 7)
  fc = new nn.Linear(8 * 7 * 7, 10);

  forward(x) {
    x = this.conv1.forward(x).relu();
    x = this.conv2.forward(x).relu();
    return this.fc.forward(x.reshape(x.shape[0], 8 * 7 * 7));
  }
}

manualSeed(1);
const { train, test } = await data.mnistDataset();
const model = new CNN();
const optimizer = new optim.Adam(model.parameters(), { lr: 0.003, betas: [0.9, 0.999] });

for (const [images, labels] of new data.DataLoader(train, { batchSize: 32, shuffle: true })) {
  tidy(() => {
    const loss = crossEntropy(model.forward(images), labels);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
  });
}

const [[images, labels]] = new data.DataLoader(test, { batchSize: test.length });
const guesses = noGrad(() => model.forward(images)).argmax(1);
const accuracy = guesses.eq(labels).sum().item() / test.length;
console.log(`test accuracy: ${accuracy}`);
process.exitCode = accuracy > 0.95 ? 0 : 1;
