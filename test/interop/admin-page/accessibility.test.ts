import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { expectNoSidewaysScroll, useBrowser } from '../../support/admin-page/browser.ts';
import { hasBrowser } from '../../support/admin-page/launch.ts';
import { ILL, TOP, tailLines, tailQuery, WELL } from '../../support/admin-page/samples.ts';
import { refusal, type StandIn, startStandIn } from '../../support/admin-page/stand-in.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const LONG = `${'a-very-long-label-that-cannot-break'.repeat(3)}.${'b'.repeat(63)}.example.`;

/** What axe finds, with the elements. */
async function violationsOf(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate<AxeResults>('axe.run(document, { resultTypes: ["violations"] })');
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`),
  );
}

const VIEWS = [
  { hash: '#status', ready: '#status-content .plugin' },
  { hash: '#explain?name=api.example.com&type=A', ready: '#explain-result [open] .steps' },
  { hash: '#top', ready: '.counts' },
  { hash: '#tail', ready: '#tail-table tbody tr' },
  { hash: '#corefile', ready: '.listing' },
  { hash: '#change', ready: '#log-level-now bdi' },
] as const;

describe.skipIf(!hasBrowser())('the page for everybody', () => {
  const open = useBrowser();

  async function serve(status = ILL): Promise<StandIn> {
    const standIn = await startStandIn(status);
    onTestFinished(() => standIn.close());
    return standIn;
  }

  async function show(standIn: StandIn, { hash, ready }: (typeof VIEWS)[number], options: Parameters<typeof open>[1]) {
    const { page } = await open(`${standIn.origin}/${hash}`, options);
    if (hash === '#top' || hash === '#tail') await expect.poll(standIn.open).toHaveLength(1);
    standIn.send('/v1/top', [TOP]);
    standIn.send('/v1/tail', [...tailLines(), { sampledOut: 3, dropped: 0 }, tailQuery({ name: LONG, error: LONG })]);
    await page.locator(ready).first().waitFor();
    return page;
  }

  const looks = (['light', 'dark'] as const).flatMap((colorScheme) =>
    [400, 1400].map((width) => ({ colorScheme, width })),
  );

  test.each(looks)('axe finds no fault, and nothing is cut off at the side: $colorScheme, $width', async (look) => {
    const options = { colorScheme: look.colorScheme, viewport: { width: look.width, height: 900 } };
    for (const view of VIEWS) {
      const page = await show(await serve(), view, options);
      expect(await violationsOf(page), view.hash).toEqual([]);
      await expectNoSidewaysScroll(page);
      await page.close();
    }
  });

  test.each(looks)(
    'axe finds no fault in what is seldom seen: $colorScheme, $width',
    async ({ colorScheme, width }) => {
      const standIn = await serve(WELL);
      standIn.says['/v1/drain'] = refusal(403, 'changes are off');
      const { page } = await open(`${standIn.origin}/#change`, { colorScheme, viewport: { width, height: 900 } });
      await page.locator('#change-drain button').click();
      expect(await violationsOf(page), 'question').toEqual([]);
      await page.locator('#confirm-yes').click();
      await page.locator('#change-drain .refused').waitFor();
      expect(await violationsOf(page), 'refused').toEqual([]);
      standIn.token = 'x';
      await page.locator('#token').waitFor();
      expect(await violationsOf(page), 'token').toEqual([]);
      await expectNoSidewaysScroll(page);
    },
  );

  test('the theme can be chosen, and is remembered', async () => {
    const standIn = await serve();
    const { page } = await open(standIn.origin, { colorScheme: 'light' });
    const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const light = await background();
    await page.getByLabel('Theme').selectOption('dark');
    const dark = await background();
    expect(dark).not.toBe(light);
    await page.reload();
    expect(await background()).toBe(dark);
    await page.getByLabel('Theme').selectOption('system');
    expect(await background()).toBe(light);
  });

  test('the keyboard reaches everything, sees where it is, and leaves everything', async () => {
    const standIn = await serve();
    const page = await show(standIn, VIEWS[3], {});
    await page.evaluate('document.activeElement.blur()');
    const reached: string[] = [];
    for (let i = 0; i < 80; i++) {
      await page.keyboard.press('Tab');
      const [id, outline, isEnd] = await page.evaluate<[string, string, boolean]>(`(() => {
        const { activeElement: at } = document;
        return [at.id || at.name || at.getAttribute('href') || at.textContent.trim().slice(0, 30), getComputedStyle(at).outlineStyle, at === document.body];
      })()`);
      if (isEnd) break;
      expect(outline, id).not.toBe('none');
      reached.push(id);
    }
    expect(reached.slice(0, 9)).toEqual([
      ...['skip', '#status', '#explain', '#top', '#tail', '#corefile', '#change', 'theme', '#status'],
    ]);
    expect(reached).toEqual(
      expect.arrayContaining([
        'client',
        'namespace',
        'name',
        'type',
        'rcode',
        'plugin',
        'tail-pause',
        'tail-clear',
        'tail-box',
      ]),
    );
    expect(reached.filter((id) => id.startsWith('#explain?'))).toHaveLength(12);
    // It came to the end, so nothing holds the focus.
    expect(reached.length).toBeLessThan(80);
  });

  test('the keyboard alone explains a name and makes a change', async () => {
    const standIn = await serve();
    const { page } = await open(standIn.origin);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
    await page.locator('nav a[href="#explain"]').focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('explain-title');
    await page.keyboard.press('Tab');
    await page.keyboard.type('api.example.com');
    await page.keyboard.press('Enter');
    await page.locator('#explain-result [open] .steps').waitFor();
    await page.locator('nav a[href="#change"]').focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('change-title');
    await page.locator('#change-reload button').focus();
    await page.keyboard.press('Enter');
    // The safe answer is the first.
    expect(await page.evaluate('document.activeElement.id')).toBe('confirm-no');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('#change-said').innerText()).toBe('The Corefile is reloaded.');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Reload…');
  });

  test('what is read out by itself changes only when the state does', async () => {
    const standIn = await serve(WELL);
    const { page } = await open(standIn.origin);
    await page.locator('.plugin').first().waitFor();
    await page.evaluate(`globalThis.told = 0;
      new MutationObserver((changes) => { told += changes.length; }).observe(document.getElementById('state'), { subtree: true, childList: true, characterData: true, attributes: true })`);
    const told = () => page.evaluate<number>('told');
    standIn.says['/v1/status'] = { ...WELL, uptimeSeconds: WELL.uptimeSeconds + 86_400 };
    await expect.poll(() => page.locator('.facts').innerText()).toContain('4 d 4 h');
    expect(await told()).toBe(0);
    standIn.says['/v1/status'] = ILL;
    await expect.poll(told).toBeGreaterThan(0);
    expect(
      await page
        .locator('[aria-live], [role=status], [role=alert]')
        .evaluateAll((all: { id: string }[]) => all.map(({ id }) => id)),
    ).toEqual([
      ...['state', 'token-problem', 'explain-said', 'top-state', 'tail-state', 'corefile-said', 'change-said'],
    ]);
  });
});
