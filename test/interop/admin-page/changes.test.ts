import type { Page } from 'playwright-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { useBrowser } from '../../support/admin-page/browser.ts';
import { hasBrowser } from '../../support/admin-page/launch.ts';
import { WELL } from '../../support/admin-page/samples.ts';
import { refusal, type StandIn, startStandIn } from '../../support/admin-page/stand-in.ts';

describe.skipIf(!hasBrowser())('changes of the running server', () => {
  const open = useBrowser();

  async function opened(): Promise<{ standIn: StandIn; page: Page }> {
    const standIn = await startStandIn();
    onTestFinished(() => standIn.close());
    const { page } = await open(`${standIn.origin}/#change`);
    await expect.poll(() => page.locator('#drain-now').innerText()).toContain('The server is');
    return { standIn, page };
  }

  const changesOf = ({ asked }: StandIn) =>
    asked.filter(({ method }) => method === 'POST').map(({ path, body }) => [path, body]);

  /** Uses a form, and says yes. Returns what was said before and after. */
  async function confirm(page: Page, form: string): Promise<string[]> {
    await page.locator(`${form} button[type=submit]`).click();
    const question = await page.locator('#confirm-text').innerText();
    await page.locator('#confirm-yes').click();
    await expect.poll(() => page.locator('#change-said').innerText()).not.toMatch(/^(Asking …)?$/);
    return [question, await page.locator('#change-said').innerText()];
  }

  test.each([
    ['name', { name: 'www.example.org' }, /forget the replies for www\.example\.org\./],
    ['subtree', { name: 'www.example.org', subtree: true }, /www\.example\.org and all names below/],
    ['all', {}, /forget all replies/],
  ])('flush of %s', async (what, body, question) => {
    const { standIn, page } = await opened();
    await page.locator('#change-flush [name=name]').fill('www.example.org');
    await page.locator(`#change-flush [value=${what}]`).check();
    expect(await confirm(page, '#change-flush')).toEqual([expect.stringMatching(question), '3 replies are gone.']);
    expect(changesOf(standIn)).toEqual([['/v1/cache/flush', body]]);
  });

  test('a flush of a name needs the name', async () => {
    const { standIn, page } = await opened();
    await page.locator('#change-flush button[type=submit]').click();
    await expect.poll(() => page.locator('#change-said').innerText()).toContain('Write the name');
    expect(await page.locator('#confirm').isVisible()).toBe(false);
    expect(changesOf(standIn)).toEqual([]);
  });

  test('drain, and its end', async () => {
    const { standIn, page } = await opened();
    expect((await confirm(page, '#change-drain'))[1]).toBe('The server is draining.');
    standIn.says['/v1/status'] = { ...WELL, draining: true };
    await expect.poll(() => page.locator('#change-drain button').innerText()).toBe('End the drain…');
    expect((await confirm(page, '#change-drain'))[1]).toBe('The drain has ended.');
    expect(changesOf(standIn)).toEqual([
      ['/v1/drain', { draining: true }],
      ['/v1/drain', { draining: false }],
    ]);
  });

  test('log level, for some time and for good', async () => {
    const { standIn, page } = await opened();
    await page.locator('[name=level]').selectOption('debug');
    expect((await confirm(page, '#change-log-level'))[1]).toBe('The log level is debug for 5 minutes.');
    await page.locator('[name=seconds]').selectOption('until the server ends');
    await confirm(page, '#change-log-level');
    expect(changesOf(standIn)).toEqual([
      ['/v1/log-level', { level: 'debug', seconds: 300 }],
      ['/v1/log-level', { level: 'debug' }],
    ]);
  });

  test.each([
    [{ result: 'reloaded' }, 'The Corefile is reloaded.'],
    [{ result: 'unchanged' }, 'The Corefile has not changed.'],
    [{ result: 'failed', error: 'Corefile:3:1: no' }, 'The reload failed, and nothing has changed: Corefile:3:1: no'],
  ])('reload: %j', async (result, said) => {
    const { standIn, page } = await opened();
    standIn.says['/v1/reload'] = result;
    expect((await confirm(page, '#change-reload'))[1]).toBe(said);
    expect(changesOf(standIn)).toHaveLength(1);
  });

  test('nothing changes without a yes, by button or Escape', async () => {
    const { standIn, page } = await opened();
    await page.locator('#change-reload button').click();
    await page.locator('#confirm-no').click();
    await page.locator('#change-drain button').click();
    await page.keyboard.press('Escape');
    await expect.poll(() => page.locator('#confirm').isVisible()).toBe(false);
    // The next change is the only one.
    await confirm(page, '#change-reload');
    expect(changesOf(standIn)).toEqual([['/v1/reload', {}]]);
  });

  test('what the server refuses is shown as not allowed, with the reason', async () => {
    const { standIn, page } = await opened();
    standIn.says['/v1/drain'] = refusal(403, "changes are off: write 'admin { changes }'");
    await confirm(page, '#change-drain');
    expect(await page.locator('#change-drain .refused').innerText()).toBe(
      "Not allowed: changes are off: write 'admin { changes }'",
    );
    expect(await page.locator('#change-drain button').isDisabled()).toBe(true);
    // What holds for one change holds for all.
    expect(await page.locator('#changes button:enabled').count()).toBe(0);
  });
});
