import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Browser } from 'playwright-core';
import type { TailLine } from '../src/admin/protocol/index.ts';
import { launch } from '../test/support/admin-page/launch.ts';
import { ILL, TOP, tailLines } from '../test/support/admin-page/samples.ts';
import { type StandIn, startStandIn } from '../test/support/admin-page/stand-in.ts';

/**
 * Takes the pictures of the admin page in docs/pictures, of a server that the page's tests make up: `node scripts/admin-pictures.ts [FOLDER [VIEW…]]`.
 * With views, each is taken in all looks. Needs Chromium and pngquant (Debian: `chromium` and `pngquant`).
 */

const [folder = resolve(import.meta.dirname, '../docs/pictures'), ...chosen] = process.argv.slice(2);
type Look = readonly ['light' | 'dark', 400 | 1400];

const LOOKS: readonly Look[] = [
  ['light', 400],
  ['light', 1400],
  ['dark', 400],
  ['dark', 1400],
];
/** What the pages show. */
const SHOWN: Readonly<Record<string, readonly Look[]>> = {
  status: LOOKS,
  explain: [LOOKS[1]!, LOOKS[2]!],
  tail: [LOOKS[0]!, LOOKS[3]!],
};

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
  if (name === 'status') await page.getByText('1,482').waitFor();
  const path = join(folder, `admin-${name}-${scheme}-${width}.png`);
  await page.screenshot({ path });
  return path;
}

mkdirSync(folder, { recursive: true });
const standIn = await startStandIn(ILL);
const [listener] = ILL.listeners;
let uptimeSeconds = ILL.uptimeSeconds;
let hits = listener!.memo.hits;
// Each status is two seconds after the one before.
Object.defineProperty(standIn.says, '/v1/status', {
  get() {
    uptimeSeconds += 2;
    hits += 2964;
    return { ...ILL, uptimeSeconds, listeners: [{ ...listener, memo: { ...listener!.memo, hits } }] };
  },
});
const browser = await launch();
const taken: string[] = [];
for (const name of chosen.length > 0 ? chosen : Object.keys(SHOWN)) {
  for (const [scheme, width] of SHOWN[name] ?? LOOKS) taken.push(await take(browser, standIn, name, scheme, width));
}
await browser.close();
await standIn.close();
execFileSync('pngquant', ['--force', '--strip', '--ext', '.png', '--speed', '1', '64', ...taken]);
