import type { Bins } from './histogram.js';
import type { HparamDomains } from './summaries.js';

/** Options of {@link SummaryWriter}. */
export interface SummaryWriterOptions {
  /** Appended to the default name of the folder. Default: nothing. */
  readonly comment?: string;
  /** Hides events of earlier writers from this step on: for a training that resumes there. Default: none. */
  readonly purgeStep?: number;
  /** Appended to the names of the files. Default: nothing. */
  readonly filenameSuffix?: string;
}

/** When something happened. */
export interface EventOptions {
  /** The step. Default 0. */
  readonly globalStep?: number;
  /** Seconds since 1970. Default now. */
  readonly walltime?: number;
}

/** Options of {@link SummaryWriter.addScalar}. */
export interface ScalarOptions extends EventOptions {
  /** Whether the number is written as a tensor, which is read faster. Default false. */
  readonly newStyle?: boolean;
  /** Whether it is written in float64, in the new style. Default false. */
  readonly doublePrecision?: boolean;
}

/** Options of {@link SummaryWriter.addHistogram}. */
export interface HistogramOptions extends EventOptions {
  /** See {@link Bins}. Default `'tensorflow'`. */
  readonly bins?: Bins;
  /** Merges neighbouring bins if there are more than this. Default: never. */
  readonly maxBins?: number;
}

/** Options of {@link SummaryWriter.addImage} and {@link SummaryWriter.addImages}. */
export interface ImageOptions extends EventOptions {
  /** What the dimensions are: the letters N, C, H and W. Default `'CHW'`, and `'NCHW'` for `addImages`. */
  readonly dataformats?: string;
}

/** Options of {@link SummaryWriter.addHparams}. */
export interface HparamsOptions {
  /** The values that hyperparameters may have. */
  readonly hparamDomainDiscrete?: HparamDomains;
  /** The folder of this session below the writer's. Default: the time. */
  readonly runName?: string;
  /** The step of the metrics. Default 0. */
  readonly globalStep?: number;
}
