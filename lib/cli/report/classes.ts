import type { Evaluation } from '../evaluate.js';
import { formatCount } from '../terminal.js';
import { encodePng } from '../../io/png.js';
import { html, type Html } from '../../train/report/html.js';

const CLASSES = 10;
const SIDE = 28;

/** How many mistakes are shown. */
const PICTURES = 24;

/** The images of a test set and what they show. */
export interface TestSet {
  readonly images: Uint8Array;
  readonly labels: ArrayLike<number>;
}

/** Rows: what the images show; columns: what the model said. */
export function confusionMatrix(labels: ArrayLike<number>, predictions: Int32Array): number[][] {
  const matrix = Array.from({ length: CLASSES }, () => new Array<number>(CLASSES).fill(0));
  predictions.forEach((guess, i) => matrix[labels[i]][guess]++);
  return matrix;
}

/** The card of the confusion matrix. */
export function matrixCard(matrix: readonly (readonly number[])[]): Html {
  const worst = Math.max(1, ...matrix.flatMap((row, label) => row.filter((_, guess) => guess !== label)));
  const rows = matrix.map((row, label) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    const recall = total > 0 ? row[label] / total : 0;
    const cells = row.map((count, guess) => {
      if (count === 0) return html`<td class="none">·</td>`;
      const [kind, share] =
        guess === label ? ['hit', 0.1 + 0.4 * recall] : ['miss', 0.06 + 0.64 * Math.sqrt(count / worst)];
      const title = `${label}, taken for ${guess}: ${count}`;
      return html`<td class="${kind}" style="--share:${share.toFixed(2)}" title="${title}">${count}</td>`;
    });
    const right = total > 0 ? (100 * recall).toFixed(1) : '–';
    return html`<tr><th scope="row">${label}</th>${cells}<td class="soft">${right}</td></tr>`; // prettier-ignore
  });
  const heads = matrix.map((_, guess) => html`<th scope="col">${guess}</th>`);
  return html`
    <div class="card">
      <h2>Confusion matrix</h2>
      <p class="note">A row for each digit, a column for what the model took it for. The last column is the share it
        got right, in percent.</p>
      <table class="matrix">
        <tr><td></td>${heads}<th scope="col">%</th></tr>
        ${rows}
      </table>
    </div>
  `; // prettier-ignore
}

/** The card of the mistakes that the model was surest of. */
export async function mistakesCard(
  { images, labels }: TestSet,
  { predictions, confidences }: Evaluation,
): Promise<Html> {
  const mistakes = [...predictions.keys()].filter((i) => predictions[i] !== labels[i]);
  mistakes.sort((a, b) => confidences[b] - confidences[a] || a - b);
  const figureOf = async (i: number): Promise<Html> => {
    const pixels = images.subarray(i * SIDE * SIDE, (i + 1) * SIDE * SIDE);
    const file = await encodePng({ pixels, width: SIDE, height: SIDE, channels: 1 });
    const url = `data:image/png;base64,${Buffer.from(file).toString('base64')}`;
    return html`<figure>
      <img src="${url}" width="${SIDE}" height="${SIDE}" alt="Test image ${i}, a ${labels[i]}" />
      <figcaption>
        <b>${predictions[i]}</b>, ${confidence(confidences[i])}<br />
        <span class="soft">is a ${labels[i]}</span>
      </figcaption>
    </figure>`;
  };
  const figures = await Promise.all(mistakes.slice(0, PICTURES).map(figureOf));
  const count = formatCount(mistakes.length);
  const note =
    mistakes.length === 0
      ? 'There are none.'
      : mistakes.length <= PICTURES
        ? `All ${count}, the most confident first.`
        : `The ${PICTURES} most confident of ${count}: what the model said, and how sure it was.`;
  return html`
    <div class="card">
      <h2>Mistakes</h2>
      <p class="note">${note}</p>
      <div class="pictures">${figures}</div>
    </div>
  `;
}

/** A probability that is not 1 must not read as 100%. */
const confidence = (share: number): string => `${(Math.floor(share * 1000) / 10).toFixed(1)}%`;
