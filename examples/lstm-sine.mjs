// An LSTM forecasts a sine wave that it sees through noise. Run it with: node examples/lstm-sine.mjs [--steps N]
// Its forecast must be nearer to the true wave than 0.1 on average, though the noise it learns from is larger.
import { parseArgs } from 'node:util';
import { arange, compile, functional, manualSeed, nn, noGrad, optim, rand, randn } from 'mgp-node';

const [BATCH, LENGTH, AHEAD, NOISE] = [32, 60, 30, 0.2];
const { values } = parseArgs({ options: { steps: { type: 'string', default: '400' } } });
const steps = Number(values.steps);

class Forecaster extends nn.Module {
  lstm = new nn.LSTM(1, 32, { batchFirst: true });
  out = new nn.Linear(32, 1);

  /** What comes after each number of (N, T, 1), and the state behind the last. */
  forward(x, state) {
    const [h, next] = this.lstm.forward(x, state);
    return [this.out.forward(h), next];
  }
}

/** Waves (N, T, 1) of a period of 25 steps, each from another place on. */
const waves = (count, length) =>
  rand([count, 1, 1])
    .add(arange(length).float().div(25).unsqueeze(1))
    .mul(2 * Math.PI)
    .sin();

manualSeed(1);
const model = new Forecaster();
const optimizer = new optim.Adam(model.parameters(), { lr: 0.01 });
const step = compile((seen) => {
  const [guess] = model.forward(seen.at(':', ':-1'));
  const loss = functional.mseLoss(guess, seen.at(':', '1:'));
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return loss;
});

const start = performance.now();
for (let i = 1; i <= steps; i++) {
  const clean = waves(BATCH, LENGTH);
  const loss = step(clean.add(randn(clean.shape).mul(NOISE)));
  if (i % 100 === 0)
    console.log(
      `step ${i}: loss ${loss.item().toFixed(4)}, ${((performance.now() - start) / 1000).toFixed(1)} s`,
    );
}

// A forecast: what it says comes next is what it sees next.
const error = noGrad(() => {
  const clean = waves(100, LENGTH + AHEAD);
  const seen = clean.at(':', `:${LENGTH}`);
  let [guesses, state] = model.forward(seen.add(randn(seen.shape).mul(NOISE)));
  let guess = guesses.at(':', '-1:');
  let squares = 0;
  for (let t = LENGTH; t < LENGTH + AHEAD; t++) {
    squares += functional.mseLoss(guess, clean.at(':', `${t}:${t + 1}`)).item();
    [guess, state] = model.forward(guess, state);
  }
  return Math.sqrt(squares / AHEAD);
});
console.log(`${AHEAD} steps ahead, the forecast is off by ${error.toFixed(3)}; the noise was ${NOISE}`);
process.exitCode = error < 0.1 || steps < 400 ? 0 : 1;
