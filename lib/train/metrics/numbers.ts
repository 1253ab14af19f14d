import { shapeError } from '../../errors.js';
import { softmax } from '../../ops/softmax.js';
import { formatShape, sameShape } from '../../shape.js';
import type { Tensor } from '../../tensor.js';
import { checkPair, Metric } from './metric.js';
import { checkClasses, checkSingle } from './classes.js';

interface Scored {
  /** For each class (or the one output) the score of every sample. */
  scores: number[][];
  truths: number[];
}

class RocAuc extends Metric<Scored> {
  readonly name = 'rocAuc';
  readonly mode = 'max';

  protected start(): Scored {
    return { scores: [], truths: [] };
  }

  update(output: Tensor, target: Tensor): void {
    checkPair(this.name, output, target);
    const { scores, truths } = this.state;
    const actual = target.toArray();
    const perClass = output.ndim === 2 && target.ndim === 1 && output.shape[1] > 1;
    if (!perClass || output.shape[0] !== target.shape[0]) checkSingle(this.name, output, target);
    const classes = perClass ? output.shape[1] : 1;
    checkClasses(this.name, actual, Math.max(2, classes));
    if (scores.length > 0 && scores.length !== classes)
      shapeError(this.name, `expected ${scores.length} outputs a sample as before, got ${classes}`);
    for (let c = scores.length; c < classes; c++) scores.push([]);
    const values = (perClass && output.size > 0 ? softmax(output, 1) : output).toArray();
    for (let i = 0; i < values.length; i++) scores[i % classes].push(values[i]);
    for (const truth of actual) truths.push(truth);
  }

  compute(): number {
    const { scores, truths } = this.state;
    // With two scores a sample, the second says all.
    if (scores.length <= 2) return areaUnder(scores.at(-1) ?? [], truths, 1);
    const areas = scores.map((each, c) => areaUnder(each, truths, c)).filter((area) => !Number.isNaN(area));
    return areas.reduce((sum, area) => sum + area, 0) / areas.length;
  }
}

/** How often a sample of a class has a higher score than one of another; half of it where the scores are the same. */
function areaUnder(scores: readonly number[], truths: readonly number[], positive: number): number {
  if (scores.some(Number.isNaN)) return NaN;
  const order = Float64Array.from(scores, (_, i) => i).sort((a, b) => scores[a] - scores[b]);
  let ranks = 0;
  let positives = 0;
  for (let from = 0; from < order.length;) {
    let to = from;
    let tied = 0;
    for (; to < order.length && scores[order[to]] === scores[order[from]]; to++)
      if (truths[order[to]] === positive) tied++;
    ranks += (tied * (from + 1 + to)) / 2;
    positives += tied;
    from = to;
  }
  const negatives = order.length - positives;
  return (ranks - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/**
 * The area under the ROC curve: how often a sample of class 1 has a higher output than one of class 0. One output for each
 * target, logits or probabilities; or scores (N, C) for classes (N): then the mean of each class against the others, by the
 * softmax of the scores, over the classes that came up. NaN while there is only one class. It keeps all outputs until the end.
 * @see https://scikit-learn.org/stable/modules/generated/sklearn.metrics.roc_auc_score.html
 */
export const rocAuc = (): Metric => new RocAuc();

/** Throws unless outputs and targets have the same shape, but for a last dimension of 1. */
function checkSame(op: string, output: Tensor, target: Tensor): void {
  checkPair(op, output, target);
  const trim = ({ shape }: Tensor): readonly number[] =>
    shape.length > 1 && shape.at(-1) === 1 ? shape.slice(0, -1) : shape;
  if (!sameShape(trim(output), trim(target)))
    shapeError(
      op,
      `expected outputs of the targets' shape, got ${formatShape(output.shape)} for ${formatShape(target.shape)}`,
    );
}

class Mae extends Metric<{ sum: number; count: number }> {
  readonly name = 'mae';
  readonly mode = 'min';

  protected start(): { sum: number; count: number } {
    return { sum: 0, count: 0 };
  }

  update(output: Tensor, target: Tensor): void {
    checkSame(this.name, output, target);
    const values = output.toArray();
    const truths = target.toArray();
    for (let i = 0; i < values.length; i++) this.state.sum += Math.abs(values[i] - truths[i]);
    this.state.count += values.length;
  }

  compute(): number {
    return this.state.sum / this.state.count;
  }
}

/**
 * The mean absolute error, over all elements: outputs of the targets' shape.
 * @see https://scikit-learn.org/stable/modules/generated/sklearn.metrics.mean_absolute_error.html
 */
export const mae = (): Metric => new Mae();

/** For each output of a sample: the mean of the targets, the squares around it, and the squares of the errors. */
interface Spread {
  count: number;
  means: number[];
  around: number[];
  errors: number[];
}

class R2 extends Metric<Spread> {
  readonly name = 'r2';
  readonly mode = 'max';

  protected start(): Spread {
    return { count: 0, means: [], around: [], errors: [] };
  }

  update(output: Tensor, target: Tensor): void {
    checkSame(this.name, output, target);
    if (target.ndim === 0) shapeError(this.name, 'expected samples along the first dimension, got ()');
    const { state } = this;
    const { means, around, errors } = state;
    const values = output.toArray();
    const truths = target.toArray();
    const [samples] = target.shape;
    const outputs = samples === 0 ? 0 : truths.length / samples;
    if (samples === 0) return;
    if (means.length > 0 && means.length !== outputs)
      shapeError(this.name, `expected ${means.length} outputs a sample as before, got ${outputs}`);
    for (let j = means.length; j < outputs; j++) means[j] = around[j] = errors[j] = 0;
    for (let i = 0; i < truths.length; i++) {
      const j = i % outputs;
      if (j === 0) state.count++;
      // Welford's way: sums of squares would cancel.
      const before = truths[i] - means[j];
      means[j] += before / state.count;
      around[j] += before * (truths[i] - means[j]);
      errors[j] += (truths[i] - values[i]) ** 2;
    }
  }

  compute(): number {
    const { count, around, errors } = this.state;
    if (count < 2) return NaN;
    const shares = around.map((squares, j) => {
      if (squares === 0) return errors[j] === 0 ? 1 : 0;
      return 1 - errors[j] / squares;
    });
    return shares.reduce((sum, share) => sum + share, 0) / shares.length;
  }
}

/**
 * R², the share of the targets' variance that the outputs explain: outputs of the targets' shape (N, …), each of a sample's
 * outputs by itself, and the mean of them. Where targets do not vary, 1 for outputs that hit them and 0 for others; NaN for
 * fewer than two samples.
 * @see https://scikit-learn.org/stable/modules/generated/sklearn.metrics.r2_score.html
 */
export const r2 = (): Metric => new R2();
