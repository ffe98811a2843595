import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { adminUrl } from '../../support/admin.ts';
import { useBrowser } from '../../support/admin-page/browser.ts';
import { hasBrowser } from '../../support/admin-page/launch.ts';
import { ask } from '../../support/ask.ts';
import { folderWith } from '../../support/folder.ts';
import { startServer } from '../../support/server.ts';
import { answering, startUpstream } from '../../support/upstream.ts';

const TOKEN = 'full-token-of-32-characters-0123';
const READER = 'read-token-of-32-characters-0123';

const MANIFESTS = `
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: shop}
status: {phase: Running, podIP: 10.244.0.7}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {clusterIP: 10.96.0.7, ports: [{name: http, port: 80}]}
`;

describe.skipIf(!hasBrowser())('the page of a real server', () => {
  const open = useBrowser();

  async function started(options = '') {
    const upstream = await startUpstream(answering(['www.example.org. 300 A 192.0.2.1']));
    onTestFinished(() => upstream.close());
    const folder = folderWith({ 'objects.yaml': MANIFESTS, token: TOKEN, reader: READER });
    const server = await startServer(
      `. {
        root ${folder}
        admin 127.0.0.1:0 {
          ${options}
        }
        kubernetes cluster.local {
          manifests ${join(folder, 'objects.yaml')}
          pods verified
        }
        cache
        forward . ${upstream.endpoint}
      }`,
    );
    return { server, upstream, url: await adminUrl(server) };
  }

  test('shows what is served, explains a name as the pod asks for it, and shows queries as they pass', async () => {
    const { server, upstream, url } = await started();
    const { page, faults } = await open(url);
    await expect.poll(() => page.locator('#state').innerText()).toBe('All is well');
    expect(await page.locator('.chain').innerText()).toMatch(/cache\s+kubernetes\s+forward/);
    expect(await page.getByRole('table', { name: 'Upstreams' }).innerText()).toContain(upstream.endpoint);
    expect(await page.getByRole('table', { name: 'Watches' }).innerText()).toContain('objects.yaml');

    await page.locator('nav a[href="#explain"]').click();
    await page.locator('#explain-form [name=name]').fill('web');
    await page.locator('#explain-form [name=client]').fill('10.244.0.7');
    await page.getByRole('button', { name: 'Explain' }).click();
    await expect
      .poll(() => page.locator('#explain-said').innerText())
      .toMatch(/^NOERROR for web\.shop\.svc\.cluster\.local\. A, asked by 10\.244\.0\.7 of the namespace shop/);
    expect(await page.locator('.records').first().innerText()).toContain('10.96.0.7');

    await page.locator('nav a[href="#tail"]').click();
    await expect.poll(() => page.locator('#tail-state').innerText()).toBe('Live.');
    // What is asked once the stream is open is seen; whether it is, only a query tells.
    const row = page.locator('#tail-table tbody tr').first();
    await expect
      .poll(async () => {
        await ask(server.port, 'nope.shop.svc.cluster.local', 'A');
        return (await row.count()) > 0;
      })
      .toBe(true);
    expect(await row.innerText()).toMatch(/nope\.shop\.svc\.cluster\.local\.\s+A\s+NXDOMAIN\s+kubernetes/);
    await row.locator('.rcode').click();
    await expect.poll(() => page.locator('#explain-said').innerText()).toMatch(/^NXDOMAIN for nope\.shop/);

    await page.locator('nav a[href="#top"]').click();
    await expect
      .poll(async () => {
        await ask(server.port, 'www.example.org', 'A');
        return page.getByRole('table', { name: 'Names', exact: true }).allInnerTexts();
      })
      .toEqual([expect.stringContaining('www.example.org.')]);

    await page.locator('nav a[href="#corefile"]').click();
    await expect.poll(() => page.locator('.listing').textContent()).toContain('pods verified');
    expect(faults).toEqual([]);
  });

  test('says why it changes nothing without a token', async () => {
    const { url } = await started();
    const { page } = await open(`${url}#change`);
    await page.locator('#change-drain button').click();
    await page.locator('#confirm-yes').click();
    await expect
      .poll(() => page.locator('#change-drain .refused').innerText())
      .toContain("name a file with 'token FILE'");
  });

  test('with a token, flushes, drains and sets the log level; with that of a reader, it may not', async () => {
    const { server, url } = await started('token token\nread_token reader');
    await ask(server.port, 'www.example.org', 'A');
    const { page, faults } = await open(`${url}#change`);
    const enter = async (token: string) => {
      await page.getByLabel('Token', { exact: true }).fill(token);
      await page.keyboard.press('Enter');
      await expect.poll(() => page.locator('#state').innerText()).toBe('All is well');
    };
    const make = async (form: string) => {
      await page.locator(`${form} button[type=submit]`).click();
      await page.locator('#confirm-yes').click();
      await expect.poll(() => page.locator('#change-said').innerText()).not.toMatch(/^(Asking …)?$/);
      return page.locator('#change-said').innerText();
    };
    await enter(READER);
    expect(await make('#change-reload')).toContain('this token may only read');
    await page.getByRole('button', { name: 'Forget the token' }).click();
    await enter(TOKEN);
    await page.locator('#change-flush [name=name]').fill('www.example.org');
    expect(await make('#change-flush')).toBe('1 reply is gone.');
    expect(await make('#change-log-level')).toBe('The log level is debug for 5 minutes.');
    expect(await make('#change-reload')).toBe('The Corefile has not changed.');
    expect(await make('#change-drain')).toBe('The server is draining.');
    await expect.poll(() => page.locator('#state').innerText()).toBe('The server is draining');
    expect(faults).toEqual([]);
  });
});
