import { SETUPS, type Setup } from './corefiles.ts';
import type { Report, Result } from './report.ts';

const WIDTH = 760;
const LABELS = 250;
const BAR = 11;
const GAP = 16;
const HEADING = 34;
const VALUES = 60;
/** A wide character of the font; the font of a reader may be wider than ours. */
const CHARACTER = 8;

const COLORS: Readonly<Record<string, string>> = {
  Cairn: '#1f6feb',
  'Cairn, no memo': '#79b8ff',
  CoreDNS: '#d29922',
  'Knot DNS': '#8250df',
  Unbound: '#2da44e',
  dnsmasq: '#bf3989',
  'C echo': '#8c959f',
};

/** A bar chart of the CPU time of a query, by setup, row and server, for the largest measured number of outstanding queries. */
export function barChart(report: Report): string {
  const window = Math.max(...report.results.map((result) => result.window));
  const shown = report.results.filter((result) => result.window === window);
  const longest = Math.max(...shown.map((result) => result.cpuMicrosecondsPerQuery));
  const scale = (WIDTH - LABELS - VALUES) / longest;
  const parts: string[] = [];
  let y = legend(parts, shown);
  for (const setup of Object.keys(SETUPS) as Setup[]) {
    const groups = Map.groupBy(
      shown.filter((result) => result.setup === setup),
      (result) => result.row,
    );
    if (groups.size === 0) continue;
    y += HEADING;
    parts.push(text(0, y - 12, SETUPS[setup], 'class="heading"'));
    for (const [row, results] of groups) y = group(parts, row, results, scale, y);
  }
  return svg(y, `CPU time of a query in µs, ${window} queries outstanding`, parts);
}

/** Draws one row, its servers below each other, and returns where the next one starts. */
function group(parts: string[], row: string, results: readonly Result[], scale: number, top: number): number {
  const height = results.length * BAR;
  parts.push(text(LABELS - 10, top + height / 2 + 4, row, 'text-anchor="end"'));
  for (const [i, { server, cpuMicrosecondsPerQuery }] of results.entries()) {
    const width = cpuMicrosecondsPerQuery * scale;
    const y = top + i * BAR;
    parts.push(
      `<rect x="${LABELS}" y="${y}" width="${width.toFixed(1)}" height="${BAR - 1}" fill="${COLORS[server] ?? '#888'}"/>`,
      text(LABELS + width + 4, y + BAR - 2, cpuMicrosecondsPerQuery.toFixed(1), 'class="value"'),
    );
  }
  return top + height + GAP;
}

/** Draws which colour is which server, and returns where the chart starts. */
function legend(parts: string[], results: readonly Result[]): number {
  let x = 0;
  for (const server of new Set(results.map((result) => result.server))) {
    parts.push(
      `<rect x="${x}" y="30" width="10" height="10" fill="${COLORS[server] ?? '#888'}"/>`,
      text(x + 15, 39, server),
    );
    x += 30 + server.length * CHARACTER;
  }
  return 46;
}

function text(x: number, y: number, content: string, attributes = ''): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escaped}</text>`;
}

function svg(height: number, title: string, parts: readonly string[]): string {
  const style =
    'text{font:12px sans-serif;fill:#1f2328}.heading,.title{font-weight:bold}.title{font-size:14px}.value{font-size:10px}' +
    '@media(prefers-color-scheme:dark){text{fill:#e6edf3}}';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}">`,
    `<title>${title}</title>`,
    `<style>${style}</style>`,
    text(0, 16, title, 'class="title"'),
    ...parts,
    '</svg>\n',
  ].join('\n');
}
