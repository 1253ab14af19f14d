// Ops that are methods of Tensor are made in lib/methods.ts, by types that compute them from the ops. Here they become
// methods with the op's parameters but the first, and a line that leads to the op.

import { Comment, ParameterReflection, ReflectionFlag, ReflectionKind, SignatureReflection } from 'typedoc';

export function showMethods(project) {
  const tensor = project.getChildByName('Tensor');
  for (const member of tensor.children) {
    const found = project.getChildByName(member.name);
    // Of another name (`clip`) it is what the name stands for.
    const op = found?.isReference() ? found.getTargetReflectionDeep() : found;
    if (!op?.kindOf(ReflectionKind.Function)) continue;
    if (member.kindOf(ReflectionKind.Property)) {
      project.removeTypeReflections(member.type);
      member.kind = ReflectionKind.Method;
      member.sources = op.sources;
      delete member.type;
      member.signatures = op.signatures.map((signature) => methodOf(signature, member));
    }
    for (const signature of member.signatures ?? []) signature.comment ??= leadTo(op);
  }
}

function methodOf(signature, member) {
  const { project } = signature;
  const method = new SignatureReflection(member.name, ReflectionKind.CallSignature, member);
  method.type = signature.type;
  method.sources = signature.sources;
  project.registerReflection(method, undefined, undefined);
  method.parameters = signature.parameters.slice(1).map((parameter) => {
    const copy = new ParameterReflection(parameter.name, ReflectionKind.Parameter, method);
    copy.type = parameter.type;
    copy.defaultValue = parameter.defaultValue;
    copy.comment = parameter.comment?.clone();
    copy.flags.fromObject(parameter.flags.toObject());
    project.registerReflection(copy, undefined, undefined);
    return copy;
  });
  return method;
}

/** The first sentence of the op's comment, and a link to all of it. */
function leadTo(op) {
  const summary = op.signatures[0].comment?.getShortSummary(true) ?? [];
  return new Comment([
    ...Comment.cloneDisplayParts(summary),
    { kind: 'text', text: '\n\nSee ' },
    { kind: 'inline-tag', tag: '@link', text: op.name, target: op },
    { kind: 'text', text: '.' },
  ]);
}

/** What a parameter has from Tensor, some four hundred members, need not be listed again; nor what Node.js prints. */
export function dropInherited(project) {
  for (const member of [...project.getChildByName('nn.Parameter').children])
    if (member.flags.isInherited) project.removeReflection(member);
  for (const member of project.getReflectionsByKind(ReflectionKind.Method))
    if (member.name === '[custom]') project.removeReflection(member);
}

/** Members of base classes that are not exported are a class's own: nobody finds them anywhere else. */
export function ownMembers(project) {
  const members = project.getReflectionsByKind(ReflectionKind.ClassMember);
  const shown = new Set(members.filter(({ flags }) => !flags.isInherited).map(placeOf));
  for (const member of members) {
    for (const one of [member, member.getSignature, member.setSignature, ...(member.signatures ?? [])])
      for (const key of ['inheritedFrom', 'overwrites', 'implementationOf'])
        if (one?.[key] && !one[key].reflection) delete one[key];
    const place = placeOf(member);
    if (place !== '' && !shown.has(place)) member.setFlag(ReflectionFlag.Inherited, false);
  }
}

/** Where a member is written; nothing for those of the language's own types. */
function placeOf(member) {
  const source =
    (member.signatures ?? [member.getSignature ?? member])[0].sources?.[0] ?? member.sources?.[0];
  return source && !source.fullFileName.includes('node_modules')
    ? `${source.fullFileName}:${source.line}`
    : '';
}
