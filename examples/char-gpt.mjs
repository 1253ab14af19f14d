// A character-level GPT learns to write like Shakespeare. Run it with: node examples/char-gpt.mjs [--steps N]
// Its loss must come below 1.6, and below 1.7 on text that it has not seen.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import * as mgp from 'mgp-node';
import { arange, compile, crossEntropy, fromArray, nn, noGrad, optim, tidy } from 'mgp-node';

const [BATCH, CONTEXT, WIDTH, LAYERS, HEADS] = [16, 64, 128, 4, 4];
const { values } = parseArgs({ options: { steps: { type: 'string', default: '3000' } } });
const steps = Number(values.steps);

const text = readFileSync(new URL('data/shakespeare.txt', import.meta.url), 'utf8');
const letters = [...new Set(text)].sort();
const tokens = Int32Array.from(text, (letter) => letters.indexOf(letter));
const split = Math.floor(0.95 * tokens.length);

/** Random pieces of the text between two places, and the same pieces one letter further on. */
function batch(from, to) {
  const x = new Int32Array(BATCH * CONTEXT);
  const y = new Int32Array(BATCH * CONTEXT);
  const starts = mgp.randint(from, to - CONTEXT, [BATCH]).toArray();
  starts.forEach((start, i) => {
    x.set(tokens.subarray(start, start + CONTEXT), i * CONTEXT);
    y.set(tokens.subarray(start + 1, start + 1 + CONTEXT), i * CONTEXT);
  });
  return [fromArray(x, [BATCH, CONTEXT]), fromArray(y)];
}

class Block extends nn.Module {
  norm1 = new nn.LayerNorm(WIDTH);
  qkv = new nn.Linear(WIDTH, 3 * WIDTH);
  out = new nn.Linear(WIDTH, WIDTH);
  norm2 = new nn.LayerNorm(WIDTH);
  mlp = new nn.Sequential(new nn.Linear(WIDTH, 4 * WIDTH), new nn.GELU(), new nn.Linear(4 * WIDTH, WIDTH));

  forward(x) {
    x = x.add(this.attend(this.norm1.forward(x)));
    return x.add(this.mlp.forward(this.norm2.forward(x)));
  }

  /** Every letter looks at itself and at those before it. */
  attend(x) {
    const [n, t] = x.shape;
    // (N, T, 3·width) → three times (N, heads, T, width / heads)
    const heads = this.qkv
      .forward(x)
      .reshape(n, t, 3, HEADS, WIDTH / HEADS)
      .permute(2, 0, 3, 1, 4);
    const y = mgp.scaledDotProductAttention(...heads.unbind(), { isCausal: true });
    return this.out.forward(y.transpose(1, 2).reshape(n, t, WIDTH));
  }
}

class GPT extends nn.Module {
  letters = new nn.Embedding(letters.length, WIDTH);
  places = new nn.Embedding(CONTEXT, WIDTH);
  blocks = new nn.Sequential(...Array.from({ length: LAYERS }, () => new Block()));
  norm = new nn.LayerNorm(WIDTH);
  head = new nn.Linear(WIDTH, letters.length, { bias: false });

  /** Letters (N, T) → scores (N, T, letters) of what comes next. */
  forward(x) {
    const h = this.letters.forward(x).add(this.places.forward(arange(x.shape[1])));
    return this.head.forward(this.norm.forward(this.blocks.forward(h)));
  }
}

mgp.manualSeed(1);
const model = new GPT();
const optimizer = new optim.AdamW(model.parameters(), { lr: 2e-3, weightDecay: 0.01 });
const schedule = new optim.lrScheduler.OneCycleLR(optimizer, 3e-3, { totalSteps: steps + 1, pctStart: 0.1 });
const lossOf = (x, y) => crossEntropy(model.forward(x).reshape(-1, letters.length), y);
const step = compile((x, y) => {
  const loss = lossOf(x, y);
  optimizer.zeroGrad();
  loss.backward();
  nn.utils.clipGradNorm(model.parameters(), 1);
  optimizer.step();
  return loss;
});

const start = performance.now();
const EVERY = 500;
let [sum, trained] = [0, Infinity];
for (let i = 1; i <= steps; i++) {
  sum += tidy(() => step(...batch(0, split)).item());
  schedule.step();
  if (i % EVERY > 0) continue;
  [trained, sum] = [sum / EVERY, 0];
  const seconds = (performance.now() - start) / 1000;
  console.log(`step ${i}: loss ${trained.toFixed(3)}, ${seconds.toFixed(0)} s`);
}

const losses = noGrad(() => Array.from({ length: 50 }, () => lossOf(...batch(split, tokens.length)).item()));
const loss = losses.reduce((a, b) => a + b) / losses.length;

const line = [letters.indexOf('\n')];
for (let i = 0; i < 300; i++)
  noGrad(() => {
    const scores = model.forward(mgp.tensor([line.slice(-CONTEXT)], { dtype: 'int32' })).at(0, -1);
    const chances = scores.div(0.8).softmax(0).toArray();
    let chance = mgp.rand([]).item();
    line.push(
      Math.max(
        0,
        chances.findIndex((p) => (chance -= p) < 0),
      ),
    );
  });
console.log(line.map((i) => letters[i]).join(''));
console.log(`loss on unseen text: ${loss.toFixed(3)}`);
process.exitCode = (trained < 1.6 && loss < 1.7) || steps < 3000 ? 0 : 1;
