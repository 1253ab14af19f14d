// What is exported is documented, or the reference is not made.

import { ReflectionKind } from 'typedoc';

const NEEDED = ReflectionKind.SomeExport | ReflectionKind.Namespace | ReflectionKind.Method;
const CALLED = ReflectionKind.Function | ReflectionKind.Method;

export function checkCoverage(project, logger) {
  for (const reflection of project.getReflectionsByKind(NEEDED)) {
    // What is inherited is documented where it comes from; members of types that are written in place need not be.
    if (reflection.isReference() || reflection.flags.isInherited) continue;
    if (reflection.parent?.kindOf(ReflectionKind.TypeLiteral)) continue;
    const owners = reflection.kindOf(CALLED) ? reflection.signatures : [reflection];
    // The family is a tag that we have put there.
    if (!owners.every((owner) => owner.hasComment(['@category'])))
      logger.warn(`${reflection.getFullName()} has no comment`);
  }
}
