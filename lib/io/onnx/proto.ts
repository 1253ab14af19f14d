import { arrayOf, type DType, type TypedArray } from '../../dtype.js';
import { Message } from '../protobuf.js';
import { formatSize, type Size } from './sizes.js';

// The messages of an ONNX file. The numbers are those of the fields in onnx.proto.
// See https://github.com/onnx/onnx/blob/main/onnx/onnx.proto

/** What ONNX calls the dtypes; int64 is there for shapes alone. */
export const ELEMENT_TYPES = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9, float64: 11 } as const;
export type ElementType = DType | 'int64';

/** A tensor that lies in the file. */
export interface Constant {
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  readonly values: TypedArray | BigInt64Array;
}

/** An attribute: whole numbers are integers, floats are wrapped. */
type Attribute = number | string | Float | readonly number[] | readonly string[];
export class Float {
  constructor(readonly value: number) {}
}
export type Attributes = Readonly<Record<string, Attribute | undefined>>;

export interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** Names of values; empty for inputs that are left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

export interface ValueInfo {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly Size[];
}

export interface Graph {
  readonly name: string;
  readonly nodes: readonly GraphNode[];
  readonly constants: ReadonlyMap<string, Constant>;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

const ATTRIBUTE_TYPES = { float: 1, int: 2, string: 3, ints: 7, strings: 8 } as const;

/** The version of the file format that came with an opset. */
const irVersionOf = (opset: number): number => (opset >= 21 ? 10 : opset >= 19 ? 9 : 8);

/** A whole file. */
export function modelMessage(graph: Graph, opset: number): Message {
  return new Message()
    .int(1, irVersionOf(opset))
    .string(2, 'mgp-node')
    .message(7, graphMessage(graph))
    .message(8, new Message().string(1, '').int(2, opset));
}

function graphMessage({ name, nodes, constants, inputs, outputs }: Graph): Message {
  const graph = new Message();
  for (const node of nodes) graph.message(1, nodeMessage(node));
  graph.string(2, name);
  for (const [constant, value] of constants) graph.message(5, tensorMessage(value, constant));
  for (const input of inputs) graph.message(11, valueInfoMessage(input));
  for (const output of outputs) graph.message(12, valueInfoMessage(output));
  return graph;
}

function nodeMessage({ name, op, inputs, outputs, attributes }: GraphNode): Message {
  const node = new Message();
  for (const input of inputs) node.string(1, input);
  for (const output of outputs) node.string(2, output);
  node.string(3, name).string(4, op);
  for (const [attribute, value] of Object.entries(attributes))
    if (value !== undefined) node.message(5, attributeMessage(attribute, value));
  return node;
}

function attributeMessage(name: string, value: Attribute): Message {
  const attribute = new Message().string(1, name);
  if (typeof value === 'number') return attribute.int(3, value).int(20, ATTRIBUTE_TYPES.int);
  if (typeof value === 'string') return attribute.string(4, value).int(20, ATTRIBUTE_TYPES.string);
  if (value instanceof Float) return attribute.float(2, value.value).int(20, ATTRIBUTE_TYPES.float);
  if (isTexts(value)) {
    for (const item of value) attribute.string(9, item);
    return attribute.int(20, ATTRIBUTE_TYPES.strings);
  }
  for (const item of value) attribute.int(8, item);
  return attribute.int(20, ATTRIBUTE_TYPES.ints);
}

const isTexts = (list: readonly number[] | readonly string[]): list is readonly string[] =>
  typeof list[0] === 'string';

function tensorMessage({ dtype, shape, values }: Constant, name: string): Message {
  return new Message()
    .packedInts(1, shape)
    .int(2, ELEMENT_TYPES[dtype])
    .string(8, name)
    .bytes(9, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
}

function valueInfoMessage({ name, dtype, shape }: ValueInfo): Message {
  const dims = new Message();
  for (const size of shape)
    dims.message(
      1,
      size.isBatch ? new Message().string(2, formatSize(size)) : new Message().int(1, size.times),
    );
  const tensor = new Message().int(1, ELEMENT_TYPES[dtype]).message(2, dims);
  return new Message().string(1, name).message(2, new Message().message(1, tensor));
}

/** Numbers as a constant. */
export function constant(dtype: ElementType, shape: readonly number[], values: Iterable<number>): Constant {
  if (dtype === 'int64')
    return { dtype, shape, values: BigInt64Array.from([...values].map((value) => BigInt(value))) };
  const numbers = [...values];
  const array = new (arrayOf(dtype))(numbers.length);
  array.set(numbers);
  return { dtype, shape, values: array };
}
