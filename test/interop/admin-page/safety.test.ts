import { describe, expect, onTestFinished, test } from 'vitest';
import type { Explanation, ServerStatus } from '../../../src/admin/protocol/index.ts';
import { useBrowser } from '../../support/admin-page/browser.ts';
import { hasBrowser } from '../../support/admin-page/launch.ts';
import { EXPLAINED, TOP, tailQuery, WELL } from '../../support/admin-page/samples.ts';
import { refusal, type StandIn, startStandIn } from '../../support/admin-page/stand-in.ts';

/** Markup, and characters that turn the text after them around. */
const EVIL = '<img src=x onerror=alert(1)>"\'&lt;\u202egnp.\u2066exe\u0007\u001b[31m';
const SHOWN = '<img src=x onerror=alert(1)>"\'&lt;\\u{202e}gnp.\\u{2066}exe\\u{7}\\u{1b}[31m';

/** The same value with evil text in every place where there was text, and evil keys where keys come from outside. */
function evil<T>(value: T, key = ''): T {
  if (typeof value === 'string') return (KEPT.has(key) ? value : `${value}${EVIL}`) as T;
  if (Array.isArray(value)) return value.map((item) => evil(item, key)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const isOpen = /^by|^figures$/.test(key);
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [isOpen ? `${name}${EVIL}` : name, evil(inner, name)]),
  ) as T;
}

/** Words with a meaning for the page; what else comes, is shown. */
const KEPT = new Set(['state', 'did', 'result', 'time', 'startedAt', 'loadedAt', 'at']);

describe.skipIf(!hasBrowser())('whatever the server says, the page', () => {
  const open = useBrowser();

  async function standIn(): Promise<StandIn> {
    const made = await startStandIn(evil<ServerStatus>(WELL));
    onTestFinished(() => made.close());
    made.says['/v1/explain'] = evil<Explanation>(EXPLAINED);
    made.says['/v1/corefile'] = { hash: EVIL, text: `. {\n${EVIL}\n}\n` };
    return made;
  }

  test.each([
    ['#status', '#status-content .plugin'],
    ['#explain?name=x', '#explain-result [open] .steps'],
    ['#corefile', '.listing'],
    ['#top', '.counts'],
    ['#tail', '#tail-table tbody tr'],
  ])('shows it as text in %s', async (hash, ready) => {
    const server = await standIn();
    const { page, faults } = await open(`${server.origin}/${hash}`);
    if (hash === '#top' || hash === '#tail') await expect.poll(server.open).toHaveLength(1);
    server.send('/v1/top', [evil(TOP)]);
    server.send('/v1/tail', [evil(tailQuery({ error: 'a', zone: '.' }))]);
    await page.locator(ready).first().waitFor();
    await expect.poll(() => page.locator('#version').innerText()).toBe(`0.2.0${SHOWN}`);
    expect(await page.locator('#main').textContent()).toContain(SHOWN);
    expect(await page.locator('main img').count()).toBe(0);
    // What is left of the characters themselves would turn what is around it.
    const text = await page.evaluate<string>('document.body.textContent');
    expect(text.match(/\p{Cf}|(?!\s)\p{Cc}/gu)).toBe(null);
    expect(faults).toEqual([]);
  });

  test('shows its errors as text', async () => {
    const server = await standIn();
    server.says['/v1/explain'] = refusal(400, EVIL);
    const { page, faults } = await open(`${server.origin}/#explain?name=x`);
    await expect.poll(() => page.locator('#explain-said').innerText()).toContain(SHOWN);
    expect(faults).toEqual([]);
  });

  test('follows a link of a hostile name to that name only', async () => {
    const server = await standIn();
    const { page } = await open(`${server.origin}/#tail`);
    await expect.poll(server.open).toHaveLength(1);
    const name = 'a&client=192.0.2.1#x?y%20.example.';
    server.send('/v1/tail', [tailQuery({ name, client: '10.0.0.1' })]);
    await page.locator('#tail-table a').click();
    await expect
      .poll(() => server.asked.find(({ path }) => path === '/v1/explain')?.query)
      .toEqual({ name, type: 'A', client: '10.0.0.1' });
  });

  test('asks nobody else, runs no script of others, and keeps to the policy, in every view', async () => {
    const server = await startStandIn();
    onTestFinished(() => server.close());
    const { page, faults } = await open(server.origin);
    for (const view of ['explain', 'top', 'tail', 'corefile', 'change', 'status']) {
      await page.locator(`nav a[href="#${view}"]`).click();
      await page.locator(`#view-${view}`).waitFor();
    }
    expect(faults).toEqual([]);
    // The policy is in force: otherwise its observance says nothing.
    await page.evaluate(`document.head.append(Object.assign(document.createElement('script'), { textContent: '0' }))`);
    await expect.poll(() => faults).toContainEqual(expect.stringMatching(/^console: policy: script-src/));
  });

  test('says so if something else answers', async () => {
    const server = await standIn();
    server.says['/v1/status'] = 'text';
    const { page } = await open(server.origin);
    await expect.poll(() => page.locator('#state').innerText()).toBe('No connection to the server');
  });
});
