// What is said once, where options are declared, is shown wherever the same argument comes by position, and at the fields in
// which classes keep it.

import { ReflectionKind } from 'typedoc';

export function describeArguments(project) {
  const kinds = ReflectionKind.CallSignature | ReflectionKind.ConstructorSignature;
  for (const signature of project.getReflectionsByKind(kinds)) {
    const options = membersOf(signature.parameters?.find(({ name }) => name === 'options')?.type);
    for (const parameter of signature.parameters ?? [])
      parameter.comment ??= options.get(parameter.name)?.comment?.clone();
  }
  for (const owner of project.getReflectionsByKind(ReflectionKind.Class)) describeFields(owner);
}

function describeFields(owner) {
  const [signature] =
    owner.children?.find(({ kind }) => kind === ReflectionKind.Constructor)?.signatures ?? [];
  const parameters = new Map((signature?.parameters ?? []).map((one) => [one.name, one]));
  const options = membersOf(parameters.get('options')?.type);
  for (const field of owner.children ?? [])
    if (field.kind === ReflectionKind.Property)
      field.comment ??= (parameters.get(field.name) ?? options.get(field.name))?.comment?.clone();
}

/** The properties of an options object, by name. */
function membersOf(type) {
  if (type?.type === 'intersection') return new Map(type.types.flatMap((one) => [...membersOf(one)]));
  if (type?.type === 'reference' && /^(Partial|Omit|Pick|Required|Readonly)$/.test(type.name))
    return membersOf(type.typeArguments?.[0]);
  const declaration = type?.type === 'reflection' ? type.declaration : type?.reflection;
  const members = new Map((declaration?.children ?? []).map((member) => [member.name, member]));
  // Aliases such as `{ … } & LayerOptions`.
  for (const [name, member] of declaration?.kind === ReflectionKind.TypeAlias
    ? membersOf(declaration.type)
    : [])
    members.set(name, member);
  return members;
}
