import { HttpError } from './errors.js';

// How rows of a table become numbers for a model, and its outputs answers. An encoding is plain data, kept with the model:
// the input columns and the target, each with what its values are standardised by, or the categories it has.

/** @throws HttpError 400 for a target that is no column, or that nothing can be learned of */
export function encodingOf(columns, target) {
  const found = columns.find(({ name }) => name === target);
  const names = columns.map(({ name }) => name).join(', ');
  if (found === undefined) throw new HttpError(400, `target: expected one of ${names}, got "${target}"`);
  if (found.type === 'category' ? found.categories.length < 2 : found.std === 0)
    throw new HttpError(400, `target: expected a column with different values, "${target}" has only one`);
  return { inputs: columns.filter((column) => column !== found), target: found };
}

const widthOf = ({ type, categories }) => (type === 'number' ? 1 : categories.length);

/** How many numbers a row becomes. */
export const inputWidth = ({ inputs }) => inputs.reduce((sum, column) => sum + widthOf(column), 0);

/** How many numbers the model gives for a row. */
export const outputWidth = ({ target }) => widthOf(target);

const standardise = ({ mean, std }, value) => (value - mean) / (std || 1);

/** Writes the values of a row, in the order of the inputs, to a place of an array: one-hot where they are categories. */
export function encodeInputs({ inputs }, values, array, at) {
  inputs.forEach((column, i) => {
    if (column.type === 'number') array[at] = standardise(column, Number(values[i]));
    else array[at + column.categories.indexOf(values[i])] = 1;
    at += widthOf(column);
  });
}

/** The target as the loss wants it: the number of a class, or a standardised number. */
export const encodeTarget = ({ target }, value) =>
  target.type === 'number' ? standardise(target, Number(value)) : target.categories.indexOf(value);

/** What the numbers that a model gives for a row mean. */
export function decodeOutput({ target }, outputs) {
  if (target.type === 'number') return { value: outputs[0] * (target.std || 1) + target.mean };
  const best = outputs.indexOf(Math.max(...outputs));
  const probabilities = target.categories.map((category, i) => [category, outputs[i]]);
  return { value: target.categories[best], probabilities: Object.fromEntries(probabilities) };
}

/**
 * The values of rows that came as JSON, `{ column: value }`, in the order of the inputs.
 * @throws HttpError 400 naming the row and the column
 */
export function readRows({ inputs, target }, rows) {
  return rows.map((row, i) => {
    for (const name of Object.keys(row))
      if (name !== target.name && !inputs.some((column) => column.name === name))
        throw new HttpError(400, `rows.${i}.${name}: there is no such column`);
    return inputs.map((column) => readValue(column, row[column.name], `rows.${i}.${column.name}`));
  });
}

function readValue({ type, categories }, value, field) {
  const got = value === undefined ? 'nothing' : JSON.stringify(value);
  if (type === 'number') {
    if (typeof value === 'number') return value;
    throw new HttpError(400, `${field}: expected a number, got ${got}`);
  }
  if (categories.includes(value)) return value;
  const known = categories.length > 20 ? `${categories.length} categories` : categories.join(', ');
  throw new HttpError(400, `${field}: expected one of ${known}, got ${got}`);
}
