/* eslint-disable @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-class-instance-assignment -- wrong calls are what this file is for */
// What must compile, and what must not, with the types as they are published. Checked by `tsc` in `npm test`: a wrong call
// that compiles is an unused `@ts-expect-error`, which is an error. Nothing here runs.
import {
  compile,
  conv2d,
  crossEntropy,
  data,
  fit,
  full,
  functional,
  grad,
  gradcheck,
  io,
  linalg,
  matmul,
  max,
  nn,
  noGrad,
  ones,
  optim,
  profile,
  randn,
  recordFunction,
  sort,
  sum,
  summary,
  tensor,
  tidy,
  train,
  zeros,
  type DType,
  type Tensor,
} from 'mgp-node';

/** Whether two types are one and the same. */
type Same<A, B> = [A, B] extends [B, A] ? true : false;
/** Compiles only where the value is exactly of the type. */
declare function exactly<Expected>(): <Actual>(
  value: Actual & (Same<Actual, Expected> extends true ? unknown : never),
) => void;

export function creation(): void {
  exactly<Tensor>()(tensor([[1, 2], [3, 4]])); // prettier-ignore
  exactly<Tensor>()(zeros([2, 3], { dtype: 'float64', requiresGrad: true }));
  tensor(new Float32Array(3));
  // @ts-expect-error a text is no number
  tensor(['1', '2']);
  // @ts-expect-error there is no such dtype
  zeros([2], { dtype: 'float16' });
  // @ts-expect-error the option has another name
  zeros([2], { requires_grad: true });
  // @ts-expect-error sizes come in an array
  zeros(2, 3);
  // @ts-expect-error the value is missing
  full([2]);
  // @ts-expect-error a shape has numbers
  randn(['2']);
}

export function ops(x: Tensor): void {
  exactly<Tensor>()(x.add(1));
  exactly<Tensor>()(x.add(x).mul(2).relu());
  exactly<Tensor>()(sum(x, 0, true));
  exactly<Tensor>()(x.sum({ dim: [0, 1], keepdim: true, dtype: 'float64' }));
  exactly<Tensor>()(matmul(x, x));
  exactly<Tensor[]>()(x.split(2));
  exactly<Tensor[]>()(x.chunk(2, 1));
  const { values, indices } = max(x, 1);
  exactly<Tensor>()(values);
  exactly<Tensor>()(indices);
  exactly<Tensor>()(max(x));
  exactly<Tensor>()(sort(x, 0, true).indices);
  exactly<DType>()(x.dtype);
  exactly<readonly number[]>()(x.shape);
  exactly<number>()(x.item());
  // @ts-expect-error texts cannot be added
  x.add('1');
  // @ts-expect-error an operand is missing
  matmul(x);
  // @ts-expect-error a dimension is a number
  x.sum('0');
  // @ts-expect-error keepdim is a boolean
  x.sum(0, 1);
  // @ts-expect-error the option has another name
  x.sum({ dims: 0 });
  // @ts-expect-error there is no such option
  x.sum(0, { keepDim: true });
  // @ts-expect-error there is no such op
  x.softMax(1);
  // @ts-expect-error a loss is a function, not a method
  x.crossEntropy(x);
  // @ts-expect-error dtypes are texts
  x.to(32);
  // @ts-expect-error sizes are numbers
  x.reshape('2', 3);
  // @ts-expect-error the shape of a tensor does not change
  x.shape[0] = 3;
  // @ts-expect-error there is no such reduction
  crossEntropy(x, x, { reduction: 'average' });
  // @ts-expect-error padding is numbers, 'same' or 'valid'
  conv2d(x, x, null, 1, 'full');
  // @ts-expect-error there is no such mode
  functional.pad(x, [1, 1], 'mirror');
  // @ts-expect-error there is no such mode
  functional.interpolate(x, { scaleFactor: 2, mode: 'cubic' });
  // @ts-expect-error `upper` is required
  linalg.solveTriangular(x, x, {});
}

export function indexing(x: Tensor): void {
  exactly<Tensor>()(x.at(0, ':', '1:-1', '::2', '...', null, [2, 5], x, { start: 1, step: 2 }));
  exactly<Tensor>()(x.at([true, false], [[0], [1]]));
  exactly<Tensor>()(x.indexPut_([0, '1:'], 5));
  // @ts-expect-error a range has a colon
  x.at('1');
  // @ts-expect-error a range has numbers
  x.at('a:b');
  // @ts-expect-error ranges are not written so
  x.at({ from: 1 });
  // @ts-expect-error the indices come in a list
  x.indexPut_(0, 5);
}

export function autograd(x: Tensor): void {
  exactly<Tensor[]>()(grad(x.sum(), [x]));
  exactly<(Tensor | null)[]>()(grad(x.sum(), [x], { allowUnused: true }));
  exactly<boolean>()(gradcheck((y: Tensor) => y.exp(), [x]));
  exactly<Tensor>()(noGrad(() => x.exp()));
  exactly<number>()(tidy(() => x.sum().item()));
  exactly<Tensor>()(compile((a: Tensor, b: number) => a.mul(b))(x, 2));
  // @ts-expect-error the option has another name
  grad(x, x, { create_graph: true });
  // @ts-expect-error a gradient is a tensor
  x.backward(1);
  // @ts-expect-error the step takes a tensor
  compile((a: Tensor) => a.exp())(1);
}

export function modules(x: Tensor): void {
  const model = new nn.Sequential(new nn.Linear(2, 3), new nn.ReLU());
  exactly<Tensor>()(model.forward(x));
  exactly<Tensor>()(new nn.Conv2d(1, 2, 3, { stride: 2, padding: 'valid', groups: 1 }).forward(x));
  // @ts-expect-error the number of outputs is missing
  new nn.Linear(2);
  // @ts-expect-error bias is a boolean
  new nn.Linear(2, 3, { bias: 1 });
  // @ts-expect-error the option has another name
  new nn.Conv2d(1, 2, 3, { strides: 2 });
  // @ts-expect-error there is no such mode
  new nn.Conv2d(1, 2, 3, { paddingMode: 'mirror' });
  // @ts-expect-error a module is no function
  model(x);
  // @ts-expect-error an LSTM has no such option
  new nn.LSTM(2, 3, { layers: 2 });
  // @ts-expect-error there is no such activation
  new nn.TransformerEncoderLayer(8, 2, { activation: 'swish' });
}

export function training(model: nn.Module, x: Tensor): void {
  const adam = new optim.Adam(model.parameters(), { lr: 1e-3, betas: [0.9, 0.999] });
  new optim.SGD([{ params: [x], lr: 0.1 }], { lr: 0.01, momentum: 0.9 });
  new optim.lrScheduler.StepLR(adam, 10, { gamma: 0.5 });
  // @ts-expect-error the option has another name
  new optim.Adam(model.parameters(), { learningRate: 1e-3 });
  // @ts-expect-error there are two betas
  new optim.Adam(model.parameters(), { betas: [0.9] });
  // @ts-expect-error the step size is a number
  new optim.lrScheduler.StepLR(adam, '10');
  // @ts-expect-error a schedule belongs to an optimizer
  new optim.lrScheduler.StepLR(model, 10);

  const set = new data.TensorDataset(x, x);
  for (const [input, label] of new data.DataLoader(set, { batchSize: 2, shuffle: true })) {
    exactly<Tensor>()(input);
    exactly<Tensor>()(label);
  }
  // @ts-expect-error the option has another name
  new data.DataLoader(set, { batch_size: 2 });
  // @ts-expect-error a number is no dataset
  new data.DataLoader(3);
  // @ts-expect-error ones takes a shape
  ones({ dtype: 'float32' });
}

export async function seeing(model: nn.Module, x: Tensor, result: train.FitResult): Promise<void> {
  await using writer = new train.SummaryWriter('runs/1', { filenameSuffix: '.a' });
  writer.addScalar('loss', 0.5, 1, { walltime: 5 });
  writer.addScalar('loss', x, undefined, 5, true);
  writer.addHistogram('weight', [1, 2], 1, { bins: 'auto' });
  writer.addImages('digits', x, 1, { dataformats: 'NHWC' });
  writer.addGraph(model, x);
  writer.addHparams({ lr: 0.1, name: 'a', deep: true }, { loss: x }, { runName: 'b' });
  for await (const event of fit(model, {
    data: [[x, x]],
    loss: new nn.MSELoss(),
    optimizer: new optim.SGD([x], { lr: 1 }),
  }))
    writer.addEvent(event);
  await train.writeReport('run.html', { ...result, title: 'A run', model, hyperparameters: { lr: 0.1 } });
  // @ts-expect-error a number is no text
  writer.addText('notes', 5);
  // @ts-expect-error the option has another name
  writer.addScalar('loss', 1, { step: 1 });
  // @ts-expect-error there is no such rule
  writer.addHistogram('weight', x, 1, 'best');
  // @ts-expect-error a list is no hyperparameter
  writer.addHparams({ lr: [0.1] }, {});
  // @ts-expect-error the option has another name
  await train.writeReport('run.html', { ...result, name: 'A run' });
}

export async function fitting(model: nn.Sequential, x: Tensor, signal: AbortSignal): Promise<void> {
  const optimizer = new optim.Adam(model.parameters());
  const options = { data: [[x, x]], loss: new nn.MSELoss(), optimizer, signal };
  const result = await fit(model, {
    ...options,
    checkpoint: { dir: 'runs/1', everySteps: 5, config: { lr: 1 } },
  });
  exactly<train.FitResult>()(result);
  exactly<'finished' | 'earlyStopping' | 'aborted'>()(result.reason);
  const job = train.trainInWorker<{ accuracy: number }>(new URL('file:///train.js'), {
    data: { x },
    threads: 1,
    signal,
  });
  for await (const event of job) if (event.type === 'checkpoint') exactly<string>()(event.path);
  exactly<number>()((await job).accuracy);
  exactly<Record<string, Tensor> | null>()(job.stateDict());
  exactly<train.FitResult>()(await train.trainInWorker('file:///train.js'));
  const saved = await train.loadCheckpoint<{ model: nn.StateDict }>('runs/1/best.safetensors');
  model.loadStateDict(saved.model);
  await train.saveCheckpoint('last.safetensors', {
    model: model.stateDict(),
    optimizer: optimizer.stateDict(),
  });
  exactly<number>()(profile(() => 3).result);
  exactly<Tensor>()((await profile(() => Promise.resolve(x))).result);
  exactly<Tensor>()(recordFunction('part', () => x));
  exactly<number>()(summary(model, [1, 3], { dtype: 'int32' }).parameters);
  // @ts-expect-error a training has an optimizer
  fit(model, { data: [[x, x]], loss: new nn.MSELoss() });
  // @ts-expect-error the option has another name
  fit(model, { ...options, checkpoint: { directory: 'runs/1' } });
  // @ts-expect-error a function is not the address of a module
  train.trainInWorker(() => fit(model, options));
  // @ts-expect-error a text is no state
  await train.saveCheckpoint('last.safetensors', 'state');
  // @ts-expect-error a model takes a shape
  summary(model, 3);
}

export async function files(model: nn.Module, x: Tensor, bytes: Uint8Array): Promise<void> {
  await io.npy.save('x.npy', x, { dtype: 'float16' });
  exactly<Tensor>()(await io.npy.load('x.npy'));
  exactly<Tensor>()(io.npy.deserialize(bytes));
  const file = await io.npy.openFile('x.npy');
  exactly<Tensor>()(await file.rows(0, file.shape[0]));
  await io.npz.save('a.npz', [x, x], { compressed: true });
  await io.npz.save('a.npz', model.stateDict(), { dtypes: { weight: 'int64' } });
  exactly<Record<string, Tensor>>()(await io.npz.load('a.npz', { maxBytes: 1e9 }));
  for await (const piece of io.npz.serialize({ x })) exactly<Uint8Array>()(piece);
  const { tensors, dtypes } = await io.safetensors.loadFile('a.safetensors');
  await io.safetensors.saveFile(tensors, 'b.safetensors', { note: 'text' }, { dtypes });
  await io.safetensors.saveFile({ x }, 'c.safetensors', {}, { dtypes: { x: 'F8_E4M3' } });
  exactly<Record<string, Tensor>>()(await io.torch.loadStateDict('model.pt', 'model'));
  const { epoch } = await io.torch.load<{ model: nn.StateDict; epoch: number }>('checkpoint.pt');
  exactly<number>()(epoch);
  // @ts-expect-error the path comes first, as in NumPy
  await io.npy.save(x, 'x.npy');
  // @ts-expect-error NumPy has another name for it
  await io.npy.save('x.npy', x, { dtype: 'F16' });
  // @ts-expect-error a number is no tensor
  await io.npz.save('a.npz', { x: 1 });
  // @ts-expect-error the option has another name
  await io.npz.save('a.npz', { x }, { compress: true });
  // @ts-expect-error there is no such dtype
  await io.safetensors.saveFile({ x }, 'c.safetensors', {}, { dtypes: { x: 'float16' } });
  // @ts-expect-error notes are texts
  await io.safetensors.saveFile({ x }, 'c.safetensors', { epoch: 3 });
}
