/** The looks of what only the report of MNIST has: the matrix and the pictures. */
export const STYLE = `
.matrix { table-layout: fixed; font-size: 13px; text-align: center; border-collapse: separate; border-spacing: 2px; }
.matrix th { font-weight: 500; color: var(--soft); padding: 0; }
.matrix td { height: 37px; padding: 0; border-radius: 4px; }
.matrix .hit { background: rgb(var(--hit) / var(--share)); }
.matrix .miss { background: rgb(var(--miss) / var(--share)); }
.matrix .none { color: var(--soft); opacity: 0.35; }

.pictures { display: grid; gap: 14px 10px; grid-template-columns: repeat(6, 1fr); }
figure { margin: 0; font-size: 12px; line-height: 1.35; }
figure img {
  display: block; width: 100%; height: auto; aspect-ratio: 1; image-rendering: pixelated; border-radius: 8px;
  margin-bottom: 5px; border: 1px solid var(--line);
}
/* Ink on paper. The frame is turned round with the picture. */
@media (prefers-color-scheme: light) { figure img { filter: invert(1); border-color: #1c1914; } }
figcaption b { color: rgb(var(--miss)); }

@media (max-width: 560px) {
  .matrix { font-size: 10px; border-spacing: 1px; }
  .matrix td { height: 26px; border-radius: 3px; }
  .pictures { grid-template-columns: repeat(4, 1fr); }
}
`;
