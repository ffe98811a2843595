import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { folderOf } from '../interop/pod/folder.ts';
import { countRequests } from './audit.ts';
import { keepBusy } from './busy.ts';
import { startCairn } from './cairn.ts';
import { createAuthority } from './certificates.ts';
import { openControlPlane, test, until, untilLogged } from './open.ts';
import { binding, CAIRN } from './rights.ts';
import { openShop, UNDISTURBED } from './shop.ts';
import { requestToken } from './tokens.ts';
import { wrongAnswers } from './wrong-answers.ts';

/** Without a pause that grew. */
const SOON_MS = 12_000;
/** Long enough for a start on a busy machine. The other tests beside these take as long. */
const TOKEN_SECONDS = 45;
/** The API server remembers for ten seconds that a token was good. */
const ENDED_MS = 1000 * (TOKEN_SECONDS + 11);

describe.concurrent('known data is served without interruption, and changes are picked up, when', () => {
  test.for([
    ['the token of the service account', {}],
    ['a token in a file that a kubeconfig names', { kubeconfig: true }],
  ] as const)('%s ends and is replaced', async ([, options], context) => {
    const { plane, cairn, learns, undisturbed } = await openShop(context, { ...options, tokenSeconds: TOKEN_SECONDS });
    await pause(ENDED_MS);
    // The watches that there are go on, but no other can be begun.
    await learns('first');
    cairn.network.cut();
    await untilLogged(cairn, /does not accept the credentials \(401/);
    expect(await undisturbed()).toBe(UNDISTURBED);
    cairn.volume.replace({ token: await requestToken(plane, cairn.account) });
    await learns('second');
  });

  test('a token is replaced before it ends', async (context) => {
    const { plane, cairn, learns } = await openShop(context, { tokenSeconds: TOKEN_SECONDS });
    cairn.volume.replace({ token: await requestToken(plane, cairn.account) });
    await pause(ENDED_MS);
    cairn.network.cut();
    // The old one is refused, the new one is read, and nobody need know.
    expect(await learns('afterwards')).toBeLessThan(SOON_MS);
    expect(await cairn.metric('coredns_kubernetes_rest_client_requests_total{code="401",.*}')).toBeGreaterThan(0);
    expect(cairn.log()).not.toMatch(/\b401\b/);
  });

  test('another authority signs the certificate of the API server', async (context) => {
    const { plane, cairn, learns, undisturbed } = await openShop(context);
    const other = await createAuthority(folderOf({}, plane.stops), 'other-ca');
    await plane.apiServer.stop();
    await plane.apiServer.start([], await plane.apiServer.certificateBy(other));
    await untilLogged(cairn, /services: https:.*certificate/);
    expect(await undisturbed()).toBe(UNDISTURBED);
    plane.api.trust(other);
    await plane.apiServer.ready();
    cairn.volume.replace({ ca: other.pem });
    await learns('afterwards');
  });

  test('the rights are taken away and given back', async (context) => {
    const { plane, cairn, learns, undisturbed } = await openShop(context);
    await plane.api.delete(binding);
    // Rights are looked at when a watch begins.
    await pause(1000);
    cairn.network.cut();
    await untilLogged(cairn, /services: the API server forbids it \(403/);
    expect(await undisturbed()).toBe(UNDISTURBED);
    await plane.api.create(binding);
    await learns('afterwards');
  });

  test('rights come after the start', async (context) => {
    const plane = await openControlPlane(context);
    await plane.api.delete(binding);
    const cairn = await startCairn(plane, { waits: false });
    await untilLogged(cairn, /services: the API server forbids it \(403/);
    expect(await cairn.isReady()).toBe(false);
    await plane.api.create(binding);
    await until(() => cairn.isReady(), true);
    await until(() => wrongAnswers(plane.api, cairn.address), []);
  });

  test('the API server has no time for it (429)', async (context) => {
    const { plane, cairn, learns, undisturbed } = await openShop(context);
    const end = await keepBusy(plane);
    // It looks at priorities once in a while.
    await pause(2000);
    cairn.network.cut();
    await untilLogged(cairn, /the API server answers 429/);
    expect(await undisturbed()).toBe(UNDISTURBED);
    await end();
    await learns('afterwards');
  });

  test('each connection is cut within 5 to 20 seconds', async (context) => {
    const { plane, cairn, learns, undisturbed } = await openShop(context);
    cairn.network.cutEachWithin(5000, 20_000);
    const delays: number[] = [];
    for (const end = performance.now() + 60_000; performance.now() < end; await pause(500)) {
      delays.push(await learns(`service-${delays.length}`));
      expect(await undisturbed()).toBe(UNDISTURBED);
    }
    process.stdout.write(
      `cut each 5 to 20 s, the slowest of ${delays.length} was learnt within ${Math.round(Math.max(...delays))} ms\n`,
    );
    expect(cairn.network.connections).toBeGreaterThan(10);
    expect(Math.max(...delays)).toBeLessThan(SOON_MS);
    // What a watch has missed is told when it goes on: nothing is listed again.
    for (const [resource, { lists }] of Object.entries(countRequests(plane.auditLog, CAIRN)))
      expect(lists, `lists of ${resource}`).toBe(1);
  });
});
