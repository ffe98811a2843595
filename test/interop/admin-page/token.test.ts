import { describe, expect, onTestFinished, test } from 'vitest';
import { useBrowser } from '../../support/admin-page/browser.ts';
import { hasBrowser } from '../../support/admin-page/launch.ts';
import { type StandIn, startStandIn } from '../../support/admin-page/stand-in.ts';

const TOKEN = 'f00d-cafe';

describe.skipIf(!hasBrowser())('a server that asks for a token', () => {
  const open = useBrowser();

  async function guarded(): Promise<StandIn> {
    const standIn = await startStandIn();
    onTestFinished(() => standIn.close());
    standIn.token = TOKEN;
    return standIn;
  }

  test('gets it from the operator, and then with every request, in the head and never in the address', async () => {
    const standIn = await guarded();
    const { page, faults } = await open(`${standIn.origin}/#tail`);
    const field = page.getByLabel('Token', { exact: true });
    await field.waitFor();
    expect(await field.getAttribute('type')).toBe('password');
    expect(await page.locator('#view-tail').isVisible()).toBe(false);
    await field.fill(TOKEN);
    await page.keyboard.press('Enter');
    await expect.poll(standIn.open).toEqual(['/v1/tail']);
    expect(await page.locator('#state').innerText()).toBe('All is well');
    expect(await page.locator('#token').isVisible()).toBe(false);
    expect(standIn.asked.at(-1)?.authorization).toBe(`Bearer ${TOKEN}`);
    expect(JSON.stringify(standIn.asked.map(({ query }) => query))).not.toContain(TOKEN);
    expect(page.url()).not.toContain(TOKEN);
    expect(await page.evaluate('[document.cookie, localStorage.length]')).toEqual(['', 0]);
    expect(faults).toEqual([]);
  });

  test('is not asked again and again without one', async () => {
    const standIn = await guarded();
    const { page } = await open(standIn.origin);
    await page.locator('#token').waitFor();
    await page.clock.install();
    const before = standIn.asked.length;
    await page.clock.runFor(60_000);
    expect(standIn.asked).toHaveLength(before);
  });

  test('says that a token is wrong, and takes the next one', async () => {
    const standIn = await guarded();
    const { page } = await open(standIn.origin);
    await page.getByLabel('Token', { exact: true }).fill('wrong');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('#token-problem').innerText()).toBe('The server does not accept this token.');
    await page.getByLabel('Token', { exact: true }).fill(TOKEN);
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('#state').innerText()).toBe('All is well');
  });

  test('is not asked for it again when the tab loads anew, until the operator forgets it', async () => {
    const standIn = await guarded();
    const { page } = await open(standIn.origin);
    await page.getByLabel('Token', { exact: true }).fill(TOKEN);
    await page.keyboard.press('Enter');
    await page.locator('.plugin').first().waitFor();
    await page.reload();
    await page.locator('.plugin').first().waitFor();
    await page.getByRole('button', { name: 'Forget the token' }).click();
    await page.locator('#token').waitFor();
    expect(await page.locator('#token-problem').innerText()).toBe('');
  });

  test('asks for another one when the token changes while somebody looks', async () => {
    const standIn = await guarded();
    const { page } = await open(standIn.origin);
    await page.getByLabel('Token', { exact: true }).fill(TOKEN);
    await page.keyboard.press('Enter');
    await page.locator('.plugin').first().waitFor();
    standIn.token = 'another';
    await page.locator('#token').waitFor();
    await page.getByLabel('Token', { exact: true }).fill('another');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('#status-content').isVisible()).toBe(true);
  });
});
