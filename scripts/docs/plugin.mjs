// What TypeDoc is told about this library beyond its types: how arguments are read, where the methods of tensors come
// from, and which family everything belongs to.

import { Application, Converter, ReflectionKind } from 'typedoc';
import { cutTitle, guides, inheritComments, paragraphs, withoutLinks } from './comments.mjs';
import { checkCoverage } from './coverage.mjs';
import { describeArguments } from './described.mjs';
import { families, ORDER } from './families.mjs';
import { dropInherited, ownMembers, showMethods } from './methods.mjs';
import { functionsOfVariables, nameArguments } from './signatures.mjs';

export function load(app) {
  app.on(Application.EVENT_BOOTSTRAP_END, () => app.options.setValue('categoryOrder', ORDER));
  // Before TypeDoc's own plugins look at comments, groups and categories.
  app.converter.on(
    Converter.EVENT_RESOLVE_END,
    ({ project }) => {
      checkCoverage(project, app.logger);
      withoutLinks(project);
      cutTitle(project.readme);
    },
    -1000,
  );
  app.converter.on(
    Converter.EVENT_RESOLVE_BEGIN,
    ({ project }) => {
      functionsOfVariables(project);
      const kinds = ReflectionKind.CallSignature | ReflectionKind.ConstructorSignature;
      for (const signature of project.getReflectionsByKind(kinds)) nameArguments(signature);
      describeArguments(project);
      showMethods(project);
      dropInherited(project);
      ownMembers(project);
      inheritComments(project);
      families(project);
      paragraphs(project);
      guides(project);
    },
    1000,
  );
}
