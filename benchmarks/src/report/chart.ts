import { FLOWRRA, type Row } from '../measuring/row.js';
import { median } from '../measuring/statistics.js';
import { rounded } from './table.js';

const WIDTH = 760;
const LABEL = 110;
const BAR = 18;
const GAP = 26;
const FIGURE = 150;

/** A plain bar chart of the rows that are charted: per row one bar for each system, as long as its median. */
export function chartOf(rows: readonly Row[]): string {
  const parts: string[] = [];
  let y = 10;
  for (const row of rows.filter(({ charted }) => charted)) {
    y += 20;
    parts.push(`<text x="0" y="${y}" class="row">${escaped(`${row.title}, ${row.unit}`)}</text>`);
    y += 8;
    const longest = Math.max(...[...row.figures.values()].map(median));
    for (const [system, figures] of row.figures) {
      const length = (median(figures) / longest) * (WIDTH - LABEL - FIGURE);
      const middle = y + BAR / 2;
      parts.push(
        `<text x="${LABEL - 8}" y="${middle}" class="system">${escaped(system)}</text>`,
        `<rect x="${LABEL}" y="${y}" width="${length.toFixed(1)}" height="${BAR - 4}" class="${system === FLOWRRA ? 'own' : 'other'}"/>`,
        `<text x="${(LABEL + length + 8).toFixed(1)}" y="${middle}" class="figure">${rounded(median(figures))}</text>`,
      );
      y += BAR;
    }
    y += GAP - BAR;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" font-family="sans-serif" font-size="12">`,
    '<title>Figures of each system, beside each other: longer is more</title>',
    `<style>${STYLE}</style>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

// In the middle of the two themes of a page: readable on white and on black.
const STYLE = [
  'text{fill:#777}',
  '.row{font-weight:bold}',
  '.system{text-anchor:end;dominant-baseline:middle}',
  '.figure{dominant-baseline:middle}',
  '.own{fill:#2f7ed8}',
  '.other{fill:#aaa}',
].join('');

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
