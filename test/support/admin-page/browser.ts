import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import { PATIENT } from '../patience.ts';
import { launch } from './launch.ts';

/** A page of a browser, and what went wrong in it. */
export interface Watched {
  readonly page: Page;
  /** Errors of scripts, lines of the console, what the policy forbade, and requests to elsewhere. */
  readonly faults: readonly string[];
}

/** In the page, as text: what runs in browsers has other globals than tests. */
const TELL_VIOLATIONS = `document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
  console.error('policy: ' + violatedDirective + ' ' + blockedURI))`;

/** One browser for the tests of a file. Returns what opens an address in a window of its own. */
export function useBrowser(): (address: string, options?: BrowserContextOptions) => Promise<Watched> {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());
  return async (address, options = {}) => {
    const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, ...options });
    onTestFinished(() => context.close());
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENT.timeout);
    const faults = watch(page, new URL(address).origin);
    await page.addInitScript(TELL_VIOLATIONS);
    await page.goto(address);
    return { page, faults };
  };
}

/** What the browser itself says about a response that is not 2xx, and about a server that is away, is no fault of the page. */
const EXPECTED = /^Failed to load resource: /;

function watch(page: Page, origin: string): string[] {
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (!EXPECTED.test(message.text())) faults.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) faults.push(`request to ${request.url()}`);
  });
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return faults;
}

/** Nothing reaches beyond the right edge. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  expect(await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
}

/** The cells of each row of a table, as a reader sees them. */
export async function rowsOf(table: Locator): Promise<string[]> {
  const rows = await table.locator('tbody tr').all();
  return Promise.all(
    rows.map(async (row) => {
      const cells = await row.locator('th, td').allInnerTexts();
      return cells.map((cell) => cell.replaceAll('\n', '').trim()).join('|');
    }),
  );
}

/** As if another tab were in front. */
export async function setHidden(page: Page, isHidden: boolean): Promise<void> {
  await page.evaluate(`
    Object.defineProperty(document, 'hidden', { configurable: true, value: ${isHidden} });
    Object.defineProperty(document, 'visibilityState', { configurable: true, value: ${isHidden} ? 'hidden' : 'visible' });
    document.dispatchEvent(new Event('visibilitychange'))`);
}
