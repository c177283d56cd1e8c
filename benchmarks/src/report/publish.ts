import { readFileSync, writeFileSync } from 'node:fs';

const README = new URL('../../README.md', import.meta.url);
const CHART = new URL('../../chart.svg', import.meta.url);

/** Puts the figures where readers find them. */
export function publish(text: string, chart: string): void {
  const readme = readFileSync(README, 'utf8');
  const figures = `<!-- figures -->\n\n${text}\n<!-- /figures -->`;
  writeFileSync(
    README,
    readme.replace(/<!-- figures -->.*<!-- \/figures -->/s, () => figures),
  );
  writeFileSync(CHART, chart);
}
