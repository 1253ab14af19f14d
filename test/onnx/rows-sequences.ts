import { nn, randn, tensor, type Tensor } from '../../lib/index.js';
import { images, type Row } from './check.js';

const inTime = { dynamicBatch: 1 } as const;
const first = (n: number): Tensor[] => [randn([n, 5, 6])];
const second = (n: number): Tensor[] => [randn([5, n, 6])];
const width = { dimFeedforward: 12 } as const;

/** Hides what comes later. */
const later = tensor([0, -Infinity, -Infinity, -Infinity, -Infinity, 0, 0, -Infinity, -Infinity, -Infinity, 0, 0, 0, -Infinity, -Infinity, 0, 0, 0, 0, -Infinity, 0, 0, 0, 0, 0]).reshape([5, 5]); // prettier-ignore

/** Modules that work on sequences, by name. */
export const SEQUENCES: Readonly<Record<string, readonly Row[]>> = {
  RNN: [
    { model: new nn.RNN(6, 4), inputs: second, options: inTime },
    {
      model: new nn.RNN(6, 4, { nonlinearity: 'relu', batchFirst: true, bidirectional: true, numLayers: 2 }),
      inputs: first,
    },
    { model: new nn.RNN(6, 4), inputs: (n) => [randn([5, n, 6]), randn([1, n, 4])], options: inTime },
  ],
  LSTM: [
    { model: new nn.LSTM(6, 4), inputs: second, options: inTime },
    { model: new nn.LSTM(6, 4, { batchFirst: true, bidirectional: true, numLayers: 2 }), inputs: first },
    { model: new nn.LSTM(6, 4, { bias: false, projSize: 3 }), inputs: second, options: inTime },
    {
      model: new nn.LSTM(6, 4),
      inputs: (n) => [randn([5, n, 6]), [randn([1, n, 4]), randn([1, n, 4])]],
      options: inTime,
    },
    { model: new nn.LSTM(6, 4), inputs: () => [randn([5, 6])], options: { dynamicBatch: false } },
  ],
  GRU: [
    { model: new nn.GRU(6, 4), inputs: second, options: inTime },
    {
      model: new nn.GRU(6, 4, { batchFirst: true, bidirectional: true, numLayers: 2, bias: false }),
      inputs: first,
    },
    { model: new nn.GRU(6, 4), inputs: (n) => [randn([5, n, 6]), randn([1, n, 4])], options: inTime },
  ],
  RNNCell: [{ model: new nn.RNNCell(6, 4), inputs: images(6) }],
  LSTMCell: [
    { model: new nn.LSTMCell(6, 4), inputs: images(6) },
    { model: new nn.LSTMCell(6, 4), inputs: (n) => [randn([n, 6]), [randn([n, 4]), randn([n, 4])]] },
  ],
  GRUCell: [{ model: new nn.GRUCell(6, 4), inputs: (n) => [randn([n, 6]), randn([n, 4])] }],
  MultiheadAttention: [
    {
      model: new nn.MultiheadAttention(6, 2, { batchFirst: true }),
      inputs: (n) => [randn([n, 5, 6]), randn([n, 4, 6]), randn([n, 4, 6])],
    },
    {
      model: new nn.MultiheadAttention(6, 3),
      inputs: (n) => [randn([5, n, 6]), randn([5, n, 6]), randn([5, n, 6])],
      options: inTime,
    },
  ],
  TransformerEncoderLayer: [
    { model: new nn.TransformerEncoderLayer(6, 2, { batchFirst: true, ...width }), inputs: first },
    {
      model: new nn.TransformerEncoderLayer(6, 2, { normFirst: true, activation: 'gelu', ...width }),
      inputs: second,
      options: inTime,
    },
    {
      model: new nn.TransformerEncoderLayer(6, 2, { batchFirst: true, ...width }),
      inputs: (n) => [randn([n, 5, 6]), later],
      options: { dynamicBatch: [0, null] },
    },
  ],
  TransformerEncoder: [
    {
      model: new nn.TransformerEncoder(
        new nn.TransformerEncoderLayer(6, 2, { batchFirst: true, ...width }),
        2,
      ),
      inputs: first,
    },
  ],
  TransformerDecoderLayer: [
    {
      model: new nn.TransformerDecoderLayer(6, 2, { batchFirst: true, ...width }),
      inputs: (n) => [randn([n, 5, 6]), randn([n, 4, 6])],
    },
  ],
  TransformerDecoder: [
    {
      model: new nn.TransformerDecoder(new nn.TransformerDecoderLayer(6, 2, width), 2),
      inputs: (n) => [randn([5, n, 6]), randn([4, n, 6])],
      options: inTime,
    },
  ],
  Transformer: [
    {
      model: new nn.Transformer({
        dModel: 6,
        nhead: 2,
        numEncoderLayers: 1,
        numDecoderLayers: 1,
        batchFirst: true,
        ...width,
      }),
      inputs: (n) => [randn([n, 4, 6]), randn([n, 5, 6])],
    },
  ],
};
