// Signatures as one reads them: `avgPool2d(x, kernelSize?, stride?, …, options?)` instead of the union of all the tuples
// that `...rest: Rest<[kernelSize, stride, …], Options>` stands for (lib/ops/arguments.ts).

import {
  ArrayType,
  CommentTag,
  IntrinsicType,
  ParameterReflection,
  ReflectionFlag,
  ReflectionKind,
} from 'typedoc';

/** Constants that hold functions (`export const exp = unary(…)`) are functions for whoever calls them. */
export function functionsOfVariables(project) {
  for (const variable of project.getReflectionsByKind(ReflectionKind.Variable)) {
    if (variable.type?.type !== 'reflection') continue;
    const { signatures } = variable.type.declaration;
    if (!signatures) continue;
    adopt(variable, ReflectionKind.Function, signatures);
  }
}

/** Makes a declaration a function or a method with these signatures, which become its own. */
export function adopt(declaration, kind, signatures) {
  declaration.kind = kind;
  declaration.signatures = signatures;
  delete declaration.type;
  delete declaration.defaultValue;
  for (const signature of signatures) {
    signature.parent = declaration;
    signature.name = declaration.name;
    signature.comment ??= declaration.comment?.clone();
    signature.sources ??= declaration.sources;
  }
  delete declaration.comment;
}

/** Writes arguments that are read by `readArgs`, `readAll` or `readSizes` as parameters of their own. */
export function nameArguments(signature) {
  const rest = signature.parameters?.at(-1);
  if (!rest?.flags.isRest) return;
  const read = readTuples(rest.type) ?? readAlias(rest.type);
  if (!read) return;
  const { names, required, options, isRest } = read;
  signature.parameters.pop();
  signature.project.removeReflection(rest);
  names.forEach(({ name, element }, i) => add(signature, name, element, i >= required));
  if (options) add(signature, 'options', options, true);
  signature.parameters.at(-1)?.setFlag(ReflectionFlag.Rest, isRest === true);
  spreadComment(signature, rest.name);
}

function add(signature, name, type, isOptional) {
  const parameter = new ParameterReflection(name, ReflectionKind.Parameter, signature);
  parameter.type = type;
  parameter.setFlag(ReflectionFlag.Optional, isOptional);
  signature.parameters.push(parameter);
  signature.project.registerReflection(parameter, undefined, undefined);
}

const isNamed = (tuple) => tuple.elements.every((element) => element.type === 'namedTupleMember');

/** The union that TypeScript makes of `Rest<[a, b], Options>`. */
function readTuples(type) {
  if (type?.type !== 'union') return undefined;
  const tuples = type.types.filter((one) => one.type === 'tuple');
  const byPosition = tuples.filter(isNamed).sort((a, b) => b.elements.length - a.elements.length);
  if (byPosition.length === 0) return undefined;
  const named = tuples.find((tuple) => !isNamed(tuple));
  return {
    names: byPosition[0].elements,
    required: Math.min(...tuples.map((tuple) => tuple.elements.filter((one) => one.name).length)),
    options: named?.elements.at(-1),
  };
}

/** `Args<[a, b], Options>` and `Sizes<'dims'>`, which TypeDoc leaves as they are. */
function readAlias(type) {
  if (type?.type !== 'reference') return undefined;
  const [first, second] = type.typeArguments ?? [];
  if (type.name === 'Args' && first?.type === 'tuple')
    return { names: first.elements, required: first.elements.length, options: second };
  if (type.name === 'Sizes' && first?.type === 'literal')
    return {
      names: [{ name: first.value, element: new ArrayType(new IntrinsicType('number')) }],
      required: 1,
      isRest: true,
    };
  return undefined;
}

/**
 * `@param rest` of a comment says what is in the rest: as a tag for each parameter that it names, or else as a paragraph.
 */
function spreadComment(signature, rest) {
  const { comment } = signature;
  const tag = comment?.getIdentifiedTag(rest, '@param');
  if (!tag) return;
  const known = new Set(signature.parameters.map(({ name }) => name));
  const tags = [];
  for (const [i, part] of tag.content.entries()) {
    const name = part.kind === 'code' ? part.text.slice(1, -1) : '';
    if (known.has(name) && tag.content[i + 1]?.text.startsWith(':')) {
      const last = tags.at(-1)?.content.at(-1);
      if (last?.kind === 'text') last.text = last.text.replace(/[;.]?\s*$/, '');
      tags.push(Object.assign(new CommentTag('@param', []), { name }));
    } else if (tags.length === 0) break;
    else
      tags.at(-1).content.push({
        ...part,
        text: tags.at(-1).content.length > 0 ? part.text : part.text.replace(/^:\s*/, ''),
      });
  }
  comment.blockTags = comment.blockTags.filter((one) => one !== tag);
  if (tags.length > 0) comment.blockTags.push(...tags);
  else comment.summary.push({ kind: 'text', text: '\n\nArguments: ' }, ...tag.content);
}
