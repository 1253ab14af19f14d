/** Rows of words under their heads, the first column to the left and the others to the right. */
export function formatTable(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  left = 1,
): string {
  const widths = heads.map((head, i) =>
    rows.reduce((most, row) => Math.max(most, row[i].length), head.length),
  );
  const line = (words: readonly string[]): string =>
    words
      .map((word, i) => (i < left ? word.padEnd(widths[i]) : word.padStart(widths[i])))
      .join('  ')
      .trimEnd();
  const rule = '-'.repeat(widths.reduce((sum, width) => sum + width + 2, -2));
  return [line(heads), rule, ...rows.map(line), rule].join('\n');
}
