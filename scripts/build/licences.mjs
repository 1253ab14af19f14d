// The licences of the packages that files come from, as their authors want them passed on.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, sep } from 'node:path';

/** The folder of the package a file belongs to, or undefined. */
function packageOf(file) {
  const mark = `${sep}node_modules${sep}`;
  const at = file.lastIndexOf(mark);
  if (at < 0) return undefined;
  const [first, second] = file.slice(at + mark.length).split(sep);
  return join(file.slice(0, at + mark.length), first.startsWith('@') ? join(first, second) : first);
}

/** @param whose what contains the files, at the beginning of a sentence */
export function licencesOf(whose, files) {
  const folders = [...new Set(files.map(packageOf).filter(Boolean))];
  const entries = folders.map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const names = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
    const texts = names.map((file) => readFileSync(join(folder, file), 'utf8').trim());
    if (texts.length === 0 && existsSync(join(folder, 'README.md'))) {
      // Some packages have it at the end of their README alone.
      const [, text] = readFileSync(join(folder, 'README.md'), 'utf8').split(/^#+ *licen[cs]e.*$/im);
      if (text) texts.push(text.trim());
    }
    return { name, text: [`${name} ${version} (${license})`, '', ...texts].join('\n') };
  });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  return (
    [`${whose} of mgp-node contains these packages.\n`, ...entries.map(({ text }) => text)].join(
      `\n${'-'.repeat(80)}\n\n`,
    ) + '\n'
  );
}
