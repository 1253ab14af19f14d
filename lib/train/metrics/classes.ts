import { describe, rangeError, shapeError } from '../../errors.js';
import { checkInteger, checkNumber, checkOneOf } from '../../ops/arguments.js';
import { checkOptions } from '../../ops/primitive.js';
import { argmax } from '../../ops/reduce.js';
import { topk } from '../../ops/sort.js';
import { formatShape, sameShape } from '../../shape.js';
import type { Tensor } from '../../tensor.js';
import { checkPair, Metric } from './metric.js';

/** How outputs become classes. */
export interface ThresholdOptions {
  /** Where there is one output instead of one for each class: above what it means class 1. Default 0, for logits. */
  readonly threshold?: number;
}

/** How the values of single classes become one. */
export type Average = 'binary' | 'macro' | 'micro' | 'weighted';

/** Options of {@link precision}, {@link recall} and {@link f1}. */
export interface AverageOptions extends ThresholdOptions {
  /**
   * `binary`: of class 1; `macro`: the mean of all classes that came up; `weighted`: that mean, weighted by how often each is
   * right; `micro`: of all decisions together. Default binary where there is one output, else macro.
   */
  readonly average?: Average;
}

/** The classes that outputs mean, those that are right, and how many classes there are. */
interface Decisions {
  readonly guesses: ArrayLike<number>;
  readonly truths: ArrayLike<number>;
  readonly classes: number;
  /** Whether there was one output for two classes. */
  readonly single: boolean;
}

/** Scores (N, C, …) for classes (N, …), or one output for each 0 or 1. */
function decide(op: string, output: Tensor, target: Tensor, threshold: number): Decisions {
  checkPair(op, output, target);
  const truths = target.toArray();
  const [samples, classes] = output.shape;
  const perClass = output.ndim === target.ndim + 1 && output.ndim >= 2 && classes !== 1;
  if (perClass && sameShape([samples, ...output.shape.slice(2)], target.shape)) {
    if (classes === 0) shapeError(op, 'output: expected at least one class, got none');
    checkClasses(op, truths, classes);
    if (output.size === 0) return { guesses: [], truths, classes, single: false };
    return { guesses: argmax(output, 1).toArray(), truths, classes, single: false };
  }
  checkSingle(op, output, target);
  checkClasses(op, truths, 2);
  const guesses = Uint8Array.from(output.toArray(), (score) => Number(score > threshold));
  return { guesses, truths, classes: 2, single: true };
}

/** Throws unless there is one output for each target. */
export function checkSingle(op: string, output: Tensor, target: Tensor): void {
  const { shape } = output;
  const column = output.ndim === target.ndim + 1 && shape[1] === 1;
  if (!sameShape(column ? [shape[0], ...shape.slice(2)] : shape, target.shape))
    shapeError(
      op,
      `expected outputs (N, C, …) for classes (N, …), or one output for each target, got ` +
        `${formatShape(shape)} for ${formatShape(target.shape)}`,
    );
}

/** Throws unless all are numbers of classes. */
export function checkClasses(op: string, truths: ArrayLike<number>, classes: number): void {
  for (let i = 0; i < truths.length; i++)
    if (!Number.isInteger(truths[i]) || truths[i] < 0 || truths[i] >= classes)
      rangeError(op, `target: expected classes from 0 to ${classes - 1}, got ${describe(truths[i])}`);
}

function readThreshold(op: string, { threshold = 0 }: ThresholdOptions): number {
  checkNumber(op, 'threshold', threshold);
  return threshold;
}

interface Share {
  right: number;
  count: number;
}

class Accuracy extends Metric<Share> {
  readonly name = 'accuracy';
  readonly mode = 'max';

  constructor(readonly threshold: number) {
    super();
  }

  protected start(): Share {
    return { right: 0, count: 0 };
  }

  update(output: Tensor, target: Tensor): void {
    const { guesses, truths } = decide(this.name, output, target, this.threshold);
    for (let i = 0; i < truths.length; i++) if (guesses[i] === truths[i]) this.state.right++;
    this.state.count += truths.length;
  }

  compute(): number {
    return this.state.right / this.state.count;
  }
}

/**
 * The share of samples that were classified correctly: scores (N, C, …) for classes (N, …), or one output for each 0 or 1.
 * NaN before the first sample.
 * @param options `threshold`: above what a single output means 1. Default 0, for logits.
 */
export function accuracy(options: ThresholdOptions = {}): Metric {
  checkOptions('accuracy', options, ['threshold']);
  return new Accuracy(readThreshold('accuracy', options));
}

class TopK extends Metric<Share> {
  readonly name: string;
  readonly mode = 'max';

  constructor(readonly k: number) {
    super();
    this.name = `top${k}`;
  }

  protected start(): Share {
    return { right: 0, count: 0 };
  }

  update(output: Tensor, target: Tensor): void {
    checkPair('topK', output, target);
    const [samples, classes] = output.shape;
    if (output.ndim !== 2 || target.ndim !== 1 || samples !== target.shape[0])
      shapeError(
        'topK',
        `expected outputs (N, C) for classes (N), got ${formatShape(output.shape)} for ${formatShape(target.shape)}`,
      );
    const { k } = this;
    if (classes < k) rangeError('topK', `expected at least ${k} classes, got ${classes}`);
    const truths = target.toArray();
    checkClasses('topK', truths, classes);
    const best = topk(output, k, 1).indices.toArray();
    for (let i = 0; i < samples; i++)
      if (best.subarray(i * k, (i + 1) * k).includes(truths[i])) this.state.right++;
    this.state.count += samples;
  }

  compute(): number {
    return this.state.right / this.state.count;
  }
}

/**
 * The share of samples whose class is among the `k` with the highest scores: outputs (N, C) for classes (N). Its name is
 * `top5` for 5 of them.
 * @throws RangeError for a k that is not a whole number from 1
 */
export function topK(k: number): Metric {
  checkInteger('topK', 'k', k, 1);
  return new TopK(k);
}

interface Counts {
  /** For each class how often it was guessed and right, guessed, and right. */
  hits: number[];
  guessed: number[];
  actual: number[];
  single: boolean;
}

type Kind = 'precision' | 'recall' | 'f1';

class Retrieval extends Metric<Counts> {
  readonly mode = 'max';

  constructor(
    readonly name: Kind,
    readonly threshold: number,
    readonly average: Average | undefined,
  ) {
    super();
  }

  protected start(): Counts {
    return { hits: [], guessed: [], actual: [], single: false };
  }

  update(output: Tensor, target: Tensor): void {
    const { guesses, truths, classes, single } = decide(this.name, output, target, this.threshold);
    const { state } = this;
    const { hits, guessed, actual } = state;
    if (this.average === 'binary' && classes !== 2)
      rangeError(this.name, `average 'binary' is for two classes, got ${classes}: there is 'macro'`);
    if (hits.length > 0 && hits.length !== classes)
      rangeError(this.name, `expected ${hits.length} classes as before, got ${classes}`);
    state.single = single;
    for (let c = hits.length; c < classes; c++) hits[c] = guessed[c] = actual[c] = 0;
    for (let i = 0; i < truths.length; i++) {
      guessed[guesses[i]]++;
      actual[truths[i]]++;
      if (guesses[i] === truths[i]) hits[truths[i]]++;
    }
  }

  compute(): number {
    const { hits, guessed, actual, single } = this.state;
    if (actual.length === 0) return NaN;
    const average = this.average ?? (single ? 'binary' : 'macro');
    const all = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);
    if (average === 'micro') return this.#valueOf(all(hits), all(guessed), all(actual));
    const valueOf = (c: number): number => this.#valueOf(hits[c], guessed[c], actual[c]);
    if (average === 'binary') return valueOf(1);
    let sum = 0;
    let weights = 0;
    for (let c = 0; c < actual.length; c++) {
      if (guessed[c] + actual[c] === 0) continue;
      const weight = average === 'weighted' ? actual[c] : 1;
      sum += weight * valueOf(c);
      weights += weight;
    }
    return sum / weights;
  }

  #valueOf(hits: number, guessed: number, actual: number): number {
    const of = { precision: guessed, recall: actual, f1: (guessed + actual) / 2 }[this.name];
    return of === 0 ? 0 : hits / of;
  }
}

function retrieval(kind: Kind, options: AverageOptions): Metric {
  checkOptions(kind, options, ['average', 'threshold']);
  const { average } = options;
  if (average !== undefined) checkOneOf(kind, 'average', average, ['binary', 'macro', 'micro', 'weighted']);
  return new Retrieval(kind, readThreshold(kind, options), average);
}

/**
 * Of the samples that were given a class, the share that has it; 0 where none was. Shapes as for {@link accuracy}.
 * @see https://scikit-learn.org/stable/modules/generated/sklearn.metrics.precision_score.html
 */
export const precision = (options: AverageOptions = {}): Metric => retrieval('precision', options);

/**
 * Of the samples that have a class, the share that was given it; 0 where none has. Shapes as for {@link accuracy}.
 * @see https://scikit-learn.org/stable/modules/generated/sklearn.metrics.recall_score.html
 */
export const recall = (options: AverageOptions = {}): Metric => retrieval('recall', options);

/**
 * The harmonic mean of {@link precision} and {@link recall}, of each class. Shapes as for {@link accuracy}.
 * @see https://scikit-learn.org/stable/modules/generated/sklearn.metrics.f1_score.html
 */
export const f1 = (options: AverageOptions = {}): Metric => retrieval('f1', options);
