import { describe, rangeError, typeError } from '../../errors.js';
import { encodePng, type Picture } from '../../io/png.js';
import { Message } from '../../io/protobuf.js';
import { Tensor } from '../../tensor.js';

// The contents of events. Numbers are those of the fields in TensorBoard's definitions.
// See https://github.com/tensorflow/tensorboard/tree/master/tensorboard/compat/proto

const DT_FLOAT = 1;
const DT_DOUBLE = 2;
const DT_STRING = 7;

/** A `Summary` with one value. */
const summary = (value: Message): Message => new Message().message(1, value);

const valueOf = (tag: string): Message => new Message().string(1, tag);

/** A `SummaryMetadata`: which plugin shows a value, and what it is told. */
const metadata = (plugin: string, content: Message): Message =>
  new Message().message(1, new Message().string(1, plugin).bytes(2, content.finish()));

/** How a number is written. */
interface ScalarForm {
  readonly newStyle: boolean;
  readonly doublePrecision: boolean;
}

export function scalar(tag: string, value: number, { newStyle, doublePrecision }: ScalarForm): Message {
  if (!newStyle) return summary(valueOf(tag).float(2, value));
  const tensor = doublePrecision
    ? new Message().int(1, DT_DOUBLE).packedDoubles(6, [value])
    : new Message().int(1, DT_FLOAT).packedFloats(5, [value]);
  return summary(valueOf(tag).message(8, tensor).message(9, metadata('scalars', new Message())));
}

export const histogram = (tag: string, content: Message): Message =>
  summary(valueOf(tag).message(5, content));

export async function image(tag: string, picture: Picture): Promise<Message> {
  const file = await encodePng(picture);
  const { width, height, channels } = picture;
  const content = new Message().int(1, height).int(2, width).int(3, channels).bytes(4, file);
  return summary(valueOf(tag).message(4, content));
}

export function text(tag: string, content: string): Message {
  const shape = new Message().message(2, new Message().int(1, 1));
  const tensor = new Message().int(1, DT_STRING).message(2, shape).string(8, content);
  return summary(
    valueOf(`${tag}/text_summary`).message(8, tensor).message(9, metadata('text', new Message())),
  );
}

/** What a hyperparameter may be; those that are null are left out. */
export type HparamValue = number | string | boolean | Tensor | null | undefined;

/** The values that a hyperparameter may have, by name. */
export type HparamDomains = Readonly<Record<string, readonly (number | string | boolean)[]>>;

/** `DataType` of the plugin, and the field of the value in `google.protobuf.Value`. */
const KINDS = {
  string: { type: 1, write: (value: unknown) => new Message().string(3, value as string) },
  boolean: { type: 2, write: (value: unknown) => new Message().bool(4, value as boolean) },
  number: { type: 3, write: (value: unknown) => new Message().double(2, value as number) },
};

const STATUS_SUCCESS = 1;

/** The three summaries by which the plugin knows a session: what there is, what was chosen, and that it is over. */
export function hparams(
  op: string,
  chosen: Readonly<Record<string, HparamValue>>,
  metrics: readonly string[],
  domains: HparamDomains,
): Message[] {
  const experiment = new Message();
  const start = new Message();
  for (const [name, given] of Object.entries(chosen)) {
    if (given === null || given === undefined) continue;
    const value: unknown = given instanceof Tensor ? given.item() : given;
    const kind = typeof value as keyof typeof KINDS;
    if (!Object.hasOwn(KINDS, kind))
      typeError(op, `hparamDict: ${name}: expected a number, a string or a boolean, got ${describe(value)}`);
    const { type, write } = KINDS[kind];
    const info = new Message().string(1, name).int(4, type);
    const domain = domains[name] as unknown;
    if (domain !== undefined) {
      if (!Array.isArray(domain) || domain.some((one) => typeof one !== kind))
        typeError(op, `hparamDomainDiscrete: ${name}: expected a list of the kind of ${describe(value)}`);
      const list = new Message();
      for (const one of domain) list.message(1, write(one));
      info.message(5, list);
    }
    experiment.message(4, info);
    start.message(1, new Message().string(1, name).message(2, write(value)));
  }
  for (const name of Object.keys(domains))
    if (!Object.hasOwn(chosen, name))
      rangeError(op, `hparamDomainDiscrete: ${name}: there is no such hyperparameter`);
  for (const tag of metrics) experiment.message(5, new Message().message(1, new Message().string(2, tag)));
  const end = new Message().int(1, STATUS_SUCCESS);
  const contents: [string, number, Message][] = [
    ['experiment', 2, experiment],
    ['session_start_info', 3, start],
    ['session_end_info', 4, end],
  ];
  return contents.map(([name, field, content]) =>
    summary(
      valueOf(`_hparams_/${name}`).message(9, metadata('hparams', new Message().message(field, content))),
    ),
  );
}
