/** An element with attributes and children. Texts stay texts, whatever is in them. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (key in made && key !== 'list') made[key] = value;
    else made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Calls `work` when a form is sent, and shows in its output what comes of it, or what was wrong. */
export function onSubmit(form, work) {
  const output = form.querySelector('output');
  const show = (content, isError) => {
    output?.classList.toggle('error', isError);
    output?.replaceChildren(...[content ?? []].flat());
  };
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = form.querySelector('button');
    button.disabled = true;
    try {
      show(await work(new FormData(form)), false);
    } catch (error) {
      show(error.message, true);
    } finally {
      button.disabled = false;
    }
  });
}

/** Gives a list new options, and keeps what is chosen where it can. */
export function setOptions(select, options) {
  const chosen = select.value;
  select.replaceChildren(...options.map(([value, text]) => element('option', { value }, text)));
  if (options.some(([value]) => value === chosen)) select.value = chosen;
}

/** A field for each column that a model wants to know, filled with what is usual. */
export function inputFields(columns) {
  return columns.map((column) => {
    const { name, type, categories, mean } = column;
    const field =
      type === 'number'
        ? element('input', {
            name,
            type: 'number',
            step: 'any',
            required: true,
            value: String(Number(mean.toPrecision(3))),
          })
        : element(
            'select',
            { name, required: true },
            ...categories.map((value) => element('option', { value }, value)),
          );
    return element('label', {}, name, field);
  });
}

/** The row that such fields make. */
export const readFields = (columns, data) =>
  Object.fromEntries(
    columns.map(({ name, type }) => [name, type === 'number' ? Number(data.get(name)) : data.get(name)]),
  );

/** What a model said of a row. */
export function answer({ value, probabilities }, { name }) {
  const text = typeof value === 'number' ? Number(value.toPrecision(5)).toString() : value;
  const line = element('p', { className: 'answer' }, `${name}: ${text}`);
  if (probabilities === undefined) return [line];
  const likely = Object.entries(probabilities)
    .sort(([, a], [, b]) => b - a)
    .slice(0, 8);
  const bars = likely.flatMap(([category, share]) => [
    element('span', {}, category),
    element('progress', { max: 1, value: share, ariaLabel: category }),
    element('span', {}, `${(100 * share).toFixed(1)} %`),
  ]);
  return [line, element('div', { className: 'bars' }, ...bars)];
}
