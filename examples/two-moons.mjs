// micrograd's demo on tensors: an MLP learns to tell two half-moons apart, all points of them. Run it with:
//   node examples/two-moons.mjs
import { cat, full, linspace, manualSeed, nn, optim, randn, stack, tensor } from 'mgp-node';

manualSeed(1337);
const angles = linspace(0, Math.PI, 50);
const cos = tensor(angles.toArray().map(Math.cos));
const sin = tensor(angles.toArray().map(Math.sin));
const moons = cat([stack([cos, sin], 1), stack([cos.mul(-1).add(1), sin.mul(-1).add(0.5)], 1)]);
const points = moons.add(randn([100, 2]).mul(0.1));
const labels = cat([full([50], 1), full([50], -1)]);

const model = new nn.Sequential(
  new nn.Linear(2, 16),
  new nn.ReLU(),
  new nn.Linear(16, 16),
  new nn.ReLU(),
  new nn.Linear(16, 1),
);
const optimizer = new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9, weightDecay: 1e-4 });

for (let step = 0; step <= 100; step++) {
  const scores = model.forward(points).squeeze(1);
  const loss = scores.mul(labels).mul(-1).add(1).relu().mean(); // The max-margin loss of a support vector machine.
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  const accuracy = scores.gt(0).eq(labels.gt(0)).sum().item() / 100;
  if (step % 20 === 0) console.log(`step ${step}: loss ${loss.item().toFixed(4)}, accuracy ${accuracy}`);
  process.exitCode = accuracy === 1 ? 0 : 1;
}
