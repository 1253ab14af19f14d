// A variational autoencoder learns to draw digits (Kingma and Welling 2014). Run it with: node examples/vae.mjs [--epochs N] [--images N]
// The bound on -log p(image) of the test images must come below 105 nats.
import { parseArgs } from 'node:util';
import { compile, data, functional, manualSeed, nn, noGrad, optim, randn, tidy } from 'mgp-node';

const LATENT = 20;
const { values } = parseArgs({
  options: { epochs: { type: 'string', default: '15' }, images: { type: 'string', default: '60000' } },
});
const [epochs, count] = [Number(values.epochs), Number(values.images)];

class VAE extends nn.Module {
  encoder = new nn.Sequential(new nn.Linear(784, 400), new nn.ReLU(), new nn.Linear(400, 2 * LATENT));
  decoder = new nn.Sequential(new nn.Linear(LATENT, 400), new nn.ReLU(), new nn.Linear(400, 784));

  /** Images (N, 784) → scores of their pixels (N, 784), mean and log-variance of their codes (N, LATENT). */
  forward(x) {
    const [mean, logVar] = this.encoder.forward(x).chunk(2, 1);
    // A sample of the codes, through which gradients flow.
    const code = mean.add(logVar.mul(0.5).exp().mul(randn(mean.shape)));
    return [this.decoder.forward(code), mean, logVar];
  }
}

/** The bound, on average over the images: what describes the pixels, and how far the codes are from the standard normal. */
function boundOf(model, images) {
  const x = images.flatten(1);
  const [scores, mean, logVar] = model.forward(x);
  const pixels = functional.binaryCrossEntropyWithLogits(scores, x, { reduction: 'sum' });
  const divergence = mean.square().add(logVar.exp()).sub(logVar).sub(1).sum().mul(0.5);
  return pixels.add(divergence).div(images.shape[0]);
}

manualSeed(1);
const { train: all, test } = await data.mnistDataset();
const train = count < all.length ? new data.Subset(all, [...Array(count).keys()]) : all;
const model = new VAE();
const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
const step = compile((images) => {
  const bound = boundOf(model, images);
  optimizer.zeroGrad();
  bound.backward();
  optimizer.step();
  return bound;
});

const start = performance.now();
let bound = Infinity;
for (let epoch = 1; epoch <= epochs; epoch++) {
  for (const [images] of new data.DataLoader(train, { batchSize: 100, shuffle: true }))
    tidy(() => step(images));
  const losses = [...new data.DataLoader(test, { batchSize: 1000 })].map(([images]) =>
    noGrad(() => boundOf(model, images).item()),
  );
  bound = losses.reduce((a, b) => a + b) / losses.length;
  console.log(
    `epoch ${epoch}: bound ${bound.toFixed(2)} nats, ${((performance.now() - start) / 1000).toFixed(1)} s`,
  );
}

// New digits, from codes that no image had: four next to each other, two rows of pixels in a line of text.
const drawn = noGrad(() => model.decoder.forward(randn([4, LATENT])).sigmoid())
  .reshape(4, 28, 28)
  .tolist();
for (let y = 0; y < 28; y += 2)
  console.log(
    drawn
      .map((image) => image[y].map((p, x) => ' .:*#'[Math.round((4 * (p + image[y + 1][x])) / 2)]).join(''))
      .join(' '),
  );
process.exitCode = bound < 105 || count < all.length ? 0 : 1;
