// Recommends by factorisation: every user and every film is a vector, a rating is their product. Run it with:
//   node examples/matrix-factorisation.mjs [--epochs N]
// The ratings are made up, with noise of 0.5; the error on ratings that were left out must come below 0.55.
import { parseArgs } from 'node:util';
import { compile, data, functional, manualSeed, nn, noGrad, optim, randint, randn } from 'mgp-node';

const [USERS, FILMS, RANK, RATINGS, NOISE] = [500, 300, 4, 60_000, 0.5];
const { values } = parseArgs({ options: { epochs: { type: 'string', default: '12' } } });
const epochs = Number(values.epochs);

class Factors extends nn.Module {
  users = new nn.Embedding(USERS, RANK);
  films = new nn.Embedding(FILMS, RANK);
  userBias = new nn.Embedding(USERS, 1);
  filmBias = new nn.Embedding(FILMS, 1);

  /** The ratings (N) that users (N) give to films (N). */
  forward(users, films) {
    const taste = this.users.forward(users).mul(this.films.forward(films)).sum(1);
    return taste.add(this.userBias.forward(users).squeeze(1)).add(this.filmBias.forward(films).squeeze(1));
  }
}

manualSeed(1);
// What is behind the ratings, and is to be found again.
const truth = new Factors();
const users = randint(USERS, [RATINGS]);
const films = randint(FILMS, [RATINGS]);
const ratings = noGrad(() => truth.forward(users, films)).add(randn([RATINGS]).mul(NOISE));
const all = new data.TensorDataset(users, films, ratings);
const [train, test] = data.randomSplit(all, [0.9, 0.1]);

const model = new Factors();
noGrad(() => { for (const p of model.parameters()) p.mul_(0.3); }); // prettier-ignore
const optimizer = new optim.Adam(model.parameters(), { lr: 0.02, weightDecay: 1e-5 });
const step = compile((user, film, rating) => {
  const loss = functional.mseLoss(model.forward(user, film), rating);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return loss;
});

function testError() {
  const [[user, film, rating]] = new data.DataLoader(test, { batchSize: test.length });
  return Math.sqrt(noGrad(() => functional.mseLoss(model.forward(user, film), rating)).item());
}

const schedule = new optim.lrScheduler.CosineAnnealingLR(optimizer, epochs);
for (let epoch = 1; epoch <= epochs; epoch++) {
  for (const batch of new data.DataLoader(train, { batchSize: 256, shuffle: true, dropLast: true }))
    step(...batch);
  schedule.step();
  console.log(`epoch ${epoch}: error on ratings left out ${testError().toFixed(4)}`);
}
process.exitCode = testError() < 0.55 || epochs < 12 ? 0 : 1;
