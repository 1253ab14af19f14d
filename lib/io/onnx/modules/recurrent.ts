import { GRU, LSTM, RNN } from '../../../nn/rnn.js';
import { Tensor } from '../../../tensor.js';
import type { Value } from '../builder.js';
import type { View } from '../merge.js';
import type { Attributes } from '../proto.js';
import type { Scribe } from '../scribe.js';
import { fixed, ONE, type Size } from '../sizes.js';
import { whole, type Whole } from './whole.js';

type Layer = RNN | LSTM | GRU;

/** What ONNX calls a layer, and in which order it has the gates: PyTorch's by their number. */
interface Kind {
  readonly op: string;
  readonly gates: readonly number[];
  readonly attributes: Attributes;
}

function kindOf(module: Layer): Kind {
  // PyTorch: input, forget, cell, output; ONNX: input, output, forget, cell.
  if (module instanceof LSTM) return { op: 'LSTM', gates: [0, 3, 1, 2], attributes: {} };
  // PyTorch: reset, update, new; ONNX: update, reset, new.
  if (module instanceof GRU) return { op: 'GRU', gates: [1, 0, 2], attributes: { linear_before_reset: 1 } };
  return { op: 'RNN', gates: [0], attributes: {} };
}

/** Weights with the gates in ONNX's order, from (gates · H, …). */
function reordered({ builder }: Scribe, x: Value, gates: readonly number[]): Value {
  if (gates.length === 1) return x;
  const size = fixed(x.shape[0].times / gates.length);
  const parts = gates.map((gate) =>
    builder.slice(x, [{ dim: 0, start: { fixed: gate * size.times, batch: 0 }, size }]),
  );
  return builder.concat(parts, 0, x.shape[0]);
}

/** Values one above the other, in a new first dimension. */
function stacked({ builder }: Scribe, values: readonly Value[]): Value {
  const parts = values.map((value) => builder.reshape(value, [ONE, ...value.shape]));
  return builder.concat(parts, 0, fixed(parts.length));
}

/** The weights of all directions of a layer: W, R and, where there are biases, B. */
function weightsOf(scribe: Scribe, module: Layer, layer: number, gates: readonly number[]): Value[] {
  const { builder, memory } = scribe;
  const suffixes = module.bidirectional ? [`l${layer}`, `l${layer}_reverse`] : [`l${layer}`];
  const own = module as unknown as Record<string, Tensor>;
  const all = (kind: string): Value[] =>
    suffixes.map((suffix) => reordered(scribe, memory.parameter(own[`${kind}_${suffix}`]), gates));
  const weights = [stacked(scribe, all('weight_ih')), stacked(scribe, all('weight_hh'))];
  if (!module.bias) return weights;
  const [inputs, hidden] = [all('bias_ih'), all('bias_hh')];
  const both = inputs.map((bias, i) => builder.concat([bias, hidden[i]], 0, fixed(2 * bias.shape[0].times)));
  return [...weights, stacked(scribe, both)];
}

function write(scribe: Scribe, module: Layer, inputs: readonly unknown[], result: readonly unknown[]): void {
  const { builder, memory } = scribe;
  const { op, gates, attributes } = kindOf(module);
  const directions = module.bidirectional ? 2 : 1;
  const hidden = fixed(module.hiddenSize);
  let x = memory.read(inputs[0] as View);
  if (module.batchFirst) x = builder.transpose(x, [1, 0, 2]);
  const [time, batch] = x.shape;
  const given = [inputs[1] ?? []].flat().map((view) => memory.read(view as View));
  const ends: Value[][] = [];
  for (let layer = 0; layer < module.numLayers; layer++) {
    const state = (given.length > 0 ? given : [null]).map(
      (value) =>
        value &&
        builder.slice(value, [
          { dim: 0, start: { fixed: layer * directions, batch: 0 }, size: fixed(directions) },
        ]),
    );
    const [w, r, b = null] = weightsOf(scribe, module, layer, gates);
    const isRelu = module instanceof RNN && module.nonlinearity === 'relu';
    const names = builder.several(
      op,
      [x, w, r, b, null, ...state],
      {
        hidden_size: module.hiddenSize,
        direction: module.bidirectional ? 'bidirectional' : 'forward',
        activations: isRelu ? new Array<string>(directions).fill('Relu') : undefined,
        ...attributes,
      },
      op === 'LSTM' ? 3 : 2,
    );
    const outputs: readonly Size[] = [time, fixed(directions), batch, hidden];
    const output: Value = { name: names[0], dtype: x.dtype, shape: outputs };
    const sides = builder.transpose(output, [0, 2, 1, 3]);
    x = builder.reshape(sides, [time, batch, fixed(directions * module.hiddenSize)]);
    ends.push(names.slice(1).map((name) => ({ name, dtype: x.dtype, shape: outputs.slice(1) })));
  }
  const [output, states] = result as [View, View | readonly View[]];
  memory.write(output, module.batchFirst ? builder.transpose(x, [1, 0, 2]) : x);
  [states].flat().forEach((view, i) => {
    const layers = ends.map((end) => end[i]);
    memory.write(view, builder.concat(layers, 0, fixed(directions * module.numLayers)));
  });
}

const recurrent = (type: { readonly prototype: Layer }): Whole =>
  whole<Layer>(
    type,
    (module, [x]) => x instanceof Tensor && x.ndim === 3 && module.projSize === 0 && module.inputSize > 0,
    write as never,
  );

export const RECURRENT: readonly Whole[] = [recurrent(RNN), recurrent(LSTM), recurrent(GRU)];
