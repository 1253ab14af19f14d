import { extname } from 'node:path';
import { writeFileAtomic } from '../io/atomic.js';
import { EXPRESSIONS, type ExpressionName } from './expressions.js';
import { checkOutput, UsageError } from './usage.js';

/** The flags of `mgp graph`. */
export interface GraphFlags {
  readonly expression: ExpressionName;
  readonly out?: string;
}

/** `mgp graph`: draws a small expression. */
export async function graph({ expression, out }: GraphFlags): Promise<void> {
  const type = out === undefined ? '.dot' : extname(out).toLowerCase();
  if (type !== '.svg' && type !== '.dot')
    throw new UsageError(`--out: expected a .svg or .dot file, got "${out}"`);
  if (out !== undefined) await checkOutput('--out', out);

  const library = await import('../index.js');
  const { toDot } = await import('../graph.js');
  const { output, names } = EXPRESSIONS[expression](library);
  const dot = toDot(output, { names });
  if (out === undefined) process.stdout.write(dot);
  else await writeFileAtomic(out, [type === '.svg' ? await toSvg(dot) : dot]);
}

/** Lays a graph out with Graphviz itself, compiled to WebAssembly. */
async function toSvg(dot: string): Promise<string> {
  const { instance } = await import('@viz-js/viz');
  return (await instance()).renderString(dot, { format: 'svg' });
}
