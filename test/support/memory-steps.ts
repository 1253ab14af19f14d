import { crossEntropy, manualSeed, optim, randint, randn, tidy } from '../../lib/index.js';
import { CNN } from '../../lib/models/cnn.js';

// Run by memory.test.ts in a process of its own: trains in one synchronous loop, and prints the memory in use after a few
// steps and after many. Nothing here yields to the event loop, so no finalizer ever runs.

const [mode, few, many] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];

manualSeed(1);
const model = new CNN();
const adam = new optim.Adam(model.parameters(), { lr: 0.003 });
const images = randn([256, 1, 28, 28]);
const labels = randint(10, [256]);

function step(): void {
  const batch = randint(256, [32]);
  adam.zeroGrad();
  crossEntropy(model.forward(images.indexSelect(0, batch)), labels.indexSelect(0, batch)).backward();
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
