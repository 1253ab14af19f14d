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
