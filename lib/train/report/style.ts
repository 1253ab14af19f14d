/** The looks of the report: one column on a phone, two on a desk; light or dark as the reader's system is. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --line: #e3e6eb; --text: #1b2130; --soft: #667085;
  --accent: #4f46e5; --second: #d97706; --hit: 16 150 110; --miss: 220 38 38; --grid: #eceff3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e1116; --card: #171b22; --line: #272d37; --text: #e6e9ef; --soft: #98a2b3;
    --accent: #8b8cf8; --second: #fbbf24; --hit: 52 211 153; --miss: 248 113 113; --grid: #222833;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums; -webkit-text-size-adjust: 100%;
}
main { max-width: 1080px; margin: 0 auto; padding: 40px 20px 56px; display: grid; gap: 20px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -0.02em; text-wrap: balance; }
h2 { font-size: 15px; margin: 0 0 2px; }
p { margin: 0; }
.soft { color: var(--soft); }
.note { color: var(--soft); font-size: 13px; margin-bottom: 14px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 18px 20px; min-width: 0; }
.two { display: grid; gap: 20px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); }

.tiles { display: grid; gap: 12px; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 14px 16px; }
.tile b { display: block; font-size: 24px; line-height: 1.25; letter-spacing: -0.02em; white-space: nowrap; }
.tile span { color: var(--soft); font-size: 13px; }
.tile:first-child b { color: var(--accent); }

.chart { height: 260px; }
.u-legend { font-size: 13px; text-align: left; color: var(--soft); }
.u-legend th { font-weight: 400; }
.u-legend td { color: var(--text); }
.u-legend .u-marker { border-radius: 3px; }

table { border-collapse: collapse; width: 100%; }
.scroll { overflow-x: auto; }
.list th, .list td { text-align: right; padding: 5px 8px; border-bottom: 1px solid var(--line); white-space: nowrap; }
.list th { color: var(--soft); font-weight: 500; font-size: 13px; }
.list tr:last-child td { border-bottom: 0; }
.list .text { text-align: left; white-space: normal; overflow-wrap: anywhere; }

dl { display: grid; grid-template-columns: max-content 1fr; gap: 6px 18px; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
code { font: 13px/1.6 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
footer { color: var(--soft); font-size: 13px; }

@media (max-width: 560px) {
  main { padding: 24px 12px 40px; gap: 14px; }
  .two { gap: 14px; }
  .tiles { grid-template-columns: repeat(2, 1fr); }
  .tile:first-child { grid-column: span 2; }
  .card { padding: 14px; }
  .chart { height: 220px; }
  .list { font-size: 13px; }
  .list th, .list td { padding: 5px 4px; }
}
@media print { body { background: none; } .card, .tile { break-inside: avoid; } }
`;
