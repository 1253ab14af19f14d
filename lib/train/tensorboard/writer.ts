import { hostname } from 'node:os';
import { join } from 'node:path';
import { checkBoolean, describe, typeError } from '../../errors.js';
import { Message } from '../../io/protobuf.js';
import { Module } from '../../nn/module.js';
import { checkInteger, checkNumber, isOptions, readArgs, type Rest } from '../../ops/arguments.js';
import { checkTensor, Tensor } from '../../tensor.js';
import type { FitEvent } from '../events.js';
import { EventFile, eventNow } from './event-file.js';
import { graphOf } from './graph.js';
import { histogramOf, type Bins } from './histogram.js';
import type {
  EventOptions,
  HistogramOptions,
  HparamsOptions,
  ImageOptions,
  ScalarOptions,
  SummaryWriterOptions,
} from './options.js';
import { pictureOf } from './pictures.js';
import * as summaries from './summaries.js';
import type { HparamDomains, HparamValue } from './summaries.js';
import { checkRecord, checkString, numberOf, numbersOf } from './values.js';

type EventArgs = [globalStep: number | undefined, walltime: number | undefined];

/** A status of `SessionLog`. */
const SESSION_START = 1;

const EVENT = ['globalStep', 'walltime'] as const;

/** The dimensions of pictures, in any order. */
const PICTURES = ['CHW', 'HW', 'NCHW'];

/** The form of numbers that every version of TensorBoard reads. */
const SIMPLE = { newStyle: false, doublePrecision: false };

/**
 * Writes event files for TensorBoard, as `torch.utils.tensorboard.SummaryWriter` does, with its names and its order of
 * arguments:
 * ```ts
 * const writer = new train.SummaryWriter('runs/first');
 * for await (const event of fit(model, options)) writer.addEvent(event);
 * await writer.close();
 * ```
 * What is added is written in the background, right away and in order; values are those at the time of the call. If writing
 * fails, `flush` and `close` throw, and what is added later is lost; the training goes on.
 * @see https://pytorch.org/docs/stable/tensorboard.html
 */
export class SummaryWriter implements AsyncDisposable {
  /** The folder of the event files. */
  readonly logDir: string;
  readonly #suffix: string;
  readonly #main: EventFile;
  /** The files of curves that share a chart, by folder. */
  readonly #files = new Map<string, EventFile>();
  /** Files that are complete, on their way to the disk. */
  readonly #closing: Promise<void>[] = [];
  #closed: Promise<void> | null = null;

  /**
   * @param logDir the folder. Default: `runs/` and the time and the name of the machine.
   * @param rest see {@link SummaryWriterOptions}
   */
  constructor(
    logDir?: string | null,
    ...rest: Rest<[comment: string | undefined, purgeStep: number], SummaryWriterOptions>
  ) {
    const op = 'SummaryWriter';
    const {
      comment = '',
      purgeStep,
      filenameSuffix = '',
    } = readArgs<SummaryWriterOptions>(op, rest, ['comment', 'purgeStep'], ['filenameSuffix']);
    if (logDir != null) checkString(op, 'logDir', logDir);
    checkString(op, 'comment', comment);
    checkString(op, 'filenameSuffix', filenameSuffix);
    if (purgeStep !== undefined) checkInteger(op, 'purgeStep', purgeStep);
    this.logDir = logDir ?? join('runs', `${timeStamp(new Date())}_${hostname()}${comment}`);
    this.#suffix = filenameSuffix;
    this.#main = new EventFile(this.logDir, filenameSuffix);
    if (purgeStep === undefined) return;
    this.#main.add(eventNow().int(2, purgeStep).string(3, 'brain.Event:2'));
    this.#main.add(eventNow().int(2, purgeStep).message(7, new Message().int(1, SESSION_START)));
  }

  /**
   * Adds a number to a curve. NaN and infinities are shown as such.
   * @param tag its name; what is before a slash puts curves together
   */
  addScalar(
    tag: string,
    scalarValue: number | Tensor,
    ...rest: Rest<[...EventArgs, newStyle: boolean | undefined, doublePrecision: boolean], ScalarOptions>
  ): void {
    const op = this.#begin('addScalar', tag);
    const options = readArgs<ScalarOptions>(op, rest, [...EVENT, 'newStyle', 'doublePrecision']);
    const { newStyle = false, doublePrecision = false } = options;
    checkBoolean(op, 'newStyle', newStyle);
    checkBoolean(op, 'doublePrecision', doublePrecision);
    const value = numberOf(op, 'scalarValue', scalarValue);
    this.#main.add(
      eventOf(op, options).message(5, summaries.scalar(tag, value, { newStyle, doublePrecision })),
    );
  }

  /** Adds a number to each of several curves that share a chart. Each is a run of its own, in a folder below. */
  addScalars(
    mainTag: string,
    tagScalarDict: Readonly<Record<string, number | Tensor>>,
    ...rest: Rest<EventArgs, EventOptions>
  ): void {
    const op = this.#begin('addScalars', mainTag);
    const options = readArgs<EventOptions>(op, rest, EVENT);
    checkRecord(op, 'tagScalarDict', tagScalarDict);
    const values = Object.entries(tagScalarDict).map(([tag, value]): [string, number] => [
      tag,
      numberOf(op, tag, value),
    ]);
    for (const [tag, value] of values) {
      const event = eventOf(op, options).message(5, summaries.scalar(mainTag, value, SIMPLE));
      const folder = `${mainTag}_${tag}`.replaceAll(/[\\/]/g, '_');
      let file = this.#files.get(folder);
      if (file === undefined)
        this.#files.set(folder, (file = new EventFile(join(this.logDir, folder), this.#suffix)));
      file.add(event);
    }
  }

  /**
   * Adds a histogram.
   * @param values finite numbers: a tensor, or a list
   * @throws RangeError where there are none, or some that are not finite
   */
  addHistogram(
    tag: string,
    values: Tensor | ArrayLike<number>,
    ...rest: Rest<
      [globalStep: number | undefined, bins: Bins | undefined, walltime: number | undefined, maxBins: number],
      HistogramOptions
    >
  ): void {
    const op = this.#begin('addHistogram', tag);
    const options = readArgs<HistogramOptions>(op, rest, ['globalStep', 'bins', 'walltime', 'maxBins']);
    const { bins = 'tensorflow', maxBins = null } = options;
    if (maxBins !== null) checkInteger(op, 'maxBins', maxBins, 1);
    const content = histogramOf(op, numbersOf(op, 'values', values), bins, maxBins);
    this.#main.add(eventOf(op, options).message(5, summaries.histogram(tag, content)));
  }

  /**
   * Adds a picture.
   * @param imgTensor of 1, 3 or 4 channels: bytes, or floats from 0 to 1
   * @param rest `dataformats`: `'CHW'`, `'HWC'`, `'HW'`, …; default `'CHW'`
   */
  addImage(
    tag: string,
    imgTensor: Tensor,
    ...rest: Rest<[...EventArgs, dataformats: string], ImageOptions>
  ): void {
    const op = this.#begin('addImage', tag);
    const options = readArgs<ImageOptions>(op, rest, [...EVENT, 'dataformats']);
    checkTensor(op, imgTensor, 'imgTensor');
    const event = eventOf(op, options);
    const picture = pictureOf(op, imgTensor, options.dataformats ?? 'CHW', PICTURES);
    this.#main.add(summaries.image(tag, picture).then((content) => event.message(5, content)));
  }

  /** Adds pictures, put together into one. @param rest `dataformats`: `'NCHW'`, `'NHWC'`, …; default `'NCHW'` */
  addImages(
    tag: string,
    imgTensor: Tensor,
    ...rest: Rest<[...EventArgs, dataformats: string], ImageOptions>
  ): void {
    const op = this.#begin('addImages', tag);
    const options = readArgs<ImageOptions>(op, rest, [...EVENT, 'dataformats']);
    checkTensor(op, imgTensor, 'imgTensor');
    const event = eventOf(op, options);
    const picture = pictureOf(op, imgTensor, options.dataformats ?? 'NCHW', PICTURES);
    this.#main.add(summaries.image(tag, picture).then((content) => event.message(5, content)));
  }

  /** Adds text, in Markdown. */
  addText(tag: string, textString: string, ...rest: Rest<EventArgs, EventOptions>): void {
    const op = this.#begin('addText', tag);
    const options = readArgs<EventOptions>(op, rest, EVENT);
    checkString(op, 'textString', textString);
    this.#main.add(eventOf(op, options).message(5, summaries.text(tag, textString)));
  }

  /**
   * Adds the graph of a model: its modules, the ops that run in them, and the shapes of what goes from one to the other. The
   * model runs once, in evaluation mode, and is as it was afterwards.
   * @param inputToModel what `forward` takes: a tensor, or a list of arguments
   * @throws RangeError where there are more than 10,000 ops
   */
  addGraph<In extends unknown[], Out>(model: Module<In, Out>, inputToModel: In[0] | In): void {
    const op = this.#begin('addGraph');
    if (!(model instanceof Module)) typeError(op, `model: expected a module, got ${describe(model)}`);
    if (!Array.isArray(inputToModel) && !(inputToModel instanceof Tensor))
      typeError(op, `inputToModel: expected a tensor or a list, got ${describe(inputToModel)}`);
    const graph = graphOf(op, model, Array.isArray(inputToModel) ? inputToModel : [inputToModel]);
    this.#main.add(eventNow().bytes(4, graph.finish()));
    // TensorBoard asks for the times and memory of a run: there is a device, and nothing about it.
    const stats = new Message().message(
      1,
      new Message().message(1, new Message().string(1, '/device:CPU:0')),
    );
    this.#main.add(eventNow().message(8, new Message().string(1, 'step1').bytes(2, stats.finish())));
  }

  /**
   * Adds hyperparameters and the metrics they led to, as a row of the table that compares runs.
   * @param hparamDict numbers, texts and booleans by name; null is left out
   * @param metricDict numbers by name; they are added as scalars, too
   * @param rest see {@link HparamsOptions}
   */
  addHparams(
    hparamDict: Readonly<Record<string, HparamValue>>,
    metricDict: Readonly<Record<string, number | Tensor>>,
    ...rest: Rest<
      [hparamDomainDiscrete: HparamDomains | undefined, runName: string | undefined, globalStep: number],
      HparamsOptions
    >
  ): void {
    const op = this.#begin('addHparams');
    const { hparamDomainDiscrete, runName, globalStep } = readArgs<HparamsOptions>(op, rest, [
      'hparamDomainDiscrete',
      'runName',
      'globalStep',
    ]);
    const domains = hparamDomainDiscrete ?? {};
    checkRecord(op, 'hparamDict', hparamDict);
    checkRecord(op, 'metricDict', metricDict);
    checkRecord(op, 'hparamDomainDiscrete', domains);
    if (runName !== undefined) checkString(op, 'runName', runName);
    const metrics = Object.entries(metricDict).map(([name, value]): [string, number] => [
      name,
      numberOf(op, `metricDict: ${name}`, value),
    ]);
    const names = metrics.map(([name]) => name);
    const sessions = summaries.hparams(op, hparamDict, names, domains);
    const events = [
      ...sessions.map((content) => eventOf(op, {}).message(5, content)),
      ...metrics.map(([name, value]) =>
        eventOf(op, { globalStep }).message(5, summaries.scalar(name, value, SIMPLE)),
      ),
    ];
    const folder = runName ?? ((performance.timeOrigin + performance.now()) / 1000).toFixed(6);
    const file = new EventFile(join(this.logDir, folder), this.#suffix);
    for (const event of events) file.add(event);
    const closing = file.close();
    closing.catch(() => undefined);
    this.#closing.push(closing);
  }

  /**
   * Adds an event of `fit`: `step/loss` and `step/lr` by steps, `epoch/loss`, `epoch/valLoss`, `epoch/lr` and the metrics
   * (`epoch/accuracy`, …) by epochs. It ignores other events.
   */
  addEvent(event: FitEvent): void {
    const op = this.#begin('addEvent');
    if (!isOptions(event)) typeError(op, `expected an event of fit, got ${describe(event)}`);
    if (event.type === 'step') {
      this.addScalar('step/loss', event.loss, event.steps);
      this.addScalar('step/lr', event.lr, event.steps);
    } else if (event.type === 'epoch') {
      const { epoch, loss, valLoss, lr, metrics } = event;
      this.addScalar('epoch/loss', loss, epoch);
      if (valLoss !== null) this.addScalar('epoch/valLoss', valLoss, epoch);
      this.addScalar('epoch/lr', lr, epoch);
      for (const [name, value] of Object.entries(metrics)) this.addScalar(`epoch/${name}`, value, epoch);
    }
  }

  /** Waits until all that was added is in the files. @throws Error if that failed */
  async flush(): Promise<void> {
    await all([...[this.#main, ...this.#files.values()].map((file) => file.flush()), ...this.#closing]);
  }

  /** As {@link flush}; after that the writer takes no more. */
  close(): Promise<void> {
    this.#closed ??= all([
      ...[this.#main, ...this.#files.values()].map((file) => file.close()),
      ...this.#closing,
    ]);
    return this.#closed;
  }

  /** As {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The name of what is called, for its errors. */
  #begin(name: string, tag: unknown = ''): string {
    const op = `SummaryWriter.${name}`;
    if (this.#closed !== null) throw new Error(`[${op}] the writer is closed`);
    checkString(op, 'tag', tag);
    return op;
  }
}

/** An event that is to get its content. */
function eventOf(op: string, { globalStep, walltime }: EventOptions): Message {
  if (globalStep !== undefined) checkInteger(op, 'globalStep', globalStep);
  if (walltime !== undefined) checkNumber(op, 'walltime', walltime);
  const event = eventNow(walltime);
  return globalStep === undefined ? event : event.int(2, globalStep);
}

/** Waits for all of them, and throws what the first that failed did. */
async function all(promises: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(promises);
  await Promise.all(promises);
}

/** `Nov23_10-43-13`. */
function timeStamp(date: Date): string {
  const month = date.toLocaleString('en-US', { month: 'short' });
  const [day, ...time] = [date.getDate(), date.getHours(), date.getMinutes(), date.getSeconds()].map(
    (value) => String(value).padStart(2, '0'),
  );
  return `${month}${day}_${time.join('-')}`;
}
