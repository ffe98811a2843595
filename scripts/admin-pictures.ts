import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Browser } from 'playwright-core';
import type { TailLine } from '../src/admin/protocol/index.ts';
import { launch } from '../test/support/admin-page/launch.ts';
import { ILL, TOP, tailLines } from '../test/support/admin-page/samples.ts';
import { type StandIn, startStandIn } from '../test/support/admin-page/stand-in.ts';

/**
 * Takes the pictures of the admin page, of a server that the page's tests make up: `node scripts/admin-pictures.ts [FOLDER] [VIEW…]`. Needs Chromium
 * (Debian: `chromium`). The pictures in docs/pictures are those of the views status, explain and tail, and have been reduced to 64 colours.
 */

const [folder = resolve(import.meta.dirname, '../docs/pictures'), ...chosen] = process.argv.slice(2);
const HEIGHTS: Readonly<Record<number, number>> = { 400: 1000, 1400: 900 };

interface View {
  readonly hash: string;
  readonly first?: (standIn: StandIn) => void;
  readonly ready: string;
}

const VIEWS: Readonly<Record<string, View>> = {
  status: { hash: '#status', ready: '#status-content .plugin' },
  explain: { hash: '#explain?name=api.example.com&type=A&client=10.244.1.17', ready: '#explain-result .steps' },
  top: { hash: '#top', first: (standIn) => standIn.send('/v1/top', [TOP]), ready: '#top-content .counts' },
  tail: { hash: '#tail', first: (standIn) => standIn.send('/v1/tail', moments(6)), ready: '#tail-table tbody tr' },
  corefile: { hash: '#corefile', ready: '#corefile-content .line' },
  change: { hash: '#change', ready: '#log-level-now bdi' },
};

function moments(n: number): readonly TailLine[] {
  const all = Array.from({ length: n }, (_, i) => tailLines(1600 * i)).flat();
  return all.toSpliced(-6, 0, { sampledOut: 312, dropped: 0 });
}

async function take(browser: Browser, standIn: StandIn, name: string, scheme: 'light' | 'dark', width: number) {
  const { hash, first, ready } = VIEWS[name]!;
  const viewport = { width, height: HEIGHTS[width]! };
  await using context = await browser.newContext({ viewport, colorScheme: scheme, reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto(standIn.origin + hash);
  if (first) {
    while (standIn.open().length === 0) await page.waitForTimeout(20);
    first(standIn);
  }
  await page.waitForSelector(ready, { state: 'attached' });
  await page.screenshot({ path: join(folder, `admin-${name}-${scheme}-${width}.png`) });
}

mkdirSync(folder, { recursive: true });
const standIn = await startStandIn(ILL);
const browser = await launch();
for (const name of chosen.length > 0 ? chosen : ['status', 'explain', 'tail']) {
  for (const scheme of ['light', 'dark'] as const) {
    for (const width of [400, 1400]) await take(browser, standIn, name, scheme, width);
  }
}
await browser.close();
await standIn.close();
