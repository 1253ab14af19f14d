/** What a literal of Python's is here: tuples are frozen arrays, lists are arrays, dicts are maps. */
export type Literal = string | number | boolean | null | readonly Literal[] | Map<Literal, Literal>;

/** Deeper than any header needs. */
const MAX_DEPTH = 16;

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  n: '\n',
  r: '\r',
  t: '\t',
};

/**
 * Reads what Python's `repr` writes of texts, whole numbers, booleans, `None`, tuples, lists and dicts, as
 * `ast.literal_eval` does. Nothing else is known, and nothing is run.
 * @throws SyntaxError saying where the text is something else
 */
export function parseLiteral(text: string): Literal {
  let at = 0;
  const fail = (expected: string): never => {
    const rest = text.slice(at, at + 20);
    throw new SyntaxError(
      `expected ${expected} at ${at}, got ${rest === '' ? 'the end' : JSON.stringify(rest)}`,
    );
  };
  /** Takes what a sticky expression finds here. */
  const take = (expression: RegExp): string | undefined => {
    expression.lastIndex = at;
    const found = expression.exec(text)?.[0];
    at += found?.length ?? 0;
    return found;
  };
  const skip = (): unknown => take(/[ \t\r\n]*/y);
  const next = (sign: string): boolean => {
    skip();
    if (text[at] !== sign) return false;
    at++;
    return true;
  };
  const items = <T>(end: string, read: () => T): { list: T[]; comma: boolean } => {
    const list: T[] = [];
    let comma = true;
    while (!next(end)) {
      if (!comma) fail(`',' or '${end}'`);
      list.push(read());
      comma = next(',');
    }
    return { list, comma };
  };
  const value = (depth: number): Literal => {
    if (depth > MAX_DEPTH) fail('less depth');
    if (next('(')) {
      const { list, comma } = items(')', () => value(depth + 1));
      // One value in parentheses is that value.
      return list.length === 1 && !comma ? list[0] : Object.freeze(list);
    }
    if (next('[')) return items(']', () => value(depth + 1)).list;
    if (next('{')) {
      const pairs = items('}', (): [Literal, Literal] => {
        const key = value(depth + 1);
        if (!next(':')) fail("':'");
        return [key, value(depth + 1)];
      });
      const map = new Map(pairs.list);
      return map.size === pairs.list.length ? map : fail('every key once');
    }
    // Python 2 wrote a u before texts and an L after whole numbers.
    const quoted = take(/[uU]?(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")/y);
    if (quoted !== undefined) return unquote(quoted);
    const digits = take(/[+-]?[0-9]+L?(?![\w.])/y);
    if (digits !== undefined) return Number(digits.replace('L', ''));
    const word = take(/(?:True|False|None)(?!\w)/y);
    return word === undefined ? fail('a value') : word === 'None' ? null : word === 'True';
  };
  const unquote = (quoted: string): string =>
    quoted
      .slice(quoted.search(/['"]/) + 1, -1)
      .replaceAll(/\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|(.))/g, (escape, ...groups) => {
        const [x, u, wide, sign] = groups as (string | undefined)[];
        const code = Number.parseInt(x ?? u ?? wide ?? '', 16);
        if (sign !== undefined && Object.hasOwn(ESCAPES, sign)) return ESCAPES[sign];
        return code <= 0x10ffff ? String.fromCodePoint(code) : fail(`an escape, not ${escape},`);
      });
  const out = value(0);
  skip();
  return at === text.length ? out : fail('the end');
}
