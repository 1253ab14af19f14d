/** HTML that may go into a page as it is. Only {@link html} and {@link raw} make it. */
export class Html {
  constructor(readonly text: string) {}
}

type Value = string | number | Html | readonly Html[];

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function render(value: Value): string {
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(render).join('');
  return String(value).replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

/** A template for HTML: what is filled in is escaped, unless it is HTML itself. */
export const html = (parts: TemplateStringsArray, ...values: readonly Value[]): Html =>
  new Html(parts.reduce((page, part, i) => page + render(values[i - 1]) + part));

/** Text that is HTML already. */
export const raw = (text: string): Html => new Html(text);

/** Data inside a `<script type="application/json">`. */
export const json = (data: unknown): Html => raw(JSON.stringify(data).replaceAll('<', '\\u003c'));

/** A program inside a `<script>`: nothing in it may look like its end. */
export const script = (program: string): Html => raw(program.replaceAll('</script', '<\\/script'));
