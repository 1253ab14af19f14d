const [QUOTE, BACKSLASH] = [0x22, 0x5c];
/** `{`, `[` and their ends differ from each other in one bit. */
const isOpening = (code: number): boolean => (code | 0x20) === 0x7b;
const isClosing = (code: number): boolean => (code | 0x20) === 0x7d;

/**
 * Whether lists and objects of a JSON text lie in each other no deeper than that, and it has so many characters for each of them:
 * a text of brackets alone takes a hundred times its memory when it is parsed.
 */
export function isModest(json: string, depth: number, charactersEach: number): boolean {
  let [open, count] = [0, 0];
  for (let i = 0; i < json.length; i++) {
    const code = json.charCodeAt(i);
    if (code === QUOTE) {
      for (i++; i < json.length && json.charCodeAt(i) !== QUOTE; i++)
        if (json.charCodeAt(i) === BACKSLASH) i++;
    } else if (isOpening(code)) {
      count++;
      if (++open > depth) return false;
    } else if (isClosing(code)) open--;
  }
  return count * charactersEach <= json.length + 64;
}

/**
 * A key that an object of a valid JSON text has twice, or undefined: `JSON.parse` keeps the last in silence, and other
 * readers may take the first.
 */
export function repeatedKey(json: string): string | undefined {
  const seen: (Set<string> | null)[] = [];
  for (const [token, key, follows] of json.matchAll(/("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[[\]{}]/g)) {
    if (token === '{') seen.push(new Set());
    else if (token === '[') seen.push(null);
    else if (token === '}' || token === ']') seen.pop();
    else if (follows !== undefined) {
      const keys = seen.at(-1);
      const name = JSON.parse(key) as string;
      if (keys?.has(name)) return name;
      keys?.add(name);
    }
  }
  return undefined;
}
