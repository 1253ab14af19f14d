import { describe, rangeError, typeError } from './errors.js';
import { isFloat } from './dtype.js';
import { checkOptions } from './ops/primitive.js';
import { formatArray } from './print.js';
import { contiguousStrides, formatShape } from './shape.js';
import { checkTensor, type Tensor } from './tensor.js';

/** Options of {@link toDot}. */
export interface DotOptions {
  /** Names to show, as `{ a, b }` or `Object.fromEntries(model.namedParameters())`, or by tensor. */
  readonly names?: Readonly<Record<string, Tensor>> | ReadonlyMap<Tensor, string>;
  /** Tensors with more elements show their shape only. Default 12. */
  readonly maxValues?: number;
  /** Which way the computation flows: left to right, or top to bottom. Default `LR`. */
  readonly direction?: 'LR' | 'TB';
}

/** How many nodes a drawing can have before no one can read it, and no one can lay it out. */
const MAX_NODES = 10_000;

/**
 * The graph behind a tensor in DOT, the language of Graphviz, as micrograd draws it: a box for each tensor with its
 * name, shape, value and gradient, and a circle for each op.
 *
 * `backward` frees the graph and keeps gradients for leaves only; to draw all of it, ask for the gradients you want to
 * see with `retainGrad`, and keep the graph with `backward(null, { retainGraph: true })`.
 * @throws Error when `backward` has freed the graph; RangeError when it has more than 10,000 tensors.
 * @see https://graphviz.org/doc/info/lang.html
 */
export function toDot(output: Tensor, options: DotOptions = {}): string {
  checkTensor('toDot', output, 'output');
  checkOptions('toDot', options, ['names', 'maxValues', 'direction']);
  const { maxValues = 12, direction = 'LR' } = options;
  if (direction !== 'LR' && direction !== 'TB')
    rangeError('toDot', `direction: expected 'LR' or 'TB', got ${describe(direction)}`);
  if (!Number.isInteger(maxValues) || maxValues < 0)
    rangeError('toDot', `maxValues: expected a whole number from 0, got ${describe(maxValues)}`);
  const names = namesOf(options.names);
  const nodes = nodesBehind(output);
  const ids = new Map(nodes.map((node, i) => [node, `t${i}`]));
  const idOf = (node: Tensor): string => String(ids.get(node));
  const boxes = nodes.map((node) => {
    const fields = labelOf(node, names.get(node), maxValues);
    // The fields of a record lie across the direction of the graph, in braces along it: here always in a column.
    return `${idOf(node)} [label="${direction === 'LR' ? fields : `{${fields}}`}"${styleOf(node)}];`;
  });
  // The circle of an op belongs to its result, as in micrograd.
  const results = nodes.filter((node) => !node.isLeaf);
  const circles = results.map((node) => `${idOf(node)}_op [label="${escape(node.op)}"];`);
  const edges = results.flatMap((node) => [
    ...node.parents.map((parent) => `${idOf(parent)} -> ${idOf(node)}_op;`),
    `${idOf(node)}_op -> ${idOf(node)};`,
  ]);
  return [
    'digraph {',
    `  rankdir=${direction};`,
    ...DEFAULTS.map((line) => `  ${line}`),
    ...boxes.map((line) => `  ${line}`),
    '  subgraph ops {',
    `    ${OP_DEFAULTS}`,
    ...circles.map((line) => `    ${line}`),
    '  }',
    ...edges.map((line) => `  ${line}`),
    '}\n',
  ].join('\n');
}

const DEFAULTS = [
  'bgcolor="transparent";',
  'node [shape=record, style=filled, fillcolor="#ffffff", color="#4b5563", fontname=Courier, fontsize=10];',
  'edge [color="#6b7280", arrowsize=0.6];',
];
const OP_DEFAULTS =
  'node [shape=ellipse, fillcolor="#fde68a", color="#b45309", fontname=Helvetica, width=0.4, height=0.4, margin="0.06,0.04"];';

/** Leaves that learn stand out from inputs that do not, and from what is computed. */
const styleOf = (node: Tensor): string =>
  !node.isLeaf ? '' : node.requiresGrad ? ', fillcolor="#dbeafe"' : ', fillcolor="#f3f4f6"';

function namesOf(names: DotOptions['names'] = {}): ReadonlyMap<Tensor, string> {
  if (names instanceof Map) return names as ReadonlyMap<Tensor, string>;
  if (typeof names !== 'object' || names === null)
    typeError('toDot', `names: expected an object of tensors or a Map, got ${describe(names)}`);
  return new Map(
    Object.entries(names).map(([name, x]) => {
      checkTensor('toDot', x, `names.${name}`);
      return [x, name];
    }),
  );
}

/** All tensors of the graph, each after those that were computed from it: the output first. */
function nodesBehind(output: Tensor): Tensor[] {
  const nodes = new Set([output]);
  // A set goes on to what is added while it is walked.
  for (const node of nodes) {
    if (!node.isLeaf && node.parents.length === 0)
      throw new Error(
        `[toDot] the graph behind the result of ${node.op} was freed by backward; pass { retainGraph: true } to it`,
      );
    for (const parent of node.parents) nodes.add(parent);
    if (nodes.size > MAX_NODES)
      rangeError('toDot', `expected a graph of at most ${MAX_NODES} tensors: draw a smaller part of it`);
  }
  return [...nodes];
}

/** The fields of a record. */
function labelOf(node: Tensor, name: string | undefined, maxValues: number): string {
  const dtype = node.dtype === 'float32' ? '' : node.dtype;
  const title = [name, formatShape(node.shape), dtype].filter(Boolean).join(' ');
  const fields = [escape(title)];
  if (node.size <= maxValues) {
    fields.push(field('data', node));
    if (node.grad !== null) fields.push(field('grad', node.grad));
  }
  return fields.join('|');
}

/** The values of a tensor, one row under the other: `\l` ends a line that begins at the left. */
function field(title: string, x: Tensor): string {
  if (x.storage.handle === null) return escape(`${title} freed`);
  const values = isFloat(x.dtype) ? Float64Array.from(x.toArray(), round) : x.toArray();
  const text = formatArray(
    values,
    x.shape,
    contiguousStrides(x.shape),
    0,
    isFloat(x.dtype) ? 'float64' : x.dtype,
    'str',
  );
  const [first, ...rest] = text.split('\n');
  if (rest.length === 0) return escape(`${title} ${first}`);
  return [`${title} ${first}`, ...rest.map((row) => ' '.repeat(title.length + 1) + row)]
    .map((row) => `${escape(row)}\\l`)
    .join('');
}

/** As much of a number as a drawing needs. */
const round = (value: number): number => Number(value.toPrecision(5));

/** Braces, bars, angles and spaces mean something in records, quotes and backslashes in strings, & begins an entity. */
const escape = (text: string): string =>
  text
    .replace(/[\\"{}|<> ]/g, (character) => `\\${character}`)
    .replaceAll('&', '&amp;')
    .replaceAll('\n', '\\n');
