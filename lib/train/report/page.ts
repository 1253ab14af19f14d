import { uplotScript, uplotStyle } from './assets.js';
import { chartCards, chartScript, type Chart } from './charts.js';
import { html, raw, type Html } from './html.js';
import { STYLE } from './style.js';

/** What a report is made of. */
interface Page {
  /** Of the window. */
  readonly title: string;
  readonly heading: string;
  readonly subtitle: string;
  /** Values and what they are. */
  readonly tiles: readonly (readonly [value: string, name: string])[];
  readonly charts: readonly Chart[];
  /** What comes below the charts. */
  readonly sections: readonly Html[];
  /** Styles that only this page needs. */
  readonly style?: string;
  readonly footer: string;
}

/** One HTML page that needs nothing else: no network, no files next to it. */
export function renderPage({
  title,
  heading,
  subtitle,
  tiles,
  charts,
  sections,
  style = '',
  footer,
}: Page): string {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
        />
        <title>${title}</title>
        <style>
          ${raw(uplotStyle())}
          ${raw(STYLE)}
          ${raw(style)}
        </style>
      </head>
      <body>
        <main>
          <header>
            <h1>${heading}</h1>
            <p class="soft">${subtitle}</p>
          </header>
          <section class="tiles">
            ${tiles.map(([value, name]) => html`<div class="tile"><b>${value}</b><span>${name}</span></div>`)}
          </section>
          ${chartCards(charts)} ${sections}
          <footer>${footer}</footer>
        </main>
        ${chartScript(uplotScript(), charts)}
      </body>
    </html> `;
  return page.text;
}

/** A column of a table: what is above it, and what is in it. */
export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => string | number;
  /** Whether it holds words, and no numbers. */
  readonly isText?: boolean;
}

/** A card with a table. */
export function tableCard<Row>(title: string, rows: readonly Row[], columns: readonly Column<Row>[]): Html {
  const kind = ({ isText = false }: Column<Row>): string => (isText ? 'text' : '');
  return html`<div class="card">
    <h2>${title}</h2>
    <div class="scroll">
      <table class="list">
        <tr>
          ${columns.map((column) => html`<th scope="col" class="${kind(column)}">${column.head}</th>`)}
        </tr>
        ${rows.map(
          (row) =>
            html`<tr>
              ${columns.map((column) => html`<td class="${kind(column)}">${column.cell(row)}</td>`)}
            </tr>`,
        )}
      </table>
    </div>
  </div>`;
}

/** Names and values. */
export type Entries = Readonly<Record<string, string | number | boolean>>;

/** A card with names and values. */
export function listCard(title: string, entries: Entries): Html {
  return html`<div class="card">
    <h2 style="margin-bottom: 10px">${title}</h2>
    <dl>
      ${Object.entries(entries).map(
        ([name, value]) =>
          html`<dt>${name}</dt>
            <dd>${String(value)}</dd>`,
      )}
    </dl>
  </div>`;
}

/** Two cards side by side, where there is room. */
export const pair = (...cards: readonly Html[]): Html => html`<section class="two">${cards}</section>`;
