import { describe, expect, onTestFinished, test } from 'vitest';
import type { ServerStatus } from '../../../src/admin/protocol/index.ts';
import { rowsOf, setHidden, useBrowser } from '../../support/admin-page/browser.ts';
import { hasBrowser } from '../../support/admin-page/launch.ts';
import { COREFILE, EXPLAINED, ILL, TOP, tailLines, tailQuery, WELL } from '../../support/admin-page/samples.ts';
import { refusal, type StandIn, startStandIn } from '../../support/admin-page/stand-in.ts';

async function standInFor(status?: ServerStatus): Promise<StandIn> {
  const standIn = await startStandIn(status);
  onTestFinished(() => standIn.close());
  return standIn;
}

describe.skipIf(!hasBrowser())('the page of the admin interface', () => {
  const open = useBrowser();

  /** Opens a view, and waits until the server sends it lines. */
  async function openStream(standIn: StandIn, hash: string) {
    const opened = await open(`${standIn.origin}/${hash}`);
    await expect.poll(standIn.open).toHaveLength(1);
    return opened;
  }

  test('a server that is well is said to be well, with its listeners and blocks', async () => {
    const { page, faults } = await open((await standInFor()).origin);
    await expect.poll(() => page.locator('#state').innerText()).toBe('All is well');
    expect(await page.locator('#state-details').innerText()).toBe('2 server blocks on 1 listener, up for 3 d 4 h.');
    const content = page.locator('#status-content');
    const headings = await content.getByRole('heading').allInnerTexts();
    expect(headings.map((text) => text.replaceAll(/\s+/g, ' '))).toEqual([
      ...['Listeners', 'Block . (all names)', 'cache ok', 'kubernetes ok', 'forward ok'],
      ...['Block example.org. example.net.', 'file ok', 'secondary ok'],
    ]);
    expect(await content.getByRole('list', { name: 'Chain' }).first().innerText()).toMatch(/^reload\s+admin\s+ready/);
    expect(await rowsOf(content.getByRole('table', { name: 'Listeners' }))).toEqual([
      'dns://:53|0.0.0.0:53[::]:53|.example.org.example.net.|2|3|17|12|0|8,112|2.3 MiB|92.3 %',
    ]);
    expect(await rowsOf(content.getByRole('table', { name: 'Watches' }))).toEqual(
      expect.arrayContaining([
        'Namespaces of https://10.96.0.1|ok|38|41 s ago',
        'example.net.serial 2026112907; valid for another 1 d 1 h|ok|90|8 min 32 s ago',
      ]),
    );
    expect(await rowsOf(content.getByRole('table', { name: 'Upstreams' }))).toContain(
      'tls://198.51.100.7for example.com.|ok|9.2|104|1,822|3|1',
    );
    expect(await rowsOf(content.getByRole('table', { name: 'Cache' }))).toEqual([
      'with records|3,108 of 9,984|188,201',
      'negative|9,406 of 9,984|61,338',
    ]);
    expect(await page.locator('#status-content dl.figures').innerText()).toBe('records\n412\ntransfers\n2');
    expect(faults).toEqual([]);
  });

  test('what is wrong is said first, with what to do', async () => {
    const { page } = await open((await standInFor({ ...ILL, draining: true })).origin);
    await expect.poll(() => page.locator('#state').innerText()).toBe('A part does not work');
    const problems = await page.locator('.problems li').allInnerTexts();
    expect(problems.map((text) => text.replaceAll('\n', ' '))).toEqual([
      expect.stringMatching(/degraded.*kubernetes in \. what was known before.*connect ECONNREFUSED/),
      expect.stringMatching(/degraded.*forward in \. 1 of 3 upstreams.*192\.0\.2\.53: timed out$/),
      expect.stringMatching(/Reload of 2026-11-30 02:51 UTC.*did you mean 'forward'\?.*Correct the Corefile/),
      expect.stringMatching(/Draining.*\/ready/),
    ]);
  });

  test.each([
    [{ state: 'failing' }, 'Queries fail'],
    [{ state: 'waiting' }, 'Not everything is ready yet'],
    [{ state: 'waiting', draining: true }, 'The server is draining'],
    [{ state: 'degraded', corefile: ILL.corefile }, 'The last reload failed'],
  ] as const)('the headline for %j is: %s', async (different, title) => {
    const { page } = await open((await standInFor({ ...WELL, ...different })).origin);
    await expect.poll(() => page.locator('#state').innerText()).toBe(title);
  });

  test('the state is asked for again, and the reader keeps the focus and what is open', async () => {
    const standIn = await standInFor();
    const { page } = await open(standIn.origin);
    const summary = page.getByText('Lines of the Corefile').first();
    await summary.focus();
    await page.keyboard.press('Enter');
    standIn.says['/v1/status'] = {
      ...WELL,
      uptimeSeconds: WELL.uptimeSeconds + 2,
      listeners: WELL.listeners.map((listener) => ({
        ...listener,
        memo: { ...listener.memo, hits: listener.memo.hits + 6000 },
      })),
    };
    await expect.poll(() => page.locator('.facts').innerText()).toMatch(/Queries a second\s+3,000/);
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Lines of the Corefile');
    expect(await page.locator('details[open] pre').first().innerText()).toContain('lameduck 5s');
  });

  test('while the server is away, its last state stays, and the page says since when; then it goes on', async () => {
    const standIn = await standInFor();
    const { page, faults } = await open(standIn.origin);
    await page.locator('.plugin').first().waitFor();
    await standIn.away();
    await expect.poll(() => page.locator('#state').innerText()).toBe('No connection to the server');
    expect(await page.locator('#state-details').innerText()).toMatch(
      /No answer since \d\d:\d\d:\d\d UTC.*is as it was at \d\d:\d\d:\d\d UTC/,
    );
    expect(await page.locator('.plugin').count()).toBe(5);
    await standIn.back();
    await expect.poll(() => page.locator('#state').innerText()).toBe('All is well');
    expect(faults).toEqual([]);
  });

  test('a name is explained by steps, with the reply that is held and the upstreams', async () => {
    const standIn = await standInFor();
    const [first, second, last] = EXPLAINED.candidates;
    const inside = { ...last!.steps[0]!, depth: 1, type: 'AAAA' };
    const candidates = [first, second, { ...last, steps: [...last!.steps, inside] }];
    standIn.says['/v1/explain'] = { ...EXPLAINED, candidates };
    const { page } = await open(`${standIn.origin}/#explain`);
    await page.getByLabel('Name', { exact: true }).first().fill('api.example.com');
    await page.getByLabel('Client address').fill('10.244.1.17');
    await page.getByRole('button', { name: 'Explain' }).click();
    await expect
      .poll(() => page.locator('#explain-said').innerText())
      .toBe(
        'NOERROR for api.example.com. A, asked by 10.244.1.17 of the namespace shop: the reply of tls://198.51.100.7, stored 13 s ago',
      );
    expect(standIn.asked.find(({ path }) => path === '/v1/explain')?.query).toEqual({
      ...{ name: 'api.example.com', type: 'A', client: '10.244.1.17' },
    });
    const summaries = await page.locator('.candidates summary').allInnerTexts();
    expect(summaries.map((text) => text.replaceAll('\n', ' '))).toEqual([
      'api.example.com.shop.svc.cluster.local. NXDOMAIN search list: shop.svc.cluster.local',
      'api.example.com.cluster.local. NXDOMAIN search list: cluster.local',
      'api.example.com. NOERROR as it is',
    ]);
    const used = page.locator('.candidates details[open]');
    const steps = await used.locator('.steps li').allInnerTexts();
    expect(steps.map((text) => text.replaceAll(/\s+/g, ' '))).toEqual([
      'question: api.example.com. A errors passed 0.01 ms',
      'rewrite changed 0.02 ms the name becomes lb.example.com. (rule 2)',
      'question: lb.example.com. A cache answered 0.11 ms held, 17 s left',
      'lookup inside the server: api.example.com. AAAA errors passed 0.01 ms',
    ]);
    expect(await rowsOf(used.getByRole('table', { name: 'Cache of .' }))).toEqual([
      'api.example.com. A (DO)|NOERROR|13 s ago|for 17 s|41',
    ]);
    expect(await used.locator('ol.plain li').allInnerTexts()).toEqual(EXPLAINED.candidates[2]!.wouldAsk);
  });

  test('the server says what is wrong with a name', async () => {
    const standIn = await standInFor();
    standIn.says['/v1/explain'] = refusal(400, 'a..b is no name: it has an empty label');
    const { page } = await open(`${standIn.origin}/#explain?name=a..b`);
    await expect.poll(() => page.locator('#explain-said').innerText()).toContain('it has an empty label');
  });

  test('the lists of the most frequent show counts, shares and how much may be too many', async () => {
    const standIn = await standInFor();
    const { page } = await openStream(standIn, '#top');
    standIn.send('/v1/top', [TOP]);
    await expect.poll(() => page.locator('.sum').innerText()).toBe('18,204 queries in 1 min 1 s, 298 a second');
    const list = (name: string) => rowsOf(page.getByRole('table', { name, exact: true }));
    expect((await list('Clients')).slice(1, 3)).toEqual([
      '10.244.2.3|2,280|12.5 %',
      '10.244.1.40|1,190≤ 12 too many|6.5 %',
    ]);
    expect(await list('Namespaces')).toContain('kube-system|812|4.5 %');
    expect(await list('Wasted queries')).toHaveLength(2);
    expect(await list('Responses')).toEqual(['NOERROR|10,322|56.7 %', 'NXDOMAIN|7,711|42.4 %', 'SERVFAIL|171|0.9 %']);
    expect(await list('Plugins that answered')).toContain('the server itself|5|< 0.1 %');
    await page.getByRole('link', { name: 'shop', exact: true }).click();
    await expect.poll(standIn.open).toEqual(['/v1/tail']);
    expect(standIn.asked.at(-1)?.query).toEqual({ namespace: 'shop' });
  });

  test('queries are shown as they pass, the newest first, with what was left out', async () => {
    const standIn = await standInFor();
    const { page } = await openStream(standIn, '#tail');
    standIn.send('/v1/tail', [...tailLines(), { sampledOut: 1200, dropped: 3 }, { sampledOut: 0, dropped: 0 }]);
    const rows = page.locator('#tail-table tbody tr');
    await expect.poll(() => rows.count()).toBe(12);
    const shown = await rowsOf(page.locator('#tail-table'));
    expect(shown[0]).toBe(
      '1,200 queries left out: they came faster than the sample shows; 3 queries left out: this page read too slowly. Filters help.',
    );
    expect(shown[1]).toBe('03:07:42.490|192.0.2.200|version.bind.|TXT|REFUSED|server|0.02');
    expect(shown).toContain(
      '03:07:42.079|10.244.2.3monitoring|db.partner.example.no upstream answered: 192.0.2.53 timed out|A|SERVFAIL|forward|2,003',
    );
    expect(shown).toContain(
      '03:07:41.942|10.244.2.3monitoring|metrics.monitoring.svc.cluster.local.|SRV|NOERROR3 records|kubernetesmemo|< 0.01',
    );
    expect(await page.locator('#tail-count').innerText()).toBe(
      '11 seen, 1,203 queries left out; at most 500 rows are kept',
    );
  });

  test('the filters of the live view are sent to the server, and stand in the address', async () => {
    const standIn = await standInFor();
    const { page } = await openStream(standIn, '#tail');
    const filters = { client: '10.244.0.0/16', namespace: 'shop', name: 'web', type: 'AAAA', rcode: 'NXDOMAIN' };
    for (const [field, value] of Object.entries({ ...filters, plugin: 'kubernetes' })) {
      await page.locator(`#tail-form [name=${field}]`).fill(value);
    }
    await page.getByRole('button', { name: 'Filter' }).click();
    await expect.poll(() => standIn.asked.at(-1)?.query).toEqual({ ...filters, plugin: 'kubernetes' });
    expect(page.url()).toContain('#tail?client=10.244.0.0%2F16&namespace=shop');
    await expect.poll(standIn.open).toEqual(['/v1/tail']);
    await page.getByRole('button', { name: 'All queries' }).click();
    await expect.poll(() => standIn.asked.at(-1)?.query).toEqual({});
  });

  test('the live view keeps 500 rows', async () => {
    const standIn = await standInFor();
    const { page } = await openStream(standIn, '#tail');
    const many = (n: number) => Array.from({ length: n }, (_, i) => tailQuery({ name: `n${i}.example.` }));
    standIn.send('/v1/tail', many(400));
    await expect.poll(() => page.locator('#tail-table tbody tr').count()).toBe(400);
    standIn.send('/v1/tail', many(1400));
    await expect.poll(() => page.locator('#tail-table tbody tr').first().innerText()).toContain('n1399.example.');
    expect(await page.locator('#tail-table tbody tr').count()).toBe(500);
    expect(await page.locator('#tail-count').innerText()).toContain('1,800 seen');
  });

  test('a row explains its name for its client', async () => {
    const standIn = await standInFor();
    const { page } = await openStream(standIn, '#tail');
    standIn.send('/v1/tail', [tailQuery({ name: 'web.shop.svc.cluster.local.', type: 'AAAA', client: '10.244.9.9' })]);
    await page.locator('#tail-table tbody .rcode').click();
    await expect
      .poll(() => standIn.asked.find(({ path }) => path === '/v1/explain')?.query)
      .toEqual({ name: 'web.shop.svc.cluster.local.', type: 'AAAA', client: '10.244.9.9' });
    await expect.poll(() => page.locator('#explain-form [name=client]').inputValue()).toBe('10.244.9.9');
  });

  test('the live view pauses, and then costs the server nothing', async () => {
    const standIn = await standInFor();
    const { page } = await openStream(standIn, '#tail');
    await page.getByRole('button', { name: 'Pause' }).click();
    await expect.poll(standIn.open).toEqual([]);
    expect(await page.locator('#tail-state').innerText()).toBe('Paused: the server sends nothing.');
    await page.getByRole('button', { name: 'Continue' }).click();
    await expect.poll(standIn.open).toEqual(['/v1/tail']);
    expect(await page.locator('#tail-table tbody tr').allInnerTexts()).toEqual(['Here it was paused.']);
  });

  test('rows wait while the pointer is over them', async () => {
    const standIn = await standInFor();
    const { page } = await openStream(standIn, '#tail');
    standIn.send('/v1/tail', [tailQuery({ name: 'first.example.' })]);
    await page.getByText('first.example.').hover();
    await expect.poll(() => page.locator('#tail-count').innerText()).toContain('Held');
    standIn.send('/v1/tail', [tailQuery({ name: 'second.example.' })]);
    await page.mouse.move(5, 5);
    await expect.poll(() => page.locator('#tail-table tbody tr').first().innerText()).toContain('second.example.');
  });

  test('a stream that breaks is begun again, and one that is refused says why', async () => {
    const standIn = await standInFor();
    const { page } = await openStream(standIn, '#tail');
    await standIn.away();
    await expect.poll(() => page.locator('#tail-state').innerText()).toContain('Trying again');
    await standIn.back();
    await expect.poll(standIn.open).toEqual(['/v1/tail']);
    standIn.says['/v1/tail'] = refusal(400, 'rcode=NOPE is not known');
    await page.locator('#tail-form [name=rcode]').fill('NOPE');
    await page.getByRole('button', { name: 'Filter' }).click();
    await expect.poll(() => page.locator('#tail-state').innerText()).toBe('rcode=NOPE is not known');
  });

  test('the Corefile is shown with its hash, and again after a reload', async () => {
    const standIn = await standInFor();
    const { page } = await open(`${standIn.origin}/#corefile`);
    await expect.poll(() => page.locator('.listing').textContent()).toBe(COREFILE.text);
    expect(await page.locator('#corefile-content').innerText()).toContain(COREFILE.hash);
    standIn.says['/v1/corefile'] = { hash: 'fedcba', text: '. {\n    whoami\n}\n' };
    standIn.says['/v1/status'] = { ...WELL, corefile: { ...WELL.corefile, hash: 'fedcba' } };
    await expect.poll(() => page.locator('.listing').textContent()).toBe('. {\n    whoami\n}\n');
  });

  test('nothing is asked for while the page is not seen', async () => {
    const standIn = await standInFor();
    const { page } = await openStream(standIn, '#tail');
    await page.clock.install();
    // From here, the page's timers are those of the test's clock.
    await setHidden(page, true);
    await setHidden(page, false);
    await expect.poll(standIn.open).toEqual(['/v1/tail']);
    await setHidden(page, true);
    await expect.poll(standIn.open).toEqual([]);
    const before = standIn.asked.length;
    await page.clock.runFor(120_000);
    expect(standIn.asked.length).toBe(before);
    await setHidden(page, false);
    await expect.poll(standIn.open).toEqual(['/v1/tail']);
    expect(standIn.asked.slice(before).map(({ path }) => path)).toContain('/v1/status');
  });

  test('a view that is left asks for nothing more', async () => {
    const standIn = await standInFor();
    const { page } = await openStream(standIn, '#top');
    await page.getByRole('link', { name: 'Corefile' }).click();
    await expect.poll(standIn.open).toEqual([]);
  });
});
