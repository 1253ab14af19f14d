import { compile } from '../compile.js';
import { describe, shapeError, typeError } from '../errors.js';
import { noGrad } from '../grad-mode.js';
import { clipGradNorm } from '../nn/utils/gradients.js';
import { tidy } from '../scope.js';
import { formatShape } from '../shape.js';
import { Tensor } from '../tensor.js';
import type { Metric } from './metrics/metric.js';
import type { Plan } from './options.js';

/** What a batch came to. */
interface BatchResult {
  readonly loss: number;
  readonly samples: number;
}

/** What is asked of a batch, as tensors. Outputs and target are there for metrics. */
interface Learned {
  readonly loss: Tensor;
  readonly output?: unknown;
  readonly target?: Tensor;
}

/** Makes the function that trains on a batch. It measures `metrics` on the way. */
export function makeStep(plan: Plan, metrics: ReadonlyMap<string, Metric>): (batch: unknown) => BatchResult {
  const { optimizer, clip } = plan;
  let samples = 0;
  let checked = false;
  const descend = (batch: unknown): Learned => {
    let first: Omit<Learned, 'loss'> = {};
    const loss = optimizer.step(() => {
      const [output, target] = applyTo(plan, batch);
      const loss = lossOf(plan, output, target);
      optimizer.zeroGrad();
      loss.backward();
      if (!checked) checkGradients(optimizer);
      checked = true;
      if (clip !== null)
        clipGradNorm(
          optimizer.paramGroups.flatMap(({ params }) => params),
          clip.maxNorm,
          clip.normType,
        );
      // Some optimizers ask several times; what counts is where they began.
      if (first.target === undefined) first = { output, target };
      samples = countOf(target);
      return loss;
    });
    return metrics.size > 0 ? { loss, ...first } : { loss };
  };
  let learn = descend;
  if (plan.compile) {
    const single = compile((batch: Tensor) => descend(batch));
    const several = compile((...batch: Tensor[]) => descend(batch));
    learn = (batch) => {
      const list: readonly unknown[] = Array.isArray(batch) ? batch : [batch];
      const last = list.at(-1);
      if (!(last instanceof Tensor))
        typeError('fit', `compile: expected batches of tensors, got ${describe(batch)}`);
      const learned = batch instanceof Tensor ? single(batch) : several(...(list as Tensor[]));
      // A replay says nothing.
      samples = countOf(last);
      return learned;
    };
  }
  return (batch) =>
    tidy(() => {
      const { loss, output, target } = learn(batch);
      if (target !== undefined) measure(metrics, output, target);
      return { loss: loss.item(), samples };
    });
}

/** Throws where steps would change nothing, without a word. */
function checkGradients({ paramGroups }: Plan['optimizer']): void {
  if (paramGroups.every(({ params }) => params.every(({ grad }) => grad === null)))
    throw new Error(
      '[fit] optimizer: none of its parameters got a gradient: was it made for another model, or are they not in the loss?',
    );
}

/** Tests the model with a batch. */
export const test = (plan: Plan, batch: unknown): BatchResult =>
  tidy(() =>
    noGrad(() => {
      const [output, target] = applyTo(plan, batch);
      const loss = lossOf(plan, output, target).item();
      measure(plan.metrics, output, target);
      return { loss, samples: countOf(target) };
    }),
  );

function measure(metrics: ReadonlyMap<string, Metric>, output: unknown, target: Tensor): void {
  noGrad(() => {
    for (const metric of metrics.values()) metric.update(output as Tensor, target);
  });
}

const countOf = ({ shape }: Tensor): number => (shape.length === 0 ? 1 : shape[0]);

function applyTo(plan: Plan, batch: unknown): readonly [unknown, Tensor] {
  const pair: unknown = plan.apply(batch);
  if (!Array.isArray(pair) || pair.length !== 2 || !(pair[1] instanceof Tensor))
    typeError('fit', `apply: expected [output, target], got ${describe(pair)}`);
  return pair as unknown as readonly [unknown, Tensor];
}

function lossOf({ loss }: Plan, output: unknown, target: Tensor): Tensor {
  const value: unknown = loss(output, target);
  if (!(value instanceof Tensor)) typeError('fit', `loss: expected a tensor of it, got ${describe(value)}`);
  if (value.size !== 1)
    shapeError(
      'fit',
      `loss: expected one number of it, got ${formatShape(value.shape)}: is there a reduction?`,
    );
  return value;
}
