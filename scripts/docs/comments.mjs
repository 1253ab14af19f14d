// Comments as they read best on a page.

import { Comment, CommentTag, ReflectionKind } from 'typedoc';

/** "Shapes: …" and "Gradient: …" begin a line in the code, and a paragraph on the page. */
export function paragraphs(project) {
  for (const { comment } of Object.values(project.reflections))
    for (const part of comment?.summary ?? [])
      if (part.kind === 'text')
        part.text = part.text.replace(/([^\n])\n(?=(Shapes?|Gradients?|State): )/g, '$1\n\n');
}

/** The guides have their titles from their first lines. */
export function guides(project) {
  for (const document of project.documents ?? []) {
    document.name = cutTitle(document.content) ?? document.name;
    document.comment ??= new Comment();
    document.comment.blockTags.push(new CommentTag('@category', [{ kind: 'text', text: 'Guides' }]));
  }
}

/** Takes the title out of a text, since the page shows it by itself, and returns it. */
export function cutTitle(content) {
  const [first] = content;
  const title = /^\s*# (.*)\n/.exec(first?.text ?? '');
  if (!title) return undefined;
  first.text = first.text.slice(title[0].length);
  return title[1];
}

/** Methods that modules have from Module are documented there, also where a class between them is not exported. */
export function inheritComments(project) {
  const base = new Map(project.getChildByName('nn.Module').children.map((member) => [member.name, member]));
  for (const method of project.getReflectionsByKind(ReflectionKind.Method)) {
    if (method.parent.parent?.name !== 'nn') continue;
    for (const signature of method.signatures ?? [])
      signature.comment ??= base.get(method.name)?.signatures?.[0].comment?.clone();
  }
}

/** Files are named, not linked: the pages know no address of the code. */
export function withoutLinks(project) {
  for (const { sources } of Object.values(project.reflections))
    for (const source of sources ?? []) delete source.url;
}
