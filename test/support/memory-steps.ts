import { crossEntropy, manualSeed, nn, optim, randint, randn, tidy } from '../../lib/index.js';

// Run by memory.test.ts in a process of its own: trains in one synchronous loop, and prints the memory in use after a few
// steps and after many. Nothing here yields to the event loop, so no finalizer ever runs.

const [mode, few, many] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];

manualSeed(1);
const model = new nn.Sequential(
  new nn.Conv2d(1, 4, 3, { stride: 2, padding: 1 }),
  new nn.ReLU(),
  new nn.Flatten(),
  new nn.Linear(4 * 7 * 7, 10),
);
const adam = new optim.Adam(model.parameters(), { lr: 0.003 });
const images = randn([8, 1, 14, 14]);
const labels = randint(10, [8]);

function step(): void {
  adam.zeroGrad();
  crossEntropy(model.forward(images), labels).backward();
  adam.step();
}

const measure = (): Record<string, number> => {
  const { rss, heapTotal } = process.memoryUsage();
  return { resident: rss, outsideHeap: rss - heapTotal };
};

let before = measure();
for (let i = 1; i <= many; i++) {
  if (mode === 'tidy') tidy(step);
  else step();
  if (i === few) before = measure();
}
process.stdout.write(JSON.stringify({ before, after: measure() }));
