import { HttpError } from './errors.js';

/**
 * Learns from the rows of a table, one after the other, what its columns are: numbers, with their mean and standard
 * deviation, or categories, with their values. The first row decides which; every later row must agree.
 */
export class Columns {
  #limits;
  #categorical;
  #columns = null;
  #rows = 0;

  constructor(limits, categorical = []) {
    this.#limits = limits;
    this.#categorical = new Set(categorical);
  }

  /**
   * Takes a row; the first is the header.
   * @param line where it ends in the file
   * @throws HttpError 400 for what is wrong with it
   */
  add(record, line) {
    if (this.#columns === null) {
      this.#columns = this.#readHeader(record);
      return;
    }
    this.#rows++;
    const { maxRows } = this.#limits;
    if (this.#rows > maxRows) throw new HttpError(413, `expected at most ${maxRows} rows`);
    const row = `row ${this.#rows} (line ${line})`;
    const count = this.#columns.length;
    if (record.length !== count)
      throw new HttpError(400, `${row}: expected ${count} fields as in the header, got ${record.length}`);
    for (let i = 0; i < count; i++) {
      const problem = this.#columns[i].add(record[i].trim(), this.#rows);
      if (problem) throw new HttpError(400, `${row}, column ${i + 1} "${this.#columns[i].name}": ${problem}`);
    }
  }

  /** @throws HttpError 400 where there is no table */
  finish() {
    if (this.#columns === null) throw new HttpError(400, 'expected a header and rows, got an empty file');
    if (this.#rows < 2) throw new HttpError(400, `expected at least 2 rows, got ${this.#rows}`);
    return { rows: this.#rows, columns: this.#columns.map((column) => column.finish()) };
  }

  #readHeader(record) {
    const { maxColumns, maxCategories } = this.#limits;
    const names = record.map((name) => name.trim());
    if (names.length < 2 || names.length > maxColumns)
      throw new HttpError(400, `header: expected 2 to ${maxColumns} columns, got ${names.length}`);
    names.forEach((name, i) => {
      if (name === '') throw new HttpError(400, `header, column ${i + 1}: expected a name, got nothing`);
      const first = names.indexOf(name);
      if (first < i)
        throw new HttpError(400, `header: columns ${first + 1} and ${i + 1} are both named "${name}"`);
    });
    const unknown = [...this.#categorical].find((name) => !names.includes(name));
    if (unknown !== undefined)
      throw new HttpError(400, `categorical: expected names of columns, got "${unknown}"`);
    return names.map((name) => new Column(name, this.#categorical.has(name), maxCategories));
  }
}

class Column {
  #type;
  #values = new Set();
  #maxCategories;
  /** Mean and sum of squared deviations, after Welford: large numbers do not cancel out. */
  #mean = 0;
  #squares = 0;
  #min = Infinity;
  #max = -Infinity;
  #count = 0;

  constructor(name, isCategorical, maxCategories) {
    this.name = name;
    this.#type = isCategorical ? 'category' : null;
    this.#maxCategories = maxCategories;
  }

  /** @returns what is wrong with the value */
  add(text, row) {
    if (text === '') return 'expected a value, got nothing';
    this.#type ??= Number.isFinite(readNumber(text)) ? 'number' : 'category';
    this.#count = row;
    return this.#type === 'number' ? this.#addNumber(text) : this.#addCategory(text);
  }

  finish() {
    const { name } = this;
    if (this.#type === 'category') return { name, type: 'category', categories: [...this.#values].sort() };
    const std = Math.sqrt(this.#squares / this.#count);
    return { name, type: 'number', mean: this.#mean, std, min: this.#min, max: this.#max };
  }

  #addNumber(text) {
    const value = readNumber(text);
    if (!Number.isFinite(value)) return `expected a number, as in the rows before, got "${shorten(text)}"`;
    const delta = value - this.#mean;
    this.#mean += delta / this.#count;
    this.#squares += delta * (value - this.#mean);
    this.#min = Math.min(this.#min, value);
    this.#max = Math.max(this.#max, value);
    return undefined;
  }

  #addCategory(text) {
    if (this.#values.has(text)) return undefined;
    this.#values.add(text);
    if (this.#values.size > this.#maxCategories)
      return `expected at most ${this.#maxCategories} different strings, got another one: "${shorten(text)}"`;
    return undefined;
  }
}

/** A number as people write it: no hexadecimal, no Infinity. */
const readNumber = (text) => (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : NaN);

const shorten = (text) => (text.length > 40 ? `${text.slice(0, 40)}…` : text);
